"""litellm's price list: as it was brought along, and what must be added so that it is not searched in vain."""

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

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
