"""Gathers what a run made, records, funnel, page and data card, into the artefact `instructions`."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from hypnos.artefacts.keys import content_key, file_key
from hypnos.artefacts.store import artefact_folder, make_once
from hypnos.corpus.decisions import STEP, decide_alone, overall_grade
from hypnos.corpus.selection import Selection
from hypnos.curation.card import write_card
from hypnos.curation.funnel import diversity_rows, funnel_rows, make_funnel, score_rows
from hypnos.curation.local_words import carrying_local_words
from hypnos.curation.pairs.outcome import PREFERENCES, PairSteps, pair_rows
from hypnos.curation.pipeline.run_steps import KEPT, REJECTED, StepArtefact
from hypnos.curation.shards import write_shards
from hypnos.report.figures.funnel_plot import funnel_bars, threshold_curve
from hypnos.report.pages.funnel_page import Sample, Table, write_funnel_page
from hypnos.specialty.folder import Specialty

FORMAT = 1
SAMPLES = 3
"""Removed records shown for each step and reason."""
SHOWN = 1200
"""Characters of each."""
HIDDEN = ("step", "reason", "parents", "duplicate_text", "benchmark_text", "review", "before_review")
"""Fields that are not shown: what stands beside the record, names of reviewers, and texts of others, whose marks are
not known here."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The artefact `instructions`.

    Attributes:
        directory: the artefact.
        funnel: what stands in ``funnel.json``.
        pairs: likewise, of second answers and pairs; empty where none were asked for.
    """

    directory: Path
    funnel: list[dict[str, Any]]
    pairs: Mapping[str, Any]

    @property
    def records(self) -> Path:
        """A source for train.py: what is kept, and beside it what is not, with step and reason."""
        return self.directory / "records"

    @property
    def kept(self) -> Path:
        return self.records / KEPT

    @property
    def rejected(self) -> Path:
        return self.records / REJECTED

    @property
    def preferences(self) -> Path:
        """A source of pairs for train.py, where they were asked for."""
        return self.directory / PREFERENCES

    @property
    def shards(self) -> Path:
        """The same records in shards, where they were asked for."""
        return self.directory / "shards"

    @property
    def page(self) -> Path:
        return self.directory / "funnel.html"


def write_outcome(
    finished: Sequence[StepArtefact],
    *,
    artefacts: Path,
    output: Path,
    specialty: Specialty,
    selection: Selection | None,
    pairs: PairSteps | None = None,
    shards: Mapping[str, Any] | None = None,
) -> Outcome:
    """Put together what the steps left; made once for the same steps.

    Args:
        finished: the steps' artefacts, in their order.
        artefacts: where it is kept.
        output: folder of this run, which notes where that is.
        specialty: named in the data card; its topics are in its own order.
        selection: for the curve over thresholds, where the last step selected.
        pairs: second answers, where pairs are wanted too.
        shards: how records are written once more; see `write_shards`.
    """
    funnel = make_funnel(finished)
    content = [file_key(step.directory / name) for step in finished for name in (KEPT, REJECTED)]
    chosen = selection.key() if selection else None
    content_of_all = {"format": FORMAT, "steps": content, "funnel": funnel, "selection": chosen}
    if pairs:
        content_of_all["pairs"] = pairs.key()
    if shards:
        content_of_all["shards"] = shards
    directory = artefact_folder(artefacts, "instructions", content_key(content_of_all))

    def write(folder: Path) -> None:
        _gather(finished, folder)
        if shards:
            write_shards(folder / "records", folder / "shards", shards)
        made = pairs.write(folder / PREFERENCES) if pairs else {}
        pictures = [folder / "funnel.png"]
        funnel_bars(pictures[0], funnel)
        curve = (
            list(yield_by_threshold(_scored(finished), selection, dollars(funnel)))
            if selection and len(finished) > 1
            else []
        )
        if selection and curve:
            pictures.append(folder / "thresholds.png")
            threshold_curve(pictures[1], curve, chosen=selection.threshold)
        _json(folder / "funnel.json", {"funnel": funnel, "thresholds": curve} | ({"pairs": made} if pairs else {}))
        write_funnel_page(
            folder / "funnel.html",
            title=f"{specialty.name}: {funnel[-1]['out']:,} instructions kept",
            lead=f"{len(funnel)} steps, US$ {dollars([*funnel, *made.get('funnel', ())]):.2f} in all.",
            tables=[*_tables(funnel, [topic.key for topic in specialty.topics]), *_pair_tables(made)],
            pictures=pictures,
            samples=list(rejected_samples(finished)),
        )
        write_card(folder / "README.md", funnel, specialty=specialty.name, records=folder / "records", pairs=made)

    make_once(directory, write)
    outcome = Outcome(directory, funnel, _read_pairs(directory) if pairs else {})
    output.mkdir(parents=True, exist_ok=True)
    _json(output / "outcome.json", {"directory": str(directory), "kept": str(outcome.kept)})
    return outcome


def _scored(finished: Sequence[StepArtefact]) -> StepArtefact:
    """What the step that selects has read."""
    return finished[[step.name for step in finished].index(STEP) - 1]


def dollars(funnel: Sequence[Mapping[str, Any]]) -> float:
    """Dollars of all replies that were used."""
    return sum(spend["usd"] for entry in funnel for spend in entry["notes"].get("spend", {}).values())


def yield_by_threshold(scored: StepArtefact, selection: Selection, usd: float) -> Iterator[dict[str, float]]:
    """How many records each threshold would keep, and what each of them then cost; asks nobody."""
    if selection.compares or selection.scorers == "none":
        return
    grades: Counter[float] = Counter()
    without = 0
    floors = selection.at(0.0)
    for row in scored.kept:
        if decide_alone(floors, row) is None:
            overall = overall_grade(selection, row)
            if overall is None:
                without += 1
            else:
                grades[overall] += 1
    for step in range(21):
        threshold = step / 2
        kept = without + sum(count for grade, count in grades.items() if grade >= threshold)
        yield {"threshold": threshold, "kept": kept, "usd_per_record": round(usd / kept, 6) if kept else 0.0}


def rejected_samples(finished: Sequence[StepArtefact]) -> Iterator[Sample]:
    """The first few records of each step and reason, since pages are passed on: none with `egress: local`, no text with
    words of such a one, and no text that a record was compared with."""
    candidates: list[tuple[str, str, str]] = []
    for step in finished:
        number: Counter[str] = Counter()
        for row in step.rejected:
            if number[row["reason"]] < SAMPLES and row.get("egress", "any") == "any":
                number[row["reason"]] += 1
                content = {name: value for name, value in row.items() if value not in ("", [], None)}
                shown = {name: value for name, value in content.items() if name not in HIDDEN}
                shown_text = orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()
                candidates.append((step.name, row["reason"], shown_text))
    every_row = chain(finished[0].kept, *(step.rejected for step in finished), finished[-1].kept)
    local = carrying_local_words([text for _, _, text in candidates], every_row)
    for at, (name, reason, text) in enumerate(candidates):
        if at not in local:
            yield Sample(name, reason, text if len(text) <= SHOWN else f"{text[:SHOWN]} …")


def publish(settings: Mapping[str, Any] | None, outcome: Outcome, *, build: Callable[..., Any]) -> None:
    """Send counts and pictures of counts elsewhere, on request."""
    if settings:
        files = [
            file
            for name in ("funnel.json", "funnel.png", "thresholds.png")
            if (file := outcome.directory / name).is_file()
        ]
        build(settings).publish(outcome.funnel, files=files, kept=outcome.kept, name=outcome.directory.name)


def _gather(finished: Sequence[StepArtefact], folder: Path) -> None:
    """Kept records as they are; rejected ones of all steps in one file; what is no record, aside."""
    (folder / "records").mkdir()
    source = finished[-1].directory / KEPT
    try:
        os.link(source, folder / "records" / KEPT)  # no second copy of a large file
    except OSError:
        shutil.copyfile(source, folder / "records" / KEPT)
    with (folder / "records" / REJECTED).open("wb") as records, (folder / "aside.jsonl").open("wb") as aside:
        for step in finished:
            for row in step.rejected:
                is_record = row.get("instruction") and row.get("output")
                (records if is_record else aside).write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def _tables(funnel: Sequence[Mapping[str, Any]], topics: Sequence[str]) -> list[Table]:
    tables = [Table("Funnel", *funnel_rows(funnel))]
    for axis in ("authors", "topics"):
        there = {name for entry in funnel for name in entry[axis]}
        names = [*(topic for topic in topics if topic in there), *sorted(there - set(topics))]
        rows = [[name or "none", *(f"{entry[axis].get(name, 0):,}" for entry in funnel)] for name in names]
        tables.append(Table(f"Kept, by {axis[:-1]}", [axis[:-1], *(entry["step"] for entry in funnel)], rows))
    for entry in funnel:
        if entry["notes"].get("diversity"):
            tables.append(Table("Diversity", *diversity_rows(entry["notes"])))
        if entry["notes"].get("distribution"):
            tables.append(Table("Scores", *score_rows(entry["notes"])))
            tables += _noise(entry["notes"])
    return tables


def _pair_tables(pairs: Mapping[str, Any]) -> Iterator[Table]:
    if pairs:
        yield Table("Second answers", *funnel_rows(pairs["funnel"]))
        yield Table("Preference pairs", *pair_rows(pairs))


def _read_pairs(directory: Path) -> Mapping[str, Any]:
    return orjson.loads((directory / "funnel.json").read_bytes())["pairs"]


def _noise(notes: Mapping[str, Any]) -> Iterator[Table]:
    parts = {
        "Spread between repeats (standard deviation of one scorer on one record)": notes["repeat_sd"],
        "Self-preference: own records, own score less that of the others": notes["self_preference"]["own_records"],
        "For comparison: records of others, own score less that of the others": notes["self_preference"][
            "records_of_others"
        ],
    }
    for title, means in parts.items():
        rows = [
            [
                scorer,
                aspect,
                f"{mean['mean']:.2f}",
                f"{mean['low']:.2f} to {mean['high']:.2f}" if "low" in mean else "-",
                str(mean["n"]),
            ]
            for scorer, aspects in means.items()
            for aspect, mean in aspects.items()
        ]
        yield Table(title, ["scorer", "aspect", "mean", "95 %", "n"], rows)


def _json(path: Path, content: Any) -> None:
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
