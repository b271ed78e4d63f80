"""The demo's last table reads the newest run, and says in one line when there is none."""

import json

import pytest

from hypnos.errors import UserError
from hypnos.sample.demo import MODELS, rows


def test_held_out_bits_and_likelihood_come_first_and_what_was_not_measured_is_blank(tmp_path):
    with pytest.raises(UserError, match=r"general_to_specific/\*/results\.json: nothing there yet: make demo"):
        list(rows(tmp_path))
    for name, bits in (("2025-01-01", 9.0), ("2025-01-02", 7.125)):
        run, report = tmp_path / "general_to_specific" / name, tmp_path / "evaluate" / name
        run.mkdir(parents=True)
        report.mkdir(parents=True)
        measures = {"anesthesia": {"bits_per_char": bits}, "general": {"bits_per_char": 8.0}}
        models = [{"name": model, "measures": measures} for model in MODELS]
        (run / "results.json").write_text(json.dumps(models), "utf-8")
        lines = ["table,model,metric,value", "anecq/choice,general,accuracy_likelihood,0.25"]
        (report / "numbers.csv").write_text("\n".join(lines), "utf-8-sig")
    table = list(rows(tmp_path))
    assert table[0][:5] == ["held-out anesthesia, bits a character", "7.12", "7.12", "7.12", "7.12"]
    assert table[2][:5] == ["letters by likelihood, anecq", "", "", "25.0 %", ""]
    assert all(row[-1] for row in table)
