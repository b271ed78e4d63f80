"""Works through blocks on a Ray cluster, or by a Ray that is started on this machine for the command."""

import os
import pickle
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hypnos
from hypnos.artefacts.ranges import Natural
from hypnos.errors import UserError
from hypnos.workers.workers import Work, WorkerKilled, Workers

AHEAD = 3
"""Blocks a worker that are handed out before they are needed."""

TRIES = 10
"""Times that a block is begun anew whose worker was killed, or whose machine is gone."""


class RayWorkers(Workers):
    """So many tasks at once, wherever Ray finds room. A block whose worker dies is given to another one.

    Without an address, in RAY_ADDRESS either, Ray is started here, and ends with the command.
    """

    def __init__(self, *, count: Natural = 0, address: str | None = None) -> None:
        """Prepare; nothing is started before there are blocks.

        Args:
            count: tasks at once; 0: as many as there are processors.
            address: of a cluster; None: that of RAY_ADDRESS.

        Raises:
            UserError: Ray is not installed.
        """
        if find_spec("ray") is None:
            raise UserError("engine=ray: Ray is not installed: pip install -e '.[ray]'")
        self.count = count
        self.address = address or os.environ.get("RAY_ADDRESS")
        self._ray: Any = None

    def spread(self, work: Work, blocks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield each block with its result, in their order. A killed worker is replaced, `TRIES` times for a block."""
        ray = self._ray = self._ray or self._start()
        count = self.count or max(int(ray.cluster_resources().get("CPU", 1)), 1)
        # In a list Ray hands the reference on as it is: a worker fetches what is to be done once, not with each block.
        packed = [ray.put(pickle.dumps(work, protocol=pickle.HIGHEST_PROTOCOL))]
        name = uuid.uuid4().hex
        task = ray.remote(num_cpus=1, max_retries=TRIES)(_do)
        pending: deque[tuple[Any, Any]] = deque()
        try:
            for block in blocks:
                pending.append((block, task.remote(name, packed, block)))
                if len(pending) > AHEAD * count:
                    first, reference = pending.popleft()
                    yield first, ray.get(reference)
            while pending:
                first, reference = pending.popleft()
                yield first, ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, UserError):
                raise error.cause from error
            raise
        except ray.exceptions.RayError as error:
            reason = f"a block was given up after {TRIES} tries: {' '.join(str(error).split())[:200]}"
            raise WorkerKilled(f"engine=ray: {reason}; the same command goes on") from error
        finally:
            for _, reference in pending:
                ray.cancel(reference)

    def _start(self) -> Any:
        import ray

        package = Path(hypnos.__file__).parent
        settings: dict[str, Any] = {"address": self.address}
        if self.address:
            # Its machines have no copy of the package, or another one.
            settings |= {"runtime_env": {"py_modules": [str(package)]}}
        else:
            paths = [str(package.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
            settings |= {"runtime_env": {"env_vars": {"PYTHONPATH": os.pathsep.join(paths)}}}
            settings |= {"num_cpus": self.count or None, "include_dashboard": False}
        try:
            ray.init(log_to_driver=False, logging_level="ERROR", **settings)
        except Exception as error:  # Ray raises the plain class where its agents do not come up in 30 seconds
            raise UserError(f"engine=ray: {' '.join(str(error).split())[:300]}") from error
        return ray

    def close(self) -> None:
        if self._ray is not None:
            self._ray.shutdown()
            self._ray = None


_TAKEN: dict[str, Work] = {}
"""Of a worker: what it does at present."""


def _do(name: str, packed: list[Any], block: Any) -> Any:
    if name not in _TAKEN:
        import ray

        _TAKEN.clear()
        _TAKEN[name] = pickle.loads(ray.get(packed[0]))
    return _TAKEN[name].work(block)
