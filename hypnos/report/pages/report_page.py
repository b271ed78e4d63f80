"""Writes the report as one self-contained HTML page, which needs no network."""

import base64
import hashlib
import html
import json
import math
import struct
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

from hypnos.report.contents import Contents
from hypnos.report.figures.figures import Figure
from hypnos.report.pages.highlights import Marker
from hypnos.report.pages.words import Words, read_words
from hypnos.report.results import Answers, Note, Results, TaskQuestions
from hypnos.report.statistics.intervals import Interval
from hypnos.report.tables.metric_tables import headline_metrics, label_of, method_note
from hypnos.report.tables.table import Column, Grid
from hypnos.specialty.drugs import Drug

_FOLDER = Path(__file__).parent

NO_SCRIPT = "This page needs its script to show the results; it needs no network."


def write_report_page(
    file: Path,
    contents: Contents,
    figures: Sequence[Figure],
    *,
    drugs: Sequence[Drug] = (),
    show_hidden: bool = False,
) -> None:
    """Write the page.

    Texts of models reach the page as data and are put into it as text nodes only. Beside that, its security policy
    allows the one style and the one script that stand in it, by their hashes, and no address.

    Args:
        file: the page, `.html`.
        contents: tables, and the questions and answers that are shown side by side.
        figures: put into the page as they are.
        drugs: whose names and doses are marked.
        show_hidden: show the texts of hidden tasks as well.
    """
    results = contents.results
    words = read_words(contents.language)
    notes = [_note(note, words) for note in contents.notes]
    shown = [task for task in results.tasks if show_hidden or not task.hidden]
    marker = Marker(drugs) if drugs else None
    data = {
        "title": results.title,
        "method": words(contents.method or method_note()),
        "warnings": [words(line) for line in results.warnings],
        "opening": notes.pop(0) if contents.opens else None,
        "models": list(results.models),
        "grids": [_grid(grid, words) for grid in contents.grids],
        "notes": notes,
        "figures": [_figure(figure, words) for figure in figures],
        "titles": {task.name: task.title or task.name for task in results.tasks},
        "tasks": [_task(results, task, marker, words) for task in shown],
        "topics": dict(results.topics),
        "topic_order": {task.name: results.topics_of(task) for task in shown},
        "words": words.of_page,
        "left_out": [task.name for task in results.tasks if task not in shown],
    }
    style, script = ((_FOLDER / f"page.{kind}").read_text("utf-8") for kind in ("css", "js"))
    page = Template((_FOLDER / "page.html").read_text("utf-8")).substitute(
        title=html.escape(results.title),
        language={"en": "en", "zh": "zh-CN"}[contents.language],
        no_script=html.escape(words.of_page.get(NO_SCRIPT, NO_SCRIPT)),
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        data=as_data(data),
    )
    file.write_text(page, "utf-8", newline="\n")


def as_data(value: Any) -> str:
    """JSON that may stand within a script element: there only `<` can end it, and JSON can spell it otherwise."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _note(note: Note, words: Words) -> dict[str, Any]:
    return {
        "title": words(note.title),
        "head": [words(cell) for cell in note.head],
        "rows": [[words(cell) for cell in row] for row in note.rows],
        "text": words(note.text),
    }


def _grid(grid: Grid, words: Words) -> dict[str, Any]:
    return {
        "key": grid.key,
        "title": words(grid.title),
        "corner": words(grid.corner),
        "note": words(grid.note),
        "counts": words(grid.counts()),
        "signatures": [(words(names), signature) for names, signature in grid.signatures()],
        "columns": [
            {"title": words(c.title), "name": words(c.shown), "better": c.better, "scale": c.scale}
            for c in grid.columns
        ],
        "best": [sorted(grid.best(at)) for at in range(len(grid.columns))],
        "rows": [
            {
                "label": label,
                "cells": [_cell(column, cell, grid.crossed, words) for column, cell in zip(grid.columns, cells)],
            }
            for label, cells in grid.rows
        ],
    }


def _cell(column: Column, cell: Interval | None, crossed: str, words: Words) -> dict[str, Any] | None:
    if cell is None or math.isnan(cell.value):
        return None
    more = f", {crossed} = {cell.raters}" if cell.raters else ""
    counts = words(f"n = {cell.n}, groups = {cell.groups}{more}")
    return {
        "value": cell.value * column.scale,
        "text": column.write(cell.value),
        "interval": column.write_interval(cell),
        "hint": f"{words(column.shown)}: {counts}\n{column.signature}",
    }


def _task(results: Results, task: TaskQuestions, marker: Marker | None, words: Words) -> dict[str, Any]:
    answers = results.answers_to(task.name)
    chips = [metric for metric in task.metrics if metric.headline and any(metric.name in a.scores for a in answers)]
    return {
        "name": task.name,
        "title": task.title or task.name,
        "kind": task.kind,
        "headline": headline_metrics(task)[0].name,
        "chips": [{"name": m.name, "label": words(label_of(m)), "better": m.better, "share": m.share} for m in chips],
        "questions": [
            {
                "id": question.id,
                "question": question.question,
                "passage": question.passage,
                "options": list(question.options.items()),
                "references": question.references,
                "explanation": question.explanation,
                "topic": question.topic,
                "level": question.level,
                "multiple": question.multiple,
                "negative": question.negative,
                "marks": [marker.marks(text) if marker else [] for text in question.references],
                "answers": [
                    _answer(a, at, [m.name for m in chips], marker) for a in answers if a.texts[at] is not None
                ],
            }
            for at, question in enumerate(task.questions)
        ],
    }


def _answer(answers: Answers, at: int, chips: Sequence[str], marker: Marker | None) -> dict[str, Any]:
    text = answers.texts[at] or ""
    return {
        "model": answers.model,
        "text": text,
        "choice": answers.choices[at] if answers.choices else None,
        "rule": answers.rules[at] if answers.rules else "",
        "scores": [answers.scores[name][at] if name in answers.scores else None for name in chips],
        "marks": marker.marks(text) if marker else [],
    }


def _figure(figure: Figure, words: Words) -> dict[str, Any]:
    """The picture with its size, so that the page does not jump while it loads."""
    content = figure.path.read_bytes()
    width, height = struct.unpack(">II", content[16:24])  # of a PNG's first chunk
    source = "data:image/png;base64," + base64.b64encode(content).decode()
    return {"title": words(figure.title), "source": source, "width": width, "height": height}


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
