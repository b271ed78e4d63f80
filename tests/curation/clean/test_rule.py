"""Texts of a row, rewriting them, and the key of a rule."""

from dataclasses import dataclass
from pathlib import Path

from hypnos.artefacts.keys import file_key
from hypnos.curation.clean.rule import DrugRule, Rule, question_of, rewrite, text_of
from hypnos.specialty.doses import VERSION

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Longest(Rule):
    most: int = 3
    fields: tuple[str, ...] = ("output",)
    _seen: int = 0

    def check(self, row):
        return "long" if len(text_of(row, "output")) > self.most else None


@dataclass(frozen=True, kw_only=True)
class Named(DrugRule):
    def check(self, row):
        return None


def test_what_is_no_text_counts_as_none():
    assert text_of({"output": None}, "output") == text_of({"output": 5}, "output") == text_of({}, "output") == ""
    assert question_of({"instruction": "问", "input": "材料"}) == "问\n材料"
    assert question_of({"instruction": "问"}) == "问"


def test_every_text_is_rewritten_or_the_row_stays():
    row = {"id": "ab", "instruction": "ab", "output": None, "history": [["a", "b"], ["c", None]]}
    assert rewrite(row, str.upper) == {
        "id": "ab",
        "instruction": "AB",
        "output": None,
        "history": [["A", "B"], ["C", None]],
    }
    assert rewrite(row, str.lower) is None
    assert row["instruction"] == "ab"


def test_the_key_holds_the_class_and_its_settings():
    assert Longest().key() == {"rule": "Longest", "most": 3, "fields": ["output"]}


def test_a_rule_about_drugs_is_known_by_the_content_of_its_files():
    rule = Named(specialty="anesthesia", root=str(ROOT))
    assert rule.key() == {
        "rule": "Named",
        "FILES": ["doses.yaml"],
        "doses": VERSION,  # of the reader of doses
        "doses.yaml": file_key(ROOT / "specialty/anesthesia/doses.yaml"),
    }
    assert "丙泊酚" in {drug.name for drug in rule.drugs}
