"""litellm's price list: as it was brought along, and what must be added so that it is not searched in vain."""

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

from hypnos.errors import UserError
from hypnos.llm.chat import Price

log = logging.getLogger(__name__)

_MOST = 64
"""Models told of: a server that gives each reply another name must not fill the list."""

_PRICE = 1e-6
"""Any but 0, for which litellm looks for a reason at each reply."""

_told: set[str] = set()


@cache
def brought_prices() -> Mapping[str, Mapping[str, Any]]:
    """The list as litellm brings it, whatever is added later."""
    import litellm

    return dict(litellm.model_cost)


def end_search(returned: Any) -> None:
    """Put a model that the list lacks into it, after its first reply.

    litellm prices each reply, which nobody reads here, and searches for a model that it does not know under many names,
    every time anew: a seventh of what a request takes the processor.

    Args:
        returned: a reply, as litellm gives it.
    """
    told = getattr(returned, "_hidden_params", None) or {}
    name = f"{told.get('custom_llm_provider')}/{returned.model}"
    if told.get("response_cost") is not None or name in _told or len(_told) == _MOST:
        return
    import litellm

    brought_prices()
    _told.add(name)
    try:
        entry = {
            "litellm_provider": told.get("custom_llm_provider"),
            "mode": "chat",
            "supports_response_schema": litellm.supports_response_schema(model=name),  # as it was said before
            "input_cost_per_token": _PRICE,
            "output_cost_per_token": _PRICE,
        }
        litellm.register_model({name: entry})
    except Exception as error:  # whatever it is, the reply is there and paid for
        log.debug("litellm takes no entry for %s: %s", name, type(error).__name__)


PER = 1_000_000
"""Prices are stated in dollars per million tokens, as providers state them."""


def stated_price(prices: Mapping[str, float] | None, *, where: str) -> Price | None:
    """Read `{input: 0.5, output: 1.5}`, in dollars per million tokens.

    Raises:
        UserError: one of the two is missing or no price.
    """
    if prices is None:
        return None
    if set(prices) != {"input", "output"}:
        raise UserError(f"{where}.prices: needs input and output, in dollars per million tokens; has {sorted(prices)}")
    for name, value in prices.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise UserError(f"{where}.prices.{name}: {value!r}: not a price in dollars per million tokens")
    return Price(input=prices["input"] / PER, output=prices["output"] / PER)


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
    found = costs.get(model) or costs.get(model.partition("/")[2])
    if not found:
        return None
    tiers = found.get("tiered_pricing")
    stated = {**(tiers[0] if tiers else {}), **found}
    prices = []
    for name in ("input_cost_per_token", "output_cost_per_token"):
        price = stated.get(f"{name}_batches") if batch else None
        price = stated.get(name) if price is None else price
        if price is None:
            return None
        prices.append(float(price))
    return Price(input=prices[0], output=prices[1])
