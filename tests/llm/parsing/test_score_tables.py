"""Scores with an aspect in each column."""

import csv
import io

import pytest

from hypnos.llm.parsing.score_tables import in_columns

NAMES = {"coherence": ("coherence", "连贯性"), "harm": ("harm", "有害性")}


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_rows_as_the_csv_module_writes_them(sign):
    stream = io.StringIO()
    csv.writer(stream, delimiter=sign).writerows([["id", "连贯性", "有害性"], ["a", 8, 0], ["b", 7, 1]])
    rows = list(in_columns(stream.getvalue(), NAMES))
    assert rows == [{"coherence": "8", "harm": "0"}, {"coherence": "7", "harm": "1"}]


@pytest.mark.parametrize("text", ["", "8,0", "连贯性,得分\n8,0", "连贯性,有害性\n8", "连贯性和有害性\n8,0"])
def test_without_a_head_that_names_every_aspect_there_is_no_row(text):
    assert list(in_columns(text, NAMES)) == []
