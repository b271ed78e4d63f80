"""Lets models write questions and answers from passages, and explanations for choice questions."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

from hypnos.artefacts.keys import content_key
from hypnos.artefacts.ranges import Count, Range
from hypnos.curation.ask_authors import ParallelAsker, model_key
from hypnos.curation.generate.drafts import INCOMPLETE, SCHEMA, read_drafts
from hypnos.curation.generate.stand_ins import StandIns
from hypnos.curation.pipeline.step import Plan, RecordRow, Reject, Step
from hypnos.errors import UserError
from hypnos.llm.chat import ChatModel
from hypnos.llm.client import Client
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.requests import Request
from hypnos.specialty.folder import Specialty
from hypnos.specialty.grading import escape, fence_of

_ANSWER = re.compile(r"答案：\s*([A-Z](?:[、,，\s]*[A-Z])*)\s*$")
_SENTENCE_END = re.compile(r"(?<=[。！？；\n])")

EXPLANATION: Mapping[str, Any] = {
    "type": "object",
    "properties": {"explanation": {"type": "string"}},
    "required": ["explanation"],
    "additionalProperties": False,
}


@dataclass(slots=True)
class Documents(Step):
    """The step `documents`.

    A passage becomes questions and answers that keep its id in `passage`, its `page` where it has one, its group and
    its `egress`. A choice question with nothing but its letters gets an explanation. What is question and answer
    already passes.

    Attributes:
        specialty: prompts.
        authors: who writes, in turn.
        client: asks them.
        per_passage: questions asked of each part of a passage.
        longest: characters of a part; a longer passage is cut at ends of sentences.
        explain: whether choice questions without explanation get one.
        attempts: requests for one readable reply.
    """

    specialty: Specialty
    authors: Mapping[str, ChatModel]
    client: Client
    per_passage: Count = 3
    longest: Annotated[int, Range(least=100)] = 1500
    explain: bool = True
    attempts: Count = 3
    name: str = field(default="documents", init=False)
    _asker: ParallelAsker = field(init=False)
    _models: dict[str, ChatModel] = field(init=False)

    def __post_init__(self) -> None:
        for name, least in (("per_passage", 1), ("longest", 100), ("attempts", 1)):
            if getattr(self, name) < least:
                raise UserError(f"step.documents.{name} {getattr(self, name)}: must be at least {least}")
        self._models = {model.name: model for model in self.authors.values()}
        self._asker = ParallelAsker(self.client, self._models, attempts=self.attempts, what=self.name)

    def key(self) -> dict[str, Any]:
        """Everything that decides which records come out."""
        prompts = ("documents_system", "documents", *(("explain_system", "explain") if self.explain else ()))
        return {
            **{name: getattr(self, name) for name in ("per_passage", "longest", "explain", "attempts")},
            "authors": [model_key(model) for model in self.authors.values()],
            "prompts": [self.specialty.prompt(name) for name in prompts],
            "specialty": self.specialty.name,
        }

    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yields records in the order of the rows.

        Args:
            rows: read once for each author and once more, so they must be an iterable that begins anew.
            reject: takes passages of which nothing could be made.

        Raises:
            UserError: a row must not leave the machine, no key, no budget.
        """
        requests = {name: self._requests(rows, name) for name in self._models}
        totals = Counter(author for _, author in self._parts(rows) if author is not None)
        with self._asker.spooled(requests, parse=_read, totals=totals) as answers:
            for part, author in self._parts(rows):
                if author is None:
                    yield part
                    continue
                answer = next(answers[author])
                if "text" in part and _only_explains(answer["value"]):
                    answer |= {"value": None, "reason": "unreadable", "text": answer["value"][0]["output"]}
                if answer["value"] is None:
                    reject(
                        {**part, "author": author, "reply": answer.get("text", ""), "detail": answer["reason"]},
                        f"reply_{answer['reason'].partition(':')[0]}",
                    )
                elif "text" in part:
                    yield from self._questions(part, author, answer, reject)
                else:
                    yield self._explained(part, author, answer)

    def notes(self) -> dict[str, Any]:
        """Requests, replies, tokens and dollars, by author."""
        return {"spend": {name: spend.plain() for name, spend in self._asker.spend.items()}}

    def planned(self, rows: Iterable[RecordRow]) -> Iterator[Plan]:
        """For an estimate, by author: requests and the tokens of a reply."""
        for name, model in self._models.items():
            yield Plan(
                step=self.name, model=model, requests=self._requests(rows, name), tokens_out=250 * self.per_passage
            )

    def stand_ins(self, rows: Iterable[RecordRow]) -> StandIns:
        """Seeds for the questions that the rows are asked for, each row taken for a passage of one part."""
        return StandIns(self.specialty.seeds, self.authors.values(), self.per_passage * sum(1 for _ in rows))

    def _parts(self, rows: Iterable[RecordRow]) -> Iterator[tuple[RecordRow, str | None]]:
        """Rows, passages in parts, each with the author who writes about it; none for what is whole already."""
        names = list(self._models)
        number = 0
        for row in rows:
            if "text" in row:
                parts = list(cut(row["text"], self.longest))
                pieces = (
                    [{**row, "text": part, "part": at} for at, part in enumerate(parts)] if len(parts) > 1 else [row]
                )
            elif self.explain and _bare_answer(row):
                pieces = [row]
            else:
                yield row, None
                continue
            for piece in pieces:
                yield piece, names[number % len(names)]
                number += 1

    def _requests(self, rows: Iterable[RecordRow], author: str) -> Iterator[Request]:
        for part, name in self._parts(rows):
            if name == author:
                yield self._request(part)

    def _request(self, part: RecordRow) -> Request:
        prompt = "documents" if "text" in part else "explain"
        passage = part["text"] if "text" in part else f"{part['instruction']}\n{part['input']}"
        fence, _ = fence_of({"passage": passage})
        values = {"fence": fence, "passage": escape(passage)}
        values |= {"count": str(self.per_passage)} if "text" in part else {"answer": _bare_answer(part)}
        return Request(
            id=str(part.get("id")),
            messages=(
                {"role": "system", "content": self.specialty.fill(f"{prompt}_system")},
                {"role": "user", "content": self.specialty.fill(prompt, **values)},
            ),
            schema=SCHEMA if "text" in part else EXPLANATION,
            egress=str(part.get("egress") or "any"),
        )

    def _questions(
        self, part: RecordRow, author: str, answer: Mapping[str, Any], reject: Reject
    ) -> Iterator[RecordRow]:
        prompt = content_key({"messages": [dict(message) for message in self._request(part).messages]})[:16]
        for at, draft in enumerate(answer["value"]):
            texts = {"instruction": draft["instruction"], "input": draft["input"], "output": draft["output"]}
            origin = [part["id"], part.get("part", 0), at, author, *texts.values()]
            row = {
                "id": f"doc-{content_key({'made': origin})[:16]}",
                **{**texts, "history": [], "source": part["source"], "author": author, "model": answer["model"]},
                **{
                    "topic": part["topic"],
                    "licence": part["licence"],
                    "egress": part["egress"],
                    "group": part["group"],
                },
                **{"passage": part["id"], "prompt": prompt},
                **({"page": part["page"]} if "page" in part else {}),
            }
            if not draft["whole"]:
                reject(row, INCOMPLETE)
            elif at >= self.per_passage:
                reject(row, "more_than_asked")
            else:
                yield row

    def _explained(self, row: RecordRow, author: str, answer: Mapping[str, Any]) -> RecordRow:
        output = f"答案：{_bare_answer(row)}\n解析：{answer['value'][0]['output']}"
        return {**row, "output": output, "author": author, "model": answer["model"]}


