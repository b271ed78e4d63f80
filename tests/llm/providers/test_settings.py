"""Settings of a model that cannot work, or would let a key out, are refused before anything is asked."""

import pytest

from hypnos.errors import UserError
from hypnos.llm.providers.litellm import LitellmChat

KEY = "sk-marker-1234567890"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"key_variable": KEY}, "key_variable: the name of an environment variable"),
        ({"parameters": {"api_key": KEY}}, r"parameters\.api_key: a key is never a setting"),
        ({"parameters": {"extra_headers": {"Authorization": KEY}}}, r"parameters\.extra_headers"),
        ({"address": f"http://user:{KEY}@localhost/v1"}, "address: holds a user or a password"),
        ({"address": "localhost:8000"}, "no URL"),
        ({"parameters": {"api_base": "http://localhost/v1"}}, r"parameters\.api_base: is set by address"),
        ({"parameters": {"max_retries": 3}}, r"is set by client\.tries"),
        ({"parameters": {"n": 2}}, "a reply is one choice"),
        ({"parameters": {"stream": True}}, "a reply is read whole"),
        ({"requests_per_minute": 0}, "requests_per_minute: 0: needs to be a number above 0"),
        ({"tokens_per_minute": -5}, "tokens_per_minute: -5"),
        ({"timeout": "abc"}, "timeout: abc"),
        ({"in_flight": 0}, "in_flight: 0"),
        ({"batch": True}, "batch: True"),
    ],
)
def test_what_cannot_be_is_one_line_without_a_key(settings, named):
    with pytest.raises(UserError, match=named) as caught:
        LitellmChat(name="own", model="hosted_vllm/m", **settings)
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_provider_may_be_asked_for_passes():
    parameters = {"temperature": 0.7, "max_tokens": 100, "top_p": 0.9, "seed": 1, "extra_body": {"top_k": 5}}
    model = LitellmChat(
        name="own", model="hosted_vllm/m", address="http://gpu7:8000/v1", parameters=parameters, requests_per_minute=0.5
    )
    assert model.identity()["parameters"] == parameters


def test_a_key_in_place_of_its_name_is_refused_without_repeating_it():
    with pytest.raises(UserError, match="the name of an environment variable") as caught:
        LitellmChat(name="x", model="m", key_variable="sk-abcdef")
    assert "abcdef" not in str(caught.value)
