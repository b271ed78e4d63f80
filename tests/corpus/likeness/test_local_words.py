"""Copies of texts that must stay are told from texts that only speak of the same, held against Python strings."""

import random

import pytest

from hypnos.corpus.likeness.local_words import LocalWords
from hypnos.corpus.likeness.ngrams import fold, grams, jaccard

SIGNS = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]


def written(chance: random.Random, count: int) -> str:
    return fold("".join(chance.choice(SIGNS) for _ in range(count)))


def edited(text: str, chance: random.Random, share: float) -> str:
    """Signs exchanged, left out or put in between."""
    pieces = list(text)
    for at in chance.sample(range(len(pieces)), round(share * len(pieces))):
        pieces[at] = chance.choice(["", chance.choice(SIGNS), pieces[at] + chance.choice(SIGNS)])
    return "".join(pieces)


def test_every_near_copy_carries_the_words_and_no_other_text_does():
    chance = random.Random(1)
    local = [written(chance, chance.randint(15, 400)) for _ in range(300)]
    copies = [(text, edited(text, chance, chance.uniform(0, 0.06))) for text in local for _ in range(4)]
    near = [copy for text, copy in copies if jaccard(*(grams([one]).set_of(0) for one in (text, copy))) >= 0.8]
    assert len(near) > 700
    words = LocalWords(iter(local))
    assert words.carried_by(near).all()
    assert not words.carried_by([written(chance, 200) for _ in range(300)]).any()


@pytest.mark.parametrize(("run", "carried"), [(23, False), (24, True), (60, True)])
def test_a_long_run_of_signs_is_a_copy_wherever_it_stands_in_a_long_text(run, carried):
    chance = random.Random(2)
    local = written(chance, 100)
    text = written(chance, 300) + local[20 : 20 + run] + written(chance, 300)
    words = LocalWords([written(chance, 80), local])
    others = [written(chance, 90) for _ in range(3)]
    assert words.carried_by([*others, text, *others]).tolist() == [False] * 3 + [carried] + [False] * 3


def test_dress_does_not_matter_and_two_half_runs_are_no_run():
    words = LocalWords(["患者昨夜突发胸痛，心电图示下壁导联抬高，ST 段压低，已行溶栓。"])
    texts = [
        "患者昨夜突发胸痛；心電圖示 下壁導聯抬高　ＳＴ段压低。已行溶栓",
        "胸痛的常见原因有哪些？应先做心电图，再查肌钙蛋白。",
        "",
    ]
    assert words.carried_by(texts).tolist() == [True, False, False]
    # The end of one text and the beginning of the next are not one run.
    halves = LocalWords(["一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未"])
    filler = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜金生丽水玉出昆冈剑号巨阙珠称夜光"
    assert not halves.carried_by(
        [filler + "一二三四五六七八九十甲乙丙丁", "戊己庚辛壬癸子丑寅卯辰巳午未" + filler]
    ).any()
    assert not LocalWords([]).carried_by(texts).any()
