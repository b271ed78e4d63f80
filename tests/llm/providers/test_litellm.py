"""Through litellm, over real HTTP, against a server that fails as servers fail."""

import os
import subprocess
import sys
import textwrap

import pytest

from hypnos.errors import UserError
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.providers.litellm import LitellmChat

KEY = "zq-marker-5f0a9c71e2"


def counted(stats, journal):
    """Every request the server saw is a reply or a counted failure, and every one of both is in the journal."""
    return stats["requests"] == journal.count() + sum(journal.failures().values())


def test_every_request_ends_with_a_value_or_a_reason(server, make_client, requests):
    running = server(
        latency=0.02, too_many=0.1, retry_after=3, broken=0.05, cut=0.03, hang=0.02, hang_seconds=20, unreadable=0.1
    )
    client, model = make_client(), running.model(timeout=6.0, in_flight=32)
    answers = list(client.ask(model, requests(200), parse=read_object, attempts=4))
    stats = running.stats()
    assert [answer.request.id for answer in answers] == [f"r{i}" for i in range(200)]
    assert all((answer.value is None) == bool(answer.reason) for answer in answers)
    values = sum(answer.value is not None for answer in answers)
    assert values == 200
    assert counted(stats, client.journal)
    assert set(client.journal.failures()) == {"429", "503", "connection", "timeout"}
    assert client.journal.count() == stats["replies"] == values + stats["unreadable"]
    assert stats["most"] <= 32
    replied = [answer for answer in answers if not answer.reason.startswith("failed")]  # a failure may be asked again
    again = list(client.ask(model, [answer.request for answer in replied], parse=read_object, attempts=4))
    assert again == replied
    assert running.stats()["requests"] == stats["requests"]


def test_the_journal_holds_what_the_provider_returned(server, make_client, requests):
    running, client = server(), make_client()
    (answer,) = client.ask(running.model(prices={"input": 1e6, "output": 2e6}), requests(1, "echo 你好"), parse=str)
    (row,) = client.journal.entries()
    assert (answer.text, answer.model) == ("echo 你好", "m-0613")
    assert (row["model"], row["address"]) == ("hosted_vllm/m", running.url)
    assert row["parameters"] == {"temperature": 0, "max_tokens": 100}
    assert (row["reply"]["tokens_in"], row["reply"]["tokens_out"], row["reply"]["cost"]) == (7, 7, 21.0)
    assert row["reply"]["extra"]["id"].startswith("c")


def test_a_server_that_counts_no_tokens_is_counted_here(server, make_client, requests):
    (answer,) = make_client().ask(server(usage=False).model(), requests(1, "echo " + "字" * 100), parse=str)
    assert 60 <= answer.tokens_in <= 170
    assert 60 <= answer.tokens_out <= 170


def test_a_missing_key_stops_before_anything_is_sent(server, make_client, requests, monkeypatch):
    monkeypatch.delenv("SOME_KEY", raising=False)
    running = server()
    with pytest.raises(UserError, match="the environment variable SOME_KEY is not set"):
        list(make_client().ask(running.model(key_variable="SOME_KEY"), requests(1), parse=str))
    assert "requests" not in running.stats()


def test_an_address_out_of_the_environment_is_refused(make_client, requests, monkeypatch):
    monkeypatch.setenv("SOME_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere.example.com/v1")
    with pytest.raises(UserError, match=r"OPENAI_BASE_URL is set: state it as llm\.address"):
        list(make_client().ask(LitellmChat(name="x", model="gpt-4", key_variable="SOME_KEY"), requests(1), parse=str))


def test_a_right_key_is_sent(server, make_client, requests, monkeypatch):
    monkeypatch.setenv("SOME_KEY", f" {KEY}\n")
    (answer,) = make_client().ask(server(key=KEY).model(key_variable="SOME_KEY"), requests(1), parse=read_object)
    assert answer.value is not None


