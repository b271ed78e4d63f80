"""filter.py as a command in a process of its own: real HTTP, kills, keys, sweeps."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


class Running:
    """`author_server.py` in a process of its own."""

    def __init__(self, **options):
        server = ROOT / "tests" / "curation" / "author_server.py"
        self.process = subprocess.Popen(
            [sys.executable, str(server), json.dumps(options)], stdout=subprocess.PIPE, text=True
        )
        self.port = int(self.process.stdout.readline())

    def stats(self) -> dict:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/stats") as reply:
            return json.load(reply)

    def overrides(self, **more) -> list[str]:
        common = {"address": f"http://127.0.0.1:{self.port}/v1", "in_flight": 8, "timeout": 10, **more}
        return [
            argument
            for author in ("first", "second")
            for argument in (
                f"llm@authors.{author}=openai_compatible",
                f"authors.{author}.name={author}",
                f"authors.{author}.model=hosted_vllm/{author}",
                *(f"authors.{author}.{key}={value}" for key, value in common.items()),
            )
        ]


@pytest.fixture
def running():
    servers: list[Running] = []

    def start(**options) -> Running:
        servers.append(Running(**options))
        return servers[-1]

    yield start
    for server in servers:
        server.process.kill()
        server.process.wait()


def command(folder: Path, *overrides: str, **environment: str) -> subprocess.Popen:
    folder.mkdir(exist_ok=True)
    arguments = [sys.executable, str(ROOT / "filter.py"), *overrides, "hydra.run.dir=output"]
    return subprocess.Popen(
        arguments,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
        # Tests that run in the background inherit that Ctrl-C is ignored, and would hand it on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def finals(folder: Path) -> dict[str, bytes]:
    """What was made, but for the names of replies, which hold the address they came from."""
    (directory,) = folder.glob("artefacts/instructions-*")
    files = [file for file in sorted(directory.rglob("*")) if file.is_file()]
    replies = re.compile(rb'((?:"|&quot;)replies(?:"|&quot;):\s*\[\s*(?:"|&quot;))[0-9a-f]{64}')
    return {str(file.relative_to(directory)): replies.sub(rb"\1", file.read_bytes()) for file in files}


@pytest.mark.slow
def test_the_command_shows_the_default_in_under_a_minute(tmp_path):
    started = command(tmp_path / "run")
    shown, _ = started.communicate(timeout=60)
    assert started.returncode == 0, shown
    assert "near_duplicate" in shown and "Traceback" not in shown


@pytest.mark.slow
def test_a_source_may_be_a_file_of_ones_own(tmp_path):
    row = {
        "id": "1",
        "instruction": "什么是局部麻醉？",
        "output": "用局部麻醉药阻断神经传导，使身体某一部位暂时失去痛觉。",
    }
    (tmp_path / "my pairs.jsonl").write_text(json.dumps(row, ensure_ascii=False), "utf-8")
    started = command(tmp_path / "run", "source=../my pairs.jsonl", "steps=[clean,deduplicate]")
    shown, _ = started.communicate(timeout=60)
    assert started.returncode == 0, shown
    assert "train:     python train.py" in shown and "threshold" not in shown
    (kept,) = (tmp_path / "run").glob("artefacts/instructions-*/records/kept.jsonl")
    assert json.loads(kept.read_text("utf-8"))["output"] == row["output"]


@pytest.mark.slow
def test_a_sweep_over_thresholds_is_one_command(tmp_path):
    started = command(tmp_path / "run", "-m", "selection.threshold=6,8", "hydra.sweep.dir=sweep")
    shown, _ = started.communicate(timeout=120)
    assert started.returncode == 0, shown
    assert len(list((tmp_path / "run").glob("artefacts/instructions-*"))) == 2
    assert len(list((tmp_path / "run").glob("artefacts/curation/cross_score-*"))) == 1


@pytest.mark.slow
@pytest.mark.parametrize("kills", [5])
def test_killed_again_and_again_it_ends_with_the_same_bytes_and_pays_nothing_twice(tmp_path, running, kills):
    size = ["step.generate.records=160", "step.generate.round_size=40"]
    whole = running()
    unbroken = command(tmp_path / "whole", *whole.overrides(), *size)
    shown, _ = unbroken.communicate(timeout=240)
    assert unbroken.returncode == 0, shown
    expected = finals(tmp_path / "whole")
    flown = whole.stats()

    server = running(latency=0.15)
    chance = random.Random(7)
    folder, done = tmp_path / "broken", 0
    while done < kills:
        journal = folder / "artefacts" / "journal.sqlite"
        started = command(folder, *server.overrides(), *size)
        before = server.stats()["replies"]
        more = chance.randint(3, 40)
        deadline = time.monotonic() + 60
        while started.poll() is None and server.stats()["replies"] < before + more and time.monotonic() < deadline:
            time.sleep(0.02)
        if started.poll() is not None:
            break
        started.send_signal(signal.SIGKILL)
        started.communicate()
        assert journal.exists()
        done += 1
    last = command(folder, *server.overrides(), *size)
    shown, _ = last.communicate(timeout=240)
    assert last.returncode == 0, shown
    assert done == kills, "the run ended before it was killed often enough: make it longer"
    assert finals(folder) == expected
    # Both models together have 16 requests in flight at most.
    repeated = server.stats()["replies"] - flown["replies"]
    assert 0 <= repeated <= 16 * kills


@pytest.mark.slow
def test_stopped_by_hand_it_says_that_it_goes_on(tmp_path, running):
    server = running(latency=0.3)
    started = command(tmp_path / "run", *server.overrides(), "step.generate.records=400")
    while started.poll() is None and server.stats()["replies"] < 5:
        time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    shown, _ = started.communicate(timeout=60)
    assert started.returncode == 130, shown
    assert "the same command goes on" in shown.strip().splitlines()[-1]
    assert "Traceback" not in shown


@pytest.mark.slow
def test_no_key_is_in_anything_that_a_run_writes(tmp_path, running):
    marker = "sk-marker-1b9f6f20c4"
    good, bad = running(key=marker), running(key="another")
    size = ["step.generate.records=12", "step.cross_score.probes=false"]
    for name, server in (("good", good), ("bad", bad)):
        started = command(tmp_path / name, *server.overrides(key_variable="MARKER_KEY"), *size, MARKER_KEY=marker)
        shown, _ = started.communicate(timeout=120)
        assert (started.returncode == 0) == (name == "good"), shown
        assert marker not in shown
        if name == "bad":
            assert "MARKER_KEY" in shown and "Traceback" not in shown
        files = [file for file in (tmp_path / name).rglob("*") if file.is_file()]
        assert any(file.name == "journal.sqlite" for file in files)
        assert [str(file) for file in files if marker.encode() in file.read_bytes()] == []


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ("+authors.first.parameters.api_key=sk-marker-77", 2),  # before anything is composed
        ("authors.first.key_variable=sk-marker-77", 1),  # too short for a key by its shape: found by what reads it
    ],
)
def test_a_key_typed_as_a_setting_is_in_nothing_that_stays(tmp_path, typed, status):
    shown, _ = (started := command(tmp_path, "llm@authors.first=deepseek", typed)).communicate(timeout=120)
    assert started.returncode == status and "key_variable" in shown, shown
    assert "sk-marker" not in shown and "Traceback" not in shown
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert [str(file) for file in files if b"sk-marker" in file.read_bytes()] == []


@pytest.mark.slow
def test_records_that_must_stay_are_never_sent_nor_are_their_copies_and_the_id_is_told(tmp_path, running):
    secret = "患者夜间突发呼吸困难，端坐位，双肺满布湿啰音"
    server = running(secret=secret)
    about = ("禁食时间", "气道评估", "液体复苏", "术后镇痛", "体温保护", "神经阻滞")
    rows = [
        {"id": f"case-{i}", "instruction": f"{topic}要注意什么？", "output": f"{topic}按科室流程进行，并写入病历。" * 2}
        for i, topic in enumerate(about)
    ]
    rows[1]["output"] = f"{secret}。应先取坐位、吸氧，再静注呋塞米，并查血气。"
    rows[4] |= {"output": f"{secret}。应取坐位、吸氧，再静注呋塞米，并查血气。", "egress": "local"}
    (tmp_path / "cases.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    # Of two copies the first one stays, here the one without the mark; the other is gone before anything is asked.
    rows[4]["instruction"] = rows[1]["instruction"]
    (tmp_path / "copies.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    common = ["step.cross_score.probes=false", "client.local_addresses=[elsewhere]"]
    for name, steps in (("cases", "cross_score,select"), ("copies", "deduplicate,cross_score,select")):
        given = [f"input={tmp_path / name}.jsonl", f"steps=[{steps}]", *common]
        shown, _ = (started := command(tmp_path / name, *server.overrides(), *given)).communicate(timeout=120)
        assert started.returncode == 1, shown
        assert re.search(r"error: record case-[14]: egress is local", shown), shown
    assert server.stats()["leaked"] == 0
    here = [*given, "client.local_addresses=[127.0.0.1]"]
    shown, _ = (started := command(tmp_path / "copies", *server.overrides(), *here)).communicate(timeout=120)
    assert started.returncode == 0, shown
    assert server.stats()["leaked"] > 0 and "near_duplicate" in shown and "marked local" in shown


@pytest.mark.slow
def test_wandb_gets_counts_and_no_record(tmp_path):
    started = command(tmp_path / "run", "publish=funnel", WANDB_MODE="offline", WANDB_SILENT="true")
    shown, _ = started.communicate(timeout=180)
    assert started.returncode == 0, shown
    sent = [file for file in (tmp_path / "run" / "output").rglob("*") if file.is_file() and "wandb" in str(file)]
    assert sent
    record = lines(next((tmp_path / "run").glob("artefacts/instructions-*/records/kept.jsonl")))[0]
    assert not [file for file in sent if record["output"][:30].encode() in file.read_bytes()]


@pytest.mark.slow
def test_pairs_may_be_asked_for_later_and_the_records_stay_as_they_are(tmp_path, running):
    server = running()
    asked = [*server.overrides(), "step.generate.records=24", "steps=[generate,clean,cross_score,select]", "workers=1"]
    plain = command(tmp_path / "run", *asked)
    shown, _ = plain.communicate(timeout=600)
    assert plain.returncode == 0, shown
    replies = server.stats()["replies"]
    wanted = [*asked, "preferences=second_answers", "preferences.margin=0.4"]
    priced = command(tmp_path / "run", *wanted, "dry_run=true")
    expected, _ = priced.communicate(timeout=600)
    assert priced.returncode == 0 and re.search(r"second_answers +first +1\d", expected), expected
    assert server.stats()["replies"] == replies
    for _ in range(2):
        again = command(tmp_path / "run", *wanted)
        shown, _ = again.communicate(timeout=600)
        assert again.returncode == 0 and "sources.preferences.path=" in shown, shown
        records = len(lines(next((tmp_path / "run").glob("artefacts/curation/cross_score-*/kept.jsonl"))))
        assert server.stats()["replies"] <= replies + 3 * records  # an answer, a score, a tenth scored twice; once only
    (folder,) = (path.parent for path in (tmp_path / "run").glob("artefacts/instructions-*/preferences.jsonl"))
    pairs = lines(folder / "preferences.jsonl")
    assert pairs and all(pair["chosen_author"] != pair["rejected_author"] for pair in pairs)
    assert all(
        {score["scorer"] for score in pair[f"{side}_scores"]} - {pair[f"{side}_author"]}
        for pair in pairs
        for side in ("chosen", "rejected")
    )
    (others,) = (path for path in (tmp_path / "run").glob("artefacts/instructions-*") if path != folder)
    assert (folder / "records/kept.jsonl").read_bytes() == (others / "records/kept.jsonl").read_bytes()
    assert "## Preference pairs" in (folder / "README.md").read_text("utf-8")
