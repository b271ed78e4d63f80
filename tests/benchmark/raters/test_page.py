import re


def test_text_of_a_model_cannot_end_the_script_it_stands_in(made):
    text = (made() / "hand_out" / "b.html").read_text("utf-8")
    assert text.count("</script>") == 2
    assert "\\u003cimg src=x" in text and "<img" not in text


def test_the_page_asks_for_nothing_from_anywhere(made):
    text = (made() / "hand_out" / "b.html").read_text("utf-8")
    assert "default-src 'none'" in text and "unsafe-inline" not in text
    assert not re.search(r"https?://|@import|url\(|<link|<script src|fetch\(|XMLHttp", text)


def test_the_script_uses_nothing_that_older_browsers_lack(made):
    text = (made() / "hand_out" / "b.html").read_text("utf-8")
    script = text.rsplit("<script>", 1)[1]
    newer = r"\?\.|\?\?|=>.*\basync\b|\.flatMap\(|\.flat\(|fromEntries|replaceAll|\.at\(|matchAll|structuredClone|\bimport\b|#\w+\s*="
    assert not re.search(newer, script)
    style = text.split("<style>")[1].split("</style>")[0]
    assert not re.search(r"\bgap:|:is\(|:where\(|:has\(|aspect-ratio|\binset:|dvh|@layer|clamp\(", style)


def test_the_page_file_is_small_enough_for_any_stick(made):
    assert (made() / "hand_out" / "b.html").stat().st_size < 100_000
