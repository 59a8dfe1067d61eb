"""daft: its own MinHash expression and group-by on its own threads; components are joined from the edges in plain Python.

daft has no such deduplication to call. This is its documented way (signature, bands, groups of equal bands), the shortest
that gives documents, with what is fastest for a corpus whose edges fit in memory at the end.
"""

import json
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

# Any: daft is not where a checker of ours could see it.
daft: Any = import_module("daft")
col: Any = daft.col


def smaller(found: dict[int, int], one: int) -> int:
    """The smallest document known of the component of `one`."""
    while (above := found.get(one, one)) != one:
        found[one] = found.get(above, above)
        one = above
    return one


def edges(numbered: Any, told: dict[str, Any]) -> list[tuple[int, int]]:
    """The smallest document of each group of equal bands, with each other document of it."""
    normal = col("text").lower().regexp_replace(r"[^\w\s]", "").regexp_replace(r"\s+", " ")
    count = told["bands"] * told["rows"]
    signed = numbered.select(
        col("number"),
        normal.minhash(num_hashes=count, ngram_size=told["ngram"], hash_function="xxhash64").alias("signature"),
    )
    bands = daft.lit(list(range(told["bands"])))
    cut = signed.select(col("number"), col("signature").chunk(told["rows"]).alias("band"), bands.alias("place"))
    keys = cut.explode("band", "place").select(col("number"), col("band").hash().alias("key"), col("place"))
    grouped = keys.groupby("key", "place").agg(
        col("number").min().alias("first"), col("number").list_agg().alias("all")
    )
    pairs = grouped.explode("all").where(col("first") != col("all")).select("first", "all").to_pydict()
    return list(zip(pairs["first"], pairs["all"], strict=True))


def main() -> None:
    """Reads, signs, groups, joins and writes."""
    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    out = Path(told["output"])
    documents = daft.read_parquet(f"{told['documents']}/*.parquet")
    numbered = documents.with_column("number", col("id").cast(daft.DataType.int64()))
    found: dict[int, int] = {}
    for first, other in edges(numbered, told):
        one, two = sorted((smaller(found, first), smaller(found, other)))
        found[two] = one
    gone = [number for number in found if smaller(found, number) != number]
    removed = daft.from_pydict({"number": gone})
    kept = numbered.join(removed, on="number", how="anti") if gone else numbered
    kept.select("id", "text").write_parquet(str(out / "kept"))
    answer = {"kept": str(out / "kept" / "*.parquet"), "versions": {"daft": version("daft")}}
    (out / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
