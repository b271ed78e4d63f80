import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import OmegaConf
from transformers import LlamaConfig, LlamaForCausalLM

import hypnos.commands  # noqa: F401  registers the resolvers of conf/
from hypnos.artefacts.model_folder import copy_tokenizer
from hypnos.experiment.run import make_run, run_experiment
from hypnos.tuning.stages import Run
from hypnos.vocabulary.base_vocabulary import OwnVocabulary

ROOT = Path(__file__).parents[1]

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")


def compose_config(name: str, overrides: list[str], output: Path, *, complete: bool = True) -> dict[str, Any]:
    """A primary config as the command would see it, resolved to plain values; what only a user can give may lack."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        full = hydra_compose(name, overrides=overrides, return_hydra_config=True)
    full.hydra.runtime.output_dir = str(output)
    HydraConfig.instance().set_config(full)
    plain = OmegaConf.masked_copy(full, [key for key in full if key != "hydra"])
    return OmegaConf.to_container(plain, resolve=True, throw_on_missing=complete)  # type: ignore[return-value]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Public data beside the repository; tests that need them are skipped where they are absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is not here")
    return folder


@pytest.fixture
def compose(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Compose a primary config with overrides."""
    return lambda name, overrides, **options: compose_config(name, overrides, tmp_path, **options)


@pytest.fixture(scope="session")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """A composed primary config with single values changed, as `key=value` or `+key=value`; composed once a choice."""
    known: dict[tuple[str, ...], dict[str, Any]] = {}

    def change(name: str, overrides: list[str], *choices: str) -> dict[str, Any]:
        if (name, *choices) not in known:
            known[name, *choices] = compose_config(
                name, list(choices), tmp_path_factory.mktemp("output"), complete=False
            )
        config = json.loads(json.dumps(known[name, *choices]))
        for override in overrides:
            key, _, value = override.partition("=")
            *path, last = key.removeprefix("+").split(".")
            part = config
            for step in path:
                part = part[step]
            assert (last not in part) == key.startswith("+"), f"{key} is there: {last in part}"
            part[last] = OmegaConf.to_container(OmegaConf.create(f"x: {value}"))["x"]  # type: ignore[index,call-overload]
        return config

    return change


