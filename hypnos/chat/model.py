"""Loads a model with its tokenizer, and has it say its turn piece by piece."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hypnos.artefacts.model_folder import read_json
from hypnos.errors import UserError


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


def pieces(model: Any, tokenizer: Any, messages: Sequence[dict[str, str]], *, max_new_tokens: int) -> Iterator[str]:
    """The next turn of a conversation, greedily, in the pieces in which it becomes text.

    Generation runs in a thread of its own; who stops listening ends it.
    """
    from transformers import StoppingCriteriaList, TextIteratorStreamer

    inputs = tokenizer.apply_chat_template(
        list(messages), add_generation_prompt=True, return_tensors="pt", return_dict=True
    ).to(model.device)
    streamer = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    gone = threading.Event()
    failures: list[Exception] = []

    def write() -> None:
        try:
            model.generate(
                **inputs,
                streamer=streamer,
                max_new_tokens=max_new_tokens,
                do_sample=False,
                stopping_criteria=StoppingCriteriaList([lambda ids, scores, **_: gone.is_set()]),
            )
        except Exception as error:  # said where the pieces are read
            failures.append(error)
            streamer.end()

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield from streamer
    finally:
        gone.set()
        writer.join()
    if failures:
        raise failures[0]
