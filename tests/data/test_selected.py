"""A selection at reading: what training sees, and which keys it touches."""

import json
from pathlib import Path

import pytest

from hypnos.corpus.selection import Selection
from hypnos.corpus.sources import Source
from hypnos.data.datamodule import InstructionData
from hypnos.errors import UserError


def scored(number, grade, harm=0):
    aspects = dict.fromkeys(("coherence", "professionalism", "usefulness", "friendliness"), grade)
    scores = [{"scorer": "b", **aspects, "harmfulness": harm}]
    return {"id": f"{number}", "instruction": f"q{number}", "output": f"a{number}", "author": "a", "scores": scores}


@pytest.fixture
def make(tmp_path, tokenizer_folders, write_lines):
    rows = [scored(0, 9), scored(1, 7), scored(2, 4), scored(3, 9, harm=8)]
    rows += [{"id": "4", "instruction": "q4", "output": "a4", "author": "human"}]
    rows += [{"id": "5", "instruction": "q5", "output": "a5", "author": "a", "step": "clean", "reason": "truncated"}]
    path = write_lines("records.jsonl", rows)

    def make(selection, **more):
        data = InstructionData(
            sources={"s": Source(path), "other": Source(path)},
            selections={"s": selection} if selection else None,
            cache=str(tmp_path / "cache"),
            **{"max_length": 64, "row_length": 128, "rows_per_step": 2} | more,
        )
        return data.with_tokenizer(tokenizer_folders["plain"])

    return make


def counts(data):
    data.prepare_data()
    report = json.loads((data.directory / "report.json").read_text("utf-8"))["sources"]
    return report["s"]["records"], report["s"]["unselected"], report["other"]["records"]


@pytest.mark.parametrize(
    ("selection", "records", "unselected"),
    [
        (None, 6, {}),
        (Selection(), 3, {"coherence_low": 1, "harmfulness_high": 1, "truncated": 1}),
        (Selection(threshold=8), 2, {"below_threshold": 1, "coherence_low": 1, "harmfulness_high": 1, "truncated": 1}),
        (Selection(scorers="none"), 5, {"truncated": 1}),
        (Selection(scorers="none", rejected=True), 6, {}),
        (Selection(scorers="self"), 1, {"unscored": 4, "truncated": 1}),
        (Selection(random=True), 3, {"not_drawn": 2, "truncated": 1}),
    ],
)
def test_what_passes_is_what_is_encoded(make, selection, records, unselected):
    assert counts(make(selection)) == (records, unselected, 6)


def test_what_is_not_selected_is_no_fault_of_the_source(make):
    assert counts(make(Selection(scorers="self")))[0] == 1  # five of six stay out, and max_rejected is 5 %


def test_the_selection_is_part_of_the_key(make):
    assert make(Selection()).key() != make(Selection(threshold=8)).key()
    assert make(Selection(threshold=8)).key() == make(Selection(threshold=8.0)).key()
    assert "selections" not in make(None).key()  # data prepared before there were selections keep their key


def test_a_selection_for_a_source_that_is_not_there(tmp_path: Path):
    with pytest.raises(UserError, match=r"data\.selections t"):
        InstructionData(
            sources={"s": Source("x")},
            selections={"t": Selection()},
            cache="c",
            max_length=8,
            row_length=8,
            rows_per_step=1,
        )
