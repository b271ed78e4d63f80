"""Estimates what a run will cost, before anything is asked, and shows it as a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hypnos.curation.step import Plan
from hypnos.llm.estimate import Estimate
from hypnos.llm.estimate import estimate as count
from hypnos.llm.journal.journal import Journal
from hypnos.report.tables.terminal import text_table


@dataclass(frozen=True, slots=True)
class Expense:
    """The estimate for one plan of a step."""

    step: str
    figures: Estimate


def estimate(plan: Plan, journal: Journal) -> Expense:
    """Count by rule, without the provider's tokenizer, what the journal does not hold; sends nothing."""
    figures = count(plan.model, plan.requests, journal=journal, tokens_out=plan.tokens_out)
    if plan.total is not None and figures.requests:
        figures = _scaled(figures, plan.total / figures.requests)
    return Expense(plan.step, figures)


def _scaled(figures: Estimate, times: float) -> Estimate:
    def dollars(usd: float | None) -> float | None:
        return None if usd is None else usd * times

    return replace(
        figures,
        requests=round(figures.requests * times),
        held=round(figures.held * times),
        tokens_in=round(figures.tokens_in * times),
        tokens_out=round(figures.tokens_out * times),
        usd=dollars(figures.usd),
        most_usd=dollars(figures.most_usd),
    )


def expense_table(expenses: Sequence[Expense]) -> str:
    """The expected cost, a line for each step and model, and the sum."""
    head = ["expected", "model", "requests", "answered before", "tokens in", "tokens out", "US$", "at most"]
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
        _dollars([part.usd for part in figures]),
        _dollars([part.most_usd for part in figures]),
    ]


def _dollars(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known):.2f}" if len(known) == len(values) else "unknown"
