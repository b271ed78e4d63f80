"""Prepare, train, compare, and write the page: `python -m bench.study [claim ...]`.

As many claims at once as there are cores, each on one thread; what they share is trained once all the same. Stop it at
any moment: the same command goes on. `--report` writes the page from what is there. A claim that has no run in the
folder keeps what the page says of it.
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from bench.promise import ROOT, SHARED
from bench.study.claims import Claim, Setting, claims
from bench.study.files import write_files
from bench.study.pairs import Sizes
from bench.study.section import read_section, replace_section, write_section
from hypnos.errors import one_line

QUICK = Sizes(general=24, planted=32, held_out=8)
MORE = Sizes(general=2900, longest=500)
"""Most of what is clean: for a GPU."""


def setting_of(data: Path, folder: Path, *, quick: bool = False, more: bool = False) -> Setting:
    if quick:
        model: tuple[str, ...] = ("model=tiny", "model.recipe.pieces=2000", "model.recipe.anesthesia.epochs=1")
        return Setting(data=data, folder=folder, sizes=QUICK, model=model, learnt_tokens=300, seeds=(1,))
    model = ("model=stories15m", f"model.path={data}/models/stories15M")
    if more:
        model += ("model.recipe.max_length=1024",)  # the base's own vocabulary needs 1.7 tokens a character
        return Setting(data=data, folder=folder, sizes=MORE, model=model, learnt_tokens=50_000)
    return Setting(data=data, folder=folder, model=model)


def run(claim: Claim, setting: Setting) -> bool:
    """Run every arm that is not finished; tell whether all of them succeeded."""
    train = [sys.executable, str(ROOT / "train.py")]
    alone = {"OMP_NUM_THREADS": "1", **os.environ}
    done = [subprocess.run([*train, *line], check=False, env=alone) for line in claim.lines(setting)]
    return not any(one.returncode for one in done)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.study", description=__doc__)
    parser.add_argument("claims", nargs="*", metavar="claim", help="filtering, strategy, vocabulary; all without one")
    parser.add_argument("--report", action="store_true", help="train nothing")
    parser.add_argument("--quick", action="store_true", help="a few pairs and a random base: tries the machinery only")
    parser.add_argument("--more", action="store_true", help="longer and more pairs: with a GPU")
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of the public sets")
    parser.add_argument("--folder", type=Path, default=Path("outputs/study"), help="of data, artefacts and sweeps")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/results.md", help="where the section is written")
    asked = parser.parse_args()
    with one_line(reraise=False):
        sys.exit(0 if study(asked) else 1)


def study(asked: argparse.Namespace) -> bool:
    """Try the claims that are asked for, and write the page; tell whether all arms succeeded."""
    setting = setting_of(asked.data.resolve(), asked.folder.resolve(), quick=asked.quick, more=asked.more)
    known = claims(setting)
    if strange := set(asked.claims) - known.keys():
        sys.exit(f"error: no claim {', '.join(sorted(strange))} (there are: {', '.join(known)})")
    write_files(setting.data, setting.files, setting.sizes)
    chosen = [] if asked.report else asked.claims or list(known)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        succeeded = list(pool.map(partial(run, setting=setting), (known[name] for name in chosen)))
    page = asked.page.read_text("utf-8") if asked.page.is_file() else ""
    section = write_section(setting, known, read_section(page))
    asked.page.write_text(replace_section(page, section), "utf-8", newline="\n")
    return all(succeeded)


if __name__ == "__main__":
    main()
