import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hypnos.benchmark.tasks.prompts import Prompt
from hypnos.benchmark.tasks.task import Task

ROOT = Path(__file__).parents[2]


@pytest.fixture
def make_task(tmp_path: Path) -> Callable[..., Task]:
    """A task from rows, in plain words."""

    def make(rows: list[dict[str, Any]], *, name: str = "own", kind: str = "question", **settings: Any) -> Task:
        file = tmp_path / f"{name}.jsonl"
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        words = {
            "question": "{question}",
            "choice": "{question}\n{options}\n答案：",
            "reading": "{passage}\n{question}",
        }
        metrics = ("accuracy",) if kind == "choice" else ("f1",)
        given = {"prompt": Prompt(template=words[kind]), "metrics": metrics, **settings}
        return Task(name=name, kind=kind, path=str(file), **given)  # type: ignore[arg-type]

    return make
