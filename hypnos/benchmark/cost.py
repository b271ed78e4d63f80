"""Estimates what an evaluation will cost, before anything is asked: `python evaluate.py dry_run=true`."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hypnos.benchmark.answerers.answerer import Answerer
from hypnos.benchmark.answerers.cache import answers_folder
from hypnos.benchmark.items import Item
from hypnos.benchmark.judge.cache import can_judge, verdicts_folder
from hypnos.benchmark.judge.cases import TaskAnswers
from hypnos.benchmark.judge.judge import Judge, score_requests
from hypnos.benchmark.judge.pairwise import pair_requests
from hypnos.benchmark.model_on_task import answers_exist, ask
from hypnos.benchmark.predictions import Prediction
from hypnos.benchmark.preparation import Evaluation
from hypnos.benchmark.tasks.task import Task
from hypnos.llm.estimate import Estimate
from hypnos.report.tables.expected_costs import Expense

SCORES_TOKENS = 120
"""Tokens of one verdict: a number for each aspect and a sentence or two."""

PAIR_TOKENS = 80
"""Tokens of one comparison: who is better, and a sentence or two."""


def expect(evaluation: Evaluation) -> Iterator[Expense]:
    """What every model's answers and every judge's verdicts will cost; what is kept costs nothing.

    Answers that do not exist yet are stood in for by the references: a judge's prompts are about as long with them.
    """
    for answerer in evaluation.answerers:
        for task in evaluation.tasks:
            for request_type in evaluation.request_types[answerer.name, task.name]:
                figures = answerer.expect(task, request_type)
                if answers_folder(answerer, task, request_type, artefacts=evaluation.artefacts).is_dir():
                    figures = _free(figures)
                yield Expense(f"{task.name}: {request_type}", figures)
    for judge in evaluation.judges:
        for task in evaluation.tasks:
            if can_judge(judge, task, evaluation.client):
                yield from _verdicts(evaluation, judge, task)


def _verdicts(evaluation: Evaluation, judge: Judge, task: Task) -> Iterator[Expense]:
    predictions = {
        answerer.name: _kept_answers(evaluation, answerer, task) or _stand_ins(task, answerer.name)
        for answerer in evaluation.answerers
    }
    folder = verdicts_folder(
        task, predictions, judge=judge, specialty=evaluation.specialty, artefacts=evaluation.artefacts
    )
    answers = TaskAnswers(task=task.name, items=task.items(), predictions=predictions, egress=task.egress)
    specialty = evaluation.specialty
    parts = [
        (mode, SCORES_TOKENS, score_requests(judge, answers, specialty=specialty, mode=mode)) for mode in judge.modes
    ]
    if judge.pairwise and len(predictions) > 1:
        parts.append(("pairs", PAIR_TOKENS, pair_requests(judge, answers, specialty=specialty)))  # type: ignore[arg-type]
    for name, tokens, requests in parts:
        figures = evaluation.client.estimate(judge.model, requests, tokens_out=min(tokens, judge.model.max_tokens))
        yield Expense(f"{task.name}: judged, {name}", _free(figures) if folder.is_dir() else figures)


def _kept_answers(evaluation: Evaluation, answerer: Answerer, task: Task) -> Sequence[Prediction]:
    """A model's answers where they are kept, or lie in a file; none where they have to be asked for."""
    artefacts = evaluation.artefacts
    free = not answerer.expect(task, "generation").requests
    if free or answers_exist(answerer, task, artefacts=artefacts):
        return ask(answerer, task, ["generation"], artefacts=artefacts)["generation"]
    return []


def _stand_ins(task: Task, model: str) -> list[Prediction]:
    def stand_in(item: Item) -> Prediction:
        # With its model's name: two answers of the same words are not compared.
        text = f"{item.answers[0]}\n{model}"
        return Prediction(item=item.id, prompt="", raw=text, answer=text, finished=True, tokens=0)

    return [stand_in(item) for item in task.items()]


def _free(figures: Estimate) -> Estimate:
    return replace(figures, held=figures.requests, tokens_in=0, tokens_out=0, usd=0.0, most_usd=0.0, hours=0.0)
