"""Defines the errors that a user can mend, and ends a command with one line where it meets one."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """A mistake the user can mend.

    The message is one line that names the file and line, the configuration key, or both numbers that
    disagree. Commands print it and exit with status 1, without a traceback.
    """


class Interrupted(Exception):
    """A run was stopped before its work was whole; what is on disk is kept for the next start.

    Attributes:
        status: of the command.
    """

    status = 130


class Preempted(Interrupted):
    """A scheduler took the machine back, and what was under way is saved; 143 has it start the same command again."""

    status = 143


class Pruned(Exception):
    """A search ends this trial early, because others were better at the same step.

    Attributes:
        value: of the objective, when it ended.
        step: of the stage that was under way.
    """

    def __init__(self, *, value: float, step: int) -> None:
        super().__init__(f"ended by the search at step {step}: {value:.4f} is worse than half of the others there")
        self.value = value
        self.step = step


@contextmanager
def one_line(*, reraise: bool) -> Iterator[None]:
    """End a command with one line and status 1 (130 or 143 if it was stopped) where the user can mend the cause.

    Args:
        reraise: leave the error to the caller, so that the other arms of a sweep go on.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        message = find_message(error)
        # A sweep that is told to stop stops, instead of going on with the next arm.
        stopped = isinstance(error, Interrupted | KeyboardInterrupt)
        if message is None or (reraise and not stopped):
            raise
        if os.environ.get("LOCAL_RANK", "0") != "0":
            # The first rank found the same and says it. For a status of 1 Lightning would kill it, and with it a sweep.
            sys.exit(0)
        print(f"error: {message}", file=sys.stderr)
        sys.exit(getattr(error, "status", 130) if stopped else 1)


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_WORDS = (
    *("No space left on device", "File too large", "database or disk is full"),
    *("PytorchStreamWriter failed writing", "enforce fail at inline_container.cc"),
)
"""What libraries in other languages say instead: the system's words, SQLite's, and torch's, which gives no reason."""


def is_disk_full(error: BaseException) -> bool:
    """Whether there was no room for what was written: on the disk, in a quota, or below the largest size of a file."""
    return (isinstance(error, OSError) and error.errno in _FULL) or any(word in str(error) for word in _FULL_WORDS)


def find_message(error: BaseException | None) -> str | None:
    """The user's line among an error and its causes: builders wrap what a constructor raised."""
    wrapped = None
    while error is not None:
        if isinstance(error, UserError | Interrupted):
            return str(error)
        if isinstance(error, KeyboardInterrupt):
            return "stopped; the same command goes on, and what was made is kept"
        if is_disk_full(error):
            file = getattr(error, "filename", None)
            return f"{f'{file}: ' if file else ''}no space left on the disk; what is whole is kept"
        # What the configuration library itself refuses (a missing value, a wrong interpolation) is no bug of ours.
        if type(error).__module__.startswith(("omegaconf.", "hydra.")):
            wrapped = wrapped or " ".join(str(error).split())
        error = error.__cause__ or error.__context__
    return wrapped
