from hypnos.benchmark.metrics.segment import characters, words

Pairs = tuple[list[str], list[list[str]]]


def test_both_segmentations_of_a_number_and_a_unit() -> None:
    assert characters("SpO2 95%，予0.6mg/kg") == ["SpO2", "95", "%", "，", "予", "0.6", "mg", "/", "kg"]
    assert words("静脉注射0.6mg/kg。B超") == ["静脉注射", "0.6", "mg", "/", "kg", "。", "B超"]
    assert characters("1.5～2.5 μg·kg-1") == ["1.5", "～", "2.5", "μg", "·", "kg", "-", "1"]


def test_words_are_those_of_jieba(sample: Pairs) -> None:
    import jieba

    jieba.setLogLevel("ERROR")
    for text in sample[0][:60]:
        ours = "".join(words(text))
        assert ours == "".join(text.split())
        theirs = [word for word in jieba.lcut(text) if not word.isspace()]
        han = [word for word in theirs if len(word) > 1 and all("\u4e00" <= sign <= "\u9fff" for sign in word)]
        assert [word for word in words(text) if len(word) > 1 and all("\u4e00" <= s <= "\u9fff" for s in word)] == han
