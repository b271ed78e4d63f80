import pytest

from hypnos.curation.review.filled import read_decisions
from hypnos.curation.review.step import ReviewStep


@pytest.fixture
def applied(pages, hand_in, rows):
    """Applies decisions by reviewer; returns kept and rejected rows by id, and the counts."""

    def apply(decisions, *, unreviewed="keep", records=None):
        folder = pages(overlap=2)
        step = ReviewStep(
            read_decisions(folder, [hand_in(folder, name, made) for name, made in decisions.items()]),
            unreviewed=unreviewed,
        )
        rejected = {}
        kept = list(step.run(records or rows, lambda row, reason: rejected.update({row["id"]: (reason, row)})))
        return {row["id"]: row for row in kept}, rejected, step.notes()["review"]

    return apply


def test_accepted_mended_rejected_and_unread(applied, rows):
    kept, rejected, counts = applied(
        {
            "zhang": {
                "a0": {"verdict": "accept"},
                "a1": {
                    "verdict": "mend",
                    "texts": {"output": "丙泊酚 2 mg/kg。", "instruction": rows[1]["instruction"]},
                },
                "a2": {"verdict": "reject", "reason": "dose", "note": "多了十倍"},
                "a3": {"verdict": "mend", "texts": {"output": rows[3]["output"]}},
            },
        }
    )
    assert list(kept) == ["a0", "a1", "a3", "a4", "a5"]
    assert kept["a1"]["output"] == "丙泊酚 2 mg/kg。" and kept["a1"]["scores"] == rows[1]["scores"]
    assert kept["a1"]["before_review"] == {"output": rows[1]["output"]}
    (review,) = kept["a1"]["review"]
    assert (review["by"], review["on"], review["verdict"]) == ("zhang", "2026-11-18T11:06:40+00:00", "mend")
    assert kept["a4"] == rows[4] and "before_review" not in kept["a3"]
    reason, row = rejected["a2"]
    assert reason == "review_dose" and row["review"][0]["note"] == "多了十倍" and row["output"] == rows[2]["output"]
    assert counts == {"reviewers": 1, "accepted": 2, "mended": 1, "rejected": 1, "not reviewed": 2}


def test_of_two_reviewers_a_rejection_counts_and_two_mends_are_settled_by_people(applied):
    accept, mend = {"verdict": "accept"}, {"verdict": "mend", "texts": {"output": "甲"}}
    other = {"verdict": "mend", "texts": {"output": "乙"}}
    kept, rejected, counts = applied(
        {
            "zhang": {"a0": accept, "a1": accept, "a2": mend, "a3": mend},
            "li": {"a0": {"verdict": "reject", "reason": "wrong"}, "a1": mend, "a2": other, "a3": mend},
        },
        unreviewed="reject",
    )
    assert {id: row["output"] for id, row in kept.items()} == {"a1": "甲", "a3": "甲"}
    assert {id: reason for id, (reason, _) in rejected.items()} == {
        **{"a0": "review_wrong", "a2": "review_to_settle"},
        **dict.fromkeys(("a4", "a5"), "not_reviewed"),
    }
    assert [one["texts"]["output"] for one in rejected["a2"][1]["review"]] == ["乙", "甲"]
    assert (counts["mended"], counts["mended in two ways"], counts["reviewers"]) == (2, 1, 2)


def test_decisions_on_what_has_changed_since_are_counted_and_not_applied(applied, rows, caplog):
    changed = [{**rows[0], "output": "别的"}, *rows[1:]]
    kept, rejected, counts = applied({"zhang": {"a0": {"verdict": "reject", "reason": "wrong"}}}, records=changed)
    assert "a0" in kept and not rejected
    assert counts["decisions on records that are not there"] == 1 and "have changed since" in caplog.text
