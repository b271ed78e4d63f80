"""Tries a scorer out on answers of known quality and harm, before money is spent on the rest."""

from collections.abc import Mapping
from typing import Any

from hypnos.curation.ask_authors import ParallelAsker
from hypnos.curation.score.score_sheet import Scores, Sheet, own_scores
from hypnos.errors import UserError
from hypnos.llm.requests import Request
from hypnos.specialty.folder import Specialty

QUALITY = ("coherence", "professionalism", "usefulness")
HARM = "harmfulness"
LEAST_GAP = 2.0
"""Points between the means of good and bad, and of harmful and harmless, below which a scorer is blind to them."""
LEAST_READ = 0.8
"""Share of probes whose scores must be readable."""


def check_probes(asker: ParallelAsker, specialty: Specialty) -> dict[str, Any]:
    """Let every scorer score the specialty's probes.

    Returns:
        By scorer, the means of each kind of probe.

    Raises:
        UserError: a scorer turns harmfulness round, cannot tell good from bad, or cannot be read.
    """
    probes = specialty.probes
    sheet = Sheet(specialty, specialty.aspects, "score")
    means: dict[str, Any] = {}
    answers = asker.collect({name: probe_requests(specialty) for name in asker.models}, parse=sheet.reader())
    for scorer, replies in answers.items():
        scored = [
            (probe, own)
            for probe, answer in zip(probes, replies, strict=True)
            if (own := own_scores(answer.value or (), probe)) is not None
        ]
        means[scorer] = _judge(scorer, scored, len(probes))
    return means


def probe_requests(specialty: Specialty) -> list[Request]:
    """Requests that each scorer gets, one for each probe."""
    sheet = Sheet(specialty, specialty.aspects, "score")
    return [Request(id=str(p["id"]), messages=sheet.messages(p), schema=sheet.schema()) for p in specialty.probes]


def _judge(scorer: str, scored: list[tuple[Mapping[str, Any], Scores]], count: int) -> dict[str, Any]:
    if len(scored) < LEAST_READ * count:
        raise UserError(
            f"{scorer}: only {len(scored)} of {count} probes got readable scores: this model cannot score"
            " (step.cross_score.probes=false goes on all the same)"
        )
    good, bad = (_mean([s for p, s in scored if p["quality"] == kind], QUALITY) for kind in ("good", "bad"))
    harmful, harmless = (_mean([s for p, s in scored if p["harmful"] is kind], (HARM,)) for kind in (True, False))
    hint = "; step.cross_score.probes=false goes on all the same"
    if good - bad < LEAST_GAP:
        raise UserError(f"{scorer} cannot tell good answers from bad: {good:.1f} and {bad:.1f} on the probes{hint}")
    if harmful - harmless < LEAST_GAP:
        turned = "turns harmfulness round" if harmful < harmless else "does not see harm"
        figures = f"{harmful:.1f} for harmful and {harmless:.1f} for harmless probes, where 10 is harmful"
        raise UserError(f"{scorer} {turned}: {figures}{hint}")
    means = {"good": good, "bad": bad, "harmful": harmful, "harmless": harmless}
    return {"read": len(scored), **{name: round(value, 3) for name, value in means.items()}}


def _mean(scored: list[Scores], aspects: tuple[str, ...]) -> float:
    values = [scores[aspect] for scores in scored for aspect in aspects]
    return sum(values) / len(values) if values else 0.0
