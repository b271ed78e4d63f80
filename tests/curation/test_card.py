"""The data card."""

from hypnos.curation.card import write_card
from hypnos.curation.funnel import make_funnel


def test_the_card_counts_what_is_there(two_steps, tmp_path):
    write_card(tmp_path / "card", make_funnel(two_steps), specialty="麻醉学", records=two_steps[-1].directory)
    card = (tmp_path / "card").read_text("utf-8")
    assert "# Data card: 麻醉学, 2 instructions" in card
    assert "| cross_score | b | b-1 | 5 | 10 | 5 | 0.6000 |" in card
    assert "- author: a (2)" in card
    assert "`egress: local`: 0" in card
    assert "Not for clinical use" in card
