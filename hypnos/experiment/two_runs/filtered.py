"""Compares two runs of filter.py: the funnel step by step, which records both kept, and scores of what both scored."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.corpus.files import read_rows
from hypnos.corpus.scores import ASPECTS, Grades, read_grades
from hypnos.errors import UserError
from hypnos.experiment.two_runs.folder import OUTCOME, FinishedRun
from hypnos.report.results import Note, PairedTest
from hypnos.report.statistics.paired_tests import compare, correct
from hypnos.report.tables.paired_note import paired_note
from hypnos.report.tables.table import Column, Grid

SCALE = Column(name="score", better="neither", scale=1.0, digits=2)


@dataclass(frozen=True, slots=True)
class Records:
    """Records of a run by id: those kept, and all that were scored, each with its group and its grades."""

    kept: frozenset[str]
    grades: Mapping[str, Grades]
    groups: Mapping[str, str]


def funnel_counts(run: FinishedRun) -> dict[str, Any]:
    """The key of what came out, and for each step the records that went in, that were kept, and why others were not."""
    folder = _instructions(run)
    rows: dict[str, Any] = {"instructions: key": folder.name.rpartition("-")[2]}
    for entry in json.loads((folder / "funnel.json").read_text("utf-8"))["funnel"]:
        step = entry["step"]
        rows |= {f"{step}: in": entry["in"], f"{step}: kept": entry["out"]}
        rows |= {f"{step}: {reason}": count for reason, count in sorted(entry["rejected"].items())}
        for model, spend in entry["notes"].get("spend", {}).items():
            rows[f"{step}: {model}: replies"] = spend["replies"]
            rows[f"{step}: {model}: US$"] = round(spend["usd"], 4)
    return rows


def compare_filtered(first: FinishedRun, second: FinishedRun) -> tuple[list[Grid], list[Note], list[str]]:
    """How the kept records overlap, and paired tests of grades on records that both runs scored."""
    one, other = map(_read_records, (first, second))
    both = one.kept & other.kept
    rows = [
        ("kept in both", str(len(both))),
        (f"kept in {first.name} alone", str(len(one.kept - both))),
        (f"kept in {second.name} alone", str(len(other.kept - both))),
    ]
    notes = [Note(title="Records, by id", head=("", "records"), rows=tuple(rows))]
    scored = [record for record in one.grades if one.grades[record].keys() & other.grades.get(record, {}).keys()]
    if not scored:
        return [], notes, ["scores: no record was scored by one scorer in both runs"]
    groups = [one.groups[record] for record in scored]
    tests = []
    for aspect in ASPECTS:
        pairs = [_mean_grades(one.grades[record], other.grades[record], aspect) for record in scored]
        values = list(zip(*pairs))
        tests.append((aspect, compare(values[0], values[1], groups, bounds=(0.0, 10.0))))
    tests = [(aspect, test) for aspect, test in tests if test.n]
    # Aspects of one rubric are one family of tests.
    corrected = correct([0] * len(tests), [test for _, test in tests])
    laid_out = [
        (SCALE, PairedTest(measure=aspect, first=first.name, second=second.name, comparison=test))
        for (aspect, _), test in zip(tests, corrected, strict=True)
    ]
    return (
        [],
        [
            *notes,
            paired_note("Scores of records by the scorers of both runs (higher is better)", laid_out, measure="aspect"),
        ],
        [],
    )


def _mean_grades(one: Grades, other: Grades, aspect: str) -> tuple[float | None, float | None]:
    """A record's mean grade in each run, by the scorers that gave it in both."""
    pairs = [
        (grades[aspect], other[scorer][aspect])
        for scorer, grades in one.items()
        if aspect in grades and aspect in other.get(scorer, {})
    ]
    if not pairs:
        return None, None
    first, second = (sum(values) / len(values) for values in zip(*pairs))
    return first, second


def _instructions(run: FinishedRun) -> Path:
    """The folder of the run's records, which its own folder names."""
    named = run.locate(json.loads((run.folder / OUTCOME).read_text("utf-8"))["directory"])
    if not (named / "funnel.json").is_file():
        raise UserError(f"{run.folder}: its records are gone: {named}")
    return named


def _read_records(run: FinishedRun) -> Records:
    records = _instructions(run) / "records"
    grades, groups, kept = {}, {}, set()
    for name in ("kept.jsonl", "rejected.jsonl"):
        file = records / name
        if not file.is_file() or not file.stat().st_size:
            continue
        for _, row in read_rows(str(file)):
            if isinstance(row, Mapping) and (record := str(row["id"])):
                if name == "kept.jsonl":
                    kept.add(record)
                groups[record] = str(row.get("group") or record)
                if graded := read_grades(row):
                    grades[record] = graded
    return Records(frozenset(kept), grades, groups)
