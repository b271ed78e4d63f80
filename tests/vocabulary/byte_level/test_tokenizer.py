"""The byte-level kind, on small bases of three families: equal to tiktoken, nothing else read otherwise, all reached."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from hypnos.errors import UserError
from hypnos.vocabulary.byte_level.alphabet import read_text, write_text
from hypnos.vocabulary.byte_level.tokenizer import ByteLevelTokenizer
from hypnos.vocabulary.fertility import measure_text, split_terms
from hypnos.vocabulary.han import HAN_TEXT

Oracle = Callable[[ByteLevelTokenizer, str], Callable[[str], list[int]]]


def encode(kind: ByteLevelTokenizer, texts: list[str]) -> list[list[int]]:
    return kind.tokenizer(texts, add_special_tokens=False, split_special_tokens=True)["input_ids"]


@pytest.fixture(scope="module")
def everything(lines: list[str], texts: list[str], english: list[str]) -> list[str]:
    return [*lines, *texts, *[line for text in english for line in text.split("\n")]]


def test_every_line_reads_as_tiktoken_reads_it(
    pattern: str, after: ByteLevelTokenizer, oracle: Oracle, everything: list[str]
) -> None:
    read = oracle(after, pattern)
    normal = [after.backend.normalizer.normalize_str(t) if after.backend.normalizer else t for t in everything]
    ids = encode(after, everything)
    assert [text for text, got in zip(normal, ids, strict=True) if got != read(text)] == []
    assert after.tokenizer.batch_decode(ids) == normal


def test_text_without_han_reads_as_before(
    before: ByteLevelTokenizer, after: ByteLevelTokenizer, everything: list[str]
) -> None:
    special = [token.content for token in after.backend.get_added_tokens_decoder().values()]
    kana = [
        "あいう、カタカナ。",
        "한국어, 안녕",
        "〇〇",
        "：（）、。「」",
        "、",
        "Ａ１",
        "\u4dc0\u4dff",
        "\ufb00",
        *special,
    ]
    plain = [text for text in [*everything, *kana] if not HAN_TEXT.search(text) or set(text) == {"〇"}]
    assert len(plain) > 1000
    assert encode(after, plain) == encode(before, plain)


def test_every_new_piece_is_read_somewhere(before: ByteLevelTokenizer, after: ByteLevelTokenizer) -> None:
    assert len(after) - len(before) == 3000
    assert after.unreachable(start=len(before)) == []
    pieces = after.tokenizer.convert_ids_to_tokens(list(range(len(before), len(after))))
    whole = [text for piece in pieces if (text := read_text(piece)) is not None]
    found = encode(after, whole)
    assert [text for text, ids in zip(whole, found, strict=True) if len(ids) != 1] == []
    assert len(whole) > 2700  # the others are the first two bytes of a character


def test_a_piece_that_no_text_gives_is_found(after: ByteLevelTokenizer) -> None:
    hidden = after._append([write_text("鿿鿾"), write_text("鿿鿾")[:5]])
    assert hidden.unreachable(start=len(after)) == [write_text("鿿鿾"), write_text("鿿鿾")[:5]]


def test_old_pieces_and_special_tokens_keep_their_ids(before: ByteLevelTokenizer, after: ByteLevelTokenizer) -> None:
    old = before.backend.get_vocab()
    assert {piece: i for piece, i in after.backend.get_vocab().items() if i < len(before)} == old
    assert after.tokenizer.special_tokens_map == before.tokenizer.special_tokens_map
    text = "<|begin_of_text|>麻醉<|eot_id|>"
    ids = after.tokenizer(text, add_special_tokens=False)["input_ids"]
    assert ids[0] == before.tokenizer.bos_token_id and ids[-1] == before.backend.token_to_id("<|eot_id|>")
    assert before.tokenizer.bos_token_id not in encode(after, [text])[0]  # written in content it stays text
    assert after.tokenizer("a")["input_ids"] == before.tokenizer("a")["input_ids"]  # Llama 3 begins with its token


def test_every_term_is_whole(before: ByteLevelTokenizer, after: ByteLevelTokenizer, terms: list[str]) -> None:
    assert split_terms(after, terms) == []
    assert len(split_terms(before, terms)) == len(set(terms))


def test_a_term_behind_a_space_is_whole_with_it(
    before: ByteLevelTokenizer, after: ByteLevelTokenizer, terms: list[str]
) -> None:
    """English bases join a space with the first byte behind it, which belongs to a character here."""
    first = before.backend.model.tokenize(write_text(" 罗"))[0].value
    assert first.startswith("Ġ") and len(first) > 1
    for term in terms:
        tokens = after.tokenizer.tokenize(f"0.6 mg {term} iv")
        assert write_text(term) in tokens or write_text(f" {term}") in tokens


def test_a_term_that_holds_another(before: ByteLevelTokenizer) -> None:
    kind = before.extend(
        ["患者用芬太尼", "患者用舒芬太尼"] * 3, ["舒芬太尼", "芬太尼", "瑞芬太尼"], size=80, coverage=1.0
    )
    for text, whole in {"用芬太尼": "芬太尼", "用舒芬太尼后": "舒芬太尼", "予瑞芬太尼": "瑞芬太尼"}.items():
        assert write_text(whole) in kind.tokenizer.tokenize(text)


def test_no_learnt_piece_takes_a_term_in(before: ByteLevelTokenizer) -> None:
    kind = before.extend(["患者予丙泊酚诱导"] * 50, ["丙泊酚"], size=60, coverage=1.0)
    tokens = [read_text(token) for token in kind.tokenizer.tokenize("患者予丙泊酚诱导")]
    assert tokens == ["患者予", "丙泊酚", "诱导"]


def test_new_pieces_are_spelled_by_what_the_base_makes_of_them(
    before: ByteLevelTokenizer, after: ByteLevelTokenizer
) -> None:
    pieces = after.tokenizer.convert_ids_to_tokens(list(range(len(before), len(after))))
    spelled = before.spell(pieces)
    assert ["".join(before.tokenizer.convert_ids_to_tokens(ids)) for ids in spelled] == pieces
    assert before.spell([write_text("醉")]) == [before.tokenizer.convert_tokens_to_ids(list(write_text("醉")))]
    assert before.spell([write_text("据")]) == [[before.backend.token_to_id(write_text("据"))]]
    assert before.spell([]) == []


def test_tokens_that_hold_less_than_a_character_are_counted(before: ByteLevelTokenizer) -> None:
    # 醉 by its three bytes; a, 0 and 据 are whole, the last by itself or with what it stands behind.
    found = measure_text(before, ["醉a据0"])
    assert found == {"characters": 4, "tokens": 6, "tokens_per_character": 1.5, "byte_share": 0.5}


def test_plain_transformers_reads_the_written_directory_alike(
    after: ByteLevelTokenizer, tmp_path: Path, everything: list[str]
) -> None:
    after.write(tmp_path, template="{{ messages }}")
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert again(everything, add_special_tokens=False, split_special_tokens=True)["input_ids"] == encode(
        after, everything
    )
    assert again.chat_template == "{{ messages }}" and len(again) == len(after)
    assert again("a")["input_ids"] == after.tokenizer("a")["input_ids"]


def test_the_same_corpus_gives_the_same_file(
    before: ByteLevelTokenizer, texts: list[str], terms: list[str], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        before.extend(texts[:200], terms, size=2200, coverage=0.99).write(tmp_path / name, template="{{ x }}")
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_a_size_too_small_for_the_terms(before: ByteLevelTokenizer, texts: list[str], terms: list[str]) -> None:
    with pytest.raises(UserError, match=r"vocabulary\.size 900 has no room: the terms need \d+ pieces and the corpus'"):
        before.extend(texts, terms, size=900, coverage=0.999)


def test_a_corpus_without_chinese(before: ByteLevelTokenizer) -> None:
    with pytest.raises(UserError, match="holds no Chinese text"):
        before.extend(["no Chinese", "、。"], [], size=900, coverage=0.999)


def bare(*merges: tuple[str, str]) -> ByteLevelTokenizer:
    """A base of bytes and a few merges, with GPT-2's rules."""
    pieces = [*pre_tokenizers.ByteLevel.alphabet(), *(left + right for left, right in merges)]
    backend = Tokenizer(models.BPE(vocab={piece: i for i, piece in enumerate(sorted(pieces))}, merges=list(merges)))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return ByteLevelTokenizer(PreTrainedTokenizerFast(tokenizer_object=backend), name="/base")


