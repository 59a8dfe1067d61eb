"""Earlier releases: finished runs whose survivors new documents are compared with, read where they lie.

A finished run leaves an index: the keys and the order of its documents (`minhash`), which of them stay and for which the others
go (`survivors`), and the keys by which documents are copies (`exact-KIND`). The documents of the first release have the source 1,
those of the second 2, and so on; those of this run have 0.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.documents import Mask
from pipeline.errors import StorageError
from pipeline.identity import IDENTITY_IF_CHANGED, NOT_IDENTITY
from pipeline.inspection.reading import pick_rows
from pipeline.receipts import Receipt, SealedReceipts, read_manifest
from pipeline.storage import Storage, open_storage
from pipeline.tables import read_table

Numbers = npt.NDArray[np.uint64]
Small = npt.NDArray[np.int32]

SOURCE_BITS = np.uint64(48)
MOST_RELEASES = (1 << 16) - 1  # a document's number keeps 16 bits for its source

_SOURCE = 24  # bits of a file's number within its source
_ROW_BITS, _FILE, _ROW = np.uint64(24), np.uint64((1 << 24) - 1), np.uint64((1 << 24) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What a finished run over one source left, at `root`. Its identity is `digest`: of what its tables hold.

    `minhash`, `survivors` and `rows` are the paths of manifests; the last is of the step `counted` by, which says how many
    documents each of the `files` has, whose list is at `listed`. A part of the others covers `span` files; `documents` stay.
    `minhash` is empty where near-duplicates are not looked for, and `exact` has the kinds of copies that are, each with the
    manifest of its keys. Of each release that this one was itself compared with, `named` says which of ours that is, from 1,
    or 0 for none.
    """

    name: ClassVar[str] = "release"
    version: ClassVar[int] = 1

    digest: str
    root: str = field(metadata=NOT_IDENTITY)
    source: str = field(metadata=NOT_IDENTITY)
    minhash: str = field(metadata=NOT_IDENTITY)
    survivors: str = field(metadata=NOT_IDENTITY)
    rows: str = field(metadata=NOT_IDENTITY)
    counted: str = field(metadata=NOT_IDENTITY)
    listed: str = field(metadata=NOT_IDENTITY)
    files: int = field(metadata=NOT_IDENTITY)
    span: int = field(metadata=NOT_IDENTITY)
    documents: int = field(metadata=NOT_IDENTITY)
    exact: tuple[tuple[str, str], ...] = field(default=(), metadata=NOT_IDENTITY)
    named: tuple[int, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)


class Bundle(NamedTuple):
    """A part of a release's `minhash`: its place, its receipt and the number of its first file, the source in the bits above."""

    place: int
    receipt: Receipt
    first: int


