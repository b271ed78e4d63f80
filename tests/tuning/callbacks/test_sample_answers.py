import json
from pathlib import Path


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
