"""Facts about the machine, without which a figure says nothing."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

ENGINES = ("gristmill", "trafilatura", "lxml", "ray", "pyarrow", "spacy", "tokenizers", "fasttext-numpy2-wheel")


def machine_facts() -> dict[str, Any]:
    """Processor, cores, memory, system, versions, whether Python keeps what it compiled, and the load before."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "keeps_bytecode": not sys.dont_write_bytecode,
        "versions": {name: version(name) for name in ENGINES},
        "load_before": [round(load, 2) for load in os.getloadavg()],
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
