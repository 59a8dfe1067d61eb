"""The systems of the comparison, and how each is run: in a process of its own, by the Python that has it."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from dedup.minhash import MinHash
from jobs.bench.settings import CHECKOUT, Settings
from jobs.bench.watching import watch
from jobs.terminal import notice
from pipeline.errors import RecipeError

PEERS = Path(__file__).with_name("peers")
MEMORY = 2 << 30  # of a part of ours, as a user has it


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A name in the result, the words after the Python that has it (None: left out), and what else it is told."""

    name: str
    command: tuple[str, ...]
    python: Path | None
    made_by: str = ""  # what a person types to have that Python
    told: dict[str, Any] = field(default_factory=dict[str, Any])


def all_systems(settings: Settings) -> tuple[System, ...]:
    """The systems that the settings ask for, ours first; RecipeError for one that is not known."""
    found = (*_ours(), *_floor(), *_peers(settings))
    names = [system.name for system in found]
    if unknown := [name for name in settings.systems if name not in names]:
        raise RecipeError(f"no system {', '.join(unknown)}: there are {', '.join(names)}")
    return tuple(system for system in found if not settings.systems or system.name in settings.systems)


def _ours() -> list[System]:
    cases = (("fast", "components"), ("fast", "star"), ("datatrove", "components"), ("datatrove", "star"))
    return [
        System(
            name=f"gristmill {family} {survival}",
            command=("-m", "jobs.bench.dedup.ours"),
            python=Path(sys.executable),
            told={"family": family, "survival": survival, "memory": MEMORY},
        )
        for family, survival in cases
    ]


def _floor() -> list[System]:
    command = ("-m", "jobs.bench.dedup.floor")
    return [
        System(name=work, command=command, python=Path(sys.executable), told={"work": work})
        for work in ("in memory", "read and hash")
    ]


def _peers(settings: Settings) -> list[System]:
    made = (
        ("datatrove", "of_datatrove.py", settings.peers, "make peers"),
        ("daft", "of_daft.py", settings.dedupers, "make dedupers"),
        ("text-dedup", "of_text_dedup.py", settings.dedupers, "make dedupers"),
        ("data-juicer", "of_data_juicer.py", settings.data_juicer, "make data-juicer"),
    )
    return [
        System(name=name, command=("-P", str(PEERS / script)), python=python, made_by=made_by)
        for name, script, python, made_by in made
    ]


def run(system: System, documents: Path, output: Path, minhash: MinHash, workers: int) -> dict[str, Any]:
    """The system's answer with `seconds`, `cpu_seconds` and `peak_rss_bytes` of its processes, or `missing` and why.

    Raises:
        GristmillError: it is there and failed; the last lines of what it printed say why.
    """
    if system.python is None:
        return {"missing": "left out by --ours-only"}
    if not system.python.is_file():
        return {"missing": f"no {system.python.name} at {system.python.parent}: {system.made_by}"}
    notice(f"{system.name}: measuring")
    output.mkdir(parents=True)
    told = output / "settings.json"
    asked = {
        "documents": str(documents.resolve()),
        "output": str(output.resolve()),
        "workers": workers,
        "bands": minhash.bands,
        "rows": minhash.rows,
        "ngram": minhash.ngram,
    }
    told.write_bytes(orjson.dumps(asked | system.told))
    ours = system.command[0] == "-m"
    environment = {"PYTHONPATH": str(CHECKOUT) if ours else "", "HF_HUB_OFFLINE": "1", "DAFT_ANALYTICS_ENABLED": "0"}
    command = [str(system.python), *system.command, str(told)]
    watched = watch(command, log=output / "log", environment=environment, tick=lambda: None)
    answer: dict[str, Any] = orjson.loads((output / "answer.json").read_bytes())
    notice(f"{system.name}: {watched.wall_seconds:.1f} s")
    return answer | {
        "seconds": watched.wall_seconds,
        "cpu_seconds": watched.cpu_seconds,
        "peak_rss_bytes": watched.peak_rss_bytes,
    }
