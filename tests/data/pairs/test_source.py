"""What is wrong with a pair is told with its line, before anybody asks whether its margin is wanted."""

import json

import pytest

from hypnos.data.datamodule import InstructionData
from hypnos.data.pairs.datamodule import PreferenceData
from hypnos.data.pairs.source import AnswerSource, PairSource
from hypnos.errors import UserError


def pair(number: int, **fields) -> dict:
    return {"instruction": f"第{number}问？", "chosen": "使骨骼肌松弛。", "rejected": "药。", **fields}


def scored(number: int, high: float, low: float, **fields) -> dict:
    return pair(number, score_chosen=high, score_rejected=low, **fields)


@pytest.fixture(params=[PairSource, AnswerSource])
def prepare(request, tmp_path, tokenizer_folders):
    """Prepares a file of pairs for a stage on both answers or on the better ones, and returns the source's report."""
    module = {PairSource: PreferenceData, AnswerSource: InstructionData}[request.param]

    def run(rows, **settings):
        file = tmp_path / "pairs.jsonl"
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        sources = {"preferences": request.param(str(file), **settings)}
        fixed = {"max_length": 200, "row_length": 200, "rows_per_step": 2, "cache": str(tmp_path / "cache")}
        data = module(sources=sources, **fixed).with_tokenizer(tokenizer_folders["plain"])
        data.prepare_data()
        return data.report()["sources"]["preferences"]

    return run


SAME = "使骨骼肌松弛。"
OFF = "lies outside the scale from 0 to 10"
TWO = {"question": "问？", "answer_a": "甲", "answer_b": "乙"}
BAD = {
    "no side and no scores": (pair(1, rejected=None), "a pair needs chosen and rejected: no rejected"),
    "no side and equal scores": (scored(1, 8, 8, rejected=None), "a pair needs chosen and rejected: no rejected"),
    "equal texts and equal scores": (scored(1, 8, 8, rejected=SAME), "chosen and rejected are the same text"),
    "equal texts and no scores": (pair(1, rejected=SAME), "chosen and rejected are the same text"),
    "off the scale by less than the margin": (scored(1, 11, 10.5), f"score_chosen 11 {OFF}"),
    "below the scale": (TWO | {"score_a": 0, "score_b": -0.5}, f"score_b -0.5 {OFF}"),
    "no number": (scored(1, "9", 4), "score_chosen must be a number, not '9'"),
    "one score of two": (TWO | {"score_a": 3}, "two scored answers need score_b"),
    "the worse one chosen": (scored(1, 4, 4.5), "neither answer is the better one: the margin is -0.5"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_pair_is_refused_with_its_line_whatever_its_margin(prepare, name):
    row, reason = BAD[name]
    with pytest.raises(UserError) as caught:
        prepare([scored(0, 9, 4), row])
    assert f"pairs.jsonl:2: {reason} (1 of 2 rows of this file are unusable; max_rejected is 0.05)" in str(caught.value)


def test_a_pair_that_nobody_scored_is_refused_with_its_line_and_what_takes_it(prepare):
    rows = [scored(0, 9, 4), pair(1)]
    with pytest.raises(UserError, match=r"pairs\.jsonl:2: no margin: .*; sources\.preferences\.least_margin=0 takes"):
        prepare(rows)
    assert prepare(rows, least_margin=0)["records"] == 2


def test_as_many_bad_pairs_as_allowed_stand_in_the_report_with_their_lines(prepare):
    rows = [*(scored(number, 9, 4) for number in range(37)), scored(37, 11, 10.5), pair(38), scored(39, 8, 7.5)]
    report = prepare(rows)
    assert (report["records"], report["unselected"]) == (37, {"margin below 1": 1})
    assert [example["where"].rpartition(":")[2] for example in report["examples"]] == ["38", "39"]
    assert sum(report["rejected"].values()) == 2


def test_a_sound_pair_with_too_small_a_margin_is_not_selected(prepare):
    rows = [scored(0, 9, 4), scored(1, 7, 6.5), scored(2, 6, 6), scored(3, 8, 7), pair(4, margin=0.9)]
    report = prepare(rows)
    assert (report["records"], report["unselected"], report["rejected"]) == (2, {"margin below 1": 3}, {})


def test_where_any_margin_is_wanted_equals_have_no_better_one(prepare):
    with pytest.raises(UserError, match=r"pairs\.jsonl:2: neither answer is the better one: the margin is 0"):
        prepare([scored(0, 9, 4), TWO | {"score_a": 8.5, "score_b": 8.5}], least_margin=0)
