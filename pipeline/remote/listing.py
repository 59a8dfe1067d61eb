"""What lies below a prefix of a bucket, page by page: after a failure listing goes on behind the last name it has seen."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from pipeline.remote.retries import Budget, retrying

PAGE = 1000  # names that S3 sends at a time


@dataclass(frozen=True, slots=True)
class Entry:
    """One object: its key, bytes, and the tag of this version of it."""

    key: str
    bytes: int
    tag: str


def entry_of(meta: Any) -> Entry:
    """The entry of what a store says about an object."""
    return Entry(str(meta["path"]), int(meta["size"]), str(meta["e_tag"] or meta["last_modified"].isoformat()))


def entries(
    store: ObjectStore, folder: str, where: str, budget: Budget, *, after: str | None = None
) -> Iterator[Entry]:
    """Every object below `folder`, at any depth, in the store's order; with `after`, only names behind it."""
    stream: Any = None

    def page() -> Any:
        nonlocal stream
        try:
            stream = stream or obstore.list(store, folder, offset=after, chunk_size=PAGE)
            return next(stream, None)
        except BaseError:
            stream = None
            raise

    while found := retrying(budget, where, page):
        after = str(found[-1]["path"])
        for meta in found:
            yield entry_of(meta)
