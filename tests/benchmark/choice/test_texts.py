"""Options named by their texts."""

import pytest

from hypnos.benchmark.choice.extract import extract


@pytest.mark.parametrize(
    ("reply", "letters", "rule"),
    [
        ("B. 芬太尼\nC. 舒芬太尼", "BC", "options listed"),
        ("可以考虑使用舒芬太尼", "C", "option text"),
    ],
)
def test_the_rule_that_decided_is_named(reply, letters, rule, item):
    assert extract(reply, item()) == (letters, rule)


def test_a_drug_that_only_contains_an_options_name_is_not_that_option(item):
    options = {"A": "芬太尼", "B": "肾上腺素"}
    assert extract("首选瑞芬太尼", item(options=options))[0] is None
    assert extract("首选去甲肾上腺素", item(options=options))[0] is None
    assert extract("首选芬太尼", item(options=options))[0] == "A"
