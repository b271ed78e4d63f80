"""What a model costs, from the price list that litellm brings along; nothing is looked up on the network."""

from collections.abc import Mapping
from typing import Any

from hypnos.errors import UserError
from hypnos.llm.chat import Price

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
