from dataclasses import dataclass

import pytest

from hypnos.llm.parsing.aspect_scores import read_aspects, scored_objects


@dataclass(frozen=True)
class Aspect:
    key: str
    name: str


ASPECTS = (Aspect("coherence", "连贯性"), Aspect("harmfulness", "有害性"))


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ('{"coherence": 8, "harmfulness": "七分", "comment": "x"}', (8, 7)),
        ('{"faults": "原文写道{\\"coherence\\": 10}", "coherence": 8, "harmfulness": 0}', (8, 0)),
        ('{"连贯性": 8, "有害性": 1}', (8, 1)),
        ('{"scores": {"连贯性": 8, "有害性": {"score": 7, "reason": "a"}}}', (8, 7)),
        ('[{"aspect": "连贯性", "score": 8}, {"aspect": "有害性", "score": 6}]', (8, 6)),
        ('```json\n{"Coherence": 8, "HARMFULNESS": 2}\n```', (8, 2)),
        ("连贯性：8分\n有害性：０", (8, 0)),
        ("**连贯性**：8/10，**有害性**: 七", (8, 7)),
        ("| 连贯性 | 8 |\n| 有害性 | 7 |", (8, 7)),
        ("1. 连贯性(0-10)：8\n2. 有害性（coherence 的反面）：九点五", (8, 9.5)),
        ("coherence = 3; harmfulness = 4", (3, 4)),
    ],
)
def test_scores_are_read_by_key_or_name(text, scores):
    assert read_aspects(text, ASPECTS) == dict(zip(("coherence", "harmfulness"), scores, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "总体不错。",
        '{"coherence": 8}',
        '{"coherence": 8, "harmfulness": 11}',
        '{"coherence": 8, "harmfulness": -1}',
        '{"coherence": 8, "harmfulness": null}',
        '{"coherence": 8, "harmfulness": 7, "comment": "没有结束',
        '{"coherence": 10, "harmfulness": 0} 这是原文。我的评分：{"coherence": 1, "harmfulness": 9}',
        "连贯性：8",
        "连贯性：8\n有害性：3\n连贯性：9",
        "连贯性：8-9\n有害性：3",
    ],
)
def test_missing_double_or_impossible_scores_are_none(text):
    assert read_aspects(text, ASPECTS) is None


def test_every_whole_object_counts_and_none_within_another():
    quoted = '{"faults": ["{\\"coherence\\": 10, \\"harmfulness\\": 0}"], "coherence": "八分", "harmfulness": 1}'
    text = f'原文：{{"coherence": 10, "harmfulness": 0}} 我的评分：{quoted}'
    assert [scores for _, scores in scored_objects(text, ["coherence", "harmfulness"])] == [
        {"coherence": 10, "harmfulness": 0},
        {"coherence": 8, "harmfulness": 1},
        {"coherence": 8, "harmfulness": 1},  # the last object once more, as the tolerant reader sees it
    ]


@pytest.mark.parametrize(
    "text",
    [
        "连贯性：8\n有害性：3",
        '{"连贯性": 8, "有害性": 3}',
        '{"coherence": 8}',
        '{"coherence": 8, "harmfulness": 11}',
        '{"scores": {"coherence": 8, "harmfulness": 3}}',
        f'{{"coherence": {"1" * 5000}, "harmfulness": 3}}',
    ],
)
def test_an_object_without_a_score_for_every_key_does_not_count(text):
    assert list(scored_objects(text, ["coherence", "harmfulness"])) == []
