import json
import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as pb
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from hypnos.vocabulary.han import read_terms
from hypnos.vocabulary.sentencepiece.convert import build_tokenizer
from hypnos.vocabulary.sentencepiece.merge import extend_proto, load_proto
from hypnos.vocabulary.sentencepiece.pieces import chain_terms, learn_pieces
from hypnos.vocabulary.sentencepiece.tokenizer import SentencePieceTokenizer

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "hypnos" / "sample"
NEW = 3000
FIELDS = ("instruction", "input", "output", "history", "context", "question", "answers")

# Each caught a converter at least once: runs of spaces, text that looks like a special token, bytes, scripts.
VARIED = [
    "",
    " ",
    "  ",
    " leading",
    "  two leading",
    "trailing ",
    "double  spaces   and more",
    "a" + " " * 40 + "b",
    "tab\tand\ttabs\t",
    "line\nbreak\n\n",
    "\n",
    "\r\n",
    "emoji 😀👩‍⚕️ in 麻醉😀科",
    "<s>",
    "</s>",
    "before<s>after</s> <unk> <pad>",
    "<0x41><0x0A>",
    "丙泊酚 2 mg/kg，then 罗库溴铵0.6mg/kg.",
    "日本語のテキスト、한국어, العربية, Ελληνικά, кириллица",
    "e\u0301 ﬁ １２ Ⅳ ㎎ ½ \u3000全角\u3000",
    "\xa0no-break\u200bzero\ufeffwidth",
    "\x00\x01\x7f",
    "...?!,;:'\"()[]{}====----____",
    "。，、；：？！（）《》“”‘’…—～·％℃",
    "𠮷𡨴 rare Han",
    "SpO2 98%，PaCO2 40 mmHg；HR 72 次/分",
]


@pytest.fixture(scope="session")
def lines() -> list[str]:
    """The varied lines and 3,000 random mixtures of what is in them."""
    dice = random.Random(0)
    parts = [
        " ",
        "  ",
        "\n",
        "\t",
        "a",
        "the",
        "Han",
        "学",
        "麻醉",
        "芬太尼",
        "舒芬太尼",
        "。",
        "，",
        "😀",
        "<s>",
        "</s>",
    ]
    parts += ["<unk>", "<0x41>", "é", "\u3000", "\xa0", "１", "12", "-", "====", "中国", "\r\n", "\u200b", "한", "ж"]
    return VARIED + ["".join(dice.choices(parts, k=dice.randint(1, 25))) for _ in range(3000)]


@pytest.fixture(scope="session")
def terms() -> list[str]:
    return read_terms(ROOT / "specialty" / "anesthesia" / "terms.txt")


