import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hypnos.llm.chat import ChatModel, Reply
from hypnos.llm.client import Client
from hypnos.llm.journal.journal import Journal
from hypnos.specialty.folder import Specialty, read_specialty

ROOT = Path(__file__).parents[2]
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


@pytest.fixture(scope="session")
def specialty() -> Specialty:
    return read_specialty(ROOT / "specialty" / "anesthesia")


@pytest.fixture
def client(tmp_path) -> Iterator[Client]:
    with Client(journal=Journal(path=tmp_path / "journal.sqlite")) as made:
        yield made


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
