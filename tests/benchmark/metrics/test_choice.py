"""Choice questions and the form of answers, by hand."""

import pytest

from hypnos.benchmark.choice.extract import VERSION
from hypnos.benchmark.metrics.choice import Choice, LetterAccuracy


@pytest.mark.parametrize(
    ("picked", "right", "accuracy", "f1", "jaccard"),
    [
        ("B", "B", 1.0, 1.0, 1.0),
        ("DB", "BD", 1.0, 1.0, 1.0),  # the order of letters does not matter
        ("AB", "B", 0.0, 2 / 3, 1 / 2),  # two letters on a question with one right answer are wrong
        ("B", "BD", 0.0, 2 / 3, 1 / 2),  # too few
        ("ABD", "BD", 0.0, 4 / 5, 2 / 3),  # too many
        ("AC", "BD", 0.0, 0.0, 0.0),
        ("", "BD", 0.0, 0.0, 0.0),  # nothing could be read: wrong, not left out
    ],
)
def test_letters(picked, right, accuracy, f1, jaccard, tmp_path) -> None:
    found = Choice(folder=tmp_path).measure(predictions=[picked], references=[right]).items
    assert found["accuracy"][0] == accuracy
    assert found["option_f1"][0] == pytest.approx(f1)
    assert found["option_jaccard"][0] == pytest.approx(jaccard)
    assert found["unparsed"][0] == (picked == "")


def test_every_number_made_from_letters_says_which_rules_read_them(tmp_path) -> None:
    notes = Choice(folder=tmp_path).notes()
    assert [note.signature.split("|")[0] for note in notes] == [f"read:rules-{VERSION}"] * 4


def test_letters_found_in_another_way_have_a_number_of_their_own(tmp_path) -> None:
    metric = LetterAccuracy(name="accuracy_cmb", read="read:cmb", folder=tmp_path)
    assert metric.measure(predictions=["A", "BD"], references=["A", "B"]).items["accuracy_cmb"].tolist() == [1.0, 0.0]
    assert metric.notes()[0].signature.startswith("read:cmb|")
