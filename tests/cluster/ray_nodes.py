"""A Ray cluster of several nodes on this machine, as a person starts one: `ray start`, and a token to be let in.

Every node is a session of its own, so that one can be lost as a machine is: at once and whole. Nodes have a loopback address
each, ports are chosen free, and all of Ray's files are in one folder of `/tmp` (a path of a Unix socket has room for 107
bytes), so that another Ray on the machine is neither met nor disturbed.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import orjson

READY_SECONDS = 90.0
STOP_SECONDS = 3.0  # a node asked to end waits up to 30 s for its workers; these have nothing to save
BIN = Path(sys.executable).parent
OBJECT_STORE_BYTES = 200_000_000


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now; held together while they are chosen, so that all differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def members(process: subprocess.Popen[str]) -> list[int]:
    """Process ids of the session that a process leads: Ray gives each worker a process group of its own."""
    listed = subprocess.run(["ps", "-o", "pid=", "-s", str(process.pid)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in listed.stdout.split()]


def end(process: subprocess.Popen[str], *, at_once: bool = False) -> None:
    """Ends all of a session: asked first, unless it is to be lost as a machine is."""
    if not at_once:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    for pid in members(process):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait(STOP_SECONDS)


class Cluster:
    """A head with some CPUs, and nodes that join it."""

    def __init__(self, *, cpus: int) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="gm", dir="/tmp"))
        self._token = self._folder / "token"
        self._token.touch(mode=0o600)
        self._token.write_text(secrets.token_hex(32))
        self._nodes: list[subprocess.Popen[str]] = []
        self._started = 0
        self.gcs, self.dashboard, self.client = free_ports(3)
        self.address = f"127.0.0.2:{self.gcs}"
        self.jobs_address = f"http://127.0.0.1:{self.dashboard}"
        try:
            self._start(
                "--head",
                f"--port={self.gcs}",
                "--dashboard-host=127.0.0.1",
                f"--dashboard-port={self.dashboard}",
                f"--ray-client-server-port={self.client}",
                cpus=cpus,
            )
            self._wait_until(lambda: self._answers("/api/version"), "the head does not answer")
            self._wait_until(lambda: self.alive() == 1, "the head does not count itself")
        except BaseException:
            self.close()
            raise

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to be let in; nothing of this test's own that a fresh checkout would not have."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "PYTHONPATH", "PYTEST"))
        }
        return kept | {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(self._token),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_health_check_initial_delay_ms": "0",
            "RAY_health_check_period_ms": "1000",  # a lost node is noticed in 5 s instead of 15
            "RAY_TMPDIR": str(self._folder),
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        }

    def join(self, *, cpus: int) -> subprocess.Popen[str]:
        """Adds a node and waits until the cluster counts it."""
        before = self.alive()
        node = self._start(f"--address={self.address}", cpus=cpus)
        self._wait_until(lambda: self.alive() > before, "the node does not join")
        return node

    def grow_to(self, nodes: int) -> None:
        """Adds nodes of one CPU until there are this many beside the head."""
        while len(self._nodes) - 1 < nodes:
            self.join(cpus=1)

    def newest(self) -> subprocess.Popen[str]:
        """The node that joined last."""
        return self._nodes[-1]

    def works_at(self, node: subprocess.Popen[str], step: str) -> bool:
        """Whether a worker of a node is at a part of `step` now: Ray calls its processes by what they do."""
        listed = subprocess.run(["ps", "-o", "args=", "-s", str(node.pid)], capture_output=True, text=True, check=False)
        return f"ray::{step} " in listed.stdout

    def lose(self, node: subprocess.Popen[str]) -> None:
        """Kills all of a node at once, as when its machine is taken away."""
        end(node, at_once=True)
        self._nodes.remove(node)

    def alive(self) -> int:
        """How many nodes the cluster believes to have."""
        listed = orjson.loads(self._get("/api/v0/nodes"))["data"]["result"]["result"]
        return sum(node["state"] == "ALIVE" for node in listed)

    def uploaded(self) -> Path:
        """The folder in which the head keeps what was uploaded to it."""
        return self._folder / "0" / "session_latest" / "runtime_resources" / "working_dir_files"

    def close(self) -> None:
        """Ends every node, the head last, and removes all of Ray's files."""
        for node in reversed(self._nodes):
            end(node)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, *options: str, cpus: int) -> subprocess.Popen[str]:
        ports = (
            "dashboard-agent-listen-port",
            "dashboard-agent-grpc-port",
            "runtime-env-agent-port",
            "metrics-export-port",
        )
        numbered = [f"--{name}={port}" for name, port in zip(ports, free_ports(len(ports)), strict=True)]
        number = self._started
        self._started += 1
        address = f"127.0.0.{number + 2}"  # 127.0.0.1 itself Ray would replace by the machine's outer address
        numbered.append(
            f"--temp-dir={self._folder / str(number)}"
        )  # shared, one node would unpack a package under another
        with (self._folder / f"node-{number}.log").open("w") as log:
            node = subprocess.Popen(
                [str(BIN / "ray"), "start", "--block", "--disable-usage-stats", f"--node-ip-address={address}",
                 f"--num-cpus={cpus}", f"--object-store-memory={OBJECT_STORE_BYTES}",
                 "--min-worker-port=0", "--max-worker-port=0", *numbered, *options],
                env=self.environment, stdout=log, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            )  # fmt: skip
        self._nodes.append(node)
        return node

    def _get(self, path: str) -> str:
        request = urllib.request.Request(
            self.jobs_address + path, headers={"Authorization": f"Bearer {self._token.read_text()}"}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read().decode()

    def _answers(self, path: str) -> bool:
        try:
            self._get(path)
        except OSError:
            return False
        return True

    def _wait_until(self, so: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not so():
            assert all(node.poll() is None for node in self._nodes), self._logs()
            assert time.monotonic() < deadline, f"{complaint}\n{self._logs()}"
            time.sleep(0.2)

    def _logs(self) -> str:
        return "\n".join(log.read_text()[-2000:] for log in sorted(self._folder.glob("node-*.log")))
