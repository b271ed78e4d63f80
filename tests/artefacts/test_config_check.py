import pytest

from hypnos.artefacts.config_check import bind_targets
from hypnos.artefacts.ranges import NotNegative
from hypnos.errors import UserError

SOURCE = {"_target_": "hypnos.corpus.sources.Source", "path": "a.jsonl"}


def test_targets_are_counted_wherever_they_stand() -> None:
    assert bind_targets({"a": [SOURCE, {"b": SOURCE}], "c": SOURCE, "e": 5}) == 3


def test_nothing_is_made_when_targets_are_bound() -> None:
    # Making it would refuse rows that are shorter than a document.
    lengths = {"max_length": 512, "row_length": 256, "rows_per_step": 1}
    data = {"_target_": "hypnos.data.datamodule.InstructionData", "sources": {"a": SOURCE}, "cache": ".", **lengths}
    assert bind_targets({"a": data}) == 2


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


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({**SOURCE, "holdout": 5.0}, "x.holdout: 5.0: must be a number, at least 0 and below 1"),
        ({**SOURCE, "holdout": "a"}, "x.holdout: a: must be a number, at least 0 and below 1"),
        ({**SOURCE, "limit": 1.5}, "x.limit: 1.5: must be a whole number, at least 1 or null"),
        ({**SOURCE, "path": None}, "x.path: null: must be text"),
        ({**SOURCE, "encoding": "gb0"}, "x.encoding: gb0: must be text, an encoding, such as utf-8-sig or gb18030"),
    ],
)
def test_a_value_is_held_against_the_annotation_of_its_argument(config: dict, line: str) -> None:
    with pytest.raises(UserError) as raised:
        bind_targets({"x": config})
    assert str(raised.value) == line


def test_a_whole_number_is_a_number() -> None:
    assert bind_targets({**SOURCE, "holdout": 0, "max_rejected": 1}) == 1


def test_classes_of_libraries_are_held_against_a_table() -> None:
    optimizer = {"_target_": "torch.optim.AdamW", "_partial_": True, "eps": -1.0}
    assert bind_targets(optimizer) == 1
    with pytest.raises(UserError, match=r"^o\.eps: -1\.0: must be a number, at least 0$"):
        bind_targets({"o": optimizer}, libraries={"torch.optim.": {"eps": NotNegative}})
    assert bind_targets({"o": optimizer}, libraries={"pytorch_lightning.": {"eps": NotNegative}}) == 1
