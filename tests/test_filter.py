"""filter.py as a user meets it: the recorded default, other sources, mistakes."""

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from hypnos.corpus.decisions import decide_alone
from hypnos.corpus.records import Rejections
from hypnos.corpus.selection import Selection
from hypnos.corpus.sources import Source, read_source
from hypnos.curation.run import check_configuration, run_filter
from hypnos.errors import UserError
from hypnos.llm.recorded import RecordedChat
from hypnos.specialty.doses import find_doses, grade
from hypnos.specialty.drugs import read_windows

ROOT = Path(__file__).parents[1]
CONF = ROOT / "conf"
SAMPLE = ROOT / "hypnos" / "sample"
DRUGS = read_windows(ROOT / "specialty" / "anesthesia" / "doses.yaml")
AUTHORED = [json.loads(line) for line in (SAMPLE / "authored.jsonl").read_text("utf-8").splitlines()]
RECORDS = [record for line in AUTHORED for record in line.get("records", [])]


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def filtered(compose, tmp_path):
    """Run the command's function in this process, on artefacts of the test's own."""

    def run(*overrides, artefacts=tmp_path / "artefacts"):
        config = compose("filter", [f"paths.artefacts={artefacts}", *overrides])
        return run_filter(config, build=partial(instantiate, _convert_="all"), output=tmp_path / "output")

    return run


def refuse(*args, **kwargs):
    raise AssertionError("the network was asked for")


