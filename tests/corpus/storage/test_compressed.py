"""Compressed text, made by programs that are not ours: gzip of the standard library, Zstandard of Arrow."""

import gzip
import json

import pyarrow
import pytest

from hypnos.corpus.files import list_files, read_rows
from hypnos.errors import UserError

ROWS = [{"instruction": f"问题{number}", "output": "答" * (number % 50)} for number in range(5_000)]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)


def pack(content: bytes, ending: str) -> bytes:
    if ending == ".gz":
        return gzip.compress(content)
    return pyarrow.Codec("zstd").compress(content).to_pybytes() if ending == ".zst" else content


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
@pytest.mark.parametrize(
    ("name", "content", "encoding"),
    [
        ("a.jsonl", LINES, "utf-8-sig"),
        ("a.jsonl", LINES, "gb18030"),
        ("a.json", json.dumps(ROWS, ensure_ascii=False), "utf-8-sig"),
        ("a.json", LINES, "utf-8-sig"),
        ("a.csv", "instruction,output\n" + "".join(f"{r['instruction']},{r['output']}\n" for r in ROWS), "gb18030"),
        ("a.tsv", "instruction\toutput\n" + "".join(f"{r['instruction']}\t{r['output']}\n" for r in ROWS), "utf-8"),
    ],
)
def test_rows_are_the_same_compressed_and_plain(tmp_path, name, content, encoding, ending):
    file = tmp_path / f"{name}{ending}"
    file.write_bytes(pack(content.encode(encoding), ending))
    assert [row for _, row in read_rows(str(file), encoding=encoding)] == ROWS


def test_several_frames_one_after_another_are_one_file(tmp_path):
    for ending in (".gz", ".zst"):
        file = tmp_path / f"a.jsonl{ending}"
        half = len(ROWS) // 2
        parts = ["".join(json.dumps(row) + "\n" for row in rows).encode() for rows in (ROWS[:half], ROWS[half:])]
        file.write_bytes(b"".join(pack(part, ending) for part in parts))
        assert [row for _, row in read_rows(str(file))] == ROWS


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_file_that_was_cut_or_is_no_such_file_is_one_line(tmp_path, ending):
    file = tmp_path / f"a.jsonl{ending}"
    for content in (pack(LINES.encode(), ending)[:-200], b"not compressed at all\n"):
        file.write_bytes(content)
        with pytest.raises(UserError, match=r"a\.jsonl\.\w+: the compressed file is damaged or not whole"):
            list(read_rows(str(file)))


@pytest.mark.parametrize(
    ("ending", "said"), [(".gz", "gzip: call it a.jsonl.gz"), (".zst", "Zstandard: call it a.jsonl.zst")]
)
def test_a_compressed_file_without_the_name_gets_no_hint_at_encodings(tmp_path, ending, said):
    file = tmp_path / "a.jsonl"
    file.write_bytes(pack(LINES.encode(), ending))
    with pytest.raises(UserError) as raised:
        list(read_rows(str(file)))
    assert str(raised.value) == f"{file}: compressed with {said}"


def test_the_line_of_a_fault_is_found_within(tmp_path):
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(gzip.compress("{}\n{}\n中\n".encode("gb18030")))
    with pytest.raises(UserError, match=r"a\.jsonl\.gz:3: not utf-8"):
        list(read_rows(str(file)))
    file = tmp_path / "b.json.gz"
    file.write_bytes(gzip.compress(b'[{"a": 1},\n{"a": }]'))
    with pytest.raises(UserError, match=r"b\.json\.gz:2: not JSON after record 1"):
        list(read_rows(str(file)))


def test_a_folder_holds_them_beside_plain_ones_and_what_else_lies_there_is_left(tmp_path):
    for name in ("a.jsonl", "b.jsonl.gz", "c.csv.zst", "d.tar.gz", "e.parquet.gz", "f.gz"):
        (tmp_path / name).write_bytes(b"x")
    assert [file.name for file in list_files(tmp_path)] == ["a.jsonl", "b.jsonl.gz", "c.csv.zst"]
    with pytest.raises(UserError, match=r"unknown kind '.gz'; known: .*\.jsonl\.gz, \.jsonl\.zst"):
        list(read_rows(str(tmp_path / "d.tar.gz")))
