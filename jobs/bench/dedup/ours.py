"""`python -m jobs.bench.dedup.ours SETTINGS.json`: what stands behind `gristmill dedup`, told as the peers are."""

import sys
from importlib.metadata import version
from pathlib import Path

import orjson

from dedup.minhash import MinHash
from dedup.scale import Scale
from dedup.survival import Components, Star
from jobs.deduplicating import HowToDedup, prepare_rows, run_rows
from pipeline.rows.columns import RowColumns


def main() -> None:
    """Deduplicates the documents; the answer says which files of the dataset hold what stays, and seconds by step."""
    told = orjson.loads(Path(sys.argv[1]).read_bytes())
    out = Path(told["output"])
    how = HowToDedup(
        minhash=MinHash(family=told["family"], bands=told["bands"], rows=told["rows"], ngram=told["ngram"]),
        survival=Star() if told["survival"] == "star" else Components(),
        columns=RowColumns(),
        scale=Scale(memory=told["memory"]),
    )
    prepared = prepare_rows([told["documents"]], str(out / "root"), how)
    run_rows(prepared, workers=told["workers"])
    kept = str(out / "root" / "dataset" / "data" / "*.parquet")
    (out / "answer.json").write_bytes(orjson.dumps({"kept": kept, "versions": {"gristmill": version("gristmill")}}))


if __name__ == "__main__":
    main()
