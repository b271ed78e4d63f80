import logging

import pytest

from hypnos.llm.redaction import HIDDEN, KeyInSettingsError, guard_logs, redact, scrub_refused_config

KEY = "zq-marker-5f0a9c71e2"


def test_log_records_are_redacted(monkeypatch, caplog):
    monkeypatch.setenv("SOME_API_KEY", KEY)
    guard_logs()
    with caplog.at_level(logging.INFO):
        logging.getLogger("any").info("calling %s", f"http://host/?key={KEY}")
        try:
            raise ValueError(f"Authorization: {KEY}")
        except ValueError:
            logging.getLogger("any").exception("failed")
    assert KEY not in caplog.text
    assert HIDDEN in caplog.text
    assert redact("Incorrect key: sk-abcd1234efgh and Bearer abcdefgh") == f"Incorrect key: {HIDDEN} and {HIDDEN}"
    assert redact("pk-药代动力学模型不变") == "pk-药代动力学模型不变"


@pytest.mark.parametrize(("error", "kept"), [(KeyInSettingsError("a key"), False), (ValueError("other"), True)])
def test_a_refused_configuration_is_deleted_with_its_copies_alone(tmp_path, error, kept):
    run = tmp_path / "0"
    (run / ".hydra").mkdir(parents=True)
    (run / ".hydra" / "config.yaml").write_text(KEY)
    (run / "train.log").write_text("")
    (tmp_path / "multirun.yaml").write_text(KEY)

    def build():
        with scrub_refused_config(run):
            try:
                raise error
            except Exception as cause:
                raise RuntimeError("cannot be built") from cause

    with pytest.raises(RuntimeError, match="cannot be built"):
        build()
    assert [(run / ".hydra").exists(), (tmp_path / "multirun.yaml").exists()] == [kept, kept]
    assert (run / "train.log").exists()
