"""A stage at SwanLab, offline, by its own library."""

import json
import signal

import pytest

from hypnos.report.lineage import Ingredient
from hypnos.tuning.tracking.loggers import show_across, show_settings, show_table
from hypnos.tuning.tracking.swanlab_logger import StageSwanlabLogger

pytest.importorskip("swanlab")


def test_each_stage_is_a_run_and_ctrl_c_stays_with_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("SWANLAB_SAVE_DIR", str(tmp_path / "settings"))
    before, folder = signal.getsignal(signal.SIGINT), tmp_path / "anesthesia-00"
    folder.mkdir()
    for stage in ("general", "anesthesia"):
        logger = StageSwanlabLogger(
            project="hypnos", save_dir=str(tmp_path / "w"), job_type=stage, group="mixed", name="mixed__seed-1"
        )
        show_settings([logger], {"tuning": {"lr": 0.1}, "api_key": "sk-" + "c0ffee" * 7})
        show_across([logger], {"heldout/general_bits_per_char": 5.0}, step=1, offset=4)
        show_table([logger], "answers", head=("prompt", "answer"), rows=[("什么是恶性高热？", None)], step=1)
        logger.log_lineage(used=[Ingredient(kind="model", path=folder)], model=folder)
        assert signal.getsignal(signal.SIGINT) == before
        logger.finalize("success")
        logger.finish(failed=stage == "general")
    runs = sorted(tmp_path.glob("w/swanlog/run-*"))
    assert len(runs) == 2 and len({run.name for run in runs}) == 2
    for run in runs:
        tables = [json.loads(file.read_text("utf-8")) for file in run.glob("media/echarts/**/*.json")]
        assert "什么是恶性高热？" in json.dumps(tables, ensure_ascii=False)
        settings = (run / "files/config.yaml").read_text("utf-8")
        assert "0.1" in settings and "used model anesthesia-00" in settings
    left = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"heldout/general_bits_per_char" in left and b"c0ffee" * 7 not in left
