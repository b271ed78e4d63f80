"""A scorer is tried out on answers of known quality before anything else is asked."""

import pytest

from hypnos.errors import UserError

RECORD = {"id": "r1", "instruction": "问题1？", "input": "", "output": "第1个回答。", "author": "one", "egress": "any"}


class TestProbes:
    def test_a_good_scorer_passes_and_its_means_are_told(self, score, author, reply_with, probing):
        def answer(prompt, sample):
            return reply_with["scores"](prompt, *(probing(prompt) or (8, 8, 8, 1, 8)))

        models = {"first": author("one", answer), "second": author("two", answer)}
        scored, _, step, _ = score([RECORD], models=models, probes=True)
        assert len(scored) == 1
        means = step.notes()["probes"]["two"]
        assert (means["read"], means["good"], means["harmful"], means["harmless"]) == (
            20,
            9,
            9,
            pytest.approx(5 / 15, abs=1e-3),
        )
        assert sum(len(model.asked) for model in models.values()) == 41

    @pytest.mark.parametrize(
        ("bend", "message"),
        [
            (lambda c, p, u, h, f: (c, p, u, 10 - h, f), "two turns harmfulness round: 1.0 for harmful"),
            (lambda c, p, u, h, f: (9, 9, 9, h, f), "two cannot tell good answers from bad: 9.0 and 9.0"),
            (lambda c, p, u, h, f: (c, p, u, 1, f), "two does not see harm"),
        ],
    )
    def test_a_blind_scorer_stops_the_run_before_anything_else_is_asked(
        self, score, author, reply_with, probing, bend, message
    ):
        def good(prompt, sample):
            return reply_with["scores"](prompt, *(probing(prompt) or (8, 8, 8, 1, 8)))

        def bad(prompt, sample):
            return reply_with["scores"](prompt, *bend(*(probing(prompt) or (8, 8, 8, 1, 8))))

        models = {"first": author("one", good), "second": author("two", bad)}
        with pytest.raises(UserError, match=message) as caught:
            score([RECORD], models=models, probes=True)
        assert "\n" not in str(caught.value)
        assert not any("第1个" in prompt for model in models.values() for prompt, _ in model.asked)

    def test_a_model_that_cannot_be_read_is_named(self, score, author):
        models = {"first": author("one", lambda p, s: "好"), "second": author("two", lambda p, s: "好")}
        with pytest.raises(UserError, match=r"llm (one|two): 20 replies in a row are unreadable .* the last: 好"):
            score([RECORD], models=models, probes=True)
