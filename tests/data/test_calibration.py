import json

import pytest

from hypnos.artefacts.tokenizer_file import read_tokenizer_file
from hypnos.data.calibration import LENGTH, write_documents
from hypnos.errors import UserError


def lines(file):
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_documents_are_prompts_of_the_stages_template_with_their_answers(tmp_path, spoken):
    records = tmp_path / "records.jsonl"
    row = {"instruction": "何时停药？", "output": "术前七天。"}
    records.write_text(json.dumps(row, ensure_ascii=False) + "\n" + json.dumps({"text": "麻醉" * 900}) + "\n", "utf-8")
    write_documents(str(records), spoken, tmp_path / "documents.jsonl")
    first, *rest = lines(tmp_path / "documents.jsonl")
    tokenizer = read_tokenizer_file(spoken)
    turns = [{"role": "user", "content": "何时停药？"}, {"role": "assistant", "content": "术前七天。"}]
    assert first == tokenizer.apply_chat_template(turns, return_dict=True)["input_ids"]
    assert rest and all(len(document) <= LENGTH for document in rest)  # running text in parts


def test_without_a_record_that_fits_it_is_one_line(tmp_path, spoken):
    records = tmp_path / "records.jsonl"
    records.write_text(json.dumps({"instruction": "问" * 2000, "output": "答"}) + "\n", "utf-8")
    with pytest.raises(UserError, match=r"^--calibrate .*records\.jsonl: no record of it fits into 512 tokens$"):
        write_documents(str(records), spoken, tmp_path / "documents.jsonl")
