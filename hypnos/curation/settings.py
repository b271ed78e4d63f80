"""Keys, types and ranges of filter.py's configuration, where no signature says them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from hypnos.artefacts.ranges import Natural, Positive, Seed
from hypnos.artefacts.shared_settings import PATHS, WANDB
from hypnos.artefacts.value_check import Table
from hypnos.curation.review.settings import REVIEW
from hypnos.curation.shards import SHARDS

PREFERENCES = Table({"second_answers": Mapping[str, Any], "margin": Positive, "even_scorers": bool})

KEYS = Table(
    {
        "seed": Seed,
        "specialty": str,
        "dry_run": bool,
        "engine": Mapping[str, Any] | None,
        "workers": Natural,
        "sweep_name": str,
        "steps": Sequence[str],
        "step": Mapping[str, Any],
        "tasks": Mapping[str, Any],
        "input": Mapping[str, Any] | None,
        "selection": Mapping[str, Any],
        "authors": Mapping[str, Any],
        "scorers": Mapping[str, Any],
        "client": Mapping[str, Any],
        "budget": Mapping[str, Any],
        "push": str | None,
        "publish": Mapping[str, Any] | None,
        "review": Annotated[Mapping[str, Any] | None, REVIEW],
        "shards": Annotated[Mapping[str, Any] | None, SHARDS],
        "preferences": Annotated[Mapping[str, Any] | None, PREFERENCES],
        "paths": PATHS,
        "wandb": WANDB,
    }
)
