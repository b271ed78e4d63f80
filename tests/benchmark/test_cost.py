"""A dry run sends nothing, and counts just what is then asked."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

from hydra.utils import instantiate

from hypnos.benchmark.answerers.api_model import ChatAnswers
from hypnos.benchmark.cost import expect
from hypnos.benchmark.evaluation import answer_all, run_evaluation
from hypnos.benchmark.judge.cache import verdicts_on
from hypnos.benchmark.judge.judge import Judge
from hypnos.benchmark.preparation import prepare
from hypnos.llm.chat import ChatModel, Price, Reply

BUILD = partial(instantiate, _convert_="all")
BASE = Path(__file__).parents[2] / "hypnos/sample/base"
GOOD = {"coherence": 8, "professionalism": 7, "usefulness": 6, "harmfulness": 1, "friendliness": 5, "better": "甲"}


class Counting(ChatModel):
    """A model at a price, with a word of its own for each question."""

    max_tokens = 100

    def __init__(self, name):
        self.name = self.model = name
        self.asked = 0

    def price(self):
        return Price(input=1e-6, output=2e-6)

    async def complete(self, messages, *, schema, sample):
        self.asked += 1
        text = json.dumps({**GOOD, "comment": f"{self.name} {self.asked}"}, ensure_ascii=False)
        return Reply(text=text, model="m", tokens_in=9, tokens_out=9, cost=0.0, seconds=0.5, date="2026-01-01")


def counted(evaluation):
    return {(e.figures.model, e.step): e.figures for e in expect(evaluation)}


def test_what_is_counted_is_what_is_asked_and_nothing_the_second_time(compose, tmp_path):
    small = ["tasks=[aneqa,anecq]", "tasks.aneqa.limit=4", "tasks.anecq.limit=6", f"paths.artefacts={tmp_path}"]
    made = prepare(compose("evaluate", [*small, f"models=[{BASE}]"]), build=BUILD)
    first, second, judge = Counting("first"), Counting("second"), Counting("judge")
    answerers = [ChatAnswers(chat=first, client=made.client), ChatAnswers(chat=second, client=made.client, repeats=2)]
    types = {(a.name, task.name): ["generation"] for a in answerers for task in made.tasks}
    evaluation = replace(made, answerers=answerers, request_types=types, judges=[Judge(model=judge)])

    before = counted(evaluation)
    assert first.asked == second.asked == judge.asked == 0
    answers, gaps = answer_all(evaluation)
    assert not gaps
    for model in (first, second):
        assert model.asked == sum(f.requests for (name, _), f in before.items() if name == model.name)
    again = counted(evaluation)
    assert all(f.held == f.requests and f.usd == 0.0 for (name, _), f in again.items() if name != "judge")

    by_task = {task.name: {a.name: answers[a.name, task.name]["generation"] for a in answerers} for task in made.tasks}
    for task in made.tasks:
        verdicts_on(
            task,
            by_task[task.name],
            judge=evaluation.judges[0],
            specialty=made.specialty,
            client=made.client,
            artefacts=evaluation.artefacts,
        )
    of_judge = {step: f for (name, step), f in again.items() if name == "judge"}
    assert {step: f.requests for step, f in of_judge.items()} == {
        "aneqa: judged, absolute": 12,
        "aneqa: judged, reference": 12,
        "aneqa: judged, pairs": 8,
    }
    assert judge.asked == 32
    assert all(f.held == f.requests for f in counted(evaluation).values())


def test_a_dry_run_writes_a_table_and_asks_nobody(compose, tmp_path, capsys):
    chosen = ["dry_run=true", f"models=[{BASE}]", "tasks=[aneqa,anecq]", f"paths.artefacts={tmp_path}/artefacts"]
    output = tmp_path / "out"
    output.mkdir()
    run_evaluation(compose("evaluate", chosen), build=BUILD, output=output)
    printed = capsys.readouterr().out
    assert (
        "aneqa: generation" in printed and "anecq: letters" in printed and printed.strip().splitlines()[-1][:3] == "sum"
    )
    assert not list(output.iterdir()) and not (tmp_path / "artefacts").exists()
