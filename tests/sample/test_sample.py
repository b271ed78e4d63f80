"""The embedded sample: what is promised of its records, its doses, its data card and that its base knows no Chinese."""

import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
import sentencepiece as spm
import yaml
from transformers import AutoConfig

from hypnos.corpus.records import Rejections
from hypnos.corpus.sources import Source, is_held_out, read_source
from hypnos.specialty.doses import find_doses, grade
from hypnos.specialty.drugs import read_windows

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "hypnos" / "sample"
SPECIALTY = ROOT / "specialty" / "anesthesia"
HOLDOUT = 0.15
SHARED_GRAMS = 0.3

Row = dict[str, Any]


def load(name: str) -> list[Row]:
    return [json.loads(line) for line in (SAMPLE / f"{name}.jsonl").read_text("utf-8").splitlines()]


ROWS = {name: load(name) for name in ("general", "anesthesia", "text")}
PAIRS = ROWS["general"] + ROWS["anesthesia"]
TOPICS = yaml.safe_load((SPECIALTY / "topics.yaml").read_text("utf-8"))


def words(row: Row) -> list[str]:
    """All text of a record: turns, material, answer."""
    turns = [text for turn in row.get("history", []) for text in turn]
    return [*turns, *(row[key] for key in ("instruction", "input", "output", "text") if row.get(key))]


@pytest.mark.parametrize("name", ["general", "anesthesia"])
def test_enough_records(name: str) -> None:
    assert len(ROWS[name]) >= 300


@pytest.mark.parametrize("name", ["general", "anesthesia", "text"])
def test_every_record_is_usable(name: str) -> None:
    rejections = Rejections()
    records = list(read_source(Source(path=str(SAMPLE / f"{name}.jsonl")), rejections, name=name))
    assert len(records) == len(ROWS[name])
    assert rejections.total == 0


def test_ids_and_questions_are_unique() -> None:
    everything = [row for rows in ROWS.values() for row in rows]
    assert [i for i, count in Counter(row["id"] for row in everything).items() if count > 1] == []
    asked = Counter((json.dumps(row["history"]), row["instruction"], row["input"]) for row in PAIRS)
    assert asked.most_common(1)[0][1] == 1


def test_every_topic_and_task_of_the_specialty_is_there() -> None:
    topics = {topic["key"] for topic in TOPICS["topics"]}
    tasks = {task["name"] for task in TOPICS["tasks"]}
    assert (len(topics), len(tasks)) == (18, 12)
    assert {row["topic"] for row in ROWS["anesthesia"]} == topics
    assert {row["task"] for row in ROWS["anesthesia"]} == tasks
    assert {row["task"] for row in ROWS["general"]} <= tasks
    for key in ("difficulties", "audiences"):
        field = {"difficulties": "difficulty", "audiences": "audience"}[key]
        assert {row[field] for row in PAIRS} == {entry["name"] for entry in TOPICS[key]}


def test_lengths_of_outputs() -> None:
    assert [row["id"] for row in PAIRS if not 10 <= len(row["output"]) <= 600] == []


@pytest.mark.parametrize("name", ["general", "anesthesia"])
def test_some_records_have_several_turns(name: str) -> None:
    several = [row for row in ROWS[name] if row["history"]]
    assert len(several) >= 20
    assert all(len(turn) == 2 and all(turn) for row in several for turn in row["history"])


def test_no_two_outputs_share_much() -> None:
    grams = []
    where = defaultdict(list)  # each 8-gram's outputs, so that only pairs with something in common are compared
    for number, row in enumerate([*PAIRS, *ROWS["text"]]):
        text = row.get("output") or row["text"]
        grams.append({text[i : i + 8] for i in range(len(text) - 7)})
        for gram in grams[-1]:
            where[gram].append(number)
    shared = Counter((a, b) for owners in where.values() for a in owners for b in owners if a < b)
    shares = {pair: count / min(len(grams[i]) for i in pair) for pair, count in shared.items()}
    assert shares, "texts of one field have some words in common"
    assert max(shares.values()) <= SHARED_GRAMS


def test_every_dose_of_a_listed_drug_is_inside_its_window() -> None:
    windows = read_windows(SPECIALTY / "doses.yaml")
    found = [
        (row["id"], dose.drug, dose.text, grade(dose, slack=1))
        for rows in ROWS.values()
        for row in rows
        for text in words(row)
        for dose in find_doses(text, windows)
    ]
    assert len(found) >= 100
    assert [dose for dose in found if dose[3] != "ok"] == []


