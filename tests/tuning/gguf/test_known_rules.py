import hashlib

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from hypnos.tuning.gguf.known_rules import name_rules
from hypnos.vocabulary.byte_level.tokenizer import ByteLevelTokenizer

TEXT = "apple 3333 '''''' I've 我想在apple工作1314151天～ ✅"
ENGLISH = ["an apple a day, I've worked; the apple worked 1314 days", "def apple(x):\n    return x + 33"] * 30
CHINESE = ["我想在麻醉科工作，工作三天。", "我想要的工作：丙泊酚诱导。", "在想什么天天工作"] * 30


def base(*, ignore_merges=False):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=330, special_tokens=["<|end|>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator([*ENGLISH, "在工"], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>")


def known(tokenizer):
    """As llama.cpp's converter does: by the hash of one text's tokens."""

    def recognise(one):
        if hashlib.sha256(str(one.encode(TEXT)).encode()).hexdigest() != expected:
            raise NotImplementedError("not recognized")
        return "gpt-2"

    expected = hashlib.sha256(str(tokenizer.encode(TEXT)).encode()).hexdigest()
    return recognise


@pytest.mark.parametrize("ignore_merges", [False, True])
def test_an_extended_tokenizer_is_known_by_its_base(tmp_path, ignore_merges):
    plain = base(ignore_merges=ignore_merges)
    extended = ByteLevelTokenizer(plain, name="t").extend(CHINESE, ["麻醉", "丙泊酚"], size=90, coverage=1.0).tokenizer
    assert extended.encode(TEXT) != plain.encode(TEXT)
    assert name_rules(plain, known(plain)) == "gpt-2"
    assert name_rules(extended, known(plain)) == "gpt-2"


def test_another_base_is_not_taken_for_it():
    other = base()
    other.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    extended = ByteLevelTokenizer(other, name="t").extend(CHINESE, [], size=90, coverage=1.0).tokenizer
    with pytest.raises(NotImplementedError, match="not recognized"):
        name_rules(extended, known(base()))
