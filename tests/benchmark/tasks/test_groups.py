from tests.benchmark.tasks.rows import CHOICE, READING, choice, question, task, write


def test_questions_of_one_passage_case_or_set_of_options_are_a_group(tmp_path):
    case = "患者男，60岁，拟行胃癌根治术，既往有冠心病史。"
    rows = [
        choice(1) | {"question": case + "首选的检查是"},
        choice(2) | {"question": case + "麻醉方法宜选"},
        choice(3) | {"question": "甲药的拮抗药是", "options": {"A": "纳洛酮", "B": "新斯的明"}},
        choice(4) | {"question": "乙药的拮抗药是", "options": {"A": "纳洛酮", "B": "新斯的明"}},
        choice(5),
        choice(6, group="第一组"),
        choice(7, group="第一组"),
    ]
    groups = [item.group for item in task(write(tmp_path / "a.jsonl", rows), "choice", CHOICE).items()]
    assert groups[0] == groups[1]
    assert groups[2] == groups[3]
    assert groups[5:] == ["第一组", "第一组"]
    assert len(set(groups)) == 4
    passages = [question(n, passage=f"第{n // 2}段") for n in range(4)]
    groups = [item.group for item in task(write(tmp_path / "b.jsonl", passages), "reading", READING).items()]
    assert groups[0] == groups[1] != groups[2] == groups[3]
