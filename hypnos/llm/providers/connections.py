"""Opens HTTP clients to servers of one's own: they follow no redirect, and no proxy stands between.

litellm's own clients follow redirects: a local server that answers with one would have a record sent on to an address
that nobody checked.
"""

import asyncio
import os
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

_open_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str], Any]] = WeakKeyDictionary()


def straight_client(*, address: str, key: str, timeout: float) -> Any:
    """Open a client that follows no redirect, one for each event loop, as litellm takes it for any provider."""
    clients = _open_clients.setdefault(asyncio.get_running_loop(), {})
    name = (address, key)
    if name not in clients:
        clients[name] = _connect(address, key, timeout)
    return clients[name]


async def close_clients() -> None:
    """Close the clients of the running event loop."""
    for client in _open_clients.pop(asyncio.get_running_loop(), {}).values():
        await client.close()


def spare_proxies(addresses: Sequence[str]) -> None:
    """Add addresses to those that no proxy is used for, in this process and those it starts."""
    for variable in ("NO_PROXY", "no_proxy"):
        spared = [part.strip() for part in os.environ.get(variable, "").split(",") if part.strip()]
        os.environ[variable] = ",".join([*spared, *(address for address in addresses if address not in spared)])


def _connect(address: str, key: str, timeout: float) -> Any:
    """Open a client of both kinds: litellm takes OpenAI's for some providers and its own for others, and says nowhere
    which is for whom.
    """
    import openai
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    class StraightClient(AsyncHTTPHandler):
        def __init__(self) -> None:
            super().__init__(timeout=timeout, follow_redirects=False)
            self.openai = openai.AsyncOpenAI(
                base_url=address, api_key=key, timeout=timeout, max_retries=0, http_client=self.client
            )

        def __getattr__(self, name: str) -> Any:
            if name == "openai":
                raise AttributeError(name)  # not made yet
            return getattr(self.openai, name)

    return StraightClient()
