"""A small random model of every family goes through both stages: handed on, exported, written and read by others."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, GenerationConfig

from hypnos.benchmark.inference.generate import BatchRow, decode
from hypnos.errors import UserError, find_message
from tests.tuning.families import ALONE, SUPPORTED, make_config

SAMPLE = Path(__file__).parents[2] / "hypnos" / "sample" / "base"
SHORT = [
    *("stages.general.trainer.max_steps=2", "stages.anesthesia.trainer.max_steps=2", "answers.prompts=[]"),
    *("heldout.general.max_heldout=3", "heldout.anesthesia.max_heldout=3"),
    *("stages.general.data.max_heldout=3", "stages.anesthesia.data.max_heldout=3"),
    *("sources.general.limit=30", "sources.anesthesia.limit=30", "stages.general.tuning.lora_dropout=0"),
]
NEW = 12
"""Tokens that are written."""


@pytest.fixture
def base(tmp_path: Path) -> Callable[..., Path]:
    """A folder with the config of a family and the sample's tokenizer, without weights."""

    def write(family: str, *, tied: bool) -> Path:
        folder = tmp_path / "base"
        shutil.copytree(SAMPLE, folder)
        make_config(family, tied=tied).save_pretrained(folder)
        return folder

    return write


def written(model: Any, prompts: list[list[int]]) -> list[list[int]]:
    """What transformers writes to each prompt, greedily and without a stop."""
    plain = GenerationConfig(max_new_tokens=NEW, do_sample=False, pad_token_id=0)
    with torch.no_grad():
        return [
            model.generate(torch.tensor([prompt]), generation_config=plain)[0, len(prompt) :].tolist()
            for prompt in prompts
        ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "tied"),
    [
        pytest.param(family, tied, marks=() if tied == (number % 2 == 0) else pytest.mark.matrix)
        for number, family in enumerate(SUPPORTED)
        for tied in (True, False)
    ]
    + [(family, True) for family in ALONE],
)
def test_a_family_goes_through_both_stages(train_once, base, tmp_path, family, tied):
    """That losses are transformers' own is shown in compute/test_architecture.py; that reloading is exact, by the run."""
    special = ["model.recipe.packing=none"] if family in ALONE else []
    special += [] if family == "Falcon H1" else ["stages.general.tuning.target_modules=all-linear"]
    rows = train_once(*SHORT, *special, f"model.path={base(family, tied=tied)}", artefacts=tmp_path / "artefacts")
    assert [row["name"] for row in rows] == ["base", "vocabulary", "general", "anesthesia"]
    losses = [row["measures"]["general"]["loss"] for row in rows[1:]]
    assert len(set(losses)) == 3
    last = Path(rows[-1]["directory"])
    model = AutoModelForCausalLM.from_pretrained(last).eval()
    head, table = model.get_output_embeddings().weight, model.get_input_embeddings().weight
    assert (head is table) == tied == json.loads((last / "config.json").read_text("utf-8"))["tie_word_embeddings"]
    assert len(head) == len(table) == 3500
    prompts = [[1, *range(20, 20 + length)] for length in (5, 9, 14)]
    ours = decode(model, [BatchRow(prompt=prompt, limit=NEW) for prompt in prompts], stops=set(), pad=0)
    assert [tokens for tokens, *_ in ours] == written(model, prompts)


def test_what_adapters_do_not_fit_is_refused_in_one_line(train_once, base, tmp_path):
    chosen = ["stages.general.tuning.target_modules=all-linear", "stages.general.tuning.lora_dropout=0.1"]
    folder = base("Qwen 3, experts", tied=False)
    with pytest.raises(UserError, match=r"^stages\.general\.tuning: adapters do not fit .*lora_dropout") as caught:
        train_once(*SHORT, *chosen, f"model.path={folder}", artefacts=tmp_path / "artefacts")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "artefacts").exists()


@pytest.mark.parametrize("family", ALONE)
def test_a_family_that_mixes_documents_up_leaves_nothing_half_made(train_once, base, tmp_path, family):
    with pytest.raises(Exception, match=r"see each other.*model\.recipe\.packing=none") as caught:
        train_once(*SHORT, f"model.path={base(family, tied=False)}", artefacts=tmp_path / "artefacts")
    message = find_message(caught.value)
    assert message is not None and "\n" not in message
    assert not (tmp_path / "artefacts").exists()
