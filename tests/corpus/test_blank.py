import pytest

from hypnos.corpus.blank import is_blank
from hypnos.corpus.records import Rejections
from hypnos.corpus.shapes import Unusable, to_records
from hypnos.corpus.sources import Source, read_source

BLANKS = ["", " ", "\u3000\u3000", "\u200b", "\ufeff\u2060", "\u00ad\u200d", "\n\t \xa0", "\u3164", "\u2800", "\x00"]


@pytest.mark.parametrize("text", BLANKS)
def test_what_cannot_be_seen_is_blank(text):
    assert is_blank(text)
    assert not is_blank(f"{text}答{text}")


@pytest.mark.parametrize("text", ["。", "0", "-", "a\u0301", "👩\u200d⚕️"])
def test_whatever_can_be_seen_is_not(text):
    assert not is_blank(text)


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "问", "output": ...},
        {"instruction": ..., "output": "答"},
        {"question": "问", "answer": ...},
        {"query": "问", "response": ...},
        {"questions": ["问"], "answers": [[...]]},
        {"messages": [{"role": "user", "content": "问"}, {"role": "assistant", "content": ...}]},
        {"data": ["问：甲", ...]},
        {"question": "问", "options": ..., "answer": "A"},
        {"text": ...},
    ],
)
def test_a_blank_where_words_are_needed_makes_a_row_unusable(row, blank):
    def filled(part):
        if isinstance(part, dict):
            return {key: filled(value) for key, value in part.items()}
        if isinstance(part, list):
            return [filled(value) for value in part]
        return blank if part is ... else part

    with pytest.raises(Unusable):
        list(to_records(filled(row), source="s"))


def test_it_is_counted_with_its_line(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"instruction": "问", "output": "答"}\n{"instruction": "问", "output": "\u200b\u3000"}\n', "utf-8")
    rejections = Rejections()
    records = list(read_source(Source(str(file), max_rejected=0.5), rejections, name="s"))
    assert len(records) == 1 and rejections.examples[0]["where"] == f"{file}:2"
    assert rejections.examples[0]["reason"] == "empty output"
