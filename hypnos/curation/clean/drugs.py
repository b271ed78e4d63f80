"""Finds the wrong one of two drugs whose names look alike."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import yaml

from hypnos.curation.clean.rule import DrugRule, question_of, text_of
from hypnos.curation.pipeline.step import RecordRow
from hypnos.errors import UserError
from hypnos.specialty.doses import find_doses, grade
from hypnos.specialty.drugs import Drug
from hypnos.specialty.units import any_of, normalise

# Questions whose answer rightly names another drug.
_OTHER_DRUG = re.compile(
    r"替代|代替|换[成用]|改用|除了|除.{0,12}外|其他|哪[种些个类]|什么药|何药|区别|比较|对比|不同|相比|过敏|禁[忌用]|避免|不能用|没有"
    r"|拮抗|逆转|解救|前体|代谢物|属于|同类"
)


@dataclass(frozen=True, kw_only=True)
class ConfusedDrug(DrugRule):
    """The question is about one drug and the answer about its look-alike, or a drug has the other one's dose.

    Which drugs are alike says `names.yaml`, under `confusable`.
    """

    FILES: ClassVar[tuple[str, ...]] = ("doses.yaml", "names.yaml")

    @cached_property
    def _drugs(self) -> dict[str, Drug]:
        return {drug.name: drug for drug in self.drugs}

    @cached_property
    def _generic(self) -> dict[str, str]:
        """Generic name by any name."""
        path = self.folder / "names.yaml"
        try:
            aliases = yaml.safe_load(path.read_text("utf-8")).get("aliases") or {}
            generic = {normalise(alias): str(name) for alias, name in aliases.items()}
        except (OSError, yaml.YAMLError, AttributeError) as error:
            raise UserError(f"{path}: {' '.join(str(error).split())}") from error
        for drug in self._drugs.values():
            generic |= {normalise(name): drug.name for name in (drug.name, *drug.aliases)}
        return generic | {name: name for pair in self._pairs for name in pair}

    @cached_property
    def _pairs(self) -> list[tuple[str, str]]:
        path = self.folder / "names.yaml"
        try:
            pairs = yaml.safe_load(path.read_text("utf-8"))["confusable"]
            return [(str(first), str(second)) for first, second in pairs]
        except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
            raise UserError(f"{path}: confusable: {' '.join(str(error).split())}") from error

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(any_of(self._generic))

    @cached_property
    def _alike(self) -> dict[str, set[str]]:
        alike: dict[str, set[str]] = {}
        for first, second in self._pairs:
            alike.setdefault(first, set()).add(second)
            alike.setdefault(second, set()).add(first)
        return alike

    def check(self, row: RecordRow) -> str | None:
        answer = text_of(row, "output")
        answered = self._named(answer)
        if not answered & self._alike.keys():
            return None
        question = question_of(row)
        wanted = self._named(question)
        for drug in sorted(wanted - answered):
            others = (self._alike.get(drug, set()) & answered) - wanted
            if others and not self._asks_for_another(question, drug):
                return f"drug_confused: {'、'.join(sorted(others))}, asked was {drug}"
        return self._another_ones_dose(answer)

    def _asks_for_another(self, question: str, drug: str) -> bool:
        return any(
            _OTHER_DRUG.search(sentence)
            for sentence in re.split(r"[。？！?!；;\n]", question)
            if drug in self._named(sentence)
        )

    def _named(self, text: str) -> set[str]:
        """Generic names that stand in a text, the longer before the shorter within it."""
        return {self._generic[match[0]] for match in self._pattern.finditer(normalise(text))}

    def _another_ones_dose(self, text: str) -> str | None:
        for dose in find_doses(text, self.drugs):
            if grade(dose) in ("warn", "fault"):
                for other in self._alike.get(dose.drug, ()):
                    windows = self._drugs[other].windows if other in self._drugs else ()
                    if (
                        windows
                        and grade(type(dose)(other, dose.values, dose.unit, dose.text, windows), slack=1) == "ok"
                    ):
                        return f"drug_confused: {dose.drug} {dose.text}, a dose of {other}"
        return None
