"""An epoch of so many learnt tokens or characters, and of each source by its weight."""

import numpy as np
import pytest

from hypnos.corpus.sources import Source
from hypnos.data.datamodule import InstructionData
from hypnos.errors import UserError


def prepared(data):
    data.prepare_data()
    return data


@pytest.fixture
def make(tmp_path, tokenizer_folders, write_lines):
    rows = [
        {"id": f"r{n}", "instruction": f"q{n}", "output": "的" * (3 + n % 5), "group": f"g{n // 2}"} for n in range(40)
    ]
    path = write_lines("records.jsonl", rows)

    def make(tokenizer="plain", **more):
        settings = {"max_length": 64, "row_length": 128, "rows_per_step": 2, **more}
        data = InstructionData(sources={"s": Source(path, holdout=0.3)}, cache=str(tmp_path / "cache"), **settings)
        data = data.with_tokenizer(tokenizer_folders[tokenizer])
        data.prepare_data()
        return data

    return make


@pytest.mark.parametrize("budget", [20, 400, 2000])
def test_an_epoch_has_the_learnt_tokens_asked_for_to_within_one_document(make, budget):
    rows = make(learnt_tokens=budget).train_rows
    longest = make(packing="none").train_rows.loss_tokens.max()
    assert budget <= rows.loss_tokens.sum() < budget + longest


def test_few_records_are_seen_over_and_over_and_evenly(make):
    whole = make().train_rows
    total = int(whole.loss_tokens.sum())
    seen = np.bincount(make(learnt_tokens=3 * total).train_rows.packing.documents)
    assert set(seen[np.unique(whole.packing.documents)]) == {3}


def test_a_budget_of_characters_draws_the_same_documents_in_every_vocabulary(make):
    def chosen(tokenizer, **budget):
        return sorted(make(tokenizer, **budget).train_rows.packing.documents.tolist())

    assert chosen("plain", learnt_characters=90) == chosen("chatml", learnt_characters=90)
    assert chosen("plain", learnt_tokens=60) != chosen("chatml", learnt_tokens=60)
    rows = make("chatml", learnt_characters=90).train_rows
    assert 90 <= sum(rows.documents[rows.packing.documents]["characters"].to_pylist()) < 90 + 7


def test_the_draw_depends_on_the_seed_alone(make):
    def chosen(seed):
        return sorted(make(learnt_tokens=60, seed=seed).train_rows.packing.documents.tolist())

    assert chosen(1) == chosen(1) != chosen(2)


def test_the_budget_is_part_of_the_key_only_where_there_is_one(make):
    assert "learnt_tokens" not in make().key()
    assert make(learnt_tokens=9).key() != make().key()
    assert make(learnt_tokens=9).documents_key() == make().documents_key()  # nothing is encoded anew
    assert make(learnt_characters=9).key() != make(learnt_tokens=9).key()
    for wrong in ({"learnt_tokens": 0}, {"learnt_characters": 0}, {"learnt_tokens": 9, "learnt_characters": 9}):
        with pytest.raises(UserError, match="learnt_tokens and learnt_characters"):
            make(**wrong)


def test_an_epoch_sees_each_source_as_often_as_its_weight_says(make_data, write_lines, pairs) -> None:
    sources = [Source(write_lines(f"{number}.jsonl", pairs(10, f"x{number}"))) for number in range(4)]
    data = prepared(make_data(*sources, weights={"s0": 2, "s1": 0.5, "s3": 1.3}))
    counts = np.bincount(data.train_rows.packing.documents, minlength=40).reshape(4, 10)
    assert counts[0].tolist() == [2] * 10
    assert sorted(counts[1].tolist()) == [0] * 5 + [1] * 5
    assert counts[2].tolist() == [1] * 10
    assert sorted(counts[3].tolist()) == [1] * 7 + [2] * 3
