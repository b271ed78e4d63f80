"""Rows that stand in for records which do not exist yet."""

from hypnos.curation.generate.documents import Documents
from hypnos.curation.generate.self_instruct import SelfInstruct
from hypnos.curation.generate.stand_ins import StandIns


def test_seeds_come_round_by_each_author_in_turn_and_can_be_read_again(specialty, author):
    rows = StandIns(specialty.seeds[:3], [author("one"), author("two")], 5)
    assert [row["author"] for row in rows] == ["one", "two", "one", "two", "one"]
    assert [row["id"] for row in rows] == [specialty.seeds[number].id for number in (0, 1, 2, 0, 1)]
    assert next(iter(rows))["output"] == specialty.seeds[0].output
    assert len(list(rows)) == 5


def test_a_step_stands_in_for_as_many_records_as_it_will_write(specialty, author, client):
    shared = {"specialty": specialty, "authors": {"first": author("one")}, "client": client}
    assert len(list(SelfInstruct(records=7, **shared).stand_ins(()))) == 7
    assert len(list(Documents(per_passage=3, **shared).stand_ins([{"text": "一"}, {"text": "二"}]))) == 6
