from dataclasses import dataclass
from pathlib import Path

import pytest

from hypnos.errors import UserError
from hypnos.specialty.parsing import read_entries, read_lines, read_names, read_pairs, read_part, read_yaml


@dataclass(frozen=True)
class Entry:
    key: str
    share: float = 1.0


FILE = Path("topics.yaml")


def test_entries_are_made_in_their_order() -> None:
    entries = read_entries(FILE, "topics", [{"key": "b"}, {"key": "a", "share": 2}], Entry)
    assert entries == (Entry("b"), Entry("a", 2))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (None, r"^topics\.yaml: topics: needs a list with at least one entry$"),
        ([], "needs a list"),
        ([{"key": "a"}, {}], r"topics\[1\]: missing 1 required positional argument: 'key'"),
        ([{"key": "a", "name": 1}], r"topics\[0\]: got an unexpected keyword argument 'name'"),
        ([{"key": "a"}, {"key": "b"}, {"key": "b"}], "the key b stands twice"),
    ],
)
def test_a_wrong_entry_is_named(entries: list | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_entries(FILE, "topics", entries, Entry)


def test_pairs() -> None:
    assert read_pairs(FILE, "exclude", None) == []
    assert read_pairs(FILE, "exclude", [["a", "b"]]) == [("a", "b")]
    for pair in (["a"], ["a", 1], "ab"):
        with pytest.raises(UserError, match="is not a pair of names"):
            read_pairs(FILE, "exclude", [pair])


def test_names_are_a_mapping_of_names() -> None:
    assert (
        read_names(FILE, "aliases", {"安定": "地西泮"}) == {"安定": "地西泮"}
        and read_names(FILE, "aliases", None) == {}
    )
    for names in (["安定"], {"地西泮": None}):
        with pytest.raises(UserError, match="aliases: "):
            read_names(FILE, "aliases", names)


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    file = tmp_path / "seeds.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"a": 1}\n\n{"a": 2}\n')
    assert read_lines(file) == [(1, {"a": 1}), (3, {"a": 2})]
    file.write_text('{"a": 1}\n{', "utf-8")
    with pytest.raises(UserError, match=r"seeds\.jsonl:2: not JSON"):
        read_lines(file)
    file.write_text("\n", "utf-8")
    with pytest.raises(UserError, match="no lines in this file"):
        read_lines(file)


def test_a_part_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="this part of the specialty cannot be read: No such file"):
        read_part(tmp_path / "gone")
    (tmp_path / "a").write_bytes(b"\xff")
    with pytest.raises(UserError, match="cannot be read: invalid start byte"):
        read_part(tmp_path / "a")


@pytest.mark.parametrize(("text", "message"), [("a: [", "not YAML"), ("- a", "needs keys and values")])
def test_a_file_that_holds_no_keys(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.yaml").write_text(text, "utf-8")
    with pytest.raises(UserError, match=rf"a\.yaml: {message}"):
        read_yaml(tmp_path / "a.yaml")
