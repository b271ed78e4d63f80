"""The study's faults and scores are what they are said to be, and its command ends with a page."""

import json
import re
import shlex
import subprocess
import sys
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from bench.promise import SHARED
from bench.study.__main__ import MORE
from bench.study.claims import Setting, claims
from bench.study.files import write_files
from bench.study.pairs import ANESTHESIA, GENERAL, Sizes, draw_pairs, read_lines
from bench.study.planting import plant
from bench.study.scorers import score
from bench.study.section import read_section, replace_section, write_section
from hypnos.corpus.decisions import decider
from hypnos.corpus.selection import Selection
from hypnos.errors import UserError

ROOT = Path(__file__).parents[1]

TEXTS = [f"第{n}座城市建在大河的北岸，城里有许多桥梁。{'桥' * n}的两旁种着树。" for n in range(1, 60)]


def pair(number: int, **others: object) -> dict:
    """A question and an answer of 46 characters and more, all unlike."""
    answer = (
        f"手术前第{number}天起应当记录血压和心率，禁食禁饮的时间由麻醉医生说明，并如实告诉医生平时服用的药物" + "。"
    )
    return {"instruction": f"第{number}种手术之前病人要做哪些准备？", "input": "", "output": answer, **others}


def rows(count: int) -> list[dict]:
    return [pair(n, id=str(n)) | {"output": f"{pair(n)['output'][:-1]}{'好' * n}。"} for n in range(count)]


def test_half_of_the_rows_have_a_fault_each_kind_equally_often_and_the_record_tells_which():
    before = rows(64)
    planted = plant(before, TEXTS, seed=3)
    assert [row["id"] for row in planted.rows] == [row["id"] for row in before]
    assert Counter(one["fault"] for one in planted.record) == {
        "other answer": 8,
        "truncated": 8,
        "off topic": 8,
        "wrong dose": 8,
    }
    old, new = ({row["id"]: row["output"] for row in of} for of in (before, planted.rows))
    faults = {one["id"]: one["fault"] for one in planted.record}
    assert {one["id"]: one["output"] for one in planted.record} == {name: old[name] for name in faults}
    assert {name for name in old if old[name] != new[name]} == set(faults)
    assert all(row["instruction"] == other["instruction"] for row, other in zip(before, planted.rows, strict=True))
    exchanged = [name for name in faults if faults[name] == "other answer"]
    assert sorted(new[name] for name in exchanged) == sorted(old[name] for name in exchanged)
    for name, fault in faults.items():
        if fault == "truncated":
            assert old[name].startswith(new[name]) and 40 <= len(new[name]) < len(old[name])
        if fault == "off topic":
            assert any(text.startswith(new[name]) for text in TEXTS) and new[name].endswith("。")
        if fault == "wrong dose":
            assert len(new[name]) > len(old[name]) and any(sign.isdigit() for sign in new[name])


def test_faults_depend_on_the_seed_alone():
    assert plant(rows(16), TEXTS, seed=1) == plant(rows(16), TEXTS, seed=1)
    assert plant(rows(16), TEXTS, seed=1) != plant(rows(16), TEXTS, seed=2)


def kept(scored: list[dict], **settings: object) -> list[str]:
    decide = decider(Selection(**settings), lambda: scored)
    return [row["id"] for row in scored if decide(row) is None]


def test_scorers_are_as_good_as_they_are_said_to_be():
    """40 rows, of which the even ones are spoilt; answers grow with their number."""
    spoilt = {str(n) for n in range(0, 40, 2)}
    scored = score(rows(40), spoilt, seed=5)
    odd = [str(n) for n in range(1, 40, 2)]
    assert kept(scored, scorers="perfect") == odd
    noisy = kept(scored, scorers="noisy")
    assert len(noisy) == 20 and len(spoilt.intersection(noisy)) == 5
    assert kept(score(rows(40), spoilt, seed=5), scorers="noisy") == noisy
    assert kept(score(rows(40), spoilt, seed=6), scorers="noisy") != noisy
    # The five shortest sound answers are lost, the five longest spoilt ones come in.
    assert kept(scored, scorers="biased") == sorted([*odd[5:], "30", "32", "34", "36", "38"], key=int)
    drawn = kept(scored, scorers="perfect", random=True, seed=1)
    assert len(drawn) == 20 and 0 < len(spoilt.intersection(drawn)) < 20


def test_no_group_is_trained_on_and_held_out_and_what_is_not_clean_is_left_out():
    sets = [pair(n, source="people") for n in range(200)]
    strange = [
        pair(300, source="toyhom-neike"),
        pair(301) | {"output": pair(301)["output"][:-1]},
        pair(302) | {"output": "短。"},
        pair(303, history=[["问", "答"]]),
        pair(304) | {"input": "长" * 200},
        pair(305),
    ]
    sizes = Sizes(general=100, planted=32, held_out=10)
    drawn = draw_pairs([*sets, *strange], [pair(305)], sizes)
    assert [len(drawn.general), len(drawn.to_plant), len(drawn.held_out)] == [100, 32, 10]
    everything = [row["instruction"] for of in (drawn.general, drawn.to_plant, drawn.held_out) for row in of]
    assert len(set(everything)) == 142
    assert not {row["instruction"] for row in strange} & set(everything)
    assert drawn == draw_pairs([*sets, *strange], [pair(305)], sizes)
    with pytest.raises(UserError, match="too few"):
        draw_pairs(sets, [], Sizes(general=180, planted=32, held_out=10))


