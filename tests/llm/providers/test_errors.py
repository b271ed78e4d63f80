"""litellm's exceptions: transient, refused for one prompt, or the user's to mend."""

import pytest

from hypnos.errors import UserError
from hypnos.llm.failures import BusyError, RefusedError, TransientError
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.providers.errors import quote, translate
from hypnos.llm.providers.litellm import LitellmChat

KEY = "zq-marker-5f0a9c71e2"


class Raised(Exception):
    def __init__(self, text, status, *, body=None, headers=None):
        super().__init__(text)
        self.status_code = status
        self.body = body
        self.litellm_response_headers = headers


def translated(error, **changes):
    return translate(error, **{"name": "n", "model": "m", "address": "a", "variable": "SOME_KEY", **changes})


@pytest.mark.parametrize(
    ("status", "text", "kind", "message"),
    [
        (400, "temperature must be below 2", UserError, "llm n: a refuses the request to m, with status 400"),
        (413, "entity too large", RefusedError, "too long: entity too large"),
        (400, "model m does not exist", UserError, "llm n: a knows no model m (model m does not exist)"),
        (429, "slow down", BusyError, "429: slow down"),
        (503, "overloaded", BusyError, "503: overloaded"),
        (529, "Overloaded", BusyError, "529: Overloaded"),
        (
            502,
            "<html><head><title>502</title></head><body>Bad Gateway</body></html>",
            BusyError,
            "502: a web page: 502 B",
        ),
        (402, "Insufficient Balance", UserError, "llm n: the account at a has no money or quota left"),
        (403, "no", UserError, "llm n: a does not allow m with the key in SOME_KEY (no)"),
        (None, "no idea", TransientError, "Raised: no idea"),
    ],
)
def test_an_exception_is_translated_by_its_status_and_text(status, text, kind, message):
    error = translated(Raised(text, status))
    assert type(error) is kind
    assert str(error).startswith(message)


def test_no_connection_is_a_state_and_names_the_host():
    class ClientConnectorError(Exception):
        pass

    error = Raised("Connection error.", 500)
    assert isinstance(translated(error), TransientError)
    assert translated(error).billed
    error.__cause__ = ClientConnectorError("Cannot connect to host 127.0.0.1:9 ssl:default [refused]")
    busy = translated(error)
    assert isinstance(busy, BusyError)
    assert (busy.words, busy.reached, busy.paced) == ("Cannot connect to host 127.0.0.1:9 [refused]", False, False)


def test_a_programming_error_is_none_of_the_connection_s():
    error = Raised("litellm.APIConnectionError: 'NoneType' object has no attribute 'chat'", 500)
    error.__cause__ = AttributeError("'NoneType' object has no attribute 'chat'")
    assert isinstance(translated(error), UserError)
    assert "litellm cannot ask m at a, or read its replies (AttributeError: 'NoneType'" in str(translated(error))


def test_a_prompt_too_long_is_refused_but_not_one_for_which_max_tokens_leave_no_room():
    text = "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens."
    assert isinstance(translated(Raised(text, 400), max_tokens=1024), RefusedError)
    assert "max_tokens 5000 leave no room" in str(translated(Raised(text, 400), max_tokens=5000))


def test_a_web_page_is_quoted_in_its_first_words():
    page = (
        "<!DOCTYPE html><html><head><style>a{b:c}</style><title>Login</title></head><body><p>请先登录</p></body></html>"
    )
    assert quote(f"Empty or invalid response. Received: {page}") == "a web page: Login 请先登录"


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


def test_a_content_filter_concerns_its_record_alone(server, make_client, requests):
    running = server()
    records = [*requests(2), *requests(1, "refuse {}"), *requests(2, "别的{}")]
    answers = list(make_client().ask(running.model(), records, parse=read_object))
    assert [bool(answer.reason) for answer in answers] == [False, False, True, False, False]
    assert answers[2].reason.startswith("refused: ")
