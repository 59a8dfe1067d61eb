"""The card of a dataset, from its manifest alone: the same manifest gives the same text, and no number is from anywhere else."""

from typing import Any

from pipeline.publishing.card_funnel import funnel_section
from pipeline.publishing.card_origin import (
    limits_section,
    origin_section,
    personal_section,
    reproduce_section,
    terms_section,
)
from pipeline.publishing.card_recipe import recipe_section
from pipeline.publishing.front_matter import DATA_FILES, front_matter
from pipeline.publishing.markdown import code, fenced, plain, table
from pipeline.publishing.meanings import column_meaning
from pipeline.sizes import bytes_text


def title(manifest: dict[str, Any]) -> str:
    """What the publisher calls the dataset, else source and recipe."""
    return manifest["release"].get("title") or f"{manifest['source']} ({manifest['recipe']})"


def make_card(manifest: dict[str, Any]) -> bytes:
    """README.md as the Hub shows it."""
    sections = (
        f"# {plain(title(manifest))}",
        _summary(manifest),
        _numbers(manifest),
        f"## How to load it\n\n{_loading(manifest)}",
        f"## Columns\n\n{_columns(manifest)}",
        funnel_section(manifest),
        recipe_section(manifest),
        origin_section(manifest),
        reproduce_section(manifest),
        personal_section(manifest),
        limits_section(manifest),
        terms_section(manifest, title(manifest)),
    )
    return (front_matter(manifest, title(manifest)) + "\n" + "\n\n".join(filter(None, sections)) + "\n").encode()


def _summary(manifest: dict[str, Any]) -> str:
    numbers = manifest["funnel"]
    found = ["near-duplicates"] if manifest["duplicates"] else []
    if any(step.startswith("copies-") for step in manifest["steps"]):
        found.insert(0, "copies")
    dedup = f", freed of {' and '.join(found)} across all of them" if found else ""
    return (
        f"The text of {numbers['kept']:,} web pages, extracted from {manifest['files']:,} archive files of a web crawl, "
        f"measured, and chosen by the rules of the recipe {code(manifest['recipe'])}{dedup}. It is meant for training "
        "language models. Every record of the archives is accounted for below: "
        f"of {numbers['records']:,}, {_share(numbers['kept'], numbers['records'])} stay."
    )


def _share(count: int, whole: int) -> str:
    return f"{count / whole:.1%}" if whole else "none"


def _numbers(manifest: dict[str, Any]) -> str:
    numbers, languages = manifest["funnel"], manifest["languages"]
    rows = [
        ("documents", f"{numbers['kept']:,}"),
        *([("tokens", f"{numbers['tokens']:,}")] if numbers["tokens"] else []),
        ("characters", f"{numbers['chars']:,}"),
        ("shards", f"{len(manifest['shards']):,}"),
        ("size, Parquet with Zstandard", bytes_text(sum(shard["bytes"] for shard in manifest["shards"]))),
    ]
    if languages:
        most = list(languages.items())
        told = ", ".join(f"{plain(name)} {count:,}" for name, count in most[:12])
        rows.append(("documents by language", told + (f" and {len(most) - 12} more" if len(most) > 12 else "")))
    if manifest["dates"]:
        first, last = (plain(date) for date in manifest["dates"])
        rows.append(("pages fetched", f"{first} to {last}"))
    if "version" in manifest["release"]:
        rows.append(("version", code(manifest["release"]["version"])))
    return table(("", "this dataset"), rows, "lr")


_LOAD = """from datasets import load_dataset

dataset = load_dataset("{name}", split="train"{revision})
stream = load_dataset("{name}", split="train"{revision}, streaming=True)  # without downloading it first"""

_QUERY = """import duckdb
import pandas as pd
import polars as pl

pl.scan_parquet("{files}").select(pl.col("token_count").sum()).collect()
duckdb.read_parquet("{files}").select("url, text").limit(5).show()
pd.read_parquet("{first}")"""


def _loading(manifest: dict[str, Any]) -> str:
    repo = manifest["release"].get("repo")
    name, folder = (repo, f"hf://datasets/{repo}") if repo else ("path/to/this/folder",) * 2
    revision = f', revision="{manifest["release"]["version"]}"' if repo and "version" in manifest["release"] else ""
    first = manifest["shards"][0]["path"] if manifest["shards"] else DATA_FILES
    load = _LOAD.format(name=name, revision=revision)
    query = _QUERY.format(files=f"{folder}/{DATA_FILES}", first=f"{folder}/{first}")
    return f"{fenced('python', load)}\n\n{fenced('python', query)}"


def _columns(manifest: dict[str, Any]) -> str:
    rows = (
        (code(column["name"]), code(column["type"]), column_meaning(column["name"])) for column in manifest["columns"]
    )
    return table(("column", "type", "meaning"), rows)
