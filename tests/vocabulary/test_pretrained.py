"""Where a base is, and one clear line where it is not."""

import json
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from transformers import LlamaForCausalLM

from hypnos.errors import UserError
from hypnos.vocabulary.pretrained import load_base, locate_base

Folder = Callable[..., Path]


def test_a_folder_is_found(base_folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = base_folder()
    assert locate_base(str(folder)) == folder
    monkeypatch.setenv("HOME", str(folder.parent))
    assert locate_base("~/base") == folder  # a shell leaves ~ alone behind `model.path=`


@pytest.mark.parametrize("path", ["/no/such/base", "./none", "~/none", "none", "a/b/c"])
def test_an_unknown_base(path: str) -> None:
    with pytest.raises(UserError, match=f"model.path {path}: no such folder"):
        locate_base(path)


def test_a_folder_that_is_no_base(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the folder holds no config\.json"):
        locate_base(str(tmp_path))


def test_a_name_on_the_hub(base_folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def snapshot_download(name: str, allow_patterns: list[str]) -> str:
        asked.append(name)
        return str(base_folder())

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert locate_base("owner/name") == base_folder()
    assert asked == ["owner/name"]


@pytest.mark.parametrize(
    "error", [LocalEntryNotFoundError("no network\nmore"), OSError("no network"), ValueError("no")]
)
def test_a_hub_that_does_not_give_it(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def snapshot_download(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    with pytest.raises(UserError, match=r"model.path owner/name: no such folder, and the hub .*HF_ENDPOINT.*: no") as e:
        locate_base("owner/name")
    assert "\n" not in str(e.value)


def test_random_weights_follow_the_seed_alone(base_folder: Folder) -> None:
    folder = base_folder()
    state = torch.get_rng_state()
    first, again = (load_base(folder, dtype="float32", seed=7) for _ in range(2))
    other = load_base(folder, dtype="float32", seed=8)
    assert torch.equal(state, torch.get_rng_state())
    for name, weight in first.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name])
    assert not torch.equal(first.lm_head.weight, other.lm_head.weight)


def test_weights_come_from_the_folder_in_the_type_asked_for(
    tmp_path: Path, small_model: Callable[..., LlamaForCausalLM]
) -> None:
    model = small_model(12, tied=False)
    model.save_pretrained(tmp_path)
    loaded = load_base(tmp_path, dtype="float32", seed=1)  # a seed does not replace what is there
    assert torch.equal(loaded.lm_head.weight, model.lm_head.weight)
    small_model(12, tied=True).save_pretrained(tmp_path)  # keeps one table for two names
    assert load_base(tmp_path, dtype="bfloat16", seed=None).dtype == torch.bfloat16


def test_a_folder_without_weights_and_without_a_seed(base_folder: Folder) -> None:
    with pytest.raises(UserError, match=r"base: no weights \(\*\.safetensors\) in this folder; model\.seed"):
        load_base(base_folder(), dtype="float32", seed=None)


@pytest.mark.parametrize("dtype", ["float23", "nn", ""])
def test_an_unknown_type(dtype: str, base_folder: Folder) -> None:
    with pytest.raises(UserError, match=f"model.dtype {dtype}: not a type of torch"):
        load_base(base_folder(), dtype=dtype, seed=0)


def test_an_unknown_architecture(base_folder: Folder) -> None:
    folder = base_folder()
    (folder / "config.json").write_text('{"model_type": "lama"}', "utf-8")
    with pytest.raises(UserError, match="base: the model cannot be loaded"):
        load_base(folder, dtype="float32", seed=0)


@pytest.mark.parametrize("content", [b"", b"not safetensors at all"])
def test_broken_weights(content: bytes, base_folder: Folder) -> None:
    folder = base_folder()
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(UserError, match="base: the model cannot be loaded"):
        load_base(folder, dtype="float32", seed=None)


def test_weights_that_do_not_fit_the_config(tmp_path: Path, small_model: Callable[..., LlamaForCausalLM]) -> None:
    small_model(12, tied=False).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text("utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(config | {"hidden_size": 16}), "utf-8")
    with pytest.raises(UserError, match="the model cannot be loaded"):
        load_base(tmp_path, dtype="float32", seed=None)
    (tmp_path / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 2}), "utf-8")
    with pytest.raises(UserError, match=r"the weights lack 9 tensors that the config asks for: model\.layers\.1\."):
        load_base(tmp_path, dtype="float32", seed=None)
