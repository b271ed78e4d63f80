"""Reads what stands in one field of a row as text; what is no text is refused, and never written out as Python does."""

import math
from typing import Any


def cell_text(value: Any) -> str:
    """Text without blanks around it; nothing for None and for the nan of tables that passed through pandas.

    Whole numbers are written without a decimal point, since tables make 5.0 of a 5 beside an empty cell.

    Raises:
        ValueError: a list, an object, true or false, or an infinite number.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float):
        kinds = {"dict": "an object", "list": "a list", "tuple": "a list", "bool": "true or false"}
        name = type(value).__name__
        raise ValueError(f"must be text, not {kinds.get(name, name)}")
    if math.isinf(value):
        raise ValueError("must be text, not an infinite number")
    return f"{int(value)}" if value == int(value) else f"{value!r}"
