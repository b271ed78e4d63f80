"""The table of metrics: one row each, in agreement with the classes, and light enough for `--help`."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from hypnos.benchmark.metrics.table import METRICS, check_metrics, find_number
from hypnos.errors import UserError
from hypnos.specialty.folder import read_specialty

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("choice", "bleu", r"t\.metrics: bleu does not fit questions of kind choice \(fitting: accuracy, options, "),
        ("question", "accuracy", "does not fit"),
        (
            "reading",
            "blue",
            r"blue is unknown \(fitting: exact_match, f1, cmrc_official, bleu, gleu, rouge, distinct, safety, length, "
            r"unfinished\)$",
        ),
    ],
)
def test_a_metric_must_fit_the_kind(kind, name, message) -> None:
    with pytest.raises(UserError, match=message):
        check_metrics([name], kind=kind, task="t")
    check_metrics(["length", "unfinished"], kind=kind, task="t")


@pytest.mark.parametrize("measured_by", sorted({row.measured_by for row in METRICS}))
def test_a_class_measures_just_the_numbers_of_its_rows(measured_by, tmp_path) -> None:
    module, _, name = measured_by.partition(".")
    kind = getattr(import_module(f"hypnos.benchmark.metrics.{module}"), name)
    specialty = read_specialty(ROOT / "specialty" / "anesthesia")
    rows = [row for row in METRICS if row.measured_by == measured_by]
    for segmentation in {row.segmentation for row in rows}:
        metric = kind.make(specialty=specialty, segmentation=segmentation, folder=tmp_path)
        numbers = {number.name for row in rows if row.segmentation == segmentation for number in row.numbers}
        assert set(metric.signatures()) == numbers == {note.name for note in metric.notes()}


def test_labels_directions_and_headlines() -> None:
    assert find_number("bleu_4_corpus_words").label == "BLEU-4"
    assert find_number("accuracy_cmb").label == "Accuracy, cmb"
    assert find_number("accuracy_likelihood").label == "Accuracy by likelihood"
    assert find_number("acuracy") is None
    names = [number.name for row in METRICS for number in row.numbers]
    assert len(names) == len(set(names))
    assert {name for name in names if find_number(name).headline} == {"accuracy", "f1", "bleu_4", "rouge_l", "unsafe"}
    assert {name for name in names if find_number(name).better == "lower"} == {
        *("unparsed", "unsafe", "dose_tenfold", "dose_unit", "drug_confused", "empty", "unfinished"),
        *("out_of_context", "thought_cut"),
    }
    neither = [name for name in names if find_number(name).better == "neither"]
    assert neither == ["length", "thought", "thought_tokens"]


def test_reading_the_table_imports_nothing_heavy() -> None:
    heavy = {"torch", "numpy", "datasets", "evaluate", "transformers"}
    code = f"import hypnos.benchmark.metrics.table, sys; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
