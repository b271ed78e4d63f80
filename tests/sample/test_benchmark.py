"""The embedded benchmark: its counts, keys, doses, and that no question of it stands in the training samples."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hypnos.specialty.doses import find_doses, grade
from hypnos.specialty.drugs import read_windows

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "hypnos" / "sample"
BENCHMARK = SAMPLE / "benchmark"
SPECIALTY = ROOT / "specialty" / "anesthesia"
LETTERS = "ABCDEFGHI"
NAMES = ("aneqa", "anecq", "anerc", "general")
NEAR = 0.6  # trigram Jaccard from which two questions count as the same
SHARED_GRAMS = 0.3  # of 8-grams, as for the training samples themselves
NEGATIVE = re.compile(r"错误|不正确|不包括|不属于|不宜|不应|除外|不是")

Row = dict[str, Any]


def load(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


ROWS = {name: load(BENCHMARK / f"{name}.jsonl") for name in NAMES}
EVERYTHING = [row for rows in ROWS.values() for row in rows]
CHOICES = ROWS["anecq"] + ROWS["general"]
TRAINING = load(SAMPLE / "general.jsonl") + load(SAMPLE / "anesthesia.jsonl")
TOPICS = yaml.safe_load((SPECIALTY / "topics.yaml").read_text("utf-8"))


def grams(text: str, size: int) -> set[str]:
    """The character n-grams of a text without spaces and punctuation."""
    bare = re.sub(r"\W", "", text)
    return {bare[i : i + size] for i in range(len(bare) - size + 1)}


def near(a: set[str], b: set[str]) -> bool:
    """Whether the Jaccard index reaches `NEAR`; sets of very different sizes need no counting."""
    if not NEAR <= len(a) / max(len(b), 1) <= 1 / NEAR:
        return False
    return len(a & b) >= NEAR * len(a | b)


def asked(row: Row) -> Iterator[str]:
    """The forms in which an item is asked: alone, and with its options or passage."""
    yield row["question"]
    if "options" in row:
        yield row["question"] + "".join(row["options"].values())
    if "passage" in row:
        yield row["passage"] + row["question"]


def stated(row: Row) -> Iterator[str]:
    """What an item holds to be right: passage, answers or right options, explanation. Wrong options are left out."""
    yield row.get("passage", "")
    yield row.get("explanation", "")
    if "options" in row:
        yield from (row["options"][letter] for letter in row["answer"])
    else:
        yield from row["answers"]


TRAINING_QUESTIONS = {
    text
    for row in TRAINING
    for text in (row["instruction"], row["instruction"] + row["input"], *(turn[0] for turn in row["history"]))
}


def test_there_are_as_many_as_promised() -> None:
    assert len(ROWS["aneqa"]) >= 80
    assert len(ROWS["anecq"]) >= 120
    assert len({row["passage"] for row in ROWS["anerc"]}) >= 25
    assert len(ROWS["general"]) >= 40
    assert sum(row["type"] == "multiple" for row in ROWS["anecq"]) >= 25
    assert sum(row["negative"] for row in ROWS["anecq"]) >= 20


def test_one_object_a_line_without_escapes() -> None:
    for name in NAMES:
        raw = (BENCHMARK / f"{name}.jsonl").read_bytes()
        assert raw.endswith(b"}\n") and b"\\u" not in raw and b"\r" not in raw
        for line, row in zip(raw.decode("utf-8").splitlines(), ROWS[name], strict=True):
            assert json.dumps(row, ensure_ascii=False) == line


def test_fields() -> None:
    common = {"id", "question", "topic", "difficulty", "level", "group", "source", "author", "licence", "egress"}
    own = {
        "aneqa": {"answers", "task"},
        "anecq": {"options", "answer", "explanation", "type", "negative", "task"},
        "anerc": {"passage", "answers", "type", "task"},
        "general": {"options", "answer", "explanation", "type", "negative"},
    }
    for name, rows in ROWS.items():
        for row in rows:
            assert set(row) == common | own[name], row["id"]
            origin = (row["source"], row["author"], row["licence"], row["egress"])
            assert origin == ("hypnos-sample", "hypnos", "Apache-2.0", "any")
            assert (row["level"], row["difficulty"]) in {("1", "记忆"), ("2", "应用"), ("3", "推理")}
            texts = [row["question"], *stated(row), *row.get("options", {}).values()]
            assert all(text == text.strip() for text in texts), row["id"]
            assert row["question"] and row["group"]


def test_ids_are_unique_here_and_in_training() -> None:
    ids = Counter(row["id"] for row in EVERYTHING + TRAINING + load(SAMPLE / "text.jsonl"))
    assert [i for i, count in ids.items() if count > 1] == []
    assert not {row["group"] for row in EVERYTHING} & {row["group"] for row in TRAINING}


def test_every_topic_task_and_level_is_there() -> None:
    topics = {topic["key"] for topic in TOPICS["topics"]}
    tasks = {task["name"] for task in TOPICS["tasks"]}
    for name in ("aneqa", "anecq", "anerc"):
        assert {row["topic"] for row in ROWS[name]} == topics, name
    assert min(Counter(row["topic"] for row in ROWS["aneqa"]).values()) >= 4
    assert min(Counter(row["topic"] for row in ROWS["anecq"]).values()) >= 6
    assert {row["task"] for name in ("aneqa", "anecq", "anerc") for row in ROWS[name]} == tasks
    for name in ("aneqa", "anecq"):
        assert {row["level"] for row in ROWS[name]} == {"1", "2", "3"}
    assert len({row["topic"] for row in ROWS["general"]}) >= 15


def test_open_questions_have_one_or_two_answers_of_fair_length() -> None:
    lengths = [(row["id"], len(answer)) for row in ROWS["aneqa"] for answer in row["answers"]]
    assert [pair for pair in lengths if not 40 <= pair[1] <= 250] == []
    assert {len(row["answers"]) for row in ROWS["aneqa"]} == {1, 2}
    assert all(len(set(row["answers"])) == len(row["answers"]) for row in ROWS["aneqa"])


def test_right_letters_are_options() -> None:
    for row in CHOICES:
        letters = "".join(row["options"])
        assert letters == LETTERS[: len(letters)] and 4 <= len(letters) <= 9, row["id"]
        assert row["answer"] == "".join(sorted(set(row["answer"]))) and set(row["answer"]) <= set(letters), row["id"]
        assert len(set(row["options"].values())) == len(letters), row["id"]
        assert len(row["answer"]) < len(letters) and row["explanation"], row["id"]
        assert row["type"] == ("multiple" if len(row["answer"]) > 1 else "single"), row["id"]
        assert ("（多选）" in row["question"]) == (row["type"] == "multiple"), row["id"]
        # The letters were dealt after writing: an explanation that named one could name the wrong one.
        assert not re.search(r"(?:故选|答案[为是]?|选项?)\s*[A-I]", row["explanation"]), row["id"]


def test_options_of_all_lengths_and_kinds_are_there() -> None:
    sizes = Counter(len(row["options"]) for row in ROWS["anecq"])
    assert sizes[4] >= 10 and sizes[5] >= 80 and sizes[9] >= 2
    closing = [(row, text) for row in ROWS["anecq"] for text in row["options"].values() if text.startswith("以上")]
    assert len(closing) >= 4
    assert all(list(row["options"].values())[-1] == text for row, text in closing)
    # Such an option is neither always right nor always wrong.
    assert {list(row["options"])[-1] == row["answer"] for row, _ in closing} == {True, False}


def test_negative_stems_are_marked() -> None:
    for row in CHOICES:
        asking = row["question"].split("。")[-1]  # of a case, the last sentence asks
        assert row["negative"] == bool(NEGATIVE.search(asking)), row["id"]


@pytest.mark.parametrize("name", ["anecq", "general"])
def test_right_letters_are_spread_evenly(name: str) -> None:
    single = [row for row in ROWS[name] if row["type"] == "single"]
    counts = Counter(row["answer"] for row in single)
    expected = len(single) / 5
    assert all(0.8 * expected <= counts[letter] <= 1.2 * expected for letter in "ABCDE"), counts


def test_letters_of_several_right_answers_are_spread_evenly() -> None:
    rows = [row for row in ROWS["anecq"] if row["type"] == "multiple"]
    shares = [sum(letter in row["answer"] for row in rows) / len(rows) for letter in "ABCDE"]
    assert max(shares) - min(shares) <= 0.1
    assert len({row["answer"] for row in rows}) >= 20


def test_choosing_the_longest_option_does_not_pay() -> None:
    single = [row for row in ROWS["anecq"] if row["type"] == "single"]
    longest = sum(max(row["options"], key=lambda key: len(row["options"][key])) == row["answer"] for row in single)
    assert longest / len(single) <= 0.5


def test_choice_questions_of_one_case_share_a_group() -> None:
    groups = Counter(row["group"] for row in ROWS["anecq"])
    assert sum(count > 1 for count in groups.values()) >= 5
    for group in (group for group, count in groups.items() if count > 1):
        rows = [row for row in ROWS["anecq"] if row["group"] == group]
        first = rows[0]["question"][:4]
        assert len({row["topic"] for row in rows}) == 1
        assert all(row["question"][:4] == first for row in rows)


def test_three_questions_a_passage() -> None:
    for group in {row["group"] for row in ROWS["anerc"]}:
        rows = [row for row in ROWS["anerc"] if row["group"] == group]
        assert len(rows) == 3 and len({row["passage"] for row in rows}) == 1
        assert 150 <= len(rows[0]["passage"]) <= 400
        assert {row["type"] for row in rows} == {"extractive", "free"}


def test_extractive_answers_stand_in_their_passage() -> None:
    extractive = [row for row in ROWS["anerc"] if row["type"] == "extractive"]
    assert len(extractive) >= 25
    for row in extractive:
        assert all(answer in row["passage"] for answer in row["answers"]), row["id"]
    free = [row for row in ROWS["anerc"] if row["type"] == "free"]
    assert not any(answer in row["passage"] for row in free for answer in row["answers"])


def test_no_question_stands_in_the_training_samples() -> None:
    trained = [grams(text, 3) for text in TRAINING_QUESTIONS]
    found = []
    for row in EVERYTHING:
        assert not TRAINING_QUESTIONS & set(asked(row)), row["id"]
        for text in asked(row):
            mine = grams(text, 3)
            found += [row["id"] for other in trained if near(mine, other)]
    assert found == []


def test_the_measure_would_see_a_question_asked_again() -> None:
    """A training question with a word put before it, one changed, or its punctuation lost, is near."""
    texts = [text for text in TRAINING_QUESTIONS if 25 <= len(text) <= 60]
    again = [f"请问{text}".replace("患者", "病人").replace("，", "") for text in texts]
    seen = sum(near(grams(a, 3), grams(b, 3)) for a, b in zip(texts, again, strict=True))
    assert len(texts) >= 100
    assert seen / len(texts) >= 0.95


def test_no_question_is_asked_twice() -> None:
    items = [(row["group"], row["id"], grams(row["question"], 3)) for row in EVERYTHING]
    found = [
        (one, other)
        for at, (group, one, mine) in enumerate(items)
        for again, other, its in items[at + 1 :]
        if group != again and near(mine, its)
    ]
    assert found == []


def test_no_text_is_taken_from_training() -> None:
    texts = [row.get("output") or row["text"] for row in TRAINING + load(SAMPLE / "text.jsonl")]
    trained = [grams(text, 8) for text in texts]
    where = defaultdict(list)  # each 8-gram's texts, so that only pairs with something in common are compared
    for number, its in enumerate(trained):
        for gram in its:
            where[gram].append(number)
    taken = []
    for row in EVERYTHING:
        for mine in (grams(text, 8) for text in stated(row)):
            shared = Counter(number for gram in mine for number in where.get(gram, ()))
            sizes = ((count, min(len(mine), len(trained[number]))) for number, count in shared.items())
            taken += [row["id"] for count, size in sizes if len(mine) >= 10 and count / size > SHARED_GRAMS]
    assert where and taken == []


def test_every_dose_that_is_held_right_is_inside_its_window() -> None:
    windows = read_windows(SPECIALTY / "doses.yaml")
    found = [
        (row["id"], dose.drug, dose.text, grade(dose, slack=1))
        for row in EVERYTHING
        for text in stated(row)
        for dose in find_doses(text, windows)
    ]
    assert len(found) >= 20
    assert [dose for dose in found if dose[3] != "ok"] == []


def test_the_data_card_counts_what_is_there() -> None:
    card = (BENCHMARK / "README.md").read_text("utf-8")
    cells = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in card.splitlines() if "|" in line]
    for name, rows in ROWS.items():
        row = next(row for row in cells if row[0] == f"{name}.jsonl")
        levels = Counter(r["level"] for r in rows)
        groups = len({r["group"] for r in rows})
        assert row[1:] == [str(n) for n in (len(rows), groups, levels["1"], levels["2"], levels["3"])], name
    for topic in TOPICS["topics"]:
        counts = [sum(r["topic"] == topic["key"] for r in ROWS[name]) for name in ("aneqa", "anecq", "anerc")]
        assert [topic["key"], topic["name"], *map(str, counts)] in cells
    for task in TOPICS["tasks"]:
        counts = [sum(r["task"] == task["name"] for r in ROWS[name]) for name in ("aneqa", "anecq", "anerc")]
        assert [task["name"], *map(str, counts)] in cells
    for what, count in (
        ("several right answers", sum(r["type"] == "multiple" for r in ROWS["anecq"])),
        ("negative stem", sum(r["negative"] for r in ROWS["anecq"])),
        ("extractive", sum(r["type"] == "extractive" for r in ROWS["anerc"])),
    ):
        assert [what, str(count)] in cells
    assert "not for clinical use" in card.lower() and "Apache-2.0" in card
