"""What the lock pins is what pyproject.toml allows, and an audit that asked nobody is none."""

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


def test_an_unreachable_service_is_a_line_and_no_success(tmp_path, capsys):
    def tool(name, text, status):
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\necho '{text}' >&2\nexit {status}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return str(file)

    assert main(tool("away", "ERROR: ConnectionError: Max retries exceeded", 1)) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(tool("bad", "Found 1 known vulnerability in 1 package", 1)) == 1
    assert "Found 1 known vulnerability" in capsys.readouterr().out
    assert main(tool("good", "No known vulnerabilities found", 0)) == 0
    assert main(str(tmp_path / "none")) == 2


def test_what_docs_and_errors_say_to_install_is_there():
    extras = tomllib.loads(PROJECT)["project"]["optional-dependencies"]
    folders = [(ROOT / folder).rglob("*") for folder in ("conf", "docs", "hypnos")]
    files = [*ROOT.glob("README*.md"), *(file for found in folders for file in found)]
    texts = [file.read_text("utf-8") for file in files if file.suffix in (".md", ".yaml", ".py", ".ipynb")]
    named = {name for text in texts for name in re.findall(r"install -e '\.\[(\w+)\]'", text)}
    assert {"swanlab", "documents", "gguf", "flash"} <= named <= extras.keys()
    assert not [text for text in texts if "hypnos-llm[" in text]  # no index has it: it is installed from its folder
