"""Anthropic's Message Batches, against a server that takes and refuses what the real one does."""

from pathlib import Path

import orjson
import pytest

from hypnos.errors import UserError
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.providers.batch import pending
from hypnos.llm.providers.batch.message_endpoint import MessageEndpoint

SERVER = Path(__file__).with_name("message_server.py")
PROMPTS = ["一", "二二", "error 三", "expired 四", "canceled 五", "cached 六"]


@pytest.fixture
def claude(server, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "sk-ant-zq")
    monkeypatch.setattr(pending, "APPEARS_AFTER", 0.0)

    def start(**options):
        running = server(script=SERVER, **options)
        running.url = f"http://127.0.0.1:{running.port}"

        def model(**changes):
            fixed = {"model": "anthropic/claude-haiku-4-5-20251001", "batch": 10, "batch_poll": 0.02}
            return running.model(**{**fixed, "name": "claude", "key_variable": "SOME_KEY", **changes})

        return running, model

    return start


def asked(requests, prompts=PROMPTS, **fields):
    return [one for i, prompt in enumerate(prompts) for one in requests(1, f"{prompt} {i}", **fields)]


def test_what_succeeded_is_kept_at_half_the_price_and_the_rest_is_asked_one_by_one(claude, make_client, requests):
    running, model = claude(seconds=0.1, broken=2)
    client = make_client(usd=1.0)
    answers = list(client.ask(model(), asked(requests), parse=read_object))
    assert all(answer.value is not None for answer in answers)
    stats = running.stats()
    assert (stats["batches"], stats["batched"], stats["requests"]) == (1, 6, 3)
    plain, full = 100 * 1e-6 + 50 * 5e-6, (100 + 1.25 * 200 + 0.1 * 800) * 1e-6 + 50 * 5e-6
    assert [answer.cost for answer in answers] == pytest.approx([plain / 2] * 2 + [plain] * 3 + [full / 2])
    assert client.journal.spent()[0] == pytest.approx(sum(answer.cost for answer in answers))
    assert {row["reply"]["model"] for row in client.journal.entries()} == {"claude-haiku-4-5-20251001"}
    again = list(make_client().ask(model(), asked(requests), parse=read_object))
    assert (again, running.stats()["batches"]) == (answers, 1)


def test_a_reply_of_a_batch_is_what_one_asked_alone_is(claude, make_client, requests, tmp_path):
    """System prompt, thought and usage: all as litellm reads them from an ordinary answer."""
    running, model = claude()
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000}
    (request,) = requests(1)
    system = {"role": "system", "content": "你是麻醉科医生"}
    request = type(request)(id="r", messages=(system, *request.messages))
    kept = []
    for batch, account in ((10, "a"), (None, "b")):
        client = make_client(account=account)
        client.journal.path = tmp_path / f"{account}.sqlite"
        (answer,) = client.ask(model(batch=batch, parameters=thinking), [request], parse=read_object)
        assert answer.value["system"] in ("你是麻醉科医生", [{"type": "text", "text": "你是麻醉科医生"}])
        (entry,) = client.journal.entries()
        kept.append({name: entry["reply"][name] for name in ("text", "tokens_in", "tokens_out", "finish", "extra")})
    stats = running.stats()
    assert (stats["batches"], stats["requests"]) == (1, 1)
    for reply in kept:
        reply["extra"].pop("id")
    assert kept[0] == kept[1] and kept[0]["extra"]["reasoning"] == "先想一想"


def test_a_batch_has_the_beta_headers_that_its_schemas_need(claude, make_client, requests, monkeypatch):
    running, model = claude()
    written = []
    through = MessageEndpoint._through_litellm

    async def kept(self, *arguments):
        request, reply = await through(self, *arguments)
        written.append(request)
        return request, reply

    monkeypatch.setattr(MessageEndpoint, "_through_litellm", kept)
    schema = {"type": "object", "properties": {"score": {"type": "integer"}}}
    answers = list(
        make_client(usd=1.0).ask(
            model(), [*requests(1), *asked(requests, ["甲", "乙"], schema=schema)], parse=read_object
        )
    )
    assert len(answers) == 3
    assert (running.stats()["batches"], running.stats().get("requests", 0)) == (1, 0)
    assert any("output_format" in orjson.loads(request.content) for request in written)


def test_a_batch_whose_id_was_not_heard_is_found_by_what_came_back(claude, make_client, requests):
    running, model = claude(cut=1)
    with pytest.raises(UserError, match="claude: batch: connection"):
        list(make_client(usd=1.0).ask(model(), asked(requests, ["甲", "乙"]), parse=read_object))
    for number in range(3):  # of the same size, sent since
        list(make_client().ask(model(), asked(requests, [f"丙{number}", "丁"]), parse=read_object))
    client = make_client(usd=1.0)
    answers = list(client.ask(model(), asked(requests, ["甲", "乙"]), parse=read_object))
    assert all(answer.value is not None for answer in answers)
    stats = running.stats()
    assert (stats["batches"], stats.get("requests", 0)) == (4, 0)
    assert client.journal.connect().execute("SELECT COUNT(*) FROM reservations").fetchone() == (0,)


def test_a_wrong_key_is_told_in_one_line_and_nothing_is_promised(claude, make_client, requests, monkeypatch):
    running, model = claude()
    monkeypatch.setenv("SOME_KEY", "sk-ant-other")
    client = make_client(usd=1.0)
    with pytest.raises(UserError, match="does not accept the key in SOME_KEY") as caught:
        list(client.ask(model(), requests(2), parse=read_object))
    assert "sk-ant-other" not in str(caught.value)
    assert "batches" not in running.stats()
    for table in ("reservations", "batches"):
        assert client.journal.connect().execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (0,)
