"""Reads the door plates of the rooms, and the options of the commands that are no scripts."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "hypnos"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An argument of a command.

    Attributes:
        name: `--prompt`, or the word for what is given by its place.
        meaning: its help.
        default: as Python writes it; empty where it has none.
    """

    name: str
    meaning: str
    default: str = ""


def rooms() -> list[str]:
    """The rooms of the house, in the order in which its own plate names them."""
    named = re.findall(r"^    (\w+)/", plate(HOUSE), re.MULTILINE)
    return [room for room in named if others_import(room)]


def plate(folder: Path) -> str:
    """The text of a door plate."""
    return ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""


def sentences(room: str) -> str:
    """What a door plate says before it names files."""
    before, *_ = re.split(r"^(?:Files|Folders|Others import):", plate(HOUSE / room), maxsplit=1, flags=re.MULTILINE)
    return before.strip()


def others_import(room: str) -> list[tuple[str, str]]:
    """Module and name of all that other rooms may import, in the order of the plate."""
    _, _, rest = plate(HOUSE / room).partition("Others import:\n")
    doors: list[tuple[str, str]] = []
    module = ""
    for line in rest.splitlines():
        if re.match(r"\S", line):
            break
        if re.match(r" {4}\S", line):
            module, _, line = line.strip().partition(" ")
        doors += [(module, name) for name in re.findall(r"\w+", line)]
    return doors


def stands_alone(room: str, module: str, name: str) -> bool:
    """Whether a door is a class, a function or a value with a line of its own, which has its own entry on a page."""
    file = HOUSE / room / f"{module.replace('.', '/')}.py"
    if not file.is_file():
        return False
    names: set[str] = set()
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        for target in [*getattr(node, "targets", ()), getattr(node, "target", None)]:
            if isinstance(target, ast.Name):
                names.add(target.id)
    return name in names


def command_file(module: str) -> Path:
    """The file of `python -m hypnos.<module>`."""
    file = HOUSE / f"{module.replace('.', '/')}.py"
    return file if file.is_file() else file.with_suffix("") / "__main__.py"


def opening(module: str) -> str:
    """The text at the head of such a file."""
    return ast.get_docstring(ast.parse(command_file(module).read_text("utf-8"))) or ""


@cache
def arguments(target: str) -> dict[str, str]:
    """What the docstring of a class or function of the house says of each argument; nothing of other libraries."""
    module, _, name = target.rpartition(".")
    file = HOUSE.parent / f"{module.replace('.', '/')}.py"
    if not module.startswith("hypnos.") or not file.is_file():
        return {}
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            inits = [part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"]
            texts = [ast.get_docstring(part) or "" for part in (node, *inits)]
            return {name: words for text in texts for name, words in _entries(text)}
    return {}


def _entries(docstring: str) -> Iterator[tuple[str, str]]:
    """The entries below `Args:` and `Attributes:`, each on one line."""
    for section in re.findall(r"^(?:Args|Attributes):\n((?:(?: {4}.*)?(?:\n|$))+)", docstring, re.MULTILINE):
        for entry in re.split(r"\n(?= {4}\S)", section):
            name, colon, words = entry.strip().partition(":")
            if colon:
                yield name.strip(), " ".join(words.split())


def options(module: str) -> Iterator[Option]:
    """The options of `python -m hypnos.<module>`, read from where it states them."""
    for node in ast.walk(ast.parse(command_file(module).read_text("utf-8"))):
        if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") != "add_argument":
            continue
        given = {word.arg: word.value for word in node.keywords}
        names = [ast.literal_eval(word) for word in node.args]
        yield Option(
            name=", ".join(names),
            meaning=ast.literal_eval(given["help"]) if "help" in given else "",
            default=ast.unparse(given["default"]) if "default" in given else "",
        )
