"""Fixes the date that a chat template writes: tokens depend on what their key knows, and it knows no day."""

import json
import logging
import re
from datetime import date

from hypnos.errors import UserError

log = logging.getLogger(__name__)

DATE = date(2024, 7, 26)
"""What Llama 3's template writes where it can ask no clock."""

_CALL = re.compile(r"strftime_now\(\s*([\"'])(.*?)\1\s*\)")


def fix_date(template: str) -> str:
    """The template with `DATE` in the place of `strftime_now("…")`, today's date.

    Raises:
        UserError: it asks for today's date in a form that cannot be seen here.
    """
    fixed = _CALL.sub(lambda call: json.dumps(DATE.strftime(call[2]), ensure_ascii=False), template)
    if re.search(r"strftime_now\s*\(", fixed):
        raise UserError("template: strftime_now writes the day's date, in a form that cannot be fixed: give it as text")
    if fixed != template:
        log.warning("the chat template writes the day's date: it is fixed at %s, in training and in answers", DATE)
    return fixed
