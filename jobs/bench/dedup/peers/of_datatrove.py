"""datatrove's MinHash deduplication: its four stages over Parquet, each as many tasks as it can be cut into."""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.hashing import HashConfig


def stages(told: dict[str, Any]) -> list[tuple[list[Any], int]]:
    """The steps of each stage and how many tasks it is cut into."""
    out, tasks = told["output"], len(list(Path(told["documents"]).glob("*.parquet")))
    config = MinhashConfig(
        hash_config=HashConfig(hash_fc="xxhash", precision=64),
        num_buckets=told["bands"],
        hashes_per_bucket=told["rows"],
        n_grams=told["ngram"],
    )
    reader = ParquetReader(told["documents"], glob_pattern="*.parquet")
    return [
        ([reader, MinhashDedupSignature(f"{out}/signatures", config=config)], tasks),
        ([MinhashDedupBuckets(f"{out}/signatures", f"{out}/buckets", config=config)], told["bands"]),
        ([MinhashDedupCluster(f"{out}/buckets", f"{out}/remove", config=config)], 1),
        ([reader, MinhashDedupFilter(f"{out}/remove"), ParquetWriter(f"{out}/kept")], tasks),
    ]


def main() -> None:
    """Runs all stages, one after the other."""
    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    out = Path(told["output"])
    for number, (pipeline, tasks) in enumerate(stages(told)):
        LocalPipelineExecutor(
            pipeline, tasks=tasks, workers=told["workers"], logging_dir=str(out / "logs" / str(number))
        ).run()
    answer = {"kept": str(out / "kept" / "*.parquet"), "versions": {"datatrove": version("datatrove")}}
    (out / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
