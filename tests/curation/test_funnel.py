"""The funnel as a table."""

import re

from hypnos.curation.funnel import funnel_table, make_funnel, score_table


def test_the_table_has_a_line_for_each_step_and_reason(two_steps):
    funnel = make_funnel(two_steps)
    lines = funnel_table(funnel).splitlines()
    cells = [line.split() for line in lines[2:]]
    assert cells == [
        ["cross_score", "5", "3", "60", "%", "5", "0.6000"],
        ["reply_unreadable", "-1"],
        ["score_unreadable", "-1"],
        ["select", "3", "2", "67", "%"],
        ["below_threshold", "-1"],
    ]
    assert "b on a" in score_table(funnel[0]["notes"])
    assert re.search(r"7\.7, 9: 33 %", score_table(funnel[0]["notes"]))
