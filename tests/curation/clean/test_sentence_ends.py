"""Ends of sentences are learnt from answers alone, and tell an answer that was cut off."""

import random

import numpy as np
import pytest

from hypnos.curation.clean.ending import Truncated
from hypnos.curation.clean.sentence_ends import SentenceEnds
from hypnos.curation.clean.step import Clean

SUBJECTS = ("病人", "术者", "家属", "护士", "麻醉医师", "值班人员")
VERBS = ("应当检查", "需要准备", "必须记录", "可以调整", "随时观察", "及时处理")
OBJECTS = ("血压波形", "输液速度", "气道通畅", "导管位置", "镇痛效果", "体温变化")


def answers(count, seed=0):
    chance = random.Random(seed)

    def sentence():
        return "".join(map(chance.choice, (SUBJECTS, VERBS, OBJECTS)))

    return ["".join(f"{sentence()}。" for _ in range(4)) for _ in range(count)]


def test_ends_are_told_from_places_within_and_the_same_answers_teach_the_same():
    ends = SentenceEnds(answers(400))
    whole = [text.rstrip("。") for text in answers(200, seed=1)]
    cut = [text[:-3] for text in whole]  # within the last word or behind the one before
    assert (ends.odds(whole) > 0).mean() > 0.95 and (ends.odds(cut) < 0).mean() > 0.95
    assert np.array_equal(SentenceEnds(answers(400)).odds(cut), ends.odds(cut))
    assert np.isfinite(ends.odds(["", "好", "\ud800"])).all()


def test_nothing_to_learn_from_is_no_fault():
    assert np.isfinite(SentenceEnds(["", "短", "无标点的文字" * 9]).odds(["检查血压"])).all()


@pytest.mark.parametrize(("odds", "caught"), [(-2.0, True), (None, False)])
def test_the_rule_learns_from_the_records_it_looks_at(odds, caught):
    rows = [{"id": str(n), "instruction": "问", "output": text} for n, text in enumerate(answers(300))]
    rows[7]["output"] = rows[7]["output"].rstrip("。")
    rows[9]["output"] = rows[9]["output"][:-3]  # 血压波, 输液速, 气道通, ...: before any word that ends no sentence
    step, rejected = Clean(rules={"truncated": Truncated(odds=odds, fewest=200, torn_words=False)}), []
    kept = list(step.run(rows, lambda row, why: rejected.append((row["id"], why))))
    assert rejected == ([("9", "truncated")] if caught else [])
    assert len(kept) == 300 - len(rejected)
    few = Truncated(odds=odds, fewest=301, torn_words=False)
    assert few.learnt_from(rows) is few and few.check(rows[9]) is None
    assert few.key() == few.learnt_from(rows * 2).key()
