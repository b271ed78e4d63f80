import pytest

from hypnos.report.report import Report, write_report
from hypnos.report.results import (
    Answers,
    Duel,
    Indicator,
    Metric,
    Note,
    Question,
    Rating,
    Results,
    TaskQuestions,
)
from hypnos.report.statistics.intervals import Interval
from hypnos.specialty.drugs import Drug, Window

SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
DRUGS = (
    Drug("罗库溴铵", (), (Window("插管", 0.6, 1.2, "mg/kg"),)),
    Drug("肾上腺素", (), (Window("抢救", 1, 1, "mg"),)),
    Drug("去甲肾上腺素"),
)
TEXTS = {
    "good": ["罗库溴铵 0.6 mg/kg。", "静注肾上腺素 1 mg。", "不清楚", "气管插管"],
    "bad": ["罗库溴铵 6 mg/kg。", SCRIPT, "", "气管插管"],
}


def metric(name: str, **more) -> Metric:
    return Metric(**{"name": name, "signature": f"sign:{name}", "family": "characters", **more})


@pytest.fixture
def results() -> Results:
    """Two models on an open task of four questions and on a choice task of six, with ratings, verdicts and duels."""
    open_questions = tuple(
        Question(
            id=f"q{at}",
            question=f"第 {at} 问{SCRIPT if at == 2 else ''}",
            references=("罗库溴铵 0.6 mg/kg。",),
            topic=("drugs", "airway")[at % 2],
            level=str(1 + at % 2),
        )
        for at in range(4)
    )
    choices = tuple(
        Question(
            id=f"c{at}",
            question=f"选择 {at}",
            references=("BD" if at == 5 else "A",),
            options={"A": "甲", "B": "乙", "D": SCRIPT},
            multiple=at == 5,
            negative=at > 3,
            group=f"stem{at // 2}",
        )
        for at in range(6)
    )
    open_metrics = (
        metric("rouge_l", label="ROUGE-L", headline=True),
        metric("bleu_4_corpus", label="BLEU-4", family="characters_corpus"),
        metric("unsafe", label="Any fault", family="safety", better="lower", headline=True),
        metric("length", label="Mean length", family="answers", better="neither", share=False),
    )
    choice_metrics = (
        metric("accuracy", label="Accuracy", family="choice", headline=True),
        metric("unparsed", label="Unparsed", family="choice", better="lower"),
    )
    answers = []
    for model, shift in (("good", 0.4), ("bad", 0.0)):
        scores = {"rouge_l": [0.5 + shift, 0.4 + shift, 0.3, 0.2 + shift], "unsafe": [float(not shift), 0.0, 0.0, 0.0]}
        lengths = [float(len(text)) for text in TEXTS[model]]
        corpus = {"bleu_4_corpus": Interval(0.2 + shift, 0.1 + shift, 0.3 + shift, 4, 4)}
        answers.append(
            Answers(
                model=model, task="open", texts=tuple(TEXTS[model]), scores={**scores, "length": lengths}, corpus=corpus
            )
        )
        right = [1.0, 1.0, float(bool(shift)), 1.0, 0.0, float(bool(shift))]
        answers.append(
            Answers(
                model=model,
                task="pick",
                texts=("选A",) * 6,
                choices=tuple("A" if value else ("B" if at else None) for at, value in enumerate(right)),
                rules=("answer_is",) * 6,
                scores={"accuracy": right, "unparsed": [0.0] * 6},
            )
        )
    ratings = tuple(
        Rating(model=model, task="open", item=f"q{at}", rater=rater, indicator=key, value=float(value + at % 2))
        for model, value in (("good", 8), ("bad", 4))
        for at in range(4)
        for rater in ("one", "two")
        for key in ("usefulness", "harmfulness")
    )
    return Results(
        title=f"Trial {SCRIPT}",
        models=("good", "bad"),
        tasks=(
            TaskQuestions(
                name="open",
                kind="question",
                questions=open_questions,
                metrics=open_metrics,
                title="AneQA",
                version="abc",
            ),
            TaskQuestions(name="pick", kind="choice", questions=choices, metrics=choice_metrics, title="AneCQ"),
        ),
        answers=tuple(answers),
        topics={"drugs": "麻醉药理", "airway": "气道管理"},
        indicators=(
            Indicator(key="usefulness", title="有用性"),
            Indicator(key="harmfulness", title="有害性", better="lower", turned="无害性"),
        ),
        ratings=ratings,
        verdicts=tuple(rating for rating in ratings if rating.rater == "one"),
        duels=tuple(
            Duel(task="open", item=f"q{at}", first="good", second="bad", outcome=(1, 1, 0, -1)[at]) for at in range(4)
        ),
        notes=(Note(title="Agreement", head=("indicator", "alpha"), rows=(("有用性", "0.71"),), text="ordinal"),),
    )


@pytest.fixture
def drugs() -> tuple[Drug, ...]:
    return DRUGS


@pytest.fixture(scope="session")
def written() -> dict[str, Report]:
    """Keeps one report for the tests that only read it."""
    return {}


@pytest.fixture
def report(results, drugs, written, tmp_path_factory) -> Report:
    """The report of `results`, to be read and not written to."""
    if "report" not in written:
        written["report"] = write_report(tmp_path_factory.mktemp("report"), results=results, drugs=drugs)
    return written["report"]
