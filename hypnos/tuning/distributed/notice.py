"""Heeds the notice of a scheduler that takes the machine back (SIGTERM, SIGUSR1): saves, and ends with status 143.

While a stage trains, all ranks agree at the end of an optimizer step, save, and end together, whichever of them got the
signal; at any other time the run ends at once, because what it had made is on disk.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pytorch_lightning import Trainer

from hypnos.errors import Preempted

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)

_GOES_ON = "the same command goes on"

_given = ""  # the signal's name, once there was one
_training = False


@contextmanager
def heeded() -> Iterator[None]:
    """Heed notices as long as the block takes.

    Raises:
        Preempted: there was one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python has signals in the main thread alone
        return
    global _given, _training
    before = {one: signal.getsignal(one) for one in SIGNALS}
    _given, _training = "", False
    _listen()
    try:
        yield
    finally:
        _given, _training = "", False
        for one, handler in before.items():
            signal.signal(one, handler)


def begin_steps() -> None:
    """From now on a notice waits for the end of a step; Lightning's own handler, which saves nothing, is put aside."""
    global _training
    if signal.getsignal(signal.SIGUSR1) is _take:
        _training = True
        _listen()


def end_steps() -> None:
    """From now on a notice ends the run at once again."""
    global _training
    _training = False


def is_given(trainer: Trainer) -> bool:
    """Whether a rank has got a notice; every rank must ask."""
    return trainer.strategy.reduce_boolean_decision(bool(_given), all=False)


def preempted(stage: str, step: int) -> Preempted:
    """The end of a run whose step is saved."""
    return Preempted(
        f"stage {stage} was told to end ({_given or 'another rank'}) and is saved at step {step}; {_GOES_ON}"
    )


def _listen() -> None:
    for one in SIGNALS:
        signal.signal(one, _take)


def _take(number: int, frame: FrameType | None) -> None:
    global _given
    _given = signal.Signals(number).name
    if not _training:
        raise Preempted(f"told to end ({_given}); {_GOES_ON}, and what was made is kept")
