"""What every board is given: a report, a funnel, and the folders they speak of."""

import json
from pathlib import Path

import pytest

from hypnos.report.report import Report, write_report
from hypnos.report.results import Results

FUNNEL = [
    {"step": "clean", "in": 5, "out": 3, "rejected": {"refusal": 2}, "notes": {}},
    {"step": "select", "in": 3, "out": 2, "rejected": {"below_threshold": 1}, "notes": {}},
]


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    folder = tmp_path / "anesthesia-00"
    folder.mkdir()
    (folder / "stage.json").write_text(json.dumps({"name": "anesthesia", "key": "00"}))
    return folder


@pytest.fixture
def funnel(tmp_path: Path):
    """A funnel, its files, and the kept records, one of which must stay."""
    kept = tmp_path / "instructions-00ff" / "records" / "kept.jsonl"
    kept.parent.mkdir(parents=True)
    kept.write_text('{"id": "a", "egress": "local", "instruction": "住院病例"}\n', "utf-8")
    counts = tmp_path / "funnel.json"
    counts.write_text(json.dumps(FUNNEL))
    return {"funnel": FUNNEL, "files": [counts], "kept": kept, "name": "instructions-00ff"}


@pytest.fixture
def written_report(results: Results, tmp_path: Path) -> Report:
    return write_report(tmp_path / "report", results=results)
