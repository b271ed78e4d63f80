"""Only files that are read otherwise than before get another key."""

import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from hypnos.corpus.records import Rejections
from hypnos.corpus.sources import Source, read_source
from hypnos.corpus.turns.traces import traces_of

SAMPLE = Path(__file__).parents[3] / "hypnos" / "sample"
PLAIN = {"instruction": "甲", "input": "", "output": "乙，the nervous system 与 thinking，2 < 3"}

ROWS = [
    (PLAIN, ()),
    ({**PLAIN, "system": "", "reasoning_content": None}, ()),
    ({**PLAIN, "output": r"\beta 与 \times，\\n", "input": "一\t二\n三"}, ()),
    ({**PLAIN, "system": "病历"}, ("system",)),
    ({**PLAIN, "reasoning": "想"}, ("reasoning",)),
    ({**PLAIN, "Complex_CoT": "想"}, ("reasoning",)),
    ({**PLAIN, "output": "<think>想</think>乙"}, ("reasoning",)),
    ({**PLAIN, "output": "## Thinking\n想\n## Final Response\n乙"}, ("reasoning",)),
    ({**PLAIN, "output": "0.1 \times 60"}, ("sound",)),
    ({**PLAIN, "output": "乙\x08\x0c"}, ("sound",)),
    ({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "甲"}, {"role": "assistant", "content": "乙"}]}, ("system",)),
    ({"messages": [{"role": "user", "content": "甲"}, {"role": "assistant", "content": "乙", "reasoning_content": "想"}]}, ("reasoning",)),
]  # fmt: skip


@pytest.mark.parametrize(("row", "traces"), ROWS)
def test_lines_and_columns_show_what_they_hold(tmp_path, row, traces):
    lines, columns = tmp_path / "a.jsonl", tmp_path / "a.parquet"
    lines.write_text(json.dumps(PLAIN) + "\n" + json.dumps(row, ensure_ascii=False) + "\n", "utf-8")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([row]), columns)
    assert traces_of(lines) == traces_of(columns) == traces


def test_tables_show_it_by_their_columns(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text('question,"System",answer\n甲,s,乙\n', "utf-8")
    assert traces_of(file) == ("system",)
    file.write_text("question,answer\n甲,the system\n", "utf-8")
    assert traces_of(file) == ()


@pytest.mark.parametrize("name", ["general", "anesthesia", "authored", "passages", "text"])
def test_the_sample_has_none(name):
    assert traces_of(SAMPLE / f"{name}.jsonl") == ()


def test_the_key_of_a_source_changes_with_what_is_read_otherwise_alone(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps(PLAIN), "utf-8")
    plain = Source(str(file)).key()
    # The key that this file had before there were traces.
    assert plain == "f3638cb28aed82cb8b6db0221fbc42ca4a4e6c4ad8f09481be207e864a681bc4"
    (record,) = read_source(Source(str(file)), Rejections(), name="s")
    assert record.system == record.reasoning == ""


def test_documents_of_pages_are_no_text_and_a_docx_is_no_packed_file(tmp_path):
    for name, content in (("a.docx", b"PK\x03\x04\x14\x00<think>"), ("a.PDF", b"%PDF-1.7\n\x00\x01\x02")):
        (tmp_path / name).write_bytes(content)
        assert traces_of(tmp_path / name) == ()
