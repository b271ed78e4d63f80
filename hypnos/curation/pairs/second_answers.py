"""Lets another author answer the question of a record, so that two answers can be compared."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypnos.artefacts.keys import content_key
from hypnos.artefacts.ranges import Count, ShareAboveZero
from hypnos.curation.ask_authors import ParallelAsker, model_key
from hypnos.curation.hidden_signs import reveal
from hypnos.curation.pipeline.step import Plan, RecordRow, Reject, Step
from hypnos.curation.score.cross_score import chance_of
from hypnos.curation.score.score_sheet import texts_of
from hypnos.errors import UserError
from hypnos.llm.chat import ChatModel
from hypnos.llm.client import Client
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.requests import Request
from hypnos.specialty.folder import Specialty
from hypnos.specialty.grading import escape, fence_of

ANSWER: Mapping[str, Any] = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}

LEFT_BEHIND = ("scores", "reasoning", "prompt", "parents", "passage", "detail")
"""Fields of a record that say nothing of another author's answer to its question."""


@dataclass(slots=True)
class SecondAnswers(Step):
    """The step `second_answers`: yields another author's answer to each record's question, and not the record itself.

    Records of people, and of models that are no authors here, have none. `answers` names the record whose question
    is answered, so that both can be joined again; the order is that of the records.

    Attributes:
        specialty: prompts.
        authors: who writes; with three or more, the one that answers is drawn among those that did not write.
        client: asks them.
        share: of the records, those whose question is asked again.
        attempts: requests for one readable reply.
    """

    specialty: Specialty
    authors: Mapping[str, ChatModel]
    client: Client
    share: ShareAboveZero = 1.0
    attempts: Count = 3
    name: str = field(default="second_answers", init=False)
    _asker: ParallelAsker = field(init=False)
    _models: dict[str, ChatModel] = field(init=False)

    def __post_init__(self) -> None:
        self._models = {model.name: model for model in self.authors.values()}
        if len(self._models) < 2:
            raise UserError("preferences.second_answers: needs two authors: add llm@authors.second=...")
        self._asker = ParallelAsker(self.client, self._models, attempts=self.attempts, what=self.name)

    def key(self) -> dict[str, Any]:
        """Everything that decides which answers come out."""
        return {
            "share": float(self.share),
            "attempts": self.attempts,
            "authors": [model_key(model) for model in self._models.values()],
            "prompts": [self.specialty.prompt(name) for name in ("answer_system", "answer")],
            "specialty": self.specialty.name,
        }

    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yields the answers as records of their own.

        Args:
            rows: read once for each author and once more, so they must be an iterable that begins anew.
            reject: takes the question that was not answered.

        Raises:
            UserError: a row must not leave the machine, no key, no budget.
        """
        requests = {name: self._requests(rows, name) for name in self._models}
        totals = Counter(name for row in rows if (name := self.author_of(row)))
        with self._asker.spooled(requests, parse=_read, totals=totals) as answers:
            for row in rows:
                name = self.author_of(row)
                if name is None:
                    continue
                answer = next(answers[name])
                second = self._second(row, name, answer["value"] or "", answer["model"])
                if answer["value"] is None:
                    reason = f"reply_{answer['reason'].partition(':')[0] or 'unreadable'}"
                    reject({**second, "reply": answer.get("text", ""), "detail": answer["reason"]}, reason)
                else:
                    yield second

    def author_of(self, row: Mapping[str, Any]) -> str | None:
        """Who answers a record's question again; None where nobody does."""
        author = row.get("author")
        if author not in self._models or chance_of(row, "second answer") >= self.share:
            return None
        return min((name for name in self._models if name != author), key=lambda name: chance_of(row, name))

    def notes(self) -> dict[str, Any]:
        """Requests, replies, tokens and dollars, by author."""
        return {"spend": {name: spend.plain() for name, spend in self._asker.spend.items()}}

    def planned(self, rows: Iterable[RecordRow]) -> Iterator[Plan]:
        """For an estimate, by author: requests and the tokens of a reply."""
        for name, model in self._models.items():
            yield Plan(step=self.name, model=model, requests=self._requests(rows, name), tokens_out=300)

    def stand_ins(self, rows: Iterable[RecordRow]) -> "Answered":
        """The records themselves, by the author that will answer."""
        return Answered(self, rows)

    def _second(self, row: RecordRow, author: str, output: str, model: str) -> RecordRow:
        kept = {name: value for name, value in row.items() if name not in LEFT_BEHIND}
        name = answered_by(row)
        identity = f"second-{content_key({'answers': name, 'author': author, 'output': output})[:16]}"
        return {**kept, "id": identity, "output": output, "author": author, "model": model, "answers": name}

    def _requests(self, rows: Iterable[RecordRow], author: str) -> Iterator[Request]:
        for row in rows:
            if self.author_of(row) == author:
                yield self._request(row)

    def _request(self, row: RecordRow) -> Request:
        texts = texts_of({**row, "output": ""})
        fence, _ = fence_of(texts)
        values = {name: escape(texts[name]) for name in ("instruction", "input")}
        user = self.specialty.fill("answer", fence=fence, audience=str(row.get("audience") or "不限"), **values)
        return Request(
            id=str(row.get("id")),
            messages=(
                {"role": "system", "content": self.specialty.fill("answer_system")},
                {"role": "user", "content": user},
            ),
            schema=ANSWER,
            egress=str(row.get("egress") or "any"),
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """Records in the place of second answers, read afresh by each loop."""

    step: SecondAnswers
    rows: Iterable[RecordRow]

    def __iter__(self) -> Iterator[RecordRow]:
        for row in self.rows:
            if author := self.step.author_of(row):
                yield {name: value for name, value in row.items() if name != "scores"} | {"author": author}


def answered_by(row: Mapping[str, Any]) -> str:
    """A name for a record, made of its id and texts, by which its second answer is found again."""
    texts = [row.get(name) for name in ("id", "system", "history", "instruction", "input", "output", "author")]
    return content_key({"record": texts})[:16]


def _read(text: str) -> str | None:
    """The answer in a reply; None where there is none, so that it is asked for again."""
    answer = (read_object(text) or {}).get("answer")
    return (reveal(answer)[0].strip() or None) if isinstance(answer, str) else None
