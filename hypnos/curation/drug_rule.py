"""What rules about drugs share: the specialty's doses and names."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from hypnos.artefacts.keys import file_key
from hypnos.curation.rule import Rule
from hypnos.specialty.drugs import Drug, read_windows
from hypnos.specialty.folder import find_specialty


@dataclass(frozen=True, kw_only=True)
class DrugRule(Rule):
    """A rule that reads files of the specialty's folder.

    Attributes:
        specialty: the folder, or its name below `root/specialty`.
        root: of the project.
    """

    specialty: str
    root: str = "."

    FILES: ClassVar[tuple[str, ...]] = ("doses.yaml",)

    def key(self) -> dict[str, Any]:
        settings = {name: value for name, value in super().key().items() if name not in ("specialty", "root")}
        return settings | {name: file_key(self.folder / name) for name in self.FILES}

    @cached_property
    def folder(self) -> Path:
        return find_specialty(self.specialty, Path(self.root))

    @cached_property
    def drugs(self) -> tuple[Drug, ...]:
        return read_windows(self.folder / "doses.yaml")
