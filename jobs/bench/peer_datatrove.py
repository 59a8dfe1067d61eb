"""datatrove's FineWeb recipe as its example builds it, run by a Python that has `datatrove[processing]` and none of our code.

`PYTHON peer_datatrove.py SETTINGS.json` reads `input`, `output`, `workers`, `language_model`, `tokenizer` and writes
`times.json` into `output`: for each stage, when each of its tasks began and ended, and datatrove's own statistics. With `prepare`
it only unpacks the lists that a machine has to have.
What its example does over the network (model, tokenizer, suffix list) is given as files. English alone is kept, text excluded by
a filter is not saved, tokens are counted of what deduplication left: less work than the example does.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    LanguageFilter,
    URLFilter,
)
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import JsonlReader, WarcReader
from datatrove.pipeline.tokens import TokensCounter
from datatrove.pipeline.writers import JsonlWriter, ParquetWriter
from datatrove.utils.hashing import HashConfig
from tldextract import TLDExtract
from trafilatura import extract

# Imported before workers fork their extractors, which have one second to start: on a busy machine none would.
PRELOADED = (extract,)
WARC_FILES = "*.warc.gz"


class TimedExecutor(LocalPipelineExecutor):
    """datatrove's own, writing down when each task began and ended, in the process that ran it."""

    def _run_for_rank(self, rank: int, local_rank: int = 0, node_rank: int = -1) -> Any:
        began = time.time()
        stats = super()._run_for_rank(rank, local_rank, node_rank)
        with self.logging_dir.open(f"times/{rank:05}.json", "wt") as file:
            json.dump([began, time.time()], file)
        return stats


def filter_steps(settings: dict[str, Any]) -> list[Any]:
    """From archives to the texts that the filters keep."""
    language = LanguageFilter(languages=["en"])
    language.model.MODEL_URL = settings["language_model"]  # of this object, which travels to the workers
    urls = URLFilter()
    urls.tldextractor = TLDExtract(suffix_list_urls=(), cache_dir=None)
    return [
        WarcReader(settings["input"], glob_pattern=WARC_FILES, default_metadata={"dump": "bench"}),
        urls,
        Trafilatura(favour_precision=True),
        language,
        GopherRepetitionFilter(),
        GopherQualityFilter(),
        C4QualityFilter(filter_no_terminal_punct=False),
        FineWebQualityFilter(),
        JsonlWriter(f"{settings['output']}/filtered"),
    ]


def stages(settings: dict[str, Any], tasks: int) -> dict[str, tuple[list[Any], int]]:
    """The steps of each stage and how many tasks it is cut into, in order."""
    out = settings["output"]
    hashes = HashConfig(hash_fc="sha1", precision=64)
    minhash = MinhashConfig(hash_config=hashes, num_buckets=14, hashes_per_bucket=8, n_grams=5)
    signing = [JsonlReader(f"{out}/filtered"), MinhashDedupSignature(f"{out}/signatures", config=minhash)]
    writing = [
        JsonlReader(f"{out}/filtered"),
        MinhashDedupFilter(f"{out}/remove"),
        PIIFormatter(),
        TokensCounter(settings["tokenizer"]),
        ParquetWriter(f"{out}/data"),
    ]
    return {
        "filter": (filter_steps(settings), tasks),
        "signatures": (signing, tasks),
        "buckets": ([MinhashDedupBuckets(f"{out}/signatures", f"{out}/buckets", config=minhash)], minhash.num_buckets),
        "clusters": ([MinhashDedupCluster(f"{out}/buckets", f"{out}/remove", config=minhash)], 1),
        "write": (writing, tasks),
    }


def main() -> None:
    """Runs all stages, one after the other."""
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if settings["prepare"]:
        URLFilter().download_data()
        return
    out = Path(settings["output"])
    tasks = len(list(Path(settings["input"]).glob(WARC_FILES)))
    times: dict[str, Any] = {}
    for stage, (pipeline, count) in stages(settings, tasks).items():
        logs = out / "logs" / stage
        TimedExecutor(pipeline, tasks=count, workers=settings["workers"], logging_dir=str(logs)).run()
        times[stage] = {
            "tasks": [json.loads(file.read_text()) for file in sorted((logs / "times").glob("*.json"))],
            "stats": json.loads((logs / "stats.json").read_text(encoding="utf-8")),
        }
    (out / "times.json").write_text(json.dumps(times), encoding="utf-8")


if __name__ == "__main__":
    main()
