"""filter.py on guidelines as hospitals have them, a PDF and a DOCX, with two models behind real HTTP."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hypnos.corpus.files import read_rows

ROOT = Path(__file__).parents[1]
HEAD = ("药物", "插管剂量", "起效时间")
DRUGS = [
    ("罗库溴铵", "0.6～1.2 mg/kg", "60～90 s"),
    ("顺阿曲库铵", "0.1～0.2 mg/kg", "3～5 min"),
    ("维库溴铵", "0.08～0.12 mg/kg", "3～4 min"),
]
MONITORING = "使用肌松药的患者应当常规监测肌松，拔管前四个成串刺激比值应不低于 0.9，仅凭抬头试验判断并不可靠。"
REVERSAL = "舒更葡糖钠直接包裹罗库溴铵和维库溴铵，对顺阿曲库铵和琥珀胆碱无效，剂量按阻滞的深度选择。"
PREGNANCY = "妊娠期使用硫酸镁的患者对非去极化肌松药更敏感，应当减量给药，术后继续观察呼吸功能。"


@pytest.fixture
def guidelines(tmp_path) -> Path:
    """Of textbook values, written for this test, not for clinical use."""
    pymupdf, docx = pytest.importorskip("pymupdf"), pytest.importorskip("docx")
    folder = tmp_path / "guidelines"
    folder.mkdir()
    with pymupdf.open() as document:
        document.new_page().insert_text((60, 60), MONITORING, fontname="china-s", fontsize=9)
        page = document.new_page()
        for number, row in enumerate((HEAD, *DRUGS)):
            for column, text in enumerate(row):
                box = pymupdf.Rect(40 + 160 * column, 60 + 24 * number, 200 + 160 * column, 84 + 24 * number)
                page.draw_rect(box)
                page.insert_text((box.x0 + 6, box.y1 - 8), text, fontname="china-s", fontsize=8)
        document.save(folder / "肌松.pdf")
    document = docx.Document()
    document.add_paragraph(REVERSAL).add_run().add_break(docx.enum.text.WD_BREAK.PAGE)
    document.add_paragraph(PREGNANCY)
    document.save(folder / "拮抗.docx")
    return folder


@pytest.fixture
def authors():
    """Two models at one address; a server that writes of a passage what stands in it."""
    server = ROOT / "tests/curation/author_server.py"
    process = subprocess.Popen([sys.executable, str(server)], stdout=subprocess.PIPE, text=True)
    address = f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    words = {"name": "{0}", "model": "hosted_vllm/{0}", "address": address}
    yield [
        *(f"llm@authors.{name}=openai_compatible" for name in ("first", "second")),
        *(f"authors.{name}.{key}={value.format(name)}" for name in ("first", "second") for key, value in words.items()),
    ]
    process.kill()
    process.wait()


@pytest.mark.slow
def test_each_record_names_the_page_that_it_stands_on(guidelines, authors, tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "filter.py"), "input=documents", f"input.path={guidelines}", *authors],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (records,) = tmp_path.glob("artefacts/instructions-*/records")
    lines = [line for file in records.glob("*.jsonl") for line in file.read_text("utf-8").splitlines()]
    rows = [json.loads(line) for line in lines]
    pages = {row["id"]: row for file in sorted(guidelines.iterdir()) for _, row in read_rows(str(file))}
    for row in rows:
        page = pages[row["passage"]]
        assert (row["page"], row["source"]) == (page["page"], page["source"])
        assert row["passage"] == f"{Path(page['source']).stem}-p{row['page']}"
    stands = {row["output"]: (row["source"], row["page"]) for row in rows}
    expected = {MONITORING: ("肌松.pdf", 1), REVERSAL: ("拮抗.docx", 1), PREGNANCY: ("拮抗.docx", 2)}
    for name, dose, onset in DRUGS:
        expected[f"{name}的插管剂量为{dose}，起效时间为{onset}。"] = ("肌松.pdf", 2)
    assert stands == expected
    kept = [json.loads(line) for line in (records / "kept.jsonl").read_text("utf-8").splitlines()]
    assert {row["source"] for row in kept} == {"肌松.pdf", "拮抗.docx"}
    assert all(row["scores"] for row in kept)
