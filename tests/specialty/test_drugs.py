"""Windows of doses as a file gives them, and how far a value lies from one."""

from pathlib import Path

import pytest
import yaml

from hypnos.errors import UserError
from hypnos.specialty.drugs import Drug, Window, beyond, read_windows

SPECIALTY = Path(__file__).parents[2] / "specialty" / "anesthesia"
DRUGS = read_windows(SPECIALTY / "doses.yaml")


def test_every_drug_name_of_the_terms_is_known() -> None:
    terms = (SPECIALTY / "terms.txt").read_text(encoding="utf-8").split("# 药名以外")[0].splitlines()
    known = {name for drug in DRUGS for name in (drug.name, *drug.aliases)}
    assert {term for term in terms if term and not term.startswith("#")} <= known


def test_max_total_becomes_a_ceiling(tmp_path: Path) -> None:
    entry = {
        "name": "甲",
        "windows": [{"use": "一", "low": 1, "high": 2, "unit": "μg/kg/min", "max_total": "5 mg"}],
    }
    (tmp_path / "doses.yaml").write_text(yaml.safe_dump({"drugs": [entry]}), encoding="utf-8")
    (drug,) = read_windows(tmp_path / "doses.yaml")
    assert drug.windows[0].low == pytest.approx(0.06)
    assert drug.windows[0].high == pytest.approx(0.12)
    assert drug.windows[1] == Window("一, max_total", 0.0, 5.0, "mg")
    assert drug == Drug("甲", (), drug.windows)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("drugs: [", "drugs"),
        ("- a list", "drugs"),
        ("medicines: []", "drugs"),
        ("drugs: [{windows: []}]", r"drugs\[0\]\.name"),
        ("drugs: [{name: 甲}, {name: 乙, alias: [丙]}]", "乙.*alias"),
        ("drugs: [{name: 5}]", "5: name"),
        ("drugs: [{name: 甲, aliases: 乙}]", "甲: aliases"),
        ("drugs: [{name: 甲}, {name: 乙, aliases: [甲]}]", "乙: the name 甲 stands twice"),
        ("drugs: [{name: 甲, windows: [{use: 一, low: 1, high: 2}]}]", r"甲: windows\[0\]: .*unit"),
        ("drugs: [{name: 甲, windows: [{use: 一, low: 1, high: 2, unit: mmHg}]}]", "甲.*mmHg"),
        (
            "drugs: [{name: 甲, windows: [{use: 一, low: 3, high: 2, unit: mg}]}]",
            r"甲: windows\[0\]: 一: low 3, high 2",
        ),
        ("drugs: [{name: 甲, windows: [{use: 一, low: x, high: 2, unit: mg}]}]", "甲.*x"),
        (
            "drugs: [{name: 甲, windows: [{use: 一, low: 1, high: 2, unit: mg, max_total: 5}]}]",
            "甲.*max_total",
        ),
    ],
)
def test_a_bad_file_is_named_with_its_key(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "doses.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=rf"doses\.yaml: .*{message}") as caught:
        read_windows(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_a_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml"):
        read_windows(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("value", "distance"),
    [(1.0, 0), (2.5, 0), (5.0, 0), (5.2, 1), (0.5, 0), (0.4, 1), (0.1, 2), (9.0, 1), (10.0, 2)],
)
def test_tenfold_is_a_fault_and_twice_is_none(value: float, distance: int) -> None:
    assert beyond(value, Window("诱导", 1.0, 2.5, "mg/kg"), slack=2.0) == distance


def test_a_ceiling_has_no_slack() -> None:
    ceiling = Window("极量", 0.0, 3.0, "mg/kg")
    assert [beyond(value, ceiling, slack=2.0) for value in (0.01, 3.0, 3.5, 12.0)] == [0, 0, 1, 2]
