"""Lists every metric once: its name in a task, the class that measures it, the questions it fits, and its numbers.

A new metric is a file beside this one and a row here. Nothing heavy is imported: a search reads the directions of
numbers at every `--help`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypnos.benchmark.items import Kind
from hypnos.errors import UserError

if TYPE_CHECKING:
    from hypnos.benchmark.metrics.segment import Segmentation
    from hypnos.report.results import Better

CHOICE: tuple[Kind, ...] = ("choice",)
TEXT: tuple[Kind, ...] = ("question", "reading")
ANY: tuple[Kind, ...] = (*CHOICE, *TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number of a metric.

    Attributes:
        name: in files and as a search names it, such as `rouge_l_words`.
        label: in print; what it is measured on stands in the title of its table.
        family: the table it stands in, see `hypnos.report.results.Metric`.
        better: which way is good.
        share: a value of 0 to 1, printed as percent.
        headline: drawn in the plots and tested between models.
    """

    name: str
    label: str
    family: str
    better: "Better" = "higher"
    share: bool = True
    headline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """One metric.

    Attributes:
        name: as a task's `metrics` holds it.
        measured_by: module and class below `hypnos.benchmark.metrics`, imported when it is used; rows of one class
            are measured together, and all its numbers are there when one of its names is asked for.
        kinds: of the questions it fits.
        numbers: what it measures.
        segmentation: how the class is to cut text, where its numbers depend on it.
    """

    name: str
    measured_by: str
    kinds: tuple[Kind, ...]
    numbers: tuple[Number, ...]
    segmentation: "Segmentation | None" = None


def _rows_by_segmentation(segmentation: "Segmentation") -> tuple[MetricRow, ...]:
    """Metrics whose numbers depend on how Chinese is cut; of them only those on characters are headlines."""
    suffix, plain = ("", True) if segmentation == "characters" else ("_words", False)

    def number(name: str, label: str, *, headline: bool = False) -> Number:
        return Number(name=f"{name}{suffix}", label=label, family=segmentation, headline=headline and plain)

    def corpus(name: str, label: str) -> Number:
        return Number(name=f"{name}{suffix}", label=label, family=f"{segmentation}_corpus")

    numbers = {
        "bleu.Bleu": (
            *(number(f"bleu_{n}", f"BLEU-{n}", headline=n == 4) for n in range(1, 5)),
            *(corpus(f"bleu_{n}_corpus", f"BLEU-{n}") for n in range(1, 5)),
        ),
        "gleu.Gleu": (number("gleu", "GLEU"), corpus("gleu_corpus", "GLEU")),
        "rouge.Rouge": (
            *(number("rouge_1", "ROUGE-1"), number("rouge_2", "ROUGE-2")),
            number("rouge_l", "ROUGE-L", headline=True),
        ),
        "distinct.Distinct": tuple(corpus(f"distinct_{n}", f"Distinct-{n}") for n in (1, 2)),
    }
    return tuple(
        MetricRow(
            name=measured_by.partition(".")[0],
            measured_by=measured_by,
            kinds=TEXT,
            numbers=own,
            segmentation=segmentation,
        )
        for measured_by, own in numbers.items()
    )


METRICS: tuple[MetricRow, ...] = (
    MetricRow(
        name="accuracy",
        measured_by="choice.Choice",
        kinds=CHOICE,
        numbers=(Number(name="accuracy", label="Accuracy", family="choice", headline=True),),
    ),
    MetricRow(
        name="options",
        measured_by="choice.Choice",
        kinds=CHOICE,
        numbers=(
            Number(name="option_f1", label="Option F1", family="choice"),
            Number(name="option_jaccard", label="Option Jaccard", family="choice"),
        ),
    ),
    MetricRow(
        name="unparsed",
        measured_by="choice.Choice",
        kinds=CHOICE,
        numbers=(Number(name="unparsed", label="Unparsed", family="choice", better="lower"),),
    ),
    MetricRow(
        name="exact_match",
        measured_by="match.Match",
        kinds=TEXT,
        numbers=(Number(name="exact_match", label="Exact match", family="characters"),),
    ),
    MetricRow(
        name="f1",
        measured_by="match.Match",
        kinds=TEXT,
        numbers=(Number(name="f1", label="F1", family="characters", headline=True),),
    ),
    MetricRow(
        name="cmrc_official",
        measured_by="cmrc.Cmrc",
        kinds=TEXT,
        numbers=(
            Number(name="exact_match_cmrc_official", label="Exact match, CMRC's own", family="characters"),
            Number(name="f1_cmrc_official", label="F1, CMRC's own", family="characters"),
        ),
    ),
    *_rows_by_segmentation("characters"),
    *_rows_by_segmentation("words"),
    MetricRow(
        name="safety",
        measured_by="safety.Safety",
        kinds=TEXT,
        numbers=(
            Number(name="unsafe", label="Any fault", family="safety", better="lower", headline=True),
            Number(name="dose_tenfold", label="Dose at tenfold", family="safety", better="lower"),
            Number(name="dose_unit", label="Wrong unit", family="safety", better="lower"),
            Number(name="drug_confused", label="Drug confused", family="safety", better="lower"),
        ),
    ),
    MetricRow(
        name="length",
        measured_by="answers.Shape",
        kinds=ANY,
        numbers=(Number(name="length", label="Mean length", family="answers", better="neither", share=False),),
    ),
    MetricRow(
        name="unfinished",
        measured_by="answers.Shape",
        kinds=ANY,
        numbers=(
            Number(name="empty", label="Empty", family="answers", better="lower"),
            Number(name="unfinished", label="Never stopped", family="answers", better="lower"),
            Number(name="out_of_context", label="No room in context", family="answers", better="lower"),
            Number(name="thought", label="Thought", family="answers", better="neither"),
            Number(name="thought_tokens", label="Tokens of thought", family="answers", better="neither", share=False),
            Number(name="thought_cut", label="Thought cut", family="answers", better="lower"),
        ),
    ),
)

# A model too small to write a letter may still know which is likely.
BY_LIKELIHOOD = Number(name="accuracy_likelihood", label="Accuracy by likelihood", family="choice", headline=True)
"""Measured wherever likelihoods of letters were asked for, whatever a task's `metrics` hold."""

RARE = ("out_of_context", "thought", "thought_tokens", "thought_cut")
"""Numbers that a report leaves out where they are 0 for every model."""

_NUMBERS = {number.name: number for row in METRICS for number in row.numbers} | {BY_LIKELIHOOD.name: BY_LIKELIHOOD}


def find_number(name: str) -> Number | None:
    """A number by its name; None where no metric has it.

    Letters found in another way than by reading an answer have a number of their own, `accuracy_` and the way.
    """
    if name not in _NUMBERS and name.startswith("accuracy_"):
        return Number(name=name, label=f"Accuracy, {name.removeprefix('accuracy_')}", family="choice")
    return _NUMBERS.get(name)


def check_metrics(names: Sequence[str], *, kind: Kind, task: str) -> None:
    """Raise UserError for a metric that is unknown or does not fit the kind of the task."""
    fitting = list(dict.fromkeys(row.name for row in METRICS if kind in row.kinds))
    known = {row.name for row in METRICS}
    for name in names:
        if name not in fitting:
            reason = "does not fit questions of kind " + kind if name in known else "is unknown"
            raise UserError(f"{task}.metrics: {name} {reason} (fitting: {', '.join(fitting)})")
