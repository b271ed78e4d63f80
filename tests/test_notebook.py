"""The notebook of the docs, run as a user runs it, on less data."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_notebook_of_the_demo_runs_to_its_end(tmp_path):
    nbclient, jupytext = pytest.importorskip("nbclient"), pytest.importorskip("jupytext")
    pytest.importorskip("ipykernel")
    notebook = jupytext.read(ROOT / "docs/demo.ipynb")
    (parameters,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    kept = [f"paths.artefacts={tmp_path / 'artefacts'}"]
    fewer = ["sources.general.limit=60", "sources.anesthesia.limit=60", "model.recipe.pieces=2000", "logger=none"]
    steps = [f"stages.{stage}.trainer.max_steps=2" for stage in ("general", "anesthesia")]
    parameters.source += f"\nTRAIN = {[*kept, *fewer, *steps, 'answers.max_new_tokens=4']!r}"
    parameters.source += f"\nEVALUATE = {[*kept, 'tasks=[anecq]', 'tasks.anecq.limit=4']!r}"
    parameters.source += f"\nOUTPUTS = Path({str(tmp_path / 'outputs')!r})"
    resources = {"metadata": {"path": str(ROOT)}}
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    kinds = {kind for output in shown for kind in output.get("data", {})}
    assert {"text/html", "text/markdown", "image/png"} <= kinds
    tables = "".join(output["data"].get("text/markdown", "") for output in shown if "data" in output)
    assert "anecq" in tables and "general" in tables
