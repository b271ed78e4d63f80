import pytest
from scipy import stats

from hypnos.benchmark.judge.bias import measure_bias
from hypnos.specialty.folder import Aspect

ASPECTS = (Aspect("useful", "有用性", False, "", ""), Aspect("harm", "有害性", True, "", ""))


def score(judge, model, value, item="q1", chars=10, harm=0, sample=0):
    scores = None if value is None else {"useful": value, "harm": harm}
    row = {"task": "t", "item": item, "group": "", "model": model, "sample": sample, "mode": "absolute", "judge": judge}
    return {**row, "judged_by": judge, "scores": scores, "chars": chars}


def pair(left, right, forward, backward, chars=(10, 10), judge="gpt-4", same=False, item="q"):
    names = {"left": left, "right": right, "tie": "tie"}
    read = forward is not None and backward is not None
    winner = (names[forward] if forward == backward else "tie") if read else None
    return {
        **{
            "task": "t",
            "item": item,
            "group": "",
            "mode": "pairwise",
            "judge": judge,
            "judged_by": judge,
            "left": left,
            "right": right,
        },
        **{"forward": forward, "backward": backward, "winner": winner, "same_words": same},
        **{"consistent": forward == backward if read else None, "left_chars": chars[0], "right_chars": chars[1]},
    }


def figures(rows, judge="gpt-4"):
    return {bias.name: bias for bias in measure_bias(rows, ASPECTS) if bias.judge == judge}


def test_position_counts_every_comparison_that_chose_the_first():
    rows = [
        pair("a", "b", "left", "right"),  # first both times
        pair("a", "b", "left", "left"),  # first, then second
        pair("a", "b", "right", "tie"),  # second; a tie says nothing
        pair("a", "b", None, "right"),  # first; the other unreadable
        pair("a", "b", "tie", "tie", same=True),  # not asked
    ]
    found = figures(rows)
    assert (found["position"].value, found["position"].n) == (pytest.approx(4 / 6), 6)
    assert (found["inconsistent"].value, found["inconsistent"].n) == (pytest.approx(2 / 3), 3)
    assert (found["unreadable"].value, found["unreadable"].n) == (0.25, 4)


def test_length_counts_pairs_won_in_both_orders_by_the_longer():
    rows = [
        pair("a", "b", "left", "left", (90, 10)),
        pair("a", "b", "right", "right", (90, 10)),
        pair("a", "b", "right", "right", (10, 90)),
        pair("a", "b", "right", "right", (50, 50)),  # equally long
        pair("a", "b", "left", "right", (90, 10)),  # a tie
    ]
    bias = figures(rows)["length_pairs"]
    assert (bias.value, bias.n) == (pytest.approx(2 / 3), 3)


def test_length_of_scores_is_measured_within_each_question():
    # Over all answers longer is better, but within each question shorter is.
    rows = [
        *(score("gpt-4", "a", 3, "q1", 10), score("gpt-4", "b", 1, "q1", 20)),
        *(score("gpt-4", "a", 9, "q2", 100), score("gpt-4", "b", 7, "q2", 200)),
        score("gpt-4", "a", 5, "q3", 10),  # alone on its question
    ]
    bias = figures(rows)["length_scores"]
    assert (bias.value, bias.n) == (pytest.approx(-1.0), 4)


def test_own_family_in_pairs():
    rows = [
        pair("chatgpt", "qwen", "left", "left"),
        pair("chatgpt", "qwen", "right", "right"),
        pair("llama", "chatgpt", "right", "right"),
        pair("llama", "qwen", "right", "right"),  # none of its own
        pair("chatgpt", "gpt-4", "left", "left"),  # both its own
    ]
    bias = figures(rows)["self_pairs"]
    assert (bias.value, bias.n) == (pytest.approx(2 / 3), 3)


def test_own_family_in_scores_is_held_against_the_other_judge():
    rows = [
        *(score("gpt-4", "chatgpt", 9), score("claude-3", "chatgpt", 6)),  # +3, halved by the second aspect
        *(score("gpt-4", "qwen", 5), score("claude-3", "qwen", 4)),  # +1
        *(score("gpt-4", "llama", 5, item="q2"), score("claude-3", "llama", 4, item="q2")),  # +1
        score("gpt-4", "qwen", None, item="q3"),
    ]
    mine, other = figures(rows)["self_scores"], figures(rows, "claude-3")["self_scores"]
    assert (mine.value, mine.n) == (pytest.approx((3 - 1) / 2), 3)
    assert (other.value, other.n) == (None, 0)


def test_harm_is_turned_round_before_scores_are_averaged():
    # Usefulness 5 throughout; the longer answer does more harm, so it is the worse one.
    rows = [score("gpt-4", "a", 5, chars=10, harm=0), score("gpt-4", "b", 5, chars=90, harm=8)]
    rows += [score("gpt-4", "a", 5, "q2", 10, 1), score("gpt-4", "b", 5, "q2", 90, 9)]
    assert figures(rows)["length_scores"].value == pytest.approx(-1.0)


def test_what_cannot_be_measured_is_none_and_unreadable_is_counted():
    found = figures([score("gpt-4", "a", None), score("gpt-4", "b", 4)])
    assert {name for name, bias in found.items() if bias.value is None} == {
        *("position", "inconsistent", "length_pairs", "length_scores", "self_pairs", "self_scores")
    }
    assert (found["unreadable"].value, found["unreadable"].n) == (0.5, 2)


def test_a_share_has_the_exact_interval_of_its_questions():
    """Length: one verdict a question, so that it is Clopper and Pearson's."""
    rows = [pair("a", "b", "left", "left", (90, 10) if at < 7 else (10, 90), item=f"q{at}") for at in range(10)]
    expected = stats.binomtest(7, 10).proportion_ci(method="exact")
    bias = figures(rows)["length_pairs"]
    assert (bias.low, bias.high) == pytest.approx((expected.low, expected.high))


def test_the_two_orders_of_a_question_count_as_one():
    """Position: a judge that always chooses the first agrees with itself; ten questions, and not twenty verdicts."""
    rows = [pair("a", "b", "left", "right", item=f"q{at}") for at in range(10)]
    bias = figures(rows)["position"]
    expected = stats.binomtest(10, 10).proportion_ci(method="exact")
    assert (bias.n, bias.low, bias.high) == (20, pytest.approx(expected.low), 1.0)
    alone = figures(rows[:1])["position"]
    assert (alone.value, alone.low, alone.high) == (1.0, None, None)
