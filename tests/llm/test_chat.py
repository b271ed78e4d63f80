import pytest

from hypnos.llm.chat import IN_PROCESS, Price


@pytest.mark.parametrize(
    ("address", "local"),
    [
        (IN_PROCESS, True),
        ("http://LOCALHOST.:8000/v1", True),
        ("http://[::1]:80/v1", True),
        ("localhost", False),  # a provider's name
        ("http://localhost.example.com/v1", False),
        ("http://localhost:1@example.com/v1", False),
    ],
)
def test_an_address_is_local_by_its_host_alone(scripted, address, local):
    assert scripted(None, address=address).is_local(["localhost", "::1"]) is local


def test_a_cost_is_that_of_both_kinds_of_tokens():
    assert Price(input=0.5, output=2.0).cost(4, 3) == 8.0


def test_cached_tokens_have_a_price_of_their_own():
    assert Price(input=1.0, output=2.0, cached=0.1).cost(10, 1, 8) == pytest.approx(2 + 0.8 + 2)
    assert Price(input=1.0, output=2.0).cost(10, 1, 8) == 12.0
    assert Price(input=1.0, output=2.0, cached=0.0).cost(10, 1, 99) == 2.0


def test_tokens_written_to_the_cache_and_thought_have_their_prices():
    price = Price(input=1.0, output=2.0, cached=0.1, written=1.25, thinking=8.0)
    assert price.cost(10, 5, 4, tokens_written=2, tokens_thought=3) == pytest.approx(4 + 0.4 + 2.5 + 2 * 2 + 3 * 8)
    assert price.cost(10, 5, tokens_thought=99) == 10 + 5 * 8
    assert Price(input=1.0, output=2.0).cost(10, 5, tokens_written=2, tokens_thought=3) == 20
    whole = Price(input=1.0, output=2.0, thinking=8.0, whole=True)
    assert whole.cost(1, 5, tokens_thought=1) == 1 + 5 * 8 and whole.cost(1, 5) == 1 + 5 * 2
    assert whole.most(1, 5) == price.most(1, 5) == 41 and Price(input=1.0, output=2.0, thinking=0.5).most(1, 5) == 11
