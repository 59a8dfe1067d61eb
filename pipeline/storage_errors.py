"""What storage and Parquet say of a file, in our words: who must act, and on what."""

import errno
from collections.abc import Generator
from contextlib import contextmanager

import pyarrow as pa
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from pipeline.errors import StorageError, TransientError


@contextmanager
def storage_errors(path: str) -> Generator[None]:
    """Turns what the system says about `path` into our words: who must act, and on what."""
    try:
        yield
    except FileNotFoundError as error:
        raise StorageError(f"{path}: not there, though a receipt or a user names it") from error
    except (PermissionError, PermissionDeniedError, UnauthenticatedError) as error:
        raise StorageError(f"{path}: permission denied") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(f"{path}: disk full; free some space and run the same command again") from error
        raise StorageError(f"{path}: {error.strerror or error}") from error
    except BaseError as error:
        raise TransientError(f"{path}: {first_line(error)}") from error


@contextmanager
def damage_errors(path: str) -> Generator[None]:
    """Turns what a Parquet reader says of the committed file `path` into one line that names it."""
    try:
        yield
    except pa.ArrowMemoryError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise StorageError(f"{path} is damaged: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """The first line of what an error says; stores and readers say whole pages."""
    return (str(error).splitlines() or [type(error).__name__])[0]
