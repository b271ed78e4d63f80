"""The study's part of docs/results.md, from what the sweeps left."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from bench.study.claims import Claim, Setting
from bench.study.files import FAULTS, PLANTED
from bench.study.pairs import read_lines
from bench.study.scorers import SCORERS
from hypnos.corpus.decisions import decide_alone
from hypnos.corpus.selection import Selection
from hypnos.errors import UserError
from hypnos.experiment.sweep.arms import Arm, find_sweep, read_arms
from hypnos.experiment.sweep.notes import uneven_seeds
from hypnos.experiment.sweep.seeds import METHOD
from hypnos.experiment.sweep.tables import finished_arms, held_out_grid, held_out_sets, held_out_tests
from hypnos.report.tables.markdown import markdown_grid, markdown_note

BEGIN = "<!-- From here on written by `python -m bench.study`. -->"
END = "<!-- Up to here. -->"


def read_section(page: str) -> str:
    """What stands between the marks; nothing where there are none."""
    return page.partition(BEGIN)[2].partition(END)[0].strip()


def replace_section(page: str, section: str) -> str:
    """Put the section between its marks, or at the end of a page that has none."""
    before, mark, rest = page.partition(BEGIN)
    after = rest.partition(END)[2].strip() if mark else ""
    parts = (before.strip(), BEGIN, section.strip(), END, after)
    return "\n\n".join(part for part in parts if part) + "\n"


def write_section(setting: Setting, claims: Mapping[str, Claim], before: str = "") -> str:
    """All claims: what was run, held-out bits per character, tests, and time; unfinished and failed arms too.

    Args:
        setting: with what all claims are tried.
        claims: by name.
        before: the section as it was: a claim whose runs lie in another folder, or on another machine, keeps its part
            there, as long as all else was set as it is now.
    """
    first = _setting(setting)
    kept = _claims_of(before) if before.startswith(first) else {}
    parts = [first]
    for claim in claims.values():
        heading = f"### {claim.title}"
        told: Iterable[str]
        try:
            arms = read_arms(find_sweep(claim.sweep, setting.folder / "outputs"))
        except UserError as error:
            missing = "no sweep" in str(error)
            if missing and heading in kept:
                parts.append(kept[heading])
                continue
            told = ["Not run yet." if missing else f"Not shown: {error}"]
        else:
            called = [replace(arm, label=claim.call(arm.overrides) or arm.label) for arm in arms]
            told = _tables(called, claim, setting)
        parts += [heading, *_tried(claim, setting), *told]
    return "\n\n".join(part.strip() for part in parts)


def _claims_of(section: str) -> dict[str, str]:
    """The parts of a section by their headings."""
    parts = ["### " + part.strip() for part in f"\n{section}".split("\n### ")[1:]]
    return {part.partition("\n")[0]: part for part in parts}


def _tried(claim: Claim, setting: Setting) -> Iterator[str]:
    """What is compared, and by which commands."""
    yield _fill(claim.text)
    if claim.name == "filtering":
        yield _scorers(setting.files)
    yield _lines(claim, setting)


def _setting(setting: Setting) -> str:
    sizes = setting.sizes
    numbers = f"""
    `make study-planted`: {sizes.general:,} general pairs in the first stage, which all sweeps share by its key,
    {sizes.planted:,} others for the filter, and {sizes.held_out:,} held out by group. Pairs have whole answers and at
    most {sizes.longest} characters; parts of the data that a machine paraphrased or translated are left out. Seeds
    ({_listed(setting.seeds)}) turn adapters, the order of rows and what is drawn; pairs, faults and scores are the
    same for all.
    """
    rates = """
    The first stage is LoRA at the recipe's 1e-3. It sees each pair once, in steps of one row of 1,024 tokens, which
    is meant to take three minutes at most on one idle thread; what it took is in the tables. Neither rate nor epochs
    were tuned for the study.
    """
    words = _shell(setting.shared, setting)
    folders = f"`$D` is the folder of the data, `$S` that of the study's files:\n\n```bash\nSHARED=({words})\n```"
    return "\n\n".join(["## The paper's claims, tried", _fill(numbers), _fill(rates), _fill(METHOD), folders])


def _fill(text: str) -> str:
    """A paragraph in lines of even length."""
    return textwrap.fill(" ".join(text.split()), 118, break_long_words=False, break_on_hyphens=False)


def _lines(claim: Claim, setting: Setting) -> str:
    array = claim.name.upper()
    start = f'python train.py -m "${{SHARED[@]}}" "${{{array}[@]}}" \\\n    '
    lines = [start + _shell((claim.seeds(setting), *turn), setting) for turn in claim.turns]
    own = _shell((f"sweep_name={claim.sweep}", *claim.shared), setting)
    return "\n".join(["```bash", f"{array}=({own})", *lines, f"python evaluate.py sweep={claim.sweep}", "```"])


def _shell(words: Sequence[str], setting: Setting) -> str:
    """Words as a shell takes them, in lines of readable length, with the folders by their short names."""
    lines = [""]
    for word in words:
        quoted = f"'{word}'" if set(word) & set("${}[]~") else word
        quoted = quoted.replace(str(setting.files), "$S").replace(str(setting.data), "$D")
        if lines[-1] and len(lines[-1]) + len(quoted) > 100:
            lines.append("")
        lines[-1] += f" {quoted}" if lines[-1] else quoted
    return " \\\n    ".join(lines)


def _scorers(files: Path) -> str:
    """What each scorer lets pass, as `selection` decides it."""
    spoilt = {row["id"] for row in read_lines(files / FAULTS)}
    rows = [row for row in read_lines(files / PLANTED) if "scores" in row]
    lines = ["| scorer | what it is | kept | of these sound |", "|---|---|---:|---:|"]
    for name, what in SCORERS.items():
        kept = [row for row in rows if decide_alone(Selection(scorers=name), row) is None]
        sound = sum(row["id"] not in spoilt for row in kept)
        lines.append(f"| {name} | {what} | {len(kept):,} of {len(rows):,} | {sound:,} |")
    return "\n".join(lines)


def _tables(arms: Sequence[Arm], claim: Claim, setting: Setting) -> Iterator[str]:
    lines = finished_arms(arms)
    done = sum(len(of) for of in lines.values())
    wanted = len(claim.arms) * len(setting.seeds)
    others = [f"{arm.label}, seed {arm.seed}: {arm.error or arm.state}" for arm in arms if arm.state != "finished"]
    yield f"{done} of {wanted} runs are finished." + (f" Others: {'; '.join(others)}." if others else "")
    if not lines:
        return
    yield _measured([arm for of in lines.values() for arm in of])
    order = [name for name in claim.arms if name in lines]
    lines = {label: lines[label] for label in dict.fromkeys([*order, *lines])}
    sets = held_out_sets([arm for of in lines.values() for arm in of])
    yield from (_below(markdown_note(note)) for note in uneven_seeds(lines))
    yield _below(markdown_grid(replace(held_out_grid(lines, sets), note="")))
    for reference in claim.references:
        note = held_out_tests(lines, sets, reference) if reference in lines else None
        if note is not None:
            yield _below(markdown_note(replace(note, text="")))
    yield _cost(lines)


def _measured(arms: Sequence[Arm]) -> str:
    """When, on what, and by which code."""
    days = sorted({date.fromtimestamp((arm.folder / "results.json").stat().st_mtime) for arm in arms})
    made = [
        json.loads((Path(stage["directory"]) / "stage.json").read_text("utf-8")) for a in arms for stage in a.stages
    ]
    commits = _listed(f"`{str(one['commit'])[:7]}`" for one in made)
    versions = _listed(f"torch {one['versions']['torch']}, {one['device']}" for one in made)
    return f"Measured {' to '.join(dict.fromkeys((f'{days[0]}', f'{days[-1]}')))}, at {commits}, with {versions}."


def _below(table: str) -> str:
    """A table's heading, one level lower."""
    return table.strip().replace("### ", "#### ", 1)


