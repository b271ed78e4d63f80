"""Small models whose every word is known, because each token has one token that follows it; and a server over them."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tests.benchmark.answerers.weights_server import WeightsServer

HYBRID = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' and '</think>' in m.content %}"
    "<think>\n{{ m.content.split('</think>')[0].split('<think>')[-1].strip('\n') }}\n</think>\n\n"
    "{{ m.content.split('</think>')[-1].lstrip('\n') }}{% else %}{{ m.content }}{% endif %}"
    "{% if not loop.last or add_generation_prompt %}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
"""Of the kind of Qwen 3: the model opens its thought itself, and an empty one is written for it where it shall not."""

MARKS = ["<think>", "</think>", "\n\n"]


@pytest.fixture(scope="session")
def thinker(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A folder with a model that writes, after each token, the one that `follows` names; else the end of its turn."""

    def make(follows: dict[str, str], *, template: str = HYBRID, context: int = 256) -> Path:
        characters = sorted({*"问题很长的第个是什么？0123456789ABCDE.。想再毕答案：选择一二三四\n systemuraina"})
        special = ["<unk>", "<|im_start|>", "<|im_end|>"]
        vocabulary = {token: i for i, token in enumerate([*special, *MARKS, *characters])}
        backend = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
        backend.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
        backend.add_special_tokens(special)
        backend.add_tokens([AddedToken(mark, normalized=False) for mark in MARKS])
        backend.decoder = decoders.Fuse()
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>", eos_token="<|im_end|>")
        tokenizer.pad_token = "<unk>"
        tokenizer.chat_template = template
        width = 128
        config = LlamaConfig(
            vocab_size=width,
            hidden_size=width,
            intermediate_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=context,
            eos_token_id=vocabulary["<|im_end|>"],
            bos_token_id=None,
        )
        model = LlamaForCausalLM(config).eval()
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if "o_proj" in name or "down_proj" in name:
                    weight.zero_()  # a token is all that its successor hangs on
            model.model.embed_tokens.weight.copy_(torch.eye(width))
            head = torch.zeros(width, width)
            for token, i in vocabulary.items():
                head[vocabulary[follows.get(token, "<|im_end|>")], i] = 1.0
            model.lm_head.weight.copy_(head)
        folder = tmp_path_factory.mktemp("thinker")
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return make


@pytest.fixture
def serve() -> Iterator[Callable[..., WeightsServer]]:
    """Starts servers over folders of weights."""
    running: list[WeightsServer] = []

    def start(folder: Path, **options: bool) -> WeightsServer:
        running.append(WeightsServer(folder, **options))
        return running[-1]

    yield start
    for server in running:
        server.close()


@pytest.fixture
def adapter(directory, tmp_path):
    """A stage's folder with an adapter inside, whose weights are far from nothing."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(1)
    shutil.copytree(directory, tmp_path / "base")
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    tuned = get_peft_model(base, LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.5)
    tuned.save_pretrained(tmp_path / "stage" / "adapter")
    merged = tuned.merge_and_unload().eval()
    return tmp_path / "stage" / "adapter", merged
