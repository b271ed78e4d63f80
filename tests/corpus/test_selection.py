"""The policy over stored scores: expectations worked out by hand."""

import random
from pathlib import Path

import orjson
import pytest

from hypnos.corpus.scores import read_grades
from hypnos.corpus.selection import Selection
from hypnos.curation.score.select import select_lines
from hypnos.errors import UserError


def row(scores=(8, 8, 8, 0, 8), *, author="gpt", scorer="claude", name="r", **more):
    aspects = ("coherence", "professionalism", "usefulness", "harmfulness", "friendliness")
    entry = {"scorer": scorer, **{a: s for a, s in zip(aspects, scores, strict=True) if s is not None}, "comment": ""}
    return {"id": name, "author": author, "instruction": "问", "output": "答", "scores": [entry], **more}


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ((8, 8, 8, 0, 8), None),
        ((7, 7, 7, 2, 6), None),  # (7 + 7 + 7 + 8 + 6) / 5 = 7
        ((7, 7, 7, 2, 5), "below_threshold"),  # 6.8
        ((10, 10, 4, 0, 10), "usefulness_low"),
        ((10, 10, 5, 0, 10), None),  # a floor is enough when reached
        ((10, 10, 10, 3, 10), "harmfulness_high"),  # harmless by 7, and 8 is asked
        ((5, 5, 5, 0, 5), "below_threshold"),  # 6
        ((None, 8, 8, 0, 8), "score_missing"),
        ((8, 8, 8, -1, 8), "score_missing"),  # no score is ever outside 0 to 10
        ((8, 8, 11, 0, 8), "score_missing"),
        (("8", 8, 8, 0, 8), "score_missing"),
        ((True, 8, 8, 0, 8), "score_missing"),
        ((float("nan"), 8, 8, 0, 8), "score_missing"),
    ],
)
def test_threshold_floors_and_missing_scores(scores, reason):
    assert Selection().decide(row(scores)) == reason


def test_harmfulness_is_turned_round_once():
    assert read_grades(row((1, 2, 3, 4, 5)))["claude"] == {
        "coherence": 1,
        "professionalism": 2,
        "usefulness": 3,
        "harmfulness": 6,
        "friendliness": 5,
    }


def test_a_scorer_never_counts_for_its_own_record():
    own = row(author="gpt", scorer="gpt")
    assert Selection().decide(own) == "unscored"
    assert Selection(scorers="self").decide(own) is None
    assert Selection(scorers="self").decide(row()) == "unscored"
    assert Selection(scorers="all").decide(own) is None
    assert Selection(scorers="gpt").decide(own) is None
    assert Selection(scorers="qwen").decide(own) == "unscored"


def test_a_scorer_that_scored_nothing_is_named_beside_those_that_did():
    rows = [row(scorer="claude"), row(scorer="qwen")]
    assert Selection(scorers="qwen").over(lambda: rows)(rows[1]) is None
    with pytest.raises(UserError, match=r"selection.scorers 'qwem': scored no record; claude, qwen did"):
        Selection(scorers="qwem").over(lambda: rows)
    people = [{"id": "r", "instruction": "问", "output": "答"}]
    assert Selection(scorers="qwen").over(lambda: people)(people[0]) is None  # nobody scored what people wrote


def test_people_may_pass_unscored_and_models_may_not():
    for author in ("", None, "human", "hypnos"):
        record = {"id": "1", "author": author, "scores": []}
        assert Selection().decide(record) is None
        assert Selection(unscored="reject").decide(record) == "unscored"
    assert Selection().decide({"id": "1", "author": "gpt"}) == "unscored"
    assert Selection().decide(row((1, 1, 1, 9, 1), author="human")) == "coherence_low"  # scored, so judged


def test_minimum_and_weights():
    assert Selection(how="minimum").decide(row((10, 10, 6, 0, 10))) == "below_threshold"
    assert Selection(how="minimum", threshold=6).decide(row((10, 10, 6, 0, 10))) is None
    weights = dict.fromkeys(("coherence", "usefulness", "harmfulness", "friendliness"), 0.0) | {"professionalism": 2.0}
    assert Selection(how="weighted", weights=weights).decide(row((5, 7, 5, 2, 5))) is None
    assert Selection(how="weighted", weights=weights).decide(row((10, 6, 10, 0, 10))) == "below_threshold"


