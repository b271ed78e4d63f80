"""The arms of the claims that are trained, as command lines of train.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.study.claims import EXTENDED, UNMEASURED, Claim, Overrides, Setting

BETTER, WORSE = "better", "worse"
"""Held-out sets: both sides of the pairs that are kept from training."""

BEST = ("selection.share=0.5",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained(Setting):
    """With what the claims are tried: `settings/training.yaml`, a base and a folder.

    Attributes:
        numbers: of records, from the settings.
        common: further settings that all bases share.
    """

    numbers: Mapping[str, Any]
    common: Mapping[str, Any]

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
            "benchmark=false",
        )


def setting_of(settings: Mapping[str, Any], size: str, *, base: Path, data: Path, folder: Path) -> Trained:
    """What `settings/training.yaml` says of one size."""
    numbers = settings["bases"][size]
    model = tuple(part.format(base=base) for part in numbers["model"])
    seeds = tuple(settings["seeds"])
    return Trained(data=data, folder=folder / size, model=model, seeds=seeds, numbers=numbers, common=settings)


def claims(setting: Trained) -> dict[str, Claim]:
    """All claims by name."""
    files, settings, numbers = setting.files, setting.common, setting.numbers
    statements = (f"sources.anesthesia.path={files}/statements.jsonl",)
    preference = Claim(
        name="preference",
        title="Preferences",
        text="",
        shared=(
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
            f"sources.anesthesia.path={files}/scored.jsonl",
            "~heldout.general",
            UNMEASURED,
            "stages.anesthesia.trainer.limit_val_batches=0",
            *("selection.aspects=[overall]", "selection.floor=0", "selection.harmless_floor=0"),
            f"learnt_characters={numbers['learnt_characters']}",
            "model.recipe.anesthesia.epochs=1",
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
    kinds = ("general_to_specific", "general_only", "specific_to_general", "specific_only", "mixed")
    order = Claim(
        name="order",
        title="General to specific",
        text="",
        shared=(*statements, "model.recipe.anesthesia.epochs=1", "model.recipe.mixed.anesthesia=1", *EXTENDED),
        turns=tuple((f"experiment={kind}", *((UNMEASURED,) if "general" in kind else ())) for kind in kinds),
        arms={kind.replace("_", " "): (f"experiment={kind}",) for kind in kinds},
        references=("general to specific",),
    )
    vocabulary = Claim(
        name="vocabulary",
        title="Vocabulary, at equal characters",
        text="",
        shared=(*statements, "experiment=general_only", UNMEASURED),
        turns=(EXTENDED, ("vocabulary=none", "model.recipe.max_length=2048", "model.recipe.row_length=2048")),
        arms={
            "extended": ("experiment=general_only",),
            "the base's own": ("experiment=general_only", "vocabulary=none"),
        },
        references=("extended",),
    )
    return {claim.name: claim for claim in (preference, filtering, order, vocabulary)}
