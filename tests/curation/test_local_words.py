"""Words of a record that must stay are found in texts without its mark."""

from hypnos.curation.local_words import carrying_local_words

LOCAL = {
    "egress": "local",
    "instruction": "病情",
    "output": "患者昨夜突发胸痛，心电图示下壁导联抬高。",
    "history": [["主诉是什么", "腹痛三日"]],
}


def test_copies_parts_and_earlier_turns_are_found_and_others_are_not():
    texts = [
        "患者昨夜突发胸痛;心电图示",
        "心电图示下壁导联抬高，应再查",
        "他说：腹痛三日。",
        "胸痛的常见原因有哪些？",
        "病情",
    ]
    assert carrying_local_words(texts, [LOCAL]) == {0, 2}
    assert carrying_local_words(texts, [{**LOCAL, "egress": "any"}]) == set()
