"""The claim sheet: verdicts come from intervals, earlier tables are read as they stand, a second run changes nothing."""

import json
import math
import re
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.stats import t, ttest_1samp

from bench.evidence.arms import GENERAL_RATE, NEEDS, RATED, SPECIFIC_RATE, claims, setting_of
from bench.evidence.earlier import try_earlier
from bench.evidence.files import BOARD, write_files
from bench.evidence.measured import Measured, keep_measured, read_measured, settings_key
from bench.evidence.page import write_page
from bench.evidence.papers import PAPERS
from bench.evidence.rates import choose_rates, rates_claim, rounds
from bench.evidence.scored import BOTH, PAIRS, read_judged, read_pairs, read_scores
from bench.evidence.scores import try_scores
from bench.evidence.settings import read_settings
from bench.evidence.trained import DIFFERENCES, read_runs, try_trained
from bench.evidence.values import (
    Unit,
    became_likelier,
    became_likelier_by_character,
    papers,
    preference_loss,
    statements,
)
from bench.evidence.verdict import LEAST_P, find, judge_claims
from bench.study.pairs import read_lines
from hypnos.commands import split_multirun
from hypnos.corpus.sources import is_held_out
from hypnos.errors import UserError
from hypnos.experiment.arm_names import name_arm
from hypnos.experiment.objective import read_objective
from hypnos.experiment.run import check_configuration
from hypnos.experiment.sweep.arms import Arm, HeldOutText
from hypnos.report.statistics.intervals import Interval, mean_interval

EARLIER = """
#### Held-out text: arms against extended

| measure | arm | arm − extended | 95 % interval | p | p (Holm) | by seed | n | groups |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| general, bits/char | the base's own | 1.500 | \\[1.400, 1.600\\] | &lt; 0.001 | 0.01 | 1: 1.4; 2: 1.5; 3: 1.6 | 500 | 500 |
| general, bits/char | other | -0.100 | \\[-0.200, 0.000\\] | 0.05 | 0.05 | 1: -0.1; 2: -0.1; 3: -0.1 | 500 | 500 |

#### What it took

| arm | seconds |
|---|---:|
| extended | 9 |
"""


def finding(low, high, bound=0.0):
    """An effect of nine questions that vary so much that its interval of 95 % has these ends."""
    middle, half = (low + high) / 2, (high - low) / 2

    def at_level(level):
        width = half * t.ppf((1 + level) / 2, 8) / t.ppf(0.975, 8)
        return Interval(middle, middle - width, middle + width, 9, 9)

    return find("x", {"bound": bound}, at_level)


@pytest.mark.parametrize(
    ("low", "high", "better", "bound", "verdict"),
    [
        (0.1, 0.3, "higher", 0, "supported"),
        (-0.3, -0.1, "higher", 0, "not supported"),
        (-0.1, 0.3, "higher", 0, "undecided"),
        (-0.1, 0.04, "lower", 0.05, "supported"),
        (0.06, 0.1, "lower", 0.05, "not supported"),
        (float("nan"), float("nan"), "higher", 0, "undecided"),
    ],
)
def test_a_verdict_is_where_the_whole_interval_lies(low, high, better, bound, verdict):
    claims = {"x": {"better": better, "bound": bound}}
    assert judge_claims(claims, [finding(low, high, bound)])["x"][0] == verdict


def test_p_is_that_of_students_test_and_holm_counts_claims_that_were_not_tried():
    values = np.random.default_rng(0).normal(0.4, 1, 40)
    groups = list(map(str, range(40)))
    claims = {name: {"better": "higher", "bound": 0.1} for name in "xyz"}
    found = find("x", claims["x"], lambda level: mean_interval(values, groups, level=level))
    assert found.p == pytest.approx(ttest_1samp(values, 0.1).pvalue, rel=1e-3)
    assert judge_claims(claims, [found])["x"][1] == pytest.approx(3 * found.p)
    second = replace(found, name="y", p=found.p / 2)
    corrected = judge_claims(claims, [found, second])
    assert [corrected[name][1] for name in "xy"] == pytest.approx([2 * found.p, 1.5 * found.p])
    sure = find("x", claims["x"], lambda level: mean_interval(values + 99, groups, level=level))
    assert sure.p == LEAST_P
    nothing = find("x", claims["x"], lambda level: mean_interval([1.0], ["a"], level=level))
    assert nothing.p == 1


