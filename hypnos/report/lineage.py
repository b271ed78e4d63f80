"""Names what a run was made from and what it made, for whatever board it is shown on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hypnos.artefacts.hub import name_of_snapshot

Kind = Literal["model", "dataset", "vocabulary", "records", "predictions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredient:
    """A folder or a file that a run read or wrote; it stays where it is.

    Attributes:
        kind: what it is.
        path: where it lies.
        metadata: what there is to say of it.
        files: small texts without records that may be shown.
        called: its name, where that is not the folder's.
    """

    kind: Kind
    path: Path
    metadata: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    called: str = ""

    @property
    def name(self) -> str:
        """The folder's name, which holds the key of what made it; of a hub's snapshot the name there."""
        if self.called:
            return self.called
        path = self.path.resolve()
        if self.kind == "records":
            return f"{path.parent.name}-{path.stem}"
        return name_of_snapshot(path) or path.name
