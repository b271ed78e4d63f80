from hypnos.report.figures import fonts


def test_chinese_without_a_font_is_a_number_and_anything_else_stays(monkeypatch) -> None:
    monkeypatch.setattr(fonts, "chinese_font", lambda: None)
    assert fonts.readable("模型", 1) == "model 2" and fonts.readable("model") == "model"
    assert fonts.readable("药理", 0, "axis") == "axis 1"
    assert fonts.readable_title("本院题库（麻醉）: Accuracy by topic") == "Accuracy by topic"
    assert fonts.readable_title("AneQA：按主题 - BLEU") == "AneQA - BLEU" and fonts.readable_title("按主题") == ""
    assert fonts.all_readable(["a", "b"]) and not fonts.all_readable(["a", "药理"])
    monkeypatch.setattr(fonts, "chinese_font", lambda: "Noto Sans CJK SC")
    assert fonts.readable_title("麻醉: Accuracy") == "麻醉: Accuracy"
    assert fonts.readable("模型", 1) == "模型" and fonts.all_readable(["a", "药理"])
