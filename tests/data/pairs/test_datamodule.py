import json

import numpy as np
import pytest
import torch

from hypnos.data.datamodule import InstructionData
from hypnos.data.pairs.datamodule import PreferenceData
from hypnos.data.pairs.source import AnswerSource, PairSource
from hypnos.errors import UserError


def pair(number: int, **fields) -> dict:
    answer = "使骨骼肌松弛的药物。" * (1 + number % 3)
    return {"id": f"p{number}", "instruction": f"第{number}问？", "chosen": answer, "rejected": "一种药。", **fields}


@pytest.fixture
def make(tmp_path, tokenizer_folders):
    def write(rows: list[dict], *, source=None, **settings) -> PreferenceData:
        file = tmp_path / "pairs.jsonl"
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        read = PairSource(str(file), **{"least_margin": 0, **(source or {})})
        fixed = {"max_length": 200, "row_length": 200, "rows_per_step": 2, "cache": str(tmp_path / "cache")}
        data = PreferenceData(sources={"pairs": read}, **fixed | settings).with_tokenizer(tokenizer_folders["plain"])
        data.prepare_data()
        return data

    return write


def test_a_row_holds_whole_pairs_the_chosen_one_first(make):
    data = make([pair(number) for number in range(9)])
    seen = []
    for row in data.in_order(data.every_pair):
        documents = row["documents"].view(-1, 2)
        assert (documents[:, 0] % 2 == 0).all() and (documents[:, 1] == documents[:, 0] + 1).all()
        assert len(row["cu_seqlens"]) == 2 * len(documents) + 1
        assert (row["pair_characters"][:, 0] > row["pair_characters"][:, 1]).all()
        assert row["pairs_counted"] == 1
        seen += documents[:, 0].tolist()
    assert sorted(seen) == list(range(0, 18, 2))


def test_a_step_knows_its_pairs_over_all_rows(make):
    data = make([pair(number) for number in range(9)])
    rows = list(data.train_dataloader())
    steps = [rows[start : start + 2] for start in range(0, len(rows), 2)]
    for step in steps:
        pairs = sum(len(row["documents"]) // 2 for row in step)
        assert {int(row["step_pairs"]) for row in step} == {pairs}
        assert {int(row["step_tokens"]) for row in step} == {sum(len(row["labels"]) for row in step)}
    assert sum(int(step[0]["step_pairs"]) for step in steps) == 9


def test_a_pair_longer_than_a_row_has_a_row_of_its_own(make):
    data = make([pair(number) for number in range(6)], row_length=200, max_length=200)
    longest = {**pair(9), "chosen": "使骨骼肌松弛的药物。" * 5, "rejected": "是一种麻醉时用的药。" * 5}
    data = make([longest, pair(1)], row_length=200, max_length=200)
    rows = list(data.in_order(data.every_pair))
    assert [len(row["documents"]) for row in rows] == [2, 2]
    assert max(row["input_ids"].shape[1] for row in rows) > 200


def test_a_row_that_evens_out_ranks_counts_for_nothing(make):
    data = make([pair(number) for number in range(3)])
    row = data.every_pair[-1, (5, 2)]
    assert row["pairs_counted"] == 0 and len(row["labels"]) > 0


def test_pairs_that_scores_hardly_tell_apart_are_left_out_and_counted(make):
    scores = [(9, 4), (7, 6.5), (6, 6), (8, 7)]
    rows = [pair(i, score_chosen=a, score_rejected=b) for i, (a, b) in enumerate(scores)]
    data = make(rows, source={"least_margin": 1})
    assert len(data.every_pair.documents) == 4
    assert data.report()["sources"]["pairs"]["unselected"] == {"margin below 1": 2}


def test_more_bad_pairs_than_allowed_stop_with_the_first_ones_line(make, tmp_path):
    with pytest.raises(UserError, match=r"pairs.jsonl:2: chosen and rejected are the same text \(1 of 3 rows"):
        make([pair(0), {**pair(1), "rejected": pair(1)["chosen"]}, pair(2)])


def test_held_out_pairs_are_measured_and_not_trained_on(make):
    data = make([pair(number) for number in range(40)], source={"holdout": 0.3})
    held_out = list(data.val_dataloader())
    pairs = sum(len(row["documents"]) // 2 for row in held_out)
    assert 4 < pairs < 20 and pairs + len(data.every_pair.documents) // 2 == 40
    names = data.held_out_documents()["records"]
    assert names[::2] == names[1::2], "both sides of a pair have its name"


def test_shares_and_repeats_are_of_pairs(make):
    data = make([pair(number) for number in range(8)], weights={"pairs": 1.5})
    documents = data.train_rows.packing.documents.reshape(-1, 2)
    assert len(documents) == 12 and (documents[:, 1] == documents[:, 0] + 1).all()
    assert len(np.unique(documents)) == 16
    assert torch.equal(
        data.train_rows[0, (1, 1)]["documents"] % 2, torch.tensor([0, 1] * (len(data.train_rows.packing[0]) // 2))
    )


def test_the_margin_and_the_scale_are_part_of_the_key(tmp_path):
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps(pair(0)), "utf-8")
    keys = [PairSource(str(file), **more).key() for more in ({}, {"least_margin": 2.0}, {"scale": (0, 5)})]
    assert len(set(keys)) == 3
    assert PairSource(str(file), least_margin=1).key() == keys[0]
    with pytest.raises(UserError, match="scale"):
        PairSource(str(file), scale=(10, 0))


def test_better_answers_alone_are_learnt_as_instructions_of_the_same_groups(tmp_path, tokenizer_folders):
    file = tmp_path / "pairs.jsonl"
    rows = [pair(number, margin=1 + number % 2) for number in range(20)]
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    pairs, chosen = (kind(str(file), least_margin=2.0, holdout=0.3) for kind in (PairSource, AnswerSource))
    assert pairs.key() != chosen.key()
    fixed = {"max_length": 200, "row_length": 200, "rows_per_step": 2, "cache": str(tmp_path / "cache")}
    data = InstructionData(sources={"pairs": chosen}, **fixed).with_tokenizer(tokenizer_folders["plain"])
    data.prepare_data()
    kept = [one for row in rows if row["margin"] == 2 for one in pairs.records(row, "pairs", lambda what: None)]
    trained = [one for one in kept if not pairs.holds_out(one)]
    assert 0 < len(trained) < len(kept) == 10
    assert len(data.train_rows.documents) == len(trained)
