"""Claims about scores alone: how they agree with people and with themselves, and what sways them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from bench.evidence.scored import JUDGE, PEOPLE, Judged, Score, folds_of, policy, read_judged, read_scores
from bench.evidence.verdict import Finding, find_statistic
from hypnos.corpus.decisions import decider
from hypnos.curation.pairs.leniency import measure_leniency
from hypnos.report.statistics.intervals import SHARE, Interval, statistic_intervals
from hypnos.report.statistics.rank_correlation import spearman

DIFFERENCE = (-1.0, 1.0)
"""Bounds of a difference of two shares."""

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""Title, head and rows."""


def try_scores(data: Path, settings: Mapping[str, Any]) -> tuple[list[Finding], list[Table]]:
    """Try every claim of `settings/scores.yaml`; nothing is trained and nobody is asked."""
    judged, answers = read_judged(data), read_scores(data)
    repeated = [scores for scores in answers if len(scores) > 1]
    findings = [
        _agreement(judged, settings),
        _repeatability(repeated, settings),
        _length(judged, settings),
        _self_preference(judged, settings),
        *_corrections(judged, settings),
    ]
    tables = [_thresholds(judged, settings), _repeats(answers, repeated, settings), _swayed(judged, answers)]
    return findings, tables


def _kept(judged: Sequence[Judged], threshold: float) -> np.ndarray:
    """Which answers a threshold on the judge's score lets pass, by the project's own selection."""
    rows = [one.row() for one in judged]
    decide = decider(policy(threshold), lambda: rows)
    return np.array([decide(row) is None for row in rows])


def _good_kept(judged: Sequence[Judged], settings: Mapping[str, Any], threshold: float) -> np.ndarray:
    """(answers, 4): kept and good, kept, good, one."""
    kept, good = _kept(judged, threshold), np.array([one.people >= settings["good"] for one in judged])
    return np.stack([kept & good, kept, good, np.ones(len(good))], 1).astype(float)


def _questions(judged: Sequence[Judged]) -> list[str]:
    return [one.question for one in judged]


def _agreement(judged: Sequence[Judged], settings: Mapping[str, Any]) -> Finding:
    sums = _good_kept(judged, settings, settings["threshold"])

    def gain(s: np.ndarray) -> np.ndarray:
        return (s[:, 0] / s[:, 1] - s[:, 2] / s[:, 3])[:, None]

    return find_statistic(
        "agreement", settings["claims"]["agreement"], sums, _questions(judged), gain, bounds=DIFFERENCE
    )


def _thresholds(judged: Sequence[Judged], settings: Mapping[str, Any]) -> Table:
    def shares(s: np.ndarray) -> np.ndarray:
        return np.stack([s[:, 1] / s[:, 3], s[:, 0] / s[:, 1], s[:, 0] / s[:, 2]], 1)

    rows = []
    for threshold in settings["thresholds"]:
        sums = _good_kept(judged, settings, threshold)
        rows.append([str(threshold), *map(_percent, statistic_intervals(sums, _questions(judged), shares))])
    good = sum(one.people >= settings["good"] for one in judged)
    title = (
        f"A threshold on GPT-4's score, and what people say: {good} of {len(judged)} answers are good to them"
        f" ({settings['good']} of 10 or more)"
    )
    return title, ["threshold", "kept", "of these good (precision)", "of the good kept (recall)"], rows


def _repeatability(repeated: Sequence[Sequence[Score]], settings: Mapping[str, Any]) -> Finding:
    same = [
        [float((s[0].value >= settings["threshold"]) == (s[1].value >= settings["threshold"])), 1.0] for s in repeated
    ]
    groups = [scores[0].question for scores in repeated]
    return find_statistic(
        "repeatability", settings["claims"]["repeatability"], np.array(same), groups, _ratio, bounds=SHARE
    )


def _ratio(sums: np.ndarray) -> np.ndarray:
    return (sums[:, 0] / sums[:, 1])[:, None]


def _repeats(
    answers: Sequence[Sequence[Score]], repeated: Sequence[Sequence[Score]], settings: Mapping[str, Any]
) -> Table:
    variances = sum(np.var([s.value for s in scores], ddof=1) * (len(scores) - 1) for scores in repeated)
    within = float(np.sqrt(variances / sum(len(scores) - 1 for scores in repeated)))
    whole = float(np.std([s.value for scores in answers for s in scores], ddof=1))
    first, second = (np.array([scores[at].value for scores in repeated]) for at in (0, 1))
    rows = [
        ["answers, and those scored twice or more", f"{len(answers):,}, {len(repeated):,}"],
        ["standard deviation of one answer's scores", f"{within:.2f}"],
        ["standard deviation of all scores", f"{whole:.2f}"],
        ["share of the variance that is not the answer's", f"{100 * within**2 / whole**2:.0f} %"],
        ["both scores the same", f"{100 * float((first == second).mean()):.0f} %"],
        ["rank correlation of both", f"{spearman(first, second):.2f}"],
    ]
    for threshold in settings["thresholds"]:
        flips = float(((first >= threshold) != (second >= threshold)).mean())
        rows.append([f"on the other side of {threshold} the second time", f"{100 * flips:.1f} %"])
    thrice = [scores for scores in repeated if len(scores) > 2]
    third = np.array([scores[2].value for scores in thrice])
    one = np.array([scores[0].value for scores in thrice])
    two = np.array([(scores[0].value + scores[1].value) / 2 for scores in thrice])
    rows.append([f"error of one score for a third (mean of {len(thrice)})", f"{float(np.abs(one - third).mean()):.2f}"])
    rows.append(["error of the mean of two", f"{float(np.abs(two - third).mean()):.2f}"])
    return "The same answer scored again (each time beside another model's answer)", ["PULSE-EVAL", ""], rows


