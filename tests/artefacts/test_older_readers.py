import json

import pytest
from transformers import AutoConfig, AutoTokenizer, Gemma3TextConfig, LlamaConfig, Phi3Config, PreTrainedTokenizerFast

from hypnos.artefacts.older_readers import name_positions, name_tokenizer, older_positions, reads_as_written

LLAMA3 = {
    **{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0},
    "original_max_position_embeddings": 1024,
}


@pytest.mark.parametrize(
    ("rope", "older"),
    [
        ({"rope_type": "default", "rope_theta": 10000.0}, {"rope_theta": 10000.0, "rope_scaling": None}),
        ({**LLAMA3, "rope_theta": 500000.0}, {"rope_theta": 500000.0, "rope_scaling": LLAMA3}),
        (
            {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5},
            {"rope_theta": 1e4, "rope_scaling": None, "partial_rotary_factor": 0.5},
        ),
        (
            {
                "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
                "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
            },
            {"rope_theta": 1e6, "rope_scaling": {"rope_type": "linear", "factor": 8.0}, "rope_local_base_freq": 1e4},
        ),
        (None, {}),
    ],
)
def test_positions_get_the_names_that_transformers_4_reads(rope, older):
    assert older_positions({"rope_parameters": rope} if rope else {}) == older


@pytest.mark.parametrize(
    "config",
    [
        LlamaConfig(rope_parameters={**LLAMA3, "rope_theta": 500000.0}),
        LlamaConfig(),
        Phi3Config(pad_token_id=0),
        Gemma3TextConfig(),
    ],
    ids=["scaled", "plain", "partial", "two kinds"],
)
def test_transformers_5_reads_the_same_positions_with_both_names(config, tmp_path):
    config.save_pretrained(tmp_path)
    name_positions(tmp_path)
    assert AutoConfig.from_pretrained(tmp_path).rope_parameters == config.rope_parameters


@pytest.mark.parametrize(
    ("model_type", "as_written"), [("qwen3", True), ("phi3", True), ("llama", True), ("qwen2", False)]
)
def test_auto_tokenizer_reads_a_tokenizer_of_another_house_as_it_is_written(
    tokenizer_of_another_house, model_type, as_written
):
    """Qwen2's class makes the rules that cut a text anew, and for its models transformers 5 insists on it."""
    folder, text = tokenizer_of_another_house
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}), "utf-8")
    name_tokenizer(folder)
    written, chosen = PreTrainedTokenizerFast.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    assert (chosen(text)["input_ids"] == written(text)["input_ids"]) is as_written
    assert reads_as_written(folder) is as_written


def test_further_special_tokens_have_the_name_that_both_know(tokenizer_of_another_house):
    folder, _ = tokenizer_of_another_house
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, additional_special_tokens=["<|x|>"])
    tokenizer.save_pretrained(folder)
    name_tokenizer(folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    assert settings["additional_special_tokens"] == ["<|x|>"]
    assert not {"extra_special_tokens", "backend", "is_local"} & settings.keys()
    again = AutoTokenizer.from_pretrained(folder)
    assert again.convert_tokens_to_ids("<|x|>") in again.all_special_ids


@pytest.fixture
def tokenizer_of_another_house(tmp_path):
    """A folder of Qwen2's kind whose tokenizer.json cuts off Han text, and a text that shows the difference."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    own = pre_tokenizers.Split(Regex(r"[\u4e00-\u9fa5]+|\p{N}{1,3}"), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([own, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|end|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(["剂量 1234 mg，剂量 1234 mg" * 5], trainer)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>").save_pretrained(tmp_path)
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text("utf-8"))
    settings["tokenizer_class"] = "Qwen2Tokenizer"
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen2"}), "utf-8")
    return tmp_path, "剂量 1234 mg"
