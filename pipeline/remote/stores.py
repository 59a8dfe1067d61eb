"""How a bucket or web server is reached: time-outs, and who retries (not the client: see `pipeline.remote.retries`)."""

import os
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from pipeline.errors import InputError
from pipeline.remote.retries import Budget, budget_of
from pipeline.storage_errors import first_line, shown

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

BUCKETS = ("s3://", "gs://", "az://")
WEB = ("https://", "http://127.0.0.1", "http://localhost")
HUB = "hf://"

_SETTINGS = ("AWS_", "GOOGLE_", "AZURE_", "SSL_CERT_")
_NO_RETRIES: "RetryConfig" = {"max_retries": 0, "retry_timeout": timedelta(minutes=1)}
_TIMES: "ClientConfig" = {
    "connect_timeout": timedelta(seconds=10),
    "read_timeout": timedelta(seconds=60),  # between two pieces of an answer: a stalled connection is a cut one
    "timeout": timedelta(days=2),  # of a whole answer: a WARC is read as fast as its pages are extracted
}


def open_store(url: str, headers: tuple[tuple[str, str], ...] = ()) -> ObjectStore:
    """The store below `url`, the same object each time. Credentials come from the environment, as for every S3 client.

    Raises:
        BaseError, ValueError: `url` is no address, or the environment's settings contradict it.
    """
    settings = tuple(sorted(item for item in os.environ.items() if item[0].startswith(_SETTINGS)))
    return _opened(url, headers, settings)


@lru_cache(maxsize=64)  # each has its own pool of connections
def _opened(url: str, headers: tuple[tuple[str, str], ...], settings: tuple[tuple[str, str], ...]) -> ObjectStore:  # noqa: ARG001
    plain = url.startswith("http://") or os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("true", "1")
    options: ClientConfig = {**_TIMES, "allow_http": plain}
    if headers:
        options["default_headers"] = dict(headers)
    chosen: Any = {"client_options": options, "retry_config": _NO_RETRIES}  # each kind of store has its own overload
    return from_url(url, **chosen)


def split_address(location: str) -> tuple[str, str]:
    """Bucket or host, and the key in it: `s3://bucket/a/b` is (`s3://bucket`, `a/b`)."""
    scheme, _, rest = location.partition("://")
    host, _, key = rest.partition("/")
    return f"{scheme}://{host}", unquote(key) if scheme in ("http", "https") else key


@dataclass(frozen=True, slots=True)
class Place:
    """A remote file: the store and key it has there, what to call it, and the retry budget of its bucket or host."""

    store: ObjectStore
    key: str
    where: str
    budget: Budget


def place_of(location: str) -> Place:
    """The place of a remote input file; InputError where `location` is no address of one."""
    try:
        if location.startswith(HUB):
            from pipeline.remote.hub import HubAddress

            file = HubAddress.parse(location)
            return Place(open_store(*file.store()), file.resolve_path(), location, budget_of(file.endpoint()))
        bucket, key = split_address(location)
        return Place(open_store(bucket), key, shown(location), budget_of(shown(bucket)))
    except (BaseError, ValueError) as error:
        raise InputError(f"{shown(location)}: no address of a file ({first_line(error)})") from error


def budget_for(location: str) -> Budget:
    """The retry budget of the bucket or host that `location` is in."""
    return budget_of(shown(split_address(location)[0]))
