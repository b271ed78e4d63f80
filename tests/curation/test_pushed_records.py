import json

import pytest

from hypnos.curation.pushed_records import push_records, records_to_push
from hypnos.errors import UserError

CARD = "# Data card: 麻醉学, 3 instructions\n\n**Not for clinical use.**\n"
ROWS = [
    {"id": "a", "instruction": "问", "output": "答", "egress": "any"},
    {"id": "b", "instruction": "院内", "output": "病例", "egress": "local"},
    {
        "id": "c",
        "instruction": "问二",
        "output": "改过",
        "review": [{"by": "zhang"}],
        "before_review": {"output": "原文"},
    },
]


@pytest.fixture
def artefact(tmp_path):
    def write(rows):
        folder = tmp_path / "instructions-1"
        (folder / "records").mkdir(parents=True)
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / "records" / "kept.jsonl").write_text(lines, "utf-8")
        (folder / "records" / "rejected.jsonl").write_text('{"output": "no"}\n')
        (folder / "README.md").write_text(CARD, "utf-8")
        return folder

    return write


def test_no_local_record_and_no_reviewer_s_name_goes(artefact, tmp_path):
    into = tmp_path / "into"
    into.mkdir()
    upload = records_to_push(artefact(ROWS), into)
    assert {file.name for file in into.iterdir()} == {"kept.jsonl", "README.md"}
    text = (into / "kept.jsonl").read_text("utf-8")
    assert [json.loads(line)["id"] for line in text.splitlines()] == ["a", "c"]
    assert not any(word in text for word in ("院内", "病例", "zhang", "原文"))
    card = (into / "README.md").read_text("utf-8")
    assert card.startswith("---\nlanguage: [zh]") and "1 of these records must not leave their house" in card
    assert upload.kind == "dataset" and upload.left_out[0] == "1 records marked `egress: local`"


def test_they_are_pushed_as_a_private_set(artefact, hub_server):
    server = hub_server()
    push_records(artefact(ROWS), "hub:owner/set")
    ((name, held),) = server.state()["repositories"].items()
    assert (name, held["private"]) == ("datasets/owner/set", True)
    assert "病例" not in json.dumps(held["files"], ensure_ascii=False)


def test_nothing_to_send_is_told(artefact, tmp_path):
    with pytest.raises(UserError, match=r"no record that may leave the machine \(1 are marked local\)"):
        records_to_push(artefact(ROWS[1:2]), tmp_path)
    with pytest.raises(UserError, match=r"no records of filter\.py"):
        records_to_push(tmp_path, tmp_path)
