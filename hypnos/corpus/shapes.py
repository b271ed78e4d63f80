"""Turns a row of a public set into records, by one small function for each shape in use.

The shapes and their sets: Huatuo-26M (`questions`, `answers`, nested), Huatuo26M-Lite, cMedQA2 and webMedQA
(`question`, `answer`), CMtMedQA and Alpaca (`instruction`, `output`, `history`), HuatuoGPT-sft-data-v1
(turns 问：/答：), ChatMed and ShenNong (`query`, `response`), Toyhom (`title`, `ask`, `answer`), CMB and CMExam
(choice questions), messages and ShareGPT conversations, plain `text`.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from hypnos.corpus.blank import is_blank
from hypnos.corpus.cells import cell_text
from hypnos.corpus.options import read_options
from hypnos.corpus.records import Instruction, Record, Text, Unusable
from hypnos.corpus.turns.conversation import Conversation, read_history, read_marked, read_messages
from hypnos.corpus.turns.left_out import Note, unread_fields
from hypnos.corpus.turns.thoughts import split_answer
from hypnos.sound_text import mend

EGRESS = ("any", "local")
MEDIA = ("image", "images", "video", "videos", "audio", "audios")
"""Fields of rows about what a model of text cannot see or hear."""
MENDED = "damaged text, mended"

Reader = Callable[[Mapping[str, Any], str, Note], Iterator[Record]]
"""Reads the fields of a row, of a source of this name, and notes what it leaves out."""


def to_records(row: Any, *, source: str, note: Note = lambda what: None) -> Iterator[Record]:
    """Turn one row into its records: most rows give one, a row with several answers gives several.

    Args:
        row: a mapping, or a list of turns; text in it that is not sound is mended (`hypnos.sound_text`).
        source: the name kept in the records when the row has none.
        note: is told the name of what is left out: fields that are not read, candidates marked wrong, open turns.

    Raises:
        Unusable: the row has no known shape, a field has the wrong type, or the answer is empty.
    """
    sound = mend(row)
    if sound is not row:
        note(MENDED)
        row = sound
    if isinstance(row, list):
        row = {"data": row}
    if not isinstance(row, Mapping):
        raise Unusable(f"a record must be an object, not {type(row).__name__}")
    fields = {str(key).strip().lower(): value for key, value in row.items() if value is not None}
    if _lost_its_options(row, fields):
        raise Unusable("empty options")
    if medium := next((name for name in MEDIA if fields.get(name)), None):
        raise Unusable(f"is about its {medium}, which a model of text cannot take in")
    if _is_marked_bad(fields):
        note("candidate marked wrong")
        return
    for needed, read in SHAPES:
        if needed <= fields.keys():
            for name in unread_fields(fields, needed | OPTIONAL.get(read, set())):
                note(name)
            yield from read(fields, source, note)
            return
    raise Unusable(f"no known shape; fields found: {', '.join(map(str, row)) or 'none'}")


def _lost_its_options(row: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    """Whether a letter is the answer to a choice question whose options are null."""
    emptied = {str(key).strip().lower() for key, value in row.items() if value is None}
    answer = str(fields.get("answer", "")).strip()
    return bool(emptied & {"options", "option"} and re.fullmatch("[A-Za-z]{1,10}", answer))


def _is_marked_bad(fields: Mapping[str, Any]) -> bool:
    """Whether a row says of its answer that it is a bad one, as preference files of TRL and LLaMA-Factory do."""
    return any(str(fields.get(name)).lower() == "false" for name in ("label", "kto_tag"))


def _text(fields: Mapping[str, Any], name: str, *, optional: bool = False) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise Unusable(f"{name} must be text, not {type(value).__name__}")
    if is_blank(value):
        if optional:
            return ""
        raise Unusable(f"empty {name}")
    return value.strip()


def _name(fields: Mapping[str, Any], field: str) -> str:
    """An id, a source or a group: text or a number; nothing where it is missing."""
    try:
        return cell_text(fields.get(field))
    except ValueError as error:
        raise Unusable(f"{field} {error}") from error


def _egress(fields: Mapping[str, Any]) -> str:
    """`any` or `local`; another word must not be taken for `any`."""
    egress = _name(fields, "egress") or "any"
    if egress not in EGRESS:
        raise Unusable(f"egress must be any or local, not {egress!r}")
    return egress


def _make(
    fields: Mapping[str, Any],
    source: str,
    *,
    question: str,
    answer: str,
    material: str = "",
    history: tuple[tuple[str, str], ...] = (),
    group: str = "",
) -> Instruction:
    answer, reasoning = split_answer(answer, fields)
    return _record(fields, source, Conversation(_system(fields), history, question, answer, reasoning), material, group)


def _system(fields: Mapping[str, Any]) -> str:
    return _text(fields, "system", optional=True)


def _record(
    fields: Mapping[str, Any], source: str, said: Conversation, material: str = "", group: str = ""
) -> Instruction:
    question, answer, history = said.question, said.answer, said.history
    if answer.startswith(("http://", "https://")) and " " not in answer:
        raise Unusable("the answer is an address, not text")
    stem = history[0][0] if history else question + material
    return Instruction(
        id=_name(fields, "id") or _digest(question, material, answer, *filter(None, (said.system, said.reasoning))),
        instruction=question,
        input=material,
        output=answer,
        history=history,
        source=_name(fields, "source") or source,
        group=_name(fields, "group") or group or _digest(stem),
        egress=_egress(fields),
        system=said.system,
        reasoning=said.reasoning,
    )


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def _instruction(fields: Mapping[str, Any], source: str, note: Note) -> Iterator[Record]:
    yield _make(
        fields,
        source,
        question=_text(fields, "instruction"),
        material=_text(fields, "input", optional=True),
        answer=_text(fields, "output"),
        history=read_history(fields.get("history") or (), note),
    )


def _pair(question: str, answer: str) -> Reader:
    def read(fields: Mapping[str, Any], source: str, note: Note) -> Iterator[Record]:
        # webMedQA lists four wrong candidates for each right one, marked by label 0: no records, but no faults.
        if fields.get("label") in (0, "0", "0.0", "False"):
            note("candidate marked wrong")
            return
        yield _make(fields, source, question=_text(fields, question), answer=_text(fields, answer))

    return read


def _toyhom(fields: Mapping[str, Any], source: str, note: Note) -> Iterator[Record]:
    yield _make(
        fields,
        source,
        question=_text(fields, "title"),
        material=_text(fields, "ask", optional=True),
        answer=_text(fields, "answer"),
    )


def _nested(fields: Mapping[str, Any], source: str, note: Note) -> Iterator[Record]:
    """Huatuo-26M: paraphrases of one question, which may nest, and its answers: each answer is one record."""
    questions, answers = list(_flatten(fields["questions"])), list(_flatten(fields["answers"]))
    if not questions or not answers:
        raise Unusable("empty questions or answers")
    group = _name(fields, "group") or _digest(questions[0])
    for number, answer in enumerate(answers):
        row = {**fields, "id": f"{_name(fields, 'id')}-{number}"} if "id" in fields else fields
        question = questions[number % len(questions)]
        yield _make(row, source, question=question, answer=answer, group=group)


def _flatten(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if not is_blank(value):
            yield value.strip()
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _flatten(item)
    else:
        raise Unusable(f"questions and answers must hold text, not {type(value).__name__}")


def _marked_turns(fields: Mapping[str, Any], source: str, note: Note) -> Iterator[Record]:
    """HuatuoGPT: a list of turns 问：…, 答：…; an odd last turn has no answer and is left out."""
    yield _record(fields, source, read_marked(fields["data"], note))


def _messages(fields: Mapping[str, Any], source: str, note: Note) -> Iterator[Record]:
    said = read_messages(fields.get("messages") or fields.get("conversations") or [], note)
    above = "\n".join(filter(None, (_system(fields), said.system)))
    yield _record(fields, source, replace(said, system=above))


def _choice(fields: Mapping[str, Any], source: str, note: Note) -> Iterator[Record]:
    """Choice questions, with options in any form of `read_options`: answer and explanation."""
    given = fields.get("options") or fields.get("option")
    if isinstance(given, str):
        options = given
    else:
        try:
            options = "\n".join(f"{letter}. {text}" for letter, text in read_options(given).items())
        except ValueError as error:
            raise Unusable(f"options: {error}") from error
    if is_blank(options):
        raise Unusable("empty options")
    explanation = _text(fields, "explanation", optional=True)
    answer = f"答案：{_text(fields, 'answer')}"
    yield _make(
        fields,
        source,
        question=_text(fields, "question"),
        material=options.strip(),
        answer=f"{answer}\n解析：{explanation}" if explanation else answer,
    )


def _lettered(fields: Mapping[str, Any], source: str, note: Note) -> Iterator[Record]:
    """Choice questions with a column for each option (C-Eval, CMMLU, tables)."""
    options = {letter: fields[letter] for letter in COLUMNS if letter in fields}
    yield from _choice({**fields, "options": options}, source, note)


def _plain(fields: Mapping[str, Any], source: str, note: Note) -> Iterator[Record]:
    text = _text(fields, "text")
    yield Text(
        id=_name(fields, "id") or _digest(text),
        text=text,
        source=_name(fields, "source") or source,
        group=_name(fields, "group") or _digest(text),
        egress=_egress(fields),
    )


COLUMNS = tuple("abcdefghij")
"""Columns of options, in small letters as all names of fields."""

SHAPES: list[tuple[set[str], Reader]] = [
    ({"instruction", "output"}, _instruction),
    ({"question", "options", "answer"}, _choice),
    ({"question", "option", "answer"}, _choice),
    ({"question", "a", "b", "answer"}, _lettered),
    ({"questions", "answers"}, _nested),
    ({"title", "ask", "answer"}, _toyhom),
    ({"question", "answer"}, _pair("question", "answer")),
    ({"query", "response"}, _pair("query", "response")),
    ({"question", "response"}, _pair("question", "response")),
    ({"question", "response (content)"}, _pair("question", "response (content)")),
    ({"input", "content", "reasoning_content"}, _pair("input", "content")),
    ({"messages"}, _messages),
    ({"conversations"}, _messages),
    ({"data"}, _marked_turns),
    ({"text"}, _plain),
]
"""Tried in this order: the first whose fields are all there reads the row."""

OPTIONAL: dict[Reader, set[str]] = {
    _instruction: {"input", "history"},
    _choice: {"explanation"},
    _lettered: {"explanation", *COLUMNS},
    _messages: {"conversations"},
}
"""What a shape reads besides, where it is there."""
