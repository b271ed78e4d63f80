"""Makes folders of a stage whose weights are in FP8, or in four bits by AWQ: each whole, or not at all."""

import logging
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypnos.artefacts.keys import file_key
from hypnos.artefacts.model_folder import copy_tokenizer, tokenizer_files
from hypnos.artefacts.store import share_files
from hypnos.errors import UserError

log = logging.getLogger(__name__)

KINDS = ("fp8", "awq")

CALIBRATION = "calibration.key"
"""Of AWQ, in the folder: what decided which weights matter."""

_ROOT = Path(__file__).parents[3]
PYTHON = _ROOT / ".engines/compressor/bin/python"
"""The interpreter of the environment that `make compressor` makes."""

_SCRIPT = _ROOT / "engines/compress.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressor:
    """What compresses.

    Attributes:
        python: an interpreter whose environment has llm-compressor.
        write_documents: writes the token ids of documents by which AWQ sees which weights matter, a document a line.
    """

    python: Path = PYTHON
    write_documents: Callable[[Path], None] | None = None

    def check(self, kinds: Sequence[str]) -> None:
        """Raise UserError if it lacks what these kinds need."""
        if unknown := set(kinds) - set(KINDS):
            raise UserError(f"--compressed {', '.join(sorted(unknown))}: know {', '.join(KINDS)}")
        if not self.python.is_file():
            raise UserError(f"--compressor {self.python}: no such interpreter: `make compressor` makes one")
        if "awq" in kinds and self.write_documents is None:
            raise UserError("--compressed awq: --calibrate names records: AWQ has to see what the stage is asked")

    def write(self, stage: Path, kind: str, folder: Path) -> None:
        """Write a stage as a folder that vLLM and transformers load.

        Args:
            stage: a whole model with its tokenizer.
            kind: `fp8` or `awq`.
            folder: is made; one that is there is whole, and stays.

        Raises:
            UserError: it cannot be; the line holds llm-compressor's words.
        """
        with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
            made = Path(temporary) / folder.name
            words = [str(self.python), str(_SCRIPT), str(stage), str(made), kind]
            seen = ""
            if kind == "awq" and self.write_documents is not None:
                documents = Path(temporary) / "documents.jsonl"
                self.write_documents(documents)
                words.append(str(documents))
                seen = file_key(documents)
            if folder.is_dir():
                _check_calibration(folder, seen)
                log.info("reusing %s", folder)
                return
            log.info("%s: compressing", folder.name)
            done = subprocess.run(words, cwd=temporary, capture_output=True, text=True, check=False)
            if done.returncode or not (made / "config.json").is_file():
                said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
                raise UserError(f"--compressed {kind}: {said}")
            copy_tokenizer(stage, made)
            if seen:
                (made / CALIBRATION).write_text(f"{seen}\n", "utf-8")
            share_files(made)
            made.rename(folder)


def _check_calibration(folder: Path, seen: str) -> None:
    """Refuse a folder that was made with other records."""
    file = folder / CALIBRATION
    if seen and file.is_file() and file.read_text("utf-8").strip() != seen:
        raise UserError(f"{folder}: was made with other records of --calibrate: remove it to make it anew")


def write_compressed(stage: Path, kinds: Sequence[str], *, compressor: Compressor) -> list[Path]:
    """Write `<stage>-<kind>` beside a stage for each kind.

    Raises:
        UserError: the stage is no whole model, or see `Compressor`.
    """
    compressor.check(kinds)
    if not (stage / "config.json").is_file() or not tokenizer_files(stage):
        raise UserError(f"{stage}: no whole model with its tokenizer (of an adapter: its stage, which is merged)")
    stage = stage.resolve()
    folders = [stage.with_name(f"{stage.name}-{kind}") for kind in kinds]
    for kind, folder in zip(kinds, folders, strict=True):
        compressor.write(stage, kind, folder)
    return folders
