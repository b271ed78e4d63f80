"""A key that was typed as a setting does not stay in the folder of the run that refused it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypnos.errors import UserError


class TypedKey(UserError):
    """A setting that holds a key, or may hold one; it is refused, and never repeated."""


@contextmanager
def forgotten(output: Path) -> Iterator[None]:
    """Delete the copies of the configuration that Hydra wrote before the block, where that raises `TypedKey`.

    Args:
        output: folder of the run; of a sweep's job, the sweep's own copy lies beside it.
    """
    try:
        yield
    except Exception as error:
        if _holds_key(error):
            shutil.rmtree(output / ".hydra", ignore_errors=True)
            (output.parent / "multirun.yaml").unlink(missing_ok=True)
        raise


def _holds_key(error: BaseException | None) -> bool:
    """Whether the error or one of its causes says so: builders wrap what a constructor raised."""
    while error is not None:
        if isinstance(error, TypedKey):
            return True
        error = error.__cause__ or error.__context__
    return False
