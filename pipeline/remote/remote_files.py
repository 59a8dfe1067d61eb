"""Which files remote inputs name, and how large and which version each is, in as few requests as that takes.

Buckets are listed, 1,000 files a request. Single files, and those of web servers, which cannot be listed, are asked for one by
one.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import obstore

from pipeline.errors import InputError, RecipeError
from pipeline.inputs import remote_errors
from pipeline.remote.hub import HubAddress
from pipeline.remote.listing import PAGE, Entry, entries, entry_of
from pipeline.remote.retries import retrying
from pipeline.remote.stores import BUCKETS, HUB, WEB, place_of
from pipeline.storage_errors import shown

REQUESTS_AT_ONCE = 64  # 90,000 files of a web server, each some 50 ms away, in 70 s
LIST_FROM = 8  # files of one folder, from which on listing it takes fewer requests
LIST_MOST = 20  # names read of a folder for each one wanted: after that it is too full to be worth it
WILD = "*?["

Pick = Callable[[Sequence[str]], list[str]]


@dataclass(frozen=True, slots=True)
class Found:
    """An input file: where it is, the folder below which its logical name stands, and what is known of it already."""

    location: str
    base: str = ""
    entry: Entry | None = None


def check_address(location: str) -> None:
    """Refuses an address with a secret in it: a run keeps the addresses of its inputs, and publishes them.

    Raises:
        RecipeError: it holds a user, a password or a query.
    """
    host = location.partition("://")[2].partition("/")[0]
    if "@" in host or (location.startswith(WEB) and "?" in location):
        raise RecipeError(
            f"--input {shown(location)}: an address with credentials or a query (a presigned one) would be kept with the run; "
            "name the file by its plain address and give credentials by environment variables"
        )


def expand(entry: str, pick: Pick) -> Iterator[Found]:
    """The files that a remote input names: itself, those below a prefix that ends in `/`, or those that a pattern matches.

    `pick` chooses among the names in a folder.

    Raises:
        InputError: there is no such file.
    """
    if entry.startswith(HUB):
        yield from _of_hub(HubAddress.parse(entry), pick)
    elif entry.startswith(BUCKETS) and (entry.endswith("/") or any(sign in entry for sign in WILD)):
        yield from _of_bucket(entry, pick)
    elif entry.startswith(WEB) and ((entry.endswith("/") and "//" in entry[:-2]) or "*" in entry):
        raise InputError(
            f"{entry}: a web server cannot be asked what it has; name its files, or a list of them (*.paths)"
        )
    else:
        yield Found(entry)


def _of_bucket(entry: str, pick: Pick) -> Iterator[Found]:
    anchor = anchor_of(entry)
    place = place_of(anchor)
    bucket = anchor[: len(anchor) - len(place.key)]
    with remote_errors(entry):
        there = list(entries(place.store, place.key, place.where, place.budget))
    chosen = _chosen(there, entry[len(bucket) :], place.key, pick)
    if not chosen:
        raise InputError(f"{entry}: {_nothing(entry)}")
    yield from (Found(bucket + each.key, anchor, each) for each in chosen)


def _of_hub(address: HubAddress, pick: Pick) -> Iterator[Found]:
    anchor = anchor_of(address.path) if any(sign in address.path for sign in WILD) else address.path
    there = dict(replace(address, path=anchor.rstrip("/")).files())
    by_key = {entry.key: location for location, entry in there.items()}
    if address.path in by_key:
        chosen = [entry for entry in there.values() if entry.key == address.path]
    else:
        chosen = _chosen(list(there.values()), address.path, anchor, pick)
    if not chosen:
        raise InputError(f"{address}: {_nothing(address.path)}")
    for entry in chosen:
        location = by_key[entry.key]
        yield Found(location, location[: len(location) - len(entry.key)], entry)


def _chosen(there: Sequence[Entry], pattern: str, anchor: str, pick: Pick) -> list[Entry]:
    if pattern != anchor:
        return [each for each in there if matches(each.key.split("/"), pattern.split("/"))]
    picked = set(pick([each.key for each in there]))
    return [each for each in there if each.key in picked]


def _nothing(entry: str) -> str:
    return "matches no file" if any(sign in entry for sign in WILD) else "no archive, Parquet or JSON lines below it"


def anchor_of(pattern: str) -> str:
    """The folder below which all that `pattern` can match must be, with its `/`."""
    first = (
        min(at for sign in WILD if (at := pattern.find(sign)) >= 0) if any(s in pattern for s in WILD) else len(pattern)
    )
    return pattern[: pattern.rfind("/", 0, first) + 1]


def matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the segments of a path match those of a pattern; `**` stands for any number of them, none included."""
    if not pattern or not path:
        return not path and all(segment == "**" for segment in pattern)
    if pattern[0] == "**":
        return matches(path, pattern[1:]) or matches(path[1:], pattern)
    return fnmatchcase(path[0], pattern[0]) and matches(path[1:], pattern[1:])


def describe(locations: Sequence[str]) -> dict[str, Entry]:
    """Size and tag of remote files by location.

    Raises:
        InputError: one is not there.
    """
    folders: dict[str, list[str]] = {}
    for location in locations:
        if location.startswith(BUCKETS):
            folders.setdefault(location.rpartition("/")[0] + "/", []).append(location)
    full = {folder: names for folder, names in folders.items() if len(names) >= LIST_FROM}
    known: dict[str, Entry] = {}
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        for listed in pool.map(_listed, full, full.values()):
            known |= listed
        rest = [location for location in locations if location not in known]
        known |= zip(rest, pool.map(_asked, rest), strict=True)
    return known


def _listed(folder: str, wanted: Sequence[str]) -> dict[str, Entry]:
    """What listing the folder tells of the wanted files; perhaps not all, if it is full of others."""
    place = place_of(folder)
    keys = {location[len(folder) - len(place.key) :]: location for location in wanted}
    before = min(keys)[:-1]  # sorts before every wanted name, and after most that do
    known: dict[str, Entry] = {}
    with remote_errors(folder):
        names = entries(place.store, place.key, place.where, place.budget, after=before)
        for seen, entry in enumerate(names):
            if location := keys.get(entry.key):
                known[location] = entry
            if len(known) == len(keys) or seen > PAGE + LIST_MOST * len(keys):
                break
    return known


def _asked(location: str) -> Entry:
    place = place_of(location)
    try:
        with remote_errors(location):
            return entry_of(retrying(place.budget, place.where, lambda: obstore.head(place.store, place.key)))
    except InputError as error:
        hint = " (a folder's address ends in /)" if location.startswith(BUCKETS) and str(error).endswith("file") else ""
        raise InputError(f"{error}{hint}") from error
