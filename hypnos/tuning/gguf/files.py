"""Makes GGUF files of a stage, each of the type that is asked for, whole or not at all."""

import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypnos.artefacts.keys import content_key, file_key
from hypnos.artefacts.model_folder import STAGE, tokenizer_files
from hypnos.errors import UserError

log = logging.getLogger(__name__)

CONVERTED = ("f32", "f16", "bf16", "q8_0")
"""Types that the converter writes; all others are made of f16 by the quantiser, which has to be built."""

_READ = (".json", ".safetensors", ".bin", ".model", ".jinja", ".txt")
"""Endings of the files of a stage that llama.cpp makes its own of; a card or a log is none."""

_CONVERTER = Path(__file__).with_name("converter.py")
_ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaCpp:
    """A checkout of llama.cpp.

    Attributes:
        folder: with `convert_hf_to_gguf.py`.
        rules: llama.cpp's name for how the tokenizer cuts text; None: as it is recognised.
    """

    folder: Path
    rules: str | None = None

    def check(self, types: Sequence[str]) -> None:
        """Raise UserError if it lacks what these types need."""
        if not (self.folder / "convert_hf_to_gguf.py").is_file():
            raise UserError(
                f"--llama-cpp {self.folder}: no checkout of llama.cpp (no convert_hf_to_gguf.py): "
                "git clone https://github.com/ggml-org/llama.cpp"
            )
        if others := [name for name in types if name not in CONVERTED]:
            self.program("llama-quantize", needed_for=", ".join(others))

    def program(self, name: str, *, needed_for: str) -> Path:
        """A program of llama.cpp that was built there.

        Raises:
            UserError: it was not built.
        """
        found = self.find_program(name)
        if found is None:
            raise UserError(
                f"{needed_for}: needs {name}, which is not built in {self.folder}: cmake -B build, then cmake "
                f"--build build --target {name}"
            )
        return found

    def find_program(self, name: str) -> Path | None:
        """The same, or None."""
        return next((file for file in (self.folder / "build/bin" / name, self.folder / name) if file.is_file()), None)

    def convert(self, stage: Path, kind: str, file: Path) -> None:
        """Write a stage as one GGUF file of a type that the converter knows.

        Raises:
            UserError: llama.cpp refuses; the line holds its words.
        """
        words = [sys.executable, str(_CONVERTER), str(self.folder), self.rules or "-"]
        words += [str(stage), "--outtype", kind, "--outfile", str(file)]
        path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        _run(words, stage, environment={**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1"})

    def quantise(self, whole: Path, kind: str, file: Path) -> None:
        """Write a GGUF file again in a smaller type.

        Raises:
            UserError: llama.cpp refuses; the line holds its words.
        """
        program = self.program("llama-quantize", needed_for=kind)
        _run([str(program), str(whole), str(file), kind.upper()], whole, environment=dict(os.environ))


def write_files(stage: Path, types: Sequence[str], folder: Path, *, llama_cpp: LlamaCpp) -> list[Path]:
    """Write a stage in each type, as `<stage>-<type>.gguf`; one made of the same stage by the same rules is left.

    Raises:
        UserError: the stage is no whole model, or llama.cpp refuses.
    """
    if not (stage / "config.json").is_file() or not tokenizer_files(stage):
        raise UserError(f"{stage}: no whole model with its tokenizer (of an adapter: its stage, which is merged)")
    llama_cpp.check(types)
    folder.mkdir(parents=True, exist_ok=True)
    key = _key(stage, llama_cpp)
    files = []
    for kind in types:
        file = folder / f"{stage.name}-{kind}.gguf"
        if not _is_made_of(file, key):
            if file.is_file():
                log.info("%s: of another content of the stage, or by other rules: made anew", file)
            _write(stage, kind, file, llama_cpp, key=key)
            log.info("%s: %.1f MB", file, file.stat().st_size / 1e6)
        files.append(file)
    return files


def remove_file(file: Path) -> None:
    """Remove a GGUF file and what says of what it was made."""
    _key_file(file).unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def _key(stage: Path, llama_cpp: LlamaCpp) -> str:
    """Hash what decides a file beside its type."""
    read = [file for file in sorted(stage.iterdir()) if file.suffix in _READ and file.name != STAGE and file.is_file()]
    return content_key({"rules": llama_cpp.rules, "files": {file.name: file_key(file) for file in read}})


def _key_file(file: Path) -> Path:
    return file.with_name(f"{file.name}.key")


def _is_made_of(file: Path, key: str) -> bool:
    noted = _key_file(file)
    return file.is_file() and noted.is_file() and noted.read_text("utf-8").strip() == key


def _write(stage: Path, kind: str, file: Path, llama_cpp: LlamaCpp, *, key: str) -> None:
    """Aside first, so that a file that has its name is whole; its key is noted last."""
    partial = file.with_name(f".{file.name}.partial")
    whole = file.with_name(f"{stage.name}-f16.gguf")
    between = whole if _is_made_of(whole, key) else file.with_name(f".{whole.name}.partial")
    try:
        if kind in CONVERTED:
            llama_cpp.convert(stage, kind, partial)
        else:
            if between is not whole:  # what a killed run left there may be of anything
                llama_cpp.convert(stage, "f16", between)
            llama_cpp.quantise(between, kind, partial)
        _key_file(file).unlink(missing_ok=True)
        partial.rename(file)
        _key_file(file).write_text(f"{key}\n", "utf-8")
    finally:
        partial.unlink(missing_ok=True)
        if between is not whole:
            between.unlink(missing_ok=True)


def _run(words: Sequence[str], what: Path, *, environment: dict[str, str]) -> None:
    """Run a program of llama.cpp.

    Raises:
        UserError: it fails; with the last line that it said.
    """
    ended = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    if ended.returncode:
        lines = [line.strip() for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
        last = lines[-1] if lines else f"status {ended.returncode}"
        hint = "; --rules <name> names them, such as llama-bpe, qwen2 or smollm" if "pre-tokenizer" in last else ""
        raise UserError(f"{what}: llama.cpp refuses: {last}{hint}")
