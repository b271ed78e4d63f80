import os
import re
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest

from hypnos.errors import UserError
from hypnos.llm.engine.served_chat import ServedChat
from tests.llm.engine.conftest import all_end, is_alive


def test_a_server_answers_and_ends_with_the_client(engine, folder, make_client, requests, processes):
    client = make_client()
    chat = ServedChat(name="s", directory=str(folder), engine=engine(), parameters={"temperature": 0.0, "stop": ["问"]})
    answers = list(client.ask(chat, requests(3), parse=str, what="x"))
    assert [answer.value.split(" ")[0] for answer in answers] == ["第0条", "第1条", "第2条"]
    assert '"model": "stage-1"' in answers[0].value and '"stop": ["\\u95ee"]' in answers[0].value
    server, child = processes()
    assert is_alive(server) and is_alive(child)
    client.close()
    assert not is_alive(server) and not is_alive(child)
    # At another port, from another folder of the same content, nothing is asked again: the stand-in would die.
    moved = folder.rename(folder.with_name("moved"))
    again = ServedChat(name="s", directory=str(moved), engine=engine(), parameters={"temperature": 0.0, "stop": ["问"]})
    assert again.identity() == chat.identity()


def test_each_sample_is_a_draw_of_its_own_under_a_seed(engine, folder, make_client, requests):
    chats = [
        ServedChat(name="s", directory=str(folder), engine=engine(), parameters={"temperature": 1.0, "seed": seed})
        for seed in (0, 1)
    ]
    (request,) = requests(1)
    client = make_client()
    samples = [replace(request, first_sample=number) for number in (0, 100, 200)]
    answers = [answer for chat in chats for answer in client.ask(chat, samples, parse=str)]
    seeds = [re.search(r'"seed": (\d+)', answer.text)[1] for answer in answers]
    assert len(set(seeds)) == 6


def test_a_server_that_ends_is_said_in_one_line_with_its_cause(engine, folder, make_client, requests, processes):
    chat = ServedChat(name="s", directory=str(folder), engine=engine("die"), parameters={"temperature": 0.0})
    with pytest.raises(UserError, match=r"llm s: vLLM ended \(status 9\): .*start again to go on") as caught:
        list(make_client().ask(chat, requests(2), parse=str))
    assert "\n" not in str(caught.value)
    assert all_end(processes())


def test_a_server_that_cannot_start_says_the_engines_own_reason(engine, folder, make_client, requests):
    chat = ServedChat(name="s", directory=str(folder), engine=engine("crash"))
    with pytest.raises(
        UserError, match=r"vLLM ended \(status 1\): torch.OutOfMemoryError: CUDA out of memory.*\[engine\.gpu_memory\]"
    ) as caught:
        list(make_client().ask(chat, requests(1), parse=str))
    assert "\n" not in str(caught.value) and "Engine core" not in str(caught.value)


def test_what_is_not_there_is_said_before_anything_starts(engine, folder, tmp_path, make_client, requests):
    (folder / "config.json").unlink()
    with pytest.raises(UserError, match=r"no model here \(no config.json\)"):
        list(make_client().ask(ServedChat(name="s", directory=str(folder), engine=engine()), requests(1), parse=str))


COMMAND = """
import sys, time
from hypnos.llm.engine.served_chat import ServedChat
from hypnos.llm.engine.vllm import Vllm
chat = ServedChat(name="s", directory=sys.argv[1], engine=Vllm(python=sys.argv[2], logs=sys.argv[3], dtype="float32",
    options={"pids": sys.argv[4]}))
chat.prepare()
print("up", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_server_outlives_its_command(engine, folder, processes, tmp_path, number):
    settings = engine()
    words = [str(folder), settings.python, str(tmp_path / "logs"), str(tmp_path / "pids")]
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(COMMAND), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as command:
        assert command.stdout is not None and command.stdout.readline() == b"up\n"
        assert all(map(is_alive, processes()))
        os.kill(command.pid, number)
        command.wait(timeout=20)
        assert all_end(processes())
