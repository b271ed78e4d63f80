"""What is tried, as command lines of train.py."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.study.files import PLANTED
from bench.study.pairs import ANESTHESIA, Sizes

Overrides = tuple[str, ...]

EXTENDED = ("vocabulary.sources.general=${sources.text}", "~vocabulary.sources.anesthesia")
"""One vocabulary for all claims, learnt on general text alone: sweeps then share their first stage."""

UNMEASURED = "stages.general.trainer.limit_val_batches=0"
"""Held-out text is measured after each stage all the same; within the stage it would take longer than training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """With what all claims are tried.

    Attributes:
        data: folder of the public sets.
        folder: of the study: its files, artefacts and outputs.
        sizes: numbers of pairs.
        model: overrides that choose the base.
        learnt_tokens: of the stage that is filtered, in every arm.
        seeds: of everything but the drawn pairs, planted faults and scores, which are the same for all.
    """

    data: Path
    folder: Path
    sizes: Sizes = field(default_factory=Sizes)
    model: Overrides
    learnt_tokens: int = 30_000
    seeds: tuple[int, ...] = (1, 2, 3)

    @property
    def files(self) -> Path:
        return self.folder / "data"

    @property
    def shared(self) -> Overrides:
        """Overrides of every arm of every claim."""
        return (
            *self.model,
            f"sources.general.path={self.files}/general.jsonl",
            f"sources.text.path={self.files}/vocabulary.jsonl",
            "sources.text.holdout=0.15",
            "model.recipe.general.epochs=1",
            "model.recipe.general.rows_per_step=1",
            "answers.prompts=[]",
            "logger=csv",
            "benchmark=false",
        )

    @property
    def places(self) -> Overrides:
        return (f"paths.artefacts={self.folder}/artefacts", f"paths.outputs={self.folder}/outputs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim of the paper, and the sweep that tries it.

    Attributes:
        name: of the claim.
        title: above its tables.
        text: what is compared, and how.
        shared: overrides of all its arms.
        turns: multiruns that together make the sweep; each over all seeds, the seed turning slowest.
        arms: what an arm is called, with the overrides that make it, as Hydra writes them down; where those of several
            arms are there, the one with the most of them is meant.
        references: arms that the others are tested against, one table for each.
    """

    name: str
    title: str
    text: str = ""
    shared: Overrides
    turns: tuple[Overrides, ...]
    arms: Mapping[str, Overrides]
    references: tuple[str, ...] = ()

    @property
    def sweep(self) -> str:
        return f"study-{self.name}"

    def call(self, overrides: Collection[str]) -> str | None:
        """What the arm with these overrides is called."""
        found = [name for name, told in self.arms.items() if set(told) <= set(overrides)]
        return max(found, key=lambda name: len(self.arms[name]), default=None)

    def seeds(self, setting: Setting) -> str:
        return f"seed={','.join(map(str, setting.seeds))}"

    def lines(self, setting: Setting) -> Iterator[Overrides]:
        """Arguments of train.py for each turn."""
        before = (*setting.shared, *setting.places, f"sweep_name={self.sweep}", *self.shared)
        for turn in self.turns:
            yield ("-m", *before, self.seeds(setting), *turn)


def claims(setting: Setting) -> dict[str, Claim]:
    """All claims by name, in the order in which they are tried."""
    specialty = (f"sources.anesthesia.path={setting.data / ANESTHESIA}", "sources.anesthesia.holdout=0.37")
    rates = "model.recipe.anesthesia.lr=0.0001,0.0003"
    filtering = Claim(
        name="filtering",
        title="Filtering",
        text=FILTERING,
        shared=(
            f"sources.anesthesia.path={setting.files}/{PLANTED}",
            "~heldout.general",
            UNMEASURED,
            "stages.anesthesia.trainer.limit_val_batches=0",
            f"learnt_tokens={setting.learnt_tokens}",
            "model.recipe.anesthesia.epochs=1",
            "model.recipe.anesthesia.lr=3e-4",
            *EXTENDED,
        ),
        turns=(
            ("selection=random", "selection.scorers=perfect"),
            ("selection.scorers=none,perfect,noisy,biased",),
        ),
        arms={
            "unfiltered": ("selection.scorers=none",),
            "random, of equal size": ("selection=random", "selection.scorers=perfect"),
            "filtered, perfect scorer": ("selection.scorers=perfect",),
            "filtered, noisy scorer": ("selection.scorers=noisy",),
            "filtered, biased scorer": ("selection.scorers=biased",),
        },
        references=("unfiltered", "random, of equal size"),
    )
    strategy = Claim(
        name="strategy",
        title="General to specific",
        text=STRATEGY,
        shared=(*specialty, "model.recipe.mixed.anesthesia=3", *EXTENDED),
        turns=(
            ("experiment=general_to_specific", rates, UNMEASURED),
            ("experiment=specific_only", rates),
            ("experiment=general_only", UNMEASURED),
            ("experiment=mixed", "stages.mixed.trainer.limit_val_batches=0"),
        ),
        arms={
            "general to specific, 1e-4": ("experiment=general_to_specific", "model.recipe.anesthesia.lr=0.0001"),
            "general to specific, 3e-4": ("experiment=general_to_specific", "model.recipe.anesthesia.lr=0.0003"),
            "specific only, 1e-4": ("experiment=specific_only", "model.recipe.anesthesia.lr=0.0001"),
            "specific only, 3e-4": ("experiment=specific_only", "model.recipe.anesthesia.lr=0.0003"),
            "general only": ("experiment=general_only",),
            "mixed": ("experiment=mixed",),
        },
        references=("general to specific, 1e-4",),
    )
    vocabulary = Claim(
        name="vocabulary",
        title="Vocabulary, at equal characters",
        text=VOCABULARY,
        shared=(*specialty, "experiment=general_only", UNMEASURED),
        turns=(EXTENDED, ("vocabulary=none",)),
        arms={
            "extended": ("experiment=general_only",),
            "the base's own": ("experiment=general_only", "vocabulary=none"),
        },
        references=("extended",),
    )
    return {claim.name: claim for claim in (filtering, strategy, vocabulary)}


FILTERING = """
After the first stage, a second one (all weights, one epoch, 3e-4) on other general pairs, half of which have a planted
fault: the answer to another question, an answer cut short, an answer off the topic (sentences of an encyclopedia), or
a sentence with a wrong dose, equally many of each. Three scorers of stated quality grade every pair, and the project's
`selection` keeps what reaches its threshold, or as many at random. Learnt tokens are the same in all arms, and fewer
than any arm has: no pair is seen twice. Unfiltered and random are thus two draws of one mixture, and they differ only
in what was drawn. The rate is three times the recipe's, which is made for three epochs after a longer first stage; on
all weights it learns nearly as fast as LoRA at 1e-3 (see what decides stage 1). The held-out pairs have no
planted faults; they stand in the specialty's place, so their column is called anesthesia.
"""

STRATEGY = """
General pairs once, then the public anesthesia pairs three times; either alone; and both in one stage, trained as the
first stage is (LoRA) and seen as often as in the two. The stage on anesthesia is tried at the recipe's 1e-4 and at
3e-4, since what suits a model that has had a first stage need not suit one that has not.
"""

VOCABULARY = """
The first stage alone, on the same pairs once, with the extension and without; no training pair is cut in either. A
step is a row of 1,024 tokens, so the base's own vocabulary takes more steps, and more time, for the same characters.
"""
