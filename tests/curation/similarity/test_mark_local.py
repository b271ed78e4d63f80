"""Copies of local records become local, wherever they stand, block by block as all at once."""

import json

import pytest

from hypnos.curation.pipeline.run_steps import run_steps
from hypnos.curation.pipeline.step import Step
from hypnos.curation.similarity.mark_local import MARKED, MarkLocal, holds_both

CASE = "患者夜间突发呼吸困难，端坐位，双肺满布湿啰音，给予吸氧与呋塞米后缓解。"


def row(number, output, egress="any", **more):
    return {
        "id": str(number),
        "instruction": f"第{number}问？",
        "input": "",
        "output": output,
        "egress": egress,
        **more,
    }


ROWS = [
    row(1, CASE.replace("缓解", "好转")),
    row(2, "全身麻醉前应禁食，以免误吸。"),
    row(3, CASE, "local"),
    row(4, "术前评估包括病史与体格检查。", history=[["讲一个病例", CASE]]),
    row(5, "先吸氧。", system=f"你是医生。{CASE}"),
    {"id": "6", "text": f"病例六。{CASE}", "egress": "any"},
]


class Given(Step):
    name = "read"

    def __init__(self, rows):
        self.rows = rows

    def key(self):
        return {"rows": json.dumps(self.rows)}

    def run(self, rows, reject):
        yield from ([] if rows is None else self.rows)


def test_copies_are_marked_before_and_after_the_local_one_and_counted(tmp_path):
    read, marked = run_steps([Given(ROWS), MarkLocal()], artefacts=tmp_path)
    kept = list(marked.kept)
    assert [one["egress"] for one in kept] == ["local", "any", "local", "local", "local", "local"]
    assert [{**one, "egress": 0} for one in kept] == [{**one, "egress": 0} for one in ROWS]
    assert kept == list(MarkLocal().run(list(read.kept), reject=None))
    assert marked.counts()["notes"] == {"marked": {MARKED: 4}} and not list(marked.rejected)


def test_a_system_turn_that_stands_above_open_records_too_makes_none_of_them_local():
    house = "你是麻醉科助手，回答要简明、准确，剂量注明单位，不确定时请说明，并建议咨询上级医师。"
    rows = [
        row(1, CASE, "local", system=house),
        row(2, "全身麻醉前应禁食，以免误吸。", system=house),
        row(3, "术前评估包括病史与体格检查。", system=house),
        row(4, CASE.replace("缓解", "好转"), system=house),
    ]
    assert [one["egress"] for one in MarkLocal().run(rows, reject=None)] == ["local", "any", "any", "local"]
    alone = f"病历：{CASE}"
    rows = [row(1, "可以。", "local", system=alone), row(2, f"先读病历。{CASE}")]
    assert [one["egress"] for one in MarkLocal().run(rows, reject=None)] == ["local", "local"]


@pytest.mark.parametrize(
    ("rows", "both"), [(ROWS, True), (ROWS[2:3], False), (ROWS[:2], False), ([row(1, '"egress":"local"')], False)]
)
def test_it_is_wanted_where_some_are_marked_and_others_are_not(tmp_path, rows, both):
    (read,) = run_steps([Given(rows)], artefacts=tmp_path)
    assert holds_both(read.directory / "kept.jsonl") is both
