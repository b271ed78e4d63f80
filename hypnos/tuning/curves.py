"""Curves of a stage that was stopped: the CSV logger would begin its file anew and lose them."""

from pathlib import Path


def keep_curves(folder: Path) -> None:
    """Set aside what an earlier try logged, as `metrics-1.csv` and so on; readers join the files by step."""
    newest = folder / "metrics.csv"
    if newest.is_file():
        number = 1 + sum(1 for _ in folder.glob("metrics-*.csv"))
        newest.rename(folder / f"metrics-{number}.csv")
