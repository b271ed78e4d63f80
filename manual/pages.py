"""Writes the pages of the site that are made: one a command, one a folder of conf/, one a room."""

import re
from collections.abc import Iterable

from manual.doors import Option, opening, options, others_import, rooms, sentences, stands_alone
from manual.knobs import CONF, Group, Knob, command_groups, command_knobs, file_knobs, header, package

SCRIPTS = ("train", "filter", "evaluate")
MODULES = ("chat", "compare", "export", "push", "experiment.sweep.dashboard", "llm.journal.export")
"""Of each `python -m hypnos.<module>` that docs/ name."""


def generated_pages() -> dict[str, str]:
    """Markdown by path in the site."""
    pages = {f"commands/{name}.md": script_page(name) for name in SCRIPTS}
    pages |= {f"commands/{name}.md": module_page(name) for name in MODULES}
    folders = sorted({file.parent.relative_to(CONF).parts[0] for file in CONF.rglob("*.yaml") if file.parent != CONF})
    pages |= {f"configuration/{name}.md": folder_page(name) for name in folders}
    pages |= {f"rooms/{name}.md": room_page(name) for name in rooms()}
    return pages


def script_page(name: str) -> str:
    """The page of train.py, filter.py or evaluate.py."""
    title, _, examples = header(CONF / f"{name}.yaml").partition("\n")
    knobs = command_knobs(name)
    parts = [f"# {name}.py", title, f"```bash\n{_without_margin(examples)}\n```"]
    parts += ["## Choices", "A choice takes another file of its folder: `python " + f"{name}.py <choice>=<file>`."]
    parts.append(_group_table(command_groups(name)))
    parts.append("## Knobs")
    parts.append(f"All {len(knobs)} knobs of the default choices, with their defaults; `???` has to be said.")
    by_table: dict[str, list[Knob]] = {}
    for knob in knobs:
        by_table.setdefault(knob.path.partition(".")[0] if "." in knob.path else "", []).append(knob)
    for table, members in sorted(by_table.items(), key=lambda part: part[0] != ""):
        parts += [f"### {table}" if table else "### On top", _knob_table(members)]
    return "\n\n".join(parts) + "\n"


def module_page(name: str) -> str:
    """The page of `python -m hypnos.<name>`."""
    first, _, examples = opening(name).partition("\n\n")
    parts = [f"# hypnos.{name}", first, f"```bash\n{examples.strip()}\n```" if examples.strip() else ""]
    parts += ["## Options", _option_table(options(name))]
    return "\n\n".join(filter(None, parts)) + "\n"


def folder_page(name: str) -> str:
    """The page of a folder of conf/: each of its files, with the knobs as they stand in it."""
    parts = [f"# conf/{name}"]
    for file in sorted((CONF / name).rglob("*.yaml")):
        choice = file.relative_to(CONF / name).with_suffix("").as_posix()
        parts.append(f"## {choice}")
        if text := header(file):
            parts.append(_prose(text))
        if (where := package(file)) and where != "_global_":
            parts.append(f"Its knobs stand below `{where}`.")
        if knobs := file_knobs(file):
            parts.append(_knob_table(knobs, with_file=False))
    return "\n\n".join(parts) + "\n"


def room_page(name: str) -> str:
    """The page of a room: what it is for, and what others may take from it."""
    parts = [f"# hypnos.{name}", sentences(name)]
    for module, door in others_import(name):
        whole = f"hypnos.{name}.{module}.{door}"
        parts.append(f"::: {whole}" if stands_alone(name, module, door) else f"## `{door}`\n\nA value of `{whole}`.")
    return "\n\n".join(parts) + "\n"


def _knob_table(knobs: Iterable[Knob], *, with_file: bool = True) -> str:
    head = "| knob | default | what it does |" + (" from |" if with_file else "")
    lines = [head, "|---|---|---|" + ("---|" if with_file else "")]
    for knob in knobs:
        folder, _, choice = knob.file.partition("/")
        link = f"[{knob.file}](../configuration/{folder}.md#{anchor(choice)})" if choice else knob.file
        row = f"| `{knob.path}` | {_code(knob.default)} | {_cell(knob.meaning)} |"
        lines.append(row + (f" {link} |" if with_file else ""))
    return "\n".join(lines)


def _group_table(groups: Iterable[Group]) -> str:
    lines = ["| choice | default | files |", "|---|---|---|"]
    for group in groups:
        folder = group.folder.partition("/")[0]
        default = "none" if group.choice is None else f"`{group.choice}`"
        lines.append(f"| `{group.override}` | {default} | [conf/{group.folder}](../configuration/{folder}.md) |")
    return "\n".join(lines)


def _option_table(given: Iterable[Option]) -> str:
    lines = ["| option | default | what it does |", "|---|---|---|"]
    lines += [f"| `{one.name}` | {_code(one.default)} | {_cell(one.meaning)} |" for one in given]
    return "\n".join(lines)


def anchor(choice: str) -> str:
    """The anchor that the site gives to a file's heading."""
    return re.sub(r"[^\w-]", "", choice.lower())


def _code(text: str) -> str:
    """A value as code in a cell of a table."""
    if not text:
        return ""
    fence = "``" if "`" in text else "`"
    shown = text.replace("|", "\\|")
    return f"{fence}{shown if len(shown) <= 160 else shown[:157] + '...'}{fence}"


def _cell(text: str) -> str:
    """Prose in a cell: nothing of it is markup but what stands in it as code."""
    return _escape(text).replace("|", "\\|").replace("\n", " ")


def _prose(text: str) -> str:
    """A file's head: lines that begin with a command or are set in are code."""
    paragraphs = []
    for part in re.split(r"\n\s*\n", text):
        lines = part.split("\n")
        if any(re.match(r"\s{2,}|python ", line) for line in lines):
            paragraphs.append("```\n" + "\n".join(line.rstrip() for line in lines) + "\n```")
        else:
            paragraphs.append(_escape(part))
    return "\n\n".join(paragraphs)


def _escape(text: str) -> str:
    return re.sub(r"([<>*_\[\]{}])", r"\\\1", text)


def _without_margin(text: str) -> str:
    return "\n".join(line.removeprefix("  ") for line in text.strip("\n").splitlines() if line.strip())
