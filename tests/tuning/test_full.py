import torch


def test_every_weight_is_trained_in_the_type_that_is_asked_for_and_exported_as_it_is(full, small_directory):
    module = full(dtype="bfloat16")
    module.load(small_directory())
    parameters = list(module.model.parameters())
    assert sum(p.numel() for p in parameters) == 114_592
    assert all(p.requires_grad and p.dtype == torch.bfloat16 for p in parameters)
    assert module.merge() is module.model
