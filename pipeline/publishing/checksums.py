"""The list of SHA-256 digests that travels with a dataset, in the format that `sha256sum --check` reads."""

import hashlib
from typing import Any

NAME = "SHA256SUMS"


def checksums(manifest: dict[str, Any], manifest_bytes: bytes) -> bytes:
    """One line a file, in the order of their names: shards, what stands beside and describes them, and the manifest itself."""
    listed = (*manifest["shards"], *manifest.get("beside", ()), *manifest["metadata_files"])
    digests = {entry["path"]: entry["sha256"] for entry in listed}
    digests["manifest.json"] = hashlib.sha256(manifest_bytes).hexdigest()
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items())).encode()
