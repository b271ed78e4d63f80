"""The three commands on a real base and real data, then a chat: `make demo-real BASE=<folder> DATA=<folder>`.

Each command line is printed before it runs, to be repeated and changed. Some 25 minutes on two cores.
"""

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hypnos.errors import UserError, one_line

GENERAL, SPECIALTY = "qa/general_medical_qa.jsonl", "qa/anesthesia_qa_dev.jsonl"
BOARD = "mcq/anesthesia_board_2017_2020.jsonl"

PLACES = ("paths.artefacts=outputs/demo-real/artefacts", "paths.outputs=outputs/demo-real")
OUTPUTS = Path("outputs/demo-real")

QUESTION = "全身麻醉前为什么要禁食？"


def main() -> None:
    """Filter, train, evaluate, and open a chat where there is someone to talk to."""
    parser = argparse.ArgumentParser(prog="python -m hypnos.sample.demo_real", description=__doc__)
    parser.add_argument("--base", type=Path, required=True, help="folder of SmolLM2-135M, or of another Llama")
    parser.add_argument("--data", type=Path, required=True, help=f"folder with {GENERAL}, {SPECIALTY} and {BOARD}")
    asked = parser.parse_args()
    with one_line(reraise=False):
        for file in (asked.base / "config.json", *(asked.data / name for name in (GENERAL, SPECIALTY, BOARD))):
            if not file.is_file():
                raise UserError(f"{file}: not there (make demo-real BASE=<folder> DATA=<folder>)")
        for command in commands(asked.base.resolve(), asked.data.resolve()):
            print(f"\n$ {shlex.join(['python', *command])}", flush=True)
            if status := subprocess.run([sys.executable, *command], check=False).returncode:
                sys.exit(status)


def commands(base: Path, data: Path) -> Iterator[Sequence[str]]:
    """The command lines in their order; each is made when those before it have run."""
    board = ("tasks=[anecq,aneqa]", f"tasks.anecq.path={data / BOARD}")
    yield (
        "filter.py",
        f"input={data / GENERAL}",
        "input.limit=4000",
        "steps=[clean,deduplicate,decontaminate,fit,select]",
        "selection=rules",
        *board,
        *PLACES,
    )
    outcome = newest(OUTPUTS.glob("filter/*/outcome.json"))
    records = Path(json.loads(outcome.read_text("utf-8"))["directory"]) / "records"
    yield (
        "train.py",
        "model=smollm2_135m",
        f"model.path={base}",
        f"sources.general.path={records}",
        "sources.general.limit=800",
        f"sources.anesthesia.path={data / SPECIALTY}",
        "sources.anesthesia.holdout=0.3",
        "heldout.general.max_heldout=40",
        "answers.max_new_tokens=32",
        *PLACES,
    )
    yield (
        "evaluate.py",
        *board,
        "tasks.anecq.limit=48",
        "tasks.aneqa.limit=8",
        "tasks.aneqa.max_new_tokens=64",
        *PLACES,
    )
    results = newest(OUTPUTS.glob("general_to_specific/*/results.json"))
    stage = json.loads(results.read_text("utf-8"))[-1]["directory"]
    yield ("-m", "hypnos.chat", stage, *(() if sys.stdin.isatty() else ("--prompt", QUESTION)))


def newest(files: Iterable[Path]) -> Path:
    """The newest of some files, written by the command before."""
    return max(files, key=lambda file: file.stat().st_mtime)


if __name__ == "__main__":
    main()
