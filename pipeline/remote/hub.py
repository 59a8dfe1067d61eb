"""Files of a dataset on the Hugging Face Hub: `hf://datasets/ORG/NAME[@REVISION]/PATH`.

A revision is resolved to its commit once, and what is read later is of that commit. The token goes to the Hub's own host only:
where the Hub redirects to another, the client leaves it out.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import quote, unquote

from pipeline.errors import InputError, RecipeError, TransientError
from pipeline.remote.listing import Entry

_ADDRESS = re.compile(r"hf://datasets/([^/@]+/[^/@]+)(?:@(refs/(?:convert|pr)/[^/]+|[^/]+))?(?:/(.*))?")


@dataclass(frozen=True, slots=True)
class HubAddress:
    """A file, folder or pattern in a dataset's repository, at a revision (a branch, tag or commit)."""

    repo: str
    revision: str
    path: str

    @classmethod
    def parse(cls, location: str) -> Self:
        """The parts of an `hf://` address; RecipeError where it is none."""
        found = _ADDRESS.fullmatch(location)
        if not found:
            raise RecipeError(f"--input {location}: the address of a dataset is hf://datasets/ORG/NAME[@REVISION]/PATH")
        return cls(found[1], unquote(found[2] or "main"), found[3] or "")

    def __str__(self) -> str:
        return f"hf://datasets/{self.repo}@{quote(self.revision, safe='')}/{self.path}"

    @staticmethod
    def endpoint() -> str:
        """The Hub's own address: HF_ENDPOINT, or huggingface.co."""
        return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")

    def store(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The address below which files are, and the headers to send there."""
        from huggingface_hub import get_token

        token = get_token()
        return self.endpoint(), (("Authorization", f"Bearer {token}"),) if token else ()

    def resolve_path(self) -> str:
        """Where the Hub serves the file's bytes, below its endpoint."""
        return f"datasets/{self.repo}/resolve/{self.revision}/{self.path}"

    def files(self) -> Iterator[tuple[str, Entry]]:
        """Location and entry of every file in the repository's folder `path` (or of the file `path`), of one commit.

        The tag of a file is the digest of its content, so a commit that changes one file changes one part.
        """
        pinned, tree = _tree(self)
        for file in tree:
            tag = file.lfs.sha256 if file.lfs else file.blob_id
            yield str(replace(pinned, path=file.path)), Entry(file.path, file.size, f"oid:{tag}")


def _tree(address: HubAddress) -> tuple[HubAddress, list[Any]]:
    """The address with its revision's commit, and the files there."""
    from httpx import HTTPError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError, RepositoryNotFoundError
    from huggingface_hub.hf_api import RepoFile

    api = HfApi(endpoint=HubAddress.endpoint())
    try:
        commit = api.repo_info(address.repo, repo_type="dataset", revision=address.revision).sha
        pinned = replace(address, revision=str(commit))
        options: Any = {"repo_type": "dataset", "revision": pinned.revision}
        try:
            items = list(api.list_repo_tree(address.repo, address.path or None, recursive=True, **options))
        except EntryNotFoundError:  # no folder: perhaps a file
            items = api.get_paths_info(address.repo, [address.path], **options)
    except RepositoryNotFoundError as error:
        raise InputError(f"{address}: no such dataset, or it is private: set HF_TOKEN") from error
    except HFValidationError as error:
        raise RecipeError(f"--input {address}: {error}") from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            raise InputError(f"{address}: permission denied, check HF_TOKEN") from error
        if status == 404:
            raise InputError(f"{address}: no such revision") from error
        raise TransientError(f"{address}: the Hub answered {status}") from error
    except (HTTPError, OSError) as error:
        raise TransientError(f"{address}: the Hub at {HubAddress.endpoint()} cannot be reached ({error})") from error
    return pinned, [item for item in items if isinstance(item, RepoFile)]
