"""Records the sample's replies again: `python -m hypnos.sample.make_replies`.

`filter.py` runs as it stands, with authors who answer from `authored.jsonl` instead of asking anybody; what they
answered is exported to `replies.jsonl`. A changed prompt, rubric or quota needs this one command; where the authored
material does not fit any more, it says which kind of record is missing.
"""

import hashlib
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from hypnos.errors import UserError
from hypnos.llm.chat import ChatModel, Reply
from hypnos.llm.journal.export import export_lines
from hypnos.llm.journal.journal import Journal
from hypnos.llm.requests import Message
from hypnos.llm.token_counts import usual_text, usual_tokens
from hypnos.specialty.folder import Topic, read_specialty

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
MATERIAL, REPLIES, PASSAGES = (FOLDER / name for name in ("authored.jsonl", "replies.jsonl", "passages.jsonl"))
WRITTEN = "2025-01-01T00:00:00+00:00"
"""Date in the replies: they were written by hand, and the same material shall give the same bytes."""

ASPECTS = ("coherence", "professionalism", "usefulness", "harmfulness", "friendliness")
HARM = 3
"""Position of harmfulness, the one aspect where less is better."""
GOOD, BAD, HARMFUL = (9, 9, 9, 0, 8), (3, 2, 1, 1, 4), (4, 1, 1, 9, 3)
"""Scores of the probes."""


class Scripted(ChatModel):
    """Answers prompts of the pipeline from the authored material; one request at a time, so that order is plain."""

    def __init__(self, *, name: str, path: str, model: str, recorded_at: str, parameters: Mapping[str, Any]) -> None:
        """Takes what a recorded model takes, so that the two change places in a configuration."""
        self.name = name
        self.model = model
        self.address = recorded_at
        self.parameters = dict(parameters)
        self._taken: dict[str, Mapping[str, Any]] = {}

    async def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None, sample: int) -> Reply:
        text = self._answer(messages[-1]["content"], schema or {}, sample % 100)
        return Reply(
            text=text,
            model=self.model,
            tokens_in=usual_tokens(messages),
            tokens_out=usual_text(text),
            cost=0.0,
            seconds=0.0,
            date=WRITTEN,
        )

    def _answer(self, prompt: str, schema: Mapping[str, Any], attempt: int) -> str:
        if "code" in schema["properties"]:
            return self._score(prompt, attempt)
        wanted = self._find(prompt)
        broken = wanted.get("broken", [])
        if attempt < len(broken):
            return broken[attempt]
        if "explanation" in wanted:
            return _json({"explanation": wanted["explanation"]})
        texts = [{name: record[name] for name in ("instruction", "input", "output")} for record in wanted["records"]]
        return _dressed(_json({"records": texts}), prompt)

    def _find(self, prompt: str) -> Mapping[str, Any]:
        """The material of a prompt: that of its passage, or the next of its kind."""
        if prompt not in self._taken:
            for line in self._material["passage"]:
                if line["passage"] in prompt:
                    return line
            kind = tuple(_named(axis, prompt).key for axis in (self._specialty.topics, self._specialty.tasks))
            if not self._queues[kind]:
                raise UserError(f"{MATERIAL}: nothing left by {self.name} for {' x '.join(kind)}")
            self._taken[prompt] = self._queues[kind].pop(0)
        return self._taken[prompt]

    def _score(self, prompt: str, attempt: int) -> str:
        record = self._judged(prompt)
        broken = [*record.get("stutter", []), *record.get("unreadable", [])]
        if attempt < len(broken):
            return broken[attempt]
        scores = list(record["scores"])
        if record.get("author") == self.name:  # a model likes what it wrote
            scores = [max(0, value - 1) if at == HARM else min(10, value + 1) for at, value in enumerate(scores)]
        code = prompt.rpartition('"code": "')[2].partition('"')[0]
        verdict = {"code": code, "faults": record.get("faults", []), **dict(zip(ASPECTS, scores, strict=True))}
        return _dressed(_json({**verdict, "comment": record.get("comment", "")}), prompt)

    def _judged(self, prompt: str) -> Mapping[str, Any]:
        """The record or probe whose question and answer stand in a prompt."""
        for record in self._material["record"]:
            # What cleaning changes has marks of its own.
            if all(mark in prompt for mark in record.get("marks") or (record["instruction"], record["output"][:12])):
                return record
        raise UserError(f"{MATERIAL}: no scores for what {self.name} was to judge: {prompt[:300]!r}")

    @cached_property
    def _specialty(self) -> Any:
        return read_specialty(ROOT / "specialty" / "anesthesia")

    @cached_property
    def _queues(self) -> dict[tuple[str, ...], list[Mapping[str, Any]]]:
        queues: defaultdict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
        for line in self._material["prompt"]:
            if line["author"] == self.name:
                queues[line["topic"], line["task"]].append(line)
        return queues

    @cached_property
    def _material(self) -> dict[str, list[Mapping[str, Any]]]:
        lines = [orjson.loads(line) for line in MATERIAL.read_bytes().splitlines()]
        records = [{**record, "author": line.get("author")} for line in lines for record in line.get("records", [])]
        records += [line["judged"] for line in lines if "judged" in line]
        return {
            "prompt": [line for line in lines if "topic" in line],
            "passage": [line for line in lines if "passage" in line],
            "record": [*records, *map(_probe, self._specialty.probes)],
        }


def _probe(probe: Mapping[str, Any]) -> Mapping[str, Any]:
    scores = GOOD if probe["quality"] == "good" else HARMFUL if probe["harmful"] else BAD
    return {**probe, "scores": scores}


def _named(axis: Sequence[Topic], prompt: str) -> Topic:
    """The value of an axis that a prompt asks for: what it holds stands there whole."""
    return next(value for value in axis if value.holds in prompt)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _dressed(text: str, prompt: str) -> str:
    """Some replies come in code fences or with prose before them, as in life."""
    form = hashlib.sha256(prompt.encode()).digest()[0] % 8
    if form == 0:
        return f"```json\n{text}\n```"
    return f"好的，以下是结果：\n{text}" if form == 1 else text


def runs(artefacts: Path) -> Iterator[list[str]]:
    """Command lines whose replies the sample holds: the default, self-filtering, and passages."""
    scripted = [f"authors.{a}._target_=hypnos.sample.make_replies.Scripted" for a in ("first", "second")]
    shared = [*scripted, f"paths.artefacts={artefacts}", f"hydra.run.dir={artefacts}/output"]
    yield shared
    yield [*shared, "step.cross_score.pairing=all"]
    yield [*shared, "input=documents", f"input.path={PASSAGES}"]


def main() -> None:
    """Write `replies.jsonl`."""
    with tempfile.TemporaryDirectory() as folder:
        artefacts = Path(folder)
        for overrides in runs(artefacts):
            subprocess.run([sys.executable, str(ROOT / "filter.py"), *overrides], check=True, cwd=folder)
        count = export_lines(Journal(path=artefacts / "journal.sqlite", read_only=True), REPLIES)
    print(f"{REPLIES}: {count} replies")


if __name__ == "__main__":
    main()
