"""Tells a pickle by its content, whatever it is called: loading one runs whatever its author wrote into it."""

import pickletools
import warnings
from io import BytesIO

from pipeline.model_formats.fields import Fields, RefusedError

_HEAD = 1 << 20  # bytes looked through for a pickle without a header
_MOST_OPCODES = 10_000
# What imports or calls something.
_IMPORTS = {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "REDUCE", "NEWOBJ", "NEWOBJ_EX", "BUILD", "EXT1", "EXT2", "EXT4"}
_CALLS = _IMPORTS | {"PERSID", "BINPERSID"}
_ZIP, _ZIP_END, _ZIP_TAIL = b"PK\x03\x04", b"PK\x05\x06", 22 + (1 << 16)
_BEGINNINGS = {
    _ZIP: "it is a zip archive, as PyTorch's checkpoints are, which hold pickles",
    _ZIP_END: "it is a zip archive, as PyTorch's checkpoints are, which hold pickles",
    b"\x93NUMPY": "it is an array of NumPy, which may hold pickled objects",
    b"\x1f\x8b": "it is compressed, as joblib's pickles are",
    b"BZh": "it is compressed, as joblib's pickles are",
    b"\xfd7zXZ": "it is compressed, as joblib's pickles are",
    b"\x89HDF": "it is an HDF5 file, whose layers may hold code",
    b"\x7fELF": "it is a program",
    b"MZ": "it is a program",
    b"#!": "it is a program",
}


def refuse_pickles(fields: Fields) -> None:
    """RefusedError where the file is a pickle, an archive of such, or a program; it is left at its beginning."""
    head = fields.take(min(fields.size, _HEAD))
    for beginning, what in _BEGINNINGS.items():
        if head.startswith(beginning):
            raise RefusedError(what)
    if len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5:
        raise RefusedError("it is a pickle")
    if _calls(head, cut=fields.size > len(head)):
        raise RefusedError("it is a pickle that calls something")
    fields.back_to(max(0, fields.size - _ZIP_TAIL))
    if _ends_as_zip(fields.take(fields.left)):
        raise RefusedError("a zip archive is behind it, as PyTorch's checkpoints are, which hold pickles")
    fields.back_to(0)


def _calls(head: bytes, *, cut: bool) -> bool:
    """Whether these bytes are those of a pickle, of any protocol, that imports or calls something; `cut`: more follow."""
    calls = False
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes that are none, in bytes that are no text
            for number, (opcode, _, _) in enumerate(pickletools.genops(BytesIO(head))):
                calls = calls or opcode.name in _CALLS
                if opcode.name == "STOP" or number > _MOST_OPCODES:  # no other file is so many of them
                    return calls or opcode.name != "STOP"
    except (ValueError, IndexError, OverflowError) as error:
        return calls and cut and "exhausted" in str(error)
    return calls


def _ends_as_zip(tail: bytes) -> bool:
    """Whether a zip's last record ends these bytes: its comment must go to the end exactly, as it does not by chance."""
    place = tail.rfind(_ZIP_END)
    while place >= 0:
        comment = tail[place + 20 : place + 22]
        if len(comment) == 2 and place + 22 + int.from_bytes(comment, "little") == len(tail):
            return True
        place = tail.rfind(_ZIP_END, 0, place)
    return False
