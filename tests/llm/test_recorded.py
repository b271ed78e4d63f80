import pytest

from hypnos.errors import UserError
from hypnos.llm.journal.export import export_lines
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.recorded import RecordedChat

IDENTITY = {"model": "hosted_vllm/m", "parameters": {"temperature": 0, "max_tokens": 100}}


@pytest.fixture
def recording(server, make_client, requests, tmp_path):
    """Ten requests, asked for real once."""
    running, client = server(unreadable=0.3), make_client()
    answers = list(client.ask(running.model(), requests(10), parse=read_object, attempts=5))
    export_lines(client.journal, tmp_path / "replies.jsonl")
    client.close()
    running.stop()
    return answers, running.url


@pytest.mark.parametrize("name", ["replies.jsonl", "journal.sqlite"])
def test_a_recording_answers_as_the_model_did(recording, make_client, requests, tmp_path, name):
    answers, url = recording
    model = RecordedChat(name="recorded", path=str(tmp_path / name), recorded_at=url, **IDENTITY)
    before = (tmp_path / name).read_bytes()
    replayed = list(make_client(usd=0.01).ask(model, requests(10, egress="local"), parse=read_object, attempts=5))
    assert [answer.value for answer in replayed] == [answer.value for answer in answers]
    assert [answer.attempts for answer in replayed] == [answer.attempts for answer in answers]
    assert max(answer.attempts for answer in answers) > 1
    assert (tmp_path / name).read_bytes() == before


def test_what_was_not_recorded_is_told(recording, make_client, requests, tmp_path):
    _, url = recording
    path = str(tmp_path / "replies.jsonl")
    for changed, prompt in (
        ({}, "别的{}"),
        ({"parameters": {"temperature": 1}}, "第{}条"),
        ({"model": "hosted_vllm/n"}, "第{}条"),
    ):
        model = RecordedChat(name="recorded", path=path, recorded_at=url, **{**IDENTITY, **changed})
        with pytest.raises(UserError, match=r"replies\.jsonl: no reply of .* to this prompt \(sample 0\)") as caught:
            list(make_client().ask(model, requests(3, prompt), parse=read_object))
        assert "\n" not in str(caught.value)


def test_a_recording_that_is_not_there_is_told(make_client, requests, tmp_path):
    for name, message in (("a.jsonl", "No such file"), ("a.sqlite", "no such journal")):
        with pytest.raises(UserError, match=rf"{name}: {message}"):
            list(
                make_client().ask(RecordedChat(name="r", path=str(tmp_path / name), model="m"), requests(1), parse=str)
            )
