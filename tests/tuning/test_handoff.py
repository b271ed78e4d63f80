"""What one stage gives the next fits together, or one line says with both values what does not."""

import os
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from hypnos.errors import UserError
from hypnos.tuning.handoff import check_directory, check_merged, check_parent, check_same
from hypnos.tuning.stage import _export
from hypnos.vocabulary.base_vocabulary import OwnVocabulary

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "hypnos" / "sample"
KEY = "a" * 64


@pytest.mark.parametrize(
    ("dtypes", "difference", "same"),
    [
        ({torch.float32}, 5e-6, True),
        ({torch.float32}, 1e-4, False),
        ({torch.float32, torch.bfloat16}, 1e-2, True),
        ({torch.float32, torch.bfloat16}, 1e-1, False),
        ({torch.bfloat16}, float("nan"), False),
    ],
)
def test_rounding_is_told_from_another_model(dtypes, difference, same):
    before = torch.tensor([[[1.0, -10.0]]])
    after = before + torch.tensor([0.0, 10 * difference])
    with nullcontext() if same else pytest.raises(UserError, match="writing: logits differ"):
        check_same(before, after, what="writing", dtypes=dtypes)


def noise(seed, size=1.0):
    return size * torch.randn(1, 64, 100, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("effect", "rounding", "held", "said"),
    [
        (0.07, 0.01, 1.0, "nothing"),
        (0.07, 0.04, 1.0, "warning"),
        (0.07, 0.01, 0.0, "changes logits by 7.*e-02; [67].*e-02 of that is not in"),  # the adapter is lost
        (0.5, 0.01, 0.0, "changes logits by 4.*e-01; 4.*e-01 of that is not in"),
        (0.5, 0.01, 0.85, "of that is not in"),  # a part of it
        (0.5, 0.01, 2.0, "; -4.*e-01 of that is not in"),  # merged twice
        (0.0, 0.01, 1.0, "nothing"),  # nothing learnt
        (0.5, 0.4, 1.0, "logits differ by 3.*, more than 2.5e-01"),
        (0.01, 0.01, 0.0, "nothing"),  # a change as small as rounding
        (0.01, float("nan"), 1.0, "logits differ by nan"),
    ],
)
def test_a_lost_adapter_is_told_from_rounding(caplog, effect, rounding, held, said):
    base, change = noise(0), noise(1, effect)
    adapted, merged = base + change, base + held * change + noise(2, rounding)
    refused = said not in ("nothing", "warning")
    with pytest.raises(UserError, match=said) if refused else nullcontext():
        check_merged(base, adapted, merged, dtypes={torch.float32, torch.bfloat16})
    assert ("logits differ" in caplog.text) == (said == "warning")


def test_a_diverged_training_is_merged_all_the_same(caplog):
    """Its adapter changes more than there was, and rounding is as large."""
    base, adapted = noise(0, 2.0), noise(1)
    check_merged(base, adapted, adapted + noise(2, 0.4), dtypes={torch.bfloat16})
    assert "merging the adapter: logits differ by" in caplog.text
    with pytest.raises(UserError, match="logits differ by"):
        check_merged(base, adapted, adapted + noise(2, 0.7), dtypes={torch.bfloat16})


def test_one_position_far_off_by_rounding_loses_no_trained_model(caplog):
    base, adapted = noise(0), noise(0) + noise(1, 0.3)
    merged = adapted.clone()
    merged[0, 63, :10] += adapted.abs().max() / 2
    check_merged(base, adapted, merged, dtypes={torch.bfloat16})
    assert "merging the adapter: logits differ by" in caplog.text
    with pytest.raises(UserError, match="merging the adapter: logits differ by"):
        check_merged(base, adapted, merged, dtypes={torch.float32})


@pytest.fixture
def parent(make_base, tmp_path: Path) -> tuple[Path, Path]:
    directory, tokenizer, _ = make_base(tied=False, extended=True, pad=64)
    copies = tmp_path / "parent", tmp_path / "tokenizer"
    shutil.copytree(directory, copies[0])
    shutil.copytree(tokenizer, copies[1])
    check_parent(copies[0], key=KEY, tokenizer=copies[1])
    return copies


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text, text
    file.write_text(text.replace(old, new), "utf-8")


