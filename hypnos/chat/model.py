"""Loads a model with its tokenizer, and has it say its turn piece by piece."""

import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hypnos.artefacts.model_folder import read_json
from hypnos.benchmark.answerers.prompt_form import render_template
from hypnos.benchmark.answerers.weights import check_rows, stop_ids
from hypnos.chat.growing_text import GrowingText
from hypnos.errors import UserError
from hypnos.special_tokens import greedy_settings


def load(directory: Path) -> tuple[Any, Any]:
    """A model and its tokenizer from a Hugging Face directory, or from an adapter's on its base.

    Raises:
        UserError: the directory lacks a model, its tokenizer or its chat template, an adapter's base is gone, or the
            model cannot be loaded.
    """
    import torch
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
        model = model.to(device).eval()
    except Exception as error:  # the library raises whatever a broken or foreign folder leads to
        line = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UserError(f"{directory}: the model cannot be loaded: {line}") from error
    check_rows(directory, tokenizer, model)
    # As an evaluation has it answer: greedily and to the same ends, whatever else the folder's settings ask for.
    model.generation_config = greedy_settings(stop_ids(model, tokenizer), tokenizer.pad_token_id)
    return model, tokenizer


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

    Raises:
        UserError: the conversation fills the model's context, or its chat template fails.
    """
    from transformers import GenerationConfig, StoppingCriteriaList

    prompt = render_template(tokenizer, messages)
    inputs = tokenizer(prompt, add_special_tokens=False, return_tensors="pt").to(model.device)
    room = _room(model, inputs["input_ids"].shape[1])
    text = GrowingText(tokenizer, stop_ids(model, tokenizer))
    gone = threading.Event()
    failures: list[Exception] = []

    def write() -> None:
        try:
            model.generate(
                **inputs,
                streamer=text,
                generation_config=GenerationConfig(max_new_tokens=min(max_new_tokens, room), do_sample=False),
                stopping_criteria=StoppingCriteriaList([lambda ids, scores, **_: gone.is_set()]),
            )
        except Exception as error:  # said where the pieces are read
            failures.append(error)
            text.end()

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield from text
    finally:
        gone.set()
        writer.join()
    if failures:
        raise failures[0]


def _room(model: Any, tokens: int) -> int:
    """Tokens that an answer may have behind a prompt of so many.

    Raises:
        UserError: the prompt fills the context.
    """
    longest = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if longest is None:
        return sys.maxsize
    if tokens >= longest:
        raise UserError(f"the conversation has {tokens} tokens, and the model takes {longest}")
    return int(longest) - tokens
