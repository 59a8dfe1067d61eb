"""Messages of protocol buffers, read field by field: numbers, and places of bytes, which are not copied."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.model_formats.fields import RefusedError

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_MOST_VARINT = 10  # bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A message within `data`, from `start` to `stop`."""

    data: bytes | memoryview
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def fields(self) -> "Iterator[tuple[int, int | Message]]":
        """The number and value of each field; RefusedError where they do not fit into the message."""
        place = self.start
        while place < self.stop:
            key, place = self._varint(place)
            field, kind = key >> 3, key & 7
            if kind == _VARINT:
                value, place = self._varint(place)
                yield field, value
                continue
            if kind == _BYTES:
                length, place = self._varint(place)
            elif kind in (_EIGHT, _FOUR):
                length = 8 if kind == _EIGHT else 4
            else:
                raise RefusedError(f"its bytes at {place:,} are no field")
            if field == 0 or length > self.stop - place:
                raise RefusedError(f"its field {field} at {place:,} leads out of its message")
            yield field, Message(self.data, place, place + length)
            place += length

    def _varint(self, place: int) -> tuple[int, int]:
        value = 0
        for shift, here in enumerate(range(place, min(self.stop, place + _MOST_VARINT))):
            byte = self.data[here]
            value |= (byte & 0x7F) << 7 * shift
            if byte < 0x80:
                return value & ((1 << 64) - 1), here + 1
        raise RefusedError(f"its number at {place:,} has no end")

    def numbers(self) -> Iterator[int]:
        """The numbers of a packed field."""
        place = self.start
        while place < self.stop:
            value, place = self._varint(place)
            yield value

    def text(self) -> str:
        """The bytes as text; RefusedError where they are none."""
        try:
            return bytes(self.data[self.start : self.stop]).decode()
        except UnicodeDecodeError as error:
            raise RefusedError(f"its bytes at {self.start:,} are no text") from error

    def messages(self, *wanted: int) -> "Iterator[tuple[int, Message]]":
        """Of the fields those with one of these numbers, which must be messages or text."""
        for field, value in self.fields():
            if field in wanted:
                if isinstance(value, int):
                    raise RefusedError(f"its field {field} is a number, and should be a message")
                yield field, value
