"""`python -m hypnos.push` as a command."""

import json
import subprocess
import sys

import pytest

from hypnos.push import main


@pytest.fixture
def records(tmp_path):
    folder = tmp_path / "instructions-1"
    (folder / "records").mkdir(parents=True)
    row = {"id": "a", "instruction": "问", "output": "答"}
    (folder / "records" / "kept.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\n", "utf-8")
    (folder / "README.md").write_text("# Data card\n")
    return folder


def test_a_dry_run_lists_and_sends_nothing_and_the_run_sends_what_was_listed(records, hub_server, capsys):
    server = hub_server()
    main([str(records), "hub:owner/set", "--dry-run"])
    listed = capsys.readouterr().out
    assert listed.startswith("hub:owner/set (Hugging Face, dataset, private)") and "kept.jsonl" in listed
    assert server.state() == {"repositories": {}, "commits": 0}
    main([str(records), "hub:owner/set", "--public"])
    held = server.state()["repositories"]["datasets/owner/set"]
    assert not held["private"] and all(name in listed for name in held["files"])


def test_a_mistake_is_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([str(tmp_path), "hub:owner"])
    assert capsys.readouterr().err.count("\n") == 1


def test_help_loads_nothing_heavy():
    script = "import sys; from hypnos.push import main\ntry:\n main(['--help'])\nexcept SystemExit:\n pass\n"
    script += "print(sorted({'torch', 'huggingface_hub', 'modelscope_hub'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.strip().endswith("[]")
