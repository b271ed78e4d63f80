"""Reads what a benchmark asks, as plain text, from a file in any of the layouts that benchmarks are published in.

Ours (`question`, `options`, `passage`), AnesBench in both languages, CMB and its cases, CMExam, C-Eval, CMMLU and
SQuAD as CMRC2018 uses it. Answers are not read: a record is contaminated by the question it has seen.
"""

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.corpus.files import read_rows
from hypnos.corpus.formats import Malformed
from hypnos.errors import UserError


@dataclass(frozen=True, slots=True)
class BenchmarkQuestion:
    """One question of a benchmark.

    Attributes:
        name: the file and the item's id, as a report gives them.
        question: the stem.
        options: texts of a choice question, in any order.
        passage: what the question is about, where there is such.
    """

    name: str
    question: str
    options: tuple[str, ...] = ()
    passage: str = ""


QUESTIONS = ("question", "zh_question", "cn_question", "en_question", "query", "stem", "instruction", "questions")
PASSAGES = ("passage", "context", "description", "input")
LETTERS = string.ascii_lowercase[:15]


def read_questions(path: str) -> Iterator[BenchmarkQuestion]:
    """Stream the questions of a file or folder.

    Raises:
        UserError: it cannot be read, a row is malformed, or a row holds no question; the columns found are named.
    """
    empty = True
    for where, row in read_rows(path):
        if isinstance(row, Malformed):
            raise UserError(f"{where}: {row}")
        if not isinstance(row, Mapping):
            raise UserError(f"{where}: an item of a benchmark must be an object, not {type(row).__name__}")
        for question in _questions(row, where, Path(re.split(r"[:#](?=\d+$)", where)[0]).name):
            empty = False
            yield question
    if empty:
        raise UserError(f"{path}: no question in this benchmark")


def _questions(row: Mapping[str, Any], where: str, file: str) -> Iterator[BenchmarkQuestion]:
    fields = {str(key).strip().lower(): value for key, value in row.items() if value is not None}
    name = f"{file}:{fields.get('id') or where.rpartition(':')[2].rpartition('#')[2]}"
    nested = fields.get("paragraphs") or fields.get("qas") or fields.get("qa_pairs") or fields.get("data")
    if isinstance(nested, list):
        for number, part in enumerate(nested, 1):
            if isinstance(part, Mapping):
                passages = {key: fields[key] for key in PASSAGES if isinstance(fields.get(key), str)}
                inner = {"id": f"{fields.get('id', '')}#{number}"} | passages | dict(part)
                yield from _questions(inner, where, file)
        return
    keys = [key for key in QUESTIONS if key in fields]
    if not keys:
        raise UserError(f"{where}: no question in this benchmark; columns found: {', '.join(map(str, row))}")
    passage = next((fields[key].strip() for key in PASSAGES if isinstance(fields.get(key), str)), "")
    for key in keys:
        prefix = key.removesuffix("question") if key.endswith("_question") else ""
        for question in _texts(fields[key]):
            # Empty cells are known of CMExam: nothing to hold a record against.
            if question.strip():
                yield BenchmarkQuestion(name, question.strip(), _options(fields, prefix), passage)


def _options(fields: Mapping[str, Any], prefix: str) -> tuple[str, ...]:
    options = fields.get("options") or fields.get("option")
    if isinstance(options, Mapping):
        options = list(options.values())
    elif isinstance(options, str):
        options = [line.strip().lstrip(string.ascii_letters).lstrip(" .、．:：)") for line in options.splitlines()]
    elif not isinstance(options, list):
        options = [fields[prefix + letter] for letter in LETTERS if prefix + letter in fields]
    return tuple(text.strip() for text in _texts(options) if text.strip())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str | int | float):
        yield str(value)
    elif isinstance(value, Mapping):
        yield str(value.get("value") or value.get("text") or "")
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
