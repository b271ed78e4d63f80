"""Makes the funnel: what went into each step, what came out, why the rest did not, and what it cost."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypnos.curation.pipeline.run_steps import StepArtefact
from hypnos.report.tables.terminal import text_table


def make_funnel(artefacts: Sequence[StepArtefact]) -> list[dict[str, Any]]:
    """One entry a step, in their order, as JSON can hold it."""
    return [{"step": artefact.name, **artefact.counts()} for artefact in artefacts]


def funnel_table(funnel: Sequence[Mapping[str, Any]]) -> str:
    """The funnel for a terminal."""
    return text_table(*funnel_rows(funnel))


def funnel_rows(funnel: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the funnel: a line for each step, each reason, and what was left out or marked."""
    rows = []
    for entry in funnel:
        spend = entry["notes"].get("spend", {})
        usd = sum(model["usd"] for model in spend.values())
        replies = sum(model["replies"] for model in spend.values())
        share = f"{100 * entry['out'] / entry['in']:.0f} %" if entry["in"] else "-"
        cost = [f"{replies:,}" if spend else "", f"{usd:.4f}" if spend else ""]
        rows.append([entry["step"], f"{entry['in']:,}", f"{entry['out']:,}", share, *cost])
        for reason, count in sorted(entry["rejected"].items(), key=lambda pair: (-pair[1], pair[0])):
            rows.append([f"  {reason}", "", f"-{count:,}", "", "", ""])
        for what, count in sorted(entry["notes"].get("left_out", {}).items(), key=lambda pair: (-pair[1], pair[0])):
            rows.append([f"  left out: {what}", "", f"{count:,}", "", "", ""])
        for counts in (entry["notes"].get("marked", {}), entry["notes"].get("review", {})):
            rows += [[f"  {what}", "", f"{count:,}", "", "", ""] for what, count in sorted(counts.items())]
    return ["step", "in", "out", "kept", "replies", "US$"], rows


def diversity_rows(notes: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows: how unlike each other the questions are that authors wrote."""
    figures = notes["diversity"]
    commonest = f"{figures['commonest_opening']}, {100 * figures['commonest_share']:.1f} %"
    rows = [
        ["distinct openings", f"{100 * figures['distinct_openings']:.0f} %"],
        ["the commonest opening", commonest],
        ["ROUGE-L to the nearest other question, mean", f"{figures['nearest_mean']:.2f}"],
        ["the same, for a tenth at least", f"{figures['nearest_tenth']:.2f}"],
    ]
    return ["diversity of questions", ""], rows


def score_table(notes: Mapping[str, Any]) -> str:
    """The scores for a terminal."""
    return text_table(*score_rows(notes))


def score_rows(notes: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows: mean, and share of the commonest value, for each aspect, by scorer and author."""
    rows = []
    aspects: list[str] = []
    for scorer, authors in notes.get("distribution", {}).items():
        for author, values in authors.items():
            aspects = aspects or list(values)
            cells = [_cell(values.get(aspect, {})) for aspect in aspects]
            rows.append([f"{scorer} on {author or 'no author'}", str(max(map(_count, values.values()))), *cells])
    return ["scores (mean, commonest)", "n", *aspects], rows


def _count(values: Mapping[str, int]) -> int:
    return sum(values.values())


def _cell(values: Mapping[str, int]) -> str:
    count = _count(values)
    if not count:
        return "-"
    mean = sum(float(value) * number for value, number in values.items()) / count
    commonest = max(values, key=lambda value: values[value])
    return f"{mean:.1f}, {commonest}: {100 * values[commonest] / count:.0f} %"
