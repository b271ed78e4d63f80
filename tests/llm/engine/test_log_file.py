"""What is said of a server's end: lines as vLLM 0.32 and llama.cpp write them."""

import pytest

from hypnos.llm.engine.log_file import cause_in

UNKNOWN = """\
(APIServer pid=835044)     s.__pydantic_validator__.validate_python(ArgsKwargs(args, kwargs), self_instance=s)
(APIServer pid=835044) pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig
(APIServer pid=835044)   Value error, Model architectures ['NoSuch'] are not supported for now. [type=value_error, input_value=ArgsKwargs((), {'model': ...}), input_type=ArgsKwargs]
(APIServer pid=835044)     For further information visit https://errors.pydantic.dev/2.9/v/value_error
"""

MEMORY = """\
(EngineCore pid=7) ERROR 11-29 10:00:01 [core.py:9] Traceback (most recent call last):
(EngineCore pid=7) ERROR 11-29 10:00:01 [core.py:9] RuntimeError: Worker failed with error 'Available memory on node 0 (18/23 GiB) on kv cache allocation is less than requested memory for kv (9999 GiB).', please check the stack trace
(APIServer pid=6) RuntimeError: Engine core initialization failed. See root cause above.
"""

LOST = """\
(EngineCore pid=17414) ERROR 11-29 19:02:14 [core.py:1510]     raise RuntimeError("cancelled")
(EngineCore pid=17414) ERROR 11-29 19:02:14 [core.py:1510] RuntimeError: cancelled
(APIServer pid=6) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
resource_tracker: There appear to be 1 leaked semaphore objects to clean up at shutdown
"""

GGUF = """\
0.00.151.204 E llama_model_load: error loading model: unknown model architecture: 'no-such'
0.00.151.211 E llama_model_load_from_file_impl: failed to load model
0.00.174.294 E cmn  common_init_: failed to load model 'no-such.gguf'
0.00.174.927 E srv  llama_server: exiting due to model loading error
"""


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (UNKNOWN, "ValueError: Model architectures ['NoSuch'] are not supported for now."),
        (MEMORY, "RuntimeError: Worker failed with error 'Available memory on node 0 (18/23 GiB) on kv cache allocation is less than requested memory for kv (9999 GiB).', please check the stack trace"),
        (LOST, "one of its processes ended without a word, as when the system kills it because memory ran out"),
        (GGUF, "llama_model_load: error loading model: unknown model architecture: 'no-such'"),
        (
            "0.00.139.706 E ggml_aligned_malloc: insufficient memory (attempted to allocate 160.00 MB)\n"
            "0.00.139.903 E alloc_tensor_range: failed to allocate CPU buffer of size 167772160\n"
            "#5  0x00007f in llama_init_from_model () from libllama.so.0\n",
            "alloc_tensor_range: failed to allocate CPU buffer of size 167772160",
        ),
        ("vllm: error: unrecognized arguments: --no-such\n", "vllm: error: unrecognized arguments: --no-such"),
        ('error while handling argument "--ctx-size": stoi\n\nto show complete usage, run with -h\n', 'error while handling argument "--ctx-size": stoi'),
        ("first\nlast words\n", "last words"),
        ("", "it said nothing"),
    ],
    ids=["unknown", "memory", "lost", "gguf", "gguf memory", "flag", "value", "nothing wrong", "empty"],
)  # fmt: skip
def test_the_line_that_says_why_is_found(tmp_path, log, cause):
    file = tmp_path / "log"
    file.write_text(log, "utf-8")
    assert cause_in(file) == cause


def test_a_log_that_is_not_there_said_nothing(tmp_path):
    assert cause_in(tmp_path / "none") == "it said nothing"
