"""The arms of the claims that are trained, and of the choice of their rates, as command lines of train.py."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.evidence.files import DEVELOPMENT, QUESTIONS
from bench.study.claims import EXTENDED, UNMEASURED, Claim, Overrides, Setting

BETTER, WORSE = "better", "worse"
"""Held-out sets: both sides of the pairs that are kept from training."""

BEST = ("selection.share=0.5",)

GENERAL_RATE, SPECIFIC_RATE = "model.recipe.general.lr", "model.recipe.anesthesia.lr"

RATED = {
    "general_only": GENERAL_RATE,
    "mixed": GENERAL_RATE,
    "specific_only": SPECIFIC_RATE,
    "general_to_specific": SPECIFIC_RATE,
}
"""Experiments whose rate is chosen, and the knob that is turned in each; of two stages the last one's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained(Setting):
    """With what the claims are tried: `settings/training.yaml`, a base and a folder.

    Attributes:
        numbers: of records, from the settings.
        common: further settings that all bases share.
        rates: chosen ones, by experiment; empty before they are chosen.
    """

    numbers: Mapping[str, Any]
    common: Mapping[str, Any]
    rates: Mapping[str, float]

    def rate(self, experiment: str) -> Overrides:
        """The rates of an arm's stages; the recipe's where none were chosen."""
        if not self.rates:
            return ()
        rates = {GENERAL_RATE: self.rates["general_only"], SPECIFIC_RATE: self.rates["general_to_specific"]}
        if experiment == "specific_to_general":  # its stage on the specialty comes first, as in specific_only
            rates[SPECIFIC_RATE] = self.rates["specific_only"]
        elif experiment in RATED:
            rates[RATED[experiment]] = self.rates[experiment]
        return tuple(f"{knob}={rate:g}" for knob, rate in rates.items())

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
    """What `settings/training.yaml` and `settings/rates.yaml` say of one size."""
    numbers = settings["bases"][size]
    return Trained(
        data=data,
        folder=folder / size,
        model=tuple(part.format(base=base) for part in numbers["model"]),
        seeds=tuple(numbers["seeds"]),
        numbers=numbers,
        common=settings,
        rates=rates.get(size, {}),
    )


def rates_claim(setting: Trained) -> tuple[Claim, Trained]:
    """Every rate for every experiment whose rate is chosen, and under what: one seed, the recipe's rate before it."""
    files = setting.files
    tried = ",".join(f"{rate:g}" for rate in setting.numbers["rates"])
    claim = Claim(
        name="rates",
        title="Rates",
        text="",
        shared=(
            "benchmark=false",
            f"sources.general.path={files}/{DEVELOPMENT}-general.jsonl",
            f"sources.anesthesia.path={files}/{DEVELOPMENT}-specialty.jsonl",
            *ORDER,
        ),
        turns=tuple((f"experiment={kind}", f"{knob}={tried}", *_unmeasured(kind)) for kind, knob in RATED.items()),
        arms={
            f"{kind} {rate:g}": (f"experiment={kind}", f"{knob}={rate:g}")
            for kind, knob in RATED.items()
            for rate in setting.numbers["rates"]
        },
        references=(),
    )
    return claim, replace(setting, seeds=setting.seeds[:1], rates={})


def _unmeasured(experiment: str) -> Overrides:
    """Of a stage on general pairs: measuring within it would take longer than training."""
    return (UNMEASURED,) if "general" in experiment else ()


ORDER = ("model.recipe.anesthesia.epochs=1", "model.recipe.mixed.anesthesia=1", *EXTENDED)
"""Each record once, whatever the order."""


