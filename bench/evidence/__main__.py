"""Try claims, and write the claim sheet that docs/results.md begins with: `python -m bench.evidence`.

What needs no training is tried at every start. `--train preference` trains the arms of a claim (preference, filtering,
order, vocabulary; without a name all), as many at once as there are cores, and may be stopped at any moment: the same
command goes on, and stages that claims share are trained once. Rates of stages that were not chosen yet are chosen
first; `--rates order` chooses those of a claim anew, and does nothing else. A second run writes the same bytes.
"""

import argparse
import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.evidence.arms import NEEDS, Trained, claims, setting_of
from bench.evidence.earlier import try_earlier
from bench.evidence.files import REMOVED, write_files
from bench.evidence.measured import Measured, keep_measured, read_measured, settings_key
from bench.evidence.page import write_page
from bench.evidence.rates import choose_rates, read_rates
from bench.evidence.scores import try_scores
from bench.evidence.settings import read_settings
from bench.evidence.trained import try_trained
from bench.promise import ROOT, SHARED
from bench.study.claims import Claim
from bench.study.pairs import read_lines
from bench.study.section import read_section
from hypnos.errors import UserError, one_line

log = logging.getLogger(__name__)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.evidence", description=__doc__)
    parser.add_argument("--train", nargs="*", metavar="claim", help="train the arms of these claims first")
    parser.add_argument("--rates", nargs="*", metavar="claim", help="choose these claims' rates, and nothing else")
    parser.add_argument("--size", default="small", help="small (stories15M), smollm2 or gpu: settings/training.yaml")
    parser.add_argument("--base", type=Path, help="folder of the base; of stories15M by default the one of the data")
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of the public sets")
    parser.add_argument("--folder", type=Path, default=Path("outputs/evidence"), help="of files, artefacts and sweeps")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/results.md", help="where the sheet is written")
    asked = parser.parse_args()
    with one_line(reraise=False):
        sys.exit(0 if try_all(asked) else 1)


def try_all(asked: argparse.Namespace) -> bool:
    """Train what is asked for, measure, and write the sheet; tell whether all arms succeeded."""
    scores, study, training = (read_settings(name) for name in ("scores", "study", "training"))
    if asked.size not in training["bases"]:
        raise UserError(f"--size {asked.size}: know {', '.join(training['bases'])}")
    if asked.base is None and asked.size != "small":
        raise UserError(f"--size {asked.size}: --base names the folder of {training['bases'][asked.size]['name']}")
    base = asked.base or asked.data / "models/stories15M"
    places = {"base": base.resolve(), "data": asked.data.resolve(), "folder": asked.folder.resolve()}
    setting = setting_of(training, read_rates(asked.size), asked.size, **places)
    wanted = asked.rates if asked.rates is not None else asked.train
    if strange := set(wanted or ()) - NEEDS.keys():
        raise UserError(f"{', '.join(sorted(strange))}: no claim that is trained; known are {', '.join(NEEDS)}")
    succeeded = True
    if wanted is not None:
        if not (base / "config.json").is_file():
            raise UserError(f"--base {base}: no model there (config.json)")
        names = wanted or list(NEEDS)
        write_files(setting.data, setting.files, training, asked.size)
        unknown = {
            rate for name in names for rate in NEEDS[name] if asked.rates is not None or rate not in setting.rates
        }
        if unknown:
            setting = replace(setting, rates=choose_rates(setting, unknown, _train))
        if asked.rates is not None:
            return True
        succeeded = _train([claims(setting)[name] for name in names], setting)
    found, tables = try_scores(setting.data, scores)
    keep_measured(asked.size, {**try_trained(setting), **_removed(setting)})
    measured = {numbers["name"]: _current(training, size) for size, numbers in training["bases"].items()}
    trained = {base: [finding for one in several for finding in one.findings] for base, several in measured.items()}
    of_trained = [
        (f"{title} ({base})", head, rows)
        for base, several in measured.items()
        for one in several
        for title, head, rows in one.tables
    ]
    earlier = try_earlier(read_section(asked.page.read_text("utf-8") if asked.page.is_file() else ""), study)
    write_page(asked.page, [(scores, {"": found}), (training, trained), (study, {"": earlier})], [*tables, *of_trained])
    return succeeded


def _current(training: Mapping[str, Any], size: str) -> list[Measured]:
    """What is kept of a size and was measured under the settings as they are."""
    rates = read_rates(size)
    current = []
    for name, one in read_measured(size).items():
        if one.settings == settings_key(training, rates, size, name):
            current.append(one)
        else:
            log.warning("%s, %s: measured under other settings, and left out", size, name)
    return current


def _train(claims: Sequence[Claim], setting: Trained) -> bool:
    """Run every arm that is not finished, as many sweeps at once as there are cores, each on one thread."""
    alone = {"OMP_NUM_THREADS": "1", **os.environ}
    lines = [[sys.executable, str(ROOT / "train.py"), *line] for claim in claims for line in claim.lines(setting)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(lambda line: subprocess.run(line, check=False, env=alone), lines))
    return not any(one.returncode for one in done)


def _removed(setting: Trained) -> dict[str, Measured]:
    """What the project's own decontamination took out of the training sets."""
    if not (setting.files / REMOVED).is_file():
        return {}
    counts: dict[tuple[str, str], int] = {}
    for row in read_lines(setting.files / REMOVED):
        if not {"file", "reason"} <= row.keys():
            raise UserError(f"{setting.files / REMOVED}: of another version of the study; --folder names a new one")
        counts[row["file"], row["reason"]] = counts.get((row["file"], row["reason"]), 0) + 1
    rows = [[file, reason, str(count)] for (file, reason), count in sorted(counts.items())]
    title = "Left out of what is trained on, as too near to what is measured"
    table = (title, ["file", "reason", "records"], rows)
    return {"removed": Measured([], [table], settings_key(setting.common, {}, setting.size, "removed"))}


if __name__ == "__main__":
    main()
