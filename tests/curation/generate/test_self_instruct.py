"""Generation in rounds: quotas, order, novelty, parents, and the same records however often a run is broken."""

import json
import re
from collections import Counter

import pytest

from hypnos.curation.generate.self_instruct import SelfInstruct
from hypnos.errors import UserError
from hypnos.llm.client import Client
from hypnos.llm.journal.journal import Journal


@pytest.fixture
def generate(specialty, author, client):
    """Runs the step; returns rows, rejected rows, the step and its authors."""

    def run(*, authors=None, on=client, **knobs):
        authors = authors or {"first": author("one"), "second": author("two")}
        step = SelfInstruct(
            specialty=specialty, authors=authors, client=on, **{"records": 24, "per_request": 2, **knobs}
        )
        rejected: list[tuple[str, dict]] = []
        rows = list(step.run((), lambda row, reason: rejected.append((reason, row))))
        return rows, rejected, step, authors

    return run


def test_quotas_are_met_by_both_authors_alike(generate):
    rows, rejected, step, _ = generate(records=40)
    assert (len(rows), rejected) == (40, [])
    assert Counter(row["author"] for row in rows) == {"one": 20, "two": 20}
    kinds = {
        a: Counter((r["topic"], r["task"], r["difficulty"], r["audience"]) for r in rows if r["author"] == a)
        for a in ("one", "two")
    }
    assert kinds["one"] == kinds["two"]
    wanted = Counter()
    for cell, count in step.quotas()["first"].items():
        wanted[cell.topic.key, cell.task.name, cell.difficulty.name, cell.audience.name] += count
    assert kinds["one"] == wanted


def test_authors_take_turns(generate):
    rows, *_ = generate(records=8)
    assert [row["author"] for row in rows] == ["one", "one", "two", "two"] * 2


def test_a_record_knows_where_it_is_from(generate, specialty):
    rows, *_ = generate()
    seeds = {seed.id: seed for seed in specialty.seeds}
    tasks = {task.name: task.key for task in specialty.tasks}
    for row in rows:
        assert row["model"] == f"{row['author']}-0613"
        assert re.fullmatch("[0-9a-f]{16}", row["prompt"])
        assert len(row["parents"]) == 2 and set(row["parents"]) <= set(seeds)
        assert seeds[row["parents"][0]].task == tasks[row["task"]]
        assert (row["source"], row["egress"], row["group"]) == ("self-instruct", "any", row["id"])
    assert len({row["id"] for row in rows}) == len(rows)


def test_the_prompt_names_kind_examples_and_what_is_there(generate, specialty):
    rows, _, _, authors = generate(round_size=4)
    prompts = [prompt for prompt, _ in authors["first"].asked]
    topic = next(t for t in specialty.topics if t.key == rows[0]["topic"])
    assert f"{topic.name}（{topic.holds}）" in prompts[0]
    assert specialty.name in prompts[0]
    by_id = {seed.id: seed for seed in specialty.seeds}
    for parent in rows[0]["parents"]:
        assert by_id[parent].instruction in prompts[0]
    assert not any("$" in prompt for prompt in prompts)


def test_prompts_of_a_round_depend_on_the_pool_at_its_start(generate, author):
    """With one prompt a round the second author is shown what the first wrote; within a round it is not."""
    shown = {}
    for size in (1, 2):
        rows, _, _, authors = generate(records=2, per_request=1, round_size=size, examples=1)
        shown[size] = rows[0]["instruction"] in authors["second"].asked[0][0]
    assert shown == {1: True, 2: False}


def test_a_run_resumed_from_the_journal_is_the_same_run(generate, author, tmp_path):
    def once(folder, dies_after):
        left = [dies_after]

        class Killed(Exception):
            pass

        def dying(name):
            def answer(prompt, sample):
                left[0] -= 1
                if left[0] < 0:
                    raise Killed
                return author(name).answer(prompt, sample)

            return author(name, answer)

        authors = {"first": dying("one"), "second": dying("two")}
        with Client(journal=Journal(path=folder / "j.sqlite")) as client:
            try:
                return generate(authors=authors, on=client, round_size=6)[0], authors
            except Killed:
                return None, authors

    whole, _ = once(tmp_path / "whole", 10**9)
    for kill in (0, 1, 5, 7, 11):
        folder = tmp_path / f"killed{kill}"
        broken, _ = once(folder, kill)
        assert broken is None
        again, after = once(folder, 10**9)
        assert again == whole
        # No reply that was committed is asked for again.
        assert sum(len(a.asked) for a in after.values()) == 12 - kill


