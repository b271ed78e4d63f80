import pytest
import torch

from hypnos.errors import UserError
from hypnos.tuning.handoff import probe_logits


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kind", [{}, {"use_rslora": True}, {"use_dora": True}, {"train_embeddings": False}])
def test_merging_an_adapter_changes_no_answer(lora, small_directory, tmp_path, tied, kind, rows, fit):
    module = lora(**kind)
    module.load(small_directory(tied=tied))
    fit(module, [rows(2), rows(2, seed=2)])
    module.eval()
    before = probe_logits(module.model, 1500)
    plain = type(module.model.get_base_model()).from_pretrained(tmp_path / "base")
    assert (before - probe_logits(plain, 1500)).abs().max() > 1e-3
    merged = module.merge()
    torch.testing.assert_close(probe_logits(merged, 1500), before, atol=2e-5, rtol=1e-5)
    assert (merged.lm_head.weight is merged.model.embed_tokens.weight) == tied
    assert merged.config.tie_word_embeddings == tied
    changed = not torch.equal(merged.model.embed_tokens.weight, plain.model.embed_tokens.weight)
    assert changed == kind.get("train_embeddings", True)


def test_an_adapters_checkpoint_holds_what_is_trained_alone(lora, small_directory):
    module = lora(train_embeddings=False)
    module.load(small_directory())
    checkpoint = {"state_dict": module.state_dict()}
    module.on_save_checkpoint(checkpoint)
    assert checkpoint["state_dict"].keys() == {n for n, p in module.named_parameters() if p.requires_grad}
    assert all("lora_" in name for name in checkpoint["state_dict"])


def test_unknown_target_modules_are_named(lora, small_directory):
    module = lora(target_modules=["no_such_layer"])
    with pytest.raises(UserError, match="no_such_layer"):
        module.load(small_directory())
