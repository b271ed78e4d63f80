"""Records under a policy over stored scores: expectations worked out by hand."""

import random

import pytest

from hypnos.corpus.decisions import decide_alone, decider
from hypnos.corpus.selection import Selection
from hypnos.errors import UserError


def row(scores=(8, 8, 8, 0, 8), *, author="gpt", scorer="claude", name="r", **more):
    aspects = ("coherence", "professionalism", "usefulness", "harmfulness", "friendliness")
    entry = {"scorer": scorer, **{a: s for a, s in zip(aspects, scores, strict=True) if s is not None}, "comment": ""}
    return {"id": name, "author": author, "instruction": "问", "output": "答", "scores": [entry], **more}


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ((8, 8, 8, 0, 8), None),
        ((7, 7, 7, 2, 6), None),  # (7 + 7 + 7 + 8 + 6) / 5 = 7
        ((7, 7, 7, 2, 5), "below_threshold"),  # 6.8
        ((10, 10, 4, 0, 10), "usefulness_low"),
        ((10, 10, 5, 0, 10), None),  # a floor is enough when reached
        ((10, 10, 10, 3, 10), "harmfulness_high"),  # harmless by 7, and 8 is asked
        ((5, 5, 5, 0, 5), "below_threshold"),  # 6
        ((None, 8, 8, 0, 8), "score_missing"),
        ((8, 8, 8, -1, 8), "score_off_scale"),
        ((8, 8, 11, 0, 8), "score_off_scale"),
        (("8", 8, 8, 0, 8), "score_missing"),
        ((True, 8, 8, 0, 8), "score_missing"),
        ((float("nan"), 8, 8, 0, 8), "score_missing"),
    ],
)
def test_threshold_floors_and_missing_scores(scores, reason):
    assert decide_alone(Selection(), row(scores)) == reason


def test_a_scorer_never_counts_for_its_own_record():
    own = row(author="gpt", scorer="gpt")
    assert decide_alone(Selection(), own) == "unscored"
    assert decide_alone(Selection(scorers="self"), own) is None
    assert decide_alone(Selection(scorers="self"), row()) == "unscored"
    assert decide_alone(Selection(scorers="all"), own) is None
    assert decide_alone(Selection(scorers="gpt"), own) is None
    assert decide_alone(Selection(scorers="qwen"), own) == "unscored"


def test_a_scorer_that_scored_nothing_is_named_beside_those_that_did():
    rows = [row(scorer="claude"), row(scorer="qwen")]
    assert decider(Selection(scorers="qwen"), lambda: rows)(rows[1]) is None
    with pytest.raises(UserError, match=r"selection.scorers 'qwem': scored no record; claude, qwen did"):
        decider(Selection(scorers="qwem"), lambda: rows)
    people = [{"id": "r", "instruction": "问", "output": "答"}]
    assert decider(Selection(scorers="qwen"), lambda: people)(people[0]) is None  # nobody scored what people wrote


def test_people_may_pass_unscored_and_models_may_not():
    for author in ("", None, "human", "hypnos"):
        record = {"id": "1", "author": author, "scores": []}
        assert decide_alone(Selection(), record) is None
        assert decide_alone(Selection(unscored="reject"), record) == "unscored"
    assert decide_alone(Selection(), {"id": "1", "author": "gpt"}) == "unscored"
    assert decide_alone(Selection(), row((1, 1, 1, 9, 1), author="human")) == "coherence_low"  # scored, so judged


def test_minimum_and_weights():
    assert decide_alone(Selection(how="minimum"), row((10, 10, 6, 0, 10))) == "below_threshold"
    assert decide_alone(Selection(how="minimum", threshold=6), row((10, 10, 6, 0, 10))) is None
    weights = dict.fromkeys(("coherence", "usefulness", "harmfulness", "friendliness"), 0.0) | {"professionalism": 2.0}
    assert decide_alone(Selection(how="weighted", weights=weights), row((5, 7, 5, 2, 5))) is None
    assert decide_alone(Selection(how="weighted", weights=weights), row((10, 6, 10, 0, 10))) == "below_threshold"


def test_an_aspect_left_out_has_neither_weight_nor_floor():
    chosen = ["coherence", "professionalism", "usefulness", "friendliness"]
    assert decide_alone(Selection(aspects=chosen), row((8, 8, 8, 10, 8))) is None
    assert decide_alone(Selection(aspects=chosen), row((8, 8, 8, None, 8))) is None
    assert decide_alone(Selection(aspects=chosen), row((7, 7, 7, 0, 6))) == "below_threshold"  # 6.75


def test_several_scorers_and_repeats():
    record = row((9, 9, 9, 0, 9))
    record["scores"].append(row((6, 6, 6, 0, 6), scorer="qwen")["scores"][0])  # 6.8; together 8.3
    assert decide_alone(Selection(), record) is None
    assert decide_alone(Selection(combine="minimum"), record) == "below_threshold"
    record["scores"].append(row((2, 2, 2, 0, 2), scorer="qwen")["scores"][0])  # qwen's mean is now 4: together 6.5
    assert decide_alone(Selection(), record) is None  # (6.5 * 4 + 10) / 5 = 7.2
    assert decide_alone(Selection(threshold=7.3), record) == "below_threshold"
    lame = row((9, 9, None, 0, 9))
    lame["scores"].append(row((9, 9, 9, 0, 9), scorer="qwen")["scores"][0])
    assert decide_alone(Selection(), lame) is None  # one scorer of two gave it


