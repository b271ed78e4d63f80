"""What was made before must be found again: keys of the embedded default, and what every choice of conf/ composes to.

After a change that is meant to be one, write both anew: `REWRITE_GOLDEN=1 python -m pytest tests/test_golden.py`. A key
that changes also needs the version of its kind raised, because stages, answers and replies that users paid for are
made again under the new one.
"""

import json
import os
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hydra.utils import instantiate

from hypnos.artefacts.keys import content_key
from hypnos.benchmark.answerers.cache import answers_folder
from hypnos.benchmark.preparation import prepare
from hypnos.curation.run import run_filter
from hypnos.experiment.benchmark_run import choose_benchmark_run
from hypnos.experiment.outcome import outcome_key
from hypnos.experiment.run import make_run
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.providers.litellm import LitellmChat
from hypnos.llm.requests import Request

ROOT = Path(__file__).parents[1]
CONF, GOLDEN = ROOT / "conf", ROOT / "tests" / "golden"
BUILD = partial(instantiate, _convert_="all")


def names(group: str) -> list[str]:
    return sorted(file.stem for file in (CONF / group).glob("*.yaml"))


def held_to(name: str, found: dict[str, Any]) -> None:
    """Compare with what is written down, or write it down."""
    file = GOLDEN / name
    if os.environ.get("REWRITE_GOLDEN"):
        file.write_text(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    known = json.loads(file.read_text("utf-8"))
    assert found.keys() == known.keys()
    for part, value in found.items():
        assert value == known[part], part


def test_keys_of_stages_data_and_vocabulary(compose, tmp_path):
    found = {}
    for experiment in ["general_to_specific", "no_vocabulary", "lora_only", "replay", "pretrain_first", "no_filter"]:
        run = make_run(compose("train", [f"experiment={experiment}"]), build=BUILD, output=tmp_path)
        found[experiment] = {
            "outcome": outcome_key(run),
            "data": {name: content_key(data.key()) for name, data in run.data.items()},
            "vocabulary": content_key(run.vocabulary.key()),
            "tokenizer": run.vocabulary.tokenizer_key(run.model["path"]),
            "base": run.base_key,
        }
    held_to("train_keys.json", json.loads(json.dumps(found)))


def test_keys_of_steps(compose, tmp_path):
    run_filter(compose("filter", [f"paths.artefacts={tmp_path}"]), build=BUILD, output=tmp_path / "output")
    folders = [path for path in (tmp_path / "curation").iterdir() if path.is_dir() and not path.name.startswith(".")]
    held_to("filter_keys.json", {"steps": sorted(path.name for path in folders)})


def test_keys_of_answers_and_of_a_sweep_s_benchmark(compose, tmp_path):
    choices = [f"models=[{ROOT / 'hypnos' / 'sample' / 'base'}]", "entries.folder.device=cpu"]
    judged = [
        "llm@judges.first=recorded",
        f"judges.first.path={ROOT / 'hypnos' / 'sample' / 'replies.jsonl'}",
        "judges.first.model=recorded",
        f"paths.artefacts={tmp_path}",
    ]
    evaluation = prepare(compose("evaluate", [*choices, *judged]), build=BUILD)
    answers = {
        f"{task.name} {request_type}": answers_folder(answerer, task, request_type, artefacts=Path()).name
        for answerer in evaluation.answerers
        for task in evaluation.tasks
        for request_type in evaluation.request_types[answerer.name, task.name]
    }
    config = compose("train", ["benchmark=true", "entries.folder.device=cpu"])
    benchmark = choose_benchmark_run(config, build=BUILD, sweeping=False)
    judges = {judge.model.name: content_key({"key": judge.key()}) for judge in evaluation.judges}
    held_to("benchmark_keys.json", {"answers": answers, "run": benchmark.key(), "judges": judges})


def test_keys_of_replies():
    chat = LitellmChat(name="one", model="openai/gpt-4o", parameters={"temperature": 0.7, "max_tokens": 1024})
    messages = [{"role": "system", "content": "你是麻醉科医生。"}, {"role": "user", "content": "什么是恶性高热？"}]
    schema = {"type": "object", "properties": {"score": {"type": "integer"}}}
    plain, structured = (
        Request(id="a", messages=tuple(messages)),
        Request(id="a", messages=tuple(messages), schema=schema),
    )
    found = {
        "plain": RequestKeys(chat.identity(), plain).sample(0),
        "third": RequestKeys(chat.identity(), plain).sample(2),
        "structured": RequestKeys(chat.identity(), structured).sample(0),
    }
    held_to("reply_keys.json", found)


CHOICES = {
    "train": [
        *(f"experiment={name}" for name in names("experiment")),
        *(f"sweep={name}" for name in names("sweep")),
        *(f"model={name}" for name in names("model") if name != "stories15m"),
        *(f"tasks=[{name}]" for name in names("tasks")),
    ],
    "filter": [
        *(f"input={name}" for name in names("input")),
        *(f"selection={name}" for name in names("selection")),
        *(f"preferences={name}" for name in names("preferences")),
        *(f"llm@authors.first={name}" for name in names("llm")),
    ],
    "evaluate": [
        *(f"tasks=[{name}]" for name in names("tasks")),
        *(f"baselines=[{name}]" for name in names("baselines")),
        *(f"llm@judges.first={name}" for name in names("llm")),
    ],
}


def flat(part: Any, key: str = "", *, output: Path) -> dict[str, Any]:
    """Every value under its dotted key, without the modules of classes and the folders of this machine."""
    if isinstance(part, dict) and part:
        below = ((f"{key}.{name}".lstrip("."), value) for name, value in part.items())
        return {k: v for name, value in below for k, v in flat(value, name, output=output).items()}
    text = json.dumps({key: part}).replace(str(output), "<output>").replace(str(ROOT), "<root>")
    return json.loads(re.sub(r'(_target_": ")[\w.]+\.', r"\1", text))  # type: ignore[no-any-return]


@pytest.mark.parametrize("primary", CHOICES)
def test_every_choice_composes_to_the_same(compose, primary, tmp_path):
    default = flat(compose(primary, []), output=tmp_path)
    found: dict[str, Any] = {"": default}
    for choice in CHOICES[primary]:
        values = flat(compose(primary, [choice], complete=False), output=tmp_path)
        changed = {key: value for key, value in values.items() if default.get(key, ...) != value}
        found[choice] = {"changed": changed, "gone": sorted(default.keys() - values.keys())}
    held_to(f"{primary}.json", found)
