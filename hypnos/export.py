"""Writes a stage for other engines: `python -m hypnos.export <stage> --gguf q8_0,q4_k_m --llama-cpp <folder>`.

python -m hypnos.export artefacts/models/anesthesia-... --gguf q8_0                     for llama.cpp
python -m hypnos.export artefacts/models/anesthesia-... --gguf q8_0,q4_k_m --ollama     and a Modelfile for Ollama
python -m hypnos.export artefacts/models/anesthesia-... --compressed fp8                for vLLM on a GPU
python -m hypnos.export artefacts/models/anesthesia-... --compressed awq --calibrate <records>     in four bits
"""

import argparse
import logging
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from hypnos.errors import UserError, one_line

log = logging.getLogger(__name__)

SAMPLE = (
    "成人诱导时丙泊酚的常用剂量是多少？",
    "恶性高热的首选药物是丹曲林，首剂 2.5 mg/kg，必要时重复。",
    "Propofol 1.5-2.5 mg/kg, then rocuronium 0.6 mg/kg; don't repeat <s> or <|im_end|> here.",
    " 前面有空格  两个空格\n\n\t制表符、换行；ＡＳＡ Ⅲ级，SpO₂ 98%。",
    "困难气道：喉罩、纤维支气管镜引导插管😀，1234567890",
)
"""Texts whose tokens are compared: both languages, numbers, signs, special tokens as text."""


def export(
    stage: Path, types: Sequence[str], folder: Path, *, llama_cpp: Path, rules: str | None, ollama: bool
) -> None:
    """Write GGUF files of a stage, compare tokens where llama.cpp is built, and write a Modelfile.

    Raises:
        UserError: the stage is no whole model, llama.cpp is not there or refuses, or its tokens are others.
    """
    from hypnos.artefacts.tokenizer_file import read_tokenizer_file
    from hypnos.tuning.gguf.files import LlamaCpp, remove_file, write_files
    from hypnos.tuning.gguf.first_token import adds_first_token
    from hypnos.tuning.gguf.ollama import write_modelfile
    from hypnos.tuning.gguf.token_check import differing_texts

    checkout = LlamaCpp(folder=llama_cpp, rules=rules)
    files = write_files(stage, types, folder, llama_cpp=checkout)
    program = checkout.find_program("llama-tokenize")
    if program is None:
        log.warning("tokens not compared: llama-tokenize is not built in %s", llama_cpp)
    elif others := differing_texts(program, files[0], stage, SAMPLE):
        for file in files:
            remove_file(file)  # else the next try would find them, and leave them as they are
        raise UserError(
            f"{files[0]}: llama.cpp cuts {len(others)} of {len(SAMPLE)} texts into other tokens than the stage,"
            f" such as {others[0]!r}; no file is kept: another name for its rules (--rules), or it cannot be used there"
        )
    if ollama:
        tokenizer, modelfile = read_tokenizer_file(stage), folder / "Modelfile"
        write_modelfile(tokenizer, files[0], modelfile, adds_first=adds_first_token(files[0]))
        files.append(modelfile)
    for file in files:
        print(file)


def compress(stage: Path, kinds: Sequence[str], python: Path | None, *, records: str | None) -> None:
    """Write a stage in FP8 or by AWQ, as folders beside it.

    Raises:
        UserError: see `write_compressed` and `write_documents`.
    """
    from hypnos.data.calibration import write_documents
    from hypnos.tuning.compressed.files import PYTHON, Compressor, write_compressed

    documents = partial(write_documents, records, stage) if records else None
    compressor = Compressor(python=python or PYTHON, write_documents=documents)
    for folder in write_compressed(stage, kinds, compressor=compressor):
        print(folder)


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, and write what it asks for."""
    parser = argparse.ArgumentParser(prog="python -m hypnos.export", description="Write a stage for other engines.")
    parser.add_argument("stage", type=Path, help="a stage, or any Hugging Face directory of a whole model")
    parser.add_argument(
        "--gguf", help="types, such as q8_0,q4_k_m; f32, f16, bf16, q8_0 need no build; q8_0 by default"
    )
    parser.add_argument("--llama-cpp", type=Path, help="a checkout of llama.cpp; by default the variable LLAMA_CPP")
    parser.add_argument("--rules", help="llama.cpp's name of how the tokenizer cuts text, where it is not recognised")
    parser.add_argument("--ollama", action="store_true", help="write a Modelfile with the chat template, too")
    parser.add_argument("--output", type=Path, help="folder of the files; by default <stage>-gguf beside it")
    parser.add_argument("--compressed", help="fp8, awq: folders <stage>-<kind> beside it instead of GGUF files")
    parser.add_argument("--calibrate", metavar="RECORDS", help="what AWQ looks at: any source of train.py")
    parser.add_argument(
        "--compressor", type=Path, help="an interpreter with llm-compressor; `make compressor` makes one"
    )
    options = parser.parse_args(arguments)
    # Files are named by the folder, and "." has no name.
    stage = options.stage if options.stage.name not in ("", "..") else options.stage.resolve()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with one_line(reraise=False):
        if options.compressed:
            compress(stage, options.compressed.split(","), options.compressor, records=options.calibrate)
        if options.gguf or not options.compressed:
            checkout = options.llama_cpp or os.environ.get("LLAMA_CPP")
            if not checkout:
                raise UserError(
                    "--llama-cpp: name a checkout of llama.cpp (git clone https://github.com/ggml-org/llama.cpp)"
                )
            export(
                stage,
                (options.gguf or "q8_0").split(","),
                options.output or stage.with_name(f"{stage.name}-gguf"),
                llama_cpp=Path(checkout).expanduser(),
                rules=options.rules,
                ollama=options.ollama,
            )


if __name__ == "__main__":
    main()
