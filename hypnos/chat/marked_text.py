"""An answer as HTML, with drugs and doses marked; what a model wrote is never markup."""

from collections.abc import Sequence
from html import escape

from hypnos.report.pages.highlights import Marker
from hypnos.specialty.drugs import Drug

TITLES = {
    "drug": "药物 drug",
    "dose-ok": "剂量在参考范围内 dose within its range",
    "dose-warn": "剂量超出参考范围 dose beyond its range",
    "dose-fault": "剂量相差悬殊 dose far from its range",
    "dose-unknown": "剂量无参考范围 dose without a range",
}
"""What each kind of mark says to who points at it."""

STYLE = """
.answer { white-space: pre-wrap; line-height: 1.7; min-height: 6em; }
.answer mark { background: none; color: inherit; border-bottom: 2px solid; border-radius: 2px; padding: 0 1px; }
.answer mark.drug { border-color: #4878a8; }
.answer mark.dose-ok { border-color: #3a8f5c; background: #3a8f5c22; }
.answer mark.dose-warn { border-color: #c98a1b; background: #c98a1b33; }
.answer mark.dose-fault { border-color: #c0392b; background: #c0392b44; font-weight: 600; }
.answer mark.dose-unknown { border-color: #888; border-bottom-style: dashed; }
.answer .writing { color: #888; }
"""


class MarkedText:
    """Writes answers as HTML by a specialty's drugs and dose windows."""

    def __init__(self, drugs: Sequence[Drug]) -> None:
        self._marker = Marker(drugs)

    def html(self, text: str, *, ended: bool) -> str:
        """A text with its marks; `ended` says whether more of it is to come."""
        parts, at = [], 0
        for start, end, kind in self._marker.marks(text):
            parts.append(escape(text[at:start]))
            parts.append(f'<mark class="{kind}" title="{TITLES[kind]}">{escape(text[start:end])}</mark>')
            at = end
        parts.append(escape(text[at:]))
        return f'<div class="answer">{"".join(parts)}{"" if ended else _WRITING}</div>'


_WRITING = '<span class="writing"> …</span>'


def legend() -> str:
    """What the marks mean, as HTML."""
    marks = " ".join(f'<mark class="{kind}">{title}</mark>' for kind, title in TITLES.items())
    return f'<div class="answer" style="min-height: 0">{marks}</div>'
