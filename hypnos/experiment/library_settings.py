"""What settings of Lightning's and torch's classes may be: their own annotations say too little, or are not kept to."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from hypnos.artefacts.ranges import Count, Natural, NotNegative, Positive, Range, Share

_EndlessCount = Annotated[int, Range(least=-1)]
"""-1 stands for no end."""

_Momentum = Annotated[float, Range(least=0, below=1)]

_PartOrBatches = Natural | Share
"""A share of the batches as a number with a point, a number of batches as a whole one."""

TRAINER: Mapping[str, Any] = {
    "accelerator": Literal["auto", "cpu", "gpu", "cuda", "mps", "tpu"],
    "devices": Annotated[int, Range(least=-1)] | Literal["auto", "-1"] | Sequence[Natural] | str,
    "strategy": Literal["auto", "ddp", "fsdp"],
    "num_nodes": Count,
    "precision": Literal["32-true", "16-mixed", "bf16-mixed", "64-true", "bf16-true", "16-true", 32, 64, "32", "64"],
    "max_epochs": _EndlessCount | None,
    "min_epochs": Natural | None,
    "max_steps": _EndlessCount,
    "min_steps": Natural | None,
    # Batches of one device are no unit of a stage: it would be another one on two, under one key. `trainer.max_steps`,
    # `sources.<name>.limit` and `data_share` say what is meant.
    "limit_train_batches": None,
    "limit_val_batches": _PartOrBatches | None,
    "overfit_batches": Literal[0],
    "num_sanity_val_steps": _EndlessCount | None,
    "val_check_interval": Count | Annotated[float, Range(above=0, most=1)] | None,
    "check_val_every_n_epoch": Count | None,
    "log_every_n_steps": Natural | None,
    "gradient_clip_val": NotNegative | None,
    "gradient_clip_algorithm": Literal["norm"] | None,
    "accumulate_grad_batches": Literal[1],  # `rows_per_step` decides
    "enable_progress_bar": bool | None,
    "enable_model_summary": bool | None,
    "enable_checkpointing": bool | None,
    "deterministic": bool | Literal["warn"] | None,
    "benchmark": bool | None,
    "detect_anomaly": bool,
    "use_distributed_sampler": bool,
}

LIBRARIES: Mapping[str, Mapping[str, Any]] = {
    "pytorch_lightning.Trainer": TRAINER,
    "pytorch_lightning.callbacks.ModelCheckpoint": {
        "monitor": str | None,
        "mode": Literal["min", "max"],
        "save_top_k": _EndlessCount,
        "every_n_train_steps": Natural | None,
        "every_n_epochs": Natural | None,
    },
    "pytorch_lightning.callbacks.EarlyStopping": {
        "monitor": str,
        "mode": Literal["min", "max"],
        "patience": Natural,
        "min_delta": NotNegative,
    },
    "torch.optim.": {
        "lr": Positive,
        "betas": tuple[_Momentum, _Momentum],
        "eps": NotNegative,
        "weight_decay": NotNegative,
        "momentum": _Momentum,
        "dampening": Share,
        "alpha": Share,
        "fused": bool | None,
        "foreach": bool | None,
        "amsgrad": bool,
        "maximize": bool,
        "nesterov": bool,
        "capturable": bool,
    },
}
"""By class, or by how the names of many begin: what each argument may be."""