def test_earlier_differences_are_read_and_seeds_widen_them():
    (found,) = try_earlier(EARLIER, read_settings("study"))
    assert (found.name, found.shown.value, found.seeds) == ("vocabulary", 1.5, 3)
    # Student's t over 1.4, 1.5, 1.6: 4.3027 x 0.1 / sqrt(3)
    assert (found.shown.low, found.shown.high) == pytest.approx((1.5 - 0.2484, 1.5 + 0.2484), abs=1e-3)
    # by the wider law of the two: Student's with two degrees of freedom, 1.5 / (0.1 / sqrt(3)) = 25.98
    assert found.p == pytest.approx(2 * t.sf(25.98, 2), rel=1e-2)
    assert try_earlier("", read_settings("study")) == []


@pytest.fixture
def scored(tmp_path):
    """Answers whose better half both scorers prefer; GPT-4 gives its own two points more."""

    def write(**more):
        rng = np.random.default_rng(0)
        judged, pairs = [], []
        for question in range(12):
            for author in ("GPT4", "x", "y", "z"):
                people = float(rng.integers(4, 9))
                row = {"question_id": str(question), "model": author, "answer": "答" * int(rng.integers(5, 90))}
                row |= {"question": f"问{question}"}
                judged.append(row | {"human_10": people, "gpt4_10": people + 2 * (author == "GPT4")} | more)
            for number, other in enumerate(("y", "z", "w")):
                first, second = "ab" if number else "ba"  # each place once at least
                answers = {f"answer_{first}": "甲", f"answer_{second}": f"乙{other}"}
                answers |= {f"model_{first}": "x", f"model_{second}": other}
                score = {f"score_{first}": float(rng.integers(5, 10)), f"score_{second}": 5.0}
                pairs.append({"task": "t", "question": str(question), **answers, **score})
        for name, rows in ((BOTH, judged), (PAIRS, pairs)):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return tmp_path

    return write


def test_every_claim_about_scores_has_a_finding_and_a_planted_liking_is_seen(scored):
    settings = read_settings("scores")
    findings, tables = try_scores(scored(), settings)
    assert [one.name for one in findings] == list(settings["claims"]) and len(tables) == 3
    liking = next(one for one in findings if one.name == "self_preference")
    assert liking.shown.value == pytest.approx(2.0)
    taken_off = next(one for one in findings if one.name == "self_preference_taken_off")
    assert taken_off.shown.value > 0  # the correction brings both scorers nearer to each other


def test_scores_outside_the_scale_are_refused_with_their_line(scored):
    with pytest.raises(UserError, match=r"gpt4.jsonl:1: human_10 11: must be a number from 0 to 10"):
        read_judged(scored(human_10=11))
    answers = {scores[0].author: scores for scores in read_scores(scored())}
    assert [score.first for score in answers["x"]] == [False, True, True]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"answer_b": None}, "answer_b None: must be text"),
        ({"score_a": None}, "score_a None: must be a number from 0 to 10"),
        ({"score_b": "7"}, "score_b '7': must be a number from 0 to 10"),
        ({"score_b": True}, "score_b True: must be a number from 0 to 10"),
        ([], "not an object"),
    ],
)
def test_a_pair_that_lacks_something_is_refused_with_its_line(scored, line, told):
    folder = scored()
    first, *rest = (folder / PAIRS).read_text("utf-8").splitlines()
    changed = json.dumps({**json.loads(first), **line} if line else line)
    (folder / PAIRS).write_text("\n".join([*rest, changed]), "utf-8")
    for read in (read_pairs, read_scores):
        with pytest.raises(UserError) as caught:
            read(folder)
        assert str(caught.value) == f"{folder / PAIRS}:{len(rest) + 1}: {told}"


