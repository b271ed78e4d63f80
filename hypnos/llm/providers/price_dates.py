"""Says how old prices are, and which models their providers have withdrawn, as far as litellm's list tells."""

import logging
from collections.abc import Mapping
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

LIST_OF = ("1.106.2", date(2026, 10, 21))
"""The locked version of litellm, and the day on which its wheel, with its list of prices, was built."""

OLD_AFTER = 183
"""Days, half a year: providers change prices more often than that."""


def list_date() -> date:
    """The day that litellm's list is of; of another version than the locked one, the latest that it can be of.

    A wheel does not say when it was built: the list of another version is at least as old as its installation.
    """
    if version("litellm") == LIST_OF[0]:
        return LIST_OF[1]
    import litellm

    return datetime.fromtimestamp(Path(litellm.__file__).stat().st_mtime, tz=UTC).date()


def warn_of_old_price(where: str, stated: str | None, *, today: date | None = None) -> None:
    """Warn where a price that will be counted by is older than half a year.

    Args:
        where: begins the line.
        stated: the day of a stated price; None for litellm's list.
        today: for tests.
    """
    today = today or datetime.now(UTC).date()
    day = date.fromisoformat(stated) if stated is not None else list_date()
    if (today - day).days > OLD_AFTER:
        what = "the stated prices are" if stated is not None else "litellm's list of prices is"
        mend = "prices.date" if stated is not None else "a newer litellm, or prices with their date"
        log.warning(
            "%s: %s of %s, over half a year old: the cost of a dry run and budget.usd may be wrong (%s)",
            *(where, what, day, mend),
        )


def warn_of_withdrawn(where: str, model: str, entry: Mapping[str, Any], *, today: date | None = None) -> None:
    """Warn where litellm's list says that a provider no longer offers a model.

    Args:
        where: begins the line.
        model: as it would be asked for.
        entry: what the list has of it.
        today: for tests.
    """
    last = entry.get("deprecation_date")
    today = today or datetime.now(UTC).date()
    if isinstance(last, str) and last <= today.isoformat():
        log.warning(
            "%s: %s was withdrawn on %s, as litellm's list says: replies that the journal holds stay valid, others need"
            " a model that exists (conf/llm)",
            *(where, model, last),
        )
