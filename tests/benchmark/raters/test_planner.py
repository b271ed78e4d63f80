from itertools import combinations

import pytest

from hypnos.benchmark.items import Item
from hypnos.benchmark.raters.planner import StudyQuestion, make_plan
from hypnos.benchmark.raters.study import Study
from hypnos.errors import UserError


def drawn_from(count, task="aneqa", *, answers=3, group=""):
    return [
        StudyQuestion(
            task,
            Item(id=f"{task}-{n}", kind="question", question="?", answers=("!",), group=group and f"{group}{n // 3}"),
            answers,
        )
        for n in range(count)
    ]


def ids(blocks):
    return [place.item.id for block in blocks for place in block]


def test_every_question_goes_to_as_many_raters_as_asked_and_loads_are_even():
    study = Study(raters=["a", "b", "c", "d", "e"], calibration=4, overlap=2)
    plan = make_plan(study, {"aneqa": drawn_from(54)})
    given = [id for rater in study.raters for id in ids(plan.main[rater])]
    assert len(ids(plan.calibration)) == 4
    assert len(given) == 100 and all(given.count(id) == 2 for id in given)
    assert {len(plan.main[rater]) for rater in study.raters} == {20}
    assert not set(given) & set(ids(plan.calibration))
    assert set(given) | set(ids(plan.calibration)) == {f"aneqa-{n}" for n in range(54)}


def test_every_pair_of_raters_meets_about_equally_often():
    study = Study(raters=["a", "b", "c", "d"], calibration=0, overlap=2)
    plan = make_plan(study, {"aneqa": drawn_from(60)})
    held = {rater: set(ids(plan.main[rater])) for rater in study.raters}
    shared = [len(held[one] & held[other]) for one, other in combinations(study.raters, 2)]
    assert sum(shared) == 60 and max(shared) - min(shared) <= 4


def test_questions_of_a_passage_stay_with_one_rater():
    study = Study(raters=["a", "b", "c"], calibration=3, overlap=1)
    plan = make_plan(study, {"anerc": drawn_from(30, "anerc", group="p")})
    for blocks in (plan.calibration, *plan.main.values()):
        groups = [place.item.group for block in blocks for place in block]
        assert all(groups.count(group) == 3 for group in groups)


def test_minutes_are_answers_times_minutes_calibration_included():
    study = Study(raters=["a", "b"], calibration=2, overlap=1, minutes_per_answer=2.0)
    plan = make_plan(study, {"aneqa": drawn_from(12, answers=3)})
    # 2 questions for both, 5 of the other 10 each: 7 questions x 3 answers x 2 minutes.
    assert plan.minutes == {"a": 42.0, "b": 42.0}


@pytest.mark.parametrize("minutes", [30, 60, 200])
def test_with_little_time_fewer_questions_are_drawn_and_nobody_is_over(minutes):
    study = Study(raters=["a", "b", "c"], calibration=2, overlap=2, minutes=minutes, minutes_per_answer=1.0)
    plan = make_plan(study, {"aneqa": drawn_from(100, answers=3), "anerc": drawn_from(99, "anerc", group="p")})
    assert max(plan.minutes.values()) <= minutes
    # Another passage of three questions with three answers for two of three raters would not have fitted.
    assert min(plan.minutes.values()) > minutes - 2 * 9


def test_a_study_that_is_cut_short_holds_every_task():
    study = Study(raters=["a"], calibration=1, overlap=1, minutes=20, minutes_per_answer=1.0)
    plan = make_plan(study, {"one": drawn_from(50, "one", answers=2), "two": drawn_from(50, "two", answers=2)})
    assert {place.task for block in plan.main["a"] for place in block} == {"one", "two"}


def test_a_limit_per_task_counts_questions_not_passages():
    study = Study(raters=["a"], calibration=0, overlap=1, questions=7)
    plan = make_plan(study, {"anerc": drawn_from(30, "anerc", group="p"), "aneqa": drawn_from(30)})
    given = ids(plan.main["a"])
    assert sum(id.startswith("anerc") for id in given) == 6
    assert sum(id.startswith("aneqa") for id in given) == 7


def test_the_seed_alone_decides():
    make = lambda seed: make_plan(Study(raters=["a", "b"], seed=seed, overlap=1), {"aneqa": drawn_from(40)})  # noqa: E731
    assert make(1) == make(1)
    assert ids(make(1).main["a"]) != ids(make(2).main["a"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"overlap": 1, "minutes": 3, "minutes_per_answer": 1.0}, "3 minutes are too few"),
        ({"overlap": 1, "calibration": 6}, "leaves nothing to rate of 6 questions"),
    ],
)
def test_a_plan_that_cannot_be_is_one_line(settings, message):
    with pytest.raises(UserError, match=message) as caught:
        make_plan(Study(raters=["a"], **settings), {"aneqa": drawn_from(6)})
    assert "\n" not in str(caught.value)


def test_no_questions_is_said():
    with pytest.raises(UserError, match="no questions to rate"):
        make_plan(Study(raters=["a"], overlap=1), {"anecq": []})