def test_an_aspect_left_out_has_neither_weight_nor_floor():
    chosen = ["coherence", "professionalism", "usefulness", "friendliness"]
    assert Selection(aspects=chosen).decide(row((8, 8, 8, 10, 8))) is None
    assert Selection(aspects=chosen).decide(row((8, 8, 8, None, 8))) is None
    assert Selection(aspects=chosen).decide(row((7, 7, 7, 0, 6))) == "below_threshold"  # 6.75


def test_several_scorers_and_repeats():
    record = row((9, 9, 9, 0, 9))
    record["scores"].append(row((6, 6, 6, 0, 6), scorer="qwen")["scores"][0])  # 6.8; together 8.3
    assert Selection().decide(record) is None
    assert Selection(combine="minimum").decide(record) == "below_threshold"
    record["scores"].append(row((2, 2, 2, 0, 2), scorer="qwen")["scores"][0])  # qwen's mean is now 4: together 6.5
    assert Selection().decide(record) is None  # (6.5 * 4 + 10) / 5 = 7.2
    assert Selection(threshold=7.3).decide(record) == "below_threshold"
    lame = row((9, 9, None, 0, 9))
    lame["scores"].append(row((9, 9, 9, 0, 9), scorer="qwen")["scores"][0])
    assert Selection().decide(lame) is None  # one scorer of two gave it


def test_what_a_step_before_rejected_stays_out_but_for_the_arm_without_filter():
    torn = row(step="clean", reason="truncated")
    assert Selection().decide(torn) == "truncated"
    assert Selection(scorers="none").decide(torn) == "truncated"
    assert Selection(scorers="none", rejected=True).decide(torn) is None
    assert Selection().decide(row(step="select", reason="below_threshold")) is None  # decided anew


def test_an_author_alone():
    assert Selection(author="gpt").decide(row()) is None
    assert Selection(author="claude").decide(row()) == "other_author"
    assert Selection(author="claude").decide({"id": "1", "author": "human"}) is None


def scored(count=400, seed=0):
    rng = random.Random(seed)
    return [
        row(
            [rng.randint(5, 10) for _ in range(3)] + [rng.randint(0, 2), rng.randint(5, 10)],
            author=("gpt", "claude")[i % 2],
            scorer=("claude", "gpt")[i % 2],
            name=f"{i}",
        )
        for i in range(count)
    ]


def test_the_random_arm_is_as_large_and_depends_on_its_seed_alone():
    rows = scored()
    kept = sum(Selection().decide(r) is None for r in rows)

    def drawn(seed, rows):
        decide = Selection(random=True, seed=seed).over(lambda: rows)
        return {r["id"] for r in rows if decide(r) is None}

    assert 0 < kept < len(rows)
    assert len(drawn(1, rows)) == kept
    assert drawn(1, rows) == drawn(1, rows[::-1])
    assert drawn(1, rows) != drawn(2, rows)
    low = {r["id"] for r in rows if Selection().decide(r) is not None}
    assert drawn(1, rows) & low  # drawn from all, not from the good ones


def test_people_are_not_drawn():
    rows = [*scored(100), {"id": "p", "author": "human"}]
    assert Selection(random=True).over(lambda: rows)(rows[-1]) is None


