"""Says how vLLM is started on a local model: its flags, its environment, and which of them decide what is answered."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hypnos.artefacts.model_folder import read_json
from hypnos.artefacts.ranges import Count, FloatType, Positive, ShareAboveZero
from hypnos.errors import UserError
from hypnos.llm.engine.server_process import HOST, ServerProcess
from hypnos.llm.engine.server_program import ServerProgram, flag_words, refuse_options

_OURS = {
    **{"model": "the folder", "port": "engine.port", "host": "this machine alone", "served-model-name": "the folder"},
    **{"dtype": "engine.dtype", "max-model-len": "engine.max_length", "api-key": "this machine alone"},
    **{"tensor-parallel-size": "engine.tensor_parallel", "data-parallel-size": "engine.data_parallel"},
    **{"gpu-memory-utilization": "engine.gpu_memory", "trust-remote-code": "code beside weights is never run"},
}
"""Flags that are set here, and by what."""


_KNOBS = {
    **{"VLLM_CPU_KVCACHE_SPACE": "engine.cpu_cache_gib", "gpu-memory-utilization": "engine.gpu_memory"},
    **{"gpu_memory_utilization": "engine.gpu_memory", "CUDA out of memory": "engine.gpu_memory"},
    **{"max_model_len": "engine.max_length", "max-model-len": "engine.max_length"},
    **{"tensor_parallel_size": "engine.tensor_parallel", "tensor parallel size": "engine.tensor_parallel"},
}
"""Words of vLLM's, and what sets here what they speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vllm:
    """How servers of vLLM are started, each in an environment of its own.

    Attributes:
        python: the interpreter of an environment that has vLLM.
        logs: folder of what servers write.
        dtype: auto: float32 on a CPU, else what the weights are kept in.
        max_length: tokens of prompt and answer together; None: as the model's config says.
        tensor_parallel: GPUs that share one copy of the weights.
        data_parallel: copies of the weights, each on GPUs of its own.
        gpu_memory: share of a GPU's memory that it may take.
        cpu_cache_gib: memory for keys and values where there is no GPU.
        in_flight: requests it is sent at once.
        start_timeout: seconds until it must be up.
        timeout: seconds for one whole answer.
        port: None: one that is free.
        options: further flags of `vllm serve`, without their dashes: `{quantization: fp8}`; true for a bare flag.
    """

    python: str
    logs: str
    dtype: FloatType | Literal["auto"] = "auto"
    max_length: Count | None = None
    tensor_parallel: Count = 1
    data_parallel: Count = 1
    gpu_memory: ShareAboveZero = 0.9
    cpu_cache_gib: Positive = 4.0
    in_flight: Count = 64
    start_timeout: Positive = 900.0
    timeout: Positive = 600.0
    port: Count | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        refuse_options(self.options, _OURS)

    def key(self) -> dict[str, Any]:
        """What decides answers beside weights, type and template."""
        return {
            "max_length": self.max_length,
            "tensor_parallel": self.tensor_parallel,
            "options": {str(name): value for name, value in self.options.items()},
        }

    def check(self) -> None:
        """Raise UserError if the environment is not there."""
        if not Path(self.python).is_file():
            raise UserError(
                f"engine.python: {self.python}: no such interpreter: `make engine` makes an environment with vLLM; "
                "or name one that is there"
            )

    def serve(self, model: "ServedFolder", *, name: str) -> ServerProcess:
        """A server of a folder, which is not started yet.

        Args:
            model: what is served.
            name: begins each line of an error.
        """
        self.check()
        program = ServerProgram(
            words=self._words(model),
            model=model.served_name,
            environment={
                "VLLM_CPU_KVCACHE_SPACE": f"{self.cpu_cache_gib:g}",
                "VLLM_NO_USAGE_STATS": "1",
                "DO_NOT_TRACK": "1",
                "HF_HUB_OFFLINE": "1",
                "PYTHONUNBUFFERED": "1",
            },
            knobs=_KNOBS,
        )
        log_file = Path(self.logs) / f"{model.served_name}-{os.getpid()}.log"
        return ServerProcess(name, program, log_file=log_file, port=self.port, patience=self.start_timeout)

    def _words(self, model: "ServedFolder") -> list[str]:
        flags: dict[str, Any] = {
            "host": HOST,
            "served-model-name": model.served_name if model.base is None else f"base-of-{model.served_name}",
            "tokenizer": model.tokenizer,
            "dtype": model.dtype,
            "generation-config": "vllm",  # no penalties and temperatures of the folder: requests say all
            "max-model-len": self.max_length,
            "tensor-parallel-size": self.tensor_parallel if self.tensor_parallel > 1 else None,
            "data-parallel-size": self.data_parallel if self.data_parallel > 1 else None,
            "gpu-memory-utilization": self.gpu_memory,
            "chat-template": model.template,
        }
        if model.base is not None:
            flags |= {
                "enable-lora": True,
                "lora-modules": f"{model.served_name}={model.folder}",
                "max-lora-rank": _rank_for(model.folder),
            }
        flags |= self.options
        serve = [str(Path(self.python).absolute()), "-m", "vllm.entrypoints.cli.main", "serve"]
        return [*serve, str(model.base or model.folder), *flag_words(flags)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedFolder:
    """A model that a server has.

    Attributes:
        folder: of weights, or of an adapter.
        served_name: how requests call it.
        dtype: of its weights in memory.
        base: the folder of an adapter's base, on which it is laid without being merged; None for a whole model.
        tokenizer: the folder of its tokenizer.
        template: a file with a chat template, where the tokenizer has none.
    """

    folder: Path
    served_name: str
    dtype: str
    tokenizer: Path
    base: Path | None = None
    template: Path | None = None


_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes as the highest rank of an adapter."""


def _rank_for(adapter: Path) -> int:
    """The least of vLLM's ranks that holds an adapter's.

    Raises:
        UserError: its rank is above all of them.
    """
    settings = read_json(adapter / "adapter_config.json")
    rank = max([int(settings.get("r") or 8), *map(int, (settings.get("rank_pattern") or {}).values())])
    fitting = [known for known in _RANKS if known >= rank]
    if not fitting:
        raise UserError(
            f"{adapter}: rank {rank} is above {_RANKS[-1]}, the most that vLLM takes: serve the merged stage"
        )
    return fitting[0]