def test_a_page_keeps_what_stands_around_the_section():
    once = replace_section("# Results\n\nbefore\n", "first")
    assert "first" in once and once.startswith("# Results\n\nbefore\n")
    behind = once + "\nafter\n"
    twice = replace_section(behind, "second")
    assert "first" not in twice and "before" in twice and twice.endswith("after\n")
    assert replace_section(twice, "second") == twice


def empty_setting(folder: Path, **others: object) -> Setting:
    """A study with its files, and nothing in them."""
    setting = Setting(data=folder / "data", folder=folder / "study", model=("model=tiny",), **others)
    setting.files.mkdir(parents=True, exist_ok=True)
    for name in ("faults.jsonl", "planted.jsonl"):
        (setting.files / name).write_text("", "utf-8")
    return setting


def test_a_claim_without_runs_keeps_what_the_page_says_of_it_as_long_as_all_was_set_alike(tmp_path):
    setting = empty_setting(tmp_path)
    known = claims(setting)
    told = write_section(setting, known).replace("Not run yet.", "6 of 6 runs are finished.", 1)
    page = replace_section("# Results\n", told)
    again = write_section(setting, known, read_section(page))
    assert again == told and again.count("Not run yet.") == 2
    (setting.folder / "outputs/sweeps/study-filtering/arm/.hydra").mkdir(parents=True)
    (setting.folder / "outputs/sweeps/study-filtering/arm/.hydra/overrides.yaml").write_text("[]")
    begun = write_section(setting, known, read_section(page))
    assert "6 of 6" not in begun and "0 of 15 runs are finished." in begun
    larger = empty_setting(tmp_path / "other", sizes=MORE)
    assert "6 of 6" not in write_section(larger, claims(larger), read_section(page))


def test_the_printed_commands_are_those_that_run(tmp_path):
    setting = empty_setting(tmp_path)
    known = claims(setting)
    page = write_section(setting, known)
    assert page.count("Not run yet.") == 3
    printed = "\n".join(block.split("```")[0] for block in page.split("```bash\n")[1:]).replace(
        "python train.py", "echo"
    )
    script = f"S={setting.files} D={setting.data}\n" + printed.replace("python evaluate.py", "true").replace(
        "echo", "printf '%s\\0'"
    )
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout
    expected = [word for claim in known.values() for line in claim.lines(setting) for word in line]
    assert said.split("\0")[:-1] == [word for word in expected if not word.startswith("paths.")]
    assert shlex.quote("~heldout.general") in page


def test_every_arm_of_a_claim_has_a_name_of_its_own(tmp_path):
    setting = Setting(data=tmp_path / "data", folder=tmp_path / "study", model=("model=tiny",))
    for claim in claims(setting).values():
        called = []
        for line in claim.lines(setting):
            turned = [[f"{key}={value}" for value in values.split(",")] for key, _, values in map(split, line[1:])]
            called += [claim.call(asked) for asked in product(*turned)]
        assert Counter(called) == dict.fromkeys(claim.arms, 3), claim.name
        assert set(claim.references) <= claim.arms.keys()


def split(word: str) -> tuple[str, str, str]:
    return word.partition("=")


@pytest.mark.real_data
@pytest.mark.parametrize("sizes", [Sizes(), MORE])
def test_the_public_sets_have_enough_clean_pairs(sizes):
    if not (SHARED / GENERAL).is_file():
        pytest.skip("no shared data")
    drawn = draw_pairs(read_lines(SHARED / GENERAL), read_lines(SHARED / ANESTHESIA), sizes)
    assert [len(drawn.general), len(drawn.to_plant), len(drawn.held_out)] == [sizes.general, 2000, 500]


def test_no_data_is_one_line(tmp_path):
    with pytest.raises(UserError, match=r"general_medical_qa.jsonl: no such file \(--data"):
        write_files(tmp_path, tmp_path / "study", Sizes())


@pytest.mark.slow
def test_a_claim_is_tried_from_data_to_page_and_not_tried_twice(tmp_path):
    data, folder, page = tmp_path / "data", tmp_path / "study", tmp_path / "page.md"
    for name, of in {
        "qa/general_medical_qa.jsonl": [pair(n) for n in range(120)],
        "qa/anesthesia_qa_dev.jsonl": [pair(n) for n in range(500, 512)],
        "reading/cmrc2018_general_sample.jsonl": [{"context": text, "medical": False} for text in TEXTS],
    }.items():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in of), "utf-8")
    page.write_text("# Results\n", "utf-8")
    command = [sys.executable, "-m", "bench.study", "filtering", "--quick"]
    command += ["--data", str(data), "--folder", str(folder), "--page", str(page)]
    first = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert first.returncode == 0, first.stderr[-3000:]
    told = page.read_text("utf-8")
    assert "5 of 5 runs are finished." in told and told.count("Not run yet.") == 2
    assert re.search(r"^Measured \d{4}-\d\d-\d\d.*, at `.{7}`, with torch \S+, cpu\.$", told, re.MULTILINE)
    for arm in ("unfiltered", "random, of equal size", "perfect scorer", "noisy scorer", "biased scorer"):
        assert arm in told
    finished = {file: file.stat().st_mtime_ns for file in folder.glob("outputs/sweeps/*/*/results.json")}
    assert len(finished) == 5
    again = subprocess.run([*command, "--report"], cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr[-3000:]
    assert page.read_text("utf-8") == told
    assert {file: file.stat().st_mtime_ns for file in finished} == finished
