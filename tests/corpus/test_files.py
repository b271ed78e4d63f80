import gzip
import json
import re
from pathlib import Path

import datasets
import fsspec
import pyarrow
import pyarrow.parquet
import pytest

from hypnos.corpus.files import file_sizes, path_key, read_rows
from hypnos.corpus.formats import Malformed
from hypnos.corpus.storage.remote_files import list_remote
from hypnos.errors import UserError

ROW = {"question": "麻醉前禁食多久？", "answer": "清饮料 2 小时。"}
LINE = json.dumps(ROW, ensure_ascii=False)


def rows_of(path: Path, **settings: str) -> list:
    return [row for _, row in read_rows(str(path), **settings)]


def test_files_of_a_folder_that_nothing_reads_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a.jsonl", "b.xlsx", "c.doc", "README.md", "LICENSE", "d.yaml"):
        (tmp_path / name).write_text('{"text": "甲"}\n', "utf-8")
    assert file_sizes(str(tmp_path)).keys() == {str(tmp_path / "a.jsonl")}
    assert [record.message for record in caplog.records] == [
        f"{tmp_path}: files of other kinds are not read: b.xlsx, c.doc"
    ]


def test_a_folder_is_its_visible_files_of_known_kinds_in_order(tmp_path: Path) -> None:
    (tmp_path / ".cache").mkdir()
    for name, text in {"b.jsonl": "b", "a.JSONL": "a", ".cache/c.jsonl": "c", ".d.jsonl": "d"}.items():
        (tmp_path / name).write_text(json.dumps({"text": text}))
    (tmp_path / "README.md").write_text("no data")
    assert rows_of(tmp_path) == [{"text": "a"}, {"text": "b"}]


def test_an_empty_file_beside_others_holds_no_rows(tmp_path: Path) -> None:
    (tmp_path / "kept.jsonl").write_text('{"a": 1}\n', "utf-8")
    (tmp_path / "rejected.jsonl").touch()
    assert [row for _, row in read_rows(str(tmp_path))] == [{"a": 1}]
    fsspec.filesystem("memory").pipe({"/run/kept.jsonl": b'{"a": 1}\n', "/run/rejected.jsonl": b""})
    assert [row for _, row in read_rows("memory://run")] == [{"a": 1}]
    (tmp_path / "kept.jsonl").unlink()
    with pytest.raises(UserError, match=r"rejected\.jsonl: no records in this file"):
        list(read_rows(str(tmp_path)))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("hub:owner/set", ("owner/set", None, "train")),
        ("hub:owner/set@lite#validation", ("owner/set", "lite", "validation")),
        ("hub:owner/set#test", ("owner/set", None, "test")),
    ],
)
def test_a_set_on_the_hub_is_streamed_by_name_configuration_and_split(monkeypatch, path: str, expected: tuple) -> None:
    asked = []

    def load_dataset(name, config, *, split, streaming):
        asked.append((name, config, split))
        assert streaming
        return iter([ROW])

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    assert list(read_rows(path)) == [("hub:owner/set#1", ROW)]
    assert asked == [expected]


@pytest.mark.parametrize("error", [ConnectionError("no route\nto host"), ValueError()])
def test_a_hub_that_cannot_be_reached_is_one_line(monkeypatch, error: Exception) -> None:
    def load_dataset(*_, **__):
        raise error

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(UserError, match=r"^hub:owner/set: cannot be read.*: (no route|ValueError)$"):
        next(read_rows("hub:owner/set"))


def test_what_is_not_there_or_of_an_unknown_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"x")
    with pytest.raises(UserError, match=r"b\.jsonl: no such file or folder"):
        rows_of(tmp_path / "b.jsonl")
    with pytest.raises(UserError, match=r"a\.xlsx: unknown kind '\.xlsx'; known: \.jsonl"):
        rows_of(tmp_path / "a.xlsx")
    with pytest.raises(UserError, match="no file of a known kind"):
        rows_of(tmp_path)


def test_questions_and_answers_in_two_files_are_joined(tmp_path):
    """cMedQA2: several answers to one question share its group."""
    (tmp_path / "question.csv").write_text("question_id,content\n7,头痛怎么办\n8,发热怎么办\n", "utf-8")
    (tmp_path / "answer.csv").write_text("ans_id,question_id,content\n1,7,休息\n2,7,就诊\n3,9,无主\n", "utf-8")
    rows = [row for _, row in read_rows(str(tmp_path))]
    assert rows[:2] == [
        {"question": "头痛怎么办", "answer": "休息", "id": "1", "group": "7"},
        {"question": "头痛怎么办", "answer": "就诊", "id": "2", "group": "7"},
    ]
    assert isinstance(rows[2], Malformed) and "9" in rows[2]


