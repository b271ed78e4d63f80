import json
import shutil

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.errors import UserError


def test_the_templates_turn_end_is_a_stop(directory):
    from hypnos.benchmark.answerers.weights import stop_ids

    tokenizer = AutoTokenizer.from_pretrained(directory)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_end|>"]})
    tokenizer.chat_template = "{% for m in messages %}{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    model = AutoModelForCausalLM.from_pretrained(directory)
    assert stop_ids(model, tokenizer) == {2, tokenizer.convert_tokens_to_ids("<|im_end|>")}


def test_an_adapter_without_its_base_says_where_it_looked(adapter, directory):
    folder, _ = adapter
    config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    (folder / "adapter_config.json").write_text(json.dumps({**config, "base_model_name_or_path": "./gone"}), "utf-8")
    with pytest.raises(UserError, match=r"an adapter, and its base \./gone is not here; give it as base"):
        LocalModel(path=str(folder))
    assert LocalModel(path=str(folder), base=str(directory)).base == directory


def test_a_directory_without_a_tokenizer_is_one_line(directory, tmp_path):
    folder = shutil.copytree(directory, tmp_path / "mute")
    for file in folder.glob("*"):
        if "token" in file.name or file.suffix == ".jinja":
            file.unlink()
    with pytest.raises(UserError, match=r"mute: no tokenizer here \(tokenizer\.json or tokenizer\.model\)"):
        LocalModel(path=str(folder))


def test_a_directory_with_a_broken_tokenizer_is_found_before_anything_is_answered(
    directory, tmp_path, make_task, questions
):
    folder = shutil.copytree(directory, tmp_path / "broken")
    (folder / "tokenizer.json").write_text("{", "utf-8")
    with pytest.raises(UserError, match="broken: the tokenizer cannot be read") as caught:
        LocalModel(path=str(folder)).check([make_task(questions)])
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        LocalModel(path=str(tmp_path / "gone"))
    with pytest.raises(UserError, match=r"neither config\.json nor adapter_config\.json"):
        LocalModel(path=str(tmp_path))


def test_weights_that_do_not_load_are_one_line(directory, tmp_path):
    folder = shutil.copytree(directory, tmp_path / "torn")
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(UserError, match="torn: the model cannot be loaded") as caught:
        LocalModel(path=str(folder)).load()
    assert "\n" not in str(caught.value)


def test_code_beside_the_weights_is_refused_and_never_asked_about(
    directory, tmp_path, make_task, questions, monkeypatch
):
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("nobody is there to answer"))
    folder = shutil.copytree(directory, tmp_path / "own")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    own = {"model_type": "baichuan", "auto_map": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}}
    (folder / "config.json").write_text(json.dumps({**config, **own}), "utf-8")
    (folder / "own.py").write_text("raise SystemExit('run')", "utf-8")
    with pytest.raises(UserError, match="the model brings code of its own, which is not run here: serve it elsewhere"):
        LocalModel(path=str(folder)).check([make_task(questions)])


def test_a_tokenizer_larger_than_its_model_names_both_numbers(directory, tmp_path):
    folder = shutil.copytree(directory, tmp_path / "short")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = AutoModelForCausalLM.from_pretrained(folder).get_input_embeddings().num_embeddings
    tokenizer.add_tokens([f"麻醉{number}" for number in range(rows + 1 - len(tokenizer))])
    tokenizer.save_pretrained(folder)
    with pytest.raises(UserError, match=rf"short: {rows + 1} pieces, but the model only {rows} embedding rows"):
        LocalModel(path=str(folder)).load()
