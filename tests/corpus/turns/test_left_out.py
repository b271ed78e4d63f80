from hypnos.corpus.turns.left_out import unread_fields, unread_of_turn


def test_fields_that_hold_something_and_are_not_read_are_named():
    row = {
        "instruction": "甲",
        "output": "乙",
        "images": ["a"],
        "tools": [],
        "label": 0,
        "note": " ",
        "author": "x",
        "id": 1,
    }
    assert list(unread_fields(row, {"instruction", "output"})) == ["field images", "field label"]


def test_a_flag_counts_where_it_changes_what_is_learnt():
    assert list(
        unread_of_turn({"role": "user", "content": "甲", "weight": 1.0, "mask": True, "loss": None, "name": "n"})
    ) == ["flag mask beside a turn"]
