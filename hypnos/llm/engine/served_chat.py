"""A model in a local folder as a chat model behind a server of vLLM of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from hypnos.artefacts.keys import content_key, file_key
from hypnos.artefacts.model_folder import read_json
from hypnos.errors import UserError
from hypnos.llm.engine.own_server import OwnServerChat, Turns
from hypnos.llm.engine.server_process import ServerProcess
from hypnos.llm.engine.vllm import ServedFolder, Vllm
from hypnos.llm.providers.settings import PARAMETERS


class ServedChat(OwnServerChat):
    """Weights on disk, or an adapter on its base, asked through a server of vLLM on this machine.

    The key of a reply holds the folder's content and the engine's deciding flags, and no address: a server at another
    port is the same model.
    """

    def __init__(
        self,
        *,
        name: str,
        directory: str,
        engine: Vllm,
        base: str | None = None,
        parameters: Annotated[Mapping[str, Any], PARAMETERS] | None = None,
        template: Path | None = None,
        turns: Turns | None = None,
    ) -> None:
        """Say what is served; nothing is read or started before the first question.

        Args:
            name: how errors and tables call it.
            directory: of weights with a tokenizer, or of an adapter.
            engine: how its server is started.
            base: of an adapter.
            parameters: temperature, max_tokens, top_p, ...
            template: a file with a chat template; None for the folder's own.
            turns: rewrites messages before they are sent; None leaves them.
        """
        self._folder = Path(directory).expanduser().absolute()
        self._base = Path(base).expanduser().absolute() if base else None
        super().__init__(
            name=name,
            served_name=self._folder.name,
            parameters=parameters,
            in_flight=engine.in_flight,
            timeout=engine.timeout,
            turns=turns,
        )
        self._engine = engine
        self._template = template.absolute() if template else None
        self._contents: list[str] = []

    def server(self) -> ServerProcess:
        return self._engine.serve(self._served(), name=f"llm {self.name}: vLLM")

    def identity(self) -> dict[str, Any]:
        if not self._contents:
            folders = {"folder": self._folder, **({"base": self._base} if self._base else {})}
            self._contents.append(content_key({what: file_key(folder) for what, folder in folders.items()}))
        return {
            "model": self._contents[0],
            "address": "vLLM",
            "engine": {**self._engine.key(), "dtype": self._float_type()},
            "template": self._template.read_text("utf-8") if self._template else None,
            "parameters": dict(self.parameters),
        }

    def _served(self) -> ServedFolder:
        """What the server is told.

        Raises:
            UserError: the folder is no model.
        """
        whole = self._base or self._folder
        if not (whole / "config.json").is_file():
            raise UserError(f"llm {self.name}: {whole}: no model here (no config.json)")
        tokenizer = self._folder if (self._folder / "tokenizer_config.json").is_file() else whole
        return ServedFolder(
            folder=self._folder,
            served_name=self._folder.name,
            dtype=self._float_type(),
            tokenizer=tokenizer,
            base=self._base,
            template=self._template,
        )

    def _float_type(self) -> str:
        """The type of the weights in memory that `auto` stands for here."""
        if self._engine.dtype != "auto":
            return self._engine.dtype
        import torch

        if not torch.cuda.is_available():
            return "float32"
        config = read_json((self._base or self._folder) / "config.json")
        return str(config.get("dtype") or config.get("torch_dtype") or "bfloat16")
