import json
import os
from pathlib import Path

import pytest

from hypnos.corpus.records import Rejections
from hypnos.corpus.sources import Source, is_held_out, read_source
from hypnos.errors import UserError


def write(path: Path, rows: list) -> str:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), "utf-8")
    return str(path)


def good(count: int) -> list[dict]:
    return [{"question": f"q{number}", "answer": f"a{number}"} for number in range(count)]


def read(source: Source) -> tuple[list, Rejections]:
    rejections = Rejections()
    return list(read_source(source, rejections, name="set")), rejections


def test_unusable_rows_are_skipped_counted_and_listed_with_place_and_reason(tmp_path: Path) -> None:
    rows = [*good(18), "{broken", {"question": "q", "answer": ""}]
    path = write(tmp_path / "a.jsonl", rows)
    records, rejections = read(Source(path, max_rejected=0.1))
    assert [record.output for record in records] == [f"a{number}" for number in range(18)]
    assert (rejections.seen, rejections.total) == (20, 2)
    assert rejections.examples[1] == {"where": f"{path}:20", "reason": "empty answer"}
    assert rejections.examples[0]["where"] == f"{path}:19"
    assert records[0].source == "set"


def test_one_row_more_than_the_share_stops_and_names_the_first(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [*good(17), "{broken", *[{"question": "q", "answer": ""}] * 2])
    with pytest.raises(UserError, match=r"a\.jsonl:18: not JSON.*\(3 of 20 rows .* max_rejected is 0\.1\)$"):
        read(Source(path, max_rejected=0.1))


def test_a_share_below_one_row_lets_no_row_through(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [*good(9), {"question": "q", "answer": ""}])
    with pytest.raises(UserError, match=r"a\.jsonl:10: empty answer \(1 of 10 rows"):
        read(Source(path, max_rejected=0.05))


def test_a_mostly_unusable_source_stops_long_before_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [{"wrong": 1}] * 25_000)
    rejections = Rejections()
    with pytest.raises(UserError, match="no known shape"):
        list(read_source(Source(path), rejections, name="set"))
    assert rejections.seen == 10_000


def test_a_limit_takes_the_first_records_and_reads_no_further(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", good(50))
    records, rejections = read(Source(path, limit=3))
    assert [record.output for record in records] == ["a0", "a1", "a2"]
    assert rejections.seen == 3


def test_wrong_candidates_do_not_count_as_unusable(tmp_path: Path) -> None:
    rows = [{"question": "q", "answer": f"a{number}", "label": int(number == 2)} for number in range(5)]
    records, rejections = read(Source(write(tmp_path / "a.jsonl", rows)))
    assert [record.output for record in records] == ["a2"]
    assert rejections.total == 0


def test_holding_out_depends_on_the_group_alone_and_grows_with_the_share() -> None:
    groups = [f"g{number}" for number in range(4000)]
    tenth = {group for group in groups if is_held_out(group, 0.1)}
    fifth = {group for group in groups if is_held_out(group, 0.2)}
    assert tenth < fifth
    assert len(tenth) / 4000 == pytest.approx(0.1, abs=0.02)  # four standard deviations
    assert not any(is_held_out(group, 0.0) for group in groups)
    # The first eight bytes of sha256("g5") are 0.13895 of their range.
    assert (is_held_out("g5", 0.1389), is_held_out("g5", 0.1390)) == (False, True)


def test_the_key_is_of_the_content_not_of_the_place_or_time(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    here, there = write(tmp_path / "a.jsonl", good(3)), write(tmp_path / "other" / "b.jsonl", good(3))
    key = Source(here).key()
    assert Source(there).key() == key
    os.utime(here, (1, 1))
    assert Source(here).key() == key
    assert (
        len({key, Source(here, holdout=0.1).key(), Source(here, limit=2).key(), Source(here, encoding="gbk").key()})
        == 4
    )
    write(tmp_path / "a.jsonl", good(4))
    assert Source(here).key() != key


def test_a_source_is_checked_without_being_read(tmp_path: Path) -> None:
    Source(write(tmp_path / "a.jsonl", ["{broken"])).check()
    Source("hub:owner/set").check()
    (tmp_path / "b.jsonl").touch()
    with pytest.raises(UserError, match=r"b\.jsonl: the file is empty"):
        Source(str(tmp_path / "b.jsonl")).check()
    with pytest.raises(UserError, match=r"c\.jsonl: no such file"):
        Source(str(tmp_path / "c.jsonl")).check()


@pytest.mark.parametrize(
    "settings", [{"holdout": 1.0}, {"holdout": -0.1}, {"limit": 0}, {"encoding": "gb1803"}], ids=lambda s: next(iter(s))
)
def test_a_setting_out_of_its_range_is_refused_at_once(settings: dict) -> None:
    with pytest.raises(UserError, match=str(next(iter(settings.values())))):
        Source("a.jsonl", **settings)
