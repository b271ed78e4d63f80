"""What the lock pins is what pyproject.toml allows, and an audit that asked nobody is none."""

import json
import re
import stat
import tomllib

import pytest

from bench.check_deps import LOCKS, ROOT, main, read_pins, refused_pins

PROJECT = (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize(("file", "extras"), LOCKS.items())
def test_a_lock_is_allowed_and_malicious_releases_are_not(file, extras):
    lock = (ROOT / file).read_text("utf-8")
    assert len(read_pins(lock)) > 50
    assert not list(refused_pins(lock, PROJECT, extras=extras))
    for version in ("2.6.2", "2.6.3"):
        (line,) = refused_pins(f"pytorch_lightning=={version}\n", PROJECT)
        assert line.startswith(f"pytorch-lightning=={version} is not allowed")


def test_tests_of_extras_run_beside_what_the_lock_pins():
    pins, extras = (read_pins((ROOT / file).read_text("utf-8")) for file in LOCKS)
    assert pins.keys() <= extras.keys()
    (older,) = re.findall(r"^OLDER := (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {name for name, pin in pins.items() if extras[name] != pin} == set(older.split("|"))


@pytest.fixture
def audit(tmp_path):
    """A program in the place of pip-audit that says a text on its output, another as an error, and ends."""

    def make(said="", *, error="", status=0):
        (tmp_path / "said").write_text(said)
        (tmp_path / "error").write_text(error)
        file = tmp_path / "audit"
        file.write_text(f"#!/bin/sh\ncat {tmp_path}/said; cat {tmp_path}/error >&2\nexit {status}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return str(file)

    return make


def packages(*listed):
    return json.dumps({"dependencies": listed, "fixes": []})


SOUND = {"name": "numpy", "version": "2.4.6", "vulns": []}
FAULTY = {"name": "wandb", "version": "0.1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["0.2"], "aliases": []}]}
UNKNOWN = {"name": "torch", "skip_reason": "Dependency not found on PyPI and could not be audited: torch (2.13.0)"}


def test_an_unreachable_service_is_a_line_for_each_lock_and_no_success(audit, tmp_path, capsys):
    assert main(audit(error="ERROR: ConnectionError: Max retries exceeded", status=1)) == 2
    assert capsys.readouterr().err.count("\n") == len(LOCKS)
    assert main(audit("not JSON", error="usage: ...", status=2)) == 2
    assert main(str(tmp_path / "none")) == 2


def test_a_vulnerability_is_a_fault_and_named(audit, capsys):
    assert main(audit(packages(SOUND, FAULTY, UNKNOWN), status=1)) == 1
    assert "wandb==0.1: PYSEC-1, mended in 0.2" in capsys.readouterr().out
    assert main(audit(packages(SOUND), error="No known vulnerabilities found")) == 0
    assert "no known vulnerability in 1 packages" in capsys.readouterr().out


@pytest.mark.parametrize(("listed", "count"), [((SOUND, UNKNOWN), "1 of 2"), ((UNKNOWN,), "1 of 1"), ((), "0 of 0")])
def test_what_the_service_does_not_know_is_not_audited_though_the_tool_ends_well(audit, capsys, listed, count):
    assert main(audit(packages(*listed), error="No known vulnerabilities found")) == 2
    shown = capsys.readouterr()
    assert f"requirements.lock: {count} packages are unknown" in shown.err
    assert "no known vulnerability" not in shown.out


def test_what_docs_and_errors_say_to_install_is_there():
    extras = tomllib.loads(PROJECT)["project"]["optional-dependencies"]
    folders = [(ROOT / folder).rglob("*") for folder in ("conf", "docs", "hypnos")]
    files = [*ROOT.glob("README*.md"), *(file for found in folders for file in found)]
    texts = [file.read_text("utf-8") for file in files if file.suffix in (".md", ".yaml", ".py", ".ipynb")]
    named = {name for text in texts for name in re.findall(r"install -e '\.\[(\w+)\]'", text)}
    assert {"swanlab", "documents", "gguf", "flash"} <= named <= extras.keys()
    assert not [text for text in texts if "hypnos-llm[" in text]  # no index has it: it is installed from its folder
