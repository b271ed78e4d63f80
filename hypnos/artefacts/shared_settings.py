"""Plain tables of the configuration that all three scripts have: where things lie, and what W&B is told."""

from hypnos.artefacts.ranges import WandbMode
from hypnos.artefacts.value_check import Table

PATHS = Table({"root": str, "artefacts": str, "outputs": str, "terms": str | None})
WANDB = Table({"project": str, "group": str | None, "mode": WandbMode, "folder": str | None})
