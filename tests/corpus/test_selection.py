"""The policy's settings: what cannot be meant, what decides its key, and where configurations refer to it."""

import orjson
import pytest

from hypnos.corpus.selection import Selection
from hypnos.errors import UserError


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"threshold": 11}, "selection.threshold 11"),
        ({"threshold": -0.1}, "selection.threshold"),
        ({"threshold": "8"}, "selection.threshold '8'"),
        ({"floor": 10.5}, "selection.floor"),
        ({"harmless_floor": True}, "selection.harmless_floor"),
        ({"how": "median"}, "selection.how 'median'"),
        ({"share": 0}, "selection.share"),
        ({"share": 1.2}, "selection.share"),
        ({"aspects": []}, "selection.aspects"),
        ({"aspects": "coherence"}, "selection.aspects"),
        ({"how": "weighted"}, "selection.weights"),
        ({"weights": {"coherence": 1}}, "selection.weights"),
        ({"how": "weighted", "weights": {"coherence": 1}}, "selection.weights"),
        ({"unscored": "maybe"}, "selection.unscored"),
    ],
)
def test_what_cannot_be_meant(settings, named):
    with pytest.raises(UserError) as caught:
        Selection(**settings)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_key_knows_what_decides_and_nothing_else():
    assert Selection(threshold=8).key() == Selection(threshold=8.0).key() != Selection().key()
    assert Selection(scorers="none", threshold=8).key() == Selection(scorers="none").key()
    assert Selection(seed=1).key() == Selection().key()
    assert Selection(seed=1, random=True).key() != Selection(random=True).key()
    assert Selection(scorers="none", random=True).key() != Selection(scorers="none").key()
    assert Selection(aspects=["usefulness", "coherence"]).key() == Selection(aspects=["coherence", "usefulness"]).key()
    orjson.dumps(Selection().key())


def test_a_threshold_touches_only_stages_that_refer_to_it(compose):
    def data(*overrides):
        stages = compose("train", list(overrides))["stages"]
        return {name: stage["data"] for name, stage in stages.items()}

    before, after = data(), data("selection.threshold=8")
    assert before["general"] == after["general"]
    assert before["anesthesia"] != after["anesthesia"]
    mixed = data("experiment=mixed", "selection.threshold=8")["mixed"]["selections"]
    assert mixed.keys() == {"anesthesia"}
    assert mixed["anesthesia"]["threshold"] == 8


def test_every_arm_is_measured_on_the_same_questions(compose):
    held_out = [
        compose("train", [f"experiment={name}"])["heldout"]
        for name in ("general_to_specific", "no_filter", "rules_only", "self_filter", "random_filter")
    ]
    assert all(other == held_out[0] for other in held_out)


@pytest.mark.parametrize("name", ["none", "rules", "cross", "self", "random", "best_half"])
def test_every_selection_can_be_made(compose, name):
    settings = compose("train", [f"selection={name}"])["selection"]
    assert settings.pop("_target_") == "hypnos.corpus.selection.Selection"
    made = Selection(**settings)
    assert (made.scorers, made.rejected) == {
        "none": ("none", True),
        "rules": ("none", False),
        "self": ("self", False),
    }.get(name, ("other", False))


def test_a_choice_of_makers_leaves_older_keys_as_they_are():
    assert "makers" not in Selection().key()
    assert Selection(makers="people").key() == {**Selection().key(), "makers": "people"}
    with pytest.raises(UserError, match="makers"):
        Selection(makers="robots")
