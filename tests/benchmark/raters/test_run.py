import csv
import hashlib

import pytest

from hypnos.benchmark.predictions import Prediction
from hypnos.benchmark.raters.run import Ratings, read_back, sheets_for
from hypnos.benchmark.raters.study import Study
from hypnos.errors import UserError

ROWS = [
    {"id": "q1", "question": "恶性高热首选什么药？", "answer": "丹曲林。"},
    {"id": "q2", "question": "何时停药？", "answer": "术前。"},
]
TEXTS = {"ours": ["丹曲林。", "术前一天。"], "other": ["阿托品。", "不停。"]}


def answered(item, text):
    return Prediction(item=item, prompt="", raw=text, answer=text, finished=True, tokens=1)


PREDICTIONS = {
    "own": {model: [answered(f"q{n}", text) for n, text in enumerate(texts, 1)] for model, texts in TEXTS.items()}
}


def test_sheets_that_raters_hold_are_found_again_byte_for_byte(make_task, specialty, tmp_path):
    task, study = make_task(ROWS), Study(raters=["甲", "b"], calibration=1, overlap=1, seed=3)
    folder = sheets_for(study, [task], PREDICTIONS, specialty=specialty, artefacts=tmp_path)
    assert folder.name == "sheets-a044a8c7db668a9d"
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in (".csv", ".json", ".md"))
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in files} == {
        "b.csv": "dfbb813e3124f668",
        "甲.csv": "f38e7a53b8dfba01",
        "key.json": "c9a7429c32801e5b",
        "plan.md": "586ea619c69112b9",
    }
    (folder / "plan.md").write_text("kept", "utf-8")
    assert sheets_for(study, [task], PREDICTIONS, specialty=specialty, artefacts=tmp_path) == folder
    assert (folder / "plan.md").read_text("utf-8") == "kept"


def test_choice_questions_make_no_sheets(make_task, specialty, tmp_path):
    choice = make_task([{"id": "c", "question": "?", "options": {"A": "1", "B": "2"}, "answer": "A"}], kind="choice")
    with pytest.raises(UserError, match="no questions to rate"):
        sheets_for(Study(raters=["a"], overlap=1), [choice], {}, specialty=specialty, artefacts=tmp_path)


def test_what_raters_should_settle_is_listed_beside_the_results(make_task, filled_in, specialty, tmp_path):
    task, study = make_task(ROWS), Study(raters=["甲", "b"], calibration=1, overlap=2)
    folder = sheets_for(study, [task], PREDICTIONS, specialty=specialty, artefacts=tmp_path)
    harsh = filled_in(folder, "甲", lambda answer, key: 1 if "阿托品" in answer["text"] else 8)
    mild = filled_in(folder, "b", lambda answer, key: 9 if "阿托品" in answer["text"] else 8)
    ratings = Ratings(files=[str(harsh), str(mild)])
    numbers, completeness = read_back(ratings, folder, [task], PREDICTIONS, specialty=specialty, output=tmp_path)
    assert len(numbers) == 2 * 4 and {entry.rater: entry.missing for entry in completeness} == {"甲": (), "b": ()}
    with (tmp_path / "to_settle.csv").open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert {(line["答案"], line["分差"], line["甲"], line["b"]) for line in lines} == {("阿托品。", "8", "1", "9")}
    assert [line["项目"] for line in lines] == ["连贯性", "友好性", "有害性", "专业性", "有用性"]  # by key


def test_without_files_nothing_is_read_and_files_need_their_sheets(specialty, tmp_path):
    assert read_back(Ratings(), None, [], {}, specialty=specialty, output=tmp_path) == ([], [])
    with pytest.raises(UserError, match="to which sheets do they belong"):
        read_back(Ratings(files=["x.json"]), None, [], {}, specialty=specialty, output=tmp_path)
