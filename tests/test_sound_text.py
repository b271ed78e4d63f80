import re

import pytest

from hypnos.sound_text import mend, mend_text

ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}


@pytest.mark.parametrize(
    "text",
    [
        r"按 0.1 \times 60 = 6 计算。",
        r"\frac{1}{2} 量，\beta 受体，\rho 与 \theta、\neq 0，\tau、\text{mg}",
        r"$\nu$ 与 \tan(x)、\to 和 \times",
        r"\begin{aligned}\bar{x}\end{aligned}",
    ],
)
def test_latex_that_json_read_as_escapes_is_put_back(text):
    broken = re.sub(r"\\([tnrbf])", lambda match: ESCAPES[match[1]], text)
    assert broken != text
    assert mend_text(broken) == text


@pytest.mark.parametrize(
    "text",
    [
        "一\t二\n三\r\n四",
        "\tan apple a day\ntop\nnot here\n\tto be",
        "第一\ttable\ttimescale\ntheory",
        "1\ttimes\n",
        "公式 $x$ 如下：\nu 为速度\ne 为电荷",
        "Vials cost $5 to $6 each.\ni. propofol\ne.g. 1%",
        r"\times 已经完整，\beta 亦然",
        "😀 μg ≤ ①",
        "",
    ],
)
def test_sound_text_is_the_very_same(text):
    assert mend_text(text) is text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("恶心\ud83d怎么办", "恶心\ufffd怎么办"),
        ("\ud83d\ude00", "😀"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("第一页\x0c第二页", "第一页\n第二页"),
        ("page\x0cIntroduction", "page\nIntroduction"),
        ("丙\x00泊\x07酚\x7f\x85\ufffe", "丙泊酚"),
        ("剂量\x1b[1m2 mg", "剂量[1m2 mg"),
    ],
)
def test_halves_and_controls_leave_text_that_can_be_kept(text, expected):
    assert mend_text(text) == expected
    assert mend_text(expected) is expected
    mend_text(text).encode()


def test_every_text_of_a_value_is_mended_and_a_sound_value_is_the_very_same():
    sound = {"a": ["文", {"b": 1, "c": None}], "d": True}
    assert mend(sound) is sound
    assert mend({"a\x00": ["\x08eta", {"b": "\ud83d"}], "d": 1}) == {"a": [r"\beta", {"b": "\ufffd"}], "d": 1}


@pytest.mark.parametrize(
    "sign", [chr(code) for code in (*range(9), 11, 12, *range(14, 32), 127, 0xD800, 0xDFFF, 0xFFFF)]
)
def test_no_control_character_and_no_half_is_left(sign):
    kept = mend_text(f"甲{sign}乙")
    assert sign not in kept
    assert kept.startswith("甲")
    assert kept.endswith("乙")
