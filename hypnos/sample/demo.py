"""Says after `make demo` what its figures mean: `python -m hypnos.sample.demo`.

A random Llama of 1.7 million parameters that sees 600 pairs cannot answer: most columns of the report are zeros, and
should be. What shows that it has learnt comes first: the bits that held-out answers take, and the letters of choice
questions by likelihood.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hypnos.errors import UserError, one_line
from hypnos.report.tables.terminal import text_table

MODELS = ("base", "vocabulary", "general", "anesthesia")

HELD_OUT = (
    ("anesthesia", "falls at each step: 28, 10, 8, 7"),
    ("general", "falls, and rises a little after the last stage: what it forgets"),
)

NUMBERS = (
    (
        "anecq/choice",
        "accuracy_likelihood",
        "letters by likelihood, anecq",
        "near a fifth throughout: knows no medicine",
    ),
    ("general/choice", "accuracy_likelihood", "letters by likelihood, general", "near a fifth throughout"),
    ("aneqa/characters", "rouge_l", "written answers: ROUGE-L", "0 to 6: frequent characters, no sentences"),
    ("anerc/characters", "f1", "answers from passages: F1", "0 to 2, for the same reason"),
    ("anecq/choice", "accuracy", "written letters, anecq", "0: it writes no letter, so that none can be read"),
    ("general/choice", "accuracy", "written letters, general", "0, for the same reason"),
)
"""Table and metric of ``numbers.csv``, what a reader calls it, and what to expect."""


def main() -> None:
    """Print the figures of the newest training and evaluation below `outputs`."""
    with one_line(reraise=False):
        head = ["what was measured", *MODELS, "to be expected of a model so small"]
        print(f"\n{text_table(head, list(rows(Path('outputs'))))}\n")


def rows(outputs: Path) -> Iterator[Sequence[str]]:
    """A row a measure: a value for each model, and what to expect.

    Raises:
        UserError: there is no finished training or evaluation.
    """
    results = json.loads(_newest(outputs, "general_to_specific/*/results.json").read_text("utf-8"))
    measures = {model["name"]: model["measures"] for model in results}
    for name, expected in HELD_OUT:
        bits = {model: f"{sets[name]['bits_per_char']:.2f}" for model, sets in measures.items() if name in sets}
        yield _row(f"held-out {name}, bits a character", bits, expected)
    with _newest(outputs, "evaluate/*/numbers.csv").open(encoding="utf-8-sig", newline="") as stream:
        numbers = {
            (line["table"], line["metric"], line["model"]): float(line["value"]) for line in csv.DictReader(stream)
        }
    for table, metric, title, expected in NUMBERS:
        values = {m: f"{100 * numbers[table, metric, m]:.1f} %" for m in MODELS if (table, metric, m) in numbers}
        yield _row(title, values, expected)


def _row(title: str, values: Mapping[str, str], expected: str) -> list[str]:
    return [title, *(values.get(model, "") for model in MODELS), expected]


def _newest(outputs: Path, pattern: str) -> Path:
    files = sorted(outputs.glob(pattern), key=lambda file: file.stat().st_mtime)
    if not files:
        raise UserError(f"{outputs / pattern}: nothing there yet: make demo trains and evaluates first")
    return files[-1]


if __name__ == "__main__":
    main()
