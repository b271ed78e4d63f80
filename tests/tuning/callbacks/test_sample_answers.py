import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from hypnos.tuning.callbacks.sample_answers import Answers


@pytest.mark.parametrize(("step", "kept"), [(4, [2, 4]), (0, [])])
def test_answers_that_a_resumed_stage_comes_to_again_are_left_out(tmp_path, step, kept):
    callback = Answers(prompts=["问"], max_new_tokens=4)
    callback.file = tmp_path / "answers-general.jsonl"
    callback.file.write_text("".join(json.dumps({"step": n, "prompt": "问", "answer": "答"}) + "\n" for n in (2, 4, 6)))
    with callback.file.open("a") as stream:
        stream.write('{"step": 4, "pro')  # killed within a line
    callback.on_train_start(SimpleNamespace(is_global_zero=True, global_step=step), None)
    assert [json.loads(line)["step"] for line in callback.file.read_text().splitlines()] == kept


def test_fixed_prompts_are_answered_at_each_validation(compose, tmp_path, train_once, tmp_path_factory):
    train_once("experiment=specific_only", "stages.anesthesia.trainer.max_steps=2", "seed=9")
    newest = max(
        tmp_path_factory.getbasetemp().glob("output*/answers-anesthesia.jsonl"), key=lambda p: p.stat().st_mtime
    )
    rows = [json.loads(line) for line in Path(newest).read_text("utf-8").splitlines()]
    assert {row["prompt"] for row in rows} == {
        "什么是恶性高热？",
        "全身麻醉前为什么要禁食？",
        "罗库溴铵的诱导剂量是多少？",
    }
    assert all(isinstance(row["answer"], str) and row["step"] == 2 for row in rows)
