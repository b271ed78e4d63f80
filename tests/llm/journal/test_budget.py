import pytest

from hypnos.errors import UserError
from hypnos.llm.journal.budget import Budget


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), True, "50"])
def test_a_budget_that_cannot_be_is_refused(limit):
    with pytest.raises(UserError, match=r"budget\.usd"):
        Budget(usd=limit)
    with pytest.raises(UserError, match=r"budget\.tokens"):
        Budget(tokens=limit)
