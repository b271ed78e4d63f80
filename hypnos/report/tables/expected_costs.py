"""Lays out what a run is expected to cost: a line for each part of it and model, and the sum."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hypnos.llm.estimate import Estimate
from hypnos.report.tables.terminal import text_table


@dataclass(frozen=True, slots=True)
class Expense:
    """The estimate for one part of a run: a step of filter.py, a model's answers to a task, a judge's verdicts."""

    step: str
    figures: Estimate


def expense_table(expenses: Sequence[Expense]) -> str:
    """The expected cost, a line for each part and model, and the sum."""
    head = ["expected", "model", "requests", "answered before", "tokens in", "tokens out", "US$", "at most", "hours"]
    return text_table(head, list(_lines(expenses)))


def _lines(expenses: Sequence[Expense]) -> Iterator[list[str]]:
    for expense in expenses:
        yield [expense.step, expense.figures.model, *_sums([expense.figures])]
    yield ["sum", "", *_sums([expense.figures for expense in expenses])]


def _sums(figures: Sequence[Estimate]) -> list[str]:
    counts = [
        sum(part.requests for part in figures),
        sum(part.held for part in figures),
        sum(part.tokens_in for part in figures),
        sum(part.tokens_out for part in figures),
    ]
    return [
        *(f"{count:,}" for count in counts),
        _sum([part.usd for part in figures]),
        _sum([part.most_usd for part in figures]),
        _sum([part.hours for part in figures]),
    ]


def _sum(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return "unknown"
    return "< 0.01" if 0 < sum(known) < 0.01 else f"{sum(known):.2f}"
