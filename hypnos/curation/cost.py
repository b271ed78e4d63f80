"""What a run will cost, before anything is asked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from hypnos.llm.chat import ChatModel
from hypnos.llm.estimate import Estimate
from hypnos.llm.estimate import estimate as count
from hypnos.llm.journal.journal import Journal
from hypnos.llm.requests import Request
from hypnos.report.tables.terminal import text_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a step will ask of one model.

    Attributes:
        step: the step's name.
        model: who will be asked.
        requests: the prompts, or some that are like them.
        total: how many there will be, where `requests` are only some.
        tokens_out: of one reply.
    """

    step: str
    model: ChatModel
    requests: Iterable[Request]
    tokens_out: int
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Expense:
    """The figures of one plan."""

    step: str
    of: Estimate


def estimate(plan: Plan, journal: Journal) -> Expense:
    """Count by rule, without the provider's tokenizer, what the journal does not hold; sends nothing."""
    found = count(plan.model, plan.requests, journal=journal, tokens_out=plan.tokens_out)
    if plan.total is not None and found.requests:
        found = _scaled(found, plan.total / found.requests)
    return Expense(plan.step, found)


def _scaled(found: Estimate, times: float) -> Estimate:
    counts = {name: round(getattr(found, name) * times) for name in ("requests", "held", "tokens_in", "tokens_out")}
    costs = {name: None if (usd := getattr(found, name)) is None else usd * times for name in ("usd", "most_usd")}
    return replace(found, **counts, **costs)  # type: ignore[arg-type]


def expense_table(expenses: Sequence[Expense]) -> str:
    """The expected cost, a line for each step and model, and the sum."""
    head = ["expected", "model", "requests", "answered before", "tokens in", "tokens out", "US$", "at most"]
    return text_table(head, list(_lines(expenses)))


def _lines(expenses: Sequence[Expense]) -> Iterator[list[str]]:
    for one in expenses:
        counts = [f"{getattr(one.of, name):,}" for name in ("requests", "held", "tokens_in", "tokens_out")]
        yield [one.step, one.of.model, *counts, _dollars([one.of.usd]), _dollars([one.of.most_usd])]
    sums = [f"{sum(getattr(one.of, n) for one in expenses):,}" for n in ("requests", "held", "tokens_in", "tokens_out")]
    yield [
        "sum",
        "",
        *sums,
        _dollars([one.of.usd for one in expenses]),
        _dollars([one.of.most_usd for one in expenses]),
    ]


def _dollars(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known):.2f}" if len(known) == len(values) else "unknown"
