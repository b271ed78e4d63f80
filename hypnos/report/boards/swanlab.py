"""Begins runs at SwanLab, and lays tables and lineage out as it takes them."""

import os
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from hypnos.errors import UserError
from hypnos.report.boards.board import Account, Board, Picture, Rows
from hypnos.report.boards.send_funnel import FunnelAccount
from hypnos.report.boards.send_report import ReportAccount
from hypnos.report.lineage import Ingredient
from hypnos.report.secrecy import without_secrets

SwanlabMode = Literal["offline", "online", "disabled"]

LONGEST_NAME = 250


def check_swanlab(mode: str) -> None:
    """Find out before any work whether SwanLab can be used as asked.

    Raises:
        UserError: the library is not installed, the mode is unknown, or there is no key to send anything with.
    """
    if find_spec("swanlab") is None:
        raise UserError("SwanLab: the package swanlab is not installed: pip install -e '.[swanlab]'")
    if mode not in ("offline", "online", "disabled"):
        raise UserError(f"SwanLab: mode {mode!r} is none of offline, online, disabled (SWANLAB_MODE)")
    if mode == "online" and not os.environ.get("SWANLAB_API_KEY"):
        import swanlab

        if swanlab.Settings().api_key is None:  # where `swanlab login` left one, it is read from there
            raise UserError(
                "SwanLab: no key to send with: set SWANLAB_API_KEY, run `swanlab login`, or choose SWANLAB_MODE=offline"
            )


def begin_run(*, project: str, save_dir: str, mode: str, name: str | None = None, **described: Any) -> Any:
    """Begin a run: what is printed, who runs it and where stays here, and nothing is asked back.

    Args:
        project: the project's name.
        save_dir: SwanLab's own files lie in `swanlog` below it.
        mode: see `check_swanlab`.
        name: of the run.
        described: what else `swanlab.init` takes.
    """
    import swanlab

    quiet = swanlab.Settings(
        interactive=False,
        terminal=swanlab.Settings.Terminal(proxy_type="none"),
        probe=swanlab.Settings.Probe(runtime=False, requirements=False, git=False),
    )
    folder = Path(save_dir) / "swanlog"
    folder.mkdir(parents=True, exist_ok=True)
    with _keep_interrupts():
        return swanlab.init(
            project=project,
            log_dir=str(folder),
            mode=mode,  # type: ignore[arg-type]
            name=name[:LONGEST_NAME] if name else None,
            settings=quiet,
            **described,
        )


def swanlab_table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Any:
    """A table as SwanLab draws it."""
    import swanlab

    table = swanlab.echarts.Table()
    table.add(list(head), [["" if cell is None else cell for cell in row] for row in rows])
    return table


def show_lineage(run: Any, *, used: Iterable[Ingredient], made: Iterable[Ingredient]) -> None:
    """Names of what a run used and made, as a table and among its settings: there are no artifacts to note them as."""
    rows = [
        [direction, one.kind, one.name, str(one.path.resolve())]
        for direction, ingredients in (("used", used), ("made", made))
        for one in ingredients
    ]
    run.log({"lineage": swanlab_table(("", "kind", "name", "path"), without_secrets(rows))})
    run.config.update({"lineage": [f"{direction} {kind} {name}" for direction, kind, name, _ in rows]})


@contextmanager
def _keep_interrupts() -> Iterator[None]:
    """Leave Ctrl-C to the command: a run that begins takes it over, and would end before the command does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class SwanlabBoard(Board):
    """A run at SwanLab."""

    def __init__(self, run: Any) -> None:
        self.run = run

    def show(self, *, tables: Mapping[str, Rows], pictures: Mapping[str, Picture]) -> None:
        import swanlab

        shown = {name: swanlab_table(rows[0], rows[1:]) for name, rows in tables.items() if len(rows) > 1}
        shown |= {name: swanlab.Image(str(file), caption=title) for name, (file, title) in pictures.items()}
        if shown:
            self.run.log(shown)

    def summarise(self, values: Mapping[str, float]) -> None:
        if values:
            self.run.log(dict(values))

    def keep(self, name: str, files: Iterable[Path], *, kind: str) -> None:
        for file in files:
            self.run.save(str(file), base_path=str(file.parent), policy="now")

    def trace(self, *, used: Iterable[Ingredient], made: Iterable[Ingredient]) -> None:
        show_lineage(self.run, used=used, made=made)


@dataclass(kw_only=True)
class SwanlabAccount(Account):
    """A project at SwanLab; mode `offline` needs no network, and `swanlab sync` sends it later.

    Attributes:
        project: the project's name.
        save_dir: SwanLab keeps its own files in `swanlog` below it.
        group: of the runs.
        workspace: of the project; None for the user's own.
        mode: see `check_swanlab`.
    """

    project: str
    save_dir: str
    group: str | None = None
    workspace: str | None = None
    mode: SwanlabMode = "offline"

    @contextmanager
    def board(
        self, job_type: str, *, config: Mapping[str, Any], name: str | None = None, group: str | None = None
    ) -> Iterator[Board]:
        check_swanlab(self.mode)
        run = begin_run(
            project=self.project,
            save_dir=self.save_dir,
            mode=self.mode,
            name=name,
            workspace=self.workspace,
            group=self.group or group,
            job_type=job_type,
            config=without_secrets(dict(config)),
        )
        try:
            yield SwanlabBoard(run)
        except BaseException:
            run.finish(state="crashed", error=f"{job_type} failed")
            raise
        run.finish()


@dataclass(kw_only=True)
class SwanlabReport(ReportAccount, SwanlabAccount):
    """Publishes a report at SwanLab."""


@dataclass(kw_only=True)
class SwanlabFunnel(FunnelAccount, SwanlabAccount):
    """Publishes a funnel at SwanLab."""
