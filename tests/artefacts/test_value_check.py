from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from hypnos.artefacts.ranges import Count, Device, Filled, Natural, Positive, Seed, Share
from hypnos.artefacts.value_check import Table, check_keys, check_table, check_value, fits
from hypnos.corpus.sources import Source
from hypnos.errors import UserError

BUILT = {"_target_": "hypnos.corpus.sources.Source", "path": "a"}


@pytest.mark.parametrize(
    ("annotation", "right", "wrong"),
    [
        (int, [0, -3], [True, 1.0, "1", None, [1]]),
        (float, [0, 1, 0.5, -2.0], [True, "1", None, float("nan"), float("inf")]),
        (bool, [True, False], [0, 1, "true", None]),
        (str, ["", "a"], [1, None, ["a"], BUILT]),
        (Path, ["a"], [1, None]),
        (None, [None], [0, "", False]),
        (Literal["a", 2, True], ["a", 2, True], ["b", 1, 2.0, None]),
        (int | None, [1, None], ["null", 1.5]),
        (Sequence[str], [[], ["a"], ("a",)], ["a", [1], None, {"a": 1}]),
        (tuple[int, float], [[1, 0.5], [1, 2]], [[1], [1, 2, 3], [0.5, 1]]),
        (tuple[str, ...], [[], ["a", "b"]], [["a", 1]]),
        (Mapping[str, Positive], [{}, {"a": 1}, {"a": 0.1}], [{"a": 0}, [1], None]),
        (Source, [BUILT], [None, "a", 1, {"path": "a"}, [BUILT]]),
        (Source | None, [BUILT, None], ["a"]),
        (Mapping[str, Source], [{"a": BUILT}], [{"a": None}, {"a": "x"}]),
        (Callable[..., Any], [BUILT], [None, "a", 3]),
        (Any, [None, 1, "a", []], []),
        (Count, [1, 99], [0, -1, 1.5, True]),
        (Natural, [0], [-1]),
        (Seed, [0, 2**32 - 1], [-1, 2**32, None]),
        (Share, [0, 1, 0.03], [-0.1, 1.5, 10]),
        (Device, ["auto", "cpu", "cuda:1"], ["gpux", "cuda:x", "cpu "]),
        (Annotated[Sequence[str], Filled()], [["a"]], [[], "a"]),
        (Count | Share | None, [5, 0.5, 0, None], [1.5, -1]),
    ],
)
def test_what_fits_an_annotation_and_what_does_not(annotation, right, wrong):
    assert [value for value in right if not fits(value, annotation)] == []
    assert [value for value in wrong if fits(value, annotation)] == []


@pytest.mark.parametrize(
    ("value", "annotation", "line"),
    [
        (0, Count, "k: 0: must be a whole number, at least 1"),
        (None, Seed, "k: null: must be a whole number, from 0 to 4294967295"),
        (2, Share, "k: 2: must be a number, from 0 to 1"),
        ("foo", Literal["auto", "sdpa"], "k: foo: must be one of auto, sdpa"),
        ([0.9], tuple[Share, Share], "k: [0.9]: must be a list of 2: a number, from 0 to 1, a number, from 0 to 1"),
        ("x", Source, "k: x: must be a table with a _target_ (Source)"),
        (2024, str, "k: 2024: must be text; for text write it in quotes twice, \"'...'\""),
        ("", Device, "k: '': must be text, auto, cpu, cuda, cuda:1, mps, xpu or npu"),
    ],
)
def test_the_line_names_key_value_and_range(value, annotation, line):
    with pytest.raises(UserError) as raised:
        check_value(value, annotation, "k")
    assert str(raised.value) == line


def test_a_long_value_stays_one_short_line():
    with pytest.raises(UserError) as raised:
        check_value("a\n" * 500, Count, "k")
    assert len(str(raised.value)) < 160 and "\n" not in str(raised.value)


RECIPE = Table({"lr": Positive}, partial=True)
TABLE = Table({"seed": Seed, "recipe": Table({"pieces": Count}, others=RECIPE)})


def test_a_table_knows_its_keys_those_below_and_what_others_may_be():
    check_table({"seed": 1, "recipe": {"pieces": 3, "own": {"lr": 1}, "empty": {}}}, TABLE)
    for config, line in [
        ({"seed": 1, "recipe": {"pieces": 3}, "sed": 1}, "sed: no such key (known: recipe, seed)"),
        ({"recipe": {"pieces": 3}}, "the configuration: no seed"),
        ({"seed": 1, "recipe": {}}, "recipe: no pieces"),
        ({"seed": 1, "recipe": {"pieces": 0}}, "recipe.pieces: 0: must be a whole number, at least 1"),
        ({"seed": 1, "recipe": {"pieces": 1, "own": {"rate": 1}}}, "recipe.own.rate: no such key (known: lr)"),
        ({"seed": 1, "recipe": {"pieces": 1, "own": 5}}, "recipe.own: 5: must be a table of lr"),
        ({"seed": 1, "recipe": None}, "recipe: null: must be a table of pieces"),
    ]:
        with pytest.raises(UserError) as raised:
            check_table(config, TABLE)
        assert str(raised.value) == line


@pytest.mark.parametrize(("where", "line"), [("", "seeed"), ("stages.one", r"stages\.one\.seeed")])
def test_a_key_that_nothing_reads_is_named_beside_those_that_are_known(where: str, line: str) -> None:
    check_keys({"seed": 1}, {"seed", "model"}, where)
    with pytest.raises(UserError, match=rf"^{line}: no such key \(known: model, seed\)$"):
        check_keys({"seed": 1, "seeed": 1}, {"seed", "model"}, where)