@pytest.fixture
def no_network(monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", refuse)
    for name in [name for name in os.environ if name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def default(tmp_path_factory):
    """The recorded default, run once, with the network refused; and the folder of its artefacts."""
    folder = tmp_path_factory.mktemp("default")
    with pytest.MonkeyPatch.context() as patch, initialize_config_dir(str(CONF), version_base="1.3"):
        patch.setattr(socket.socket, "connect", refuse)
        config = hydra_compose("filter", [f"paths.artefacts={folder}", f"wandb.folder={folder}"])
        plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
        return run_filter(plain, build=partial(instantiate, _convert_="all"), output=folder / "output"), folder


class TestDefault:
    @pytest.fixture
    def outcome(self, default):
        return default[0]

    def test_every_step_rejects_for_a_reason(self, outcome):
        steps = {entry["step"]: entry for entry in outcome.funnel}
        assert list(steps) == ["generate", "clean", "deduplicate", "decontaminate", "fit", "cross_score", "select"]
        # Some fifty records are too few to learn from which answers fit.
        assert all(entry["rejected"] for name, entry in steps.items() if name != "fit")
        reasons = {reason for entry in steps.values() for reason in entry["rejected"]}
        assert any(reason.startswith("contaminated") for reason in reasons)
        assert reasons >= {
            *("not_novel", "reply_unreadable", "refusal", "dose_window", "placeholder", "near_duplicate"),
            *("score_unreadable", "below_threshold", "professionalism_low", "harmfulness_high"),
        }

    def test_at_least_fifteen_in_a_hundred_are_rejected(self, outcome):
        written, kept = outcome.funnel[0]["out"], outcome.funnel[-1]["out"]
        assert 40 <= written <= 60
        assert kept <= 0.85 * written

    def test_everything_is_accounted_for(self, outcome):
        kept, rejected = lines(outcome.kept), lines(outcome.rejected)
        aside = lines(outcome.directory / "aside.jsonl")
        assert len(kept) + len(rejected) + len(aside) == outcome.funnel[0]["in"]
        assert all(row["step"] and row["reason"] for row in rejected + aside)
        assert Counter(row["reason"] for row in rejected + aside) == sum(
            (Counter(entry["rejected"]) for entry in outcome.funnel), Counter()
        )
        for before, after in zip(outcome.funnel, outcome.funnel[1:], strict=False):
            assert before["out"] == after["in"]

    def test_what_was_written_to_be_bad_is_never_kept(self, outcome):
        bad = [record for record in RECORDS if "bad" in record]
        assert len(bad) >= 8
        marks = [record.get("marks") or (record["instruction"], record["output"][:12]) for record in bad]
        for row in lines(outcome.kept):
            text = f"{row['instruction']}\n{row['input']}\n{row['output']}"
            assert not [these for these in marks if all(mark in text for mark in these)]

    def test_doses_that_are_kept_are_right(self, outcome):
        doses = [(row["id"], dose) for row in lines(outcome.kept) for dose in find_doses(row["output"], DRUGS)]
        assert len(doses) >= 5
        assert [(where, dose) for where, dose in doses if grade(dose, slack=1) in ("warn", "fault")] == []

    def test_each_record_is_scored_by_the_other_author(self, outcome):
        kept = lines(outcome.kept)
        assert {row["author"] for row in kept} == {"recorded-first", "recorded-second"}
        for row in kept:
            scorers = {entry["scorer"] for entry in row["scores"]}
            assert scorers - {row["author"]}
            assert all(isinstance(entry["harmfulness"], float | int) for entry in row["scores"])

    def test_another_threshold_asks_nobody(self, default, filtered, monkeypatch):
        outcome, folder = default

        async def say_no(self, messages, **more):
            raise AssertionError("a model was asked")

        monkeypatch.setattr(RecordedChat, "complete", say_no)
        kept = {t: filtered(f"selection.threshold={t}", artefacts=folder).funnel[-1]["out"] for t in (6, 7, 8, 9)}
        assert kept[7] == outcome.funnel[-1]["out"]
        assert kept[6] >= kept[7] > kept[8] > kept[9]

    def test_training_selects_the_same_records_from_the_folder(self, outcome):
        for threshold in (7.0, 8.5):
            policy, rejections = Selection(threshold=threshold), Rejections()
            passes = partial(lambda row, policy: decide_alone(policy, row) is None, policy=policy)
            ids = {r.id for r in read_source(Source(str(outcome.records)), rejections, name="x", passes=passes)}
            assert rejections.total == 0
            if threshold == 7:
                assert ids == {row["id"] for row in lines(outcome.kept)}
            else:
                assert ids < {row["id"] for row in lines(outcome.kept)}

    def test_it_shows_funnel_scores_and_where_the_records_are(self, default, filtered, capsys):
        outcome = filtered(artefacts=default[1])
        shown = capsys.readouterr().out
        for words in ("near_duplicate", "recorded-second on recorded-first", str(outcome.kept), "selection.threshold="):
            assert words in shown


def test_self_filtering_is_recorded_too(default, filtered, no_network):
    outcome = filtered("step.cross_score.pairing=self", "step.cross_score.shared=0", "selection=self")
    for row in lines(outcome.kept):
        assert {entry["scorer"] for entry in row["scores"]} == {row["author"]}
    assert outcome.funnel[-1]["out"] > default[0].funnel[-1]["out"]  # authors are kind to themselves


def test_passages_become_questions_that_keep_their_passage(filtered, no_network):
    outcome = filtered("input=documents", f"input.path={SAMPLE / 'passages.jsonl'}")
    kept = lines(outcome.kept)
    assert {row.get("passage") for row in kept} == {"passage-01", "passage-02", None}
    (choice,) = [row for row in kept if row["id"] == "choice-01"]
    assert choice["output"].startswith("答案：B\n解析：")
    assert {row["licence"] for row in kept} >= {"Apache-2.0"}


def test_existing_data_pass_the_same_funnel_without_a_model(filtered, no_network, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    nested = {"questions": [["全麻前为什么禁食？"]], "answers": ["减少反流误吸的危险，因为麻醉后咽喉的保护反射消失。"]}
    turns = ["问：早", "答：您好。", "问：腰麻后为什么会头痛？", "答：脑脊液从硬膜破口漏出，颅内压下降，坐起时加重。"]
    doctor = {"title": "打鼾的人麻醉有什么危险", "ask": "", "answer": "作为一个人工智能语言模型，我无法提供医疗建议。"}
    for number, content in enumerate((nested, turns, doctor)):
        (folder / f"{number}.jsonl").write_text(json.dumps(content, ensure_ascii=False) + "\n", "utf-8")
    (folder / "3.jsonl").write_text(json.dumps(nested, ensure_ascii=False), "utf-8")
    outcome = filtered("input=files", f"input.path={folder}", "steps=[clean,deduplicate]")
    assert [entry["step"] for entry in outcome.funnel] == ["read", "clean", "deduplicate"]
    assert {row["reason"] for row in lines(outcome.rejected)} == {"refusal", "duplicate"}
    assert [row["history"] for row in lines(outcome.kept)] == [[], [["早", "您好。"]]]


def test_a_dry_run_tells_the_cost_and_sends_nothing(filtered, no_network, capsys, tmp_path):
    assert (
        filtered("llm@authors.first=deepseek", "llm@authors.second=qwen", "step.generate.records=1000", "dry_run=true")
        is None
    )
    shown = capsys.readouterr().out
    for words in ("generate", "cross_score", "deepseek", "qwen", "sum"):
        assert words in shown
    rows = [line.split() for line in shown.splitlines() if line.startswith(("generate", "cross_score", "sum"))]
    assert [int(row[2].replace(",", "")) for row in rows[:2]] == [250, 250]
    assert not (tmp_path / "artefacts" / "journal.sqlite").exists()
    assert not list((tmp_path / "artefacts").rglob("kept.jsonl"))


def test_another_specialty_is_another_folder(filtered, capsys):
    assert filtered("specialty=dermatology", "dry_run=true") is None
    assert "generate" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"no reply of recorded-(first|second) to this prompt"):
        filtered("specialty=dermatology")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["selection.threshold=11"], "^selection.threshold: 11: must be a number, from 0 to 10$"),
        (["budget.usd=0"], "^budget.usd: 0: must be a number, above 0 or null$"),
        (["specialty=urology"], "specialty=urology: no such folder"),
        (["steps=[generate,clear]"], "steps: clear: no such step"),
        (["steps=[]"], "steps: none chosen"),
        (["steps=[clean,select]"], "clean needs records: choose an input"),
        (["step.generate.records=0"], "^step.generate.records: 0: must be a whole number, at least 1$"),
        (["step.generate.max_rounds=1"], "the quota cannot be met"),
        (["+step.generate.recrods=5"], "recrods"),
        (["+budgt.usd=5"], "budgt: no such key"),
        (["input=files", "input.path=nowhere.jsonl"], "nowhere.jsonl: (n|N)o such file"),
        (["llm@authors.first=deepseek", "llm@authors.second=qwen"], "DEEPSEEK_API_KEY|DASHSCOPE_API_KEY"),
        (["authors.second.name=recorded-first"], "two have the same name"),
        (["step.decontaminate.benchmarks=[nowhere.jsonl]"], "nowhere.jsonl"),
    ],
)
def test_a_users_mistake_is_one_line(filtered, no_network, overrides, message):
    with pytest.raises(Exception, match=message) as caught:
        filtered(*overrides)
    error = caught.value
    while not isinstance(error, UserError):
        error = error.__cause__ or error.__context__
        assert error is not None, caught.value
    assert "\n" not in str(error)


