from hypnos.benchmark.items import Item
from hypnos.benchmark.tasks.shuffle import fixed_letters, shuffle


def item(options: dict[str, str], answer: str = "B", name: str = "1", explanation: str = "") -> Item:
    return Item(id=name, kind="choice", question="?", answers=(answer,), options=options, explanation=explanation)


PLAIN = {"A": "一", "B": "二", "C": "三", "D": "四", "E": "五"}


def test_the_answer_moves_with_its_option():
    for seed in range(30):
        before = item(PLAIN, "BD")
        after = shuffle(before, seed)
        assert {after.options[letter] for letter in after.answers[0]} == {"二", "四"}
        assert list(after.options) == list("ABCDE")
        assert sorted(after.options.values()) == sorted(PLAIN.values())
        assert after.answers[0] == "".join(sorted(after.answers[0]))


def test_the_order_depends_on_seed_and_id_alone():
    orders = {tuple(shuffle(item(PLAIN, name=str(name)), 0).options.values()) for name in range(20)}
    assert len(orders) > 10
    assert shuffle(item(PLAIN), 3) == shuffle(item(PLAIN), 3)
    assert shuffle(item(PLAIN), 3) != shuffle(item(PLAIN), 4)
    # Each option comes to each place about equally often.
    first = [shuffle(item(PLAIN, name=str(name)), 0).options["A"] for name in range(500)]
    assert all(70 <= first.count(text) <= 130 for text in PLAIN.values())


def test_options_that_speak_of_all_never_move_and_what_stood_above_stays_above():
    for last in (
        "以上均是",
        "以上都不对",
        "以上选项都不正确",
        "以上说法均正确",
        "All of the above",
        "都不对",
        "两者均是",
    ):
        for seed in range(10):
            assert shuffle(item({**PLAIN, "E": last}), seed).options["E"] == last
    middle = {"A": "一", "B": "二", "C": "以上均是", "D": "四", "E": "五"}
    for seed in range(20):
        after = shuffle(item(middle, "C"), seed)
        assert (after.options["C"], after.answers) == ("以上均是", ("C",))
        assert {after.options["A"], after.options["B"]} == {"一", "二"}


def test_options_that_name_letters_stay_and_so_do_those_they_name():
    options = {"A": "吗啡", "B": "芬太尼", "C": "纳洛酮", "D": "阿托品", "E": "A和B"}
    assert fixed_letters(item(options)) == (set(), {"A", "B", "E"})
    seen = set()
    for seed in range(10):
        after = shuffle(item(options, "E"), seed)
        assert [after.options[letter] for letter in "ABE"] == ["吗啡", "芬太尼", "A和B"]
        seen.add(after.options["C"])
    assert seen == {"纳洛酮", "阿托品"}
    for text in ("A+B", "仅A、C", "A、B均正确", "Both A and B", "ＡＢ都对".replace("ＡＢ", "Ａ、Ｂ")):
        assert "E" in fixed_letters(item({**options, "E": text}))[1]


def test_letters_and_above_inside_other_words_fix_nothing():
    options = {"A": "维生素A和D", "B": "6个月以上", "C": "以上海为例", "D": "A型和B型血", "E": "B和F"}
    assert fixed_letters(item(options)) == (set(), set())


def test_an_explanation_says_that_its_letters_are_the_old_ones():
    moved = next(
        after for seed in range(9) if (after := shuffle(item(PLAIN, explanation="故选B"), seed)).answers != ("B",)
    )
    assert moved.explanation == "（所述字母为原顺序）故选B"
    assert shuffle(item(PLAIN), 0).explanation == ""