class OpenRelease:
    """A release being read, as source `number`: each manifest once."""

    def __init__(self, release: Release, number: int) -> None:
        self.release = release
        self._first = number << _SOURCE

    @cached_property
    def storage(self) -> Storage:
        """The ROOT of the release."""
        return open_storage(self.release.root)

    @cached_property
    def _signed(self) -> SealedReceipts:
        return read_manifest(self.storage, self.release.minhash)

    @cached_property
    def _judged(self) -> SealedReceipts:
        return read_manifest(self.storage, self.release.survivors)

    @cached_property
    def _rows(self) -> SealedReceipts:
        return read_manifest(self.storage, self.release.rows)

    @property
    def parts(self) -> int:
        """How many parts `minhash` has."""
        return len(self._signed)

    def bundles(self, start: int = 0, stop: int | None = None) -> Iterator[Bundle]:
        """The parts of `minhash` from place `start` to before `stop`."""
        for place in range(start, self.parts if stop is None else stop):
            yield Bundle(place, self._signed[place], self._first + place * self.release.span)

    def keyed(self, kind: str) -> Iterator[tuple[Receipt, int]]:
        """The parts of `exact-KIND`, each with the number of its first file."""
        manifest = next(path for name, path in self.release.exact if name == kind)
        for place, receipt in enumerate(read_manifest(self.storage, manifest)):
            yield receipt, self._first + place * self.release.span

    def survivors_of(self, documents: Numbers) -> Numbers:
        """Of each of some sorted documents of the release the one that stays for it, which may be itself.

        A document is its own where what stays for it is of a release that is not named beside this one. StorageError where the
        tables do not fit together.
        """
        if not documents.size:
            return documents
        bundle = (documents >> _ROW_BITS & _FILE) // np.uint64(self.release.span)
        places, starts = np.unique(bundle, return_index=True)
        some = zip(places.tolist(), np.split(documents, starts[1:]), strict=True)
        return np.concatenate([self._survivors(place, documents) for place, documents in some])

    def _survivors(self, place: int, documents: Numbers) -> Numbers:
        """The same of documents of one part."""
        told, stays = self._answers(place, ["keep", "survivor"])
        member = (documents >> _ROW_BITS & _FILE).astype(np.int32) - np.int32(place * self.release.span)
        answers = told.take(pa.array(stays.at(member, (documents & _ROW).astype(np.int32))))
        keep = answers["keep"].to_numpy().astype(np.bool_)
        where = f"{self.release.root}: {self._judged[place].files['survivors'].path}"
        if not (keep | answers["survivor"].is_valid().to_numpy()).all():
            raise StorageError(f"{where}: documents with keys for which nothing stays")
        survivor = answers["survivor"].fill_null(0).to_numpy()
        sources = survivor >> SOURCE_BITS
        if sources.max() > len(self.release.named):
            raise StorageError(f"{where}: what stays is said to be in a release that the run does not name")
        ours = np.array([self._first >> _SOURCE, *self.release.named], np.uint64)[sources.astype(np.int64)]
        itself = keep | (ours == 0)
        return np.where(itself, documents, ours << SOURCE_BITS | survivor & np.uint64((1 << 48) - 1))

    def stays(self, place: int) -> "Stays":
        """Which documents of a part stay; StorageError where the tables do not fit together."""
        return self._answers(place, ["keep"])[1]

    def _answers(self, place: int, columns: list[str]) -> tuple[pa.Table, "Stays"]:
        receipt = self._judged[place]
        told = read_table(self.storage, receipt, "survivors", columns)
        counts = self._documents(place)
        if sum(counts) != told.num_rows:
            path = receipt.files["survivors"].path
            raise StorageError(f"{self.release.root}: {path}: {told.num_rows} answers about {sum(counts)} documents")
        return told, Stays(told["keep"].to_numpy().astype(np.bool_), np.array([0, *np.cumsum(counts)]))

    def _documents(self, place: int) -> Sequence[int]:
        """How many documents each file of a part has."""
        if self.release.counted == "rows":
            return read_table(self.storage, self._rows[place], "counted")["rows"].to_pylist()
        first = place * self.release.span
        return [receipt.rows("documents") for receipt in self._rows[first : first + self.release.span]]

    def texts(self, wanted: Numbers) -> Iterator[tuple[int, str]]:
        """The numbers `wanted`, which are sorted, with their documents' texts; StorageError where none were kept."""
        if self.release.counted == "rows":
            raise StorageError(f"{self.release.root}: a deduplication of rows keeps no texts to compare with")
        files, starts = np.unique(wanted >> _ROW_BITS & _FILE, return_index=True)
        for file, some in zip(files.tolist(), np.split(wanted, starts[1:]), strict=True):
            stored = pick_rows(self.storage, self._rows[file], "documents", ["text"], (some & _ROW).tolist())
            yield from zip(some.tolist(), stored["text"].to_list(), strict=True)


@dataclass(frozen=True, slots=True)
class Stays:
    """Which documents of a part stay, file after file, and where each file begins."""

    keep: Mask
    starts: npt.NDArray[np.int64]

    def __call__(self, member: Small, row: Small) -> Mask:
        """For documents at `row` of the `member`-th file; StorageError for one that is not there."""
        return self.keep[self.at(member, row)]

    def at(self, member: Small, row: Small) -> npt.NDArray[np.int64]:
        """Where such documents stand among all of the part; StorageError for one that is not there."""
        there = member < self.starts.size - 1
        there &= self.starts[np.where(there, member, 0)] + row < self.starts[np.where(there, member + 1, 1)]
        if not there.all():
            raise StorageError(f"{np.count_nonzero(~there)} signed documents of a release that it does not have")
        return self.starts[member] + row


def opened(releases: Sequence[Release]) -> list[OpenRelease]:
    """The releases with the numbers of their sources."""
    return [OpenRelease(release, number) for number, release in enumerate(releases, 1)]


def sizes_of(releases: Sequence[Release]) -> tuple[tuple[int, int], ...]:
    """Documents that stay and files of each release, as an `Extent` has them."""
    return tuple((release.documents, release.files) for release in releases)


def is_earlier(documents: Numbers) -> Mask:
    """Which documents are of an earlier release."""
    return documents >> SOURCE_BITS > 0