def test_the_sheet_has_its_place_and_a_second_run_writes_the_same_bytes(tmp_path):
    page = tmp_path / "results.md"
    page.write_text("# Results\n\nOpening.\n\n## First\n\nText.\n", "utf-8")
    claims = {"claims": {"x": {"paper": "p", "tried": "t|u", "unit": "points", "better": "higher", "bound": 0}}}
    claims["claims"]["y"] = claims["claims"]["x"] | {"tried": "v", "command": "python -m it"}
    claims["claims"]["x"]["command"] = "python -m it"
    claims["bases"] = {name: {"name": name, "options": f"--size {name}"} for name in ("first", "third")}
    for _ in range(2):
        found = {"first": [finding(0.1, 0.3)], "second": [finding(-0.1, 0.3)], "third": []}
        write_page(page, [(claims, found)], [("Table", ["a"], [["1"]])])
        text = page.read_text("utf-8")
        assert text.index("Opening.") < text.index("## The claim sheet") < text.index("## First")
        assert text.count("**supported** (p ") == 1 and text.count("| not tried yet |") == 2
        assert text.index("| t\\|u (first) |") < text.index("| t\\|u (second) |") < text.index("| v (second) |")
        assert [text.count(f"`python -m it{rest}`") for rest in (" --size first", "")] == [2, 2]
        assert "(third)" not in text and "Nothing was tried yet on third (`--size third`)." in text.replace("\n", " ")
        assert text == (tmp_path / "again.md").read_text("utf-8") if (tmp_path / "again.md").exists() else True
        (tmp_path / "again.md").write_text(text, "utf-8")


def test_what_was_measured_is_kept_and_less_of_the_same_settings_does_not_replace_it(tmp_path):
    def of(seeds, high, settings="now", claims=1):
        findings = [replace(finding(0.1, high), seeds=seeds)] * claims
        return Measured(findings, [["Table", ["arm"], [["1"]]]], settings)

    def kept(measured):
        keep_measured("small", measured, tmp_path)
        return read_measured("small", tmp_path)

    assert kept({}) == {} and not list(tmp_path.iterdir())
    assert kept({"order": of(5, 0.3)}) == {"order": of(5, 0.3)}
    both = {"order": of(5, 0.3), "vocabulary": of(2, 0.5)}
    assert kept({"order": of(2, 0.4), "vocabulary": of(2, 0.5)}) == both
    assert kept({"order": of(5, 0.6, claims=2)}) == both | {"order": of(5, 0.6, claims=2)}
    assert kept({"order": of(5, 0.3)}) == kept({}) == both | {"order": of(5, 0.6, claims=2)}
    assert kept({"order": of(2, 0.4, "later")}) == both | {"order": of(2, 0.4, "later")}
    (tmp_path / "small.json").write_text('{"order": {"findings": [{"name": "x"}], "tables": []}}', "utf-8")
    with pytest.raises(UserError, match=r"small.json: not results of this version of the study"):
        keep_measured("small", {}, tmp_path)


def test_figures_belong_to_numbers_and_rates_but_not_to_seeds():
    settings, rates = read_settings("training"), dict.fromkeys(RATED, 1e-3)
    key = settings_key(settings, rates, "small", "order")
    assert settings_key(settings, rates | {"preferred": 1.0}, "small", "order") == key
    assert settings_key(settings, rates | {"mixed": 1.0}, "small", "order") != key
    for name, same in (("seeds", True), ("held_out", False)):
        changed = settings | {"bases": {"small": settings["bases"]["small"] | {name: [7]}}}
        assert (settings_key(changed, rates, "small", "order") == key) is same


def make_setting(folder, rates):
    return setting_of(read_settings("training"), rates, "small", base=folder, data=folder, folder=folder)


