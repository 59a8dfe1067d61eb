"""The toolkits of the comparison, and how each is run: in a process of its own, by the Python that has it."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from jobs.bench.settings import CHECKOUT, Settings
from jobs.bench.watching import watch
from jobs.terminal import notice

PEERS = Path(__file__).with_name("peers")
LOOP = PEERS / "loop.py"
BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolkit:
    """A name in the result, the module that runs it, and the Python that has it (None: left out)."""

    name: str
    module: str
    python: Path | None
    made_by: str = ""  # what a person types to have that Python
    folder: Path = PEERS


def toolkits(settings: Settings) -> tuple[Toolkit, ...]:
    """All toolkits; ours come first, by their own code, then DCLM's and C4's formulas as our recipes have them."""
    ours = Path(sys.executable)
    return (
        Toolkit(name="gristmill", module="of_gristmill", python=ours),
        Toolkit(name="datatrove", module="of_datatrove", python=settings.peers, made_by="make peers"),
        Toolkit(name="dolma", module="of_dolma", python=settings.toolkits, made_by="make toolkits"),
        Toolkit(name="nemo-curator", module="of_nemo_curator", python=settings.toolkits, made_by="make toolkits"),
        Toolkit(name="dclm", module="of_gristmill", python=ours),
        Toolkit(name="c4", module="of_gristmill", python=ours),
    )


def run(toolkit: Toolkit, texts: Path, settings: Settings) -> dict[str, Any]:
    """The toolkit's answer (see `peers/loop.py`), or `missing` and why there is none.

    Raises:
        GristmillError: it is there and failed; the last lines of what it printed say why.
    """
    if toolkit.python is None:
        return {"missing": "left out by --ours-only"}
    if not toolkit.python.is_file():
        return {"missing": f"no {toolkit.python.name} at {toolkit.python.parent}: {toolkit.made_by}"}
    notice(f"{toolkit.name}: measuring")
    told, answer = (settings.output / f"{toolkit.name}.{what}.json" for what in ("settings", "answer"))
    asked = {
        "toolkit": toolkit.name,
        "module": toolkit.module,
        "folder": str(toolkit.folder),
        "texts": str(texts.resolve()),
        "runs": settings.runs,
        "batch": BATCH,
        "disagree": settings.disagree,
        "answer": str(answer.resolve()),
    }
    told.write_bytes(orjson.dumps(asked))
    environment = {"PYTHONPATH": str(CHECKOUT) if toolkit.python == Path(sys.executable) else ""}
    command = [str(toolkit.python), "-P", str(LOOP), str(told)]
    watch(command, log=settings.output / f"{toolkit.name}.log", environment=environment, tick=lambda: None)
    return orjson.loads(answer.read_bytes())
