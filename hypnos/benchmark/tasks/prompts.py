"""Makes the turn that asks an item, from the words that a task gives as data."""

from dataclasses import dataclass
from string import Formatter

from hypnos.benchmark.items import Item
from hypnos.errors import UserError

PLACES = ("question", "passage", "stem", "options", "letters", "ask", "topic", "topics")
ANSWER_PLACES = ("answer", "explanation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A template and the few phrases it is filled with.

    Places in the template: `{question}`, `{passage}`, `{stem}` (passage and question, where a passage is there),
    `{options}` (an option a line), `{letters}` (of the options: `A, B and C`), `{ask}` (`single` or `multiple`, by the
    item), `{topic}`, and `{topics[0]}`, `{topics[1]}`, ... for the parts of a topic with slashes.

    Attributes:
        template: the user's turn.
        system: an earlier turn that speaks of the role, or nothing.
        option: one option, with `{letter}` and `{text}`.
        between: what stands between options.
        single: what is asked where one option is right.
        multiple: what is asked where several may be.
        answer: what the model says in an example, with `{answer}` and, where the set has one, `{explanation}`.
    """

    template: str
    system: str = ""
    option: str = "{letter}. {text}"
    between: str = "\n"
    single: str = ""
    multiple: str = ""
    answer: str = "{answer}"

    def __post_init__(self) -> None:
        _check(self.template, PLACES, "prompt.template")
        _check(self.option, ("letter", "text"), "prompt.option")
        _check(self.answer, ANSWER_PLACES, "prompt.answer")
        if not {"question", "stem"} & _places(self.template):
            raise UserError("prompt.template: neither {question} nor {stem}: the model would not see the question")

    def fits(self, item: Item) -> str:
        """Why an item cannot be asked in these words; nothing where it can."""
        places = _places(self.template)
        if item.options and "options" not in places:
            return "prompt.template has no {options} for the options of a choice question"
        if len(item.topic.split("/")) < self._topics():
            return f"prompt.template has {{topics[{self._topics() - 1}]}}, and the topic {item.topic!r} no such part"
        if item.passage and not {"passage", "stem"} & places:
            return "prompt.template has neither {passage} nor {stem} for the passage"
        return ""

    def turn(self, item: Item) -> str:
        """The user's turn for an item."""
        options = (self.option.format(letter=letter, text=text) for letter, text in item.options.items())
        values = {
            "question": item.question,
            "passage": item.passage,
            "stem": f"{item.passage}\n{item.question}" if item.passage else item.question,
            "options": self.between.join(options),
            "letters": _enumerate(list(item.options)),
            "ask": self.multiple if item.multiple else self.single,
            "topic": item.topic,
            "topics": item.topic.split("/"),
        }
        return self.template.format_map(values).strip()

    def _topics(self) -> int:
        """How many parts of a topic the template names."""
        names = [name or "" for _, name, _, _ in Formatter().parse(self.template)]
        return max((int(name[7:-1]) + 1 for name in names if name.startswith("topics[")), default=0)

    def reply(self, item: Item) -> str:
        """What a model should say to an item, as an example shows it."""
        values = {"answer": item.answers[0], "explanation": item.explanation}
        return self.answer.format_map(values).strip()


def _places(template: str) -> set[str]:
    return {name.partition("[")[0] for _, name, _, _ in Formatter().parse(template) if name is not None}


def _enumerate(letters: list[str]) -> str:
    return " and ".join([part for part in (", ".join(letters[:-1]), *letters[-1:]) if part])


def _check(template: str, known: tuple[str, ...], where: str) -> None:
    try:
        unknown = _places(template) - set(known)
    except ValueError as error:
        raise UserError(f"{where}: {error} (a brace of the text itself is written twice)") from error
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in known)
        raise UserError(f"{where}: no such place {{{min(unknown)}}} (known: {names})")
