from collections.abc import Callable

import pytest

from hypnos.report.tables.table import Grid


@pytest.fixture
def cells() -> Callable[[Grid, str], dict[str, float | None]]:
    """The rounded values of one row, by the titles of their columns."""

    def read(grid: Grid, label: str) -> dict[str, float | None]:
        row = dict(grid.rows)[label]
        return {column.shown: cell and round(cell.value, 6) for column, cell in zip(grid.columns, row)}

    return read
