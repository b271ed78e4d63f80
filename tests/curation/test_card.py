"""The data card."""

from hypnos.curation.card import write_card
from hypnos.curation.funnel import funnel_rows, make_funnel


def test_the_card_counts_what_is_there(two_steps, tmp_path):
    write_card(tmp_path / "card", make_funnel(two_steps), specialty="麻醉学", records=two_steps[-1].directory)
    card = (tmp_path / "card").read_text("utf-8")
    assert "# Data card: 麻醉学, 2 instructions" in card
    assert "| cross_score | b | b-1 | 5 | 10 | 5 | 0.6000 |" in card
    assert "- author: a (2)" in card
    assert "`egress: local`: 0" in card
    assert "Not for clinical use" in card


def test_the_card_and_the_funnel_name_what_was_left_out(two_steps, tmp_path):
    funnel = make_funnel(two_steps)
    write_card(tmp_path / "plain", funnel, specialty="麻醉学", records=two_steps[-1].directory)
    assert "Left out" not in (tmp_path / "plain").read_text("utf-8")
    funnel[0]["notes"] |= {"left_out": {"field images": 3, "flag weight beside a turn": 1}}
    write_card(tmp_path / "card", funnel, specialty="麻醉学", records=two_steps[-1].directory)
    assert "## Left out of what was read\n\n- field images: 3\n- flag weight beside a turn: 1\n" in (
        tmp_path / "card"
    ).read_text("utf-8")
    assert ["  left out: field images", "", "3", "", "", ""] in funnel_rows(funnel)[1]


def test_the_card_tells_of_pairs_and_what_their_answers_cost(two_steps, tmp_path):
    pairs = {"funnel": make_funnel(two_steps[:1]), "pairs": 2, "questions answered twice": 3, "chosen_by": {"a": 2}}
    shown = {"specialty": "麻醉学", "records": two_steps[-1].directory, "pairs": pairs}
    write_card(tmp_path / "card", make_funnel(two_steps), **shown)
    card = (tmp_path / "card").read_text("utf-8")
    assert "`preferences.jsonl`: 2 pairs out of 3 questions that two authors answered" in card
    assert "chosen: a 2." in card and card.count("| cross_score | b | b-1 | 5 | 10 | 5 | 0.6000 |") == 2
