import pytest

from hypnos.errors import UserError
from hypnos.llm.engine.llama_cpp import LlamaServer


@pytest.fixture
def build(tmp_path):
    """A checkout in which the server was built."""
    program = tmp_path / "llama.cpp/build/bin/llama-server"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$@"; exit 3\n')
    program.chmod(0o755)
    return tmp_path / "llama.cpp"


def test_the_program_is_found_in_a_checkout_a_folder_or_on_the_path(build, tmp_path, monkeypatch):
    program = build / "build/bin/llama-server"
    for folder in (build, build / "build", program.parent):
        assert LlamaServer(llama_cpp=str(folder), logs="logs").program() == program
    monkeypatch.setenv("PATH", str(program.parent))
    assert LlamaServer(llama_cpp=None, logs="logs").program() == program
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"engine\.llama_cpp: llama-server is not on the PATH: name the folder"):
        LlamaServer(llama_cpp=None, logs="logs").program()
    with pytest.raises(UserError, match=r"engine\.llama_cpp: .*: llama-server is not built there: cmake"):
        LlamaServer(llama_cpp=str(tmp_path), logs="logs").program()


def test_each_request_has_room_for_a_whole_conversation(build, tmp_path):
    engine = LlamaServer(llama_cpp=str(build), logs=str(tmp_path / "logs"), max_length=300, in_flight=3, threads=2)
    options = LlamaServer(
        llama_cpp=str(build), logs=str(tmp_path / "logs"), options={"flash_attn": "on", "mlock": True}
    )

    def words_of(engine, context, template=None):
        server = engine.serve(tmp_path / "m.gguf", context=context, template=template, name="llama.cpp")
        with pytest.raises(UserError, match=r"llama\.cpp ended \(status 3\)"):
            server.start()
        return server.log_file.read_text().splitlines()[-1].split()

    words = words_of(engine, 4096)
    assert words[words.index("--ctx-size") + 1] == "900" and words[words.index("--parallel") + 1] == "3"
    assert words[words.index("--alias") + 1] == "m" and words[words.index("--threads") + 1] == "2"
    assert "--chat-template-file" not in words
    assert words_of(engine, 100)[words.index("--ctx-size") + 1] == "300"  # no more than the model was made for
    words = words_of(options, 100, template="{{ x }}")
    assert words[words.index("--flash-attn") + 1] == "on" and "--mlock" in words
    assert (tmp_path / "logs/m.jinja").read_text() == "{{ x }}"


def test_flags_that_are_set_here_are_refused_as_options():
    with pytest.raises(UserError, match=r"engine\.options\.ctx_size: is set by engine\.max_length"):
        LlamaServer(llama_cpp=None, logs="logs", options={"ctx_size": 1})
