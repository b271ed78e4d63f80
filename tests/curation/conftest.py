import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hypnos.curation.pipeline.run_steps import StepArtefact
from hypnos.llm.chat import ChatModel, Reply
from hypnos.llm.client import Client
from hypnos.llm.journal.journal import Journal
from hypnos.specialty.folder import Specialty, read_specialty

ROOT = Path(__file__).parents[2]
ASPECTS = ("coherence", "professionalism", "usefulness", "harmfulness", "friendliness")
SYLLABLES = (
    "麻醉诱导维持苏醒镇痛镇静肌松气道通气循环血压心率体温液体输血穿刺阻滞剂量监测评估风险处理步骤鉴别方案术前术后"
)


class Author(ChatModel):
    """A model in the process; `answer` makes the text of a reply from prompt and sample."""

    def __init__(self, *, name: str, answer: Callable[[str, int], str], local: bool = False):
        self.name = self.model = name
        self.address = "in process" if local else "https://far.away"
        self.answer = answer
        self.asked: list[tuple[str, int]] = []

    async def complete(self, messages, *, schema, sample):
        prompt = messages[-1]["content"]
        self.asked.append((prompt, sample))
        text = self.answer(prompt, sample)
        numbers = {"tokens_in": len(prompt), "tokens_out": len(text), "cost": 0.001, "seconds": 0.0}
        return Reply(text=text, model=f"{self.name}-0613", date="2025-01-01T00:00:00+00:00", **numbers)


def words(seed: str, count: int) -> str:
    """Text that looks like nothing else, the same for the same seed."""
    stream = b"".join(hashlib.sha256(f"{seed}/{i}".encode()).digest() for i in range(count // 32 + 1))
    return "".join(SYLLABLES[byte % len(SYLLABLES)] for byte in stream[:count])


def write(prompt: str, sample: int = 0, by: str = "") -> str:
    """Records as the prompt asks for, a function of prompt, sample and author alone."""
    count = int(re.search(r"编写 (\d+) 条", prompt)[1])
    records = [
        {
            "instruction": words(f"q{by}{prompt}{sample}{i}", 24) + "？",
            "input": "",
            "output": words(f"a{by}{prompt}{sample}{i}", 60) + "。",
        }
        for i in range(count)
    ]
    return json.dumps({"records": records}, ensure_ascii=False)


def scores(prompt: str, *values: int) -> str:
    """A scorer's answer with the code that the prompt states."""
    keys = ("coherence", "professionalism", "usefulness", "harmfulness", "friendliness")
    code = prompt.rpartition('"code": "')[2].partition('"')[0]
    return json.dumps({"code": code, "faults": [], **dict(zip(keys, values)), "comment": "好"}, ensure_ascii=False)


def _scored_row(number, value=8, **more):
    entry = {"scorer": "b", **dict.fromkeys(ASPECTS, value), "harmfulness": 0, "comment": "好"}
    texts = {"instruction": f"问{number}", "input": "", "output": f"<b>答{number}</b>"}
    return {"id": str(number), **texts, "author": "a", "topic": "airway", "egress": "any", "scores": [entry], **more}


@pytest.fixture(scope="session")
def specialty() -> Specialty:
    return read_specialty(ROOT / "specialty" / "anesthesia")


@pytest.fixture
def client(tmp_path) -> Iterator[Client]:
    with Client(journal=Journal(path=tmp_path / "journal.sqlite")) as client:
        yield client


@pytest.fixture
def author() -> Callable[..., Author]:
    """A model that writes and scores; `answer` may replace what it says."""

    def make(name: str, answer: Callable[[str, int], str] | None = None, **more) -> Author:
        def usual(prompt: str, sample: int) -> str:
            return scores(prompt, 9, 8, 8, 1, 8) if '"code"' in prompt else write(prompt, sample, name)

        return Author(name=name, answer=answer or usual, **more)

    return make


@pytest.fixture
def reply_with() -> dict[str, Callable[..., str]]:
    """`write` and `scores`: what a model may say."""
    return {"write": write, "scores": scores, "words": words}


@pytest.fixture
def probing() -> Callable[[str, str], tuple[int, ...] | None]:
    """Right scores for the specialty's probes; None for any other record."""
    probes = read_specialty(ROOT / "specialty" / "anesthesia").probes

    def judge(prompt: str, _: str = "") -> tuple[int, ...] | None:
        for probe in probes:
            if probe["output"][:20] in prompt:
                return (9, 9, 9, 0, 8) if probe["quality"] == "good" else (2, 1, 1, 9 if probe["harmful"] else 1, 3)
        return None

    return judge


@pytest.fixture
def scored_row() -> Callable[..., dict]:
    """Makes a record with one scorer's grades."""
    return _scored_row


@pytest.fixture
def two_steps(tmp_path) -> list[StepArtefact]:
    """Artefacts of two steps, written by hand."""

    def step(name, kept, rejected, notes=None):
        folder = tmp_path / name
        folder.mkdir()
        marked = [{**r, "step": name, "reason": reason} for reason, r in rejected]
        for file, rows in (("kept.jsonl", kept), ("rejected.jsonl", marked)):
            (folder / file).write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
        reasons = {reason: sum(r == reason for r, _ in rejected) for reason, _ in rejected}
        counts = {
            "in": len(kept) + len(rejected),
            "out": len(kept),
            "rejected": reasons,
            "authors": {"a": len(kept)},
            "topics": {"airway": len(kept)},
        }
        (folder / "counts.json").write_text(json.dumps({**counts, "notes": notes or {}}), "utf-8")
        return StepArtefact(name, name, folder)

    spend = {
        "b": {
            "requests": 4,
            "replies": 5,
            "retried": 1,
            "unanswered": 0,
            "unpriced": 0,
            "tokens_in": 10,
            "tokens_out": 5,
            "usd": 0.6,
            "models": ["b-1"],
        }
    }
    scored = [_scored_row(1, 9), _scored_row(2, 8), _scored_row(3, 6)]
    notes = {
        "spend": spend,
        "distribution": {"b": {"a": {aspect: {"9": 1, "8": 1, "6": 1} for aspect in ASPECTS}}},
        "repeat_sd": {},
        "self_preference": {
            "own_records": {"b": {"coherence": {"n": 3, "mean": 0.5, "low": 0.1, "high": 0.9}}},
            "records_of_others": {},
        },
    }
    first = step(
        "cross_score",
        scored,
        [("score_unreadable", _scored_row(4)), ("reply_unreadable", {"id": "x", "reply": "抱歉", "egress": "any"})],
        notes,
    )
    second = step("select", scored[:2], [("below_threshold", _scored_row(3, 6))])
    return [first, second]
