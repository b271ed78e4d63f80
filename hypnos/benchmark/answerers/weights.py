"""Reads a model from disk: the files that decide it, its tokenizer, its weights, and what ends its answers."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypnos.artefacts.hub import HUB, fetch_model, is_hub_name, on_hub
from hypnos.artefacts.keys import content_key, file_key
from hypnos.artefacts.model_folder import read_json, tokenizer_files
from hypnos.artefacts.tokenizer_file import TOKENIZER, read_tokenizer_file
from hypnos.errors import UserError
from hypnos.special_tokens import answer_end

log = logging.getLogger(__name__)

FAST = (TOKENIZER, "vocab.json", "vocab.txt")
"""One of these lets transformers read a tokenizer as its authors meant it; a bare `tokenizer.model` does not."""

DECIDING = (
    *("config.json", "generation_config.json", "adapter_config.json", "vocab.json", "vocab.txt", "merges.txt"),
    *("*.safetensors", "pytorch_model*.bin", "adapter_model.bin"),
)

ReadTokenizer = Callable[[Path], tuple[Any, Any]]


def locate(path: str) -> Path:
    """The folder of a model.

    Raises:
        UserError: there is none, or it holds no model.
    """
    folder = Path(path).expanduser()
    if on_hub(path):
        patterns = ["*.json", "*.model", "*.safetensors", "*.jinja", "*.txt"]
        folder = fetch_model(path, patterns, complaint=f"{path}:")
    if not folder.is_dir():
        raise UserError(f"{path}: no such folder")
    if not is_adapter(folder) and not (folder / "config.json").is_file():
        raise UserError(f"{path}: the folder holds neither config.json nor adapter_config.json")
    return folder


def is_adapter(folder: Path) -> bool:
    """Whether the folder holds an adapter alone, and no whole model."""
    return (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file()


def weights_key(folder: Path) -> str:
    """Hash what is read of a model: config, weights, tokenizer; a card or a log beside them is not."""
    files = {file for pattern in DECIDING for file in folder.glob(pattern)} | set(tokenizer_files(folder))
    return content_key({file.name: file_key(file) for file in sorted(files)})


def load_tokenizer(folder: Path, read_plain: ReadTokenizer | None = None) -> Any:
    """Read a tokenizer.

    Args:
        folder: of the model.
        read_plain: reads a folder that holds nothing but a `tokenizer.model`, which transformers reads inexactly.

    Raises:
        UserError: there is none, or it cannot be read.
    """
    if (folder / TOKENIZER).is_file():
        return read_tokenizer_file(folder)
    if only_sentencepiece(folder) and read_plain is not None:
        try:
            return read_plain(folder)[0]
        except UserError:
            if not (folder / "tokenizer_config.json").is_file():
                raise  # nothing else says how it is read
    elif not any((folder / name).is_file() for name in (*FAST, "tokenizer.model", "tokenizer_config.json")):
        raise UserError(f"{folder}: no tokenizer here (tokenizer.json or tokenizer.model)")
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # its parsers raise whatever they meet
        raise UserError(f"{folder}: the tokenizer cannot be read: {_first_line(error)}") from error


def only_sentencepiece(folder: Path) -> bool:
    """Whether a tokenizer is a `tokenizer.model` and no file that transformers reads exactly."""
    return (folder / "tokenizer.model").is_file() and not any((folder / name).is_file() for name in FAST)


def load_model(folder: Path, *, base: Path | None, dtype: str, device: str) -> Any:
    """Load a model for inference; an adapter is merged into its base.

    Raises:
        UserError: it cannot be loaded: its message is one line.
    """
    import torch
    from transformers import AutoModelForCausalLM

    try:
        model = AutoModelForCausalLM.from_pretrained(
            base or folder, dtype=getattr(torch, dtype), trust_remote_code=False
        )
        if base is not None:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, folder).merge_and_unload()
        return model.to(device).eval()
    except Exception as error:  # the library raises whatever a broken or foreign folder leads to
        raise UserError(f"{folder}: the model cannot be loaded: {_first_line(error)}") from error


def check_rows(folder: Path, tokenizer: Any, model: Any) -> None:
    """Raise UserError if a tokenizer has pieces that its model has no embedding rows for."""
    if len(tokenizer) > (rows := model.get_input_embeddings().num_embeddings):
        raise UserError(f"{folder}: {len(tokenizer)} pieces, but the model only {rows} embedding rows")


def choose_device(device: str) -> str:
    """The device that `auto` stands for here."""
    import torch

    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def choose_dtype(folder: Path, dtype: str, device: str) -> str:
    """float32 on a CPU, elsewhere what the weights are kept in."""
    if dtype != "auto":
        return dtype
    if device == "cpu":
        return "float32"
    stored = getattr(read_config(folder), "dtype", None)
    return str(stored or "bfloat16").removeprefix("torch.")


def read_config(folder: Path) -> Any:
    """The config of a model, as transformers has it.

    Raises:
        UserError: this version of transformers does not know the model; code beside the weights is never run.
    """
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # the library raises whatever a broken or foreign config leads to
        own = read_json(folder / "config.json").get("auto_map")
        hint = (
            "the model brings code of its own, which is not run here: serve it elsewhere (baselines=[server]) or "
            "bring its answers (answers:<file>)"
        )
        raise UserError(f"{folder}: cannot be loaded: {hint if own else _first_line(error)}") from error


def adapter_base(folder: Path, base: str | None) -> Path | None:
    """The folder of an adapter's base: `base`, or as the adapter names it; None for a whole model.

    Raises:
        UserError: it is not there.
    """
    if not is_adapter(folder):
        return None
    if base is None:
        import json

        named = json.loads((folder / "adapter_config.json").read_text("utf-8")).get("base_model_name_or_path")
        # A stage keeps its adapter in a folder of its own, and names its base as seen from where it was trained.
        candidates = [Path(str(named)), folder.parent.parent / Path(str(named)).name, folder / str(named)]
        base_folder = next((path for path in candidates if (path / "config.json").is_file()), None)
        if base_folder is not None:
            return base_folder
        if is_hub_name(str(named)):
            return locate(f"{HUB}{named}")
        raise UserError(f"{folder}: an adapter, and its base {named} is not here; give it as base")
    return locate(base)


def stop_ids(model: Any, tokenizer: Any) -> set[int]:
    """Ids that end an answer: EOS of the tokenizer, those the model is generated with, and the template's turn end."""
    return _stop_ids(model.generation_config.eos_token_id, tokenizer)


def folder_stop_ids(folder: Path, tokenizer: Any) -> list[int]:
    """The same of a folder whose model is not loaded, in order."""
    files = [folder / name for name in ("generation_config.json", "config.json") if (folder / name).is_file()]
    return sorted(_stop_ids(read_json(files[0]).get("eos_token_id") if files else None, tokenizer))


def _stop_ids(named: Any, tokenizer: Any) -> set[int]:
    ends = {tokenizer.eos_token_id, *(named if isinstance(named, list) else [named])}
    if tokenizer.chat_template:
        ends.add(_turn_end(tokenizer))
    return {int(token) for token in ends if token is not None}


def _turn_end(tokenizer: Any) -> int | None:
    """The special token that follows an answer in the chat template."""
    try:
        return answer_end(tokenizer)
    except Exception:  # a template that fails is reported when it is used
        return None


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def bytes_per_token(model: Any) -> int:
    """Memory of the keys and values of one token, over all layers."""
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(2 * config.num_hidden_layers * heads * width * model.dtype.itemsize)
