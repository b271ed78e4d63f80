"""A guideline of two pages with a table, written for this test; textbook values, not for clinical use."""

import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = """<meta charset="utf-8"><style>body{font-family:sans-serif} td,th{border:1px solid black;padding:4px}
.next{page-break-before:always}</style>
<h1>肌松监测</h1><p>拔管前以拇内收肌的四个成串刺激比值为准，比值不低于 0.9 时气道保护基本恢复。</p>
<table><tr><th>药物</th><th>诱导剂量</th><th>起效时间</th></tr>
<tr><td>罗库溴铵</td><td>0.6 mg/kg</td><td>60～90 s</td></tr>
<tr><td>顺阿曲库铵</td><td>0.15 mg/kg</td><td>3～5 min</td></tr></table>
<h1 class="next">拮抗</h1><p>舒更葡糖钠包裹罗库溴铵，使其不再作用于受体。</p>"""

CELLS = [
    ("药物", "诱导剂量", "起效时间"),
    ("罗库溴铵", "0.6 mg/kg", "60～90 s"),
    ("顺阿曲库铵", "0.15 mg/kg", "3～5 min"),
]


@pytest.fixture
def cells():
    """The cells of its table."""
    return [*CELLS]


@pytest.fixture(scope="session")
def guideline(tmp_path_factory) -> Path:
    """As a PDF, printed by a browser."""
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("no Chromium on this machine")
    folder = tmp_path_factory.mktemp("guideline")
    (folder / "page.html").write_text(PAGE, "utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    command += [f"--print-to-pdf={folder / '肌松监测.pdf'}", str(folder / "page.html")]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder / "肌松监测.pdf"
