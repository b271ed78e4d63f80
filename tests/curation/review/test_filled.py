import pytest

from hypnos.curation.review.filled import read_decisions
from hypnos.errors import UserError

ACCEPT = {"verdict": "accept"}


def test_decisions_come_with_who_and_when(pages, hand_in):
    folder = pages(overlap=2)
    decided = {
        "a0": {"verdict": "mend", "texts": {"output": " 改过。\r\n"}, "note": "剂量"},
        "a1": {"verdict": "reject", "reason": "dose"},
        "a2": {"verdict": ""},
    }
    read = read_decisions(folder, [hand_in(folder, "zhang", decided), hand_in(folder, "li", {"a0": ACCEPT})])
    made = sorted((len(one), one) for one in read.values())
    assert [number for number, _ in made] == [1, 2]
    (rejected,), (li, zhang) = made[0][1], made[1][1]
    assert (rejected.verdict, rejected.reason, rejected.moment) == ("reject", "dose", "2026-11-18T11:06:40+00:00")
    assert (li.reviewer, zhang.reviewer, zhang.texts, zhang.note) == ("li", "zhang", (("output", "改过。"),), "剂量")


def test_of_two_files_of_a_page_the_later_decision_counts(pages, hand_in):
    folder = pages(reviewers=["zhang"])
    late = hand_in(
        folder, "zhang", {"a0": {"verdict": "reject", "reason": "wrong", "changed": 1_795_000_000_001}}, "b.json"
    )
    early = hand_in(folder, "zhang", {"a0": ACCEPT, "a1": ACCEPT})
    for files in ([early, late], [late, early]):
        read = read_decisions(folder, files)
        assert sorted(one.verdict for (one,) in read.values()) == ["accept", "reject"]


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        ({"verdict": "maybe"}, r"'maybe': no decision"),
        ({"verdict": "reject", "reason": "dull"}, r"'dull': no reason for a rejection"),
        ({"verdict": "mend", "texts": {"author": "x"}}, "author: no text that may be mended"),
        ({"verdict": "mend", "texts": {"output": " "}}, "output: mended to nothing"),
        ({"verdict": "accept", "changed": "today"}, "changed 'today': no moment"),
    ],
)
def test_what_no_page_writes_is_told_with_file_and_record(pages, hand_in, decision, message):
    folder = pages(reviewers=["zhang"])
    with pytest.raises(UserError, match=rf"zhang\.json: r\d+: .*{message}|zhang\.json: r\d+: {message}"):
        read_decisions(folder, [hand_in(folder, "zhang", {"a0": decision})])


def test_files_of_other_pages_and_other_kinds_are_told(pages, hand_in, rows, tmp_path):
    folder = pages()
    with pytest.raises(UserError, match="belongs to other pages"):
        read_decisions(pages(rows[:4]), [hand_in(folder, "li", {})])
    with pytest.raises(UserError, match="no such record on this page"):
        read_decisions(folder, [hand_in(folder, "li", {"elsewhere": ACCEPT})])
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(UserError, match="not an export of a review page"):
        read_decisions(folder, [tmp_path / "x.json"])
    with pytest.raises(UserError, match="No such file"):
        read_decisions(folder, [tmp_path / "none.json"])
