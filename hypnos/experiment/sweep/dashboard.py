"""Saves a dashboard of training at Weights & Biases, a view of the project; runs of logger=wandb fill it.

python -m hypnos.experiment.sweep.dashboard --entity <yours>                     every run of the project
python -m hypnos.experiment.sweep.dashboard --entity <yours> --group strategy    one sweep alone
"""

import argparse
from collections.abc import Sequence
from typing import Any

from hypnos.corpus.sources import GENERAL, SPECIFIC
from hypnos.errors import UserError, one_line
from hypnos.experiment.sweep.publish import FRONTIER_CHART, FRONTIER_FIELDS
from hypnos.experiment.sweep.tables import FRONTIER
from hypnos.report.wandb.run import AXIS, has_key

STEP = "trainer/global_step"
"""Lightning's own axis: optimizer steps of one stage."""

SETS = (GENERAL, SPECIFIC)
"""Held-out sets of every experiment of conf/."""


def layout(*, entity: str, project: str, group: str | None = None, sets: Sequence[str] = SETS) -> Any:
    """Lay the panels out; needs no network.

    Args:
        entity: a user or a team at W&B.
        project: of the runs.
        group: show one experiment or sweep alone.
        sets: names of the held-out sets.

    Returns:
        A `wandb_workspaces.workspaces.Workspace`.

    Raises:
        UserError: the package for it is not installed.
    """
    try:
        import wandb_workspaces.reports.v2 as panels
        import wandb_workspaces.workspaces as ws
    except ImportError as error:
        raise UserError("dashboard: needs wandb-workspaces; pip install -e '.[dashboard]'") from error

    def lines(title: str, *metrics: str, x: str = STEP) -> Any:
        return panels.LinePlot(title=title, x=x, y=list(metrics))

    def table(name: str) -> Any:
        return panels.WeavePanelSummaryTable(table_name=name)

    frontier = panels.CustomChart(
        query={"summaryTable": {"tableKey": f"{FRONTIER_CHART}_table"}},
        chart_name="wandb/line/v0",
        chart_fields=dict(FRONTIER_FIELDS),
        chart_strings={"title": "Threshold frontier, with its random control"},
    )
    sections = {
        "Held-out text": [
            lines("Bits per character across stages", *(f"heldout/{name}_bits_per_char" for name in sets), x=AXIS),
            *(lines(f"{name}, bits per character", f"heldout/{name}_bits_per_char", x=AXIS) for name in sets),
            panels.BarPlot(title="Forgetting by stage", metrics=[f"forgetting/{name}" for name in sets]),
            table("measures"),
        ],
        "Answers to fixed prompts": [table("answers")],
        "Training": [
            lines("Loss", "train/loss", "val/loss"),
            lines("Gradient norm", "train/grad_norm"),
            lines("Supervised tokens per second", "train/learnt_tokens_per_second"),
        ],
        "Data": [
            panels.BarPlot(title="Truncated share", metrics=["data/truncated_share"]),
            panels.BarPlot(title="Kept share", metrics=["data/kept_share"]),
            table("data/funnel"),
            table("funnel"),
            panels.MediaBrowser(media_keys=["fertility", "figures/funnel"]),
        ],
        "Thresholds": [frontier, table(FRONTIER)],
        "Reports": [panels.MediaBrowser(media_keys=["figures/held_out", "figures/stages", "figures/frontier"])],
    }
    filters = [ws.Metric("Group") == group] if group else []
    return ws.Workspace(
        entity=entity,
        project=project,
        name=f"Hypnos: {group}" if group else "Hypnos",
        sections=[ws.Section(name=name, panels=parts, is_open=True) for name, parts in sections.items()],
        runset_settings=ws.RunsetSettings(filters=filters, groupby=[ws.Metric("Group"), ws.Metric("JobType")]),
    )


def main(arguments: list[str] | None = None) -> None:
    """Save the layout as a view of the project."""
    parser = argparse.ArgumentParser(
        prog="python -m hypnos.experiment.sweep.dashboard", description="Save a dashboard at W&B."
    )
    parser.add_argument("--entity", required=True, help="a user or a team at W&B")
    parser.add_argument("--project", default="hypnos", help="of the runs")
    parser.add_argument("--group", help="one experiment or sweep alone")
    parser.add_argument("--sets", nargs="+", default=list(SETS), help="names of the held-out sets")
    options = parser.parse_args(arguments)
    with one_line(reraise=False):
        view = layout(entity=options.entity, project=options.project, group=options.group, sets=options.sets)
        if not has_key():
            raise UserError("dashboard: no key to save it with: set WANDB_API_KEY or run `wandb login`")
        view.save()


if __name__ == "__main__":
    main()
