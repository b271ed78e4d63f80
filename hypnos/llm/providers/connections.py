"""Opens HTTP clients to servers of one's own: they follow no redirect, and no proxy stands between.

litellm's own clients follow redirects: a local server that answers with one would have a record sent on to an address
that nobody checked.
"""

import asyncio
import os
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

_open_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, ...], tuple[Any, Any]]] = (
    WeakKeyDictionary()
)


def straight_client(provider: str, *, address: str, key: str, timeout: float) -> Any:
    """Open a client that follows no redirect, one for each event loop, as litellm takes it for this provider."""
    clients = _open_clients.setdefault(asyncio.get_running_loop(), {})
    name = (provider, address, key)
    if name not in clients:
        clients[name] = _connect(provider, address, key, timeout)
    return clients[name][1]


async def close_clients() -> None:
    """Close the clients of the running event loop."""
    for handler, _ in _open_clients.pop(asyncio.get_running_loop(), {}).values():
        await handler.close()


def spare_proxies(addresses: Sequence[str]) -> None:
    """Add addresses to those that no proxy is used for, in this process and those it starts."""
    for variable in ("NO_PROXY", "no_proxy"):
        spared = [part.strip() for part in os.environ.get(variable, "").split(",") if part.strip()]
        os.environ[variable] = ",".join([*spared, *(address for address in addresses if address not in spared)])


def _connect(provider: str, address: str, key: str, timeout: float) -> tuple[Any, Any]:
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    handler = AsyncHTTPHandler(timeout=timeout, follow_redirects=False)
    if provider != "openai":
        return handler, handler
    import openai

    client = openai.AsyncOpenAI(
        base_url=address, api_key=key, timeout=timeout, max_retries=0, http_client=handler.client
    )
    return handler, client
