"""A rubric that does not go with its selection is named before anything is paid for."""

from dataclasses import replace

import pytest

from hypnos.corpus.selection import Selection
from hypnos.curation.score.rubric_fit import check_fit
from hypnos.errors import UserError
from hypnos.specialty.folder import Aspect

SIXTH = Aspect("brevity", "简洁", False, "冗长", "简洁")


def test_the_bundled_rubric_fits_its_selection(specialty, caplog):
    check_fit(specialty, Selection(), probes=True)
    check_fit(specialty, None, probes=True)
    assert not caplog.text


def test_an_aspect_that_counts_and_is_not_asked_for_is_refused(specialty):
    four = replace(specialty, aspects=specialty.aspects[:-1])
    with pytest.raises(UserError, match=r"selection\.aspects: friendliness: no scorer is asked"):
        check_fit(four, Selection(), probes=True)
    check_fit(four, Selection(aspects=[aspect.key for aspect in four.aspects]), probes=True)
    check_fit(four, Selection(scorers="none"), probes=True)


def test_an_aspect_that_is_asked_for_and_does_not_count_is_named(specialty, caplog):
    check_fit(replace(specialty, aspects=(*specialty.aspects, SIXTH)), Selection(), probes=True)
    assert "brevity: asked for and paid for" in caplog.text


@pytest.mark.parametrize(("key", "lower"), [("usefulness", True), ("harmfulness", False)])
def test_a_direction_that_nobody_turns_round_is_refused(specialty, key, lower):
    turned = tuple(replace(a, lower_is_better=lower) if a.key == key else a for a in specialty.aspects)
    with pytest.raises(UserError, match=f"{key}: lower_is_better {str(lower).lower()}"):
        check_fit(replace(specialty, aspects=turned), None, probes=False)


def test_probes_need_the_aspects_that_they_look_at(specialty):
    without = tuple(aspect for aspect in specialty.aspects if aspect.key != "coherence")
    with pytest.raises(UserError, match=r"no coherence, by which probes .* step\.cross_score\.probes=false"):
        check_fit(replace(specialty, aspects=without), None, probes=True)
    check_fit(replace(specialty, aspects=without), None, probes=False)
