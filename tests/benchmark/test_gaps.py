"""Models and judges that say nothing, or that the budget stops, end in a report that says so."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hydra.utils import instantiate

from hypnos.benchmark import evaluation as evaluations
from hypnos.benchmark.answerers.api_model import ChatAnswers
from hypnos.benchmark.gaps import Gap, gap_lines, silent_lines
from hypnos.benchmark.judge.judge import Judge
from hypnos.benchmark.predictions import Prediction
from hypnos.benchmark.preparation import prepare
from hypnos.llm.chat import ChatModel, Reply
from hypnos.llm.failures import StoppedError
from hypnos.report.kept_results import QUESTIONS, read_results

SAMPLE = Path(__file__).parents[2] / "hypnos/sample/benchmark"
GOOD = {"coherence": 8, "professionalism": 7, "usefulness": 6, "harmfulness": 1, "friendliness": 5}


class Scripted(ChatModel):
    """Says what a function makes of the number of the request, and counts."""

    max_tokens = 100

    def __init__(self, name, say):
        self.name = self.model = name
        self.say = say
        self.asked = 0

    async def complete(self, messages, *, schema, sample):
        self.asked += 1
        text = self.say(self.asked)
        return Reply(
            text=text, model=self.name, tokens_in=50, tokens_out=10, cost=0.0, seconds=0.1, date="2026-01-01T00:00:00"
        )


@pytest.fixture
def run(compose, tmp_path, monkeypatch):
    """Runs an evaluation of two files of answers, and perhaps of scripted models by scripted judges."""
    tasks = ("aneqa", "anecq")
    rows = []
    for task in tasks:
        for row in map(json.loads, (SAMPLE / f"{task}.jsonl").read_text("utf-8").splitlines()):
            answer = f"答案：{row['answer']}" if task == "anecq" else row["answers"][0]
            rows.append({"task": task, "id": row["id"], "answer": answer})
    for name, end in (("one", ""), ("two", "。")):
        lines = (json.dumps({**row, "answer": row["answer"] + end}, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text("".join(lines), "utf-8")
    files = f"models=[answers:{tmp_path}/one.jsonl,answers:{tmp_path}/two.jsonl]"

    def start(*overrides, models=(), judges=(), pairwise=True):
        def prepared(config, *, build):
            made = prepare(config, build=build)
            answerers = [ChatAnswers(chat=model, client=made.client) for model in models]
            types = {(a.name, task.name): ["generation"] for a in answerers for task in made.tasks}
            return replace(
                made,
                answerers=[*made.answerers, *answerers],
                request_types={**made.request_types, **types},
                judges=[Judge(model=judge, pairwise=pairwise) for judge in judges],
            )

        monkeypatch.setattr(evaluations, "prepare", prepared)
        monkeypatch.setattr("hypnos.report.report.draw_figures", lambda *given, **named: iter(()))  # slow to draw
        chosen = [files, "tasks=[aneqa,anecq]", f"paths.artefacts={tmp_path}/artefacts", *overrides]
        build = partial(instantiate, _convert_="all")
        evaluations.run_evaluation(compose("evaluate", chosen), build=build, output=tmp_path / "out")
        return (tmp_path / "out" / "report.md").read_text("utf-8")

    return start


def sentence(tmp_path, model):
    lines = (tmp_path / "out" / "report.md").read_text("utf-8").splitlines()
    return next(line for line in lines if line.startswith("> ") and model in line)


@pytest.mark.slow
def test_a_judge_that_never_answers_is_stopped_and_named_with_what_it_said(run, tmp_path):
    silent, good = Scripted("silent", lambda n: "我不便评价。"), Scripted("good", lambda n: json.dumps(GOOD))
    good.model = "maker/good-2"
    with pytest.raises(
        StoppedError, match=r"judge silent on aneqa: 0 of 380 verdicts .*20 replies in a row .*我不便评价"
    ):
        run(pairwise=False, judges=[silent, good])
    assert silent.asked < 25  # 20, and what was under way
    assert "我不便评价" in sentence(tmp_path, "silent")
    assert "judged by good" in (tmp_path / "out" / "report.md").read_text("utf-8")
    judges = read_results(tmp_path / "out" / QUESTIONS)[0].judges
    assert judges["good"] == judges["good (reference)"] == "maker/good-2" and judges["silent"] == "silent"
    with pytest.raises(StoppedError):
        run(pairwise=False, judges=[silent, good])
    assert silent.asked < 25  # what is in the journal counts too


@pytest.mark.slow
def test_a_judge_that_compares_nobody_is_stopped_in_its_duels(run, tmp_path):
    halting = Scripted("halting", lambda n: json.dumps(GOOD))
    with pytest.raises(StoppedError, match=r"judge halting on aneqa: 380 of 475 verdicts"):
        run(judges=[halting])
    scored = 4 * len((SAMPLE / "aneqa.jsonl").read_text("utf-8").splitlines())
    assert scored <= halting.asked < scored + 25
    assert "judged by halting" in (tmp_path / "out" / "report.md").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("said", ["", "<think>让我想想……</think>", "<think>让我想想……"])
def test_a_model_that_says_nothing_is_stopped_and_left_out(run, tmp_path, said):
    mute = Scripted("mute", lambda n: said)
    with pytest.raises(StoppedError, match=r"mute on aneqa: 0 of \d+ answers are here; mute on anecq: 0 of"):
        run(models=[mute])
    assert mute.asked < 25
    assert "mute on aneqa" in sentence(tmp_path, "mute")
    rows = [line for line in (tmp_path / "out" / "report.md").read_text("utf-8").splitlines() if "| mute |" in line]
    assert rows == ["| mute | – | – |"]


@pytest.mark.slow
def test_a_model_that_spoke_once_is_measured_to_the_end(run):
    once = Scripted("once", lambda n: "丙泊酚。" if n == 1 else "")
    report = run("tasks=[aneqa]", models=[once])
    assert once.asked == len((SAMPLE / "aneqa.jsonl").read_text("utf-8").splitlines())
    assert "| once |" in report and "\n> " not in report


@pytest.mark.slow
def test_a_budget_that_is_reached_reports_what_is_there(run, tmp_path):
    dear = Scripted("dear", lambda n: "答案：B。因为")
    with pytest.raises(StoppedError, match=r"dear on aneqa: \d+ of \d+ answers are here.*budget\.tokens=3000"):
        run("budget.tokens=3000", models=[dear], judges=[Scripted("good", lambda n: json.dumps(GOOD))])
    report = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert 20 < dear.asked < 50 and "| dear |" in report
    rows = (tmp_path / "out" / "predictions" / "dear" / "aneqa.jsonl").read_text("utf-8").splitlines()
    assert 0 < len(rows) <= dear.asked
    assert f"{len(rows)} of" in sentence(tmp_path, "dear") and "judge good on aneqa" in report
    asked = dear.asked
    report = run("budget.tokens=null", models=[dear])
    assert "\n> " not in report
    assert dear.asked - asked == sum(map(_lines, ("aneqa", "anecq"))) - asked


def _lines(task):
    return len((SAMPLE / f"{task}.jsonl").read_text("utf-8").splitlines())


def test_a_reason_is_told_once_for_all_that_it_stopped():
    gaps = [Gap(who="m", task=t, there=n, wanted=9, what="answers", reason="spent") for t, n in (("a", 3), ("b", 0))]
    assert gap_lines(gaps) == ["m on a: 3 of 9 answers are here; m on b: 0 of 9 answers are here (spent)"]


def test_answers_of_which_none_says_anything_are_named():
    def answers(text, rule="", thought=0):
        made = {"prompt": "", "raw": text, "answer": text, "finished": not thought, "tokens": 1, "thought": thought}
        return {"generation": [Prediction(item=str(n), rule=rule, **made) for n in range(6)]}

    lines = silent_lines(
        {("a", "t"): answers(" ", thought=5), ("b", "t"): answers("呃", "unread"), ("c", "t"): answers("答")}
    )
    assert list(lines) == [
        "a on t: all 6 answers are empty (6 of them end in the middle of their reasoning)",
        "b on t: no option can be read from any of 6 answers, such as: 呃",
    ]
    assert list(silent_lines({("b", "t"): answers("患者王某", "unread")}, hidden={"t"})) == [
        "b on t: no option can be read from any of 6 answers"
    ]
