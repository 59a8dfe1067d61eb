"""The Croissant description of a dataset: its files with their digests and its records, as search engines and loaders read them.

Follows the Croissant format specification, version 1.1 (MLCommons, 2026); validated by mlcroissant in the tests.
"""

from typing import Any

import orjson

from pipeline.publishing.card_origin import citation
from pipeline.publishing.front_matter import DATA_FILES
from pipeline.publishing.markdown import one_line
from pipeline.publishing.meanings import LICENSES, column_meaning

PARQUET = "application/x-parquet"  # the specification's name for it
_TYPES = {
    "large_string": "sc:Text",
    "string": "sc:Text",
    "double": "sc:Float",
    "int64": "sc:Integer",
    "int32": "sc:Integer",
}
_TERMS = (
    "arrayShape citeAs column containedIn equivalentProperty extract field fileProperty fileObject fileSet format includes "
    "isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate "
    "separator source subField transform"
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{term: f"cr:{term}" for term in _TERMS.split()},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}


def make_croissant(manifest: dict[str, Any], title: str) -> bytes:
    """croissant.json; what nobody said (a license, an address) is not there."""
    release = manifest["release"]
    described = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": one_line(title),
        "description": _description(manifest),
        "citeAs": citation(manifest, title),
        "datePublished": str(manifest["provenance"]["started"])[:10],
        "version": _version(manifest),
        "inLanguage": list(manifest["languages"] or ()),
        "keywords": ["text", "web", "language modelling"],
        "isLiveDataset": False,
        **_stated(release),
        "distribution": [*map(_file, manifest["shards"]), _SHARDS],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "documents",
                "name": "documents",
                "description": "One record a web page.",
                "key": {"@id": "documents/id"},
                "field": [_field(column) for column in manifest["columns"]],
            }
        ],
    }
    return orjson.dumps(described, option=orjson.OPT_INDENT_2) + b"\n"


def _version(manifest: dict[str, Any]) -> str:
    """Semantic versioning, which the format asks for: `v1.0` is 1.0.0, and what has no version has its run's name."""
    version = manifest["release"].get("version")
    if version is None:
        return f"0.0.0+{manifest['run']}"
    numbers = version.removeprefix("v").split(".")
    return ".".join([*numbers, "0", "0"][:3]) if all(map(str.isdecimal, numbers)) and len(numbers) < 4 else version


def _description(manifest: dict[str, Any]) -> str:
    numbers = manifest["funnel"]
    return (
        f"The text of {numbers['kept']:,} web pages out of {numbers['records']:,} records of {manifest['files']:,} archive "
        f"files, chosen by the recipe {one_line(manifest['recipe'])} of Gristmill."
    )


def _stated(release: dict[str, Any]) -> dict[str, str]:
    stated: dict[str, str] = {}
    if license_ := str(release.get("license", "")):
        stated["license"] = LICENSES.get(license_, license_)
    if "repo" in release:
        stated["url"] = f"https://huggingface.co/datasets/{release['repo']}"
    return stated


_SHARDS = {
    "@type": "cr:FileSet",
    "@id": "shards",
    "name": "shards",
    "description": "All shards, in order.",
    "encodingFormat": PARQUET,
    "includes": DATA_FILES,
}


def _file(shard: dict[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": shard["path"],
        "name": shard["path"].rpartition("/")[2],
        "contentUrl": shard["path"],
        "contentSize": f"{shard['bytes']} B",
        "encodingFormat": PARQUET,
        "sha256": shard["sha256"],
    }


def _field(column: dict[str, Any]) -> dict[str, Any]:
    name = column["name"]
    return {
        "@type": "cr:Field",
        "@id": f"documents/{name}",
        "name": name,
        "description": column_meaning(name),
        "dataType": _TYPES.get(column["type"], "sc:Text"),
        "source": {"fileSet": {"@id": "shards"}, "extract": {"column": name}},
    }