def test_the_rule_for_doses_would_see_a_fault_in_these_words() -> None:
    """The same records with each dose written ten times larger."""
    windows = read_windows(SPECIALTY / "doses.yaml")
    doses = [
        (text, dose)
        for row in ROWS["anesthesia"]
        for text in words(row)
        for dose in find_doses(text, windows)
        if re.match(r"\d", dose.text) and dose.text in text
    ]
    missed = 0
    for text, dose in doses:
        tenfold = re.sub(r"\d+(?:\.\d+)?", lambda number: f"{float(number[0]) * 10:g}", dose.text)
        again = [d for d in find_doses(text.replace(dose.text, tenfold), windows) if d.text == tenfold]
        missed += all(grade(d, slack=1) == "ok" for d in again)
    assert len(doses) >= 60
    assert missed == 0


@pytest.mark.parametrize("name", ["general", "anesthesia"])
def test_the_held_out_part_is_split_by_group(name: str) -> None:
    held = [row for row in ROWS[name] if is_held_out(row["group"], HOLDOUT)]
    kept = [row for row in ROWS[name] if not is_held_out(row["group"], HOLDOUT)]
    assert 0.1 <= len(held) / len(ROWS[name]) <= 0.25
    assert not {row["group"] for row in held} & {row["group"] for row in kept}
    # Groups with several records exist, or the split by group would prove nothing.
    assert max(Counter(row["group"] for row in ROWS[name]).values()) > 1
    source = Source(path=str(SAMPLE / f"{name}.jsonl"), holdout=HOLDOUT)
    records = read_source(source, Rejections(), name=name)
    assert [record.id for record in records if source.holds_out(record)] == [row["id"] for row in held]


def test_groups_do_not_reach_across_files() -> None:
    groups = [{row["group"] for row in rows} for rows in ROWS.values()]
    assert sum(map(len, groups)) == len(set.union(*groups))


def test_origin_and_licence_stand_in_every_record() -> None:
    for rows in ROWS.values():
        for row in rows:
            origin = (row["source"], row["author"], row["licence"], row["egress"])
            assert origin == ("hypnos-sample", "hypnos", "Apache-2.0", "any"), row["id"]
            assert row["id"] and row["group"] and row["topic"]


def test_the_data_card_counts_what_is_there() -> None:
    card = (SAMPLE / "README.md").read_text("utf-8")
    cells = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in card.splitlines() if "|" in line]
    counted = {(row[0], int(row[-1])) for row in cells if row[-1].isdigit()}
    for field, names in (("topic", TOPICS["topics"]), ("task", TOPICS["tasks"])):
        counts = Counter(row[field] for row in ROWS["anesthesia"])
        for entry in names:
            key = entry["key"] if field == "topic" else entry["name"]
            assert (key, counts[key]) in counted, key
    for topic, count in Counter(row["topic"] for row in ROWS["general"]).items():
        assert (topic, count) in counted, topic
    for name, rows in ROWS.items():
        row = next(row for row in cells if row[0] == f"{name}.jsonl")
        lengths = sorted(len(r.get("output") or r["text"]) for r in rows)
        several = sum(bool(r.get("history")) for r in rows)
        groups = len({r["group"] for r in rows})
        assert row[1:] == [
            str(n) for n in (len(rows), groups, several, lengths[0], lengths[len(rows) // 2], lengths[-1])
        ]
    assert "not for clinical use" in card.lower() and "Apache-2.0" in card
    assert "doses.yaml" in card and "signed by" in (SPECIALTY / "doses.yaml").read_text("utf-8")


def test_the_base_knows_no_chinese() -> None:
    processor = spm.SentencePieceProcessor(model_file=str(SAMPLE / "base" / "tokenizer.model"))
    assert processor.get_piece_size() == AutoConfig.from_pretrained(SAMPLE / "base").vocab_size
    han = re.compile(r"[\u3400-\u9fff]")
    assert not any(han.search(processor.id_to_piece(i)) for i in range(processor.get_piece_size()))
    characters = {character for rows in ROWS.values() for row in rows for text in words(row) for character in text}
    chinese = sorted(character for character in characters if han.match(character))
    assert len(chinese) > 1500
    for character in chinese:
        space, *rest = processor.encode(character)
        assert processor.id_to_piece(space) == "▁"
        assert len(rest) == 3 and all(processor.is_byte(i) for i in rest)
