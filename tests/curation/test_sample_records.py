"""The sample's material: records, good and bad, that its recorded replies are made from."""

import json
from collections import Counter
from pathlib import Path

import pytest

from hypnos.specialty.doses import find_doses, grade
from hypnos.specialty.drugs import read_windows

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "hypnos" / "sample"
DRUGS = read_windows(ROOT / "specialty" / "anesthesia" / "doses.yaml")
AUTHORED = [json.loads(line) for line in (SAMPLE / "authored.jsonl").read_text("utf-8").splitlines()]
RECORDS = [record for line in AUTHORED for record in line.get("records", [])]


class TestMaterial:
    """What the sample's replies are made from."""

    def test_there_is_enough_by_both_authors(self):
        by_author = Counter(line["author"] for line in AUTHORED for record in line.get("records", []))
        assert 40 <= sum(by_author.values()) <= 70
        assert set(by_author) == {"recorded-first", "recorded-second"}

    def test_doses_of_good_records_lie_inside_their_windows(self):
        good = [record for record in RECORDS if "bad" not in record]
        doses = [(record["instruction"], dose) for record in good for dose in find_doses(record["output"], DRUGS)]
        assert len(doses) >= 5
        assert [(where, dose) for where, dose in doses if grade(dose, slack=1) in ("warn", "fault")] == []

    def test_the_bad_doses_are_seen(self):
        bad = [record for record in RECORDS if record.get("bad") == "dose"]
        assert len(bad) == 2
        assert all("fault" in {grade(dose) for dose in find_doses(r["output"], DRUGS)} for r in bad)

    @pytest.mark.slow
    def test_the_replies_can_be_made_again(self, monkeypatch, tmp_path, capfd):
        from hypnos.sample import make_replies

        monkeypatch.setattr(make_replies, "REPLIES", tmp_path / "replies.jsonl")
        make_replies.main()
        assert (tmp_path / "replies.jsonl").read_bytes() == (SAMPLE / "replies.jsonl").read_bytes()
