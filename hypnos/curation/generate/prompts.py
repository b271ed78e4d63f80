"""Makes the prompts that authors get: the kind of record, examples, and the questions that are there already."""

import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from hypnos.artefacts.keys import content_key
from hypnos.curation.generate.drafts import SCHEMA
from hypnos.curation.generate.pool import Pool
from hypnos.curation.generate.quotas import Cell
from hypnos.llm.requests import Request
from hypnos.specialty.folder import Seed, Specialty

APART = 100
"""Sample numbers between two requests with the same prompt: more than anyone retries."""

FIXED_FIRST = "generate_fixed_first"
"""A prompt whose beginning is the same for all kinds of records, so that a provider's cache holds it."""


def prompt_name(specialty: Specialty, *, bootstrap: bool) -> str:
    """Which prompt authors get: a specialty's own folder may have but the older one."""
    return FIXED_FIRST if bootstrap and FIXED_FIRST in specialty.prompts else "generate"


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt of a round, with what the records made from it need to know."""

    author: str
    cell: Cell
    count: int
    parents: tuple[str, ...]
    messages: tuple[Mapping[str, str], ...]
    repeat: int
    key: str

    def request(self) -> Request:
        """The prompt as a model is asked it."""
        name = f"{self.cell.name} ({self.key[:8]})"
        return Request(id=name, messages=self.messages, schema=SCHEMA, first_sample=self.repeat * APART)


class PromptMaker:
    """Makes the prompts of a round."""

    def __init__(
        self, specialty: Specialty, *, examples: int, existing: int, bootstrap: bool, times_asked: Counter[str]
    ) -> None:
        """Set up.

        Args:
            specialty: seeds and texts.
            examples: shown in a prompt.
            existing: questions of the pool shown in a prompt.
            bootstrap: whether examples are what authors wrote too, and not seeds alone.
            times_asked: how often each prompt was asked of each author so far; counted on.
        """
        self.specialty = specialty
        self.bootstrap = bootstrap
        self.examples = examples
        self.existing = existing
        self.times_asked = times_asked

    def make(self, pool: Pool, author: str, cell: Cell, count: int, *, draw: str) -> Prompt:
        """The prompt for some records of one kind; `draw` names the draw of examples."""
        chance = random.Random(draw)
        if self.bootstrap:
            written = pool.examples(cell, self.examples // 2, chance)
            seeds = [*_vary(self.specialty.seeds, cell, self.examples - len(written), chance), *written]
        else:
            seeds = _choose(self.specialty.seeds, cell, self.examples, chance)
        values = {
            axis + suffix: text
            for axis in ("topic", "task", "difficulty", "audience")
            for suffix, text in (("", getattr(cell, axis).name), ("_holds", getattr(cell, axis).holds))
        }
        listed = "\n".join(f"- {question}" for question in pool.like(cell, self.existing, chance)) or "（无）"
        name = prompt_name(self.specialty, bootstrap=self.bootstrap)
        user = self.specialty.fill(
            name, count=str(count), examples="\n".join(map(_shown, seeds)), existing=listed, **values
        )
        messages = (
            {"role": "system", "content": self.specialty.fill("generate_system")},
            {"role": "user", "content": user},
        )
        key = content_key({"messages": list(messages)})
        # The same prompt may come again, when the pool around a kind has not changed: then its reply must be another.
        repeat = self.times_asked[f"{author} {key}"]
        self.times_asked[f"{author} {key}"] += 1
        return Prompt(author, cell, count, tuple(seed.id for seed in seeds), messages, repeat, key)


def _choose(seeds: tuple[Seed, ...], cell: Cell, count: int, chance: random.Random) -> list[Seed]:
    """Seeds of the same task first, then of the same topic, then any; drawn within each."""
    drawn = chance.sample(seeds, len(seeds))
    drawn.sort(key=lambda seed: -2 * (seed.task == cell.task.key) - (seed.topic == cell.topic.key))
    return drawn[:count]


def _vary(seeds: tuple[Seed, ...], cell: Cell, count: int, chance: random.Random) -> list[Seed]:
    """One seed of the same task, then seeds of the same topic, then any; drawn within each.

    A task has two or three seeds: with two of them in each prompt, all prompts of the task would show the same ones.
    """
    drawn = chance.sample(seeds, len(seeds))
    first = [seed for seed in drawn if seed.task == cell.task.key][:1]
    rest = sorted((seed for seed in drawn if seed not in first), key=lambda seed: seed.topic != cell.topic.key)
    return [*first, *rest][:count]


def _shown(seed: Seed) -> str:
    return json.dumps({"instruction": seed.instruction, "input": seed.input, "output": seed.output}, ensure_ascii=False)