@pytest.fixture(scope="session")
def train_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[dict[str, Any]]]:
    """Run an experiment in this process, small and short, and return what `results.json` holds.

    All runs of a test session share one folder of artefacts, as a lab's runs do. `steps` shortens every stage,
    and `sweeping` runs it as a job of a multirun, in a folder of its own or again in `output`.
    """
    artefacts = tmp_path_factory.mktemp("artefacts")

    def train(
        *overrides: str,
        artefacts: Path = artefacts,
        output: Path | None = None,
        steps: int | None = None,
        sweeping: bool = False,
    ) -> list[dict[str, Any]]:
        output = output or tmp_path_factory.mktemp("output")
        small = [
            *("sources.general.limit=60", "sources.anesthesia.limit=60", "sources.text.limit=10"),
            *("model.recipe.pieces=2000", "logger=none", "answers.max_new_tokens=4", f"paths.artefacts={artefacts}"),
            *(f"model.recipe.{stage}.epochs=1" for stage in ("general", "anesthesia", "pretrain")),
        ]
        config = compose_config("train", [*small, *overrides], output)
        for stage in config["stages"].values() if steps else ():
            stage["trainer"]["max_steps"] = steps
        build = partial(instantiate, _convert_="all")
        run_experiment(config, build=build, output=output, sweeping=sweeping)
        return json.loads((output / "results.json").read_text("utf-8"))

    return train


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's tokenizer, 1,500 pieces, with the plain template."""
    folder = tmp_path_factory.mktemp("spoken")
    template = yaml.safe_load((ROOT / "conf/template/plain.yaml").read_text("utf-8"))["chat"]
    OwnVocabulary(template=template).write_tokenizer(str(ROOT / "hypnos/sample/base"), folder)
    return folder


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory, spoken: Path) -> Path:
    """A small Llama with random weights: it says different things after different prompts."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=1500,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
        max_position_embeddings=512,
        initializer_range=0.2,
    )
    folder = tmp_path_factory.mktemp("small")
    LlamaForCausalLM(config).eval().save_pretrained(folder)
    copy_tokenizer(spoken, folder)
    return folder


class RecordedRun:
    """Stands in for a run at W&B and keeps what it is told."""

    def __init__(self, **asked: Any) -> None:
        self.asked = asked
        self.offline = asked["mode"] != "online"
        self.id = self.name = "recorded"
        self.config = RecordedConfig(asked.get("config") or {})
        self.summary: dict[str, Any] = {}
        self.logged: list[dict[str, Any]] = []
        self.axes: dict[str, str | None] = {}
        self.used: list[Any] = []
        self.made: list[Any] = []
        self.exit_code: int | None = None

    def log(self, values: dict[str, Any]) -> None:
        self.logged.append(values)

    def define_metric(self, name: str, step_metric: str | None = None) -> None:
        self.axes[name] = step_metric

    def use_artifact(self, artifact: Any) -> None:
        assert not self.offline, "W&B refuses this offline"
        self.used.append(artifact)

    def _log_artifact(self, artifact: Any, *, aliases: list, is_user_created: bool, use_after_commit: bool) -> None:
        assert self.offline and use_after_commit and is_user_created and not aliases
        self.used.append(artifact)

    def log_artifact(self, artifact: Any) -> None:
        self.made.append(artifact)

    def finish(self, exit_code: int = 0) -> None:
        self.exit_code = exit_code

    def values(self, name: str) -> list[Any]:
        """What was logged under a name, in order."""
        return [row[name] for row in self.logged if name in row]


class RecordedConfig(dict[str, Any]):
    def update(self, values: dict[str, Any], allow_val_change: bool = False) -> None:  # type: ignore[override]
        super().update(values)


@pytest.fixture
def recorded_runs(monkeypatch: pytest.MonkeyPatch) -> list[RecordedRun]:
    """Every run at W&B that a test begins, recorded instead of begun."""
    import wandb

    runs: list[RecordedRun] = []

    def init(**asked: Any) -> RecordedRun:
        runs.append(RecordedRun(**asked))
        return runs[-1]

    monkeypatch.setattr(wandb, "init", init)
    return runs


@pytest.fixture
def described(compose: Callable[[str, list[str]], dict[str, Any]], tmp_path: Path) -> Callable[..., Run]:
    """A run as it stands before anything is made."""

    def make(*overrides: str) -> Run:
        small = ["sources.general.limit=60", "sources.anesthesia.limit=60", f"paths.artefacts={tmp_path}"]
        config = compose("train", [*small, *overrides])
        return make_run(config, build=partial(instantiate, _convert_="all"), output=tmp_path)

    return make


@pytest.fixture
def chromium():
    """A headless Chromium; tests that need it are skipped where it is absent.

    For one test: while it is open an event loop runs in this thread, and nothing else can run one.
    """
    browser = Path("/usr/bin/chromium")
    if not browser.exists():
        pytest.skip("no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as tools:
        opened = tools.chromium.launch(executable_path=str(browser), args=["--no-sandbox"])
        yield opened
        opened.close()


class HubServer:
    """A server of the hubs' protocols in a process of its own; see `tests/artefacts/hub_server.py`."""

    def __init__(self, **options: Any) -> None:
        command = [sys.executable, str(ROOT / "tests" / "artefacts" / "hub_server.py"), json.dumps(options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def state(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/state") as reply:
            return json.load(reply)


@pytest.fixture
def hub_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., HubServer]]:
    """Starts a server that both hubs' libraries are sent to, as a user would by their variables."""
    started: list[HubServer] = []

    def start(**options: Any) -> HubServer:
        started.append(HubServer(**options))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.setenv("HF_ENDPOINT", started[-1].url)
        monkeypatch.setenv("HF_TOKEN", "tk-zq")
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", started[-1].url)
        monkeypatch.setenv("MODELSCOPE_API_TOKEN", "tk-zq")
        for variable in ("MODELSCOPE_CACHE", "MODELSCOPE_HOME"):
            monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
        return started[-1]

    yield start
    for server in started:
        server.process.kill()
        server.process.wait()
