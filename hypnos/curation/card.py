"""Writes the data card of a run: what was done, by which models, at what cost, and what is left to check."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypnos.curation.pipeline.run_steps import KEPT, Lines

TEXT = """# Data card: {specialty}, {count:,} instructions

**Not for clinical use.** {filtered}

## Steps

| Step | In | Out | Rejected |
|---|---:|---:|---|
{steps}

{left_out}## Models

The names that the providers returned. Each reply, with its date, prompt and parameters, is in the journal.

| Step | Asked as | Returned as | Replies | Tokens in | Tokens out | US$ |
|---|---|---|---:|---:|---:|---:|
{models}

## Kept records

{counts}

{review}{pairs}## To check before these records are passed on

- Licences: {licences}. What a provider allows to be done with its models' output is in its terms.
- Records with `egress: local`: {local:,}. They must not leave the machine.
- Doses and recommendations: {to_read}
"""


def write_card(
    path: Path,
    funnel: Sequence[Mapping[str, Any]],
    *,
    specialty: str,
    records: Path,
    pairs: Mapping[str, Any] | None = None,
) -> None:
    """Write the card; the same records, funnel and pairs give the same bytes."""
    asked = [*funnel, *(pairs or {}).get("funnel", ())]
    fields: dict[str, Counter[str]] = {
        name: Counter() for name in ("author", "source", "licence", "task", "difficulty")
    }
    local = 0
    for row in Lines(records / KEPT):
        local += row.get("egress", "any") != "any"
        for name, counter in fields.items():
            counter[str(row.get(name) or "none stated")] += 1
    counts = "\n".join(f"- {name}: {_listed(counter)}" for name, counter in fields.items() if name != "licence")
    path.write_text(
        TEXT.format(
            specialty=specialty,
            count=funnel[-1]["out"],
            steps="\n".join(map(_step, funnel)),
            left_out=_left_out(funnel),
            models="\n".join(line for entry in asked for line in _models(entry)) or "| none | | | | | | |",
            counts=counts,
            pairs=_pairs(pairs) if pairs else "",
            **_reviewed(funnel[-1]),
            licences=_listed(fields["licence"]),
            local=local,
        ),
        encoding="utf-8",
    )


def _step(entry: Mapping[str, Any]) -> str:
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(entry["rejected"].items()))
    return f"| {entry['step']} | {entry['in']:,} | {entry['out']:,} | {reasons} |"


def _left_out(funnel: Sequence[Mapping[str, Any]]) -> str:
    """A section on what was not taken over of the records that were read; nothing where all was."""
    counts = Counter[str]()
    for entry in funnel:
        counts.update(entry["notes"].get("left_out", {}))
    lines = "".join(f"- {what}: {count:,}\n" for what, count in counts.most_common())
    return f"## Left out of what was read\n\n{lines}\n" if lines else ""


def _reviewed(last: Mapping[str, Any]) -> dict[str, str]:
    """What is said of the physicians' review, where it was the last step."""
    counts = last["notes"].get("review")
    if counts is None:
        return {
            "filtered": "What models wrote was filtered by rules and by models, not by physicians.",
            "to_read": "a specialist has yet to read a sample.",
            "review": "",
        }
    people = f"{counts['reviewers']} {'person' if counts['reviewers'] == 1 else 'people'}"
    kinds = {kind: count for kind, count in counts.items() if kind != "reviewers"}
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(last["rejected"].items())) or "none"
    listed = "".join(f"- {kind}: {count:,}\n" for kind, count in sorted(kinds.items()))
    return {
        "filtered": f"Filtered by rules and by models; {people} reviewed as the section on review says.",
        "to_read": f"{kinds.get('not reviewed', 0):,} records were read by no reviewer.",
        "review": f"## Review\n\nBy {people}, blinded to the authors. Mended records hold the mended text; `review`"
        " in a record says who decided what and when, `before_review` what stood there.\n\n"
        f"{listed}- reasons: {reasons}\n\n",
    }


def _pairs(pairs: Mapping[str, Any]) -> str:
    """A section on the pairs in `preferences.jsonl`."""
    chosen = ", ".join(f"{author} {count:,}" for author, count in sorted(pairs["chosen_by"].items())) or "none"
    steps = "\n".join(map(_step, pairs["funnel"]))
    return (
        f"## Preference pairs\n\n`preferences.jsonl`: {pairs['pairs']:,} pairs out of"
        f" {pairs['questions answered twice']:,} questions that two authors answered. Whose answers were chosen:"
        f" {chosen}. What its steps asked and cost stands among the models.\n\n"
        f"| Step | In | Out | Rejected |\n|---|---:|---:|---|\n{steps}\n\n"
    )


def _models(entry: Mapping[str, Any]) -> list[str]:
    return [
        f"| {entry['step']} | {name} | {', '.join(spend['models'])} | {spend['replies']:,} | {spend['tokens_in']:,} |"
        f" {spend['tokens_out']:,} | {spend['usd']:.4f} |"
        for name, spend in sorted(entry["notes"].get("spend", {}).items())
    ]


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{name} ({count:,})" for name, count in sorted(counter.items())) or "none"
