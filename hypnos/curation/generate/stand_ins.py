"""Stands seeds in for records that do not exist yet, so that later steps can be priced."""

from collections.abc import Iterable, Iterator

from hypnos.curation.pipeline.step import RecordRow
from hypnos.llm.chat import ChatModel
from hypnos.specialty.folder import Seed


class StandIns:
    """Seeds over and over, by each author in turn; read afresh by each loop."""

    def __init__(self, seeds: Iterable[Seed], authors: Iterable[ChatModel], count: int) -> None:
        self.rows = [
            {"id": seed.id, "instruction": seed.instruction, "input": seed.input, "output": seed.output}
            for seed in seeds
        ]
        self.authors = [model.name for model in authors]
        self.count = count

    def __iter__(self) -> Iterator[RecordRow]:
        for number in range(self.count):
            author = self.authors[number % len(self.authors)]
            yield {**self.rows[number % len(self.rows)], "author": author}
