"""The house rules that no linter knows: small folders with door plates, small files, tests that mirror the tree."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "hypnos"
FOLDERS = sorted(file.parent for file in HOUSE.rglob("__init__.py"))
MODULES = sorted(file for file in HOUSE.rglob("*.py") if file.name != "__init__.py")
ROOMS = sorted(folder.name for folder in FOLDERS if folder.parent == HOUSE and folder != HOUSE)

MOST_FILES = {"metrics": 16}
"""Folders that may hold more than a dozen modules."""

PLATED = [folder for folder in FOLDERS if folder != HOUSE]


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def modules_in(folder: Path) -> set[str]:
    return {file.stem for file in folder.glob("*.py") if file.name != "__init__.py"}


def plate(folder: Path) -> str:
    return ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""


def listed(folder: Path, heading: str) -> dict[str, str]:
    """The lines below a heading of a door plate: what is named, and what is said of it."""
    _, _, rest = plate(folder).partition(f"{heading}:\n")
    lines = rest.split("\n")
    below = [line for line in lines[: next((i for i, text in enumerate(lines) if re.match(r"\S", text)), None)] if line]
    first = [line for line in below if re.match(r" {4}\S", line)]
    return {name: text for name, _, text in (line.strip().partition(" ") for line in first)}


def names_listed(folder: Path, heading: str) -> dict[str, set[str]]:
    """The same, with the names that go on over several lines."""
    _, _, rest = plate(folder).partition(f"{heading}:\n")
    found: dict[str, set[str]] = {}
    current = ""
    for line in rest.split("\n"):
        if re.match(r"\S", line):
            break
        if re.match(r" {4}\S", line):
            current, _, line = line.strip().partition(" ")
        found.setdefault(current, set()).update(re.findall(r"\w+", line))
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=short)
def test_a_folder_holds_a_dozen_modules_at_most(folder):
    assert len(modules_in(folder)) <= MOST_FILES.get(folder.name, 12)


@pytest.mark.parametrize("folder", PLATED, ids=short)
def test_a_door_plate_names_every_file_and_folder(folder):
    below = [path for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"]
    folders = {f"{path.name}/" for path in below if any(file.suffix not in ("", ".pyc") for file in path.rglob("*"))}
    files, inner = listed(folder, "Files"), listed(folder, "Folders")
    assert (set(files), set(inner)) == (modules_in(folder), folders)
    assert all(line.strip() for line in (*files.values(), *inner.values()))
    sentences, _, _ = plate(folder).partition("Files:")
    assert 1 <= len(re.findall(r"\.(?=\s|$)", sentences)) <= 4


def imports(file: Path) -> Iterator[tuple[str, str]]:
    """Every `from hypnos.x import name` of a file, those inside functions too."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hypnos"):
            yield from ((str(node.module), alias.name) for alias in node.names)


@pytest.mark.parametrize("room", ROOMS)
def test_other_rooms_import_what_the_door_plate_lists_and_nothing_else(room):
    open_to_others = names_listed(HOUSE / room, "Others import")
    taken: dict[str, set[str]] = {}
    for file in (*MODULES, *ROOT.glob("*.py")):
        if HOUSE / room in file.parents:
            continue
        for module, name in imports(file):
            inside = module.removeprefix(f"hypnos.{room}").lstrip(".")
            if module == f"hypnos.{room}" or module.startswith(f"hypnos.{room}."):
                module_file = HOUSE / room / Path(*inside.split("."), f"{name}.py")
                is_module = module_file.is_file()
                key = f"{inside}.{name}".lstrip(".") if is_module else inside
                taken.setdefault(key, set()).update(() if is_module else {name})
    assert {k: v for k, v in open_to_others.items() if k} == taken


@pytest.mark.parametrize("file", MODULES, ids=short)
def test_a_file_has_300_lines_at_most_and_says_what_it_is(file):
    text = file.read_text("utf-8")
    assert text.count("\n") <= 300
    assert ast.get_docstring(ast.parse(text))


def test_functions_have_seven_parameters_at_most_but_for_bound_constructors():
    wide = []
    for file in MODULES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                parameters = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                if len([one for one in parameters if one.arg not in ("self", "cls")]) > 7:
                    wide.append((short(file), node.name))
    assert len(wide) <= 8
    assert {name for _, name in wide} <= {"__init__", "attend_documents"}  # the last has transformers' own signature


def edges() -> dict[str, set[str]]:
    """Which module imports which, wherever the import stands."""
    known = {short(file)[:-3].replace("/", "."): file for file in MODULES}
    found: dict[str, set[str]] = {name: set() for name in known}
    for name, file in known.items():
        for module, imported in imports(file):
            found[name] |= {module, f"{module}.{imported}"} & known.keys() - {name}
    return found


def test_no_module_imports_itself_by_way_of_others():
    graph, done = edges(), set[str]()

    def walk(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path[path.index(name) :], name))
        if name not in done:
            for below in sorted(graph[name]):
                walk(below, (*path, name))
            done.add(name)

    for name in sorted(graph):
        walk(name, ())


def has_logic(file: Path) -> bool:
    """Whether a module does something: a function of more than a sentence and a line."""
    functions = [n for n in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(n, ast.FunctionDef)]
    return any(len([part for part in n.body if not isinstance(part, ast.Expr)]) > 1 for n in functions)


def test_tests_mirror_the_tree():
    modules = [file for file in MODULES if has_logic(file)]
    missing = [
        short(file)
        for file in modules
        if not (ROOT / "tests" / file.relative_to(HOUSE)).with_name(f"test_{file.name}").is_file()
    ]
    assert len(missing) <= len(modules) // 10, missing
