"""Checks what `requirements.lock` pins: allowed by pyproject.toml, and without a known vulnerability.

The first needs no network and no tool. The second asks pip-audit, which asks a service: where that cannot be reached,
it is said in one line, and the status is 2.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]

UNREACHED = ("ConnectionError", "Max retries", "Temporary failure", "ServiceError", "timed out", "Failed to connect")
"""What pip-audit says where its service did not answer."""


LOCKS: Mapping[str, Collection[str] | None] = {"requirements.lock": ("dev",), "requirements-extras.lock": None}
"""By file, the extras that it holds; None: all. An extra may need an older release than the rest is locked to."""


def main(audit: str = "pip-audit") -> int:
    """Print what is wrong; 0 where nothing is, 1 for a fault, 2 where nobody could be asked."""
    lock = ROOT / "requirements.lock"
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    faults = [fault for file, extras in LOCKS.items() for fault in refused_pins(_read(file), project, extras=extras)]
    print("\n".join(faults) or "pins: all allowed by pyproject.toml", flush=True)
    command = [audit, "--requirement", str(lock), "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        print(f"error: {audit} is not installed: make check-deps installs it into .venv-tools", file=sys.stderr)
        return 2
    if done.returncode and any(sign in done.stderr for sign in UNREACHED):
        print("error: the service of known vulnerabilities cannot be reached: nothing was audited", file=sys.stderr)
        return 1 if faults else 2
    print(done.stdout + done.stderr, end="")
    return int(bool(faults) or done.returncode != 0)


def refused_pins(lock: str, project: str, *, extras: Collection[str] | None = None) -> Iterator[str]:
    """Yields a line for each pin that pyproject.toml does not allow, versions excluded by name among them.

    Args:
        lock: text of the lock.
        project: text of pyproject.toml.
        extras: those whose requirements count; None: all.
    """
    from packaging.requirements import Requirement

    pins = read_pins(lock)
    table = tomllib.loads(project)["project"]
    optional = table["optional-dependencies"]
    stated = [
        *table["dependencies"],
        *(one for extra in optional if extras is None or extra in extras for one in optional[extra]),
    ]
    for requirement in map(Requirement, stated):
        pin = pins.get(_plain(requirement.name))
        if pin is not None and not requirement.specifier.contains(pin, prereleases=True):
            yield f"{requirement.name}=={pin} is not allowed: pyproject.toml says {requirement.specifier}"


def read_pins(lock: str) -> Mapping[str, str]:
    """The pinned version of each package, by its plain name."""
    return {_plain(name): version for name, version in re.findall(r"^([\w.-]+)==([\w.+!-]+)", lock, re.MULTILINE)}


def _read(file: str) -> str:
    return (ROOT / file).read_text("utf-8")


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
