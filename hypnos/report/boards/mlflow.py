"""Begins runs of MLflow, and keeps tables and lineage as artifacts of them."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hypnos.errors import UserError
from hypnos.report.boards.board import Account, Board, Picture, Rows
from hypnos.report.boards.send_funnel import FunnelAccount
from hypnos.report.boards.send_report import ReportAccount
from hypnos.report.lineage import Ingredient
from hypnos.report.secrecy import without_secrets

_NOT_IN_NAMES = r"[^\w/. -]+"
"""Signs that MLflow takes in no name of a metric."""


def check_mlflow() -> None:
    """Find out before any work whether MLflow is here.

    Raises:
        UserError: the library is not installed.
    """
    if find_spec("mlflow") is None:
        raise UserError("MLflow: the package mlflow is not installed: pip install -e '.[mlflow]'")


def store_address(address: str | None, save_dir: str) -> str:
    """Where runs are kept: an address, or files below a folder."""
    if address:
        return address
    # MLflow would rather have a database, and refuses files unless this is said.
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    return (Path(save_dir) / "mlruns").resolve().as_uri()


def run_tags(*, job_type: str, group: str | None) -> dict[str, str]:
    """What tells kinds of runs apart."""
    return {name: value for name, value in (("job_type", job_type), ("group", group)) if value}


def keep_table(client: Any, run: str, name: str, *, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table as MLflow's page draws it; a later one of the same name takes its place."""
    content = {"columns": list(head), "data": [list(row) for row in rows]}
    client.log_text(run, json.dumps(content, ensure_ascii=False), f"tables/{_file_name(name)}.json")


def keep_lineage(client: Any, run: str, *, used: Iterable[Ingredient], made: Iterable[Ingredient]) -> None:
    """Names of what a run used and made as a table, and the models among them as tags to search by."""
    rows = []
    for direction, ingredients in (("used", used), ("made", made)):
        for one in ingredients:
            rows.append([direction, one.kind, one.name, str(one.path.resolve())])
            if one.kind == "model":
                client.set_tag(run, f"{direction}_model", one.name)
    keep_table(client, run, "lineage", head=("", "kind", "name", "path"), rows=without_secrets(rows))


class MlflowBoard(Board):
    """A run of MLflow."""

    def __init__(self, client: Any, run: str) -> None:
        self.client = client
        self.run = run

    def show(self, *, tables: Mapping[str, Rows], pictures: Mapping[str, Picture]) -> None:
        for name, rows in tables.items():
            keep_table(self.client, self.run, name, head=rows[0], rows=rows[1:])
        for file, _ in pictures.values():
            self.client.log_artifact(self.run, str(file), "pictures")

    def summarise(self, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.client.log_metric(self.run, re.sub(_NOT_IN_NAMES, "_", name), value)

    def keep(self, name: str, files: Iterable[Path], *, kind: str) -> None:
        for file in files:
            self.client.log_artifact(self.run, str(file), name)

    def trace(self, *, used: Iterable[Ingredient], made: Iterable[Ingredient]) -> None:
        keep_lineage(self.client, self.run, used=used, made=made)


@dataclass(kw_only=True)
class MlflowAccount(Account):
    """A store of MLflow.

    Attributes:
        project: MLflow's experiment.
        save_dir: files lie in `mlruns` below it where there is no address.
        group: of the runs, as a tag.
        address: of a server, or another store that MLflow knows; None for files.
    """

    project: str
    save_dir: str
    group: str | None = None
    address: str | None = None

    @contextmanager
    def board(
        self, job_type: str, *, config: Mapping[str, Any], name: str | None = None, group: str | None = None
    ) -> Iterator[Board]:
        check_mlflow()
        from mlflow.tracking import MlflowClient

        client = MlflowClient(store_address(self.address, self.save_dir))
        known = client.get_experiment_by_name(self.project)
        experiment = known.experiment_id if known else client.create_experiment(self.project)
        tags = run_tags(job_type=job_type, group=self.group or group)
        run = client.create_run(experiment, tags=tags, run_name=name).info.run_id
        client.log_dict(run, without_secrets(dict(config)), "config.json")
        try:
            yield MlflowBoard(client, run)
        except BaseException:
            client.set_terminated(run, "FAILED")
            raise
        client.set_terminated(run, "FINISHED")


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)


@dataclass(kw_only=True)
class MlflowReport(ReportAccount, MlflowAccount):
    """Publishes a report with MLflow."""


@dataclass(kw_only=True)
class MlflowFunnel(FunnelAccount, MlflowAccount):
    """Publishes a funnel with MLflow."""