def _told_apart(judged: Sequence[Judged]) -> Iterator[tuple[Judged, Judged]]:
    """Pairs of answers to one question, of unlike length, that judge and people both tell apart; the longer first."""
    by_question: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        by_question[one.question].append(one)
    for answers in by_question.values():
        for pair in combinations(answers, 2):
            long, short = sorted(pair, key=lambda one: -len(one.answer))
            apart = long.judge != short.judge and long.people != short.people
            if apart and len(long.answer) > len(short.answer):
                yield long, short


def _length(judged: Sequence[Judged], settings: Mapping[str, Any]) -> Finding:
    pairs = list(_told_apart(judged))
    sums = [[float(a.judge > b.judge) - float(a.people > b.people), 1.0] for a, b in pairs]
    groups = [a.question for a, _ in pairs]
    return find_statistic("length", settings["claims"]["length"], np.array(sums), groups, _ratio, bounds=DIFFERENCE)


def _self_preference(judged: Sequence[Judged], settings: Mapping[str, Any]) -> Finding:
    own = np.array([one.author in settings["own"] for one in judged], dtype=float)
    above = np.array([one.judge - one.people for one in judged])
    sums = np.stack([above * own, own, above * (1 - own), 1 - own], 1)

    def gap(s: np.ndarray) -> np.ndarray:
        return (s[:, 0] / s[:, 1] - s[:, 2] / s[:, 3])[:, None]

    return find_statistic(
        "self_preference", settings["claims"]["self_preference"], sums, _questions(judged), gap, bounds=None
    )


def _corrections(judged: Sequence[Judged], settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Both corrections, each measured on questions that it was not fitted to."""
    fold = folds_of(_questions(judged), settings["folds"])
    taken_off, liked = np.zeros(len(judged)), np.zeros(len(judged))
    for number in range(settings["folds"]):
        others = [_own_named(one, settings) for one in judged if fold[one.question] != number]
        seen = measure_leniency(others, policy(0.0))
        away = seen.by_scorer[JUDGE] - seen.by_scorer[PEOPLE]
        for at, one in enumerate(judged):
            if fold[one.question] == number:
                taken_off[at] = away
                liked[at] = seen.self_preference * (one.author in settings["own"])
    judge = np.array([one.judge for one in judged])
    people = np.array([one.people for one in judged])
    bar, ones = settings["threshold"], np.ones(len(judged))

    def agrees(scores: np.ndarray) -> np.ndarray:
        return ((scores >= bar) == (people >= bar)).astype(float)

    better = np.stack([agrees(judge - taken_off) - agrees(judge), ones], 1)
    yield find_statistic(
        "leniency", settings["claims"]["leniency"], better, _questions(judged), _ratio, bounds=DIFFERENCE
    )
    nearer = np.abs(judge - taken_off - people) - np.abs(judge - taken_off - liked - people)
    sums = np.stack([nearer, ones], 1)
    yield find_statistic(
        "self_preference_taken_off",
        settings["claims"]["self_preference_taken_off"],
        sums,
        _questions(judged),
        _ratio,
        bounds=None,
    )


def _own_named(one: Judged, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The row of an answer, with the judge's name as its author where its family wrote it."""
    return one.row() | ({"author": JUDGE} if one.author in settings["own"] else {})


def _swayed(judged: Sequence[Judged], answers: Sequence[Sequence[Score]]) -> Table:
    pairs = list(_told_apart(judged))
    both = [scores for scores in answers if len({s.first for s in scores}) == 2]
    shown = [[np.mean([s.value for s in scores if s.first is first]) for first in (True, False)] for scores in both]
    gaps = np.array([[one - two, 1.0] for one, two in shown])
    position = statistic_intervals(gaps, [scores[0].question for scores in both], _ratio, bounds=None)[0]
    judge, people = (np.array([getattr(one, name) for one in judged]) for name in ("judge", "people"))
    rows = [
        ["mean score, GPT-4 and people", f"{judge.mean():.2f}, {people.mean():.2f}"],
        ["rank correlation of both", f"{spearman(judge, people):.2f}"],
        [f"the longer of two is the better ({len(pairs):,} pairs), to GPT-4", _of(a.judge > b.judge for a, b in pairs)],
        ["the same, to people", _of(a.people > b.people for a, b in pairs)],
        [
            f"score where shown first, less where shown second ({len(both)} answers, PULSE-EVAL)",
            f"{position.value:+.2f} [{position.low:+.2f}, {position.high:+.2f}]",
        ],
    ]
    return "What sways a score", ["LLMEval-2, unless said", ""], rows


def _of(hits: Iterator[bool]) -> str:
    counted = list(hits)
    return f"{100 * sum(counted) / len(counted):.1f} %"


def _percent(share: Interval) -> str:
    return f"{100 * share.value:.1f} % [{100 * share.low:.1f}, {100 * share.high:.1f}]"
