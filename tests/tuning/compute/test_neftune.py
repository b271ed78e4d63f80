import math

import torch

from hypnos.tuning.compute.neftune import Neftune


def test_neftune_noise_follows_each_documents_length_and_stops_outside_training():
    embedding = torch.nn.Embedding(10, 64)
    noise = Neftune(embedding, alpha=5.0)
    noise.set_documents(torch.tensor([0, 4, 404]), tokens=404)
    ids = torch.zeros(1, 404, dtype=torch.long)
    clean = embedding.weight[0]
    difference = (embedding(ids) - clean).abs()[0]
    assert difference[:4].max() <= 5 / math.sqrt(4 * 64)
    assert difference[:4].max() > 0.8 * 5 / math.sqrt(4 * 64)
    assert difference[4:].max() <= 5 / math.sqrt(400 * 64)
    embedding.eval()
    assert torch.equal(embedding(ids), clean.expand(1, 404, 64))


def test_noise_reaches_the_embeddings_that_lora_trains(lora, small_directory, rows):
    module = lora(neftune_alpha=5.0)
    module.load(small_directory())
    row = rows(1)[0]
    module._noise.set_documents(row["cu_seqlens"], tokens=row["max_seqlen"])
    embed = module.model.get_input_embeddings()
    assert not torch.equal(embed(row["input_ids"]), embed(row["input_ids"]))
