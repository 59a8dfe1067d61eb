"""What must never come back, by keyed digests: those who hold a tombstone cannot read what it stands for, nor test a guess.

A digest is BLAKE2b of 128 bits over kind, line feed and value, keyed with 32 random bytes that ROOT makes for itself once. An
address that is wanted is digested and looked for; nothing leads back from what is stored.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.archives.record import Record
from pipeline.column_types import TEXT
from pipeline.errors import StorageError
from pipeline.storable import storable
from pipeline.storage import Storage, open_storage
from pipeline.storage_errors import damage_errors
from pipeline.takedown.hosts import domains_of
from pipeline.takedown.listing import DOMAIN, ID, ROW, URL, bare_id, place_of_row

TAKEN_DOWN = "taken_down"  # the gate that stops such a page, and the reason that counts it
FOLDER = "takedowns"
KEY = f"{FOLDER}/key"
KEY_BYTES = 32
KEY_OF = "key"  # the fact of a takedown that holds a digest of the key it was made with
STONES = ".tombstones.parquet"
TEXT_OF, URL_OF_COPY = "text", "url_of_copy"  # the second is told of and bars nothing: the copy's id does
BARRING = (URL, ID, DOMAIN, ROW, TEXT_OF)
MEETING = "somebody else has just begun a takedown here; nothing was changed, run the same command again"
HASH = "BLAKE2b of 128 bits, keyed with takedowns/key, of kind, line feed and value in UTF-8"

TOMBSTONES = pa.schema(
    [
        pa.field("kind", TEXT, nullable=False),
        pa.field("digest", TEXT, nullable=False),
        pa.field("listed", pa.bool_(), nullable=False),
        pa.field("records", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Tombstone:
    """One thing that is barred: its kind and digest, whether it was listed or is a copy's, and in how many records it was."""

    kind: str
    digest: str
    listed: bool
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Takedown:
    """One takedown: `facts` say when, by which list and scope, and what it began from; `stones` are what it bars."""

    id: str
    facts: dict[str, Any]
    stones: tuple[Tombstone, ...]


def digest_with(key: bytes, kind: str, value: str) -> str:
    """The keyed digest of a value, as 32 hexadecimal digits."""
    text = f"{kind}\n{value}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16, key=key).hexdigest()


