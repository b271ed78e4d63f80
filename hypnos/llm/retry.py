"""How long to wait before a failed request is sent again."""

import random

from hypnos.llm.failures import Passing

_FIRST = 0.5
_LONGEST = 60.0
_LONGEST_ASKED = 600.0


def wait_before(tried: int, failure: Passing, chance: random.Random) -> float:
    """Seconds to wait.

    What the server asks for is a least; jitter on top keeps requests that failed together from coming back together.
    Otherwise the wait doubles with each try.

    Args:
        tried: how often it was sent already, at least 1.
        failure: the last failure.
        chance: where the jitter comes from.
    """
    if failure.retry_after is not None:
        asked = min(failure.retry_after, _LONGEST_ASKED)
        return asked + chance.uniform(0.0, 0.1 * asked + 0.1)
    return min(_FIRST * 2.0 ** (tried - 1), _LONGEST) * chance.uniform(0.5, 1.0)
