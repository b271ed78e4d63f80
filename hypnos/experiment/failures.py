"""Keeps the error of an arm that failed in its folder, so that a report can tell."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypnos.errors import Interrupted, find_message
from hypnos.experiment.run_folder import FAILED

log = logging.getLogger(__name__)


@contextmanager
def kept_failure(folder: Path) -> Iterator[None]:
    """Write `failed.json` with the error's one line if the block fails, and take an older one away at its start.

    An arm that was stopped has not failed: it goes on with the next start. Ranks beside the first write nothing.
    """
    first = os.environ.get("LOCAL_RANK", "0") == "0"
    if first:
        (folder / FAILED).unlink(missing_ok=True)
    try:
        yield
    except Interrupted:
        raise
    except Exception as error:
        line = find_message(error) or _first_line(error)
        if first:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / FAILED).write_text(json.dumps({"error": line}, ensure_ascii=False, indent=1), "utf-8")
            log.error("failed: %s: %s", folder.name, line)
        raise


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