def test_a_base_without_merges() -> None:
    message = r"^/base: byte-level BPE without merges \(tokenizer\.json\) cannot be extended$"
    with pytest.raises(UserError, match=message):
        bare().extend(["麻醉"], [], size=9, coverage=1.0)


def test_a_character_that_nothing_builds_stays_in_bytes(before: ByteLevelTokenizer) -> None:
    """〇 shares its first two bytes with 、 and 。: joining them would change how those are read."""
    kind = before.extend(["〇〇年麻醉", "〇"] * 9, [], size=20, coverage=1.0)
    joined = write_text("〇")[:2] in before.backend.get_vocab()  # by the base itself
    assert (encode(kind, ["〇"]) == encode(before, ["〇"])) != joined
    assert encode(kind, ["、", "。"]) == encode(before, ["、", "。"])
    assert kind.tokenizer.tokenize("年麻醉") == [write_text("年麻醉")]


def test_a_term_across_whose_characters_the_base_joins_bytes() -> None:
    """The base joins the end of 太 with the beginning of 尼, before any merge of ours."""
    crossing = (write_text("太")[-1], write_text("尼")[0])
    base = bare(crossing)
    assert "".join(crossing) in base.tokenizer.tokenize("太尼")
    kind = base.extend(["用芬太尼", "太", "尼", "太平"] * 3, ["芬太尼"], size=30, coverage=1.0)
    for text in ("芬太尼", "用芬太尼后", "（芬太尼）"):
        assert write_text("芬太尼") in kind.tokenizer.tokenize(text)
    assert kind.unreachable(start=len(base)) == []


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "transformers")
