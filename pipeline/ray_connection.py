"""How a run comes to its Ray: a cluster that is there, or one of this machine alone that ends with the run."""

import logging
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager

import ray
from ray._private import ray_constants
from ray._private.authentication.authentication_token_setup import ensure_token_if_auth_enabled
from ray._raylet import GcsClient  # pyright: ignore[reportAttributeAccessIssue]  its stub forgets it
from ray.exceptions import RayError

from pipeline.environment import CHECKOUT, modules_for_children
from pipeline.errors import GristmillError

OBJECT_STORE_BYTES = 200_000_000  # receipts only; Ray would take 30 % of the machine's memory
CONNECT_SECONDS = 10.0
ADVICE = "it asks for a token, none or another was given; set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH (or RAY_AUTH_TOKEN)"


def loopback_only(*, on: bool) -> None:
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
    """Refuses a host and port where nobody answers, or that wants another token: Ray itself would go on asking."""
    scheme, _, place = address.rpartition("://")
    host, _, port = place.rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()
        if not scheme:
            _check_token(place)


def _check_token(address: str) -> None:
    """Asks the cluster one question: `ray.init` would ask it for 20 s, and a missing token would end the process."""
    ensure_token_if_auth_enabled(create_token_if_missing=False)
    with _silent_stderr():
        GcsClient(address=address)


@contextmanager
def _silent_stderr() -> Generator[None]:
    """Keeps native code from saying on stderr what is then raised, and said once, by us."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def connect_or_explain(workers: int | None, address: str | None) -> None:
    """Connects to the cluster at `address`, or starts one with `workers` CPUs; GristmillError says why neither can be."""
    try:
        _connect(workers, address)
    except (RayError, ConnectionError, RuntimeError, ValueError, OSError) as error:
        where = f"Ray at {address}" if address else "Ray on this machine"
        said = str(error)
        why = ADVICE if "uthToken" in said or "uthentication" in said else said.splitlines()[0]
        if "client connection timeout" in said:  # all that ray:// says, whatever was wrong
            why = f"{why}; is it Ray's client port, and the right token?"
        raise GristmillError(f"{where} could not be reached or started: {why}") from error


def _connect(workers: int | None, address: str | None) -> None:
    if address is not None:
        _check_reachable(address)
        inside_job = "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ  # `ray job submit` has shipped the checkout already
        environment = (
            None if inside_job else {"working_dir": str(CHECKOUT)}
        )  # without what .gitignore and .rayignore name
        ray.init(address=address, runtime_env=environment, log_to_driver=False, logging_level=logging.ERROR)
        return
    loopback_only(on=True)
    # Told by a `runtime_env`, Ray throws the workers away that it has started by then, and each new one imports Ray twice.
    with modules_for_children():
        ray.init(
            address="local",
            num_cpus=workers,
            include_dashboard=False,
            object_store_memory=OBJECT_STORE_BYTES,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _node_ip_address="127.0.0.1",
        )
