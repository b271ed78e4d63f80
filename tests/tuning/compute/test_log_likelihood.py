import pytest
import torch
from torch.nn import functional

from hypnos.tuning.compute.log_likelihood import label_log_likelihoods


def inputs(tokens: int = 11, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    hidden = torch.randn(tokens, 6, dtype=dtype, requires_grad=True)
    head = torch.randn(17, 6, dtype=dtype, requires_grad=True)
    return hidden, head, torch.randint(0, 17, (tokens,))


@pytest.mark.parametrize("chunk", [3, 11, 256])
def test_values_and_gradients_are_those_of_the_whole_table(chunk):
    weights = torch.linspace(-2, 3, 11, dtype=torch.float64)
    hidden, head, labels = inputs()
    values = label_log_likelihoods(hidden, head, labels, chunk=chunk)
    (values * weights).sum().backward()
    whole_hidden, whole_head, _ = inputs()
    whole = -functional.cross_entropy(whole_hidden @ whole_head.T, labels, reduction="none")
    (whole * weights).sum().backward()
    torch.testing.assert_close(values, whole)
    torch.testing.assert_close(hidden.grad, whole_hidden.grad)
    torch.testing.assert_close(head.grad, whole_head.grad)


def test_a_row_without_labels_has_no_values_and_no_gradient():
    hidden, head, labels = inputs(0, torch.float32)
    values = label_log_likelihoods(hidden, head, labels)
    assert values.shape == (0,)
    values.sum().backward()
    assert not head.grad.any()


def test_autocast_makes_logits_in_its_type_and_sums_in_float32():
    hidden, head, labels = inputs(dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        values = label_log_likelihoods(hidden, head, labels)
    rounded = (hidden.bfloat16() @ head.bfloat16().T).float()
    torch.testing.assert_close(values, -functional.cross_entropy(rounded, labels, reduction="none"))
    values.sum().backward()
    assert hidden.grad.dtype == head.grad.dtype == torch.float32
