import pytest

from hypnos.llm.failures import tells_of_failure


@pytest.mark.parametrize(
    ("reason", "failed"),
    [
        ("failed: 429", True),
        ("refused: bad request: litellm.BadRequestError: Arrearage", True),
        ("one: refused: bad request: bad request: no", True),
        ("unreadable; failed: connection", True),
        ("refused: content filter: 敏感", False),
        ("refused: too long: 9000 tokens", False),
        ("unreadable: cut off at max_tokens", False),
        ("", False),
    ],
)
def test_reasons_of_earlier_versions(reason, failed):
    assert tells_of_failure(reason) is failed
