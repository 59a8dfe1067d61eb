"""The YAML at the head of a card: what the Hub lists a dataset under, and what spares `load_dataset` any guessing."""

import re
from typing import Any

import yaml

from pipeline.publishing.markdown import one_line

DATA_FILES = "data/train-*.parquet"
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))
_LARGER = ((10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**10, "1B<n<10B"), (10**11, "10B<n<100B"))
_LARGEST = ((10**12, "100B<n<1T"),)
_DTYPES = {"double": "float64", "float": "float32"}  # where Arrow's names are not those of datasets


def front_matter(manifest: dict[str, Any], title: str) -> str:
    """The block with its two rules. What nobody said (a license) is not there."""
    return f"---\n{yaml.safe_dump(_fields(manifest, title), sort_keys=False, allow_unicode=True, width=10_000)}---\n"


def _fields(manifest: dict[str, Any], title: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"pretty_name": one_line(title)}
    if languages := [code for code in manifest["languages"] or () if _LANGUAGE.fullmatch(code)]:
        fields["language"] = sorted(languages)
    if "license" in manifest["release"]:
        fields["license"] = manifest["release"]["license"]
    return fields | {
        "task_categories": ["text-generation"],
        "size_categories": [size_category(manifest["funnel"]["kept"])],
        "tags": _tags(manifest),
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": DATA_FILES}]}],
        "dataset_info": _dataset_info(manifest),
    }


def size_category(rows: int) -> str:
    """The Hub's name for a number of rows."""
    return next((name for most, name in (*_SIZES, *_LARGER, *_LARGEST) if rows < most), "n>1T")


def _tags(manifest: dict[str, Any]) -> list[str]:
    crawled = any(dump.startswith("CC-MAIN-") for dump in manifest["dumps"])
    return [
        "gristmill",
        "web",
        *(["common-crawl"] if crawled else []),
        *(["deduplicated"] if manifest["duplicates"] else []),
    ]


def _dataset_info(manifest: dict[str, Any]) -> dict[str, Any]:
    rows, size = manifest["funnel"]["kept"], manifest["arrow_bytes"]
    split = {"name": "train", "num_examples": rows} | ({"num_bytes": size} if size is not None else {})
    return {
        "features": [
            {"name": column["name"], "dtype": _DTYPES.get(column["type"], column["type"])}
            for column in manifest["columns"]
        ],
        "splits": [split],
        "download_size": sum(shard["bytes"] for shard in manifest["shards"]),
        **({"dataset_size": size} if size is not None else {}),
    }
