"""Says how llama.cpp's server is started on a GGUF file: its program, its flags, and which of them decide answers."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypnos.artefacts.ranges import Count, Natural, Positive
from hypnos.errors import UserError
from hypnos.llm.engine.server_process import HOST, ServerProcess
from hypnos.llm.engine.server_program import ServerProgram, flag_name, flag_words, refuse_options

PROGRAM = "llama-server"

_OURS = {
    **{"model": "the file", "alias": "the file", "port": "engine.port", "host": "this machine alone"},
    **{"ctx-size": "engine.max_length", "parallel": "engine.in_flight", "threads": "engine.threads"},
    **{"gpu-layers": "engine.gpu_layers", "api-key": "this machine alone"},
    **{"chat-template": "the form", "chat-template-file": "the form"},
}
"""Flags that are set here, and by what."""


_KNOBS = {
    **{
        "failed to allocate": "engine.max_length, engine.in_flight",
        "--ctx-size": "engine.max_length, engine.in_flight",
    },
    **{"--parallel": "engine.in_flight", "--threads": "engine.threads", "--gpu-layers": "engine.gpu_layers"},
}
"""Words of llama.cpp's, and what sets here what they speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaServer:
    """How servers of llama.cpp are started, each on one file.

    Attributes:
        llama_cpp: a folder with llama.cpp's programs, or the checkout they were built in; None: one on the PATH.
        logs: folder of what servers write.
        max_length: tokens of prompt and answer together, at most; None: as the file says.
        threads: of the processor; None: as llama.cpp chooses.
        gpu_layers: layers on a GPU; None: as llama.cpp chooses.
        in_flight: requests it is sent at once; each has room for `max_length` tokens.
        start_timeout: seconds until it must be up.
        timeout: seconds for one whole answer.
        port: None: one that is free.
        options: further flags of `llama-server`, without their dashes: `{flash-attn: "on"}`; true for a bare flag.
    """

    llama_cpp: str | None
    logs: str
    max_length: Count | None = 4096
    threads: Count | None = None
    gpu_layers: Natural | None = None
    in_flight: Count = 4
    start_timeout: Positive = 300.0
    timeout: Positive = 600.0
    port: Count | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        refuse_options(self.options, _OURS)

    def key(self) -> dict[str, Any]:
        """What decides answers beside the file and its template."""
        return {"max_length": self.max_length, "options": {str(name): value for name, value in self.options.items()}}

    def program(self) -> Path:
        """The server's program.

        Raises:
            UserError: it is not there.
        """
        if self.llama_cpp is None:
            on_path = shutil.which(PROGRAM)
            if on_path is None:
                raise UserError(
                    f"engine.llama_cpp: {PROGRAM} is not on the PATH: name the folder it was built in (docs/engines.md)"
                )
            return Path(on_path)
        folder = Path(self.llama_cpp).expanduser().absolute()
        places = (folder / "build/bin" / PROGRAM, folder / "bin" / PROGRAM, folder / PROGRAM)
        program = next((file for file in places if file.is_file()), None)
        if program is None:
            raise UserError(
                f"engine.llama_cpp: {self.llama_cpp}: {PROGRAM} is not built there: cmake -B build, then cmake --build "
                f"build --target {PROGRAM}"
            )
        return program

    def serve(self, file: Path, *, context: int, template: str | None, name: str) -> ServerProcess:
        """A server of a file, which is not started yet.

        Args:
            file: GGUF.
            context: tokens that the model was made for.
            template: a chat template instead of the file's own.
            name: begins each line of an error.
        """
        program, logs = self.program(), Path(self.logs)
        libraries = os.pathsep.join(filter(None, (str(program.parent), os.environ.get("LD_LIBRARY_PATH"))))
        length = min(context, self.max_length or context)
        flags: dict[str, Any] = {
            "model": file,
            "alias": file.stem,
            "host": HOST,
            "ctx-size": length * self.in_flight,
            "parallel": self.in_flight,
            "threads": self.threads,
            "gpu-layers": self.gpu_layers,
            "jinja": True,
            "reasoning-format": "none",  # thoughts stay in the text, with their marks
            "skip-chat-parsing": True,  # else words that fit no form of a reply are an error of the server
            "no-webui": True,
        }
        if template is not None:
            logs.mkdir(parents=True, exist_ok=True)
            flags["chat-template-file"] = logs / f"{file.stem}.jinja"
            flags["chat-template-file"].write_text(template, "utf-8")
        flags |= {flag_name(name): value for name, value in self.options.items()}
        served = ServerProgram(
            words=[str(program), *flag_words(flags)],
            model=file.stem,
            environment={"LD_LIBRARY_PATH": libraries},
            knobs=_KNOBS,
        )
        log_file = logs / f"{file.stem}-{os.getpid()}.log"
        return ServerProcess(name, served, log_file=log_file, port=self.port, patience=self.start_timeout)
