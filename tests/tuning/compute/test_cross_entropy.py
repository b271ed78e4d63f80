import pytest
import torch
from torch.nn import functional

from hypnos.tuning.compute.cross_entropy import summed_cross_entropy
from hypnos.tuning.compute.loss import negative_log_likelihood, plain_head


def make(dtype: torch.dtype, tokens: int = 11) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(tokens, 8, generator=generator).to(dtype).requires_grad_()
    head = torch.randn(50, 8, generator=generator).to(dtype).requires_grad_()
    return hidden, head, torch.randint(0, 50, (tokens,), generator=generator)


@pytest.mark.parametrize("chunk", [1, 4, 11, 64])
def test_value_and_gradients_are_those_of_the_whole_table(chunk):
    hidden, head, labels = make(torch.float32)
    other_hidden, other_head, _ = make(torch.float32)
    expected = functional.cross_entropy(other_hidden @ other_head.T, labels, reduction="sum")
    (expected * 0.3).backward()
    loss = summed_cross_entropy(hidden, head, labels, chunk=chunk)
    (loss * 0.3).backward()
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=0)
    torch.testing.assert_close(hidden.grad, other_hidden.grad, rtol=0, atol=1e-6)
    torch.testing.assert_close(head.grad, other_head.grad, rtol=0, atol=1e-6)


def test_who_only_measures_makes_no_gradient(monkeypatch):
    hidden, head, labels = make(torch.float32)
    products = []
    product = torch.mm
    monkeypatch.setattr(torch, "mm", lambda *given, **more: (products.append(given), product(*given, **more))[1])
    expected = summed_cross_entropy(hidden, head, labels).detach()
    assert len(products) == 3
    for mode in (torch.no_grad(), torch.inference_mode()):
        products.clear()
        with mode:
            assert summed_cross_entropy(hidden, head, labels) == expected
        assert len(products) == 1


def test_a_second_backward_pass_is_refused_and_not_wrong():
    hidden, head, labels = make(torch.float32)
    loss = summed_cross_entropy(hidden, head, labels)
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="once"):
        loss.backward()


def test_large_logits_do_not_overflow():
    hidden, head, labels = make(torch.float32)
    with torch.no_grad():
        hidden *= 1e4
    expected = functional.cross_entropy(hidden @ head.T, labels, reduction="sum")
    torch.testing.assert_close(summed_cross_entropy(hidden, head, labels, chunk=4), expected, rtol=1e-5, atol=0)


def test_a_frozen_head_gets_no_gradient():
    hidden, head, labels = make(torch.float32)
    summed_cross_entropy(hidden, head.detach(), labels).backward()
    assert hidden.grad is not None and hidden.grad.any()


def test_in_half_precision_sums_are_kept_in_float32():
    """4,096 tokens whose gradients would each be lost against the sum in bfloat16."""
    tokens = 4096
    hidden = torch.full((tokens, 4), 0.01, dtype=torch.bfloat16)
    head = torch.zeros(16, 4, dtype=torch.bfloat16, requires_grad=True)
    labels = torch.zeros(tokens, dtype=torch.long)
    loss = summed_cross_entropy(hidden, head, labels, chunk=32)
    loss.backward()
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(tokens * 2.7725887, rel=1e-5)  # ln 16 for each
    expected = -15 / 16 * float(hidden[0, 0]) * tokens
    assert head.grad[0, 0].item() == pytest.approx(expected, rel=5e-3)


def row(rows: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(3, rows, (1, 40), generator=generator)
    positions = torch.cat([torch.arange(25), torch.arange(15)])[None]
    kept = torch.tensor([3, 4, 9, 20, 27, 30, 38])
    documents = {"position_ids": positions, "cu_seqlens": torch.tensor([0, 25, 40]), "max_seqlen": 25}
    return {"input_ids": ids, "logits_to_keep": kept, "labels": ids[0, kept + 1], **documents}


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bf16"])
@pytest.mark.parametrize("tied", [False, True], ids=["untied", "tied"])
@pytest.mark.parametrize("kind", ["full", "lora", "lora_frozen_head"])
def test_the_fast_path_equals_the_models_own_logits(small_directory, lora, full, kind, tied, autocast, monkeypatch):
    directory = small_directory(tied=tied)
    make_tuning = {"full": full, "lora": lora, "lora_frozen_head": lambda: lora(train_embeddings=False)}[kind]
    losses, gradients = [], []
    for fast in (True, False):
        torch.manual_seed(0)
        tuning = make_tuning()
        tuning.load(directory)
        tuning.eval()
        whole = tuning.model.get_base_model() if kind != "full" else tuning.model
        assert plain_head(whole) is not None
        if not fast:
            monkeypatch.setattr("hypnos.tuning.compute.loss.plain_head", lambda model: None)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            loss = negative_log_likelihood(tuning.model, row(1500), chunk=3)
        loss.backward()
        losses.append(loss.item())
        gradients.append({n: p.grad for n, p in tuning.model.named_parameters() if p.grad is not None})
    assert losses[0] == pytest.approx(losses[1], rel=5e-3 if autocast else 1e-6)
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        other = gradients[1][name]
        # Rounding to bfloat16 is 2^-8 of a value, here summed over a few products.
        bound = (4e-2 if autocast else 1e-5) * max(other.abs().max().item(), 1e-3)
        assert (gradient - other).abs().max().item() <= bound, name


def test_a_head_with_more_than_a_matrix_takes_the_models_own_path(small_model):
    model = small_model()
    for setting in ("logit_scale", "logits_soft_cap"):
        setattr(model.config, setting, 0.5)
        assert plain_head(model) is None
        delattr(model.config, setting)
    model.lm_head = torch.nn.Linear(32, 1500, bias=True)
    assert plain_head(model) is None
