"""Parts as Ray core tasks: a description goes out, a receipt comes back, and documents never travel through Ray."""

import logging
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import ray
from ray import cloudpickle
from ray._private import ray_constants
from ray.exceptions import RayError

from pipeline.errors import GristmillError
from pipeline.receipts import Receipt
from pipeline.steps import Failure, PartTask, run_part

OBJECT_STORE_BYTES = 200_000_000  # receipts only; Ray would take 30 % of the machine's memory
POLL_SECONDS = 1.0
CONNECT_SECONDS = 10.0
CHECKOUT = Path(__file__).resolve().parents[1]
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


class RayRunner:
    """Hands parts to Ray: a cluster's (`address`), or one started here for this run with `workers` CPUs.

    A worker that dies (killed, out of memory, its node lost) has its part redone by Ray; a part that fails says so itself.
    """

    def __init__(self, *, workers: int | None = None, address: str | None = None, by_value: Sequence[ModuleType] = ()):
        os.environ.update({name: os.environ.get(name, value) for name, value in QUIET.items()})
        for module in by_value:
            cloudpickle.register_pickle_by_value(module)
        self._started_here = address is None
        try:
            _connect(workers, address)
        except (RayError, ConnectionError, RuntimeError, ValueError, OSError) as error:
            where = f"Ray at {address}" if address else "Ray on this machine"
            raise GristmillError(f"{where} could not be reached or started: {str(error).splitlines()[0]}") from error
        cpus = int(ray.cluster_resources().get("CPU", 1))
        self.slots = min(workers, cpus) if workers else cpus
        if not self._started_here:
            self.slots = workers or 2 * cpus  # nodes may join: keep some parts queued
        self._run: Any = ray.remote(num_cpus=1, max_retries=3)(run_part)
        self._tasks: dict[Any, PartTask] = {}

    def submit(self, task: PartTask) -> None:
        """See `Runner.submit`."""
        self._tasks[self._run.options(name=f"{task.step} {task.part.key}").remote(task)] = task

    def wait(self) -> list[Receipt | Failure]:
        """See `Runner.wait`."""
        ready: list[Any] = []
        while not ready:
            ready, _ = ray.wait(list(self._tasks), num_returns=1, timeout=POLL_SECONDS)
        return [self._outcome(ref, self._tasks.pop(ref)) for ref in ready]

    def _outcome(self, ref: Any, task: PartTask) -> Receipt | Failure:
        try:
            return ray.get(ref)
        except RayError as error:
            why = f"the worker died: {str(error).splitlines()[0]}"
            return Failure(task.step, task.part.key, task.part.name, why, str(error))

    def close(self) -> None:
        """See `Runner.close`: cancels what runs; ends Ray only if it was started for this run."""
        for ref in self._tasks:
            ray.cancel(ref, force=True)
        self._tasks.clear()
        ray.shutdown()
        if self._started_here:
            _loopback_only(on=False)


def _loopback_only(*, on: bool) -> None:
    """Keeps a Ray started here from listening to the network.

    Ray replaces 127.0.0.1 by the machine's outer address, and its processes then listen on all interfaces, unless it is told (as
    it is by default on macOS and Windows) that it will never be a cluster. The constant was read from the variable at import.
    """
    ray_constants.ENABLE_RAY_CLUSTER = not on
    if on:
        os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR] = "0"
    else:
        os.environ.pop(ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR, None)


def _check_reachable(address: str) -> None:
    """Refuses a host and port where nobody answers: Ray itself would go on asking for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()


def _connect(workers: int | None, address: str | None) -> None:
    if address is not None:
        _check_reachable(address)
        inside_job = "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ  # `ray job submit` has shipped the checkout already
        environment = (
            None if inside_job else {"working_dir": str(CHECKOUT), "excludes": [".venv", ".git", "out", "demo"]}
        )
        ray.init(address=address, runtime_env=environment, log_to_driver=False, logging_level=logging.ERROR)
        return
    paths = [str(CHECKOUT), *(path for path in sys.path if path)]
    _loopback_only(on=True)
    ray.init(
        address="local",
        num_cpus=workers,
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        logging_level=logging.ERROR,
        runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}},
        _node_ip_address="127.0.0.1",
    )
