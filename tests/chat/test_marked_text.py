import re
from pathlib import Path

import pytest

from hypnos.chat.marked_text import MarkedText, legend
from hypnos.specialty.drugs import read_windows

DRUGS = Path(__file__).parents[2] / "specialty/anesthesia/doses.yaml"


@pytest.fixture(scope="module")
def marked():
    return MarkedText(read_windows(DRUGS))


def marks(html: str) -> list[tuple[str, str]]:
    return re.findall(r'<mark class="([\w-]+)"[^>]*>(.*?)</mark>', html)


def test_drugs_and_doses_are_marked_by_how_far_off_they_are(marked):
    html = marked.html("丙泊酚 2 mg/kg，罗库溴铵 60 mg/kg。", ended=True)
    assert marks(html) == [
        ("drug", "丙泊酚"),
        ("dose-ok", "2 mg/kg"),
        ("drug", "罗库溴铵"),
        ("dose-fault", "60 mg/kg"),
    ]


def test_what_a_model_writes_is_never_markup(marked):
    html = marked.html("<script>alert(1)</script> 丙泊酚 & <b>2 mg/kg</b>", ended=False)
    assert "<script" not in html and "<b>" not in html and "&lt;script&gt;" in html and "…" in html
    assert ("drug", "丙泊酚") in marks(html)
    assert re.sub(r"<[^>]+>", "", marked.html("a < b", ended=True)) == "a &lt; b"


def test_the_legend_shows_every_kind_of_mark(marked):
    assert [kind for kind, _ in marks(legend())] == ["drug", "dose-ok", "dose-warn", "dose-fault", "dose-unknown"]