def test_requests_that_are_all_refused_stop_the_run(server, make_client, requests):
    running = server(status=400)
    client = make_client(tokens=10**9)
    with pytest.raises(UserError, match=r"with status 400, as it would any other \(always 400"):
        list(client.ask(running.model(in_flight=4), requests(500), parse=str))
    assert running.stats()["requests"] <= 4
    assert client.journal.spent() == (0.0, 0)


def test_nothing_listens(make_client, requests):
    model = LitellmChat(name="own", model="hosted_vllm/m", address="http://127.0.0.1:9/v1")
    client = make_client(tries=2, tokens=10**9)
    with pytest.raises(
        UserError, match=r"own: http://127\.0\.0\.1:9/v1 cannot be reached \(Cannot connect to host 127\.0\.0\.1:9"
    ):
        list(client.ask(model, requests(60), parse=str))
    assert client.journal.spent() == (0.0, 0)


def test_a_provider_in_openai_s_own_client_is_asked_alike(server, make_client, requests):
    running = server(too_many=0.2, broken=0.1, cut=0.05)
    client = make_client()
    answers = list(client.ask(running.model(model="openai/m"), requests(40), parse=read_object))
    assert all(answer.value is not None for answer in answers)
    assert counted(running.stats(), client.journal) and set(client.journal.failures()) <= {"429", "503", "connection"}


def test_the_schema_is_sent_where_the_server_follows_it(server, make_client, requests):
    schema = {"type": "object", "properties": {"score": {"type": "integer"}, "comment": {"type": "string"}}}
    model = server().model(structured=True)
    assert model.arguments(schema)["response_format"]["json_schema"]["schema"] == schema
    assert model.arguments(None) == server().model(structured=False).arguments(schema)
    (answer,) = make_client().ask(model, requests(1, schema=schema), parse=read_object)
    assert answer.value is not None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["hosted_vllm", "openai"])
def test_no_key_in_anything_that_is_written(server, tmp_path, kind):
    """The server echoes the key in errors and replies; everything a run writes is searched for it."""
    running = server(key=KEY, too_many=0.3, retry_after=0, broken=0.1)
    script = f"""
        import logging, sys, traceback
        logging.basicConfig(level=logging.DEBUG, filename="run.log")
        from hypnos.llm.client import Client
        from hypnos.llm.journal.journal import Journal
        from hypnos.llm.journal.export import export_lines
        from hypnos.llm.providers.litellm import LitellmChat
        from hypnos.llm.requests import Request
        from pathlib import Path

        def ask(count, prompt="第{{}}条", **changes):
            model = LitellmChat(name="own", model="{kind}/m", address="{running.url}", timeout=5.0,
                                **{{"key_variable": "SOME_KEY", **changes}})
            asked = [Request(id=f"r{{i}}", messages=({{"role": "user", "content": prompt.format(i)}},)) for i in range(count)]
            with Client(journal=Journal(path="journal.sqlite"), tries=3) as client:
                return list(client.ask(model, asked, parse=str)), model

        answers, model = ask(20)
        print(answers, vars(model))
        print(ask(1, "tell the key")[0])
        import os
        os.environ["SOME_KEY"] = "{KEY[::-1]}"
        for _ in range(2):
            try:
                ask(5, "新的{{}}")
            except Exception:
                logging.exception("failed")
                traceback.print_exc()
            os.environ["SOME_KEY"] = "{KEY}"
            import urllib.request
            urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:{running.port}/change", b'{{"status": 403}}')).close()
        export_lines(Journal(path="journal.sqlite"), Path("journal.jsonl"))
    """
    environment = {**os.environ, "SOME_KEY": KEY, "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    written = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert {"run.log", "journal.sqlite", "journal.jsonl"} <= written.keys()
    assert len(written["run.log"]) > 1000
    assert "does not accept the key in SOME_KEY" in done.stderr
    assert "does not allow" in done.stderr
    written["stdout"], written["stderr"] = done.stdout.encode(), done.stderr.encode()
    for secret in (KEY, KEY[::-1]):
        assert [name for name, content in written.items() if secret.encode() in content] == []
