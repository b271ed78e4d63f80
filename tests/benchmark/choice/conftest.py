from collections.abc import Callable

import pytest

from hypnos.benchmark.items import Item

FOUR = {"A": "吗啡", "B": "芬太尼", "C": "舒芬太尼", "D": "纳洛酮"}


@pytest.fixture
def item() -> Callable[..., Item]:
    """A choice question, by default with four options."""

    def make(
        *,
        options: dict[str, str] = FOUR,
        question: str = "下列正确的是",
        negative: bool = False,
        multiple: bool = False,
    ) -> Item:
        return Item(
            id="1",
            kind="choice",
            question=question,
            answers=("A",),
            options=options,
            negative=negative,
            multiple=multiple,
        )

    return make
