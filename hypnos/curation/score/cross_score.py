"""Lets each author score what the other one wrote, on five aspects (Fig. 2, step 3)."""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any, Literal

from hypnos.artefacts.ranges import Count, Share
from hypnos.curation.ask_authors import ParallelAsker, model_key
from hypnos.curation.pipeline.step import Plan, RecordRow, Reject, Step
from hypnos.curation.score.probes import check_probes, probe_requests
from hypnos.curation.score.score_sheet import Scores, Sheet, own_scores
from hypnos.curation.score.statistics import ScoreStatistics
from hypnos.errors import UserError
from hypnos.llm.chat import ChatModel
from hypnos.llm.client import Client
from hypnos.llm.requests import Request
from hypnos.specialty.folder import Specialty

log = logging.getLogger(__name__)

APART = 100
"""Sample numbers between two repeats: more than anyone retries."""

UNREADABLE = "score_unreadable"

VERSION = 2
"""Raised when the same replies become other scores; the journal has them, and nothing is asked again."""


@dataclass(slots=True)
class CrossScore(Step):
    """The step `cross_score`: adds `scores`, raw as the scorer gave them, and rejects nothing for a low one.

    Attributes:
        specialty: rubric, prompts and probes.
        authors: who writes, and who scores where there are no `scorers`; a record's author is known by a model's name.
        scorers: who scores instead: the same models with other parameters, under their names, or models that write
            nothing.
        client: asks them.
        pairing: `other` (the paper: never one's own), `self` (the ablation), or `all`.
        scorers_per_record: with three or more authors, how many of the others score a record.
        without_author: records of no author (textbooks, cases) are scored by `one`, drawn, or by `all`.
        repeats: scores of the same record by the same scorer; their spread is the scorer's noise.
        each_aspect: one request for each aspect instead of one for all: dearer, and less of a halo.
        shared: share of the records that every model scores, its author included, to report self-preference.
        probes: try each scorer out on answers of known quality before anything is spent.
        attempts: requests for one readable reply.
        show_reasoning: whether a scorer sees what was thought before an answer; only the answer is scored.
    """

    specialty: Specialty
    authors: Mapping[str, ChatModel]
    client: Client
    pairing: Literal["other", "self", "all"] = "other"
    scorers_per_record: Count = 1
    without_author: Literal["one", "all"] = "one"
    repeats: Count = 1
    each_aspect: bool = False
    shared: Share = 0.0
    probes: bool = True
    attempts: Count = 3
    show_reasoning: bool = False
    scorers: Mapping[str, ChatModel] = field(default_factory=dict)
    name: str = field(default="cross_score", init=False)
    _asker: ParallelAsker = field(init=False)
    _models: dict[str, ChatModel] = field(init=False)
    _statistics: ScoreStatistics = field(init=False)
    _probed: dict[str, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for name, known in (("pairing", ("other", "self", "all")), ("without_author", ("one", "all"))):
            if getattr(self, name) not in known:
                raise UserError(f"step.cross_score.{name} {getattr(self, name)!r}: know {', '.join(known)}")
        for name in ("scorers_per_record", "repeats", "attempts"):
            if getattr(self, name) < 1:
                raise UserError(f"step.cross_score.{name} {getattr(self, name)}: must be above 0")
        if not 0 <= self.shared <= 1:
            raise UserError(f"step.cross_score.shared {self.shared}: must be between 0 and 1")
        for role, models in (("authors", self.authors), ("scorers", self.scorers)):
            if len({model.name for model in models.values()}) < len(models):
                raise UserError(f"{role}: two have the same name, so that nobody could tell whose a record is")
        self._models = {model.name: model for model in (self.scorers or self.authors).values()}
        if self.pairing == "other" and any(self._models.keys() <= {author.name} for author in self.authors.values()):
            raise UserError(
                "step.cross_score: pairing=other needs two authors, since none scores its own;"
                " add llm@authors.second=..., a scorer of another name (+llm@scorers.first=...), or take pairing=self"
            )
        if self.pairing == "self" and (missing := {m.name for m in self.authors.values()} - self._models.keys()):
            raise UserError(f"step.cross_score: pairing=self, and no scorer is called {', '.join(sorted(missing))}")
        self._asker = ParallelAsker(self.client, self._models, attempts=self.attempts, what=self.name)
        self._statistics = ScoreStatistics([aspect.key for aspect in self.specialty.aspects])

    def key(self) -> dict[str, Any]:
        """Everything that decides which scores come out."""
        knobs = ("pairing", "scorers_per_record", "without_author", "repeats", "each_aspect", "shared", "attempts")
        return {
            "version": VERSION,
            **{name: getattr(self, name) for name in (*knobs, "probes")},
            **({"show_reasoning": True} if self.show_reasoning else {}),
            "scorers": [model_key(model) for model in self._models.values()],
            "specialty": self.specialty.name,
            "aspects": [asdict(aspect) for aspect in self.specialty.aspects],
            "prompts": [
                self.specialty.prompt("score_system"),
                *(self.specialty.prompt(s.prompt) for s in self._sheets()),
            ],
            "tried_on": [dict(probe) for probe in self.specialty.probes] if self.probes else [],
        }

    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yields rows with their scores; a row that no scorer gave readable ones is set aside.

        Args:
            rows: read once for each scorer and once more, so they must be an iterable that begins anew.
            reject: takes what is set aside.

        Raises:
            UserError: a scorer failed its probes, a record must not leave the machine, no key, no budget.
        """
        if self.probes:
            self._probed = check_probes(self._asker, self.specialty)
        requests = {name: self._requests(rows, name) for name in self._models}
        times = self.repeats * len(self._sheets())
        totals = {
            name: count * times
            for name, count in Counter(scorer for row in rows for scorer in self.scorers_of(row)).items()
        }
        with self._asker.spooled(requests, parse=self._reader(), totals=totals) as answers:
            for row in rows:
                entries = list(row.get("scores") or ())
                unread = []
                for name in self.scorers_of(row):
                    for _ in range(self.repeats):
                        entry = self._entry(row, name, [next(answers[name]) for _ in self._sheets()])
                        if isinstance(entry, str):
                            unread.append(f"{name}: {entry}")
                        else:
                            entries.append(entry)
                if not entries:
                    self._statistics.unreadable += 1
                    reject({**row, "detail": "; ".join(unread)}, UNREADABLE)
                    continue
                self._statistics.add(row.get("author") or "", entries)
                yield {**row, "scores": entries}
        self._statistics.warn()

    def scorers_of(self, row: Mapping[str, Any]) -> list[str]:
        """Names of the models that score a record, without those that already did; depends on the record alone."""
        names, author = list(self._models), row.get("author")
        drawn = sorted(names, key=lambda name: chance_of(row, name))
        if self.pairing == "all" or chance_of(row, "shared") < self.shared:
            chosen = names
        elif author not in self._models:
            # A record without author has one by default; one of somebody who does not score, as many as any other.
            chosen = names if self.without_author == "all" else drawn[: self.scorers_per_record if author else 1]
        elif self.pairing == "self":
            chosen = [str(author)]
        else:
            chosen = [name for name in drawn if name != author][: self.scorers_per_record]
        done = {entry.get("scorer") for entry in row.get("scores") or ()}
        return [name for name in names if name in chosen and name not in done]

    def notes(self) -> dict[str, Any]:
        """Distributions, noise, self-preference, probes and cost."""
        spend = {name: spend.plain() for name, spend in self._asker.spend.items()}
        return {"spend": spend, "probes": self._probed, **self._statistics.plain()}

    def planned(self, rows: Iterable[RecordRow]) -> Iterator[Plan]:
        """For an estimate, by scorer: its requests and the tokens of a reply."""
        tried = probe_requests(self.specialty) if self.probes else []
        for name, model in self._models.items():
            requests = chain(tried, self._requests(rows, name))
            yield Plan(step=self.name, model=model, requests=requests, tokens_out=220)

    def _requests(self, rows: Iterable[RecordRow], scorer: str) -> Iterator[Request]:
        for row in rows:
            if scorer in self.scorers_of(row):
                for repeat in range(self.repeats):
                    for sheet in self._sheets():
                        yield Request(
                            id=str(row.get("id")),
                            messages=sheet.messages(row),
                            schema=sheet.schema(),
                            egress=str(row.get("egress") or "any"),
                            first_sample=repeat * APART,
                            code=sheet.code(row),
                        )

    def _sheets(self) -> list[Sheet]:
        if self.each_aspect:
            single = ((aspect,) for aspect in self.specialty.aspects)
            return [Sheet(self.specialty, aspects, "score_aspect", self.show_reasoning) for aspects in single]
        return [Sheet(self.specialty, self.specialty.aspects, "score", self.show_reasoning)]

    def _reader(self) -> Callable[[str], list[Scores] | None]:
        """One reader for all sheets, since a model is asked in one stream; a reply may hold what several ask for."""
        readers = [sheet.reader() for sheet in self._sheets()]

        def read(text: str) -> list[Scores] | None:
            return [scores for reader in readers for scores in reader(text) or ()] or None

        return read

    def _entry(self, row: Mapping[str, Any], scorer: str, answers: list[dict[str, Any]]) -> dict[str, Any] | str:
        """One entry of `scores`, with the keys of its replies, or why there is none.

        With one request an aspect, those that could be read.
        """
        entry: dict[str, Any] = {"scorer": scorer, "model": ""}
        faults: list[str] = []
        comments: list[str] = []
        replies: list[str] = []
        reason = ""
        for sheet, answer in zip(self._sheets(), answers, strict=True):
            asked_for = [scores for scores in answer["value"] or () if sheet.keys <= scores.keys()]
            own = own_scores(asked_for, row, show_reasoning=self.show_reasoning)
            if own is None:
                reason = answer["reason"] or "without the record's code"
                continue
            entry["model"] = answer["model"]
            entry |= {key: own[key] for key in own if key not in ("code", "faults", "comment")}
            faults += own["faults"]
            comments += [own["comment"]] if own["comment"] else []
            replies.append(answer["key"])
        if not entry["model"]:
            return reason
        return {**entry, "faults": faults, "comment": " ".join(comments), "replies": replies}


def chance_of(row: Mapping[str, Any], name: str) -> float:
    """A number from 0 to 1 that depends on the record and a name alone."""
    text = f"{name}\0{row.get('instruction')}\0{row.get('input')}\0{row.get('output')}"
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big") / 2**64