class Tombstones:
    """All that the takedowns of a ROOT bar."""

    def __init__(self, key: bytes, takedowns: Sequence[Takedown]) -> None:
        self.key = key
        self.takedowns = tuple(takedowns)
        self._barred: dict[str, set[str]] = {kind: set() for kind in BARRING}
        for takedown in takedowns:
            for stone in takedown.stones:
                if stone.kind in self._barred:
                    self._barred[stone.kind].add(stone.digest)

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that stand for all takedowns there were, so that each makes another run; empty where none was."""
        ids = sorted(takedown.id for takedown in self.takedowns)
        barred = sorted(f"{kind} {digest}" for kind, digests in self._barred.items() for digest in digests)
        return hashlib.sha256("\n".join([*ids, *barred]).encode()).hexdigest()[:16] if ids else ""

    @property
    def has_texts(self) -> bool:
        """Whether a page can be barred by its text, so that it has to be read."""
        return bool(self._barred[TEXT_OF])

    def bars_row(self, file: str, row: int) -> bool:
        """Whether a row of an input file is barred by where it stands."""
        return bool(self._barred[ROW]) and self.has(ROW, place_of_row(file, row))

    def has(self, kind: str, value: str) -> bool:
        """Whether a value of this kind is barred itself."""
        barred = self._barred[kind]
        return bool(barred) and digest_with(self.key, kind, value) in barred

    def bars(self, url: str, record_id: str) -> bool:
        """Whether a page of this address and id is barred, by either of them or a domain."""
        if record_id and self.has(ID, bare_id(record_id)):
            return True
        url = storable(url)  # as lists and tables have it
        if not url:
            return False
        return self.has(URL, url) or (
            bool(self._barred[DOMAIN]) and any(self.has(DOMAIN, domain) for domain in domains_of(url))
        )

    def rows(self, records: Sequence[Record]) -> list[int]:
        """Which of the records are barred by what they are called."""
        return [row for row, record in enumerate(records) if self.bars(record.url, record.record_id)]

    def texts(self, texts: Iterable[str]) -> list[int]:
        """Which of the texts are exact copies of one that was taken down with its copies."""
        return [place for place, text in enumerate(texts) if self.has(TEXT_OF, text)]


def taken_down(storage: Storage, page: str) -> list[dict[str, Any]]:
    """What the takedowns of a ROOT say of an address or record id: when, by which kind of entry, in which scope."""
    known = load_tombstones(storage)
    if known is None:
        return []
    page = storable(page)
    named = {(URL, page), (ID, bare_id(page)), *((DOMAIN, domain) for domain in domains_of(page))}
    digests = {(kind, digest_with(known.key, kind, value)) for kind, value in named}
    digests |= {(URL_OF_COPY, digest) for kind, digest in digests if kind == URL}
    return [
        {
            "takedown": takedown.id,
            "time": takedown.facts["time"],
            "scope": takedown.facts["scope"],
            "by": URL if stone.kind == URL_OF_COPY else stone.kind,
            "listed": stone.listed,
            "records": stone.records,
        }
        for takedown in known.takedowns
        for stone in takedown.stones
        if (stone.kind, stone.digest) in digests
    ]


def key_of(storage: Storage) -> bytes:
    """The key of this ROOT, or a new one that is not kept yet; StorageError where it is damaged."""
    return _kept_key(storage) if storage.exists(KEY) else secrets.token_bytes(KEY_BYTES)


def _kept_key(storage: Storage) -> bytes:
    key = storage.get(KEY)
    if len(key) != KEY_BYTES:
        raise StorageError(
            f"{storage.location}/{KEY} is damaged: {len(key)} bytes instead of {KEY_BYTES}, with which no tombstone holds; "
            "bring it back"
        )
    return key


def key_mark(key: bytes) -> str:
    """What a key is known by, which tells nothing of it."""
    return digest_with(key, KEY_OF, "")


def write_takedown(storage: Storage, takedown: Takedown, key: bytes) -> None:
    """Sets the tombstones of a takedown, made with `key`: from now on they hold. StorageError where another was first."""
    storage.put_new(KEY, key)
    if storage.get(KEY) != key:
        raise StorageError(f"{storage.location}: {MEETING}")
    columns = [[getattr(stone, field.name) for stone in takedown.stones] for field in TOMBSTONES]
    schema = TOMBSTONES.with_metadata({"gristmill": orjson.dumps(takedown.facts).decode()})
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, schema=schema), sink, compression="zstd")
    path, data = f"{FOLDER}/{takedown.id}{STONES}", sink.getvalue().to_pybytes()
    if not storage.put_new(path, data) and storage.get(path) != data:
        raise StorageError(f"{storage.location}: {MEETING}")


def next_id(storage: Storage) -> str:
    """The number of the takedown that may begin now. Of two that begin at once both get it, and one can set its tombstones."""
    ids = [name.removesuffix(STONES) for name in storage.names(FOLDER) if name.endswith(STONES)]
    return f"{max([len(ids), *(int(each) for each in ids if each.isdecimal())]) + 1:06d}"


def read_takedown(storage: Storage, id_: str) -> Takedown:
    """The takedown of this id."""
    path = f"{FOLDER}/{id_}{STONES}"
    data = storage.get(path)
    with damage_errors(path):
        table = pq.read_table(pa.BufferReader(data))
    try:
        facts = orjson.loads((table.schema.metadata or {})[b"gristmill"])
    except (KeyError, orjson.JSONDecodeError) as error:
        raise StorageError(f"{path} is damaged: {error}") from error
    return Takedown(id=id_, facts=facts, stones=tuple(Tombstone(**row) for row in table.to_pylist()))


def load_tombstones(storage: Storage) -> Tombstones | None:
    """All tombstones of a ROOT, None where there are none; one listing where there never was a takedown."""
    names = [name for name in storage.names(FOLDER) if name.endswith(STONES)]
    if not names:
        return None
    if not storage.exists(KEY):
        raise StorageError(f"{storage.location}/{KEY} is gone, without which no tombstone holds; bring it back")
    key, takedowns = _kept_key(storage), [read_takedown(storage, name.removesuffix(STONES)) for name in names]
    if any(takedown.facts.get(KEY_OF, key_mark(key)) != key_mark(key) for takedown in takedowns):
        raise StorageError(
            f"{storage.location}/{KEY} is not the key of the tombstones here, without which none holds; bring it back"
        )
    return Tombstones(key, takedowns)


def unfinished(storage: Storage) -> str | None:
    """The id of the takedown that was interrupted, or None: its tombstones are set, its record is not written."""
    return next(iter(all_unfinished(storage)), None)


def all_unfinished(storage: Storage) -> list[str]:
    """The ids of all such takedowns; of those that this version begins there is one at most."""
    names = storage.names(FOLDER)
    ids = [name.removesuffix(STONES) for name in names if name.endswith(STONES)]
    return [each for each in ids if f"{each}.json" not in names]


def refuse_unfinished(storage: Storage) -> None:
    """StorageError where a takedown was interrupted: until it is completed, nothing else may work here."""
    if (found := unfinished(storage)) is not None:
        raise StorageError(
            f"{storage.location}: the takedown {found} is not finished; `gristmill takedown {storage.location}` completes it"
        )


def stones_known(storage: Storage, digest: str) -> Tombstones | None:
    """The tombstones that a run was planned with, None where there were none, as long as no other takedown has begun.

    Raises:
        StorageError: those of ROOT are others now.
    """
    known = tombstones_at(storage.location, digest) if digest else None
    there = {name.removesuffix(STONES) for name in storage.names(FOLDER) if name.endswith(STONES)}
    if there != {takedown.id for takedown in (known.takedowns if known else ())}:
        raise _others(storage.location)
    return known


@lru_cache(2)
def tombstones_at(location: str, digest: str) -> Tombstones:
    """The same, read once a process, whatever has been begun since."""
    found = load_tombstones(open_storage(location))
    if found is None or found.digest != digest:
        raise _others(location)
    return found


def _others(location: str) -> StorageError:
    return StorageError(f"{location}: the takedowns are not those that this run began with; run the same command again")
