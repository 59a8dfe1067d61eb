"""Files a recipe stands on (models, word lists, tokenizers), each named by the SHA-256 of its bytes.

The digest alone is an asset's identity; where a machine finds the file is not. No asset is used before its digest was checked.
Remote ones are fetched once into the cache folder, `$GRISTMILL_CACHE` or `~/.cache/gristmill`, where a file's name is its digest,
so several processes may fetch or build the same one at the same time: whoever is last replaces equal bytes by equal bytes.
"""

import hashlib
import os
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from functools import lru_cache
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import HTTPStore, S3Store

from pipeline.errors import RecipeError, TransientError
from pipeline.identity import NOT_IDENTITY
from pipeline.storage_errors import storage_errors

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SCHEME = re.compile(r"package(?=:)|[a-z][a-z0-9+.-]*(?=://)")

_CHUNK_BYTES = 1 << 20
# The time-out is for the whole answer, and models have gigabytes.
_CLIENT: "ClientConfig" = {"connect_timeout": timedelta(seconds=10), "timeout": timedelta(hours=1)}
_RETRY: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(minutes=2)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file a recipe names by digest. Two assets are equal if their digests are, wherever they lie.

    `location` is a path, `package:PACKAGE/PATH` (a file of an installed package, found without importing it), `https://…` or
    `s3://BUCKET/KEY`; `http://` only for this machine. `obtain` is a sentence on how to get the file, shown where it is missing.
    """

    sha256: str
    name: str = field(metadata=NOT_IDENTITY, compare=False)
    location: str = field(metadata=NOT_IDENTITY, compare=False)
    obtain: str = field(default="", metadata=NOT_IDENTITY, compare=False)

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.sha256):
            raise RecipeError(f"asset {self.name}: {self.sha256!r} is no SHA-256 (64 lower-case hexadecimal digits)")
        if problem := _problem(self.location):
            raise RecipeError(f"asset {self.name}: {self.location!r} {problem}")

    def path(self) -> Path:
        """A local file with exactly this digest; remote ones are fetched at the first call.

        Raises:
            RecipeError: the file is missing, unreadable or has another digest.
            TransientError: the network failed.
            StorageError: the cache folder cannot be written.
        """
        scheme = _scheme(self.location)
        if scheme not in ("", "package"):
            return self._fetched()
        found = _in_package(self.location) if scheme else Path(self.location).expanduser().absolute()
        digest = _digest_of(found) if found else None
        if found is None or digest is None:
            raise RecipeError(self._missing(found))
        self._check(digest, str(found))
        return found

    def _fetched(self) -> Path:
        kept = cache_folder("assets") / self.sha256
        if _digest_of(kept) != self.sha256:
            with storage_errors(str(kept)), _new_file(kept) as file:
                self._check(self._download(file), self.location)
        return kept

    def _download(self, file: IO[bytes]) -> str:
        digest = hashlib.sha256()
        try:
            store, key = _opened(self.location)
            for chunk in obstore.get(store, key).stream(min_chunk_size=_CHUNK_BYTES):
                digest.update(chunk)
                file.write(chunk)
        except (FileNotFoundError, PermissionDeniedError, UnauthenticatedError) as error:
            raise RecipeError(self._missing(None)) from error
        except BaseError as error:
            raise TransientError(f"asset {self.name}: {self.location}: {str(error).splitlines()[0]}") from error
        return digest.hexdigest()

    def _check(self, digest: str, where: str) -> None:
        if digest != self.sha256:
            raise RecipeError(
                f"asset {self.name}: {where} has SHA-256 {digest}, but the recipe names {self.sha256}. {self.obtain}".rstrip()
            )

    def _missing(self, looked_at: Path | None) -> str:
        at = f" ({looked_at})" if looked_at is not None and str(looked_at) != self.location else ""
        return f"asset {self.name} is missing: nothing to read at {self.location}{at}. {self.obtain}".rstrip()


def assets_of(value: Any) -> Iterator[Asset]:
    """Every asset in `value`, a recipe or a part of one: what must be there before anything starts."""
    if isinstance(value, Asset):
        yield value
    elif is_dataclass(value):
        for each in fields(value):
            yield from assets_of(getattr(value, each.name))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from assets_of(each)


def derived(asset: Asset, kind: str, build: Callable[[Path, IO[bytes]], None]) -> Path:
    """A cached file that `build(path of the asset, file to write)` makes from `asset`, built if it is absent or damaged.

    `kind` names the builder and its version, such as `url-hashes-1`: another way to build is another kind. A small file
    under that name holds the digest of what was built, so damage is seen by the next process that asks.
    """
    pointer = cache_folder("derived") / f"{kind}-{asset.sha256}"
    with storage_errors(str(pointer)):
        if known := _pointed_at(pointer):
            return known
        source = asset.path()
        built = cache_folder("assets") / f"building-{uuid4().hex}"
        with _new_file(built) as file:
            build(source, file)
        with built.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        kept = built.replace(built.with_name(digest))
        with _new_file(pointer) as file:
            file.write(digest.encode())
        return kept


def _pointed_at(pointer: Path) -> Path | None:
    digest = pointer.read_text("ascii", "replace") if pointer.is_file() else ""
    kept = cache_folder("assets") / digest
    return kept if _SHA256.fullmatch(digest) and _digest_of(kept) == digest else None


def cache_folder(part: str) -> Path:
    """Where what was fetched or built is kept on this machine."""
    chosen = os.environ.get("GRISTMILL_CACHE")
    return (Path(chosen) if chosen else Path("~/.cache/gristmill")).expanduser().absolute() / part


@contextmanager
def _new_file(target: Path) -> Generator[IO[bytes]]:
    """A file that takes the name `target` only once it is whole; nothing of it is left if writing fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        with unfinished.open("xb") as file:
            yield file
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _digest_of(path: Path) -> str | None:
    """The SHA-256 of a file, None where there is none."""
    try:
        if not path.is_file():
            return None
        known = path.stat()
        return _digest(str(path), known.st_ino, known.st_size, known.st_mtime_ns)
    except PermissionError as error:
        raise RecipeError(f"{path} cannot be read: permission denied") from error


