"""Checks what the locks pin: allowed by pyproject.toml, and without a known vulnerability.

The first needs no network and no tool. The second asks pip-audit, which asks a service: where that cannot be reached,
or does not know a package, it is said in one line, and the status is 2.
"""

import json
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
    """Print what is wrong; 0 where nothing is, 1 for a fault, 2 where nobody could be asked, of all or of some."""
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    faults = [fault for file, extras in LOCKS.items() for fault in refused_pins(_read(file), project, extras=extras)]
    print("\n".join(faults) or "pins: all allowed by pyproject.toml", flush=True)
    statuses = {_audit(audit, file) for file in LOCKS} | ({1} if faults else set())
    return min(statuses - {0}, default=0)


def _audit(audit: str, file: str) -> int:
    """Ask about the packages of one lock; what the service does not know pip-audit skips, and calls that success."""
    command = [audit, "--requirement", str(ROOT / file), "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    try:
        done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        print(f"error: {audit} is not installed: make check-deps installs it into .venv-tools", file=sys.stderr)
        return 2
    if done.returncode and any(sign in done.stderr for sign in UNREACHED):
        print(f"error: {file}: the service of known vulnerabilities cannot be reached: nothing asked", file=sys.stderr)
        return 2
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        said = " ".join((done.stdout + done.stderr).split())
        print(f"error: {file}: {audit} ended with {done.returncode}: {said[:300]}", file=sys.stderr)
        return 2
    faulty = [package for package in packages if package.get("vulns")]
    for package in faulty:
        for one in package["vulns"]:
            mended = ", ".join(one["fix_versions"]) or "no version yet"
            print(f"{file}: {package['name']}=={package['version']}: {one['id']}, mended in {mended}")
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if skipped or not packages:
        few = f": {', '.join(skipped[:5])}{', ...' if len(skipped) > 5 else ''}" if skipped else ""
        print(
            f"error: {file}: {len(skipped)} of {len(packages)} packages are unknown to the service of known "
            f"vulnerabilities, and so not audited{few}",
            file=sys.stderr,
        )
    elif not faulty:
        print(f"{file}: no known vulnerability in {len(packages)} packages")
    return 1 if faulty else 2 if skipped or not packages else 0


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
