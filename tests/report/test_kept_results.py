"""What is kept of results is read back, without any text."""

from dataclasses import replace

import pytest

from hypnos.errors import UserError
from hypnos.report.kept_results import read_results, write_results


def test_values_come_back_and_texts_do_not(results, tmp_path):
    file = tmp_path / "questions.json"
    results = replace(results, judges={"gpt": "openai/gpt-4o"})
    write_results(file, results, keys={results.models[0]: "key"})
    kept, keys = read_results(file)
    assert keys == {model: "key" if model == results.models[0] else None for model in results.models}
    for task, again in zip(results.tasks, kept.tasks, strict=True):
        assert again.metrics == task.metrics and again.version == task.version
        assert [(q.id, q.cluster) for q in again.questions] == [(q.id, q.cluster) for q in task.questions]
        for answers in results.answers_to(task.name):
            back = kept.answers_of(model=answers.model, task=task.name)
            assert {n: list(v) for n, v in back.scores.items()} == {n: list(v) for n, v in answers.scores.items()}
    assert (kept.verdicts, kept.ratings, kept.indicators) == (results.verdicts, results.ratings, results.indicators)
    assert kept.judges == {"gpt": "openai/gpt-4o"}
    written = file.read_text("utf-8")
    texts = [question.question for task in results.tasks for question in task.questions]
    texts += [text for answers in results.answers for text in answers.texts if text]
    assert texts and not any(len(text) > 3 and text in written for text in texts)


def test_another_file_is_one_line(tmp_path):
    file = tmp_path / "questions.json"
    for text in ("[", "[]", '{"tasks": 1}'):
        file.write_text(text)
        with pytest.raises(UserError, match=r"questions\.json: not what evaluate\.py writes"):
            read_results(file)
