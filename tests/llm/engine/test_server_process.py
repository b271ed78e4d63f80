import socket
import sys

import pytest

from hypnos.errors import UserError
from hypnos.llm.engine import server_process
from hypnos.llm.engine.server_process import ServerProcess
from hypnos.llm.engine.server_program import ServerProgram
from tests.llm.engine.conftest import STANDIN, all_end, is_alive


@pytest.fixture
def make(tmp_path):
    made = []

    def make(behave="", **settings):
        words = [sys.executable, str(STANDIN), "-m", "vllm.entrypoints.cli.main", "serve", "x"]
        words += ["--served-model-name", "m", "--pids", str(tmp_path / "pids"), "--behave", behave]
        program = ServerProgram(words=words, model="m")
        made.append(ServerProcess("engine", program, log_file=tmp_path / "l" / "log", **settings))
        return made[-1]

    yield make
    for process in made:
        process.close()


def test_a_taken_port_is_said_and_a_free_one_is_found(make, monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(UserError, match=f"engine: port {taken} is taken by another process"):
            make(port=taken).start()
        free = server_process.free_port
        ports = iter([taken, free()])
        monkeypatch.setattr(server_process, "free_port", lambda: next(ports))
        process = make()
        process.start()
        assert process.port != taken and process.ended() is None


def test_one_that_is_not_up_in_time_is_ended(make, processes, tmp_path):
    process = make("slow", patience=1.0)
    with pytest.raises(UserError, match=r"engine: not up after 1 seconds .*it said nothing"):
        process.start()
    assert process.ended() is None


def test_a_killed_server_takes_its_children_along(make, processes):
    import os
    import signal

    process = make()
    process.start()
    os.kill(processes()[0], signal.SIGKILL)
    assert all_end(processes())
    process._watcher.wait(20)
    assert "engine was killed (signal 9, by somebody or by the system when memory ran out)" in str(process.ended())
    process.close()
    process.start()  # another one
    assert all(map(is_alive, processes()))
