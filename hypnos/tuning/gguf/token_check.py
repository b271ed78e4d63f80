"""Holds the tokens that llama.cpp makes of texts with a GGUF file against those of the stage's own tokenizer."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypnos.artefacts.tokenizer_file import read_tokenizer_file
from hypnos.errors import UserError


def differing_texts(program: Path, file: Path, stage: Path, texts: Sequence[str]) -> list[str]:
    """Texts of which llama.cpp makes other tokens than the stage's tokenizer.

    Args:
        program: `llama-tokenize`.
        file: GGUF.
        stage: with the tokenizer.
        texts: each is read by itself.

    Raises:
        UserError: llama.cpp cannot read the file.
    """
    tokenizer = read_tokenizer_file(stage)
    ours = tokenizer(list(texts), add_special_tokens=False, split_special_tokens=True)["input_ids"]
    return [text for text, ids in zip(texts, ours, strict=True) if _theirs(program, file, text) != list(ids)]


def _theirs(program: Path, file: Path, text: str) -> list[int]:
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        words = [str(program), "-m", str(file), "-f", stream.name, "--ids", "--no-bos", "--no-parse-special"]
        ended = subprocess.run([*words, "--log-disable"], capture_output=True, text=True, check=False)
    if ended.returncode:
        lines = (ended.stderr or ended.stdout).strip().splitlines()
        raise UserError(f"{file}: llama.cpp cannot read it: {lines[-1] if lines else f'status {ended.returncode}'}")
    return [int(number) for number in json.loads(ended.stdout.strip().splitlines()[-1])]
