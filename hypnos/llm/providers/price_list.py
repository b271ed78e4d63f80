"""Finds a model's price, stated or in litellm's list, and enters models there that the list lacks."""

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

from hypnos.errors import UserError
from hypnos.llm.chat import Price

log = logging.getLogger(__name__)

PER = 1_000_000
"""Prices are stated in dollars per million tokens, as providers state them."""

_MOST_ENTERED = 64
"""Models entered: a server that gives each reply another name must not fill the list."""

_ANY_PRICE = 1e-6
"""Any but 0, for which litellm looks for a reason at each reply."""

_entered: set[str] = set()
"""Models that this process has put into litellm's list, or has tried to."""


def stated_price(prices: Mapping[str, float] | None, *, where: str) -> Price | None:
    """Read `{input: 0.5, output: 1.5}`, in dollars per million tokens, and `cached` where it is stated.

    Raises:
        UserError: one of the two is missing or no price.
    """
    if prices is None:
        return None
    if set(prices) - {"cached"} != {"input", "output"}:
        raise UserError(f"{where}.prices: needs input and output, in dollars per million tokens; has {sorted(prices)}")
    for name, value in prices.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise UserError(f"{where}.prices.{name}: {value!r}: not a price in dollars per million tokens")
    cached = prices["cached"] / PER if "cached" in prices else None
    return Price(input=prices["input"] / PER, output=prices["output"] / PER, cached=cached)


def listed_price(model: str, costs: Mapping[str, Mapping[str, Any]], *, batch: bool = False) -> Price | None:
    """Find a model in litellm's list.

    Args:
        model: as litellm names it, with or without its provider.
        costs: `litellm.model_cost`.
        batch: the price of the provider's batch endpoint, where it states one.

    Returns:
        The price of prompts of ordinary length (some models are dearer beyond 32,000 tokens or more); None where the
        list does not know the model.
    """
    entry = costs.get(model) or costs.get(model.partition("/")[2])
    if not entry:
        return None
    tiers = entry.get("tiered_pricing")
    costs_per_token = {**(tiers[0] if tiers else {}), **entry}
    prices = []
    for name in ("input_cost_per_token", "output_cost_per_token"):
        price = costs_per_token.get(f"{name}_batches") if batch else None
        price = costs_per_token.get(name) if price is None else price
        if price is None:
            return None
        prices.append(float(price))
    cached = None if batch else costs_per_token.get("cache_read_input_token_cost")
    return Price(input=prices[0], output=prices[1], cached=None if cached is None else float(cached))


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
