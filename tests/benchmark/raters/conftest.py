import csv
import io
import json
from pathlib import Path

import pytest

from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import Prediction
from hypnos.benchmark.raters.sheet import make_sheets
from hypnos.benchmark.raters.study import Study
from hypnos.specialty.folder import read_specialty

ATTACK = "</script><script>document.title='stolen'</script><img src=x onerror=\"document.title='stolen'\"><!--"


def answered(item, answer):
    return Prediction(item=item, prompt="", raw=answer, answer=answer, finished=True, tokens=1)


def questions(count, task="aneqa", **more):
    kind = more.pop("kind", "question")
    return [
        Item(id=f"{task}-{n}", kind=kind, question=f"{task} 第{n}题？", answers=(f"参考{n}",), **more)
        for n in range(count)
    ]


@pytest.fixture(scope="session")
def specialty():
    return read_specialty(Path(__file__).parents[3] / "specialty" / "anesthesia")


@pytest.fixture
def made(tmp_path, specialty):
    """Make sheets of six questions and two of one passage, by three models; returns the folder."""

    def make(name="sheets", *, tasks=None, texts=None, **settings):
        tasks = tasks or {
            "aneqa": questions(6),
            "anerc": questions(2, "anerc", kind="reading", passage="患者，65岁。", group="p1"),
        }
        texts = texts or {
            "hypnos-7b": lambda item: f"{item.id}：丹曲林。",
            "gpt-4": lambda item: f"我是ChatGPT。{item.id}：阿托品。{ATTACK}",
            "base": lambda item: "",
        }
        predictions = {
            task: {model: [answered(item.id, text(item)) for item in items] for model, text in texts.items()}
            for task, items in tasks.items()
        }
        folder = tmp_path / name
        folder.mkdir()
        study = Study(**{"raters": ["张医生", "b"], "calibration": 2, "overlap": 2, **settings})
        make_sheets(folder, study=study, tasks=tasks, predictions=predictions, specialty=specialty)
        return folder

    return make


@pytest.fixture
def page_of():
    """What a rater's page holds."""

    def read(folder, rater):
        text = (folder / "hand_out" / f"{rater}.html").read_text("utf-8")
        start = '<script type="application/json" id="sheet">'
        return json.loads(text.split(start)[1].split("</script>")[0])

    return read


@pytest.fixture
def filled_in(page_of):
    """What a page would export; `score` says what is given to an answer on an indicator."""

    def export(folder, rater, score=lambda answer, indicator: 7, **more):
        page = page_of(folder, rater)
        done = {}
        for question in page["questions"]:
            answers = {}
            for answer in question["answers"]:
                asked = [one["key"] for one in page["indicators"] if question["kind"] in one["kinds"]]
                scores = {key: score(answer, key) for key in asked}
                scores = {key: value for key, value in scores.items() if value is not None}
                answers[answer["id"]] = {"scores": scores, "severe": [], "note": ""}
            done[question["id"]] = {"seconds": 30, "changed": 1, "answers": answers}
        result = {"format": page["ratings"], "sheet": page["sheet"], "rater": rater, "questions": done, **more}
        file = folder / f"export_{rater}.json"
        file.write_text(json.dumps(result, ensure_ascii=False), "utf-8")
        return file

    return export


@pytest.fixture
def table():
    """A rater's table filled in, saved as some spreadsheet would."""

    def fill(folder, rater, *, score="7", encoding="utf-8-sig", delimiter=",", change=None, name=None):
        text = (folder / "hand_out" / f"{rater}.csv").read_text("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text)))
        head = rows[0]
        scales = [at for at, title in enumerate(head) if "越" in title]
        for row in rows[1:]:
            for at in scales:
                row[at] = row[at] or score
        if change:
            change(head, rows)
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter).writerows(rows)
        file = folder / (name or f"filled_{rater}.csv")
        file.write_bytes(out.getvalue().encode(encoding))
        return file

    return fill
