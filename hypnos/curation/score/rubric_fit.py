"""Says before anything is paid for that a rubric, the probes and a selection do not go together."""

import logging

from hypnos.corpus.scores import LOWER_IS_BETTER
from hypnos.corpus.selection import Selection
from hypnos.curation.score.probes import HARM, QUALITY
from hypnos.errors import UserError
from hypnos.specialty.folder import Specialty

log = logging.getLogger(__name__)


def check_fit(specialty: Specialty, selection: Selection | None, *, probes: bool) -> None:
    """Check what scorers are asked against what is made of their scores.

    An aspect that is asked for and counts for nothing is named in a warning.

    Args:
        specialty: its rubric says what scorers are asked.
        selection: the policy over their scores; None where nothing is selected.
        probes: whether scorers are tried out on the specialty's probes first.

    Raises:
        UserError: an aspect's direction is not the one in which its scores are read, an aspect that counts is not asked
            for, or the probes look at one that is not.
    """
    file = specialty.folder / "rubric.yaml"
    asked = [aspect.key for aspect in specialty.aspects]
    for aspect in specialty.aspects:
        if aspect.lower_is_better != (aspect.key in LOWER_IS_BETTER):
            turned = ", ".join(sorted(LOWER_IS_BETTER))
            raise UserError(
                f"{file}: aspects: {aspect.key}: lower_is_better {str(aspect.lower_is_better).lower()}: scores of"
                f" {turned} are turned round when records are selected, and no others: the worst would count as best"
            )
    if probes and (missing := [key for key in (*QUALITY, HARM) if key not in asked]):
        raise UserError(
            f"{file}: aspects: no {', '.join(missing)}, by which probes tell a scorer's worth: add it, or"
            " step.cross_score.probes=false"
        )
    if selection is None or selection.scorers == "none":
        return
    if missing := [key for key in selection.aspects if key not in asked]:
        raise UserError(
            f"selection.aspects: {', '.join(missing)}: no scorer is asked for it, so that no record would pass; {file}"
            f" has {', '.join(asked)}"
        )
    if spare := [key for key in asked if key not in selection.aspects]:
        log.warning("%s: %s: asked for and paid for, but not among selection.aspects", file, ", ".join(spare))
