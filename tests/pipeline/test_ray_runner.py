"""A Ray started for a run is this machine's alone."""

import os
from pathlib import Path

import pytest


def descendants() -> set[int]:
    """Process ids of all that this process has started, directly or not."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = status.read_text().split(" (", 1)
        except OSError:
            continue
        parents[int(pid)] = int(rest.rpartition(")")[2].split()[1])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def listening() -> set[str]:
    """Local addresses, in the kernel's hexadecimal, on which this process and its descendants listen for TCP."""
    sockets: dict[str, str] = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                sockets[f"socket:[{fields[9]}]"] = fields[1].split(":")[0]
    addresses: set[str] = set()
    for pid in descendants():
        for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                addresses.add(sockets.get(str(descriptor.readlink()), ""))
            except OSError:
                continue
    return addresses - {""}


@pytest.mark.ray
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc")
def test_nothing_of_a_ray_started_here_listens_beyond_loopback() -> None:
    from pipeline.ray_runner import RayRunner

    runner = RayRunner(workers=1)
    try:
        addresses = listening()
    finally:
        runner.close()
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert addresses
    assert addresses <= loopback
