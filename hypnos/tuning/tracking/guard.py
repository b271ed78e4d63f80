"""Keeps a run alive where a logger fails: what it shows is lost from there on, what is trained is not."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger

from hypnos.errors import Interrupted, UserError

log = logging.getLogger(__name__)

METHODS = (
    *("log_metrics", "log_hyperparams", "log_graph", "show_table", "show_picture", "share_axis", "log_lineage"),
    "after_save_checkpoint",
    *("save", "finalize", "finish"),
)
"""What loggers are told, by Lightning and by us."""


def guard(logger: Logger) -> Logger:
    """Let a logger fail once, with a warning, and be silent afterwards.

    Those that write files here are left as they are: where they cannot write, nothing else can.
    """
    if isinstance(logger, CSVLogger | TensorBoardLogger):
        return logger
    lost: list[str] = []

    def quiet(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def call(*arguments: Any, **settings: Any) -> Any:
            if lost:
                return None
            try:
                return method(*arguments, **settings)
            except (UserError, Interrupted):
                raise
            except Exception as error:  # of whatever service it is
                lost.append(method.__name__)
                reason = (str(error).splitlines() or [""])[0] or type(error).__name__
                log.warning("%s failed and shows nothing more: %s", type(logger).__name__, reason)
                return None

        return call

    for name in METHODS:
        method = getattr(logger, name, None)
        if callable(method):
            setattr(logger, name, quiet(method))
    return logger
