"""The files that stand beside the shards of a dataset, all made from one manifest."""

import hashlib
from typing import Any

import orjson

from pipeline.publishing.card import make_card, title
from pipeline.publishing.checksums import NAME as CHECKSUMS
from pipeline.publishing.checksums import checksums
from pipeline.publishing.croissant import make_croissant
from pipeline.publishing.release import Release

CARD, CROISSANT, MANIFEST = "README.md", "croissant.json", "manifest.json"


def describe(manifest: dict[str, Any], release: Release) -> dict[str, bytes]:
    """Card, Croissant, checksums and manifest of `manifest` as `release` puts it out, by name; the manifest is the last.

    Nothing but the two arguments decides a byte: the same manifest and release give the same files.
    """
    released = {key: value for key, value in manifest.items() if key != "metadata_files"}
    released["release"] = release.to_json()
    texts = {CARD: make_card(released), CROISSANT: make_croissant(released, title(released))}
    released["metadata_files"] = [
        {"path": name, "sha256": hashlib.sha256(text).hexdigest(), "bytes": len(text)} for name, text in texts.items()
    ]
    data = orjson.dumps(released, option=orjson.OPT_INDENT_2)
    return texts | {CHECKSUMS: checksums(released, data), MANIFEST: data}
