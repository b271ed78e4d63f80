"""Keys, types and ranges of train.py's configuration, where no signature says them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from hypnos.artefacts.ranges import Count, FloatType, PackingMethod, Positive, Seed
from hypnos.artefacts.shared_settings import PATHS, WANDB
from hypnos.artefacts.value_check import Table
from hypnos.benchmark.settings import INFERENCE, LIKELIHOOD, SAMPLING, THINKING
from hypnos.experiment.library_settings import TRAINER

STAGE_RECIPE = Table({"lr": Positive, "epochs": Count, "rows_per_step": Count}, partial=True)
"""Of a stage, under its name; a lab's own stages may have one too."""

MODEL = Table(
    {
        "path": str,
        "dtype": FloatType,
        "seed": Seed | None,
        "precision": TRAINER["precision"],
        "activation_checkpointing": bool,
        "recipe": Table(
            {
                "pieces": Count,
                "max_length": Count,
                "row_length": Count,
                "packing": PackingMethod,
                "unextended": Table({"max_length": Count, "row_length": Count}, partial=True),
                "mixed": Mapping[str, Positive],
            },
            others=STAGE_RECIPE,
            partial=True,
        ),
    }
)

KEYS = Table(
    {
        "seed": Seed,
        "prepare_only": bool,
        "estimate": bool,
        "estimate_rate": Positive | None,
        "sweep_name": str,
        "engine": Mapping[str, Any] | None,
        "group": str | None,
        "push": str | None,
        "accelerator": TRAINER["accelerator"],
        "devices": TRAINER["devices"],
        "num_nodes": TRAINER["num_nodes"],
        "strategy": TRAINER["strategy"],
        "model": MODEL,
        "stages": Mapping[str, Any],
        "heldout": Mapping[str, Any],
        "sources": Mapping[str, Any],
        "selection": Mapping[str, Any],
        "vocabulary": Mapping[str, Any],
        "logger": Mapping[str, Any],
        "template": Table({"chat": str | None}),
        "answers": Table({"prompts": Sequence[str], "max_new_tokens": Count}),
        "authors": Mapping[str, str],
        "data_share": Positive,
        "learnt_tokens": Count | None,
        "learnt_characters": Count | None,
        "reasoning": Literal["learn", "mask", "drop"],
        "replay": Positive,
        "objective": str,
        "benchmark": bool | Literal["auto"],
        "tasks": Mapping[str, Any],
        "entries": Mapping[str, Any],
        "likelihood": LIKELIHOOD,
        "sampling": SAMPLING,
        "thinking": Annotated[Mapping[str, Any], THINKING] | None,
        "inference": INFERENCE,
        "specialty": str,
        "paths": PATHS,
        "wandb": WANDB,
    }
)

STAGE = Table(dict.fromkeys(("data", "tuning", "trainer", "callbacks"), Mapping[str, Any]))
