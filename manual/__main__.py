"""Writes what the site is made of, docs/ and the generated pages, into a folder: `python -m manual <folder>`."""

import argparse
import shutil
from pathlib import Path

from manual.pages import generated_pages

DOCS = Path(__file__).parents[1] / "docs"


def main(folder: Path) -> None:
    """Make the folder anew."""
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(DOCS, folder)
    for path, text in generated_pages().items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m manual", description=__doc__)
    parser.add_argument("folder", type=Path, help="is made anew")
    main(parser.parse_args().folder)
