import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

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


@pytest.mark.parametrize("adapted", [False, True])
def test_answers_are_greedy_whatever_settings_the_base_brings(directory, adapted):
    def answer(**settings):
        network = AutoModelForCausalLM.from_pretrained(directory).eval()
        for name, value in settings.items():
            setattr(network.generation_config, name, value)
        model = get_peft_model(network, LoraConfig(target_modules=["q_proj"])) if adapted else network
        tokenizer = PreTrainedTokenizerFast.from_pretrained(directory)
        said = Answers(prompts=[], max_new_tokens=12)._answer(Module(model), tokenizer, "什么是喉罩？")
        assert network.generation_config.repetition_penalty == settings.get("repetition_penalty")  # as it will be saved
        return said

    assert answer(repetition_penalty=5.0, no_repeat_ngram_size=1) == answer()


class Module:
    """A module as the callback calls it: with something to do with its model."""

    device, device_mesh = torch.device("cpu"), None

    def __init__(self, model):
        self._model = model

    def __call__(self, call):
        return call(self._model)
