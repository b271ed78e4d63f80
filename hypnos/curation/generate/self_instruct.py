"""Lets models write new records for a specialty, in rounds (Fig. 2, step 1; Self-Instruct, Wang et al., 2023)."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hypnos.artefacts.keys import content_key
from hypnos.artefacts.ranges import Count, Natural, Seed, ShareAboveZero
from hypnos.curation.ask_authors import ParallelAsker, model_key
from hypnos.curation.generate.diversity import measure_diversity
from hypnos.curation.generate.drafts import INCOMPLETE, Draft, read_drafts
from hypnos.curation.generate.novelty import Novelty
from hypnos.curation.generate.pool import Pool
from hypnos.curation.generate.prompts import Prompt, PromptMaker, prompt_name
from hypnos.curation.generate.quotas import Cell, make_quotas
from hypnos.curation.generate.stand_ins import StandIns
from hypnos.curation.pipeline.step import Plan, RecordRow, Reject, Step
from hypnos.errors import UserError
from hypnos.llm.chat import ChatModel
from hypnos.llm.client import Client
from hypnos.llm.requests import Answer
from hypnos.specialty.folder import Specialty

log = logging.getLogger(__name__)

BOOTSTRAP = 1
"""Raised when examples are chosen in another way."""


@dataclass(slots=True)
class SelfInstruct(Step):
    """The step `generate`.

    A prompt depends on the pool as it stood at its round's start, and replies enter in the order of their prompts:
    a run that is resumed from the journal equals one that was never broken. The authors work in turn on the same
    quotas, so that what differs between their records is not the kind of question.

    Attributes:
        specialty: quotas, seeds and prompts.
        authors: who writes.
        client: asks them.
        records: how many are wanted, of all authors together.
        per_request: how many a prompt asks for; more is cheaper and less varied.
        round_size: prompts of one round. Larger rounds are quicker; smaller ones show the authors more of what
            is already there.
        max_rounds: after which a quota counts as one that cannot be met.
        examples: shown in a prompt. Ours: 2 (Self-Instruct shows 8, which here would cost four times).
        bootstrap: whether half of the examples are records that were accepted before, of the same topic, and the fixed
            part of the prompt stands first. Without it the prompts are those of earlier versions: seeds alone.
        existing: questions of the pool shown in a prompt as not to be repeated.
        novelty: ROUGE-L to any question of the pool at which a new one is refused. Ours: 0.7, as Self-Instruct.
        unmet: `stop`, or `keep` to go on with what there is.
        licence: kept in the records; what a provider allows has to be looked up.
        seed: of quotas and examples.
        attempts: requests for one readable reply.
    """

    specialty: Specialty
    authors: Mapping[str, ChatModel]
    client: Client
    records: Count
    per_request: Count = 4
    round_size: Count = 200
    max_rounds: Count = 50
    examples: Count = 2
    bootstrap: bool = True
    existing: Natural = 8
    novelty: ShareAboveZero = 0.7
    unmet: Literal["stop", "keep"] = "stop"
    licence: str = "to be checked: the terms of the author's provider"
    seed: Seed = 0
    attempts: Count = 3
    name: str = field(default="generate", init=False)
    _asker: ParallelAsker = field(init=False)
    _diversity: dict[str, Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for name in ("records", "per_request", "round_size", "max_rounds", "examples", "attempts"):
            if getattr(self, name) < 1:
                raise UserError(f"step.generate.{name} {getattr(self, name)}: must be above 0")
        if not 0 < self.novelty <= 1:
            raise UserError(f"step.generate.novelty {self.novelty}: must be above 0 and at most 1")
        if self.unmet not in ("stop", "keep"):
            raise UserError(f"step.generate.unmet {self.unmet!r}: know stop, keep")
        if self.records < len(self.authors):
            raise UserError(f"step.generate.records {self.records}: fewer than {len(self.authors)} authors")
        self._check_within_reach()
        self._asker = ParallelAsker(self.client, self.authors, attempts=self.attempts, what=self.name)

    def _check_within_reach(self) -> None:
        """Say before the first request that so many records cannot come of so many rounds."""
        most = self.max_rounds * self.round_size * self.per_request
        if self.records > most:
            reach = (
                f"step.generate.records {self.records:,}: max_rounds {self.max_rounds} of round_size {self.round_size}"
                f" prompts for per_request {self.per_request} records bring {most:,} at most"
            )
            if self.unmet == "stop":
                rounds = -(-self.records // (self.round_size * self.per_request))
                raise UserError(f"{reach}: needs max_rounds of {rounds}, better {2 * rounds}, or a larger round_size")
            log.warning("%s", reach)

    def key(self) -> dict[str, Any]:
        """Everything that decides which records come out."""
        knobs = ("records", "per_request", "round_size", "max_rounds", "examples", "existing", "novelty", "unmet")
        return {
            **{name: getattr(self, name) for name in (*knobs, "licence", "seed", "attempts")},
            "authors": [model_key(model) for model in self.authors.values()],
            "prompts": [self.specialty.prompt(name) for name in ("generate_system", self._prompt())],
            "quotas": {
                f"{author} {cell.name}": count
                for author, cells in self.quotas().items()
                for cell, count in cells.items()
            },
            "axes": repr((self.specialty.name, _axes(self.specialty))),
            "seeds": repr(self.specialty.seeds),
            **({"bootstrap": BOOTSTRAP} if self.bootstrap else {}),
        }

    def _prompt(self) -> str:
        return prompt_name(self.specialty, bootstrap=self.bootstrap)

    def quotas(self) -> dict[str, dict[Cell, int]]:
        """By author: how many records of each kind. Authors share evenly, the first taking what is left over."""
        each, more = divmod(self.records, len(self.authors))
        return {
            author: make_quotas(self.specialty, records=each + (at < more), block=self.per_request, seed=self.seed)
            for at, author in enumerate(self.authors)
        }

    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yields records round by round.

        Raises:
            UserError: a quota is not met after `max_rounds`.
        """
        pool = Pool(self.specialty.seeds, Novelty(threshold=self.novelty))
        need = self.quotas()
        times_asked: Counter[str] = Counter()
        for number in range(self.max_rounds):
            prompts = self.prompts(pool, need, times_asked, number)
            if not prompts:
                break
            by_author = {author: [p for p in prompts if p.author == author] for author in self.authors}
            requests = {author: [prompt.request() for prompt in own] for author, own in by_author.items() if own}
            collected = self._asker.collect(requests, parse=read_drafts)
            answers = {author: iter(replies) for author, replies in collected.items()}
            for prompt in prompts:
                answer = next(answers[prompt.author])
                if answer.value is None:
                    reject(self._unanswered(prompt, answer), _short(answer.reason))
                    continue
                yield from self._enter(prompt, answer, pool, need[prompt.author], reject)
            left = sum(sum(cells.values()) for cells in need.values())
            log.info("generate: round %d: %d of %d records", number + 1, self.records - left, self.records)
        else:
            self._check_met(need)
        self._diversity = measure_diversity(pool.written(len(self.specialty.seeds)), seed=self.seed)

    def prompts(
        self, pool: Pool, need: Mapping[str, Mapping[Cell, int]], times_asked: Counter[str], number: int
    ) -> list[Prompt]:
        """The prompts of a round: authors in turn, kinds in the order of their quotas."""
        wanted = {
            author: [(cell, count) for cell, n in cells.items() for count in _blocks(n, self.per_request)]
            for author, cells in need.items()
        }
        maker = PromptMaker(
            self.specialty,
            examples=self.examples,
            existing=self.existing,
            bootstrap=self.bootstrap,
            times_asked=times_asked,
        )
        prompts: list[Prompt] = []
        for at in range(max(map(len, wanted.values()), default=0)):
            for author, blocks in wanted.items():
                if at < len(blocks) and len(prompts) < self.round_size:
                    prompts.append(maker.make(pool, author, *blocks[at], draw=f"{self.seed}/{number}/{at}/{author}"))
        return prompts

    def _enter(
        self,
        prompt: Prompt,
        answer: Answer[list[Draft]],
        pool: Pool,
        need: dict[Cell, int],
        reject: Reject,
    ) -> Iterator[RecordRow]:
        for at, draft in enumerate(answer.value or []):
            row = self._row(prompt, answer, draft, at)
            if not draft.whole:
                reject(row, INCOMPLETE)
            elif at >= prompt.count:
                reject(row, "more_than_asked")
            elif like := pool.add(row["id"], draft.question, prompt.cell):
                reject({**row, "like": like.id, "rouge_l": round(like.rouge_l, 4)}, "not_novel")
            else:
                need[prompt.cell] -= 1
                pool.remember(row["id"], draft, prompt.cell)
                yield row

    def _row(self, prompt: Prompt, answer: Answer[list[Draft]], draft: Draft, at: int) -> RecordRow:
        name = self.authors[prompt.author].name
        origin = [name, prompt.key, prompt.repeat, at, draft.instruction, draft.input, draft.output]
        identity = f"gen-{content_key({'made': origin})[:16]}"
        return {
            "id": identity,
            **{"instruction": draft.instruction, "input": draft.input, "output": draft.output, "history": []},
            **{"source": "self-instruct", "author": name, "model": answer.model, "topic": prompt.cell.topic.key},
            "task": prompt.cell.task.name,
            "difficulty": prompt.cell.difficulty.name,
            "audience": prompt.cell.audience.name,
            **{"licence": self.licence, "egress": "any", "group": identity},
            **{"prompt": prompt.key[:16], "parents": list(prompt.parents)},
        }

    def _unanswered(self, prompt: Prompt, answer: Answer[Any]) -> RecordRow:
        """The row that is set aside for a reply that holds no record."""
        return {
            **{"id": f"reply-{prompt.key[:16]}-{prompt.repeat}", "author": self.authors[prompt.author].name},
            **{"topic": prompt.cell.topic.key, "task": prompt.cell.task.name, "prompt": prompt.key[:16]},
            **{"model": answer.model, "reply": answer.text, "detail": answer.reason},
        }

    def _check_met(self, need: Mapping[str, Mapping[Cell, int]]) -> None:
        unmet = [(author, cell, n) for author, cells in need.items() for cell, n in cells.items() if n > 0]
        if not unmet:
            return
        author, cell, n = unmet[0]
        what = f"{sum(n for _, _, n in unmet)} of {self.records} records are missing after {self.max_rounds} rounds"
        first = f"first: {n} of {cell.name} by {author}"
        if self.unmet == "stop":
            raise UserError(
                f"step.generate: the quota cannot be met: {what} ({first}); raise max_rounds or novelty, lower records,"
                " or go on with what there is: step.generate.unmet=keep (no reply is paid twice)"
            )
        log.warning("generate: %s (%s)", what, first)

    def notes(self) -> dict[str, Any]:
        """Requests, replies, tokens and dollars, by author; how unlike each other the questions are."""
        spend = {self.authors[name].name: spend.plain() for name, spend in self._asker.spend.items()}
        return {"spend": spend, "diversity": self._diversity}

    def planned(self, rows: Iterable[RecordRow]) -> Iterator[Plan]:
        """For an estimate: prompts of a first round stand for all of them."""
        need = self.quotas()
        prompts = self.prompts(Pool(self.specialty.seeds, Novelty(threshold=self.novelty)), need, Counter(), 0)
        for author, cells in need.items():
            yield Plan(
                step=self.name,
                model=self.authors[author],
                requests=[prompt.request() for prompt in prompts if prompt.author == author],
                total=sum(-(-n // self.per_request) for n in cells.values()),
                tokens_out=320 * self.per_request,
            )

    def stand_ins(self, rows: Iterable[RecordRow]) -> StandIns:
        """Seeds for the records that are wanted."""
        return StandIns(self.specialty.seeds, self.authors.values(), self.records)


def _short(reason: str) -> str:
    return f"reply_{reason.partition(':')[0] or 'unreadable'}"


def _blocks(count: int, size: int) -> Iterator[int]:
    for start in range(0, count, size):
        yield min(size, count - start)


def _axes(specialty: Specialty) -> tuple:
    return specialty.topics, specialty.tasks, specialty.difficulties, specialty.audiences
