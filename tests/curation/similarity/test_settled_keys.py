"""Keys that were settled in files find the same copies as keys in memory, by rows and by blocks."""

import random
import tracemalloc

import orjson
import pytest

from hypnos.curation.pipeline import block_work
from hypnos.curation.pipeline.blocks import run_blocks
from hypnos.curation.similarity import deduplicate, minhash_index, seen_records
from hypnos.curation.similarity.deduplicate import Deduplicate, DeduplicateBlocks

SIGNS = "麻醉手术血压心率呼吸监测药物剂量患者诱导维持苏醒镇痛禁食气道插管肌松拮抗输液体温风险评估准备处理"


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Few rows to a batch, few batches to a block, few parts to a file."""
    for module in ("hypnos.corpus.likeness.ngrams", "hypnos.curation.similarity.deduplicate"):
        monkeypatch.setattr(f"{module}.ROWS", 60)
    monkeypatch.setattr(block_work, "BLOCK", 9_000)
    monkeypatch.setattr(minhash_index, "FINE_BITS", 2)


@pytest.fixture
def rows():
    """1,500 records, 400 of them copies that stand anywhere, and a form letter that a hundred share most of."""
    rng = random.Random(0)
    texts = ["".join(rng.choices(SIGNS, k=rng.randint(30, 90))) for _ in range(1000)]
    for text in rng.sample(texts, 400):
        at = rng.randrange(len(text))
        texts.append(text[:at] + rng.choice(SIGNS) + text[at + 1 :])
    letter = "".join(rng.choices(SIGNS, k=80))
    texts += [letter + "".join(rng.choices(SIGNS, k=25)) for _ in range(100)]
    rng.shuffle(texts)
    return [{"id": f"{n}", "instruction": "问", "input": "", "output": text} for n, text in enumerate(texts)]


def by_rows(step, rows):
    rejected = []
    kept = list(step.run(rows, lambda row, why: rejected.append(row | {"step": step.name, "reason": why})))
    return kept, rejected


def by_blocks(step, file, folder):
    folder.mkdir()
    work = step.block_work(file)
    run_blocks(step.name, work, file, folder)
    return work, [
        [orjson.loads(line) for line in (folder / name).read_bytes().splitlines()]
        for name in ("kept.jsonl", "rejected.jsonl")
    ]


@pytest.mark.parametrize(("stretch", "looks"), [(200, 64), (100, 3)])
def test_where_keys_lie_decides_nothing(rows, tmp_path, monkeypatch, stretch, looks):
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
    expected = by_rows(Deduplicate(), rows)
    assert 350 < len(expected[1]) <= 500
    monkeypatch.setattr(seen_records, "STRETCH", stretch)
    monkeypatch.setattr(seen_records, "LOOKS", looks)
    assert by_rows(Deduplicate(), rows) == expected
    work, made = by_blocks(Deduplicate(), file, tmp_path / "blocks")
    assert tuple(made) == expected
    index = work._seen.index
    in_memory = sum(len(keys) for run in index._runs for keys, _ in run)
    assert sum(run.length for run in index._settled) > 2 * in_memory
    assert len(index._settled) < 5  # runs in files are joined as well


def test_a_run_killed_between_settled_keys_goes_on_to_the_same(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(seen_records, "STRETCH", 200)
    file, folder = tmp_path / "rows.jsonl", tmp_path / "broken"
    file.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
    _, whole = by_blocks(Deduplicate(), file, tmp_path / "whole")
    folder.mkdir()
    sift, calls = DeduplicateBlocks._sift, iter(range(1000))

    def until_killed(self, batch, settled):
        if next(calls) in (7, 15, 16):
            raise KeyboardInterrupt
        return sift(self, batch, settled)

    monkeypatch.setattr(deduplicate.DeduplicateBlocks, "_sift", until_killed)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            run_blocks("deduplicate", Deduplicate().block_work(file), file, folder)
    run_blocks("deduplicate", Deduplicate().block_work(file), file, folder)
    for name, lines in zip(("kept.jsonl", "rejected.jsonl"), whole, strict=True):
        assert [orjson.loads(line) for line in (folder / name).read_bytes().splitlines()] == lines
    assert sorted(path.name for path in folder.iterdir()) == ["kept.jsonl", "rejected.jsonl"]


def test_memory_does_not_grow_with_the_records(tmp_path, monkeypatch):
    monkeypatch.setattr(seen_records, "STRETCH", 1000)
    rng = random.Random(0)
    file = tmp_path / "rows.jsonl"
    with file.open("wb") as stream:
        for number in range(10_000):
            row = {"id": f"{number}", "instruction": "问", "input": "", "output": "".join(rng.choices(SIGNS, k=40))}
            stream.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    peaks = []
    look_back = seen_records.SeenRecords.look_back

    def measured(self, keys):
        tracemalloc.reset_peak()
        pairs = look_back(self, keys)
        peaks.append(tracemalloc.get_traced_memory()[1])
        return pairs

    monkeypatch.setattr(seen_records.SeenRecords, "look_back", measured)
    tracemalloc.start()
    try:
        by_blocks(Deduplicate(), file, tmp_path / "blocks")
    finally:
        tracemalloc.stop()
    first, *later, _ = peaks  # the last one looks up what is left
    assert len(later) >= 5 and max(later) < 1.1 * first
