"""Chooses the rate of each stage on the development part, and writes `settings/rates.yaml`."""

from pathlib import Path
from typing import Any

import yaml

from bench.evidence.arms import RATED, Trained, rates_claim
from bench.evidence.settings import FOLDER, read_settings
from bench.evidence.trained import GENERAL, SPECIFIC, bits, read_finished
from hypnos.errors import UserError

FILE = FOLDER / "rates.yaml"

HEAD = """\
# Rates of the stages by base and experiment, of two stages the last one's: those that left the fewest bits a character
# on the development part. Written by `python -m bench.evidence --rates`, before what is measured was looked at.
"""


def choose_rates(setting: Trained, size: str, file: Path = FILE) -> None:
    """Write down the best rate of each experiment, from the finished runs.

    Raises:
        UserError: a run is missing.
    """
    claim, _ = rates_claim(setting)
    arms = read_finished(claim, setting)
    chosen: dict[str, Any] = {}
    for kind in RATED:
        read = bits(GENERAL if kind == "general_only" else SPECIFIC)
        by_rate = {}
        for rate in setting.numbers["rates"]:
            runs = arms.get(f"{kind} {rate:g}", {})
            if not runs:
                raise UserError(f"--rates: {kind} at {rate:g} is not finished")
            units = [unit for run in runs.values() for unit in read(run).values()]
            by_rate[rate] = sum(unit.value for unit in units) / sum(unit.weight for unit in units)
        chosen[kind] = min(by_rate, key=lambda rate: by_rate[rate])
    known = read_settings("rates") if file.is_file() else {}
    file.write_text(HEAD + yaml.safe_dump(known | {size: chosen}, sort_keys=False), "utf-8", newline="\n")
