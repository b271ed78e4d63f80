"""vocabulary=chinese from corpus to directory, and what it says where something is amiss."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as pb
from transformers import AutoTokenizer

from hypnos.corpus.sources import Source, is_held_out
from hypnos.errors import UserError
from hypnos.vocabulary.chinese import ChineseVocabulary
from hypnos.vocabulary.sentencepiece.merge import load_proto, unreachable

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "hypnos" / "sample"
TERMS = ROOT / "specialty" / "anesthesia" / "terms.txt"
Folder = Callable[..., Path]


def vocabulary(**settings: Any) -> ChineseVocabulary:
    source = Source(path=str(SAMPLE / "anesthesia.jsonl"), holdout=0.15)
    given = {"sources": {"anesthesia": source}, "size": 3000, "terms": str(TERMS), "template": "{{ x }}", **settings}
    return ChineseVocabulary(**given)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chinese")
    vocabulary().write_tokenizer(str(SAMPLE / "base"), folder)
    return folder


def test_the_directory_reads_as_its_sentencepiece_model(written: Path, lines: list[str], texts: list[str]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(written)
    oracle = spm.SentencePieceProcessor(model_file=str(written / "tokenizer.model"))
    everything = [*lines, *texts]
    ids = tokenizer(everything, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert ids == oracle.encode(everything)
    assert tokenizer.batch_decode(ids) == everything
    assert tokenizer.chat_template == "{{ x }}"
    assert unreachable(load_proto((written / "tokenizer.model").read_bytes(), "model")) == []


def test_the_report_beside_it(written: Path, terms: list[str]) -> None:
    report = json.loads((written / "fertility.json").read_text("utf-8"))
    assert report["pieces"] == {"before": 1500, "after": 4500}
    assert report["terms_split"]["after"] == [] and report["terms"] == len(terms)
    assert report["unreachable_pieces"] == []
    assert report["parameters_added"] == 3000 * 160 * 2  # the sample's base is 160 wide and untied
    kind = report["kinds"]["anesthesia"]
    assert kind["after"]["tokens_per_character"] < 0.9 < 2 < kind["before"]["tokens_per_character"]
    assert (written / "fertility.png").is_file()


def corpus(tmp_path: Path, texts: dict[str, str]) -> Source:
    file = tmp_path / "corpus.jsonl"
    rows = [{"id": group, "group": group, "text": text} for group, text in texts.items()]
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return Source(path=str(file), holdout=0.5)


def test_held_out_text_is_measured_and_not_learnt(tmp_path: Path) -> None:
    names = [f"group-{i}" for i in range(40)]
    source = corpus(tmp_path, {n: "喉罩通气" if is_held_out(n, 0.5) else "麻醉科医生" for n in names})
    out = tmp_path / "out"
    out.mkdir()
    vocabulary(sources={"own": source}, size=12, terms=None).write_tokenizer(str(SAMPLE / "base"), out)
    pieces = AutoTokenizer.from_pretrained(out).get_vocab()
    assert "麻醉科医生" in pieces and not {"喉", "罩", "喉罩", "通气"} & set(pieces)
    kind = json.loads((out / "fertility.json").read_text("utf-8"))["kinds"]["own"]
    assert kind["after"]["characters"] == 4 * sum(is_held_out(n, 0.5) for n in names)
    assert kind["after"]["byte_share"] == pytest.approx(12 / 13)  # ▁ and twelve bytes


def test_a_corpus_that_gives_fewer_pieces_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = corpus(tmp_path, {str(i): "喉罩" for i in range(9)})
    with caplog.at_level(logging.WARNING):
        vocabulary(sources={"own": source}, size=50, terms=None).write_tokenizer(str(SAMPLE / "base"), tmp_path)
    assert "the corpus gave only 3 of 50 new pieces" in caplog.text


def test_tied_rows_are_counted_once(tmp_path: Path, base_folder: Folder) -> None:
    source = corpus(tmp_path, {str(i): "喉罩" for i in range(9)})
    vocabulary(sources={"own": source}, size=3, terms=None).write_tokenizer(str(base_folder(tied=True)), tmp_path)
    assert json.loads((tmp_path / "fertility.json").read_text("utf-8"))["parameters_added"] == 3 * 32


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 0}, "size 0 must be above 0"),
        ({"coverage": 0.0}, r"coverage 0.0 within \(0, 1\]"),
        ({"coverage": 1.5}, r"coverage 1.5 within \(0, 1\]"),
    ],
)
def test_numbers_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        vocabulary(**settings)


@pytest.mark.parametrize(("size", "message"), [(300, "375 pieces to learn are fewer"), (1800, "size 1800 has no room")])
def test_a_size_too_small(size: int, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        vocabulary(size=size).write_tokenizer(str(SAMPLE / "base"), tmp_path)


def test_a_corpus_without_chinese(tmp_path: Path) -> None:
    source = corpus(tmp_path, {"a": "no Chinese", "b": "none either", "c": "nor here"})
    with pytest.raises(UserError, match="holds no Chinese text"):
        vocabulary(sources={"own": source}).write_tokenizer(str(SAMPLE / "base"), tmp_path)


def test_a_malformed_corpus_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "broken.jsonl"
    file.write_text('{"text": "麻醉"}\n{"text": \n', "utf-8")
    with pytest.raises(UserError, match=r"broken\.jsonl:2: not JSON"):
        vocabulary(sources={"own": Source(path=str(file))}).write_tokenizer(str(SAMPLE / "base"), tmp_path)


def test_check_finds_what_is_missing_before_anything_is_made(tmp_path: Path) -> None:
    vocabulary().check()
    vocabulary(terms=None).check()
    with pytest.raises(UserError, match=r"none\.jsonl: no such file"):
        vocabulary(sources={"own": Source(path=str(tmp_path / "none.jsonl"))}).check()
    with pytest.raises(UserError, match=r"none\.txt: No such file"):
        vocabulary(terms=str(tmp_path / "none.txt")).check()
    bad = tmp_path / "terms.txt"
    bad.write_text("喉罩\nLMA\n", "utf-8")
    with pytest.raises(UserError, match=r"terms\.txt:2: the term 'LMA' must be Han characters only"):
        vocabulary(terms=str(bad)).check()


def test_a_unigram_base(tmp_path: Path, base_folder: Folder) -> None:
    proto = pb.ModelProto.FromString((SAMPLE / "base" / "tokenizer.model").read_bytes())
    proto.trainer_spec.model_type = pb.TrainerSpec.UNIGRAM
    folder = base_folder(tokenizer_model=proto.SerializeToString())
    with pytest.raises(UserError, match="only BPE models can be extended"):
        vocabulary().write_tokenizer(str(folder), tmp_path)


def test_an_unknown_base(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.path /none: no such folder"):
        vocabulary().write_tokenizer("/none", tmp_path)


def test_what_decides_the_tokenizer_is_in_the_key(tmp_path: Path) -> None:
    first = vocabulary().key()
    assert vocabulary().key() == first
    terms = tmp_path / "terms.txt"
    terms.write_bytes(TERMS.read_bytes())
    assert vocabulary(terms=str(terms)).key() == first  # by content, not by place
    terms.write_text("喉罩\n", "utf-8")
    others = [
        {"terms": str(terms)},
        {"size": 3001},
        {"coverage": 0.99},
        {"max_records": 10},
        {"pad_to_multiple_of": 64},
        {"template": "{{ y }}"},
        {"sources": {"anesthesia": Source(path=str(SAMPLE / "anesthesia.jsonl"), holdout=0.2)}},
        {"sources": {}},
    ]
    keys = [vocabulary(**other).key() for other in others]
    assert first not in keys
    assert all(a != b for i, a in enumerate(keys) for b in keys[:i])


def test_terms_that_stay_split_are_warned_of(
    tmp_path: Path, base_folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    """A base with a piece of its own that takes a term's first character into the space before it."""
    proto = pb.ModelProto.FromString((SAMPLE / "base" / "tokenizer.model").read_bytes())
    lowest = min(piece.score for piece in proto.pieces)
    for rank, piece in enumerate(["▁喉", "喉"], 1):
        proto.pieces.add(piece=piece, score=lowest - rank)
    source = corpus(tmp_path, {str(i): "用喉罩" for i in range(9)})
    terms = tmp_path / "terms.txt"
    terms.write_text("喉罩\n", "utf-8")
    folder = base_folder(1502, tokenizer_model=proto.SerializeToString())
    with caplog.at_level(logging.WARNING):
        vocabulary(sources={"own": source}, size=9, terms=str(terms)).write_tokenizer(str(folder), tmp_path)
    assert "1 terms are still split: 喉罩" in caplog.text
