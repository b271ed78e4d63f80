"""Reads what a configuration says of pairs, and refuses what they cannot be made with."""

from collections.abc import Mapping
from typing import Any

from hypnos.curation.pairs.preferences import Pairing
from hypnos.curation.pipeline.step import Step
from hypnos.errors import UserError

Config = Mapping[str, Any]

SCORED, SELECTED = "cross_score", "select"


def check_pairs(config: Config) -> None:
    """Check that records are scored and selected, by scorers that count.

    Raises:
        UserError: names the key.
    """
    if list(config["steps"][-2:]) != [SCORED, SELECTED]:
        raise UserError(
            f"preferences: pairs are made of scored answers: the last of steps must be {SCORED} and {SELECTED}"
        )
    if config["selection"].get("scorers") == "none":
        raise UserError("preferences: selection.scorers none looks at no scores, so that no answer is the better one")


def second_steps(config: Config) -> list[Mapping[str, Any]]:
    """The steps that a second answer passes, as configurations: cleaned where records are, and scored as they are.

    Scorers have been tried out by then.
    """
    if not config["preferences"]:
        return []
    clean = [config["step"]["clean"]] if "clean" in config["steps"] else []
    score = {**config["step"][SCORED], "probes": False}
    return [config["preferences"]["second_answers"], *clean, score]


def pairing_of(settings: Config, select: Step) -> Pairing:
    """What two answers must show to be a pair, under the policy of the step that selects."""
    assert select.selection is not None
    return Pairing(selection=select.selection, margin=settings["margin"], even_scorers=settings["even_scorers"])
