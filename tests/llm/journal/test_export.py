import json
import sys

import pytest

from hypnos.errors import UserError
from hypnos.llm.journal.export import export_lines, import_lines, main
from hypnos.llm.journal.journal import Journal


def test_export_and_import_give_the_same_bytes_and_keys(journal, tmp_path, entry, add):
    add(journal, *(entry(prompt=f"问{i}", schema={"type": "object"} if i % 2 else None) for i in range(30)))
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    assert export_lines(journal, first) == 30
    other = Journal(path=tmp_path / "other.sqlite")
    assert import_lines(first, other) == 30
    assert import_lines(first, other) == 0
    export_lines(other, second)
    assert first.read_bytes() == second.read_bytes()
    assert other.find(entry(prompt="问4").key) == entry(prompt="问4").reply
    assert other.spent() == (0.0, 0)


def test_the_command_carries_replies_over(journal, tmp_path, monkeypatch, caplog, entry, add):
    add(journal, entry())
    other, lines = tmp_path / "other.sqlite", tmp_path / "replies.jsonl"
    for what, path in (("export", journal.path), ("import", other)):
        monkeypatch.setattr(sys, "argv", ["export", what, str(path), str(lines)])
        main()
    assert Journal(path=other).find(entry().key) == entry().reply
    monkeypatch.setattr(sys, "argv", ["export", "export", str(tmp_path / "none.sqlite"), str(lines)])
    with pytest.raises(SystemExit):
        main()


def test_lines_without_key_and_with_little_else_are_read(tmp_path, entry):
    file = tmp_path / "a.jsonl"
    row = {"model": "m", "messages": [{"role": "user", "content": "问题"}], "reply": {"text": "好"}}
    file.write_text(json.dumps(row, ensure_ascii=False) + "\n\n", "utf-8")
    journal = Journal(path=tmp_path / "a.sqlite")
    assert import_lines(file, journal) == 1
    identity = {"model": "m", "address": "recorded", "parameters": {}}
    assert journal.find(entry(identity=identity).key).text == "好"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "no line of a journal"),
        ("[1]", "no line of a journal"),
        ('{"model": "m", "messages": []}', "no 'reply'"),
        ('{"model": "m", "messages": [], "reply": {"text": 1}}', "reply.text"),
        ('{"model": "m", "messages": [], "reply": {"text": "x", "colour": 1}}', "colour"),
        ('{"key": "00", "model": "m", "messages": [], "reply": {"text": "x"}}', "its key is not that of its prompt"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, message):
    file = tmp_path / "a.jsonl"
    file.write_text(line + "\n")
    with pytest.raises(UserError, match=r"a\.jsonl:1: ") as caught:
        import_lines(file, Journal(path=tmp_path / "a.sqlite"))
    assert message in str(caught.value)
