"""Finds the folder of a base model, names the files that decide it, and loads it."""

import logging
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from hypnos.artefacts.hub import fetch_model, is_hub_name, on_hub
from hypnos.artefacts.model_folder import read_json, tokenizer_files
from hypnos.errors import UserError

log = logging.getLogger(__name__)

WEIGHTS = ("*.safetensors", "pytorch_model*.bin")


def locate_base(path: str, *, weights: bool = True) -> Path:
    """The folder of a base: a local one as it is, a name on the Hugging Face hub as its local snapshot.

    Args:
        path: a folder, `owner/name` or `hub:owner/name` on the hub, or `ms:owner/name` on ModelScope.
        weights: whether the hub's files of weights are needed too.

    Raises:
        UserError: neither is there.
    """
    folder = Path(path).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise UserError(f"model.path {path}: {_lacking_config(folder)}")
        return folder
    if not on_hub(path) and not is_hub_name(path):
        raise UserError(f"model.path {path}: no such folder (and not a name on a hub: owner/model, ms:owner/model)")
    patterns = ["*.json", "*.model", "*.jinja", *(["*.safetensors"] if weights else [])]
    return fetch_model(path, patterns, complaint=f"model.path {path}: no such folder, and")


def _lacking_config(folder: Path) -> str:
    adapter = folder / "adapter_config.json"
    if adapter.is_file():
        base = read_json(adapter).get("base_model_name_or_path")
        return f"the folder holds an adapter without its base ({base}); take the merged stage around it"
    return "the folder holds no config.json"


def base_files(folder: Path) -> list[Path]:
    """The files of a base that are read: configs, tokenizer, and weights (safetensors before older forms)."""
    weights = next((files for pattern in WEIGHTS if (files := sorted(folder.glob(pattern)))), [])
    configs = [folder / name for name in ("config.json", "generation_config.json") if (folder / name).is_file()]
    return [*configs, *tokenizer_files(folder), *weights]


def load_base(folder: Path, *, dtype: str, seed: int | None) -> PreTrainedModel:
    """Load a causal language model, or make one from its config and a seed where the folder has no weights.

    Args:
        folder: a Hugging Face directory.
        dtype: type of the weights in memory, such as `float32`.
        seed: for a model that starts from random weights; None where weights must be there.

    Raises:
        UserError: there are no weights and no seed, they do not fit the config, or the type is unknown.
    """
    kind = getattr(torch, dtype, None)
    if not isinstance(kind, torch.dtype):
        raise UserError(f"model.dtype {dtype}: not a type of torch, such as float32 or bfloat16")
    weights = any(next(folder.glob(pattern), None) for pattern in WEIGHTS)
    if not weights and seed is None:
        raise UserError(f"{folder}: no weights (*.safetensors) in this folder; model.seed would make random ones")
    try:
        if weights:
            return _load_weights(folder, kind)
        log.info("no weights in %s: random ones from seed %d", folder, seed)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return AutoModelForCausalLM.from_config(
                AutoConfig.from_pretrained(folder, trust_remote_code=False), dtype=kind
            )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise UserError(f"{folder}: the model cannot be loaded: {str(error).splitlines()[0]}") from error


def _load_weights(folder: Path, dtype: torch.dtype) -> PreTrainedModel:
    model, loading = AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, output_loading_info=True, trust_remote_code=False
    )
    # transformers only warns of these, and trains on from random ones.
    if missing := sorted(loading["missing_keys"]):
        raise UserError(f"{folder}: the weights lack {len(missing)} tensors that the config asks for: {missing[0]}")
    return model