def test_a_set_of_modelscope_is_fetched_and_read_as_one_of_the_hub(hub_server) -> None:
    pytest.importorskip("modelscope_hub")
    rows = [{"instruction": f"问{number}", "output": "答"} for number in range(3)]
    files = {
        "README.md": "---\nconfigs:\n- config_name: lite\n  data_files:\n  - split: test\n    path: lite.jsonl\n---\n",
        "lite.jsonl": "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows),
    }
    hub_server(repositories={"datasets/owner/set": {"files": files}})
    read = list(read_rows("ms:owner/set@lite#test"))
    assert read == [(f"ms:owner/set#{number}", row) for number, row in enumerate(rows, 1)]
    with pytest.raises(UserError, match=r"^ms:owner/other: ModelScope does not give it"):
        next(read_rows("ms:owner/other"))


@pytest.fixture
def stored(tmp_path: Path):
    """A folder here and the same files in a storage, of each kind that is read."""
    storage = fsspec.filesystem("memory")
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "a.jsonl").write_text(f"{LINE}\n\n{{broken\n{LINE}\n", "utf-8")
    (folder / "b.json").write_text(f"[{LINE}, {LINE}]", "utf-8")
    (folder / "c.csv").write_text("question,answer\n甲,乙\n丙\n", "utf-8")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([ROW, ROW]), folder / "d.parquet")
    (folder / "e.jsonl.gz").write_bytes(gzip.compress(LINE.encode()))
    with pyarrow.CompressedOutputStream(str(folder / "f.jsonl.zst"), "zstd") as stream:
        stream.write(LINE.encode())
    (folder / "sub").mkdir()
    (folder / "sub" / "g.tsv").write_text("question\tanswer\n甲\t乙\n", "utf-8")
    (folder / "README.md").write_text("no data")
    storage.put(str(folder), "/stored", recursive=True)
    yield folder
    storage.rm("/stored", recursive=True)
    list_remote.cache_clear()


def test_files_of_a_storage_that_nothing_reads_are_named(stored: Path, caplog: pytest.LogCaptureFixture) -> None:
    with fsspec.filesystem("memory").open("/stored/z.xlsx", "wb") as stream:
        stream.write(b"PK")
    assert not any("z.xlsx" in address for address in file_sizes("memory://stored"))
    assert "files of other kinds are not read: " in caplog.text and "z.xlsx" in caplog.text


def test_rows_of_a_storage_are_those_of_the_folder_and_name_their_address(stored: Path) -> None:
    here = list(read_rows(str(stored)))
    assert len(here) == 12
    assert list(read_rows("memory://stored")) == [
        (where.replace(str(stored), "memory://stored"), row) for where, row in here
    ]
    assert list(read_rows(f"file://{stored}")) == here
    assert next(read_rows("memory://stored/c.csv")) == (
        "memory://stored/c.csv:2",
        {"question": "甲", "answer": "乙"},
    )


def test_what_a_storage_lacks_is_named_by_its_address(stored: Path) -> None:
    for address, line in {
        "memory://stored/README.md": "memory://stored/README.md: no file of a known kind",
        "memory://stored/none": "memory://stored/none: nothing is there",
        "memory://stored/empty.jsonl": "memory://stored/empty.jsonl: no records in this file",
        "memory://stored/broken.json": "memory://stored/broken.json:1: not JSON after record 1",
    }.items():
        fsspec.filesystem("memory").pipe({"/stored/empty.jsonl": b"\n", "/stored/broken.json": b'[{"a": 1}, {"b"'})
        with pytest.raises(UserError, match=f"^{re.escape(line)}"):
            list(read_rows(address))


def test_questions_and_answers_in_a_storage_are_joined() -> None:
    files = {
        "question.csv": "question_id,content\n7,甲\n",
        "answer.csv": "ans_id,question_id,content\n1,7,乙\n2,8,丙\n",
    }
    fsspec.filesystem("memory").pipe({f"/joined/{name}": text.encode() for name, text in files.items()})
    first, second = read_rows("memory://joined")
    assert first == ("memory://joined/answer.csv:2", {"question": "甲", "answer": "乙", "id": "1", "group": "7"})
    assert second == ("memory://joined/answer.csv:3", "no question 8 in question.csv")


def test_a_key_and_sizes_are_those_of_what_is_read(stored: Path) -> None:
    key = path_key("memory://stored")
    assert path_key(f"file://{stored}") == path_key(str(stored)) != key
    assert file_sizes("memory://stored/a.jsonl") == {"memory://stored/a.jsonl": (stored / "a.jsonl").stat().st_size}
    assert file_sizes("hub:owner/set") == {} and path_key("hub:owner/set") == "hub:owner/set"
    fsspec.filesystem("memory").pipe("/stored/a.jsonl", b"{}")
    list_remote.cache_clear()
    assert path_key("memory://stored") != key
