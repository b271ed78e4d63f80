"""Steps as artefacts: made once, whole or not at all, everything accounted for."""

from dataclasses import dataclass, field

import pytest

from hypnos.curation.pipeline.run_steps import check_order, run_steps
from hypnos.curation.pipeline.step import Step
from hypnos.errors import UserError


@dataclass
class Numbers(Step):
    """Makes rows; those above `most` are rejected."""

    count: int = 5
    most: int = 3
    name: str = "read"
    runs: list = field(default_factory=list)
    dies_at: int | None = None

    def key(self):
        return {"count": self.count, "most": self.most}

    def run(self, rows, reject):
        self.runs.append(1)
        for number in range(self.count):
            if number == self.dies_at:
                raise KeyboardInterrupt
            row = {"id": str(number), "author": "ab"[number % 2], "topic": "airway"}
            if number > self.most:
                reject(row, "too_many")
            else:
                yield row


@dataclass
class Twice(Step):
    """Reads its rows twice, as a step does that asks two models."""

    name: str = "twice"
    mark: str = "!"
    runs: list = field(default_factory=list)

    def key(self):
        return {"mark": self.mark}

    def run(self, rows, reject):
        self.runs.append(1)
        total = sum(1 for _ in rows)
        for row in rows:
            yield {**row, "of": total, "mark": self.mark}

    def notes(self):
        return {"spend": {"m": {"usd": 0.5}}}


def run(tmp_path, *steps):
    return list(run_steps(steps, artefacts=tmp_path))


def test_rows_pass_and_everything_is_accounted_for(tmp_path):
    first, second = run(tmp_path, Numbers(), Twice())
    assert [row["id"] for row in second.kept] == ["0", "1", "2", "3"]
    assert {row["of"] for row in second.kept} == {4}
    assert [(row["id"], row["step"], row["reason"]) for row in first.rejected] == [("4", "read", "too_many")]
    counts = first.counts()
    assert (counts["in"], counts["out"], counts["rejected"]) == (5, 4, {"too_many": 1})
    assert (counts["authors"], counts["topics"]) == ({"a": 2, "b": 2}, {"airway": 4})
    assert second.counts()["notes"] == {"spend": {"m": {"usd": 0.5}}}


def test_what_exists_is_reused_and_what_changed_is_made_again(tmp_path):
    numbers, twice, other = Numbers(), Twice(), Twice(mark="?")
    first = run(tmp_path, numbers, twice)
    again = run(tmp_path, numbers, twice)
    assert (len(numbers.runs), len(twice.runs)) == (1, 1)
    assert [m.directory for m in first] == [m.directory for m in again]
    run(tmp_path, numbers, other)
    assert (len(numbers.runs), len(other.runs)) == (1, 1)


def test_the_same_rows_need_no_work_twice_whoever_made_them(tmp_path):
    twice = Twice()
    run(tmp_path, Numbers(count=4, most=9), twice)
    run(tmp_path, Numbers(count=5, most=3), twice)
    assert len(twice.runs) == 1


def test_a_step_that_breaks_off_leaves_nothing_and_is_made_again(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Numbers(dies_at=2))
    assert not [p for p in (tmp_path / "curation").iterdir() if p.is_dir()]
    (artefact,) = run(tmp_path, Numbers())
    assert len(list(artefact.kept)) == 4


def test_artefacts_are_the_same_bytes_again(tmp_path):
    for folder in ("a", "b"):
        run(tmp_path / folder, Numbers(), Twice())
    files = [sorted(p for p in (tmp_path / f).rglob("*.json*")) for f in ("a", "b")]
    assert [p.relative_to(tmp_path / "a") for p in files[0]] == [p.relative_to(tmp_path / "b") for p in files[1]]
    assert len(files[0]) == 6
    assert [p.read_bytes() for p in files[0]] == [p.read_bytes() for p in files[1]]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["clean"], "clean needs records: choose an input"),
        (["read", "generate"], "generate makes its own records and must be the first"),
        (["read", "clean", "clean"], "clean stands twice"),
    ],
)
def test_an_order_that_cannot_work_is_refused(names, message):
    with pytest.raises(UserError, match=message):
        check_order([Twice(name=name) for name in names])
    check_order([Twice(name=name) for name in ("generate", "clean", "select")])


def test_a_step_that_an_earlier_version_made_of_failed_requests_is_made_again(tmp_path):
    step = Numbers()
    (made,) = run_steps([step], artefacts=tmp_path)
    aside = made.directory / "rejected.jsonl"
    sound = aside.read_bytes()
    for detail, runs in (
        ("one: unreadable", 1),
        ("one: refused: content filter: no", 1),
        ("one: refused: bad request: x", 2),
    ):
        aside.write_bytes(sound.replace(b'"step"', f'"detail":"{detail}","step"'.encode(), 1))
        list(run_steps([step], artefacts=tmp_path))
        assert len(step.runs) == runs
    assert aside.read_bytes() == sound


def test_a_step_that_an_earlier_version_kept_damaged_text_in_is_made_again(tmp_path, caplog):
    step = Numbers()
    (artefact,) = run_steps([step], artefacts=tmp_path)
    kept = artefact.directory / "kept.jsonl"
    sound = kept.read_bytes()
    for text, damaged in [
        (rb"\\times \\beta\n\t", False),
        (rb"0.1 \times 60", True),
        (rb"\beta", True),
        (rb"\u0001", True),
    ]:
        kept.write_bytes(sound.replace(b'"id"', b'"output":"' + text + b'","id"', 1))
        list(run_steps([step], artefacts=tmp_path))
        assert (kept.read_bytes() == sound) is damaged, text
    assert "damaged text" in caplog.text
