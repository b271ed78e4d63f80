import json
from pathlib import Path

import pytest

from hypnos.benchmark.items import Item
from hypnos.benchmark.tasks.readers.fields import as_fields, file_stem
from hypnos.benchmark.tasks.readers.lines import Lines
from hypnos.errors import UserError


def write(path: Path, content) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")
    return str(path)


def read(reader, path: str, kind: str = "choice") -> list[Item]:
    return [item for _, item in reader.read(path, kind)]


@pytest.mark.parametrize("answer", ["BD", "D,B", "B、D", "Ｂ和Ｄ", "b d", ["D", "B"], "D；B"])
def test_the_order_and_separators_of_an_answer_do_not_matter(tmp_path, answer):
    row = {"question": "？", "options": ["甲", "乙", "丙", "丁"], "answer": answer}
    item = read(Lines(), write(tmp_path / "a.jsonl", row))[0]
    assert (item.answers, item.multiple, list(item.options)) == (("BD",), True, ["A", "B", "C", "D"])


@pytest.mark.parametrize("answer", ["AA", "A、B、A", ["A", "A"]])
def test_a_letter_that_stands_twice_is_no_answer(tmp_path, answer):
    row = {"question": "？", "options": ["甲", "乙"], "answer": answer}
    with pytest.raises(UserError, match=r"a\.jsonl:1: the answer '.*' names a letter twice"):
        read(Lines(), write(tmp_path / "a.jsonl", row))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"question": {"zh": "？"}}, "question must be text, not an object"),
        ({"answer": [{"key": "A"}]}, "answer must be text, not an object"),
        ({"answer": True}, "answer must be text, not true or false"),
        ({"id": ["1"]}, "id must be text, not a list"),
        ({"level": {"system": 1}}, "level must be text, not an object"),
        (
            {"options": [{"key": "A", "value": ["甲"]}, {"key": "B", "value": "乙"}]},
            "options: the option A must be text",
        ),
        ({"explanation": ["因"]}, "explanation must be text, not a list"),
    ],
)
def test_what_is_no_text_is_refused_and_never_written_out(tmp_path, change, message):
    row = {"id": "1", "question": "？", "options": ["甲", "乙"], "answer": "A"} | change
    with pytest.raises(UserError, match=rf"a\.jsonl:1: {message}"):
        read(Lines(), write(tmp_path / "a.jsonl", row))


def test_a_reference_that_is_no_text_is_refused(tmp_path):
    path = write(tmp_path / "a.jsonl", {"question": "？", "answers": [{"answer": "甲"}]})
    with pytest.raises(UserError, match=r"a\.jsonl:1: answers must be text, not an object"):
        read(Lines(), path, "question")


def test_the_first_column_that_is_not_empty_counts():
    fields = as_fields("a:1", {"zh_question": " ", "cn_question": "问", "n": 5.0, "m": "5", "k": "五"})
    assert fields.text("zh_question", "cn_question") == "问"
    assert (fields.whole_number("n"), fields.whole_number("m"), fields.whole_number("none")) == (5, 5, None)
    with pytest.raises(UserError, match=r"a:1: k must be a whole number, not '五'"):
        fields.whole_number("k")


@pytest.mark.parametrize(
    ("where", "stem"),
    [
        ("/data/airway.csv:3", "airway"),
        ("/data/airway.parquet#3", "airway"),
        ("s3://bucket/set/airway.csv:3", "airway"),
        ("s3://bucket/set/airway.parquet#3", "airway"),
        ("hub:owner/set#3", "set"),
    ],
)
def test_a_subject_is_the_name_of_its_file_wherever_that_lies(where, stem):
    assert file_stem(where) == stem
