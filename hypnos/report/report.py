"""Writes reports: tables as Markdown, LaTeX and CSV, figures, and a page to look at."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hypnos.report.contents import Contents, Language
from hypnos.report.figures.figures import Figure, draw_figures
from hypnos.report.pages.report_page import write_report_page
from hypnos.report.results import Note, Results, TaskQuestions
from hypnos.report.tables.csv_files import write_numbers, write_tables, write_tests
from hypnos.report.tables.latex import HEAD, latex_grid, latex_note
from hypnos.report.tables.markdown import escape, markdown_grid, markdown_note
from hypnos.report.tables.metric_tables import comparison_note, method_note, model_tests, slice_grids, task_grids
from hypnos.report.tables.opening import opening_note
from hypnos.report.tables.rating_tables import duel_grids, rating_grids
from hypnos.report.tables.rating_tests import duel_tests, rating_tests
from hypnos.report.tables.table import Grid
from hypnos.specialty.drugs import Drug


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A written report: its folder, and the tables and figures in it."""

    directory: Path
    grids: tuple[Grid, ...]
    notes: tuple[Note, ...]
    figures: tuple[Figure, ...]

    @property
    def page(self) -> Path:
        """The page to look at."""
        return self.directory / "report.html"


def write_report(
    directory: Path,
    *,
    results: Results,
    drugs: Sequence[Drug] = (),
    language: Language = "en",
    show_hidden: bool = False,
) -> Report:
    """Write the report of a benchmark; see `write_files`.

    The same results give the same files, byte by byte. The page alone holds texts of questions and answers.

    Args:
        directory: is made if it is not there; files of the same names are replaced, each when it is whole.
        results: of all models and tasks.
        drugs: names and windows of the specialty, to mark drugs and doses in the answers.
        language: of the page.
        show_hidden: put the texts of hidden tasks into the page as well, for a page that stays on this machine.
    """
    grids, notes = tabulate_results(results)
    sections = [line for task in results.tasks for line in _task_section(task, grids)]
    contents = Contents(
        results=results,
        grids=grids,
        notes=notes,
        sections=sections,
        opens=True,
        method=method_note(),
        language=language,
    )
    draw = partial(draw_figures, results=results, grids=grids)
    return write_files(directory, contents, draw=draw, drugs=drugs, show_hidden=show_hidden)


def write_files(
    directory: Path,
    contents: Contents,
    *,
    draw: Callable[[Path], Iterable[Figure]],
    drugs: Sequence[Drug] = (),
    show_hidden: bool = False,
) -> Report:
    """Write `report.md`, `report.tex`, `report.csv`, `numbers.csv`, `tests.csv`, `report.html` and figures as PNG.

    Args:
        directory: is made if it is not there; files of the same names are replaced, each when it is whole.
        contents: what stands in all of them.
        draw: draws the figures into a folder.
        drugs: see `write_report`.
        show_hidden: see `write_report`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    grids, notes = contents.grids, contents.notes
    with tempfile.TemporaryDirectory(dir=directory, prefix=".report-") as temporary:
        folder = Path(temporary)
        figures = tuple(draw(folder))
        (folder / "report.md").write_text(_markdown(contents, figures), "utf-8", newline="\n")
        (folder / "report.tex").write_text(_latex(contents), "utf-8", newline="\n")
        write_tables(folder / "report.csv", grids, notes)
        write_numbers(folder / "numbers.csv", grids)
        write_report_page(folder / "report.html", contents, figures, drugs=drugs, show_hidden=show_hidden)
        write_tests(folder / "tests.csv", notes)
        for file in sorted(folder.iterdir()):
            file.replace(directory / file.name)
    drawn = tuple(Figure(directory / figure.path.name, figure.title) for figure in figures)
    return Report(directory=directory, grids=grids, notes=notes, figures=drawn)


def tabulate_results(results: Results) -> tuple[tuple[Grid, ...], tuple[Note, ...]]:
    """Every table of numbers, and every finished table, in the order of the report: what it opens with first."""
    grids: list[Grid] = []
    tests = {task.name: model_tests(results, task) for task in results.tasks}
    notes = [opening_note(results, tests)]
    for task in results.tasks:
        grids += task_grids(results, task)
        grids += slice_grids(results, task)
        note = comparison_note(task, tests[task.name])
        notes += [note] if note else []
    kinds = {
        "judge": ("judged", [verdict for verdict in results.verdicts if not verdict.beside_reference]),
        "judge_reference": ("judged", [verdict for verdict in results.verdicts if verdict.beside_reference]),
        "raters": ("rated by people", results.ratings),
    }
    for key, (title, ratings) in kinds.items():
        scales, models = results.indicators, results.models
        grids += rating_grids(ratings, indicators=scales, models=models, key=key, title=title)
        by = "raters" if key == "raters" else "judges"
        notes += rating_tests(ratings, indicators=scales, models=models, title=title, by=by)
    grids += duel_grids(results.duels, models=results.models)
    notes += duel_tests(results.duels, models=results.models)
    return tuple(grids), (*notes, *results.notes)


def _task_section(task: TaskQuestions, grids: Sequence[Grid]) -> list[str]:
    version = f", version `{task.version[:12]}`" if task.version else ""
    return [
        *(f"## {task.title or task.name}", ""),
        *(f"{len(task.questions)} questions of kind {task.kind}{version}.", ""),
        *(markdown_grid(grid) for grid in grids if grid.key.startswith(f"{task.name}/")),
    ]


def _markdown(contents: Contents, figures: Sequence[Figure]) -> str:
    results, notes = contents.results, list(contents.notes)
    parts = [f"# {results.title}", "", *(f"> {escape(line)}\n" for line in results.warnings)]
    parts += [markdown_note(notes.pop(0))] if contents.opens else []
    parts += [contents.method, ""] if contents.method else []
    parts += map(markdown_grid, contents.grids) if contents.sections is None else contents.sections
    parts += ["## Tests and notes", "", *map(markdown_note, notes), "## Figures", ""]
    for figure in figures:
        parts += [f"![{figure.title}]({figure.path.name})", ""]
    return "\n".join(parts)


def _latex(contents: Contents) -> str:
    method = [f"% {contents.method}", ""] if contents.method else []
    note_tables = (latex_note(note, f"note {number}") for number, note in enumerate(contents.notes, 1) if note.head)
    return "\n".join([HEAD, *method, *map(latex_grid, contents.grids), *note_tables])
