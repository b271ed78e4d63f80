from pathlib import Path

import pytest
import torch

from hypnos.errors import UserError
from hypnos.tuning.compute.quantization import check_machine, read_quantized


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_four_bits_are_refused_before_anything_is_made(train_once, tmp_path):
    chosen = ["tuning@stages.general.tuning=qlora", "stages.general.tuning.lr=1e-3"]
    with pytest.raises(UserError, match=r"tuning\.quantization nf4: needs a CUDA GPU") as caught:
        train_once(*chosen, artefacts=tmp_path)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr("hypnos.tuning.compute.quantization.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install -e '\.\[qlora\]'"):
        check_machine("nf4")


def test_an_unknown_kind_is_refused(lora):
    with pytest.raises(UserError, match=r"tuning\.quantization 'int3': know nf4"):
        lora(quantization="int3")


@pytest.mark.parametrize("launcher", [{"LOCAL_RANK": "3", "SLURM_LOCALID": "0"}, {"SLURM_LOCALID": "3"}])
def test_the_base_is_asked_for_in_four_bits_on_this_ranks_gpu(monkeypatch, launcher):
    asked = {}
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    for name, value in launcher.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(
        "hypnos.tuning.compute.quantization.AutoModelForCausalLM.from_pretrained",
        lambda path, **given: asked.update(given),
    )
    read_quantized(Path("somewhere"), kind="nf4", dtype=torch.bfloat16)
    settings = asked.pop("quantization_config")
    assert (settings.load_in_4bit, settings.bnb_4bit_quant_type, settings.bnb_4bit_use_double_quant) == (
        True,
        "nf4",
        True,
    )
    assert settings.bnb_4bit_compute_dtype == torch.bfloat16
    assert asked == {"dtype": torch.bfloat16, "device_map": {"": 3}}
