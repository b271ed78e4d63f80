import pytest

from hypnos.benchmark.tasks.prompts import Prompt
from hypnos.errors import UserError
from tests.benchmark.tasks.rows import PLAIN, choice, question, task, write


def test_a_brace_in_a_question_is_text(tmp_path):
    path = write(tmp_path / "a.jsonl", [question(1) | {"question": "{answer} 与 {0} 何意？"}])
    assert task(path).messages(task(path).items()[0]) == [{"role": "user", "content": "{answer} 与 {0} 何意？"}]


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"template": "{options}"}, "neither {question} nor {stem}"),
        ({"template": "{question}{frage}"}, "no such place {frage}"),
        ({"template": "{question} {"}, "prompt.template"),
        ({"template": "{question}", "answer": "{letters}"}, "prompt.answer: no such place {letters}"),
        ({"template": "{question}", "option": "{letter} {answer}"}, "prompt.option: no such place {answer}"),
    ],
)
def test_a_template_that_would_fail_later_is_refused_at_once(settings, line):
    with pytest.raises(UserError) as caught:
        Prompt(**settings)
    assert line in str(caught.value)


def test_a_prompt_that_hides_the_options_or_the_passage_is_refused(tmp_path):
    path = write(tmp_path / "a.jsonl", [choice(1)])
    with pytest.raises(UserError, match=r"a\.jsonl:1: mine: prompt\.template has no \{options\}"):
        task(path, "choice", PLAIN).items()
    path = write(tmp_path / "b.jsonl", [question(1, passage="文")])
    with pytest.raises(UserError, match=r"b\.jsonl:1: mine: prompt\.template has neither \{passage\}"):
        task(path, "reading", PLAIN).items()


def test_letters_and_the_parts_of_a_topic_have_places(tmp_path):
    prompt = Prompt(template="{topics[1]}:{letters}\n{question}\n{options}", option="{letter} {text}", between=",")
    rows = [choice(1, topic="考试/麻醉"), choice(2, topic="考试/外科") | {"options": {"A": "甲", "B": "乙", "C": "丙"}}]
    mine = task(write(tmp_path / "a.jsonl", rows), "choice", prompt)
    assert [mine.messages(item)[0]["content"] for item in mine.items()] == [
        "麻醉:A and B\n选择1\nA 甲,B 乙1",
        "外科:A, B and C\n选择2\nA 甲,B 乙,C 丙",
    ]
    with pytest.raises(
        UserError, match=r"a\.jsonl:1: mine: prompt\.template has \{topics\[1\]\}, and the topic '麻醉'"
    ):
        task(write(tmp_path / "a.jsonl", [choice(1, topic="麻醉")]), "choice", prompt).items()
