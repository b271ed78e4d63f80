import json
import re

import pytest

from hypnos.errors import UserError

SHEET = re.compile(r'<script type="application/json" id="sheet">(.*?)</script>', re.DOTALL)


def sheet_of(folder, reviewer):
    page = (folder / "hand_out" / f"{reviewer}.html").read_text("utf-8")
    return json.loads(SHEET.search(page)[1])


def records_of(folder, reviewer):
    key = json.loads((folder / "key.json").read_text("utf-8"))
    return [held["id"] for e in key["sheets"].values() if e["reviewer"] == reviewer for held in e["records"].values()]


def test_each_record_goes_to_as_many_reviewers_as_are_asked_for(pages, rows):
    once, twice = pages(), pages(overlap=2)
    both = [records_of(once, name) for name in ("zhang", "li")]
    assert sorted(both[0] + both[1]) == [row["id"] for row in rows] and len(both[0]) == 3
    for name in ("zhang", "li"):
        assert sorted(records_of(twice, name)) == [row["id"] for row in rows]
    assert records_of(twice, "zhang") != records_of(twice, "li")  # each in an order of its own


def test_a_page_says_nothing_of_where_a_record_comes_from(pages):
    folder = pages()
    page = (folder / "hand_out" / "zhang.html").read_text("utf-8")
    assert not re.search(r"secret-author|scorer|\"a\d\"", page)
    assert set(sheet_of(folder, "zhang")["records"][0]) == {"id", "history", "texts"}
    assert "default-src 'none'" in page and page.count("</script>") == 2 and "<img" not in page


def test_the_same_records_make_the_same_pages_in_whatever_order_they_come(pages, rows):
    first = pages()
    assert pages(rows[::-1]) == first
    assert pages(rows[:5]) != first


def test_a_share_is_drawn_by_the_seed(pages):
    drawn = [set(records_of(pages(count=3, reviewers=["a"], seed=seed), "a")) for seed in range(4)]
    assert all(len(share) == 3 for share in drawn) and len(set(map(frozenset, drawn))) > 1


def test_local_records_are_said_to_be(pages, rows):
    assert not sheet_of(pages(), "li")["local"]
    assert sheet_of(pages([{**row, "egress": "local"} for row in rows]), "li")["local"]


def test_too_many_records_and_none_are_told(pages, rows):
    with pytest.raises(UserError, match=r"review: 5,001 records for one reviewer"):
        pages([{**rows[0], "id": str(number)} for number in range(10_001)])
    with pytest.raises(UserError, match="no records are kept"):
        pages([])
