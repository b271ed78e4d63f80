"""Turns what a report holds into plain tables and numbers for a board."""

import math
from typing import Any

from hypnos.report.boards.board import Rows
from hypnos.report.report import Report
from hypnos.report.results import Note, Results, TaskQuestions
from hypnos.report.tables.table import Grid

COLUMNS = ("model", "metric", "value", "low", "high", "n", "groups", "raters", "signature")


def report_tables(report: Report) -> dict[str, Rows]:
    """Every table and every note that has a table, by name."""
    grids: dict[str, Rows] = {grid.key: [COLUMNS, *grid_rows(grid)] for grid in report.grids}
    return grids | {_key(note): [note.head, *note.rows] for note in report.notes if note.head}


def grid_rows(grid: Grid) -> list[list[Any]]:
    """One row for each number, as `COLUMNS` names its cells."""
    rows = []
    for label, cells in grid.rows:
        for column, cell in zip(grid.columns, cells):
            if cell is not None:
                numbers = [None if math.isnan(number) else number for number in (cell.value, cell.low, cell.high)]
                sizes = [cell.n, cell.groups, cell.raters]
                rows.append([label, column.name, *numbers, *sizes, column.signature])
    return rows


def headline_values(report: Report, results: Results) -> dict[str, float]:
    """The headline metrics by `task/metric/model`."""
    headline = {f"{task.name}/{m.name}" for task in results.tasks for m in task.metrics if m.headline}
    return {
        f"{grid.key.split('/')[0]}/{column.name}/{label}": cell.value
        for grid in report.grids
        for label, cells in grid.rows
        for column, cell in zip(grid.columns, cells)
        if cell is not None and f"{grid.key.split('/')[0]}/{column.name}" in headline
    }


def every_value(report: Report) -> dict[str, float]:
    """All numbers by `table/column/arm`."""
    return {f"{grid.key}/{row[1]}/{row[0]}": row[2] for grid in report.grids for row in grid_rows(grid)}


def answer_rows(results: Results, task: TaskQuestions, most: int) -> list[list[Any]]:
    """The head of a table, then the first answers of each model with their numbers; none of a hidden task."""
    scored = {name for answers in results.answers if answers.task == task.name for name in answers.scores}
    metrics = [metric.name for metric in task.metrics if metric.name in scored]  # others are of the whole task
    rows: list[list[Any]] = [["model", "item", "question", "references", "answer", "choice", *metrics]]
    if task.hidden:
        return rows
    for answers in results.answers_to(task.name):
        for number, question in enumerate(task.questions[:most]):
            choice = answers.choices[number] if answers.choices else None
            values = [answers.scores[name][number] if name in answers.scores else None for name in metrics]
            references = " / ".join(question.references)
            texts = (question.id, question.question, references, answers.texts[number] or "")
            rows.append([answers.model, *texts, choice, *values])
    return rows


def _key(note: Note) -> str:
    return "notes/" + "".join(sign if sign.isalnum() else "_" for sign in note.title)
