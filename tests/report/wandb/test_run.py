"""Runs at W&B begin offline, and without keys."""

import pytest

from hypnos.errors import UserError
from hypnos.report.secrecy import without_secrets
from hypnos.report.wandb.run import WandbAccount, check_mode

KEY = "planted-0123456789"


@pytest.fixture
def nobody(monkeypatch, tmp_path):
    """Nobody is logged in on this machine."""
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path))


def test_secrets_are_hidden_in_keys_values_and_paths_wherever_they_stand(monkeypatch, tmp_path):
    monkeypatch.setenv("SOMEBODY_API_KEY", KEY)
    told = {"a": [f"https://u:{KEY}@host", {KEY: 1}], "path": tmp_path / KEY, "n": 0.5, "none": None, "t": True}
    clean = without_secrets(told)
    assert KEY not in repr(clean)
    assert (clean["n"], clean["none"], clean["t"]) == (0.5, None, True)
    assert clean["a"][0].startswith("https://u:") and clean["a"][0].endswith("@host")
    assert without_secrets({"weight_decay": 0.0, "betas": (0.9, 0.999)}) == {"weight_decay": 0.0, "betas": [0.9, 0.999]}


def test_online_without_a_key_and_an_unknown_mode_are_one_line(nobody):
    with pytest.raises(UserError, match="mode 'onlin' is none of offline, online, disabled"):
        check_mode("onlin")
    with pytest.raises(UserError, match=r"no key to send with: set WANDB_API_KEY, run `wandb login`"):
        check_mode("online")
    check_mode("offline")
    check_mode("disabled")


def test_with_a_key_nothing_is_missing_and_nothing_is_asked(nobody, monkeypatch):
    with pytest.raises(UserError):
        check_mode("online")
    monkeypatch.setenv("WANDB_API_KEY", "a1" * 20)
    check_mode("online")


def test_a_run_ends_with_its_block_and_says_if_that_broke(recorded_runs, monkeypatch, tmp_path):
    monkeypatch.setenv("SOMEBODY_API_KEY", KEY)
    account = WandbAccount(project="p", save_dir=str(tmp_path / "new"))
    with account.run("evaluate", config={"from": f"s3://{KEY}"}) as run:
        assert run.exit_code is None
    with pytest.raises(ZeroDivisionError), account.run("evaluate", config={}):
        _ = 1 / 0
    assert [run.exit_code for run in recorded_runs] == [0, 1]
    assert (tmp_path / "new").is_dir()
    assert recorded_runs[0].asked["settings"].console == "off"  # what is printed may be texts that stay here
    assert KEY not in repr(recorded_runs[0].config) and recorded_runs[0].config["from"].startswith("s3://")