def cut(text: str, longest: int) -> Iterator[str]:
    """Parts of a text, cut at ends of sentences; a sentence that is too long is cut where it must be."""
    part = ""
    for sentence in _SENTENCE_END.split(text):
        if part.strip() and len(part) + len(sentence) > longest:
            yield part.strip()
            part = ""
        while len(sentence) > longest:
            yield sentence[:longest]
            sentence = sentence[longest:]
        part += sentence
    if part.strip():
        yield part.strip()


def _bare_answer(row: Mapping[str, Any]) -> str:
    """The letters of a choice question that has no explanation; empty for anything else."""
    match = _ANSWER.fullmatch(str(row.get("output") or "").strip())
    return match[1] if match and row.get("input") else ""


def _read(text: str) -> list[dict[str, Any]] | None:
    """Drafts, or an explanation in the place of a draft's output: plain values, because they are set aside on disk."""
    drafts = read_drafts(text)
    if drafts:  # first: what explains them may stand beside them
        return [asdict(draft) for draft in drafts]
    reply = read_object(text)
    if reply is not None and isinstance(reply.get("explanation"), str) and reply["explanation"].strip():
        return [{"instruction": "", "input": "", "output": reply["explanation"].strip()}]
    return None


def _only_explains(value: list[dict[str, Any]] | None) -> bool:
    """Whether a reply was read as an explanation, which is no answer to a passage."""
    return value is not None and any("whole" not in entry for entry in value)
