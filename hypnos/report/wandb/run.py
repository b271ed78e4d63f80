"""Begins a run at Weights & Biases, checks that it can, and keeps secrets out of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from hypnos.artefacts.ranges import WandbMode
from hypnos.errors import UserError
from hypnos.report.secrecy import without_secrets
from hypnos.report.wandb.reach import reachable_mode

CONSOLE: Literal["off"] = "off"
"""What a command prints stays here: it may show texts that must not leave the machine."""

INIT_SECONDS = 20.0
"""That a run may take to begin."""

AXIS = "experiment_step"
"""Optimizer steps of the whole experiment: stages follow each other on it, and the dashboard draws along it."""


@dataclass(kw_only=True)
class WandbAccount:
    """A project at W&B that runs are sent to; mode `offline` needs no network.

    The key comes from WANDB_API_KEY or `wandb login`.

    Attributes:
        project: the project's name.
        save_dir: where W&B keeps its own files; made if it is not there.
        group: of the runs.
        mode: see `check_mode`.
    """

    project: str
    save_dir: str
    group: str | None = None
    mode: WandbMode = "offline"

    @contextmanager
    def run(
        self, job_type: str, *, config: Mapping[str, Any], name: str | None = None, group: str | None = None
    ) -> Iterator[Any]:
        """Begin a run, and end it with the block.

        Args:
            job_type: what the run does.
            config: what it was asked for.
            name: of the run; None lets W&B choose.
            group: what the run belongs to where no group was set.

        Raises:
            UserError: see `check_mode`.
        """
        check_mode(self.mode)
        import wandb

        Path(self.save_dir).mkdir(parents=True, exist_ok=True)
        run = wandb.init(
            project=self.project,
            group=self.group or group,
            name=name,
            dir=self.save_dir,
            mode=cast(Any, reachable_mode(self.mode)),
            job_type=job_type,
            config=without_secrets(dict(config)),
            settings=wandb.Settings(console=CONSOLE, quiet=True, init_timeout=INIT_SECONDS),
        )
        try:
            yield run
        except BaseException:
            run.finish(exit_code=1)
            raise
        run.finish()


def check_mode(mode: str) -> None:
    """Find out before any work whether what is asked for can be done.

    Args:
        mode: `offline` keeps everything in files for `wandb sync`, `online` sends it, `disabled` does neither.

    Raises:
        UserError: it is none of these, or there is no key to send anything with.
    """
    if mode not in ("offline", "online", "disabled"):
        raise UserError(
            f"W&B: mode {mode!r} is none of offline, online, disabled (WANDB_MODE, or the mode of its config)"
        )
    if mode == "online" and not has_key():
        raise UserError("W&B: no key to send with: set WANDB_API_KEY, run `wandb login`, or choose WANDB_MODE=offline")


def has_key() -> bool:
    """Whether W&B would find a key in the environment or where `wandb login` left it."""
    import wandb

    return bool(wandb.login(prompt=False, verify=False))