def test_every_arm_that_is_trained_composes_and_has_a_claim(compose, tmp_path):
    settings = read_settings("training")
    rates = {name: 10.0**-at for at, name in enumerate(RATED, 3)}
    setting = make_setting(tmp_path, rates)
    assert NEEDS.keys() == claims(setting).keys()
    rated = list(rounds(RATED))
    assert [len(names) for names in rated] == [4, 4] and list(rounds(["mixed"])) == [["mixed"]]
    known = claims(setting) | {name: rates_claim(setting, name) for name in RATED}
    knobs = {GENERAL_RATE: rates["specific_to_general"], SPECIFIC_RATE: rates["specific_only"]}
    assert set(setting.rate("specific_to_general")) == {f"{knob}={rate:g}" for knob, rate in knobs.items()}
    assert (
        make_setting(tmp_path, {"general_to_specific": 1.0}).rate("general_to_specific") == ()
    )  # of its first stage none
    assert DIFFERENCES.keys() == settings["claims"].keys()
    for name, (sweep, *sides) in DIFFERENCES.items():
        assert {label for label, _ in sides} <= known[sweep].arms.keys(), name
    for claim in known.values():
        called = set()
        for _, *words in claim.lines(setting):
            jobs = split_multirun(words)
            called |= {claim.call(job) for job in jobs}
            config = compose("train", [*jobs[-1]])
            check_configuration(config)
            assert read_objective(config["objective"]).measured_on in config["heldout"]
        assert called == set(claim.arms)


RECORD = {"records": ["a"], "groups": ["q"], "characters": [1], "bits": {"last": [1.0]}}


def finish(claim, setting, records=None):
    """Leave what finished runs of a claim leave; `records` tells from a run's overrides what was measured."""
    for _, *words in claim.lines(setting):
        for job in split_multirun(words):
            folder = setting.folder / "outputs/sweeps" / claim.sweep / name_arm(job)
            (folder / ".hydra").mkdir(parents=True, exist_ok=True)
            (folder / ".hydra/overrides.yaml").write_text(json.dumps(job), "utf-8")
            measured = records(job) if records else {}
            learnt = {"records": 40 + len(job), "learnt_tokens": 6 * (40 + len(job))}
            arm = {
                "stages": [{"data": {"sources": {"anesthesia": learnt}}}],
                "key": {"heldout": dict.fromkeys(measured, "")},
            }
            models = [{"name": name, "measures": {}} for name in ("first", "last")]
            for file, content in (("results", models), ("arm", arm), ("records", measured)):
                (folder / f"{file}.json").write_text(json.dumps(content), "utf-8")


def test_only_runs_under_these_very_settings_are_read(tmp_path):
    setting = make_setting(tmp_path, dict.fromkeys(RATED, 1e-3))
    order = claims(setting)["order"]
    finish(claims(make_setting(tmp_path, dict.fromkeys(RATED, 3e-4)))["order"], setting)
    assert read_runs(order, setting) == {}
    finish(order, setting)
    arms = read_runs(order, setting)
    seeds = list(map(str, setting.seeds))
    assert {label: sorted(by_seed) for label, by_seed in arms.items()} == dict.fromkeys(order.arms, seeds)
    assert all("model.recipe.general.lr=0.001" in arm.overrides for arm in arms["mixed"].values())


