"""What a benchmark is told: on what, how much, with how many workers, and where its results go."""

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PEERS = CHECKOUT / ".venv-peers" / "bin" / "python"
TOOLKITS = CHECKOUT / ".venv-toolkits" / "bin" / "python"
DEDUPERS = CHECKOUT / ".venv-dedupers" / "bin" / "python"
DATA_JUICER = CHECKOUT / ".venv-data-juicer" / "bin" / "python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of `gristmill bench`, checked.

    `pages` is how many at least; `files` into how many archives they go (None: as the benchmark likes). `peers` is the Python
    that has datatrove, or None for ours alone; `also` names recipes to measure besides `fineweb`. `corpus` is a folder of
    archives with a gold file. `toolkits` is the Python that has the filters of dolma and NeMo Curator; `disagree` asks what they
    say besides what they take. `documents`, `words` and `signatures` say how much is made for `dedup`, and `systems` which of
    them run, and of those of `score` (empty: all); `dedupers` is the Python that has daft and text-dedup, `data_juicer` the one
    that has that. `model` is the encoder of `score`. `runs`
    repeats the measurement, of which the median counts. `output` holds the crawl and all runs.
    """

    input: Path | None
    pages: int
    files: int | None
    workers: int
    peers: Path | None
    runs: int
    output: Path
    also: tuple[str, ...] = ()
    corpus: Path | None = None
    toolkits: Path | None = None
    disagree: bool = False
    documents: int = 100_000
    words: int = 200
    signatures: int | None = None
    systems: tuple[str, ...] = ()
    dedupers: Path | None = None
    data_juicer: Path | None = None
    model: Path | None = None


def real_crawl() -> Path | None:
    """The folder of archives of real pages that `GRISTMILL_CORPUS` or the checkout's neighbour `shared/corpus` has, if any."""
    corpus = Path(os.environ.get("GRISTMILL_CORPUS") or CHECKOUT.parent / "shared" / "corpus")
    crawl = corpus / "crawl"
    return crawl if crawl.is_dir() else None