@lru_cache(maxsize=256)  # once per process and file: 0.7 ms a megabyte, and an asset is asked for at every batch
def _digest(path: str, inode: int, size: int, mtime_ns: int) -> str:  # noqa: ARG001  a changed file is another key
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _scheme(location: str) -> str:
    match = _SCHEME.match(location)
    return match[0] if match else ""


def _in_package(location: str) -> Path | None:
    """The file, or None: finding the spec of a top-level package runs none of its code."""
    package, _, inside = location.removeprefix("package:").partition("/")
    try:
        spec = find_spec(package)
    except ValueError:  # a half-initialised module of that name
        return None
    folders = (spec.submodule_search_locations or ()) if spec else ()
    return next((file for folder in folders if (file := Path(folder) / inside).is_file()), None)


def _problem(location: str) -> str | None:
    """What is wrong with a location, before anything is looked for."""
    problem = None
    match _scheme(location):
        case "package":
            problem = _package_problem(location)
        case "s3" if not re.fullmatch(r"s3://[^/]+/.+", location):
            problem = "must be s3://BUCKET/KEY"
        case "http" if not is_this_machine(urlsplit(location).hostname or ""):
            problem = "must be https:// (http:// is for this machine)"
        case "" if not location:
            problem = "names no place"
        case "" | "s3" | "http" | "https":
            pass
        case _:
            problem = "must be a path, package:, https:// or s3://"
    return problem


def _package_problem(location: str) -> str | None:
    package, _, inside = location.removeprefix("package:").partition("/")
    if not package.isidentifier():
        return "must be package:PACKAGE/PATH with the name of a top-level package"
    path = PurePosixPath(inside)
    if not inside or path.is_absolute() or ".." in path.parts or "\\" in inside:
        return "must name a file inside the package"
    return None


def is_this_machine(host: str) -> bool:
    """Whether a host's name or address is that of this machine itself."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _opened(location: str) -> tuple[HTTPStore | S3Store, str]:
    """The store and the key in it."""
    config: ClientConfig = {
        **_CLIENT,
        "allow_http": _scheme(location) != "https",
    }  # S3: where the environment names one
    if _scheme(location) != "s3":
        return HTTPStore.from_url(location, client_options=config, retry_config=_RETRY), ""
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return S3Store(bucket, client_options=config, retry_config=_RETRY), key