def _cost(lines: Mapping[str, Sequence[Arm]]) -> str:
    """What each arm's own last stage learnt and took."""
    rows = ["| arm | tokens per character | learnt tokens of the last stage | its steps | its seconds, by seed |"]
    rows.append("|---|---:|---:|---:|---:|")
    once: dict[str, float] = {}
    for label, arms in lines.items():
        last = [arm.stages[-1] for arm in arms]
        once |= {stage["key"]: stage["seconds"] for arm in arms for stage in arm.stages}
        tokens = [next(iter(arm.measures[arm.last].values()))["tokens_per_char"] for arm in arms]
        # Every row of an epoch is one step here, so the steps tell how many epochs there were.
        learnt = [
            stage["data"]["epoch"]["learnt_tokens"] * stage["steps"] / stage["data"]["epoch"]["steps"] for stage in last
        ]
        cells = (_listed(f"{n:,.0f}" for n in learnt), _listed(stage["steps"] for stage in last))
        seconds = ", ".join(f"{stage['seconds']:.0f}" for stage in last)
        rows.append(f"| {label} | {sum(tokens) / len(tokens):.3f} | {' | '.join(cells)} | {seconds} |")
    minutes = sum(once.values()) / 60
    total = f"{len(once)} stages, shared ones once: {minutes:.0f} minutes of training."
    return "\n".join(["#### What it took", "", *rows, "", total])


def _listed(values: object) -> str:
    """Unlike values, in their order."""
    return ", ".join(dict.fromkeys(map(str, values)))  # type: ignore[call-overload]
