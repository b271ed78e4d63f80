"""Says which places a specialty's prompts have, and checks a prompt's text before anything is asked with it."""

import string
from pathlib import Path

from hypnos.errors import UserError

_KINDS = ("topic", "task", "difficulty", "audience")
_RECORD = ("instruction", "input", "output", "fence", "code", "aspects", "keys")
_WRITING = ("count", "examples", "existing", *_KINDS, *(f"{kind}_holds" for kind in _KINDS))
_JUDGED = ("material", "aspects", "format", "low", "high")

PLACES = {
    **dict.fromkeys(("generate", "generate_fixed_first"), _WRITING),
    "documents": ("count", "fence", "passage"),
    "explain": ("answer", "fence", "passage"),
    "answer": ("instruction", "input", "audience", "fence"),
    "score": _RECORD,
    "score_aspect": _RECORD,
    "judge_absolute": _JUDGED,
    "judge_pairwise": _JUDGED,
    "judge_reference": _JUDGED,
    **{f"{name}_system": () for name in ("generate", "documents", "explain", "answer", "score", "judge")},
}
"""By prompt, what is filled in beside `$specialty`."""

NEEDED = {
    **dict.fromkeys(("generate", "generate_fixed_first"), ("count",)),
    "documents": ("passage",),
    "explain": ("passage", "answer"),
    "answer": ("instruction",),
    **dict.fromkeys(("score", "score_aspect"), ("code", "output")),
    **dict.fromkeys(("judge_absolute", "judge_pairwise", "judge_reference"), ("material",)),
}
"""By prompt, places without which no reply could be of use: the record itself, the code that its scores must repeat."""


def check_places(file: Path, text: str) -> None:
    """Refuse a prompt with a place that nothing fills, or without one that it needs; other prompts are left alone.

    Args:
        file: named as the prompt is.
        text: what stands in it.

    Raises:
        UserError: names the file and the place.
    """
    if file.stem not in PLACES:
        return
    known = {"specialty", *PLACES[file.stem]}
    listed = f"the places are {', '.join(f'${place}' for place in sorted(known))}"
    template = string.Template(text)
    if not template.is_valid():
        raise UserError(f"{file}: a $ that begins no place must be written $$; {listed}")
    places = set(template.get_identifiers())
    for place in sorted(places - known):
        raise UserError(f"{file}: '{place}' is filled by nothing; {listed}")
    for place in NEEDED.get(file.stem, ()):
        if place not in places:
            raise UserError(f"{file}: needs the place ${place}; {listed}")
