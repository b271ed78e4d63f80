import json
import math
from types import SimpleNamespace

import pytest
import torch

from hypnos.data import encode
from hypnos.tuning.compute.loss import document_nats, negative_log_likelihood
from hypnos.tuning.heldout import NO_ROOM, _warn_of_lost_text, measure


def row(*lengths: int) -> dict[str, torch.Tensor]:
    """Documents of these lengths packed into a row, all but their first tokens in the loss."""
    torch.manual_seed(sum(lengths))
    ids = torch.randint(3, 1500, (sum(lengths),))
    positions = torch.cat([torch.arange(length) for length in lengths])
    kept = (positions > 0).nonzero()[:, 0]
    return {
        "input_ids": ids[None],
        "position_ids": positions[None],
        "cu_seqlens": torch.tensor([0, *lengths]).cumsum(0),
        "max_seqlen": max(lengths),
        "labels": ids[kept],
        "logits_to_keep": kept - 1,
        "characters": torch.tensor(10),
        "step_tokens": torch.tensor(0),
    }


@pytest.mark.parametrize("softcapped", [False, True])
def test_documents_of_a_row_have_the_likelihood_they_have_alone(small_model, softcapped):
    model = small_model()
    if softcapped:  # a head that is more than a matrix takes the other way
        model.config.logit_scale = 1.0
    batch = row(5, 9, 2)
    found = document_nats(model, batch, chunk=4)
    start = 0
    for number, length in enumerate((5, 9, 2)):
        ids = batch["input_ids"][:, start : start + length]
        with torch.no_grad():
            expected = model(ids, labels=ids).loss.item() * (length - 1)
        assert found[number].item() == pytest.approx(expected, rel=1e-4)
        start += length
    assert found.sum().item() == pytest.approx(negative_log_likelihood(model, batch).item(), rel=1e-5)


def test_the_bits_of_the_documents_add_up_to_the_measure(small_model):
    whole, bits = measure(small_model(), [row(5, 9), row(7)])
    assert len(bits) == 3
    assert whole.bits_per_char == pytest.approx(sum(bits) / 20)
    assert whole.loss == pytest.approx(sum(bits) * math.log(2) / 18)
    assert (whole.tokens, whole.characters) == (18, 20)


def test_a_run_leaves_what_each_record_needs(train_once, tmp_path_factory):
    rows = train_once("experiment=specific_only", "stages.anesthesia.trainer.max_steps=1")
    newest = max(tmp_path_factory.getbasetemp().glob("output*/records.json"), key=lambda path: path.stat().st_mtime_ns)
    for name, told in json.loads(newest.read_text("utf-8")).items():
        for measured in rows:
            columns = told["models"][measured["name"]]
            assert all(record.startswith(f"{name}/") for record in columns["records"])
            per_character = sum(columns["bits"]) / sum(columns["characters"])
            assert per_character == pytest.approx(measured["measures"][name]["bits_per_char"], rel=1e-5)


@pytest.mark.parametrize(
    ("truncated", "rejected", "said"),
    [
        (0, {}, ""),
        (3, {"the prompt alone has # tokens or leaves no room for an answer": 2}, "cut 3 documents and left out 2 rec"),
        (0, {"no answer": 4}, ""),  # in no vocabulary
    ],
)
def test_text_that_a_vocabulary_has_no_room_for_is_told_of(tmp_path, caplog, truncated, rejected, said):
    report = {"sources": {"a": {"truncated": truncated, "rejected": rejected}}}
    (tmp_path / "report.json").write_text(json.dumps(report), "utf-8")
    data = SimpleNamespace(directory=tmp_path, heldout_only=True, tokenizer=tmp_path, max_length=4096)
    _warn_of_lost_text("general", data)
    assert said in caplog.text and bool(said) is bool(caplog.text)
    caplog.clear()
    data.heldout_only = False
    _warn_of_lost_text("general", data)
    assert not caplog.text


def test_the_reason_is_the_one_that_the_encoder_gives():
    assert NO_ROOM == encode.NO_ROOM
