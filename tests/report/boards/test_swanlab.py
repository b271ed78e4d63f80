"""Reports and funnels at SwanLab, offline, by its own library."""

import json
import sys

import pytest

from hypnos.errors import UserError
from hypnos.report.boards.swanlab import SwanlabFunnel, SwanlabReport, check_swanlab


def test_without_the_library_a_line_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "swanlab", None)  # as if it were not installed
    with pytest.raises(UserError, match=r"pip install -e '\.\[swanlab\]'"):
        check_swanlab("offline")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The library, with its settings below one folder and a key that must stay out of its files."""
    pytest.importorskip("swanlab")
    monkeypatch.setenv("SWANLAB_SAVE_DIR", str(tmp_path / "settings"))
    monkeypatch.setenv("OPENAI_API_KEY", "c0ffee" * 7)
    return tmp_path / "w"


def test_online_needs_a_key_before_anything_is_done(here, monkeypatch):
    monkeypatch.delenv("SWANLAB_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(here))
    with pytest.raises(UserError, match="no key to send with"):
        check_swanlab("online")
    with pytest.raises(UserError, match="none of offline, online, disabled"):
        check_swanlab("sometimes")


def test_a_report_is_a_run_with_its_tables_pictures_and_lineage(here, written_report, results, stage):
    account = SwanlabReport(project="hypnos", save_dir=str(here), group="mine", answers=2)
    account.publish(written_report, results=results, models={"good": stage})
    (run,) = here.glob("swanlog/run-*")
    tables = [json.loads(file.read_text("utf-8")) for file in run.glob("media/echarts/**/*.json")]
    texts = json.dumps(tables, ensure_ascii=False)
    assert "rouge_l" in texts and "anesthesia-00" in texts  # numbers, and what was used
    assert len(list(run.glob("media/**/*.png"))) == len(written_report.figures)
    for file in here.rglob("*"):
        if file.is_file():
            assert b"c0ffee" * 7 not in file.read_bytes()


def test_a_funnel_goes_without_its_records(here, funnel):
    SwanlabFunnel(project="hypnos", save_dir=str(here)).publish(**funnel)
    (run,) = here.glob("swanlog/run-*")
    left = b"".join(file.read_bytes() for file in run.rglob("*") if file.is_file())
    assert b"below_threshold" in left and "住院病例".encode() not in left and b"\\u4f4f\\u9662" not in left
    with pytest.raises(UserError, match="record a: egress is local"):
        SwanlabFunnel(project="hypnos", save_dir=str(here), records=True).publish(**funnel)
    assert len(list(here.glob("swanlog/run-*"))) == 1
