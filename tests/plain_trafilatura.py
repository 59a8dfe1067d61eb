"""trafilatura as it comes, for tests that what stands on it says the same."""

import subprocess
import sys

import orjson

LIBRARY = """
import sys, orjson
from trafilatura import extract
from trafilatura.deduplication import LRUCache
for line in sys.stdin.buffer:
    html, settings = orjson.loads(line)
    memory = LRUCache(maxsize=4096)
    text = extract(html, deduplicate=memory, **settings)
    sys.stdout.buffer.write(orjson.dumps(text) + b"\\n")
    sys.stdout.buffer.flush()
"""
SETTINGS = {"favor_precision": True, "include_comments": False, "fast": False}


class Library:
    """trafilatura as it comes, in a process where nothing makes it faster."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", LIBRARY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def extract(self, html: str, **settings: bool | str) -> str:
        """The text; empty where there is none."""
        to, fro = self._process.stdin, self._process.stdout
        assert to is not None
        assert fro is not None
        to.write(orjson.dumps((html, SETTINGS | settings)) + b"\n")
        to.flush()
        return orjson.loads(fro.readline()) or ""

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
