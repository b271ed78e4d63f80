"""The arms of the claims that are trained, as command lines of train.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.evidence.files import BEST, HELD_OUT, QUESTIONS
from bench.study.claims import EXTENDED, Claim, Overrides, Setting

BETTER, WORSE = "better", "worse"
"""Held-out sets: both sides of the pairs that are kept from training."""

OTHER_QUESTIONS = "best"
"""Held-out set of good answers to other questions."""

HALF = ("selection.share=0.5",)

GENERAL_RATE, SPECIFIC_RATE = "model.recipe.general.lr", "model.recipe.anesthesia.lr"
PREFERENCE_RATE = "model.recipe.preference.lr"

OWN = ("vocabulary=none", "model.recipe.max_length=1024", "model.recipe.row_length=1024")
"""The base's own vocabulary, in rows as long as those of the extended one: at equal tokens, equally many steps."""


@dataclass(frozen=True, slots=True)
class Rated:
    """A learning rate that is chosen.

    Attributes:
        knob: where it is set; of several stages it is the last one's.
        before: rates of earlier stages, by where they are set: names of chosen ones.
    """

    knob: str
    before: Mapping[str, str]


RATED = {
    "general_only": Rated(GENERAL_RATE, {}),
    "own_vocabulary": Rated(GENERAL_RATE, {}),
    "mixed": Rated(GENERAL_RATE, {}),
    "specific_only": Rated(SPECIFIC_RATE, {}),
    "general_to_specific": Rated(SPECIFIC_RATE, {GENERAL_RATE: "general_only"}),
    "specific_to_general": Rated(GENERAL_RATE, {SPECIFIC_RATE: "specific_only"}),
    "preferred": Rated(PREFERENCE_RATE, {GENERAL_RATE: "general_only"}),
    "better_alone": Rated(SPECIFIC_RATE, {GENERAL_RATE: "general_only"}),
}
"""By name of what is trained: the experiment's, but for three."""

ORDERS = {
    "general_to_specific": ("general", "anesthesia"),
    "mixed": ("mixed",),
    "specific_only": ("anesthesia",),
    "general_only": ("general",),
    "specific_to_general": ("anesthesia", "general"),
}
"""Experiments and their stages. Those that share one do not stand side by side: run at once, one would wait."""

NEEDS = {
    "preference": ("preferred", "better_alone"),
    "filtering": ("general_to_specific",),
    "order": tuple(ORDERS),
    "vocabulary": ("general_only", "own_vocabulary"),
}
"""Rates that a claim is trained with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained(Setting):
    """With what the claims are tried: `settings/training.yaml`, a base and a folder.

    Attributes:
        size: the base's name in the settings.
        numbers: of its records, from the settings.
        common: further settings that all bases share.
        rates: chosen ones, by name.
    """

    size: str
    numbers: Mapping[str, Any]
    common: Mapping[str, Any]
    rates: Mapping[str, float]

    def rate(self, name: str) -> Overrides:
        """The rates of all stages of what is trained; none while they are not chosen."""
        wanted = {**RATED[name].before, RATED[name].knob: name}
        if not set(wanted.values()) <= self.rates.keys():
            return ()
        return tuple(f"{knob}={self.rates[of]:g}" for knob, of in wanted.items())

    @property
    def shared(self) -> Overrides:
        return (
            *self.model,
            f"sources.general.path={self.files}/general.jsonl",
            f"sources.text.path={self.files}/text.jsonl",
            "sources.text.holdout=0.15",
            "model.recipe.general.epochs=1",
            "answers.prompts=[]",
            "logger=csv",
        )


def setting_of(
    settings: Mapping[str, Any], rates: Mapping[str, Any], size: str, *, base: Path, data: Path, folder: Path
) -> Trained:
    """What `settings/training.yaml` says of one size, with the rates that were chosen for it."""
    numbers = settings["bases"][size]
    return Trained(
        data=data,
        folder=folder / size,
        model=tuple(part.format(base=base) for part in numbers["model"]),
        seeds=tuple(numbers["seeds"]),
        size=size,
        numbers=numbers,
        common=settings,
        rates=rates,
    )


ORDER = ("model.recipe.anesthesia.epochs=1", "model.recipe.mixed.anesthesia=1", *EXTENDED)
"""Each record once, whatever the order."""


def unmeasured(*stages: str) -> Overrides:
    """Held-out text is measured after each stage all the same; within a stage it would take as long as training."""
    return tuple(f"stages.{stage}.trainer.limit_val_batches=0" for stage in stages)


PREFERENCE = (
    "~stages.anesthesia",
    "~heldout.anesthesia",
    "objective=general.bits_per_char",
    *unmeasured("general"),
    "model.recipe.preference.rows_per_step=1",
    *(f"+data@heldout.{name}=chosen" for name in (BETTER, WORSE)),
    *(f"+heldout.{name}.heldout_only=true" for name in (BETTER, WORSE)),
    *(f"heldout.{name}.{knob}=4096" for name in (BETTER, WORSE) for knob in ("max_length", "row_length")),
    f"heldout.{WORSE}.sources.preferences.side=rejected",
    *EXTENDED,
)
"""The third stage right after the first, and both sides of the pairs that are kept from training."""

PREFERRED = ("experiment=general_to_specific_to_preferred", *unmeasured("preference"))
BETTER_ALONE = ("experiment=sft_only", *unmeasured("chosen"))


def pairs_of(setting: Trained, file: str) -> Overrides:
    """Which pairs, and of which type weights are written: DPO's small steps are lost in bfloat16."""
    return (
        "model.dtype=float32",
        f"sources.preferences.path={setting.files}/{file}",
        f"sources.preferences.holdout={setting.common['holdout']}",
        f"sources.preferences.least_margin={setting.common['least_margin']}",
    )