def test_a_finding_needs_every_seed_of_both_arms(tmp_path, caplog):
    setting = make_setting(tmp_path, dict.fromkeys(RATED, 1e-3))
    filtering = claims(setting)["filtering"]

    def measured(job):
        """Each arm, seed and record is a little different; the worst half needs a bit more."""
        worse = "selection.scorers=worst" in job
        draw = np.random.default_rng(zlib.crc32(" ".join(job).replace(str(tmp_path), "").encode()))
        bits = list(draw.normal(5 + worse, 0.1, 8))
        names = [f"r{number}" for number in range(8)]
        columns = {"records": names, "groups": names, "characters": [1] * 8, "bits": bits}
        return {name: {"models": {"first": columns, "last": columns}} for name in ("anesthesia", "best")}

    finish(filtering, setting, measured)
    tried = try_trained(setting)["filtering"]
    found = {one.name: one for one in tried.findings}
    ((_, head, rows),) = tried.tables
    assert head[-1] == "learnt tokens an answer" and {row[-1] for row in rows} == {"6"}
    assert found.keys() == {"filtered", "filtered_not_long", "best_not_worst", "filtered_other"}
    assert found["best_not_worst"].shown.value == pytest.approx(-1, abs=0.2) and found["best_not_worst"].p < 1e-3
    assert {one.seeds for one in found.values()} == {len(setting.seeds)} == {3} and not caplog.text
    (read_runs(filtering, setting)["worst half"]["3"].folder / "results.json").unlink()
    (measured_now,) = try_trained(setting).values()
    assert {one.name: one for one in measured_now.findings} == {
        name: one for name, one in found.items() if name != "best_not_worst"
    }
    assert "best_not_worst: 2 of 3 seeds are finished, and no finding yet" in caplog.text


def test_runs_on_other_text_are_named_and_those_of_earlier_settings_hide_nothing(tmp_path, caplog):
    setting = make_setting(tmp_path, dict.fromkeys(RATED, 1e-3))
    order = claims(setting)["order"]

    def measure_other_text(several):
        for arm in several:
            (arm.folder / "arm.json").write_text('{"stages": [], "key": {"heldout": {"general": "other"}}}', "utf-8")

    earlier = make_setting(tmp_path, dict.fromkeys(RATED, 3e-4))
    finish(claims(earlier)["order"], earlier, lambda job: {"general": RECORD})
    measure_other_text(
        arm for by_seed in read_runs(claims(earlier)["order"], earlier).values() for arm in by_seed.values()
    )
    finish(order, setting, lambda job: {"general": RECORD})
    assert read_runs(order, setting).keys() == set(order.arms) and not caplog.text
    measure_other_text([read_runs(order, setting)["mixed"]["3"]])
    assert read_runs(order, setting) == {}
    assert re.search(r"order is left out: sweep: .* cannot be compared: the held-out text of general", caplog.text)


def test_the_best_rate_of_each_stage_is_written_and_the_last_stage_is_rated_under_it(tmp_path, caplog):
    setting, file, rounds_run = make_setting(tmp_path, {}), tmp_path / "rates.yaml", []

    def measured(job):
        """General pairs like 1e-3 best, the specialty 1e-3: the highest that is tried there."""
        rate = next(float(part.rpartition("=")[2]) for part in reversed(job) if ".lr=" in part)
        bits = {"general": abs(math.log(rate / 1e-3)), "anesthesia": -rate}
        return {
            name: {"records": ["a"], "groups": ["q"], "characters": [1], "bits": {"last": [value]}}
            for name, value in bits.items()
        }

    def train(several, setting):
        rounds_run.append([claim.name for claim in several])
        for claim in several:
            finish(claim, setting, measured)

    chosen = choose_rates(setting, ["general_to_specific"], train, file)
    assert rounds_run == [["rates-general_only"], ["rates-general_to_specific"]]
    assert chosen == {"general_only": 1e-3, "general_to_specific": 1e-3}
    assert "general_to_specific: 0.001 is the best, at the edge" in caplog.text
    assert "general_only: 0.001 is the best" not in caplog.text
    words = next(rates_claim(replace(setting, rates=chosen), "general_to_specific").lines(setting))
    assert f"{GENERAL_RATE}=0.001" in words and "seed=1,2,3" in words
    with pytest.raises(UserError, match=r"--rates: mixed at 0.0001 is not finished"):
        choose_rates(setting, ["mixed"], lambda several, setting: False, file)
    assert yaml.safe_load(file.read_text("utf-8")) == {"small": chosen}


