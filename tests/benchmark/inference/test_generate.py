from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from hypnos.benchmark.inference.generate import BatchRow, Sampling, ThoughtBudget, batches, decode
from hypnos.errors import UserError


def test_a_batch_says_what_each_prompt_alone_says(model, prompts, generate_alone):
    long = generate_alone(model, prompts, {2}, 150)
    # Stops of our own, which few rows say: they end at different places, some of them never.
    said = Counter(token for answer in long for token in set(answer))
    stops = {2} | {token for token, rows in said.items() if rows <= 2}
    expected = generate_alone(model, prompts, stops, 150)
    got = decode(model, [BatchRow(prompt=ids, limit=150) for ids in prompts], stops=stops, pad=0)
    assert [ids for ids, *_ in got] == expected
    assert len({len(ids) for ids in expected}) > 3
    for (ids, finished, _), prompt in zip(got, prompts, strict=True):
        assert finished == (len(ids) < 150)
        if finished:
            following = model(torch.tensor([[*prompt, *ids]])).logits[0, -1].argmax()
            assert int(following) in stops


def test_each_row_keeps_its_own_limit(model, prompts):
    whole = decode(model, [BatchRow(prompt=ids, limit=12) for ids in prompts], stops={2}, pad=0)
    limits = [1 + i % 12 for i in range(len(prompts))]
    got = decode(model, [BatchRow(prompt=p, limit=n) for p, n in zip(prompts, limits, strict=True)], stops={2}, pad=0)
    assert [ids for ids, *_ in got] == [ids[:n] for (ids, *_), n in zip(whole, limits, strict=True)]


def test_an_end_of_several_tokens_is_found(model, prompts):
    whole = decode(model, [BatchRow(prompt=ids, limit=30) for ids in prompts[:4]], stops={2}, pad=0)
    wanted = whole[1][0][4:6]
    got = decode(
        model,
        [BatchRow(prompt=ids, limit=30) for ids in prompts[:4]],
        stops={2},
        pad=0,
        ended=lambda ids: ids[-2:] == wanted,
    )
    assert got[1][0][-2:] == wanted and got[1][1] and len(got[1][0]) <= 6


def test_a_thought_is_ended_at_its_tokens_and_the_answer_has_its_own(model, prompts, generate_alone):
    looked: list[list[int]] = []

    def closing(ids):
        looked.append(ids.copy())
        return [40, 41, 42] if len(looked) % 2 else []

    rows = [BatchRow(prompt=ids, limit=9, thought=ThoughtBudget(4, closing, 8)) for ids in prompts[:6]]
    rows.append(BatchRow(prompt=prompts[6], limit=9))
    got = decode(model, rows, stops={2}, pad=0)
    alone = generate_alone(model, prompts[:7], {2}, 9)
    for number, ((ids, _, ended), prompt) in enumerate(zip(got, prompts[:7], strict=True)):
        if not ended:
            assert ids == alone[number]
            continue
        begun = ids[: ids.index(40)]
        assert begun == alone[number][: len(begun)] and len(begun) <= 4 and ids[len(begun) :][:3] == [40, 41, 42]
        (rest,) = generate_alone(model, [[*prompt, *begun, 40, 41, 42]], {2}, 5)
        assert ids[len(begun) + 3 :] == rest
    assert len(looked) == 6 and {ended for *_, ended in got} == {0, 3}


def test_batches_hold_like_sizes_within_their_bounds():
    sizes = [5, 100, 7, 99, 6, 98, 1]
    groups = batches(sizes, tokens=200, rows=3)
    assert groups == [[1, 3], [5, 2], [4, 0, 6]]
    assert batches([500], tokens=200, rows=3) == [[0]]
    assert batches([10, 10, 9, 8, 2], tokens=80, rows=9) == [[0, 1, 2, 3, 4]]
    assert batches([10, 10, 9, 8, 2], tokens=80, rows=9, padding=3) == [[0, 1, 2, 3], [4]]
    assert batches([10, 10, 9, 8, 2], tokens=80, rows=9, padding=1) == [[0, 1, 2], [3], [4]]
    assert batches([10, 10, 9, 8, 2], tokens=80, rows=9, alike=0.85) == [[0, 1, 2], [3, 4]]


def drawn(model, prompts, items, sampling, limit=6):
    rows = [
        BatchRow(prompt=prompts[i], limit=limit, draws=sampling.draws(f"q{i}", repeat, limit)) for i, repeat in items
    ]
    return [ids for ids, *_ in decode(model, rows, stops={2}, pad=0, sampling=sampling)]


def test_what_is_drawn_depends_on_seed_item_and_repeat_alone(model, prompts):
    sampling = Sampling(temperature=0.8, top_p=0.95, seed=1, repeats=2)
    together = drawn(model, prompts, [(i, r) for i in range(6) for r in range(2)], sampling)
    assert drawn(model, prompts, [(4, 1), (0, 0)], sampling) == [together[9], together[0]]
    assert together[0] != together[1]
    assert drawn(model, prompts, [(0, 0)], replace(sampling, seed=2)) != [together[0]]


def test_tokens_are_drawn_with_their_probability(model, prompts):
    sampling = Sampling(temperature=1.0, top_p=0.5, seed=0, repeats=2000)
    logits = model(torch.tensor([prompts[0]])).logits[0, -1].double()
    probabilities, order = torch.softmax(logits, -1).sort(descending=True)
    kept = int((probabilities.cumsum(0) < 0.5).sum()) + 1  # the smallest set that holds half
    expected = dict(
        zip(order[:kept].tolist(), (probabilities[:kept] / probabilities[:kept].sum()).tolist(), strict=True)
    )
    found = [ids[0] if ids else 2 for ids in drawn(model, prompts, [(0, r) for r in range(2000)], sampling, limit=1)]
    assert set(found) <= expected.keys()
    shares = {token: found.count(token) / 2000 for token in expected}
    # Four standard deviations of the likeliest share.
    assert max(abs(shares[token] - expected[token]) for token in expected) < 4 * np.sqrt(0.25 / 2000)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"temperature": -1}, "temperature -1"),
        ({"temperature": 1, "top_p": 0}, "top_p 0"),
        ({"repeats": 3}, "3 repeats of greedy answers are all the same"),
    ],
)
def test_settings_of_sampling_that_cannot_be(settings, named):
    with pytest.raises(UserError, match=named):
        Sampling(**settings)