def test_what_is_not_new_is_refused_and_asked_for_again(generate, author, reply_with):
    first = True

    def answer(prompt, sample):
        nonlocal first
        if first:
            first = False
            question = {"instruction": "什么是氧解离曲线的右移？哪些因素会使它右移？", "input": "", "output": "……"}
            return json.dumps({"records": [question]}, ensure_ascii=False)
        return reply_with["write"](prompt, sample)

    rows, rejected, *_ = generate(authors={"first": author("one", answer)}, records=4, per_request=1)
    assert len(rows) == 4
    ((reason, row),) = rejected
    assert reason == "not_novel"
    assert (row["like"], row["rouge_l"] >= 0.7) == ("seed-01", True)


def test_a_reply_that_cannot_be_read_is_kept_aside_and_its_quota_asked_again(generate, author, reply_with):
    bad: set[str] = set()

    def answer(prompt, sample):
        if not bad:
            bad.add(prompt)
        return "抱歉，我不能提供。" if prompt in bad else reply_with["write"](prompt, sample)

    model = author("one", answer)
    rows, rejected, step, _ = generate(authors={"first": model}, records=4)
    assert len(rows) == 4
    ((reason, row),) = rejected
    assert (reason, row["reply"], row["author"]) == ("reply_unreadable", "抱歉，我不能提供。", "one")
    assert [sample for prompt, sample in model.asked if prompt in bad] == [0, 1, 2]
    spend = step.notes()["spend"]["one"]
    assert (spend["requests"], spend["replies"], spend["retried"], spend["unanswered"]) == (3, 5, 2, 1)
    assert spend["usd"] == pytest.approx(0.005)


def test_more_than_asked_is_not_taken(generate, author):
    def answer(prompt, sample):
        return json.dumps({"records": [{"instruction": f"{prompt[-3:]}{i}" * 5, "output": "答"} for i in range(3)]})

    rows, rejected, *_ = generate(authors={"first": author("one", answer)}, records=1, per_request=1)
    assert len(rows) == 1
    assert [reason for reason, _ in rejected] == ["more_than_asked"] * 2


@pytest.mark.parametrize("unmet", ["stop", "keep"])
def test_a_quota_that_cannot_be_met_is_one_clear_line(generate, author, unmet):
    same = json.dumps(
        {"records": [{"instruction": "永远同一个问题？", "input": "", "output": "同一个回答。"}]}, ensure_ascii=False
    )
    knobs = {
        "authors": {"first": author("one", lambda prompt, sample: same)},
        "records": 3,
        "per_request": 1,
        "max_rounds": 4,
    }
    if unmet == "keep":
        rows, rejected, *_ = generate(unmet="keep", **knobs)
        assert len(rows) == 1
        assert {reason for reason, _ in rejected} == {"not_novel"}
        return
    with pytest.raises(UserError, match="the quota cannot be met: 2 of 3 records are missing after 4 rounds") as caught:
        generate(**knobs)
    assert "\n" not in str(caught.value)


def test_the_same_prompt_asked_again_is_another_sample(generate, author, reply_with):
    """Without questions to show, and with one seed a task, the prompts of a kind are equal: their replies must differ."""
    model = author("one")
    rows, *_ = generate(authors={"first": model}, records=200, per_request=1, existing=0, examples=1, round_size=400)
    assert len(rows) == 200
    assert len(model.asked) == len(set(model.asked)) == 200
    assert len({prompt for prompt, _ in model.asked}) < 200
    assert {sample % 100 for _, sample in model.asked} == {0}


@pytest.mark.parametrize(
    ("knobs", "named"),
    [
        ({"records": 0}, "records 0"),
        ({"records": 1}, "fewer than 2 authors"),
        ({"novelty": 0.0}, "novelty 0"),
        ({"unmet": "cry"}, "unmet 'cry'"),
        ({"per_request": -1}, "per_request -1"),
        ({"records": 200_000, "per_request": 4, "round_size": 200, "max_rounds": 50}, "bring 40,000 at most"),
    ],
)
def test_wrong_knobs_are_named(generate, knobs, named):
    with pytest.raises(UserError, match=re.escape(named)):
        generate(**knobs)


def test_what_decides_the_records_decides_the_key(specialty, author, client):
    def key(**knobs):
        authors = {"first": author(knobs.pop("name", "one"))}
        return SelfInstruct(specialty=specialty, authors=authors, client=client, **{"records": 10, **knobs}).key()

    assert key() == key()
    for change in ({"records": 12}, {"seed": 1}, {"novelty": 0.6}, {"name": "other"}, {"per_request": 3}):
        assert key(**change) != key()


def test_what_is_no_record_within_a_reply_is_counted(generate, author):
    def answer(prompt, sample):
        whole = {"instruction": f"{prompt[-3:]}" * 5, "input": "", "output": "答"}
        return json.dumps({"records": [{"output": "没有问题"}, whole, {"instruction": "只有问题"}]})

    rows, rejected, *_ = generate(authors={"first": author("one", answer)}, records=1, per_request=1)
    assert len(rows) == 1
    assert [reason for reason, _ in rejected] == ["incomplete"] * 2
