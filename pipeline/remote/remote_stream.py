"""The body of one GET as a file. After a cut it is taken up again at the byte where it was, so nothing is read twice.

The GET that goes on asks for the rest of the same version (`Range` and `If-Match`): a file that has changed meanwhile is an error
and never a mix of two. From a server that knows no ranges the file comes again from its beginning, and what was read before
must then have the same digest.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import obstore
from obstore.exceptions import BaseError, GenericError, NotSupportedError, PreconditionError

from pipeline.errors import InputError
from pipeline.remote.retries import retrying
from pipeline.remote.stores import Place
from pipeline.storage_errors import storage_errors

CHUNK_BYTES = 1 << 14  # what a cut may lose of what had come


class RemoteStream:
    """Bytes `offset` … `offset + length` of a remote file, or all from `offset` on; `requests` counts the GETs it took."""

    def __init__(self, place: Place, offset: int = 0, length: int | None = None) -> None:
        self.requests = 0
        self._place = place
        self._start = self._at = offset
        self._wanted = length
        self._stop = 0
        self._version: tuple[int, str] | None = None
        self._tag: str | None = None
        self._digest = hashlib.sha256()
        self._rest = b""
        self._chunks: Iterator[Any] | None = None
        retrying(place.budget, place.where, self._connect)  # here, so that a missing file is noticed at once

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; empty at the end."""
        pieces, have = [self._rest], len(self._rest)
        while size < 0 or have < size:
            with storage_errors(self._place.where):
                chunk = retrying(self._place.budget, self._place.where, self._next)
            if not chunk:
                break
            pieces.append(chunk)
            have += len(chunk)
        data = b"".join(pieces)
        cut = len(data) if size < 0 else size
        self._rest = data[cut:]
        return data[:cut]

    def close(self) -> None:
        """Lets go of the connection."""
        self._chunks, self._at, self._stop = None, 0, 0

    def _next(self) -> bytes:
        if self._at >= self._stop:
            return b""
        if self._chunks is None:
            self._connect()
        try:
            chunk = next(self._chunks or iter(()), None)
            if chunk is None:
                raise GenericError("IncompleteBody")
        except BaseError:
            self._chunks = None
            raise
        data = bytes(chunk)[: self._stop - self._at]
        self._digest.update(data)
        self._at += len(data)
        return data

    def _connect(self) -> None:
        """Sends a GET for what is still missing."""
        options: Any = {}
        if self._wanted is not None:
            options["range"] = (self._at, self._start + self._wanted)
        elif self._at:
            options["range"] = {"offset": self._at}
        if self._tag:
            options["if_match"] = self._tag
        try:
            self._chunks = self._get(options)
        except NotSupportedError:  # a server that answers a range with the whole
            options.pop("range")
            self._chunks = self._from_the_beginning(self._get(options))

    def _get(self, options: Any) -> Iterator[Any]:
        self.requests += 1
        try:
            answer = obstore.get(self._place.store, self._place.key, options=options)
        except PreconditionError as error:
            raise InputError(self._changed) from error
        meta = answer.meta
        version = (int(meta["size"]), str(meta["e_tag"] or meta["last_modified"]))
        if self._version not in (None, version):
            raise InputError(self._changed)
        self._version = version
        tag = meta["e_tag"]
        self._tag = tag if tag and not tag.startswith("W/") else None  # a weak tag matches nothing
        self._stop = version[0] if self._wanted is None else min(version[0], self._start + self._wanted)
        return iter(answer.stream(min_chunk_size=CHUNK_BYTES))

    def _from_the_beginning(self, chunks: Iterator[Any]) -> Iterator[bytes]:
        """What stands behind byte `_at` of a whole body; what stands before it must be what was read."""
        start, end, before = self._start, self._at, self._digest.digest()
        again, at = hashlib.sha256(), 0
        for chunk in chunks:
            data = bytes(chunk)
            again.update(data[max(start - at, 0) : max(end - at, 0)])
            behind = data[max(end - at, 0) :]
            at += len(data)
            if at >= end and again.digest() != before:
                raise InputError(self._changed)
            if behind:
                yield behind

    @property
    def _changed(self) -> str:
        return f"{self._place.where}: it changed while it was read; run the same command again"
