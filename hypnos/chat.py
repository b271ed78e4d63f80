"""Talks with a trained stage, to try it: `python -m hypnos.chat <directory>`. Research only; not for clinical use.

python -m hypnos.chat artefacts/models/anesthesia-...
python -m hypnos.chat <directory of an adapter>               on its base, as the adapter names it
python -m hypnos.chat <directory> --prompt 什么是恶性高热？     one answer, then the end
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypnos.artefacts.model_folder import read_json
from hypnos.errors import UserError, one_line

RESET = "/reset"


def load(directory: Path) -> tuple[Any, Any]:
    """A model and its tokenizer from a Hugging Face directory, or from an adapter's on its base.

    Raises:
        UserError: the directory lacks a model, its tokenizer or its chat template, or an adapter's base is gone.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

    if not ((directory / "config.json").is_file() or (directory / "adapter_config.json").is_file()):
        raise UserError(f"{directory}: neither config.json nor adapter_config.json; not a model's directory")
    # An adapter lies inside its stage, and speaks with the stage's tokenizer.
    folder = next((d for d in (directory, directory.parent) if (d / "tokenizer.json").is_file()), None)
    if folder is None:
        raise UserError(f"{directory}: no tokenizer.json")
    try:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    except Exception as error:  # of several libraries, without a common type
        raise UserError(f"{folder}: its tokenizer cannot be read ({str(error).splitlines()[0]})") from error
    if not tokenizer.chat_template:
        raise UserError(f"{folder}: the tokenizer has no chat template")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = "auto" if device == "cuda" else torch.float32
    base = _base_of(directory)
    try:
        model = AutoModelForCausalLM.from_pretrained(base or directory, dtype=dtype, trust_remote_code=False)
        if base is not None:
            model.load_adapter(str(directory))
    except (OSError, SafetensorError) as error:
        raise UserError(f"{directory}: the model cannot be loaded: {str(error).splitlines()[0]}") from error
    return model.to(device).eval(), tokenizer


def _base_of(directory: Path) -> str | None:
    """The base of an adapter: the path or name it holds, or, where that led from another folder, beside its stage."""
    if (directory / "config.json").is_file():
        return None
    base = str(read_json(directory / "adapter_config.json").get("base_model_name_or_path"))
    beside = directory.resolve().parents[1] / Path(base).name
    return str(beside) if not Path(base).is_dir() and beside.is_dir() else base


def answer(model: Any, tokenizer: Any, messages: list[dict[str, str]], *, max_new_tokens: int) -> str:
    """Say the next turn, piece by piece on standard output, greedily.

    Returns:
        The whole turn.
    """
    from transformers import TextStreamer

    inputs = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
    ).to(model.device)
    streamer = TextStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    ids = model.generate(**inputs, streamer=streamer, max_new_tokens=max_new_tokens, do_sample=False)
    return str(tokenizer.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))


def questions() -> Iterator[str]:
    """What the user types, line by line, until the end of input."""
    while True:
        try:
            yield input("问：").strip()
        except EOFError:
            return


def main(arguments: list[str] | None = None) -> None:
    """Answer one prompt, or talk until the input ends."""
    parser = argparse.ArgumentParser(prog="python -m hypnos.chat", description="Talk with a stage.")
    parser.add_argument("directory", type=Path, help="of a stage, any Hugging Face model, or an adapter")
    parser.add_argument("--prompt", help="answer this and end")
    parser.add_argument("--max-new-tokens", type=int, default=512)
    options = parser.parse_args(arguments)
    with one_line(reraise=False):
        model, tokenizer = load(options.directory)
        messages: list[dict[str, str]] = []
        for question in [options.prompt] if options.prompt else questions():
            if question == RESET:
                messages = []
            elif question:
                messages.append({"role": "user", "content": question})
                reply = answer(model, tokenizer, messages, max_new_tokens=options.max_new_tokens)
                messages.append({"role": "assistant", "content": reply})


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    main()
