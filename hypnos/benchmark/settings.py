"""Keys, types and ranges of evaluate.py's configuration, where no signature says them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from hypnos.artefacts.ranges import Count, Device, FloatType, NotNegative, Positive, Seed, ShareAboveZero
from hypnos.artefacts.shared_settings import PATHS, WANDB
from hypnos.artefacts.value_check import Table
from hypnos.llm.providers.settings import PARAMETERS
from hypnos.report.contents import Language

SAMPLING = Table({"temperature": NotNegative, "top_p": ShareAboveZero, "seed": Seed, "repeats": Count}, partial=True)

THINKING = Table({"mode": Literal["on", "off", "as_is"] | bool, "tokens": Count | None}, partial=True)
"""A bare `on` or `off` of YAML is true or false."""

INFERENCE = Table({"cache_gib": Positive, "rows": Count, "dtype": FloatType | Literal["auto"], "device": Device})

LIKELIHOOD = Literal["auto"] | Sequence[Literal["letters", "texts", "yes_no"]]

KEYS = Table(
    {
        "models": Sequence[str],
        "baselines": Mapping[str, Any],
        "tasks": Mapping[str, Any],
        "entries": Mapping[str, Any],
        "likelihood": LIKELIHOOD,
        "dry_run": bool,
        "compare": Table(
            {
                "sweep": str | None,
                "benchmark": bool | Literal["auto"],
                "reference": str | None,
                "dollars_per_hour": NotNegative | None,
            }
        ),
        "sampling": SAMPLING,
        "thinking": Annotated[Mapping[str, Any], THINKING] | None,
        "inference": INFERENCE,
        "engine": Mapping[str, Any] | None,
        "specialty": str,
        "judges": Mapping[str, Any],
        "judging": Table({"parameters": PARAMETERS}, others=Any),
        "raters": Mapping[str, Any] | None,
        "ratings": Table({"files": Sequence[str], "sheets": str | None, "allow_missing": bool}),
        "publish": Mapping[str, Any] | None,
        "report": Table({"language": Language}),
        "paths": PATHS,
        "wandb": WANDB,
        "client": Mapping[str, Any],
        "budget": Mapping[str, Any],
    }
)
"""`judging` is bound to the judge's signature besides."""
