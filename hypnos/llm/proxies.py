"""Local addresses are reached directly: a proxy of the environment would carry their prompts off the machine."""

import os
from collections.abc import Sequence


def spare_proxies(addresses: Sequence[str]) -> None:
    """Add addresses to those that no proxy is used for, in this process and those it starts."""
    for variable in ("NO_PROXY", "no_proxy"):
        spared = [part.strip() for part in os.environ.get(variable, "").split(",") if part.strip()]
        os.environ[variable] = ",".join([*spared, *(address for address in addresses if address not in spared)])
