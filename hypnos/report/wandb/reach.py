"""Finds out in seconds whether W&B can be reached, before anything waits for it."""

import logging
import os
import socket
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

log = logging.getLogger(__name__)

SECONDS = 5.0
"""That a connection may take; wandb itself tries for a minute and a half, and raises."""

PUBLIC = "https://api.wandb.ai"


def reachable_mode(mode: str) -> str:
    """The mode in which a run can begin: `offline`, with a warning, where `online` finds nobody.

    What is logged is then kept in files, which `wandb sync` sends later.
    """
    if mode != "online":
        return mode
    address = _address()
    fault = _fault(address)
    if fault is None:
        return mode
    log.warning("W&B cannot be reached at %s (%s): this run is kept in files; `wandb sync` sends them", address, fault)
    return "offline"


def _address() -> str:
    """Where W&B would send: the environment, or what `wandb login --host` left."""
    if named := os.environ.get("WANDB_BASE_URL"):
        return named
    import wandb

    return str(getattr(wandb.setup().settings, "base_url", None) or PUBLIC)


def _fault(address: str) -> str | None:
    """Why no connection can be made, to the proxy where there is one; None where it can."""
    target = urlsplit(address)
    host, port = target.hostname or "", target.port or (443 if target.scheme == "https" else 80)
    proxy = getproxies().get(target.scheme)
    if proxy and not proxy_bypass(host):
        through = urlsplit(proxy if "//" in proxy else f"//{proxy}")
        host, port = through.hostname or "", through.port or 80
    try:
        socket.create_connection((host, port), timeout=SECONDS).close()
    except OSError as error:
        return f"{host}:{port}: {error.strerror or error}"
    return None
