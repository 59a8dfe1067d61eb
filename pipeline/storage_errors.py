"""What storage and Parquet say of a file, in our words: who must act, and on what."""

import errno
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
from obstore.exceptions import BaseError, GenericError, PermissionDeniedError, UnauthenticatedError

from pipeline.errors import StorageError, TransientError

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_ADDRESS = re.compile(r"https?://\S+")
_CREDENTIALS = re.compile(r"//[^/@\s]+@")  # user and password of an address

_PASSING = {408, 409, 429, 500, 502, 503, 504}  # 409: two conditional writes at the same moment, S3 asks to repeat one
_PASSING_CODES = {"SlowDown", "RequestTimeout", "InternalError", "Throttling", "ThrottlingException"}

_NO_CREDENTIALS = (
    "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for a public bucket"
)
_REFUSALS = {
    "SignatureDoesNotMatch": "the secret does not fit the access key, check AWS_SECRET_ACCESS_KEY",
    "InvalidAccessKeyId": "the access key is not known there, check AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL",
    "AccessDenied": "this key may not do it, or there is no key and it is not public",
    "ExpiredToken": "the credentials have expired",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
}
# What the client says where there was no answer: how that is called here, and whether it may pass by itself.
_SILENCES = (
    ("169.254.169.254", _NO_CREDENTIALS, False),  # where a machine of a cloud would find them
    ("BadScheme", "http:// is not allowed, set AWS_ALLOW_HTTP=true for an endpoint without TLS", False),
    ("InvalidCertificate", "the server's certificate is not trusted, name your authority's file in SSL_CERT_FILE", False),
    ("dns error", "no such host", True),
    ("ConnectionRefused", "connection refused", True),
    ("TimedOut", "no answer in time", True),
    ("ConnectionReset", "connection reset", True),
    ("IncompleteBody", "connection cut", True),
    ("error sending request", "connection lost", True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a store did instead of what it was asked: HTTP status and code where it answered, and whether it may pass."""

    status: int | None
    code: str
    words: str
    passing: bool


def trouble_of(error: Exception) -> Trouble:
    """What an error of obstore's means. It has no status of its own: that stands in its text only."""
    text = str(error)
    found, code = _STATUS.search(text), _CODE.search(text)
    name = code.group(1) if code else ""
    for sign, words, passing in _SILENCES:
        if sign in text and (not found or words == _NO_CREDENTIALS):
            return Trouble(None, "", words, passing)
    if not found:
        return Trouble(None, name, first_line(error), type(error) is GenericError and "HTTP error" in text)
    status = int(found.group(1))
    passing = status in _PASSING or name in _PASSING_CODES
    words = " ".join(filter(None, [f"the store answered {status}", name]))
    return Trouble(status, name, words, passing)


@contextmanager
def storage_errors(path: str) -> Generator[None]:
    """Turns what the system says about `path` into our words: who must act, and on what."""
    path = shown(path)
    try:
        yield
    except FileNotFoundError as error:
        if "<Code>NoSuchBucket</Code>" in str(error):
            raise StorageError(f"{path}: {_NO_BUCKET}") from error
        raise StorageError(f"{path}: not there, though a receipt or a user names it") from error
    except PermissionError as error:
        raise StorageError(f"{path}: permission denied") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(f"{path}: disk full; free some space and run the same command again") from error
        raise StorageError(f"{path}: {error.strerror or error}") from error
    except BaseError as error:
        raise _of_a_store(path, error) from error


_NO_BUCKET = "there is no such bucket, create it first or check AWS_ENDPOINT_URL"


def _of_a_store(path: str, error: BaseError) -> StorageError | TransientError:
    trouble = trouble_of(error)
    if trouble.passing:
        return TransientError(f"{path}: {trouble.words}")
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or trouble.status in (401, 403):
        why = _REFUSALS.get(trouble.code)
        return StorageError(f"{path}: permission denied{f': {why}' if why else ''}")
    return StorageError(f"{path}: {_NO_BUCKET if trouble.code == 'NoSuchBucket' else trouble.words}")


@contextmanager
def damage_errors(path: str) -> Generator[None]:
    """Turns what a Parquet reader says of the committed file `path` into one line that names it."""
    try:
        yield
    except pa.ArrowMemoryError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last of a column's name, or its text
        raise StorageError(f"{path} is damaged: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """The first line of what an error says, without secrets; stores and readers say whole pages."""
    return shown((str(error).splitlines() or [type(error).__name__])[0])


def shown(text: str) -> str:
    """Text with addresses as they may be shown and kept: without user, password or query, which may hold a signature."""
    return _ADDRESS.sub(_without_query, _CREDENTIALS.sub("//", text))


def _without_query(found: re.Match[str]) -> str:
    """One expression that looks for the query too would take quadratic time where there is none."""
    place, mark, query = found[0].partition("?")
    return f"{place}?…" if query else place + mark
