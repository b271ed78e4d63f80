from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from hypnos.vocabulary.byte_level.alphabet import read_bytes
from hypnos.vocabulary.byte_level.tokenizer import ByteLevelTokenizer

ROOT = Path(__file__).parents[3]

# The published regular expressions. GPT-2's: Radford et al. 2019; Llama 3's: llama3/tokenizer.py; Qwen 2's: its
# tokenizer.json, which takes one digit at a time.
GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
# SmolLM2's: its tokenizer.json takes each digit by itself, then what lies between them by GPT-2's expression.
SMOLLM2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+"
PATTERNS = {"llama3": LLAMA3, "qwen": QWEN, "smollm2": SMOLLM2}


def byte_level(pattern: str) -> pre_tokenizers.PreTokenizer:
    cut = pre_tokenizers.Split(Regex(pattern), "isolated")
    return pre_tokenizers.Sequence([cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


@pytest.fixture(scope="session")
def english() -> list[str]:
    """English, code, digits, and a little Chinese, as today's bases have seen it."""
    files = sorted(ROOT.glob("hypnos/vocabulary/**/*.py")) + sorted(ROOT.glob("docs/*s.md"))
    little = "据 的 一。用，据 的 用户 3 的 据 a 的 用 罗 罗 "
    return [*[file.read_text("utf-8") for file in files], little * 40, "0.6 mg/kg 12,345 = 2048; x += 1\n" * 40]


@pytest.fixture(scope="session")
def build(english: list[str]) -> Callable[..., PreTrainedTokenizerFast]:
    """A small base of a family, trained on text that is English and code for the most part."""

    def make(family: str, size: int = 2500) -> PreTrainedTokenizerFast:
        tokenizer = Tokenizer(models.BPE(ignore_merges=family == "llama3"))
        if family == "smollm2":
            digits = pre_tokenizers.Digits(individual_digits=True)
            tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
                [digits, pre_tokenizers.ByteLevel(add_prefix_space=False)]
            )
        else:
            tokenizer.pre_tokenizer = byte_level(LLAMA3 if family == "llama3" else QWEN)
        if family == "qwen":
            tokenizer.normalizer = normalizers.NFC()
        tokenizer.decoder = decoders.ByteLevel()
        special = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"]
        first = special if family == "smollm2" else []
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=first,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(english, trainer)
        # Llama 3's and Qwen's special tokens lie behind the model's own pieces.
        tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in special])
        begin = tokenizer.token_to_id(special[0])
        if family == "llama3":
            tokenizer.post_processor = processors.Sequence(
                [
                    processors.ByteLevel(trim_offsets=False),
                    processors.TemplateProcessing(
                        single=f"{special[0]} $A", pair=f"{special[0]} $A $B:1", special_tokens=[(special[0], begin)]
                    ),
                ]
            )
        return PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, bos_token=special[0], eos_token=special[1], pad_token=special[1]
        )

    return make


@pytest.fixture(scope="session", params=PATTERNS)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def patterns() -> dict[str, str]:
    return {**PATTERNS, "gpt2": GPT2}


@pytest.fixture(scope="session")
def pattern(family: str) -> str:
    return PATTERNS[family]


@pytest.fixture(scope="session")
def before(family: str, build: Callable[..., PreTrainedTokenizerFast]) -> ByteLevelTokenizer:
    return ByteLevelTokenizer(build(family), name=family)


@pytest.fixture(scope="session")
def after(before: ByteLevelTokenizer, texts: list[str], terms: list[str]) -> ByteLevelTokenizer:
    return before.extend(texts, terms, size=3000, coverage=0.999)


@pytest.fixture(scope="session")
def oracle() -> Callable[[ByteLevelTokenizer, str], Callable[[str], list[int]]]:
    """tiktoken with the same pieces, ranked as the merges are."""
    tiktoken = pytest.importorskip("tiktoken")

    def make(kind: ByteLevelTokenizer, pattern: str) -> Callable[[str], list[int]]:
        special = {token.content for token in kind.backend.get_added_tokens_decoder().values()}
        ranks = {read_bytes(piece): i for piece, i in kind.backend.get_vocab().items() if piece not in special}
        for byte in range(256):  # SmolLM2 lacks pieces for bytes that stand in no text
            ranks.setdefault(bytes([byte]), len(kind) + byte)
        return tiktoken.Encoding("oracle", pat_str=pattern, mergeable_ranks=ranks, special_tokens={}).encode_ordinary

    return make