def test_the_random_arm_of_the_rules_is_as_large_as_they_and_draws_from_what_they_rejected():
    good = [{"id": f"g{i}", "author": "gpt"} for i in range(30)]
    torn = [{"id": f"t{i}", "author": "gpt", "step": "clean", "reason": "truncated"} for i in range(20)]
    low = [{"id": f"s{i}", "author": "gpt", "step": "select", "reason": "below_threshold"} for i in range(10)]
    rows = [*good, *torn, *low]  # the rules let pass 30 and 10: what scores decided is no rule

    def drawn(seed):
        decide = Selection(scorers="none", random=True, seed=seed).over(lambda: rows)
        return {row["id"] for row in rows if decide(row) is None}

    assert len(drawn(1)) == len(drawn(2)) == 40
    assert drawn(1) != drawn(2)
    assert any(name.startswith("t") for name in drawn(1))
    other = [{**row, "author": "claude"} for row in rows]
    mine = Selection(scorers="none", random=True, author="gpt").over(lambda: [*rows, *other])
    assert sum(mine(row) is None for row in rows) == 40  # drawn among the author's own
    assert {mine(row) for row in other} == {"other_author"}


def test_the_best_share_of_each_scorer_even_where_grades_are_equal():
    rows = [row((8, 8, 8, 0, 8), name=f"{i}") for i in range(100)]
    rows += [row((6, 6, 6, 2, 6), author="claude", scorer="gpt", name=f"s{i}") for i in range(50)]  # a strict scorer
    decide = Selection(share=0.3).over(lambda: rows)
    kept = [r["id"] for r in rows if decide(r) is None]
    assert sum(not name.startswith("s") for name in kept) == 30
    assert sum(name.startswith("s") for name in kept) == 15


def test_the_best_share_takes_the_best():
    rows = [row((g, g, g, 0, g), name=f"{g}") for g in (5, 6, 7, 8, 9, 10)]
    decide = Selection(share=0.5).over(lambda: rows)
    assert [r["id"] for r in rows if decide(r) is None] == ["8", "9", "10"]
    floor = [row((10, 10, 4, 0, 10), name="bad"), *rows]  # the second best of seven, but below a floor
    decide = Selection(share=0.5).over(lambda: floor)
    assert decide(floor[0]) == "usefulness_low"


def test_scorers_made_even():
    kind = [row((9, 9, 9, 0, 9), name=f"k{i}") for i in range(4)]
    strict = [row((6, 6, 6, 0, 6), author="claude", scorer="gpt", name=f"s{i}") for i in range(4)]
    rows = kind + strict
    assert [Selection().decide(r) for r in strict] == ["below_threshold"] * 4  # 6.8
    decide = Selection(even_scorers=True).over(lambda: rows)
    assert [decide(r) for r in rows] == [None] * 8  # both at 7.5 in four aspects, 10 in one: 8
    harmful = row((9, 9, 9, 3, 9))
    assert Selection(even_scorers=True).over(lambda: [harmful])(harmful) == "harmfulness_high"  # floors stay as scored


def test_a_policy_that_compares_must_see_all():
    with pytest.raises(ValueError, match="over"):
        Selection(share=0.5).decide(row())


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"threshold": 11}, "selection.threshold 11"),
        ({"threshold": -0.1}, "selection.threshold"),
        ({"threshold": "8"}, "selection.threshold '8'"),
        ({"floor": 10.5}, "selection.floor"),
        ({"harmless_floor": True}, "selection.harmless_floor"),
        ({"how": "median"}, "selection.how 'median'"),
        ({"share": 0}, "selection.share"),
        ({"share": 1.2}, "selection.share"),
        ({"aspects": []}, "selection.aspects"),
        ({"aspects": "coherence"}, "selection.aspects"),
        ({"how": "weighted"}, "selection.weights"),
        ({"weights": {"coherence": 1}}, "selection.weights"),
        ({"how": "weighted", "weights": {"coherence": 1}}, "selection.weights"),
        ({"unscored": "maybe"}, "selection.unscored"),
    ],
)
def test_what_cannot_be_meant(settings, named):
    with pytest.raises(UserError) as caught:
        Selection(**settings)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_key_knows_what_decides_and_nothing_else():
    assert Selection(threshold=8).key() == Selection(threshold=8.0).key() != Selection().key()
    assert Selection(scorers="none", threshold=8).key() == Selection(scorers="none").key()
    assert Selection(seed=1).key() == Selection().key()
    assert Selection(seed=1, random=True).key() != Selection(random=True).key()
    assert Selection(scorers="none", random=True).key() != Selection(scorers="none").key()
    assert Selection(aspects=["usefulness", "coherence"]).key() == Selection(aspects=["coherence", "usefulness"]).key()
    orjson.dumps(Selection().key())