def nudge(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"][0] += 1
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def cut(folder: Path, name: str, rows: int) -> None:
    weights = load_file(folder / "model.safetensors")
    weights[name] = weights[name][:rows].clone()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


FAULTS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "another key": (lambda p: edit(p / "stage.json", "a" * 64, "b" * 64), "b{16}, .* a{16}"),
    "no stage.json": (lambda p: (p / "stage.json").unlink(), r"no stage\.json"),
    "weights edited by hand": (nudge, r"model\.safetensors: changed .* [0-9a-f]{16} then, [0-9a-f]{16} now"),
    "weights added": (lambda p: shutil.copy(p / "model.safetensors", p / "x.safetensors"), "absent then"),
    "no weights": (lambda p: (p / "model.safetensors").unlink(), "no weights"),
    "embedding rows": (lambda p: cut(p, "model.embed_tokens.weight", 2800), "2800 rows.* 2816"),
    "head rows": (lambda p: cut(p, "lm_head.weight", 2810), "lm_head.* 2810 rows.* 2816"),
    "rows of the config": (
        lambda p: edit(p / "config.json", '"vocab_size": 2816', '"vocab_size": 2800'),
        "2801.* 2800",
    ),
    "the end's number": (lambda p: edit(p / "config.json", '"eos_token_id": 2', '"eos_token_id": 7'), "7 .* 2 "),
    "the padding's number": (lambda p: edit(p / "config.json", '"pad_token_id": 0', '"pad_token_id": 5'), "5 .* 0 "),
    "another special token": (
        lambda p: edit(p / "tokenizer_config.json", '"pad_token": "<unk>"', '"pad_token": "</s>"'),
        "pad_token",
    ),
    "another template": (
        lambda p: edit(p / "chat_template.jinja", "问", "请问"),
        "template is [0-9a-f]{16}, the run's [0-9a-f]{16}",
    ),
    "no template": (lambda p: (p / "chat_template.jinja").unlink(), "no chat template"),
    "another merge": (
        lambda p: edit(p / "tokenizer.json", '"fuse_unk": true', '"fuse_unk": false'),
        r"tokenizer\.json",
    ),
    "no config": (lambda p: (p / "config.json").unlink(), r"no config\.json"),
    "a setting of the config": (
        lambda p: edit(p / "config.json", '"rms_norm_eps": 1e-05', '"rms_norm_eps": 1e-06'),
        r"config\.json: changed .* [0-9a-f]{16} then, [0-9a-f]{16} now",
    ),
    **{
        f"{name} that is none": (lambda p, name=name: (p / name).write_text("{", "utf-8"), said)
        for name, said in {
            "config.json": r"config\.json: not JSON",
            "stage.json": r"stage\.json: not JSON",
            "tokenizer.json": "its tokenizer cannot be read",
            "model.safetensors": r"model\.safetensors: cannot be read",
        }.items()
    },
    "weights cut short": (lambda p: os.truncate(p / "model.safetensors", 9999), r"safetensors: cannot be read"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_parent_that_does_not_fit_is_refused_in_one_line(parent, fault):
    directory, tokenizer = parent
    spoil, named = FAULTS[fault]
    spoil(directory)
    with pytest.raises(UserError, match=named) as caught:
        check_parent(directory, key=KEY, tokenizer=tokenizer)
    assert "\n" not in str(caught.value)
    assert str(directory) in str(caught.value)


def test_a_parent_with_another_number_of_pieces_than_the_run_is_refused_with_both(parent, make_base):
    _, plain, _ = make_base(tied=False)
    with pytest.raises(UserError, match=r"2801 pieces, the run's 1500"):
        check_parent(parent[0], key=KEY, tokenizer=plain)


def test_an_adapter_that_does_not_fit_its_stage_is_refused(make_base, lora, tmp_path):
    directory, tokenizer, _ = make_base(tied=True)
    module = lora()
    module.load(directory)
    out = tmp_path / "out"
    out.mkdir()
    _export(module, out, directory, tokenizer, "float32")
    file = out / "adapter" / "adapter_model.safetensors"
    weights = load_file(file)
    (table,) = [name for name in weights if name.endswith("embed_tokens.weight")]
    save_file(weights | {table: weights[table][:1400].clone()}, file, metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"adapter.* 1400 rows, the config says 1500"):
        check_directory(out)
    file.unlink()
    with pytest.raises(UserError, match=r"no adapter_model\.safetensors"):
        check_directory(out)


def test_an_adapter_without_its_base_is_refused_as_parent_and_as_base(make_base, lora, tmp_path):
    directory, tokenizer, _ = make_base(tied=False)
    module = lora()
    module.load(directory)
    module.save_adapter(tmp_path / "adapter")
    with pytest.raises(UserError, match=f"an adapter without its base \\({directory}\\)"):
        check_parent(tmp_path / "adapter", key=KEY, tokenizer=tokenizer)
    with pytest.raises(UserError, match=f"adapter without its base \\({directory}\\)"):
        OwnVocabulary().base_key(str(tmp_path / "adapter"))


def test_a_stage_edited_by_hand_stops_the_run_before_the_next(train_once, tmp_path):
    short = ["stages.general.trainer.max_steps=1", "stages.anesthesia.trainer.max_steps=1", "heldout={}"]
    rows = train_once(*short, artefacts=tmp_path)
    general, anesthesia = (Path(row["directory"]) for row in rows[2:])
    nudge(anesthesia)  # the last stage is looked at too, before it is reused
    with pytest.raises(UserError, match=r"anesthesia-.*model\.safetensors: changed since it was written"):
        train_once(*short, artefacts=tmp_path)
    shutil.rmtree(anesthesia)
    nudge(general)
    with pytest.raises(UserError, match=r"general-.*model\.safetensors: changed since it was written"):
        train_once(*short, artefacts=tmp_path)
    assert not list(tmp_path.glob("models/anesthesia-*"))


@pytest.mark.parametrize(
    ("file", "change", "named"),
    [
        ("config.json", ('"vocab_size": 3500', '"vocab_size": 3501'), "3501"),
        ("config.json", ('"eos_token_id": 2', '"eos_token_id": 5'), "eos_token_id is 5"),
        ("chat_template.jinja", None, "chat template"),
        ("config.json", None, "config.json"),
    ],
)
def test_a_directory_whose_parts_disagree_is_refused(directories, tmp_path, file, change, named):
    directory = tmp_path / "edited"
    shutil.copytree(directories["general"], directory)
    check_directory(directory)
    target = directory / file
    if change is None:
        target.unlink()
    else:
        text = target.read_text("utf-8")
        assert change[0] in text
        target.write_text(text.replace(*change), "utf-8")
    with pytest.raises(UserError, match=named):
        check_directory(directory)


def test_a_head_that_was_parted_from_its_embeddings_is_refused(make_base, tmp_path):
    directory, _, _ = make_base(tied=True)
    shutil.copytree(directory, tmp_path / "parted")
    file = tmp_path / "parted" / "model.safetensors"
    weights = load_file(file)
    save_file(weights | {"lm_head.weight": weights["model.embed_tokens.weight"] + 1}, file, metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"lm_head\.weight stands beside the embeddings"):
        check_directory(tmp_path / "parted")