def test_a_journal_of_another_version_is_one_line(filtered, tmp_path):
    import sqlite3

    (tmp_path / "artefacts").mkdir()
    journal = sqlite3.connect(tmp_path / "artefacts" / "journal.sqlite")
    journal.execute("CREATE TABLE replies (x)")
    journal.execute("PRAGMA application_id=1215910003")
    journal.execute("PRAGMA user_version=99")
    journal.commit()
    journal.close()
    with pytest.raises(UserError, match="journal"):
        filtered(
            "llm@authors.first=openai_compatible",
            "authors.first.model=hosted_vllm/m",
            "authors.first.address=http://127.0.0.1:1/v1",
        )


def names(group: str) -> list[str]:
    return sorted(file.stem for file in (CONF / group).glob("*.yaml"))


def test_physicians_review_what_is_kept_and_train_py_takes_the_mended_text(
    default, filtered, compose, no_network, tmp_path
):
    before, artefacts = default
    pages = ["review=pages", "review.reviewers=[zhang]"]
    assert lines(filtered(*pages, artefacts=artefacts).kept) == lines(before.kept)
    (folder,) = (one for one in (artefacts / "reviews").iterdir() if one.is_dir())
    ((sheet, entry),) = json.loads((folder / "key.json").read_text("utf-8"))["sheets"].items()
    mended, gone = list(entry["records"])[:2]
    decisions = {
        mended: {"verdict": "mend", "texts": {"output": "由医师改写的回答。"}, "changed": 1_795_000_000_000},
        gone: {"verdict": "reject", "reason": "wrong", "changed": 1_795_000_000_000},
    }
    file = tmp_path / "zhang.json"
    file.write_text(json.dumps({"format": "hypnos-review/1", "sheet": sheet, "records": decisions}), "utf-8")
    after = filtered(*pages, f"review.files=[{file}]", artefacts=artefacts)
    assert after.funnel[-1]["notes"]["review"]["mended"] == 1 and after.funnel[-1]["rejected"] == {"review_wrong": 1}
    card = (after.directory / "README.md").read_text("utf-8")
    assert "- mended: 1" in card and "- reasons: review_wrong 1" in card and "not by physicians" not in card
    assert "zhang" not in card + after.page.read_text("utf-8")
    selection = instantiate(compose("filter", [])["selection"])
    texts = {
        record.id: record.output
        for record in read_source(
            Source(str(after.records)), Rejections(), name="x", passes=lambda row: decide_alone(selection, row) is None
        )
    }
    kept = {row["id"]: row for row in lines(before.kept)}
    assert texts[entry["records"][mended]["id"]] == "由医师改写的回答。"
    assert texts.keys() == kept.keys() - {entry["records"][gone]["id"]}


NEEDED = {
    "files": ["input.path=x"],
    "documents": ["input.path=x"],
    "openai_compatible": ["authors.first.model=hosted_vllm/x"],
    "local": ["authors.first.directory=x"],
    "vllm": ["authors.first.directory=x"],
    "recorded": ["authors.first.path=x", "authors.first.model=x"],
}


@pytest.mark.parametrize(
    ("group", "choice"),
    [
        *(("input", name) for name in names("input")),
        *(("selection", name) for name in names("selection")),
        ("publish", "funnel"),
        *(("llm@authors.first", name) for name in names("llm")),
        *(("llm@authors.second", name) for name in ("deepseek", "claude")),
    ],
)
def test_every_choice_composes_and_binds(compose, group, choice):
    config = compose("filter", [f"{group}={choice}", *NEEDED.get(choice, [])])
    check_configuration(config)
    assert set(config["steps"]) <= set(config["step"])


def test_help_and_the_job_are_shown_without_heavy_imports():
    script = f"""
import runpy, sys
sys.argv = ["filter.py", "--cfg", "job"]
try:
    runpy.run_path({str(ROOT / "filter.py")!r}, run_name="__main__")
finally:
    print(sorted({{"torch", "litellm", "pandas", "rapidfuzz", "hypnos.llm"}} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert "steps:" in done.stdout
    assert done.stderr.strip().splitlines()[-1] == "[]"