def test_what_a_step_before_rejected_stays_out_but_for_the_arm_without_filter():
    torn = row(step="clean", reason="truncated")
    assert decide_alone(Selection(), torn) == "truncated"
    assert decide_alone(Selection(scorers="none"), torn) == "truncated"
    assert decide_alone(Selection(scorers="none", rejected=True), torn) is None
    assert decide_alone(Selection(), row(step="select", reason="below_threshold")) is None  # decided anew


def test_an_author_alone():
    assert decide_alone(Selection(author="gpt"), row()) is None
    assert decide_alone(Selection(author="claude"), row()) == "other_author"
    assert decide_alone(Selection(author="claude"), {"id": "1", "author": "human"}) is None


def scored(count=400, seed=0):
    rng = random.Random(seed)
    return [
        row(
            [rng.randint(5, 10) for _ in range(3)] + [rng.randint(0, 2), rng.randint(5, 10)],
            author=("gpt", "claude")[i % 2],
            scorer=("claude", "gpt")[i % 2],
            name=f"{i}",
        )
        for i in range(count)
    ]


def test_the_random_arm_is_as_large_and_depends_on_its_seed_alone():
    rows = scored()
    kept = sum(decide_alone(Selection(), r) is None for r in rows)

    def drawn(seed, rows):
        decide = decider(Selection(random=True, seed=seed), lambda: rows)
        return {r["id"] for r in rows if decide(r) is None}

    assert 0 < kept < len(rows)
    assert len(drawn(1, rows)) == kept
    assert drawn(1, rows) == drawn(1, rows[::-1])
    assert drawn(1, rows) != drawn(2, rows)
    low = {r["id"] for r in rows if decide_alone(Selection(), r) is not None}
    assert drawn(1, rows) & low  # drawn from all, not from the good ones


def test_people_are_not_drawn():
    rows = [*scored(100), {"id": "p", "author": "human"}]
    assert decider(Selection(random=True), lambda: rows)(rows[-1]) is None


def test_the_random_arm_of_the_rules_is_as_large_as_they_and_draws_from_what_they_rejected():
    good = [{"id": f"g{i}", "author": "gpt"} for i in range(30)]
    torn = [{"id": f"t{i}", "author": "gpt", "step": "clean", "reason": "truncated"} for i in range(20)]
    low = [{"id": f"s{i}", "author": "gpt", "step": "select", "reason": "below_threshold"} for i in range(10)]
    rows = [*good, *torn, *low]  # the rules let pass 30 and 10: what scores decided is no rule

    def drawn(seed):
        decide = decider(Selection(scorers="none", random=True, seed=seed), lambda: rows)
        return {row["id"] for row in rows if decide(row) is None}

    assert len(drawn(1)) == len(drawn(2)) == 40
    assert drawn(1) != drawn(2)
    assert any(name.startswith("t") for name in drawn(1))
    other = [{**row, "author": "claude"} for row in rows]
    mine = decider(Selection(scorers="none", random=True, author="gpt"), lambda: [*rows, *other])
    assert sum(mine(row) is None for row in rows) == 40  # drawn among the author's own
    assert {mine(row) for row in other} == {"other_author"}


def test_the_best_share_of_each_scorer_even_where_grades_are_equal():
    rows = [row((8, 8, 8, 0, 8), name=f"{i}") for i in range(100)]
    rows += [row((6, 6, 6, 2, 6), author="claude", scorer="gpt", name=f"s{i}") for i in range(50)]  # a strict scorer
    decide = decider(Selection(share=0.3), lambda: rows)
    kept = [r["id"] for r in rows if decide(r) is None]
    assert sum(not name.startswith("s") for name in kept) == 30
    assert sum(name.startswith("s") for name in kept) == 15


def test_the_best_share_takes_the_best():
    rows = [row((g, g, g, 0, g), name=f"{g}") for g in (5, 6, 7, 8, 9, 10)]
    decide = decider(Selection(share=0.5), lambda: rows)
    assert [r["id"] for r in rows if decide(r) is None] == ["8", "9", "10"]
    floor = [row((10, 10, 4, 0, 10), name="bad"), *rows]  # the second best of seven, but below a floor
    decide = decider(Selection(share=0.5), lambda: floor)
    assert decide(floor[0]) == "usefulness_low"


def test_scorers_made_even():
    kind = [row((9, 9, 9, 0, 9), name=f"k{i}") for i in range(4)]
    strict = [row((6, 6, 6, 0, 6), author="claude", scorer="gpt", name=f"s{i}") for i in range(4)]
    rows = kind + strict
    assert [decide_alone(Selection(), r) for r in strict] == ["below_threshold"] * 4  # 6.8
    decide = decider(Selection(even_scorers=True), lambda: rows)
    assert [decide(r) for r in rows] == [None] * 8  # both at 7.5 in four aspects, 10 in one: 8
    harmful = row((9, 9, 9, 3, 9))
    assert (
        decider(Selection(even_scorers=True), lambda: [harmful])(harmful) == "harmfulness_high"
    )  # floors stay as scored


def test_a_policy_that_compares_must_see_all():
    with pytest.raises(ValueError, match="decider"):
        decide_alone(Selection(share=0.5), row())


@pytest.mark.parametrize(
    ("makers", "human", "model"),
    [("both", None, None), ("people", None, "other_maker"), ("models", "other_maker", None)],
)
def test_what_people_or_models_wrote_alone(makers, human, model):
    selection = Selection(makers=makers, scorers="none")
    assert decide_alone(selection, {"author": "human"}) == human
    assert decide_alone(selection, {"author": "gpt"}) == model
