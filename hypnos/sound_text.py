r"""Mends what a text lost on its way here: halves of signs, control characters, LaTeX that was read as escapes.

JSON reads `\times` as a tab and `imes`, `\frac` as a form feed and `rac`, `\beta` as a backspace and `eta`. No text has
these by intention, so the commands are put back. Everything that becomes a record passes through here.
"""

import re
from typing import Any

_SUSPECT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]|[\t\n](?=[a-z])|\r(?=[a-z])", re.DOTALL
)
_SURE = {
    "\t": "times|text|textbf|textit|textrm|tau|theta|tfrac|triangle|therefore|tilde|tanh",
    "\n": "nabla|notin|neq|nleq|ngeq|nonumber|nolimits",
    "\r": "rho|right|rightarrow|rangle|rceil|rfloor",
    "\x08": "[a-z]+",
    "\x0c": "frac|forall|flat|frown|fbox",
}
"""Commands by the escape that their beginning is taken for: what is left of them is no word of a text."""
_AMONG_OTHERS = {"\t": "to|tan|top", "\r": "rm"}
_IN_FORMULA = {"\n": "nu|ne|ni|neg|not"}
"""The same where it may be one, as `an` of `\tan`: put back only in a text that has other LaTeX.

A line's end is common, so that it is taken for a command only within a formula.
"""
_LETTERS = {"\t": "t", "\n": "n", "\r": "r", "\x08": "b", "\x0c": "f"}
_FORMULA = re.compile(r"\$[^$]{1,300}\$|\\\(.{1,300}?\\\)|\\\[.{1,1000}?\\\]", re.DOTALL)
_LATEX = re.compile(r"\\[a-zA-Z]{2,}|\$[^$\n]+\$|\\[(\[]")
_PAGE = re.compile("[\x0b\x0c]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


def _commands(names: dict[str, str]) -> re.Pattern[str]:
    """Escapes that stand where a command of theirs began, up to where its name ends."""
    ways = []
    for sign, commands in names.items():
        rest = "|".join(name if name.startswith("[") else name[1:] for name in commands.split("|"))
        ways.append(f"{re.escape(sign)}(?=(?:{rest})(?![a-zA-Z]))")
    return re.compile("|".join(ways))


_SURE_COMMANDS, _OTHER_COMMANDS, _COMMANDS_IN_FORMULA = map(_commands, (_SURE, _AMONG_OTHERS, _IN_FORMULA))


def mend_text(text: str) -> str:
    """A text that UTF-8 can hold and in which every sign can be seen; the text itself where it is sound.

    Halves of a sign are joined, and one without the other becomes U+FFFD; LaTeX commands are put back; a form feed
    becomes a line's end, and other control characters go.
    """
    if _SUSPECT.search(text) is None:
        return text
    mended = mend_surrogates(text)
    mended = _SURE_COMMANDS.sub(_put_back, mended)
    if _LATEX.search(mended):
        mended = _OTHER_COMMANDS.sub(_put_back, mended)
        mended = _FORMULA.sub(lambda formula: _COMMANDS_IN_FORMULA.sub(_put_back, formula[0]), mended)
    mended = _CONTROLS.sub("", _PAGE.sub("\n", mended))
    return text if mended == text else mended


def mend_surrogates(text: str) -> str:
    """Join the halves of signs that were written apart, and put U+FFFD in place of a half without the other."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def mend(value: Any) -> Any:
    """Mend every text in a value of JSON; the value itself where all of them are sound."""
    if isinstance(value, str):
        return mend_text(value)
    if isinstance(value, list):
        parts = [mend(part) for part in value]
        return value if all(new is old for new, old in zip(parts, value, strict=True)) else parts
    if isinstance(value, dict):
        pairs = {mend(name): mend(part) for name, part in value.items()}
        same = all(a is b and pairs[a] is value[b] for a, b in zip(pairs, value, strict=False))
        return value if same and len(pairs) == len(value) else pairs
    return value


def _put_back(match: re.Match[str]) -> str:
    return "\\" + _LETTERS[match[0]]
