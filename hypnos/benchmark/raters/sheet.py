"""Writes blinded sheets: what each rater gets, and the key that stays with the researcher."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from hypnos.artefacts.keys import content_key
from hypnos.benchmark.items import Item
from hypnos.benchmark.judge.masking import mask_names
from hypnos.benchmark.predictions import Prediction
from hypnos.benchmark.raters.page import write_page
from hypnos.benchmark.raters.planner import Block, Part, Plan, StudyQuestion, make_plan
from hypnos.benchmark.raters.spreadsheet import write_table
from hypnos.benchmark.raters.study import Study
from hypnos.errors import UserError
from hypnos.specialty.folder import Specialty
from hypnos.specialty.rubric import HIGH, KINDS, LOW, read_indicators, read_severe

SHEET, KEY, RATINGS = "hypnos-sheet/1", "hypnos-key/1", "hypnos-ratings/1"
"""Names and versions of the three kinds of files."""

KEY_FILE, PLAN_FILE, HANDED_OUT = "key.json", "plan.md", "hand_out"

Predictions = Mapping[str, Mapping[str, Sequence[Prediction]]]
"""The answers, by task and model."""

AnswerKeys = Mapping[str, Mapping[str, Mapping[str, str]]]
"""By task, model and item, a key of the words of an answer."""


def make_sheets(
    directory: Path,
    *,
    study: Study,
    tasks: Mapping[str, Sequence[Item]],
    predictions: Predictions,
    specialty: Specialty,
) -> Plan:
    """Write a page and a table for each rater, the key, and the plan.

    `hand_out/` holds what raters get: `<rater>.html` and, with the same content, `<rater>.csv`. `key.json` says
    which answer is whose, and stays with the researcher. The same arguments make the same files, byte by byte.

    Args:
        directory: exists; usually an artefact that is being made.
        study: raters, seed, sizes.
        tasks: the questions by task; choice questions are left out, since they have a right answer.
        predictions: the answers by task and model; of several samples the first is rated.
        specialty: its indicators and severe errors.

    Returns:
        Who rates what, and how long it will take.

    Raises:
        UserError: an answer is missing; nothing is left to rate; or see `make_plan`.
    """
    answers = {task: _answers(task, items, predictions.get(task, {})) for task, items in tasks.items()}
    questions = {
        task: [StudyQuestion(task, item, len(answers[task][item.id])) for item in items if item.kind in KINDS]
        for task, items in tasks.items()
    }
    plan = make_plan(study, questions)
    rubric = {
        "indicators": [_plain(indicator) for indicator in read_indicators(specialty)],
        "severe": [_plain(severe) for severe in read_severe(specialty)],
        "low": LOW,
        "high": HIGH,
    }
    handed_out = directory / HANDED_OUT
    handed_out.mkdir(parents=True, exist_ok=True)
    sheets = {}
    for rater in study.raters:
        page, key = _sheet(rater, study, plan, answers, rubric)
        write_page(handed_out / f"{rater}.html", page)
        write_table(handed_out / f"{rater}.csv", page)
        sheets[page["sheet"]] = key
    rated = {task: by_model for task, by_model in predictions.items() if task in tasks}
    kept = {"format": KEY, "study": study.key(), **rubric, "sheets": sheets, "answers": answer_keys(rated)}
    (directory / KEY_FILE).write_text(json.dumps(kept, ensure_ascii=False, indent=1), "utf-8")
    (directory / PLAN_FILE).write_text(describe_plan(study, plan), "utf-8")
    return plan


def describe_plan(study: Study, plan: Plan) -> str:
    """The plan as a page for the researcher: questions x raters x minutes."""
    shares = {rater: [question for _, block in plan.blocks_of(rater) for question in block] for rater in study.raters}
    main = {_id(question) for blocks in plan.main.values() for block in blocks for question in block}
    local = any(question.item.egress == "local" for share in shares.values() for question in share)
    lines = [
        f"# {study.title}",
        "",
        f"- {sum(map(len, plan.calibration))} questions of calibration for everybody",
        f"- {len(main)} other questions, each for {study.overlap} of {len(study.raters)} raters",
        f"- {study.minutes_per_answer:g} minutes per answer; seed {study.seed}",
        f"- `{HANDED_OUT}/` goes to the raters; `{KEY_FILE}` says whose the answers are and stays here",
        *(["- holds records marked `egress: local`: the pages must not leave the house"] if local else []),
        "",
        "| rater | questions | answers | minutes |",
        "|---|---:|---:|---:|",
    ]
    for rater, share in shares.items():
        total = sum(question.answers for question in share)
        lines.append(f"| {rater} | {len(share)} | {total} | {plan.minutes[rater]:.0f} |")
    lines += ["", "| questions shared by | " + " | ".join(study.raters) + " |", "|---|" + "---:|" * len(study.raters)]
    held = {rater: set(map(_id, share)) for rater, share in shares.items()}
    for rater in study.raters:
        lines.append(f"| {rater} | " + " | ".join(str(len(held[rater] & held[other])) for other in study.raters) + " |")
    return "\n".join(lines) + "\n"


def first_answers(predictions: Sequence[Prediction]) -> dict[str, str]:
    """By item, the words of its first sample: those that are rated."""
    first: dict[str, Prediction] = {}
    for prediction in predictions:
        if prediction.item not in first or prediction.sample < first[prediction.item].sample:
            first[prediction.item] = prediction
    return {item: prediction.answer.strip() for item, prediction in first.items()}


def answer_keys(predictions: Predictions) -> AnswerKeys:
    """The keys of all answers that are rated."""
    return {
        task: {
            model: {item: content_key({"answer": answer})[:12] for item, answer in first_answers(answers).items()}
            for model, answers in models.items()
        }
        for task, models in predictions.items()
    }


def _answers(
    task: str, items: Sequence[Item], by_model: Mapping[str, Sequence[Prediction]]
) -> dict[str, dict[str, list[str]]]:
    """By item: the models by the words of their answer, names covered. Models of the same words are rated once."""
    if not by_model:
        raise UserError(f"{task}: no answers to rate")
    answers: dict[str, dict[str, list[str]]] = {item.id: {} for item in items if item.kind in KINDS}
    for model, predictions in by_model.items():
        first = first_answers(predictions)
        missing = [id for id in answers if id not in first]
        if missing:
            raise UserError(f"{task}: {model} has no answer to {missing[0]} ({len(missing)} of {len(answers)} missing)")
        for id, models in answers.items():
            models.setdefault(mask_names(first[id], by_model), []).append(model)
    return answers


def _sheet(
    rater: str,
    study: Study,
    plan: Plan,
    answers: Mapping[str, Mapping[str, Mapping[str, list[str]]]],
    rubric: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a rater's page holds, and the entry of the key for it."""
    draw = random.Random(f"sheet {study.seed} {rater}")
    questions, key = [], {}
    for number, (part, drawn) in enumerate(_order(plan.blocks_of(rater), draw), 1):
        id = f"q{number:03d}"
        item = drawn.item
        texts = sorted(answers[drawn.task][item.id].items())
        draw.shuffle(texts)
        labels = [_label(at) for at in range(len(texts))]
        questions.append(
            {
                "id": id,
                "part": part,
                "kind": item.kind,
                "passage": item.passage,
                "question": item.question,
                "references": list(item.answers) if study.reference else [],
                "answers": [
                    {"id": id + label.lower(), "label": label, "text": text} for label, (text, _) in zip(labels, texts)
                ],
            }
        )
        key[id] = {
            "task": drawn.task,
            "item": item.id,
            "group": item.group,
            "kind": item.kind,
            "part": part,
            "answers": {id + label.lower(): models for label, (_, models) in zip(labels, texts)},
        }
    page = {
        "format": SHEET,
        "ratings": RATINGS,
        "rater": rater,
        "title": study.title,
        "minutes": round(plan.minutes[rater]),
        "local": any(question.item.egress == "local" for _, block in plan.blocks_of(rater) for question in block),
        **rubric,
        "questions": questions,
    }
    # The number of a sheet covers its key, so that a page of other models under the same words is another sheet.
    page["sheet"] = content_key({"page": page, "key": key})[:12]
    return page, {"rater": rater, "questions": key}


def _order(mine: Sequence[tuple[Part, Block]], draw: random.Random) -> list[tuple[Part, StudyQuestion]]:
    """Order what a rater does: calibration first, each part in an order of its own, a passage's questions together."""
    shuffled = draw.sample(list(mine), len(mine))
    shuffled.sort(key=lambda entry: entry[0] != "calibration")
    return [(part, question) for part, block in shuffled for question in block]


def _label(at: int) -> str:
    """Letters for an answer's number: A, B, ... Z, AA, ..."""
    return (_label(at // 26 - 1) if at >= 26 else "") + chr(ord("A") + at % 26)


def _plain(entry: Any) -> dict[str, Any]:
    values = {field.name: getattr(entry, field.name) for field in fields(entry)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _id(question: StudyQuestion) -> tuple[str, str]:
    return question.task, question.item.id