def claims(setting: Trained) -> dict[str, Claim]:
    """All claims by name."""
    files, numbers = setting.files, setting.numbers
    specialty = (f"sources.anesthesia.path={files}/specialty.jsonl",)
    preference = Claim(
        name="preference",
        title="Preferences",
        shared=("benchmark=false", *pairs_of(setting, "pairs.jsonl"), *PREFERENCE),
        turns=((*PREFERRED, *setting.rate("preferred")), (*BETTER_ALONE, *setting.rate("better_alone"))),
        arms={"DPO": PREFERRED[:1], "better answers alone": BETTER_ALONE[:1]},
    )
    filtering = Claim(
        name="filtering",
        title="Cross-filtering on real scores",
        shared=(
            "benchmark=false",
            f"sources.anesthesia.path={files}/scored.jsonl",
            "~heldout.general",
            f"+data@heldout.{OTHER_QUESTIONS}=packed",
            f"+heldout.{OTHER_QUESTIONS}.sources.{OTHER_QUESTIONS}._target_=hypnos.corpus.sources.Source",
            f"+heldout.{OTHER_QUESTIONS}.sources.{OTHER_QUESTIONS}.path={files}/{BEST}",
            f"+heldout.{OTHER_QUESTIONS}.sources.{OTHER_QUESTIONS}.holdout={HELD_OUT}",
            f"+heldout.{OTHER_QUESTIONS}.heldout_only=true",
            *(f"heldout.{OTHER_QUESTIONS}.{knob}=4096" for knob in ("max_length", "row_length")),
            f"heldout.{OTHER_QUESTIONS}.rows_per_step=1",
            *unmeasured("general", "anesthesia"),
            *("selection.aspects=[overall]", "selection.floor=0", "selection.harmless_floor=0"),
            f"learnt_characters={numbers['learnt_characters']}",
            "model.recipe.anesthesia.epochs=1",
            *setting.rate("general_to_specific"),
            *EXTENDED,
        ),
        turns=(
            ("selection.scorers=none",),
            ("selection=random", "selection.scorers=GPT-4"),
            ("selection.scorers=GPT-4", "selection.threshold=5,6,7,8,9"),
            ("selection.scorers=GPT-4,worst,shortest,longest", *HALF),
        ),
        arms={
            "unfiltered": ("selection.scorers=none",),
            "random, as many as reach 7": ("selection=random", "selection.scorers=GPT-4"),
            **{f"GPT-4, {bar} or more": (f"selection.threshold={bar}",) for bar in (5, 6, 7, 8, 9)},
            "best half": ("selection.scorers=GPT-4", *HALF),
            "worst half": ("selection.scorers=worst", *HALF),
            "shortest half": ("selection.scorers=shortest", *HALF),
            "longest half": ("selection.scorers=longest", *HALF),
        },
    )
    order = Claim(
        name="order",
        title="General to specific",
        shared=(
            *specialty,
            *ORDER,
            "benchmark=true",
            "tasks=[anecq]",
            f"tasks.anecq.path={files}/{QUESTIONS}",
            "tasks.anecq.max_new_tokens=1",  # what is written in words is not read
            "tasks.anecq.shuffle=${seed}",  # a model that says one letter to all is right by chance
            "likelihood=[letters,texts]",
        ),
        turns=tuple((f"experiment={kind}", *setting.rate(kind), *unmeasured(*ORDERS[kind])) for kind in ORDERS),
        arms={kind.replace("_", " "): (f"experiment={kind}",) for kind in ORDERS},
    )
    as_many = (f"stages.general.data.learnt_tokens={numbers['learnt_tokens']}",)
    extended, own = (*EXTENDED, *setting.rate("general_only")), (*OWN, *setting.rate("own_vocabulary"))
    vocabulary = Claim(
        name="vocabulary",
        title="Vocabulary, at equal characters and at equal learnt tokens",
        shared=(*specialty, "benchmark=false", "experiment=general_only", *unmeasured("general")),
        turns=(extended, own, (*extended, *as_many), (*own, *as_many)),
        arms={
            "extended": (),
            "the base's own": ("vocabulary=none",),
            "extended, as many tokens": as_many,
            "the base's own, as many tokens": ("vocabulary=none", *as_many),
        },
    )
    return {claim.name: claim for claim in (preference, filtering, order, vocabulary)}
