import pytest

from hypnos.artefacts.config_check import bind_targets, check_keys
from hypnos.errors import UserError

SOURCE = {"_target_": "hypnos.corpus.sources.Source", "path": "a.jsonl"}


def test_targets_are_counted_wherever_they_stand() -> None:
    assert bind_targets({"a": [SOURCE, {"b": SOURCE}], "c": SOURCE, "e": 5}) == 3


def test_nothing_is_made_when_targets_are_bound() -> None:
    assert bind_targets({"a": {**SOURCE, "holdout": 5.0}}) == 1  # making it would refuse the number


@pytest.mark.parametrize(
    ("config", "parts"),
    [
        ({**SOURCE, "hold_out": 0.1}, ["stages.one.data", "hold_out", "its arguments: path, holdout, limit"]),
        ({"_target_": "hypnos.corpus.sources.Source"}, ["stages.one.data", "path"]),
        ({"_target_": "hypnos.corpus.sources.Sauce"}, ["stages.one.data._target_", "Sauce", "cannot be imported"]),
        ({"_target_": "hypnos.corpus.sorces.Source"}, ["hypnos.corpus.sorces.Source", "cannot be imported"]),
        ({"_target_": "Source"}, ["Source", "cannot be imported"]),
        ({"_target_": "hypnos.corpus"}, ["hypnos.corpus", "cannot be called"]),
    ],
)
def test_a_mistake_is_one_line_with_its_key(config: dict, parts: list[str]) -> None:
    with pytest.raises(UserError) as raised:
        bind_targets({"stages": {"one": {"data": config}}})
    message = str(raised.value)
    assert all(part in message for part in parts), message
    assert "\n" not in message


def test_the_place_in_a_list_is_named() -> None:
    with pytest.raises(UserError, match=r"^callbacks\[1\]: "):
        bind_targets({"callbacks": [SOURCE, {**SOURCE, "x": 1}]})


def test_a_partial_may_lack_arguments_but_not_misspell_them() -> None:
    partial = {"_target_": "hypnos.corpus.sources.Source", "_partial_": True}
    assert bind_targets(partial | {"holdout": 0.1}) == 1
    with pytest.raises(UserError, match="hold_out"):
        bind_targets(partial | {"hold_out": 0.1})


def test_arguments_that_the_code_gives_are_not_missed() -> None:
    config = {"_target_": "hypnos.corpus.sources.is_held_out", "share": 0.1}
    with pytest.raises(UserError, match="group"):
        bind_targets(config)
    assert bind_targets(config, supplied={"hypnos.corpus.sources.is_held_out": ("group",)}) == 1


def test_positional_arguments_are_bound() -> None:
    assert bind_targets({"_target_": "hypnos.corpus.sources.is_held_out", "_args_": ["g", 0.5]}) == 1
    with pytest.raises(UserError, match="too many"):
        bind_targets({"_target_": "hypnos.corpus.sources.is_held_out", "_args_": ["g", 0.5, 1]})


@pytest.mark.parametrize(("where", "line"), [("", "seeed"), ("stages.one", r"stages\.one\.seeed")])
def test_a_key_that_nothing_reads_is_named_beside_those_that_are_known(where: str, line: str) -> None:
    check_keys({"seed": 1}, {"seed", "model"}, where)
    with pytest.raises(UserError, match=rf"^{line}: no such key \(known: model, seed\)$"):
        check_keys({"seed": 1, "seeed": 1}, {"seed", "model"}, where)