def test_a_rate_whose_run_failed_was_tried_and_is_not_the_best(tmp_path, caplog):
    setting, file = make_setting(tmp_path, {}), tmp_path / "rates.yaml"

    def train(failing):
        def run(several, setting):
            for claim in several:
                finish(claim, setting, lambda job: {"anesthesia": RECORD})
                for folder in (setting.folder / "outputs/sweeps" / claim.sweep).iterdir():
                    overrides = json.loads((folder / ".hydra/overrides.yaml").read_text("utf-8"))
                    if {f"{SPECIFIC_RATE}={rate:g}" for rate in failing} & {*overrides}:
                        (folder / "failed.json").write_text('{"error": "loss is nan"}', "utf-8")

        return run

    assert choose_rates(setting, ["specific_only"], train([1e-4, 1e-3]), file) == {"specific_only": 3e-4}
    assert caplog.text.count("failed (loss is nan); it counts as tried") == 2 and "at the edge" not in caplog.text
    with pytest.raises(UserError, match=r"--rates: specific_only failed at every rate"):
        choose_rates(setting, ["specific_only"], train([1e-4, 3e-4, 1e-3]), file)


def test_pieces_of_papers_are_told_from_statements():
    groups = {"a": "anesthesia/ChinaXiv-202106.0001V1 0", "b": "anesthesia/tw-2020-anes-009 11"}
    text = HeldOutText(groups=groups, characters={"last": {"a": 300, "b": 3}}, bits={"last": {"a": 900.0, "b": 2.0}})
    arm = Arm(
        folder=Path("x"),
        label="",
        seed="1",
        overrides=(),
        state="finished",
        models=("last",),
        texts={"anesthesia": text},
    )
    assert papers(arm) == {"a": Unit(groups["a"], 900.0, 300, 300)}
    assert statements(arm) == {"b": Unit(groups["b"], 2.0, 1, 3)}


@pytest.mark.parametrize(
    ("better", "worse", "in_all", "by_character"),
    [
        ((100, 50, 80), (60, 40, 50), 1, 1),  # bits before and after, characters
        ((200, 160, 100), (60, 40, 20), 1, 0),  # the longer one gained more, but less a character
        ((50, 50, 10), (60, 60, 20), 0.5, 0.5),
    ],
)
def test_a_gain_by_character_does_not_favour_the_longer_answer(better, worse, in_all, by_character):
    def side(before, after, characters):
        return HeldOutText(
            groups={"a": "q"},
            characters={model: {"a": characters} for model in ("first", "last")},
            bits={"first": {"a": before}, "last": {"a": after}},
        )

    texts = {"better": side(*better), "worse": side(*worse)}
    arm = Arm(
        folder=Path("x"), label="", seed="1", overrides=(), state="finished", models=("first", "last"), texts=texts
    )
    units = became_likelier(arm)["a"], became_likelier_by_character(arm)["a"]
    assert [unit.value for unit in units] == [in_all, by_character]
    margin = 0.1 * math.log(2) * ((better[0] - better[1]) - (worse[0] - worse[1]))
    assert preference_loss(arm)["a"].value == pytest.approx(-math.log(1 / (1 + math.exp(-margin))))


