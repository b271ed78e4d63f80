import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from hypnos.chat.__main__ import main

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def stage(train_once) -> Path:
    short = ["stages.general.trainer.max_steps=2", "stages.anesthesia.trainer.max_steps=2"]
    return {row["name"]: Path(row["directory"]) for row in train_once(*short) if row["directory"]}["general"]


def expected(directory: Path, messages: list[dict[str, str]], tokens: int) -> str:
    model, tokenizer = AutoModelForCausalLM.from_pretrained(directory), AutoTokenizer.from_pretrained(directory)
    inputs = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    said = model.generate(**inputs, max_new_tokens=tokens, do_sample=False)
    return tokenizer.decode(said[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


def test_one_prompt_is_answered_as_plain_transformers_does(stage, capsys):
    main([str(stage), "--prompt", "什么是喉罩？", "--max-new-tokens", "8"])
    assert capsys.readouterr().out.strip() == expected(stage, [{"role": "user", "content": "什么是喉罩？"}], 8).strip()


def test_a_talk_remembers_what_was_said_until_it_is_reset(stage, capsys, monkeypatch):
    talk_of(monkeypatch, "什么是喉罩？", "再说一遍", "/reset", "再说一遍")
    seen: list[list[dict[str, str]]] = []
    monkeypatch.setattr(
        "hypnos.chat.__main__.answer", lambda m, t, messages, **k: seen.append(list(messages)) or f"答{len(seen)}"
    )
    main([str(stage)])
    assert [[turn["content"] for turn in messages] for messages in seen] == [
        ["什么是喉罩？"],
        ["什么是喉罩？", "答1", "再说一遍"],
        ["再说一遍"],
    ]


def talk_of(monkeypatch, *typed):
    """Has these lines typed, and then the input end."""
    lines = iter(typed)

    def type_next(prompt: str) -> str:
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", type_next)


def test_earlier_thoughts_and_turns_without_an_answer_are_not_seen_again(stage, monkeypatch):
    talk_of(monkeypatch, "恶性高热用什么？", "剂量？", "多久？")
    replies = iter(["<think>\n很长的推理\n</think>\n\n丹曲林。", "<think>没有想完", "十分钟"])
    seen: list[list[dict[str, str]]] = []
    monkeypatch.setattr(
        "hypnos.chat.__main__.pieces", lambda m, t, messages, **k: seen.append(list(messages)) or iter([next(replies)])
    )
    main([str(stage)])
    assert [[turn["content"] for turn in messages] for messages in seen] == [
        ["恶性高热用什么？"],
        ["恶性高热用什么？", "丹曲林。", "剂量？"],
        ["恶性高热用什么？", "丹曲林。", "多久？"],
    ]


def test_a_talk_goes_on_behind_a_question_that_has_no_room_and_one_prompt_ends(stage, monkeypatch, capsys):
    talk_of(monkeypatch, "喉罩" * 3000, "什么是喉罩？", "喉罩" * 3000)
    monkeypatch.setattr("hypnos.chat.__main__.cut_thinking", lambda reply, **_: ("答", 0))  # so short, it says blanks
    main([str(stage), "--max-new-tokens", "8"])
    heard = capsys.readouterr()
    assert heard.out.strip() == expected(stage, [{"role": "user", "content": "什么是喉罩？"}], 8).strip()
    first, then = [line for line in heard.err.splitlines() if line.startswith("error: the conversation has ")]
    assert re.fullmatch(r".* \d+ tokens, and the model takes \d+", first) and then.endswith("; /reset begins anew")
    with pytest.raises(SystemExit):
        main([str(stage), "--prompt", "喉罩" * 3000])


def test_an_answer_of_no_tokens_is_one_line(stage, capsys):
    with pytest.raises(SystemExit):
        main([str(stage), "--prompt", "问", "--max-new-tokens", "0"])
    assert capsys.readouterr().err.strip() == "error: --max-new-tokens 0: an answer has at least one"


def test_an_adapter_answers_on_its_base_as_the_merged_model_does(stage, capsys):
    main([str(stage), "--prompt", "什么是喉罩？", "--max-new-tokens", "8"])
    merged = capsys.readouterr().out
    main([str(stage / "adapter"), "--prompt", "什么是喉罩？", "--max-new-tokens", "8"])
    assert capsys.readouterr().out == merged


def test_an_adapter_finds_its_base_beside_its_stage_from_any_folder(stage, tmp_path, capsys, monkeypatch):
    main([str(stage), "--prompt", "什么是喉罩？", "--max-new-tokens", "8"])
    merged = capsys.readouterr().out
    models = tmp_path / "models"
    (base,) = {json.loads((stage / "adapter" / "adapter_config.json").read_text("utf-8"))["base_model_name_or_path"]}
    shutil.copytree(stage, models / stage.name)
    shutil.copytree(base, models / Path(base).name)
    settings = models / stage.name / "adapter" / "adapter_config.json"
    settings.write_text(settings.read_text("utf-8").replace(base, f"artefacts/models/{Path(base).name}"), "utf-8")
    monkeypatch.chdir(tmp_path)
    main([str(models / stage.name / "adapter"), "--prompt", "什么是喉罩？", "--max-new-tokens", "8"])
    assert capsys.readouterr().out == merged


@pytest.mark.parametrize(
    ("file", "said"), [("tokenizer.json", "its tokenizer cannot be read"), ("model.safetensors", "cannot be loaded")]
)
def test_a_broken_file_is_one_line(stage, tmp_path, capsys, file, said):
    shutil.copytree(stage, tmp_path / "broken")
    (tmp_path / "broken" / file).write_text("{", "utf-8")
    with pytest.raises(SystemExit):
        main([str(tmp_path / "broken"), "--prompt", "问"])
    (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
    assert line.startswith(f"error: {tmp_path / 'broken'}: ") and said in line


def test_an_adapter_whose_base_is_gone_is_one_line(stage, tmp_path, capsys):
    shutil.copytree(stage / "adapter", tmp_path / "adapter")
    shutil.copy(stage / "tokenizer.json", tmp_path / "adapter")
    shutil.copy(stage / "tokenizer_config.json", tmp_path / "adapter")
    shutil.copy(stage / "chat_template.jinja", tmp_path / "adapter")
    settings = tmp_path / "adapter" / "adapter_config.json"
    named = json.loads(settings.read_text("utf-8"))
    settings.write_text(json.dumps({**named, "base_model_name_or_path": str(tmp_path / "gone")}), "utf-8")
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "adapter"), "--prompt", "问"])
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
    assert line.startswith(f"error: {tmp_path / 'adapter'}: the model cannot be loaded")


def test_a_missing_directory_is_one_line(tmp_path):
    command = [sys.executable, "-m", "hypnos.chat", str(tmp_path / "none"), "--prompt", "问"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert (
        done.stderr.strip()
        == f"error: {tmp_path / 'none'}: neither config.json nor adapter_config.json; not a model's directory"
    )