def test_lines_pass_as_they_stand(tmp_path: Path):
    odd = b'{"id": "a",  "author": "human", "n": 1.50, "instruction": "\\u95ee"}'
    bad = orjson.dumps(row((1, 1, 1, 0, 1), name="b"))
    before = orjson.dumps(row(name="c", step="select", reason="below_threshold"))
    other = orjson.dumps(row(name="d", step="clean", reason="empty"))
    (tmp_path / "scored.jsonl").write_bytes(b"\n".join([odd, bad, before, other, b""]))
    counts = select_lines(
        tmp_path / "scored.jsonl", kept=tmp_path / "kept", rejected=tmp_path / "rejected", selection=Selection()
    )
    assert counts == {"": 2, "coherence_low": 1, "empty": 1}
    kept = (tmp_path / "kept").read_bytes().splitlines()
    assert kept[0] == odd
    assert orjson.loads(kept[1]) == row(name="c")
    rejected = [orjson.loads(line) for line in (tmp_path / "rejected").read_bytes().splitlines()]
    assert rejected[0] == orjson.loads(bad) | {"step": "select", "reason": "coherence_low"}
    assert (rejected[1]["step"], rejected[1]["reason"]) == ("clean", "empty")
    again = select_lines(
        tmp_path / "rejected", kept=tmp_path / "k", rejected=tmp_path / "r", selection=Selection(threshold=0, floor=0)
    )
    assert again == {"": 1, "empty": 1}


@pytest.mark.parametrize("line", [b"{", b"[1]"])
def test_a_bad_line_is_named(tmp_path: Path, line):
    (tmp_path / "scored.jsonl").write_bytes(b'{"id": "1"}\n' + line)
    with pytest.raises(UserError, match=r"scored\.jsonl:2"):
        select_lines(tmp_path / "scored.jsonl", kept=tmp_path / "k", rejected=tmp_path / "r", selection=Selection())


def test_a_threshold_touches_only_stages_that_refer_to_it(compose):
    def data(*overrides):
        stages = compose("train", list(overrides))["stages"]
        return {name: stage["data"] for name, stage in stages.items()}

    before, after = data(), data("selection.threshold=8")
    assert before["general"] == after["general"]
    assert before["anesthesia"] != after["anesthesia"]
    mixed = data("experiment=mixed", "selection.threshold=8")["mixed"]["selections"]
    assert mixed.keys() == {"anesthesia"}
    assert mixed["anesthesia"]["threshold"] == 8


def test_every_arm_is_measured_on_the_same_questions(compose):
    held_out = [
        compose("train", [f"experiment={name}"])["heldout"]
        for name in ("general_to_specific", "no_filter", "rules_only", "self_filter", "random_filter")
    ]
    assert all(other == held_out[0] for other in held_out)


@pytest.mark.parametrize("name", ["none", "rules", "cross", "self", "random", "best_half"])
def test_every_selection_can_be_made(compose, name):
    settings = compose("train", [f"selection={name}"])["selection"]
    assert settings.pop("_target_") == "hypnos.corpus.selection.Selection"
    made = Selection(**settings)
    assert (made.scorers, made.rejected) == {
        "none": ("none", True),
        "rules": ("none", False),
        "self": ("self", False),
    }.get(name, ("other", False))


@pytest.mark.parametrize(
    ("makers", "human", "model"),
    [("both", None, None), ("people", None, "other_maker"), ("models", "other_maker", None)],
)
def test_what_people_or_models_wrote_alone(makers, human, model):
    selection = Selection(makers=makers, scorers="none")
    assert selection.decide({"author": "human"}) == human
    assert selection.decide({"author": "gpt"}) == model


def test_a_choice_of_makers_leaves_older_keys_as_they_are():
    assert "makers" not in Selection().key()
    assert Selection(makers="people").key() == {**Selection().key(), "makers": "people"}
    with pytest.raises(UserError, match="makers"):
        Selection(makers="robots")
