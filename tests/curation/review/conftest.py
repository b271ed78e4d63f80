import json

import pytest

from hypnos.curation.review.pages import DECISIONS, pages_for
from hypnos.curation.review.settings import read_review

ATTACK = "</script><script>document.title='stolen'</script><img src=x onerror=\"document.title='stolen'\"><!--"
SETTINGS = {"reviewers": ["zhang", "li"], "records": None, "overlap": 1, "seed": 0, "title": "审核"}
MOMENT = 1_795_000_000_000  # 2026-11-18


def record(number, **more):
    texts = {"instruction": f"第{number}个问题？", "input": "", "output": f"第{number}个回答。{ATTACK}"}
    return {"id": f"a{number}", **texts, "history": [], "author": "secret-author", "scores": [{"scorer": "b"}], **more}


@pytest.fixture
def rows():
    return [record(number) for number in range(6)]


@pytest.fixture
def pages(tmp_path, rows):
    """Makes the pages of six records, or of others."""

    def make(records=None, count=None, **settings):
        review = read_review({**SETTINGS, "records": count, **settings})
        return pages_for(review, rows if records is None else records, artefacts=tmp_path / "artefacts")

    return make


@pytest.fixture
def hand_in(tmp_path):
    """Writes what a reviewer hands in: decisions by the id of the record."""

    def write(folder, reviewer, decisions, name="", **more):
        key = json.loads((folder / "key.json").read_text("utf-8"))
        sheet, entry = next((s, e) for s, e in key["sheets"].items() if e["reviewer"] == reviewer)
        own = {held["id"]: id for id, held in entry["records"].items()}
        records = {
            own.get(id, id): {"changed": MOMENT, "note": "", "texts": {}, "reason": "", **decision}
            for id, decision in decisions.items()
        }
        file = tmp_path / (name or f"{reviewer}.json")
        content = {"format": DECISIONS, "sheet": sheet, "reviewer": reviewer, "records": records, **more}
        file.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
        return file

    return write
