from collections.abc import Callable

import pytest

from hypnos.curation.score.cross_score import CrossScore


@pytest.fixture
def score(specialty, author, client) -> Callable[..., tuple]:
    """Runs the step on rows; returns scored rows, rejected ones, the step and its models."""

    def run(rows, *, models=None, **knobs):
        models = models or {"first": author("one"), "second": author("two")}
        settings = {"probes": False, **knobs}
        step = CrossScore(specialty=specialty, authors=models, client=client, **settings)
        rejected: list[tuple[str, dict]] = []
        scored = list(step.run(list(rows), lambda row, reason: rejected.append((reason, row))))
        return scored, rejected, step, models

    return run
