"""Tests whether raters, or judges, tell two models apart: on their scores, and in pairwise comparisons."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import combinations

from hypnos.report.results import Duel, Indicator, Note, PairedTest, Rating
from hypnos.report.statistics.intervals import SHARE
from hypnos.report.statistics.paired_tests import Comparison, compare, correct
from hypnos.report.tables.paired_note import paired_note
from hypnos.report.tables.rating_tables import column_of_scale, rated_scales, turn
from hypnos.report.tables.table import Column

WIN_RATE = "win rate"

Scores = Mapping[tuple[str, str], float]
"""A model's scores on one scale, by question and rater."""


def rating_tests(
    ratings: Sequence[Rating], *, indicators: Sequence[Indicator], models: Sequence[str], title: str, by: str = "raters"
) -> Iterator[Note]:
    """Yields for each task the tests between all pairs of models, on each scale.

    Two answers are compared where the same rater gave both a score. With several raters p speaks of others of them as
    well; with one it says nothing about others.

    Args:
        ratings: of people, or verdicts of judges.
        indicators: the scales.
        models: in the order of the tables.
        title: of the kind of ratings, such as `rated by people`.
        by: who gave them: `raters` or `judges`.
    """
    for task in dict.fromkeys(rating.task for rating in ratings):
        rows = [rating for rating in ratings if rating.task == task]
        groups = {rating.item: rating.group or rating.item for rating in rows}
        tests: list[tuple[Column, PairedTest]] = []
        for scale in rated_scales(rows, indicators):
            column, scores = column_of_scale(scale), _scores_by_model(rows, scale)
            for first, second in combinations([model for model in models if model in scores], 2):
                test = _compare_scores(scores[first], scores[second], groups, top=scale.top)
                tests.append((column, PairedTest(measure=column.shown, first=first, second=second, comparison=test)))
        if tests:
            yield paired_note(
                f"{task}: {title}, differences between models", _corrected(tests), measure="scale", crossed=by
            )


def duel_tests(duels: Sequence[Duel], *, models: Sequence[str]) -> Iterator[Note]:
    """Yields for each task the tests between all pairs of models that judges compared: wins of the first less losses.

    A tie is half a win and half a loss.
    """
    column = Column(name=WIN_RATE, better="neither")
    for task in dict.fromkeys(duel.task for duel in duels):
        tests: list[tuple[Column, PairedTest]] = []
        for first, second in combinations(models, 2):
            pairs = [duel for duel in duels if duel.task == task and {duel.first, duel.second} == {first, second}]
            if pairs:
                test = _compare_wins(pairs, first)
                tests.append((column, PairedTest(measure=WIN_RATE, first=first, second=second, comparison=test)))
        if tests:
            title = f"{task}: wins less losses in pairs, in percent of all"
            yield paired_note(title, _corrected(tests), measure="measure", crossed="judges")


def _scores_by_model(rows: Sequence[Rating], scale: Indicator) -> dict[str, Scores]:
    """The scores of each model on one scale, higher as the tables show it; several of one rater count as their mean."""
    given: dict[str, dict[tuple[str, str], list[float]]] = {}
    for row in rows:
        if row.indicator == scale.key:
            given.setdefault(row.model, {}).setdefault((row.item, row.rater), []).append(turn(row.value, scale))
    return {
        model: {cell: sum(values) / len(values) for cell, values in cells.items()} for model, cells in given.items()
    }


def _compare_scores(first: Scores, second: Scores, groups: Mapping[str, Hashable], *, top: float) -> Comparison:
    shared = [cell for cell in first if cell in second]
    return compare(
        [first[cell] for cell in shared],
        [second[cell] for cell in shared],
        [groups[item] for item, _ in shared],
        [rater for _, rater in shared],
        bounds=(0.0, top),
    )


def _compare_wins(duels: Sequence[Duel], first: str) -> Comparison:
    won = [(1 + (duel.outcome if duel.first == first else -duel.outcome)) / 2 for duel in duels]
    groups, judges = [duel.group or duel.item for duel in duels], [duel.judge for duel in duels]
    return compare(won, [1 - share for share in won], groups, judges, bounds=SHARE)


def _corrected(tests: Sequence[tuple[Column, PairedTest]]) -> list[tuple[Column, PairedTest]]:
    comparisons = correct([test.measure for _, test in tests], [test.comparison for _, test in tests])
    return [
        (column, PairedTest(measure=test.measure, first=test.first, second=test.second, comparison=comparison))
        for (column, test), comparison in zip(tests, comparisons, strict=True)
    ]