@pytest.fixture(scope="session")
def base() -> pb.ModelProto:
    """The sample's English base."""
    return load_proto((SAMPLE / "base" / "tokenizer.model").read_bytes(), "tokenizer.model")


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Chinese text of the sample."""
    files = [SAMPLE / "general.jsonl", SAMPLE / "anesthesia.jsonl"]
    return [json.loads(line)["output"] for file in files for line in file.read_text("utf-8").splitlines()]


@pytest.fixture(scope="session")
def learnt(texts: list[str]) -> list[str]:
    return learn_pieces(texts, 2 * NEW, coverage=0.999)


@pytest.fixture(scope="session")
def extended(base: pb.ModelProto, terms: list[str], learnt: list[str]) -> pb.ModelProto:
    return extend_proto(base, chain_terms(terms), learnt, NEW)


@pytest.fixture(scope="session")
def processor(extended: pb.ModelProto) -> spm.SentencePieceProcessor:
    """The oracle."""
    return spm.SentencePieceProcessor(model_proto=extended.SerializeToString())


@pytest.fixture(scope="session")
def tokenizer(extended: pb.ModelProto) -> PreTrainedTokenizerFast:
    return build_tokenizer(extended)


@pytest.fixture(scope="session")
def extended_kind(tokenizer: PreTrainedTokenizerFast, extended: pb.ModelProto) -> SentencePieceTokenizer:
    return SentencePieceTokenizer(tokenizer, extended)


@pytest.fixture
def proto_of() -> Callable[..., pb.ModelProto]:
    """A BPE model with byte fallback and these pieces, scored 0, -1, -2... unless scores are given."""

    def make(pieces: Iterable[str], scores: Iterable[float] | None = None) -> pb.ModelProto:
        kinds = pb.ModelProto.SentencePiece
        proto = pb.ModelProto()
        proto.pieces.add(piece="<unk>", type=kinds.UNKNOWN)
        for special in ("<s>", "</s>"):
            proto.pieces.add(piece=special, type=kinds.CONTROL)
        for byte in range(256):
            proto.pieces.add(piece=f"<0x{byte:02X}>", type=kinds.BYTE)
        pieces = list(pieces)
        for piece, score in zip(pieces, scores or range(0, -len(pieces), -1), strict=True):
            proto.pieces.add(piece=piece, score=score, type=kinds.NORMAL)
        trainer = proto.trainer_spec
        trainer.model_type, trainer.byte_fallback = pb.TrainerSpec.BPE, True
        trainer.unk_id, trainer.bos_id, trainer.eos_id, trainer.pad_id = 0, 1, 2, -1
        proto.normalizer_spec.name = "identity"
        proto.normalizer_spec.remove_extra_whitespaces = False
        return proto

    return make


@pytest.fixture
def encode() -> Callable[[pb.ModelProto, str], list[str]]:
    """The pieces SentencePiece gives for a text, without the space it puts before."""

    def pieces(proto: pb.ModelProto, text: str) -> list[str]:
        bare = pb.ModelProto()
        bare.CopyFrom(proto)
        bare.normalizer_spec.add_dummy_prefix = False
        return spm.SentencePieceProcessor(model_proto=bare.SerializeToString()).encode(text, out_type=str)

    return pieces


@pytest.fixture
def small_model() -> Callable[..., LlamaForCausalLM]:
    def make(rows: int, *, tied: bool) -> LlamaForCausalLM:
        config = LlamaConfig(
            vocab_size=rows,
            hidden_size=8,
            intermediate_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            tie_word_embeddings=tied,
        )
        return LlamaForCausalLM(config)

    return make


@pytest.fixture
def base_folder(tmp_path: Path) -> Callable[..., Path]:
    """A base: a config, and beside it a tokenizer's files given as bytes or text."""

    def make(rows: int = 1500, *, tied: bool = False, **files: bytes | str) -> Path:
        folder = tmp_path / "base"
        folder.mkdir(exist_ok=True)
        config = json.loads((SAMPLE / "base" / "config.json").read_text("utf-8"))
        config |= {"vocab_size": rows, "tie_word_embeddings": tied, "hidden_size": 32, "intermediate_size": 32}
        config |= {"num_attention_heads": 1, "num_key_value_heads": 1, "num_hidden_layers": 1}
        (folder / "config.json").write_text(json.dumps(config), "utf-8")
        for name, content in (files or {"tokenizer_model": (SAMPLE / "base/tokenizer.model").read_bytes()}).items():
            data = content if isinstance(content, bytes) else content.encode()
            (folder / name.replace("_model", ".model").replace("_json", ".json")).write_bytes(data)
        return folder

    return make


@pytest.fixture
def byte_level(base_folder: Callable[..., Path], texts: list[str]) -> Path:
    """A base that already speaks Chinese, as Qwen and Llama 3 do: byte-level BPE, no SentencePiece model."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        texts[:100],
        trainers.BpeTrainer(vocab_size=900, special_tokens=special, initial_alphabet=alphabet, show_progress=False),
    )
    folder = base_folder(1000, nothing="")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>").save_pretrained(folder)
    return folder


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def rows(*files: Path) -> Iterator[dict[str, Any]]:
    for file in files:
        yield from map(json.loads, file.read_text("utf-8").splitlines())


@pytest.fixture(scope="session")
def real_texts(shared_data: Path) -> list[str]:
    """Each distinct text under the folder, whole and by lines."""
    texts = {text for file in shared_data.rglob("*.jsonl") for text in strings(list(rows(file)))}
    texts |= {file.read_text("utf-8") for kind in ("*.txt", "*.md") for file in shared_data.rglob(kind)}
    return sorted(texts | {line for text in texts for line in text.split("\n")})


@pytest.fixture(scope="session")
def questions(shared_data: Path) -> list[str]:
    """Choice questions; nothing of them is learnt from."""
    files = sorted((shared_data / "mcq").glob("*.jsonl"))
    return ["\n".join([row["question"], *row["options"].values()]) for row in rows(*files)]


@pytest.fixture(scope="session")
def corpus(shared_data: Path) -> list[str]:
    """Questions, answers and passages to learn from; not the statements, which were made of the choice questions."""
    files = [file for folder in ("qa", "reading") for file in sorted((shared_data / folder).glob("*.jsonl"))]
    files = [file for file in files if "statements" not in file.name]
    return [text for row in rows(*files) for field in FIELDS for text in strings(row.get(field))]
