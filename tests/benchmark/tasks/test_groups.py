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


def test_what_many_questions_share_is_a_form_and_binds_none(tmp_path):
    scale = {"A": "是", "B": "否", "C": "不确定"}
    instruction = "请根据最新的临床指南，从下列选项中选出最合适的一项。"
    forms = {
        "options": lambda n: {"question": f"药{n}可以用吗？", "options": scale},
        "instruction": lambda n: {"question": f"{instruction}药{n}的用途是"},
        "words": lambda n: {"question": "下列哪项正确？", "options": {"A": f"甲{n}", "B": f"乙{n}"}},
    }
    for name, form in forms.items():
        for count, groups in ((10, 1), (11, 11)):
            rows = [choice(n) | form(n) for n in range(count)]
            items = task(write(tmp_path / f"{name}{count}.jsonl", rows), "choice", CHOICE).items()
            assert len({item.group for item in items}) == groups, (name, count)
    many = [question(n, passage="同一段") for n in range(30)]
    assert len({item.group for item in task(write(tmp_path / "r.jsonl", many), "reading", READING).items()}) == 1
