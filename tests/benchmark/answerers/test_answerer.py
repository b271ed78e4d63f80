import json

import pytest

from hypnos.benchmark.answerers.answer_file import AnswersFile
from hypnos.benchmark.answerers.answerer import check_request_type
from hypnos.errors import UserError

QUESTIONS = [{"id": f"q{i}", "question": f"问题{i}？", "answers": [f"答案{i}"]} for i in range(3)]


def answers_file(folder, rows, name="gpt.jsonl"):
    file = folder / name
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return AnswersFile(path=str(file))


def test_likelihood_cannot_be_asked_of_a_file_nor_about_an_open_question(tmp_path, make_task):
    given = answers_file(tmp_path, [{"id": f"q{i}", "answer": ""} for i in range(3)])
    task = make_task(QUESTIONS)
    check_request_type(given, task, "generation")
    with pytest.raises(UserError, match=r"own with gpt: likelihood \(letters\) needs a model in a local folder"):
        check_request_type(given, task, "letters")
    given.gives_likelihoods = True
    with pytest.raises(UserError, match=r"own: likelihood \(letters\) is for tasks of kind choice"):
        check_request_type(given, task, "letters")