def claims(setting: Trained) -> dict[str, Claim]:
    """All claims by name."""
    files, settings, numbers = setting.files, setting.common, setting.numbers
    specialty = (f"sources.anesthesia.path={files}/specialty.jsonl",)
    preference = Claim(
        name="preference",
        title="Preferences",
        text="",
        shared=(
            "benchmark=false",
            f"sources.preferences.path={files}/pairs.jsonl",
            f"sources.preferences.holdout={settings['holdout']}",
            f"sources.preferences.least_margin={settings['least_margin']}",
            "~stages.anesthesia",
            "~heldout.anesthesia",
            UNMEASURED,
            *(f"+data@heldout.{name}=chosen" for name in (BETTER, WORSE)),
            *(f"+heldout.{name}.heldout_only=true" for name in (BETTER, WORSE)),
            *(f"heldout.{name}.{knob}=4096" for name in (BETTER, WORSE) for knob in ("max_length", "row_length")),
            f"heldout.{WORSE}.sources.preferences.side=rejected",
            *setting.rate(""),
            *EXTENDED,
        ),
        turns=(("experiment=general_to_specific_to_preferred",), ("experiment=sft_only",)),
        arms={
            "DPO": ("experiment=general_to_specific_to_preferred",),
            "better answers alone": ("experiment=sft_only",),
        },
        references=(),
    )
    filtering = Claim(
        name="filtering",
        title="Cross-filtering on real scores",
        text="",
        shared=(
            "benchmark=false",
            f"sources.anesthesia.path={files}/scored.jsonl",
            "~heldout.general",
            UNMEASURED,
            "stages.anesthesia.trainer.limit_val_batches=0",
            *("selection.aspects=[overall]", "selection.floor=0", "selection.harmless_floor=0"),
            f"learnt_characters={numbers['learnt_characters']}",
            "model.recipe.anesthesia.epochs=1",
            *setting.rate(""),
            *EXTENDED,
        ),
        turns=(
            ("selection.scorers=none",),
            ("selection=random", "selection.scorers=GPT-4"),
            ("selection.scorers=GPT-4", "selection.threshold=5,6,7,8,9"),
            ("selection.scorers=GPT-4,worst,shortest,longest", *BEST),
        ),
        arms={
            "unfiltered": ("selection.scorers=none",),
            "random, as many as reach 7": ("selection=random", "selection.scorers=GPT-4"),
            **{f"GPT-4, {bar} or more": (f"selection.threshold={bar}",) for bar in (5, 6, 7, 8, 9)},
            "best half": ("selection.scorers=GPT-4", *BEST),
            "worst half": ("selection.scorers=worst", *BEST),
            "shortest half": ("selection.scorers=shortest", *BEST),
            "longest half": ("selection.scorers=longest", *BEST),
        },
        references=("unfiltered", "random, as many as reach 7", "longest half", "worst half"),
    )
    # Those that share a stage do not stand side by side: run at once, one would wait for the other.
    kinds = ("general_to_specific", "mixed", "specific_only", "general_only", "specific_to_general")
    order = Claim(
        name="order",
        title="General to specific",
        text="",
        shared=(
            *specialty,
            *ORDER,
            "benchmark=true",
            "tasks=[anecq]",
            f"tasks.anecq.path={files}/{QUESTIONS}",
            "likelihood=[letters,texts]",
        ),
        turns=tuple((f"experiment={kind}", *setting.rate(kind), *_unmeasured(kind)) for kind in kinds),
        arms={kind.replace("_", " "): (f"experiment={kind}",) for kind in kinds},
        references=("general to specific",),
    )
    own = ("vocabulary=none", "model.recipe.max_length=2048", "model.recipe.row_length=2048")
    as_many = (f"stages.general.data.learnt_tokens={numbers['learnt_tokens']}",)
    vocabulary = Claim(
        name="vocabulary",
        title="Vocabulary, at equal characters and at equal learnt tokens",
        text="",
        shared=(*specialty, "benchmark=false", "experiment=general_only", UNMEASURED, *setting.rate("")),
        turns=(EXTENDED, own, (*EXTENDED, *as_many), (*own, *as_many)),
        arms={
            "extended": (),
            "the base's own": ("vocabulary=none",),
            "extended, as many tokens": as_many,
            "the base's own, as many tokens": ("vocabulary=none", *as_many),
        },
        references=("extended",),
    )
    return {claim.name: claim for claim in (preference, filtering, order, vocabulary)}
