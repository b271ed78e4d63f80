"""Second answers pass steps of their own; pairs are written once, and the records know nothing of them."""

import json

import pytest

from hypnos.corpus.selection import Selection
from hypnos.curation.pairs.outcome import PairSteps, pair_rows
from hypnos.curation.pairs.preferences import Pairing
from hypnos.curation.pairs.second_answers import SecondAnswers
from hypnos.curation.pairs.settings import check_pairs, second_steps
from hypnos.curation.pipeline.run_steps import run_steps
from hypnos.curation.run import check_configuration
from hypnos.curation.score.cross_score import CrossScore
from hypnos.errors import UserError


def test_answers_are_asked_scored_and_joined_and_nothing_is_paid_twice(
    specialty, author, client, two_steps, tmp_path, reply_with
):
    def answer(prompt, sample):
        if '"code"' in prompt:
            return reply_with["scores"](prompt, 7, 7, 7, 0, 7)
        return json.dumps({"answer": reply_with["words"](prompt, 30) + "。"}, ensure_ascii=False)

    def run():
        models = {name: author(name, answer) for name in "ab"}
        steps = [
            SecondAnswers(specialty=specialty, authors=models, client=client),
            CrossScore(specialty=specialty, authors=models, client=client, probes=False),
        ]
        finished = list(run_steps(steps, artefacts=tmp_path / "artefacts", before=two_steps[0]))
        return PairSteps(two_steps[0], finished, Pairing(selection=Selection(), margin=1.0)), models

    pairs, models = run()
    made = pairs.write(tmp_path / "preferences.jsonl")
    written = [json.loads(line) for line in (tmp_path / "preferences.jsonl").read_text("utf-8").splitlines()]
    # Overall grades of the records are 9.2, 8.4 and 6.8, of each second answer 7.6, by the record's own author.
    assert [(pair["id"], pair["rejected_author"], pair["rejected_scores"][0]["scorer"]) for pair in written] == [
        ("1", "b", "a")
    ]
    assert made["left_out"] == {"margin below 1": 2}
    assert [(entry["step"], entry["in"], entry["out"]) for entry in made["funnel"]] == [
        ("second_answers", 3, 3),
        ("cross_score", 3, 3),
    ]
    assert [len(models[name].asked) for name in "ab"] == [3, 3]  # a scored, b answered
    assert ["pairs", "1"] in pair_rows(made)[1]
    again, models = run()
    assert again.key() == pairs.key() and not any(model.asked for model in models.values())


def test_pairs_need_scores_that_count(compose):
    config = compose("filter", ["preferences=second_answers"])
    check_configuration(config)
    names = [part["_target_"].rpartition(".")[2] for part in second_steps(config)]
    assert names == ["SecondAnswers", "Clean", "CrossScore"] and second_steps(config)[-1]["probes"] is False
    assert second_steps(compose("filter", [])) == []
    with pytest.raises(UserError, match="the last of steps must be cross_score and select"):
        check_pairs(config | {"steps": ["generate", "cross_score"]})
    with pytest.raises(UserError, match=r"selection\.scorers none"):
        check_pairs(compose("filter", ["preferences=second_answers", "selection=none"]))
    with pytest.raises(UserError, match=r"preferences\.margin: 0: must be a number, above 0"):
        check_configuration(compose("filter", ["preferences=second_answers", "preferences.margin=0"]))
