"""litellm's exceptions: transient, refused for one prompt, or the user's to mend."""

import pytest

from hypnos.errors import UserError
from hypnos.llm.failures import RefusedError, TransientError
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.providers.errors import translate
from hypnos.llm.providers.litellm import LitellmChat

KEY = "zq-marker-5f0a9c71e2"


class Headers(Exception):
    status_code = 429

    def __init__(self, value):
        super().__init__("slow down")
        self.litellm_response_headers = {"retry-after": value}


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("7", 7, 7),
        ("0.5", 0.5, 0.5),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 1e9, 9e9),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value, low, high):
    failure = translate(Headers(value), name="n", model="m", address="a", variable=None)
    assert isinstance(failure, TransientError)
    assert low <= failure.retry_after <= high


def test_a_retry_after_that_is_neither_is_ignored():
    assert translate(Headers("soon"), name="n", model="m", address="a", variable=None).retry_after is None


class Named(Exception):
    def __init__(self, text, status):
        super().__init__(text)
        self.status_code = status


@pytest.mark.parametrize(
    ("status", "text", "kind", "message"),
    [
        (400, "temperature must be below 2", RefusedError, "bad request: temperature must be below 2"),
        (413, "entity too large", RefusedError, "too long: entity too large"),
        (400, "model m does not exist", UserError, "llm n: a knows no model m (model m does not exist)"),
        (
            429,
            "insufficient_quota",
            UserError,
            "llm n: the account at a has no money or quota left (insufficient_quota)",
        ),
        (429, "slow down", TransientError, "429"),
        (None, "no idea", TransientError, "Named"),
    ],
)
def test_an_exception_is_translated_by_its_status_and_text(status, text, kind, message):
    error = translate(Named(text, status), name="n", model="m", address="a", variable="SOME_KEY")
    assert (type(error), str(error)) == (kind, message)


def test_what_never_reached_a_server_is_not_billed():
    class ConnectError(Exception):
        pass

    error = Named("no connection", 500)
    assert translate(error, name="n", model="m", address="a", variable=None).billed
    error.__cause__ = ConnectError()
    assert not translate(error, name="n", model="m", address="a", variable=None).billed


def test_a_wrong_key_stops_at_once_and_names_the_variable(server, make_client, requests, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "zq-another-key-0000")
    running = server(key=KEY, latency=0.05)
    model = running.model(key_variable="SOME_KEY", in_flight=4)
    with pytest.raises(UserError, match=r"does not accept the key in SOME_KEY") as caught:
        list(make_client().ask(model, requests(300), parse=str))
    assert "zq-another" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert running.stats()["requests"] <= 8


def test_a_model_that_does_not_exist_stops_at_once(server, make_client, requests):
    running = server(models=["other"], latency=0.05)
    with pytest.raises(UserError, match=r"knows no model hosted_vllm/m") as caught:
        list(make_client().ask(running.model(in_flight=4), requests(300), parse=str))
    assert "does not exist" in str(caught.value)
    assert running.stats()["requests"] <= 8


def test_a_provider_litellm_does_not_know_is_told(make_client, requests):
    with pytest.raises(UserError, match="knows no model nowhere/m"):
        list(make_client().ask(LitellmChat(name="x", model="nowhere/m", prices=None), requests(1), parse=str))


@pytest.mark.parametrize(("status", "message"), [(402, "no money or quota left"), (403, "does not allow")])
def test_other_permanent_errors_stop_at_once(server, make_client, requests, status, message):
    running = server(status=status, latency=0.05)
    with pytest.raises(UserError, match=message):
        list(make_client().ask(running.model(in_flight=4), requests(100), parse=str))
    assert running.stats()["requests"] <= 8


def test_a_bad_request_concerns_its_record_alone(server, make_client, requests):
    running = server()
    records = [*requests(2), *requests(1, "refuse {}"), *requests(2, "别的{}")]
    answers = list(make_client().ask(running.model(), records, parse=read_object))
    assert [bool(answer.reason) for answer in answers] == [False, False, True, False, False]
    assert answers[2].reason.startswith("refused: ")
