"""Estimates what a step of filter.py will cost, before anything is asked."""

from dataclasses import replace

from hypnos.curation.pipeline.step import Plan
from hypnos.llm.estimate import Estimate
from hypnos.llm.estimate import estimate as count
from hypnos.llm.journal.journal import Journal
from hypnos.report.tables.expected_costs import Expense


def estimate(plan: Plan, journal: Journal) -> Expense:
    """Count by rule, without the provider's tokenizer, what the journal does not hold; sends nothing."""
    sample = plan.total is not None
    figures = count(plan.model, plan.requests, journal=journal, tokens_out=plan.tokens_out, price_held=sample)
    if plan.total is not None and figures.requests:
        figures = _scaled(figures, plan.total, held=figures.held if plan.model.journaled else plan.total)
    return Expense(plan.step, figures)


def _scaled(figures: Estimate, total: int, *, held: int) -> Estimate:
    """Of a sample that was priced whole, the figures of all: that its replies are held says nothing of the others."""
    times = max(0, total - held) / figures.requests

    def scaled(value: float | None) -> float | None:
        return None if value is None else value * times

    return replace(
        figures,
        requests=total,
        held=held,
        tokens_in=round(figures.tokens_in * times),
        tokens_out=round(figures.tokens_out * times),
        usd=scaled(figures.usd),
        most_usd=scaled(figures.most_usd),
        hours=scaled(figures.hours),
    )
