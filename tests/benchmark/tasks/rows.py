"""Rows of a task's file, and tasks that read them."""

import json
from pathlib import Path

from hypnos.benchmark.tasks.prompts import Prompt
from hypnos.benchmark.tasks.task import Task

PLAIN = Prompt(template="{question}")
CHOICE = Prompt(template="{ask}\n{stem}\n{options}\n答案：", single="选一项。", multiple="选多项。")
READING = Prompt(template="{passage}\n{question}")


def write(path: Path, rows: list) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return str(path)


def question(number: int, **more) -> dict:
    return {"id": f"q{number}", "question": f"问题{number}？", "answers": [f"答{number}"], **more}


def choice(number: int, answer: str = "B", **more) -> dict:
    return {
        "id": f"c{number}",
        "question": f"选择{number}",
        "options": {"A": "甲", "B": f"乙{number}"},
        "answer": answer,
        **more,
    }


def task(path: str, kind: str = "question", prompt: Prompt = PLAIN, **more) -> Task:
    return Task(name="mine", kind=kind, path=path, prompt=prompt, metrics=["length"], **more)
