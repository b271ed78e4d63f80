"""Finds a model's price, stated or in litellm's list, and enters models there that the list lacks."""

import logging
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any

from hypnos.artefacts.ranges import Form, NotNegative
from hypnos.artefacts.value_check import Table
from hypnos.errors import UserError
from hypnos.llm.chat import Price
from hypnos.llm.providers.price_dates import warn_of_old_price, warn_of_withdrawn

log = logging.getLogger(__name__)

PER = 1_000_000
"""Prices are stated in dollars per million tokens, as providers state them."""

PRICES = Table(
    {
        **dict.fromkeys(("input", "output", "cached", "written", "thinking"), NotNegative),
        "date": Annotated[str, Form(r"\d{4}-\d\d-\d\d", "a day, such as 2026-11-29")],
    },
    partial=True,
)
"""What may be stated of a model: the fields of `Price` in dollars per million tokens, and the day they are of."""

_LISTED = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached": "cache_read_input_token_cost",
    "written": "cache_creation_input_token_cost",
    "thinking": "output_cost_per_reasoning_token",
}
"""Fields of `Price` as litellm's list calls them; of a batch endpoint with `_batches` behind."""

HALF_PRICE_BATCHES = ("dashscope", "qwencloud")
"""Providers whose batches cost half, as their documentation says (2026-10), and whose models have no batch price in
litellm's list."""

_WHOLE = ("dashscope", "qwencloud")
"""Providers that charge a whole reply, answer included, at the price of thought once it holds some."""

_MOST_ENTERED = 64
"""Models entered: a server that gives each reply another name must not fill the list."""

_ANY_PRICE = 1e-6
"""Any but 0, for which litellm looks for a reason at each reply."""

_entered: set[str] = set()
"""Models that this process has put into litellm's list, or has tried to."""


class ModelPrices:
    """What one model costs: as stated, else as litellm lists it."""

    def __init__(self, model: str, stated: Mapping[str, Any] | None, *, where: str) -> None:
        """Read what is stated.

        Args:
            model: as litellm names it.
            stated: the fields of `PRICES`; None for litellm's list.
            where: begins each line.

        Raises:
            UserError: what is stated is no price.
        """
        self._model = model
        self._where = where
        self._stated = stated_price(stated, where=where)
        self._day = (stated or {}).get("date")
        self._found: dict[bool, Price | None] = {}

    def find(self, *, batch: bool) -> Price | None:
        """The price of one request, or of one within a batch; None where none is known.

        Warns once where the price is old, or the model withdrawn. litellm has to be loaded.
        """
        if batch not in self._found:
            listed = None if self._stated else listed_price(self._model, bundled_prices(), batch=batch)
            if not self._found:
                warn_of_withdrawn(self._where, self._model, listed_entry(self._model, bundled_prices()))
                if listed is not None or self._day is not None:
                    warn_of_old_price(self._where, self._day)
            self._found[batch] = self._stated or listed
        return self._found[batch]


def stated_price(prices: Mapping[str, Any] | None, *, where: str) -> Price | None:
    """Read `{input: 0.5, output: 1.5}`, in dollars per million tokens, and what else of `PRICES` is stated.

    Raises:
        UserError: one of the two is missing, or a price is none.
    """
    if prices is None:
        return None
    if not {"input", "output"} <= set(prices) <= set(PRICES.keys):
        raise UserError(
            f"{where}.prices: needs input and output, in dollars per million tokens, and may have"
            f" {', '.join(sorted(set(PRICES.keys) - {'input', 'output'}))}; has {sorted(prices)}"
        )
    for name, value in prices.items():
        if name == "date":
            _check_day(value, f"{where}.prices.date")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise UserError(f"{where}.prices.{name}: {value!r}: not a price in dollars per million tokens")
    return Price(**{name: value / PER for name, value in prices.items() if name != "date"})


def _check_day(value: Any, where: str) -> None:
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        raise UserError(f"{where}: {value!r}: not a day, such as 2026-11-29") from None


def listed_entry(model: str, costs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """What litellm's list has of a model, with or without its provider's name; empty where it does not know it."""
    return costs.get(model) or costs.get(model.partition("/")[2]) or {}


def listed_price(model: str, costs: Mapping[str, Mapping[str, Any]], *, batch: bool = False) -> Price | None:
    """Find a model's price in litellm's list.

    Args:
        model: as litellm names it, with or without its provider.
        costs: `litellm.model_cost`.
        batch: the price of the provider's batch endpoint, where the list or `HALF_PRICE_BATCHES` has one.

    Returns:
        The price of prompts of ordinary length (some models are dearer beyond 32,000 tokens or more); None where the
        list does not know the model.
    """
    entry = listed_entry(model, costs)
    provider = str(entry.get("litellm_provider") or model.partition("/")[0])
    tiers = entry.get("tiered_pricing")
    costs_per_token = {**(tiers[0] if tiers else {}), **entry}

    def listed(name: str) -> float | None:
        price = costs_per_token.get(name)
        if not batch or price is None:
            return None if price is None else float(price)
        halved = price / 2 if provider in HALF_PRICE_BATCHES else price
        return float(costs_per_token.get(f"{name}_batches", halved))

    prices = {field: listed(name) for field, name in _LISTED.items()}
    if prices["input"] is None or prices["output"] is None:
        return None
    if batch and "cache_read_input_token_cost_batches" not in costs_per_token and provider not in HALF_PRICE_BATCHES:
        prices["cached"] = None  # half the price of a prompt may be less than that of one in the cache: not known
    return Price(**prices, whole=provider in _WHOLE)  # type: ignore[arg-type]


@cache
def bundled_prices() -> Mapping[str, Mapping[str, Any]]:
    """Copy the list as litellm brings it along, whatever is entered later."""
    import litellm

    return dict(litellm.model_cost)


def enter_unlisted(returned: Any) -> None:
    """Put a model that litellm's list lacks into it, after its first reply.

    litellm prices each reply, which nobody reads here, and searches for a model that it does not know under many names,
    every time anew: a seventh of what a request takes the processor.

    Args:
        returned: a reply, as litellm gives it.
    """
    # Private name, seen in litellm 1.106: provider and price of a reply stand nowhere else. Without it no model is
    # entered and each reply is searched for; tests/llm/providers/test_price_list.py fails then.
    hidden = getattr(returned, "_hidden_params", None) or {}
    provider = hidden.get("custom_llm_provider")
    name = f"{provider}/{returned.model}"
    if hidden.get("response_cost") is not None or name in _entered or len(_entered) == _MOST_ENTERED:
        return
    import litellm

    bundled_prices()
    _entered.add(name)
    try:
        entry = {
            "litellm_provider": provider,
            "mode": "chat",
            "supports_response_schema": litellm.supports_response_schema(model=name),  # as litellm answered before
            "input_cost_per_token": _ANY_PRICE,
            "output_cost_per_token": _ANY_PRICE,
            "cache_read_input_token_cost": _ANY_PRICE,  # litellm warns of each model that states none
        }
        litellm.register_model({name: entry})
    except Exception as error:  # whatever it is, the reply is there and paid for
        log.debug("litellm takes no entry for %s: %s", name, type(error).__name__)
