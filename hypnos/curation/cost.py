"""Estimates what a step of filter.py will cost, before anything is asked."""

from dataclasses import replace

from hypnos.curation.pipeline.step import Plan
from hypnos.llm.estimate import Estimate
from hypnos.llm.estimate import estimate as count
from hypnos.llm.journal.journal import Journal
from hypnos.report.tables.expected_costs import Expense


def estimate(plan: Plan, journal: Journal) -> Expense:
    """Count by rule, without the provider's tokenizer, what the journal does not hold; sends nothing."""
    figures = count(plan.model, plan.requests, journal=journal, tokens_out=plan.tokens_out)
    if plan.total is not None and figures.requests:
        figures = _scaled(figures, plan.total / figures.requests)
    return Expense(plan.step, figures)


def _scaled(figures: Estimate, times: float) -> Estimate:
    def scaled(value: float | None) -> float | None:
        return None if value is None else value * times

    return replace(
        figures,
        requests=round(figures.requests * times),
        held=round(figures.held * times),
        tokens_in=round(figures.tokens_in * times),
        tokens_out=round(figures.tokens_out * times),
        usd=scaled(figures.usd),
        most_usd=scaled(figures.most_usd),
        hours=scaled(figures.hours),
    )
