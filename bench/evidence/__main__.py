"""Try the claims that need no training, read the others from what is there, and write the claim sheet.

`python -m bench.evidence`; a second run writes the same bytes.
"""

import argparse
from pathlib import Path

from bench.evidence.earlier import try_earlier
from bench.evidence.page import write_page
from bench.evidence.scores import try_scores
from bench.evidence.settings import read_settings
from bench.promise import ROOT, SHARED
from bench.study.section import read_section
from hypnos.errors import one_line


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.evidence", description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of the public sets")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/results.md", help="where the sheet is written")
    asked = parser.parse_args()
    with one_line(reraise=False):
        write_sheet(asked.data.resolve(), asked.page)


def write_sheet(data: Path, page: Path) -> None:
    """Measure what needs no training, and write the sheet."""
    scores, study = read_settings("scores"), read_settings("study")
    found, tables = try_scores(data, scores)
    earlier = try_earlier(read_section(page.read_text("utf-8") if page.is_file() else ""), study)
    write_page(page, [(scores, found), (study, earlier)], tables)


if __name__ == "__main__":
    main()