def test_what_is_measured_is_in_no_training_file(tmp_path):
    def write(name, rows):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    def asked(number):
        return "".join(chr(0x4E00 + (number * 37 + at * at * 11) % 5000) for at in range(24)) + "？"

    answer = {
        "input": "",
        "output": "术前应当禁食禁饮，由麻醉医生说明时间，并记录血压、心率和平时服用的药物，术后再逐步恢复饮食和活动。",
    }
    general = [{"instruction": asked(number), **answer, "source": "s"} for number in range(60)]
    write("qa/general_medical_qa.jsonl", general)
    write("qa/anesthesia_qa_dev.jsonl", [{"instruction": asked(900), **answer}])
    valid = [{"instruction": asked(number), **answer, "source": "llmeval-med"} for number in (100, 101, 205)]
    write("qa/general_medical_long_qa.jsonl", valid)
    years = [{"instruction": asked(number), "input": "", "output": "正确。", "year": 2020} for number in (300, 301)]
    write("qa/anesthesia_statements_2017_2020.jsonl", [*years, *({**row, "year": 2018} for row in years[:1])])
    pairs = [
        {
            "task": "WebMedQA",
            "question": asked(number),
            "model_a": "x",
            "model_b": "y",
            "answer_a": "甲",
            "answer_b": "乙丙",
        }
        | {"score_a": 9.0, "score_b": 5.0}
        for number in range(200, 230)
    ]
    write(PAIRS, pairs)
    judged = {"model": "x", "gpt4_10": 9.0, "human_10": 10.0}
    good = [
        {"question_id": f"q{number}", "question": asked(number), "answer": "甲" * 20, **judged}
        for number in (210, 701, 702)
    ]
    poor = [
        {**good[0], "question_id": name, **score} for name, score in (("p", {"gpt4_10": 8}), ("h", {"human_10": 8}))
    ]
    write(BOTH, [*good, *poor])
    options = {letter: asked(500 + at) for at, letter in enumerate("ABCD")}
    write(BOARD, [{"question": asked(400), "options": options, "answer": "A", "year": 2020, "id": "b"}])
    texts = {"201802": [asked(number) * 9 for number in (600, 601)], "202106": [asked(602) * 9], "201903": [asked(603)]}
    texts["201803"] = [asked(400) + "".join(options.values())]
    write(
        PAPERS,
        [
            {"id": f"ChinaXiv-{month}.0001V1", "anesthesia": True, "text": "\n".join(parts)}
            for month, parts in texts.items()
        ],
    )
    numbers = {"general": 20, "pairs": 30, "answers": 60, "statements": 5, "pieces": 9, "held_out": 3}
    settings = read_settings("training") | {"bases": {"tiny": numbers}}
    write_files(tmp_path, tmp_path / "out", settings, "tiny")
    read = {path.stem: read_lines(path) for path in (tmp_path / "out").glob("*.jsonl")}
    assert {(row["file"], row.get("instruction") or row["paper"]) for row in read["removed"]} >= {
        ("specialty", asked(300)),
        ("specialty", "ChinaXiv-201803.0001V1"),  # holds the board question
        ("scored", asked(205)),
        ("scored", asked(210)),  # a good answer to it is measured on
    }
    best = {row["instruction"]: is_held_out(row["group"], 0.15) for row in read["best"]}
    assert best == {asked(number): True for number in (210, 701, 702)}
    sides = [row["group"] for row in read["pairs"] if is_held_out(row["group"], settings["holdout"])]
    assert 0 < len(sides) < len(read["pairs"]) == 30
    later = [is_held_out(row["group"], 0.15) for row in read["specialty"]]
    assert later == [row["year"] >= 2020 for row in read["specialty"]] and later.count(True) == 3
    assert [len(row["text"]) <= 400 for row in read["specialty"] if "text" in row] == [True] * 2
    divided = {row["id"]: is_held_out(row["group"], 0.15) for row in read["development-specialty"]}
    first, second = (f"ChinaXiv-201802.0001V1-{at}" for at in range(2))
    assert divided == {first: True, second: True, "ChinaXiv-201903.0001V1-0": False}
    trained_on = {row.get("paper") for row in read["specialty"] if row["year"] < 2020}
    assert trained_on == {"ChinaXiv-201903.0001V1"}  # no paper that rates are chosen on
    assert 0 < sum(is_held_out(row["group"], 0.15) for row in read["development-general"]) < 6
    apart = {row["id"] for row in read["development-pairs"] if is_held_out(row["group"], settings["holdout"])}
    assert apart and not apart & {row["id"] for row in read["pairs"] if is_held_out(row["group"], settings["holdout"])}
    ranks = {entry["scorer"]: entry["overall"] for entry in read["scored"][0]["scores"]}
    assert ranks["GPT-4"] + ranks["worst"] == 10 and set(ranks) == {"GPT-4", "worst", "shortest", "longest"}
