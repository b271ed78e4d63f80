import shutil
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from hypnos.curation.generate.quotas import make_quotas, share_out
from hypnos.errors import UserError
from hypnos.specialty.folder import read_specialty

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path) -> Path:
    return shutil.copytree(ROOT / "specialty" / "anesthesia", tmp_path / "anesthesia")


def change(file: Path, **values) -> None:
    content = yaml.safe_load(file.read_text("utf-8"))
    file.write_text(yaml.safe_dump({**content, **values}, allow_unicode=True), "utf-8")


def test_shares_add_up_and_are_within_one_of_what_is_due():
    assert share_out(10, {"a": 1, "b": 1, "c": 2}) == {"a": 3, "b": 2, "c": 5}
    assert share_out(3, {"a": 1.0, "b": 5.0}) == {"a": 1, "b": 2}
    assert share_out(0, {"a": 1.0}) == {"a": 0}


@pytest.mark.parametrize("records", [2, 56, 250, 500, 2000, 193_000])
def test_quotas_hold_to_the_shares_of_each_axis(specialty, records):
    block = 2
    quotas = make_quotas(specialty, records=records, block=block, seed=0)
    assert sum(quotas.values()) == records
    assert min(quotas.values()) > 0
    for cell in quotas:
        assert not any(frozenset((a.key, b.key)) in specialty.exclude for a, b in combinations(cell.values, 2))
    if records < 250:
        return
    cells = [
        (topic, task, difficulty, audience)
        for topic in specialty.topics
        for task in specialty.tasks
        for difficulty in specialty.difficulties
        for audience in specialty.audiences
        if not any(
            frozenset((a.key, b.key)) in specialty.exclude
            for a, b in combinations((topic, task, difficulty, audience), 2)
        )
    ]
    weights = {cell: cell[0].share * cell[1].share * cell[2].share * cell[3].share for cell in cells}
    for at in range(4):
        due: Counter[str] = Counter()
        given: Counter[str] = Counter()
        for cell, weight in weights.items():
            due[cell[at].key] += weight * records / sum(weights.values())
        for cell, count in quotas.items():
            given[cell.values[at].key] += count
        assert all(abs(given[key] - due[key]) <= 2 * block for key in due)


def test_quotas_depend_on_the_seed_alone(specialty):
    one, again, other = (make_quotas(specialty, records=20, block=2, seed=seed) for seed in (0, 0, 1))
    assert one == again
    assert one != other
    topics = [{cell.topic.key for cell in quotas} for quotas in (one, other)]
    assert topics[0] != topics[1]  # few records do not always leave out the same topics


def test_a_quota_that_exclusions_make_impossible_is_named(folder):
    tasks = ["counselling", "plan"]
    seeds = [
        line
        for line in (folder / "seeds.jsonl").read_text("utf-8").splitlines()
        if any(f'"{t}"' in line for t in tasks)
    ]
    (folder / "seeds.jsonl").write_text("\n".join(seeds), "utf-8")
    content = yaml.safe_load((folder / "topics.yaml").read_text("utf-8"))
    for task in content["tasks"]:
        task["share"] = float(task["key"] in tasks)
    topics = [topic["key"] for topic in content["topics"]]
    change(
        folder / "topics.yaml", tasks=content["tasks"], exclude=[[topic, task] for topic in topics for task in tasks]
    )
    with pytest.raises(UserError, match="the quota cannot be met: exclude leaves nothing"):
        make_quotas(read_specialty(folder), records=10, block=1, seed=0)
