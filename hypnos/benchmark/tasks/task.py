"""Holds a task: questions from a file, the words they are asked in, and what is measured on the answers."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any, Protocol, get_args

from hypnos.artefacts.keys import content_key
from hypnos.artefacts.ranges import Count, Egress, Seed
from hypnos.benchmark.choice.official_rules import OfficialRule
from hypnos.benchmark.items import Item, Kind
from hypnos.benchmark.settings import THINKING
from hypnos.benchmark.tasks.groups import with_groups
from hypnos.benchmark.tasks.prompts import Prompt
from hypnos.benchmark.tasks.readers.fields import EGRESS, Placed
from hypnos.benchmark.tasks.readers.lines import Lines
from hypnos.benchmark.tasks.sample import draw_sample
from hypnos.benchmark.tasks.shots import Shots
from hypnos.benchmark.tasks.shuffle import shuffle
from hypnos.benchmark.thinking import Thinking, TokenLimits, limits, read_thinking
from hypnos.corpus.files import file_sizes
from hypnos.corpus.likeness.local_words import LocalWords
from hypnos.errors import UserError

log = logging.getLogger(__name__)

VERSION = 1
"""Raised when the code asks the same items in other words."""


class Reader(Protocol):
    """Reads one layout of a benchmark."""

    def read(self, path: str, kind: Kind) -> Iterable[Placed]:
        """The items of a file with their places, in the order of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task, as a file of `conf/tasks` describes it.

    Attributes:
        name: as it stands in tables and file names.
        kind: `question`, `choice` or `reading`.
        path: the file, a folder of files, an address of a storage, `hub:owner/name` or `ms:owner/name`; see
            `hypnos.corpus.files.read_rows`. None in the files of sets that are not bundled: a value inherited from
            another task would hide that it is missing.
        prompt: the words around each question.
        metrics: names of what is measured.
        reader: of the file's layout; by default the project's own, `hypnos.benchmark.tasks.readers.lines.Lines`.
        shots: examples before the question.
        max_new_tokens: an answer is cut there.
        thinking: how a model is asked to reason before it answers, where nothing is said of the model itself; see
            `hypnos.benchmark.thinking`.
        egress: `local`: none of it ever leaves the machine, whatever its rows say.
        limit: at most this many items, drawn in the proportions of topics and levels.
        limit_seed: another one draws others.
        shuffle: seed with which options change their places; None leaves them.
        official: a second rule for reading letters, whose number stands beside ours under its own label.
    """

    name: str
    kind: Kind
    path: str | None
    prompt: Prompt
    metrics: Sequence[str]
    reader: Reader = field(default_factory=Lines)
    shots: Shots = field(default_factory=Shots)
    max_new_tokens: Count = 256
    thinking: Annotated[Mapping[str, Any], THINKING] | None = None
    egress: Egress = "any"
    limit: Count | None = None
    limit_seed: Seed = 0
    shuffle: Seed | None = None
    official: OfficialRule | None = None
    _read: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", tuple(self.metrics))
        for key, value, known in (("kind", self.kind, get_args(Kind)), ("egress", self.egress, EGRESS)):
            if value not in known:
                raise UserError(f"{self.name}.{key}: {value!r} is none of {', '.join(known)}")
        if self.max_new_tokens < 1 or (self.limit is not None and self.limit < 1):
            raise UserError(f"{self.name}: max_new_tokens and limit must be above 0")
        read_thinking(self.thinking, f"tasks.{self.name}")
        if self.kind != "choice" and (self.shuffle is not None or self.official is not None):
            raise UserError(f"{self.name}: shuffle and official are for tasks of kind choice, not {self.kind}")

    def check(self) -> None:
        """Raise UserError if nothing can be read at the path; the content is not looked at."""
        if not self.path:
            raise UserError(f"tasks.{self.name}.path: this set is not bundled; say where its file lies")
        for path in filter(None, (self.path, self.shots.path if self.shots.number else None)):
            file_sizes(path)

    def items(self) -> list[Item]:
        """The questions, in the order of the file; read once.

        Raises:
            UserError: naming file and line: a missing answer, an answer outside the options, an id that came before,
                columns that are unknown or do not fit the kind; or the task is empty.
        """
        if "items" not in self._read:
            self.check()
            self._read["items"] = self._load(str(self.path), self.limit)
        return list(self._read["items"])

    def messages(self, item: Item) -> list[dict[str, str]]:
        """The turns put to a model: perhaps a system turn, examples with their answers, the question.

        Raises:
            UserError: too few examples are there.
        """
        turns = [{"role": "system", "content": self.prompt.system}] if self.prompt.system else []
        for example in self.examples(item):
            turns.append({"role": "user", "content": self.prompt.turn(example)})
            turns.append({"role": "assistant", "content": self.prompt.reply(example)})
        return [*turns, {"role": "user", "content": self.prompt.turn(item)}]

    def limits(self, model: Thinking | None) -> TokenLimits:
        """How much a model may write for one question; `model`: how this one thinks, None where nobody says."""
        return limits(answer=self.max_new_tokens, task=read_thinking(self.thinking, self.name), model=model)

    def examples(self, item: Item) -> list[Item]:
        """The items shown before one, with their answers."""
        return self.shots.choose(item, self._pool()) if self.shots.number else []

    def local_texts(self) -> list[str]:
        """What stands in the items, and the examples, that must not leave the machine."""
        return [item.text() for item in (*self.items(), *self._pool()) if item.egress == "local"]

    def keep_copies_here(self, words: LocalWords) -> int:
        """Mark items and examples that carry words of some that must not leave the machine; returns how many items."""
        items, pool = self.items(), self._pool()
        before = sum(item.egress == "local" for item in items)
        self._read["items"] = marked = _marked(items, words)
        self._read["pool"] = _marked(pool, words)
        self._read.pop("version", None)
        return sum(item.egress == "local" for item in marked) - before

    def _pool(self) -> list[Item]:
        """The examples to choose from, in their order."""
        if "pool" not in self._read and self.shots.number:
            pool = self._load(self.shots.path, None) if self.shots.path else self.items()
            self._read["pool"] = self.shots.order(pool)
        return list(self._read.get("pool", ()))

    def version(self) -> str:
        """Hash of every item and of all that is put to a model about it: prompts, examples, order of options.

        The limit of tokens and the metrics do not count: they belong to the answers and to what is made of them.
        """
        if "version" not in self._read:
            content = [{"item": asdict(item), "messages": self.messages(item)} for item in self.items()]
            self._read["version"] = content_key({"version": VERSION, "kind": self.kind, "asked": content})
        return str(self._read["version"])

    def _load(self, path: str, limit: int | None) -> list[Item]:
        places: dict[str, str] = {}
        items: list[Item] = []
        for where, item in self.reader.read(path, self.kind):
            if item.kind != self.kind:
                raise UserError(f"{where}: a {item.kind} item in the task {self.name} of kind {self.kind}")
            if item.id in places:
                raise UserError(f"{where}: the id {item.id} came before, at {places[item.id]}")
            misfit = self.prompt.fits(item)
            if misfit:
                raise UserError(f"{where}: {self.name}: {misfit}")
            places[item.id] = where
            items.append(replace(item, egress="local") if self.egress == "local" else item)
        if not items:
            raise UserError(f"{path}: the task {self.name} is empty: no item was read")
        items = with_groups(items if limit is None else draw_sample(items, limit, self.limit_seed))
        return items if self.shuffle is None else [shuffle(item, self.shuffle) for item in items]


def _marked(items: Sequence[Item], words: LocalWords) -> list[Item]:
    carries = words.carried_by([item.text() for item in items])
    return [replace(item, egress="local") if carried else item for item, carried in zip(items, carries.tolist())]
