"""Scores are one's own where the journal holds the very replies, about the very record."""

import pytest

from hypnos.curation.score.cross_score import CrossScore
from hypnos.curation.score.own_scores import is_own
from hypnos.llm.journal.journal import Journal


@pytest.fixture(
    params=[(False, False), (True, False), (False, True)],
    ids=["all aspects at once", "one request an aspect", "with the thought before the answer"],
)
def scored(request, specialty, author, client, reply_with):
    values = iter([9, 8, 7, 1, 8])
    each, thought = request.param

    def answer(prompt, sample):
        if each:
            code = prompt.rpartition('"code": "')[2].partition('"')[0]
            name = next(aspect.key for aspect in specialty.aspects if f'"{aspect.key}": 0' in prompt)
            return f'{{"code": "{code}", "faults": [], "{name}": {next(values)}, "comment": "好"}}'
        return reply_with["scores"](prompt, 9, 8, 7, 1, 8)

    models = {"first": author("a", answer), "second": author("b", answer)}
    step = CrossScore(specialty, models, client, probes=False, each_aspect=each, show_reasoning=thought)
    row = {"id": "1", "instruction": "问", "input": "", "output": "答", "history": [], "author": "a", "reasoning": "想"}
    (kept,) = step.run([row], lambda row, reason: None)
    return kept, kept["scores"][0]


def test_what_was_asked_for_here_is_own(scored, client):
    row, entry = scored
    assert entry["harmfulness"] == 1
    assert is_own(entry, row, client.journal)


def test_other_numbers_other_texts_other_replies_and_no_journal_are_not(scored, client, tmp_path):
    row, entry = scored
    assert not is_own({**entry, "usefulness": 10}, row, client.journal)
    assert not is_own(entry, {**row, "output": "别的答案"}, client.journal)
    assert not is_own({**entry, "replies": ["0" * 64]}, row, client.journal)
    assert not is_own({name: entry[name] for name in entry if name != "replies"}, row, client.journal)
    nowhere = Journal(path=tmp_path / "none.sqlite")
    assert not is_own(entry, row, nowhere)
    assert not nowhere.path.exists()
