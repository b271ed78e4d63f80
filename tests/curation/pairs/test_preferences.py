"""Pairs need two texts, a margin between evened grades, and a chosen answer that passes the selection."""

import json

import pytest

from hypnos.corpus.selection import Selection
from hypnos.corpus.turns.left_out import Note
from hypnos.curation.pairs.preferences import Pairing, Pairs
from hypnos.curation.pairs.second_answers import answered_by
from hypnos.data.pairs.source import PairSource


@pytest.fixture
def answered_twice(scored_row):
    """A record by `a` that `b` scored, and the answer of `b` that `a` scored."""

    def make(number, first, second, output=None, **more):
        record = scored_row(number, first, **more)
        other = scored_row(number, second)
        entry = {**other["scores"][0], "scorer": "a"}
        texts = {"output": output or f"另答{number}", "id": f"s{number}", "author": "b"}
        return record, {**other, **texts, "scores": [entry] if second else [], "answers": answered_by(record)}

    return make


def pairs_of(both, **knobs):
    pairing = Pairing(selection=knobs.pop("selection", Selection()), **{"margin": 1.0, **knobs})
    pairs = Pairs([first for first, _ in both], [second for _, second in both if second], pairing)
    return list(pairs), pairs.plain()


def test_the_better_answer_is_chosen_and_every_other_question_has_its_reason(answered_twice, scored_row):
    both = [
        answered_twice(1, 9, 7),
        answered_twice(2, 6, 9),
        answered_twice(3, 8, 8.5),
        answered_twice(4, 6, 4),
        answered_twice(5, 9, 0),
        answered_twice(6, 9, 7, output=" <b>答6</b>\n"),
        (scored_row(7), None),
    ]
    made, counts = pairs_of(both)
    assert [(pair["id"], pair["chosen"], pair["rejected"], pair["margin"]) for pair in made] == [
        ("1", "<b>答1</b>", "另答1", 1.6),  # overall grades: (4 v + 10) / 5
        ("2", "另答2", "<b>答2</b>", 2.4),
    ]
    assert (made[1]["chosen_author"], made[1]["chosen_scores"][0]["scorer"]) == ("b", "a")
    assert (made[0]["chosen_grade"], made[0]["rejected_grade"]) == (9.2, 7.6)
    assert counts["questions answered twice"] == 6 and counts["pairs"] == 2 and counts["chosen_by"] == {"a": 1, "b": 1}
    assert counts["left_out"] == {
        "margin below 1": 1,
        "the better answer does not pass: below_threshold": 1,
        "an answer has no grade": 1,
        "both answers are the same text": 1,
    }


def test_a_lenient_scorer_does_not_make_the_answers_better_that_it_sees(answered_twice, scored_row):
    both = [answered_twice(1, 9, 7.5), answered_twice(2, 9.5, 6)]
    shared = []
    for number in range(20):  # scored by both: b gives two more than a, whoever wrote it
        row = scored_row(100 + number, 9, author="ab"[number % 2])
        shared.append(({**row, "scores": [*row["scores"], {**row["scores"][0], "scorer": "a"} | LESS]}, None))
    made, counts = pairs_of([*both, *shared])
    assert [pair["id"] for pair in made] == ["2"]
    assert counts["leniency"] == {"records": 20, "by_scorer": {"b": 0.8, "a": -0.8}, "self_preference": 0.0}
    assert made[0]["margin"] == pytest.approx(2.8 - 1.6)
    assert [pair["id"] for pair in pairs_of([*both, *shared], even_scorers=False)[0]] == ["1", "2"]


LESS = {"coherence": 7, "professionalism": 7, "usefulness": 7, "friendliness": 7}


def test_a_stage_reads_the_pairs_as_they_are_written(answered_twice, tmp_path):
    made, _ = pairs_of([answered_twice(1, 9, 7), answered_twice(2, 6, 9, group="g")])
    path = tmp_path / "preferences.jsonl"
    path.write_text("".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in made), "utf-8")
    ignore: Note = lambda what: None  # noqa: E731
    source = PairSource(str(path), least_margin=2.0)
    read = [source.leaves_out(pair) or next(iter(source.records(pair, "x", ignore))) for pair in made]
    assert read[0] == "margin below 2"
    assert (read[1].chosen.output, read[1].rejected.output, read[1].margin) == ("另答2", "<b>答2</b>", 2.4)
    assert (read[1].chosen.question, read[1].group, read[1].chosen.egress) == ("问2", "g", "any")
