import csv
import hashlib
import json

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
        "key.json": "c89712342fa92c16",
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


def rate(make_task, filled_in, specialty, tmp_path, here, *, allow_missing=False, keyed=True):
    """Rate the answers of `PREDICTIONS`, and read the ratings into a run with other models or answers."""
    task, study = make_task(ROWS), Study(raters=["b"], calibration=1, overlap=1)
    folder = sheets_for(study, [task], PREDICTIONS, specialty=specialty, artefacts=tmp_path)
    if not keyed:
        key = json.loads((folder / "key.json").read_text("utf-8"))
        key.pop("answers", None)
        (folder / "key.json").write_text(json.dumps(key), "utf-8")
    file = filled_in(folder, "b", lambda answer, key: 1 if "阿托品" in answer["text"] else 8)
    given = Ratings(files=[str(file)], sheets=str(folder))
    numbers, _ = read_back(given, None, [task], {"own": here}, specialty=specialty, output=tmp_path)
    return {(one.model, one.item): one.scores["professionalism"] for one in numbers}


RATED = {("ours", "q1"): 8, ("ours", "q2"): 8, ("other", "q1"): 1, ("other", "q2"): 8}


def test_ratings_follow_an_answer_to_the_name_its_model_has_now(make_task, filled_in, specialty, tmp_path, caplog):
    own = PREDICTIONS["own"]
    here = {
        "run1/other": own["other"],
        "ours": own["ours"],
        "run2/other": [answered("q1", "无。"), answered("q2", "无。")],
    }
    renamed = {(model.replace("other", "run1/other"), item): score for (model, item), score in RATED.items()}
    assert rate(make_task, filled_in, specialty, tmp_path, here) == renamed
    assert "ratings of other on own are those of run1/other: the answers are the same" in caplog.text


def test_ratings_follow_an_answer_whose_models_name_another_has_now(make_task, filled_in, specialty, tmp_path):
    own = PREDICTIONS["own"]
    here = {"first": own["other"], "other": [answered("q1", "无。"), answered("q2", "无。")], "ours": own["ours"]}
    renamed = {(model.replace("other", "first"), item): score for (model, item), score in RATED.items()}
    assert rate(make_task, filled_in, specialty, tmp_path, here) == renamed


@pytest.mark.parametrize("keyed", [True, False])
def test_ratings_of_models_and_questions_that_are_not_here_are_left_out(
    make_task, filled_in, specialty, tmp_path, caplog, keyed
):
    here = {"ours": PREDICTIONS["own"]["ours"][:1], "new": [answered("q1", "不知道。")]}
    found = rate(make_task, filled_in, specialty, tmp_path, here, keyed=keyed)
    assert found == {("ours", "q1"): 8}
    assert "ratings of own: 1 of questions that are not asked now, left out" in caplog.text
    assert "ratings of other on own are left out: this run has no such model, nor its answers" in caplog.text
    with pytest.raises(UserError, match=r"none of what .*export_b.json rates is an answer of this run"):
        rate(make_task, filled_in, specialty, tmp_path, {"new": here["new"]}, keyed=keyed)


def test_ratings_of_models_that_were_stopped_do_not_keep_the_report_from_being_written(
    make_task, filled_in, specialty, tmp_path
):
    assert rate(make_task, filled_in, specialty, tmp_path, {}) == {}


def test_ratings_of_another_answer_under_the_same_name_are_refused(make_task, filled_in, specialty, tmp_path):
    here = {**PREDICTIONS["own"], "ours": [answered("q1", "丹曲林。"), answered("q2", "术前两天。")]}
    with pytest.raises(UserError, match="ratings: ours gives another answer to q2 of own than the one that b rated"):
        rate(make_task, filled_in, specialty, tmp_path, here)
