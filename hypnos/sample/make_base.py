"""Trains the sample's base vocabulary again: `python -m hypnos.sample.make_base`.

Llama-like: BPE with byte fallback, digits apart, a space before each text, and no Chinese.
"""

from pathlib import Path

import sentencepiece as spm

FOLDER = Path(__file__).parent / "base"
PIECES = 1500


def main() -> None:
    """Write `tokenizer.model` from `english.txt`."""
    with (FOLDER / "english.txt").open(encoding="utf-8") as lines, (FOLDER / "tokenizer.model").open("wb") as model:
        spm.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=model,
            model_type="bpe",
            vocab_size=PIECES,
            byte_fallback=True,
            split_digits=True,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=True,
            character_coverage=1.0,
            num_threads=1,
            minloglevel=2,
        )


if __name__ == "__main__":
    main()
