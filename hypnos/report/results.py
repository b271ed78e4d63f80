"""Holds what a report is made of, as plain data: models, tasks, answers, ratings and verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hypnos.report.statistics.intervals import Interval
from hypnos.report.statistics.paired_tests import Comparison

Better = Literal["higher", "lower", "neither"]
"""Which values of a number are good ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Describes a number of a table: what was measured, how, and which way is good.

    Attributes:
        name: `rouge_l` on characters, `rouge_l_words` on words, `bleu_4_corpus` over the whole task.
        signature: segmenter and version, smoothing, sentence or corpus, library: what must be equal for two
            numbers to be comparable.
        family: the table it stands in: `choice`, `characters`, `words`, the last two with `_corpus` for values of a
            whole task, `safety` or `answers`.
        better: which way is good.
        share: a value of 0 to 1, printed as percent.
        label: its name in print, where it has another one; what it is measured on stands in the table's title.
        headline: drawn in the plots and tested between models.
    """

    name: str
    signature: str
    family: str
    label: str = ""
    better: Better = "higher"
    share: bool = True
    headline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One item of a task, as a reader of the report sees it; `group` is resampled as one."""

    id: str
    question: str
    references: tuple[str, ...]
    group: str = ""
    passage: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    explanation: str = ""
    topic: str = ""
    level: str = ""
    multiple: bool = False
    negative: bool = False

    @property
    def cluster(self) -> str:
        """What it is resampled with; a question without a group stands alone."""
        return self.group or f"\0{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQuestions:
    """A task's questions in a fixed order, and the metrics measured on them.

    Attributes:
        kind: `question`, `choice` or `reading`.
        hidden: texts are left out of the page and of W&B, because they may not leave the machine.
    """

    name: str
    kind: str
    questions: tuple[Question, ...]
    metrics: tuple[Metric, ...]
    title: str = ""
    version: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """One model on one task; every sequence is in the order of the task's questions.

    Attributes:
        texts: what the model answered; None where it was stopped before this question.
        choices: letters read from the answers to choice questions; None where none could be read.
        rules: the rule that read them, or why none could.
        scores: by metric, a value per question (the mean over repeats); None where the metric does not apply.
        corpus: metrics that exist for the whole task only, with nan for the ends where there is no interval.
        repeats: answers per question.
    """

    model: str
    task: str
    texts: tuple[str | None, ...]
    scores: Mapping[str, Sequence[float | None]]
    corpus: Mapping[str, Interval] = field(default_factory=dict)
    choices: tuple[str | None, ...] = ()
    rules: tuple[str, ...] = ()
    repeats: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """A number that a rater, or a judge, gave to one answer on one indicator.

    A judge that read the reference answer first (`beside_reference`) measures something else than one that did not.
    Models that gave the same words were shown to a rater once: their ratings have one `shared` name, and are one.
    """

    model: str
    task: str
    item: str
    rater: str
    indicator: str
    value: float
    group: str = ""
    beside_reference: bool = False
    shared: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """Two answers to one question compared by `judge`; `outcome` 1: the first is better, 0: a tie, -1: the second."""

    task: str
    item: str
    first: str
    second: str
    outcome: int
    group: str = ""
    judge: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A scale of the rubric, from 0 to `top`: its key in ratings, what a reader sees, and which way is good.

    Where lower is better, tables show `top` minus the value under the title `turned`, if there is one.
    """

    key: str
    title: str
    better: Better = "higher"
    turned: str = ""
    top: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """Two models, or two arms of a sweep, on one measure: `comparison` is the first less the second, unrounded."""

    measure: str
    first: str
    second: str
    comparison: Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A table whose cells are text already: agreement of raters, biases of a judge, tests, what was left out.

    `tests` are the numbers behind the rows of a table of tests, for a program to read.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: str = ""
    tests: tuple[PairedTest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Everything a report says.

    Attributes:
        models: in the order of the tables.
        topics: what a reader sees for a topic's key.
        indicators: of ratings and verdicts.
        ratings: by people.
        verdicts: by judges, with the judge's name as rater.
        judges: the model that each judge is, by that name; none where it is not known.
        duels: pairs that a judge compared.
        notes: tables printed as they are, after the others.
        warnings: sentences that stand above everything: what is missing, and which answers say nothing.
    """

    title: str
    models: tuple[str, ...]
    tasks: tuple[TaskQuestions, ...]
    answers: tuple[Answers, ...]
    topics: Mapping[str, str] = field(default_factory=dict)
    indicators: tuple[Indicator, ...] = ()
    ratings: tuple[Rating, ...] = ()
    verdicts: tuple[Rating, ...] = ()
    duels: tuple[Duel, ...] = ()
    notes: tuple[Note, ...] = ()
    warnings: tuple[str, ...] = ()
    judges: Mapping[str, str] = field(default_factory=dict)

    def answers_of(self, *, model: str, task: str) -> Answers | None:
        """The answers of one model to one task, or None where it was not asked."""
        return next((answers for answers in self.answers if (answers.model, answers.task) == (model, task)), None)

    def topics_of(self, task: TaskQuestions) -> list[str]:
        """Keys of a task's topics, in the specialty's order; others follow as the questions name them."""
        there = dict.fromkeys(question.topic for question in task.questions if question.topic)
        return [*(key for key in self.topics if key in there), *(key for key in there if key not in self.topics)]

    def answers_to(self, task: str) -> list[Answers]:
        """The answers of every model that was asked, in the order of the tables."""
        each = (self.answers_of(model=model, task=task) for model in self.models)
        return [answers for answers in each if answers is not None]
