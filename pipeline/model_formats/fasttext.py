"""fastText's models: the library takes every size from the file, so each is held against the bytes that are there.

A head that lies would make it allocate what it says, divide by it, or look up rows that do not exist.
"""

from struct import Struct
from typing import NamedTuple

from pipeline.model_formats.fields import Fields, RefusedError

MAGIC, VERSIONS = 793_712_314, (11, 12)
HEAD = Struct("<14id3iqq")
HIERARCHICAL, _LOSSES, _MODELS, SUPERVISED = 1, (1, 2, 3, 4), (1, 2, 3), 3
_MOST_DIM, _MOST_CHARS, _MOST_NGRAMS, _MOST_BUCKETS = 10_000, 100, 20, 1 << 30
_MOST_WORD_BYTES = 1 << 14  # n-grams of a word take its length times `max_chars`
_MOST_COUNT = 10**15  # from where on the tree of labels goes wrong
_CENTROIDS = 256
_BLOCK = 1 << 20
_TYPES = {0: "word", 1: "label"}


class Head(NamedTuple):
    """The first bytes of a file, as `HEAD` unpacks them: the arguments of the training, then the sizes of the dictionary."""

    magic: int
    version: int
    dim: int
    window: int
    epoch: int
    min_count: int
    negatives: int
    word_ngrams: int
    loss: int
    model: int
    buckets: int
    min_chars: int
    max_chars: int
    update_rate: int
    sampling: float
    entries: int
    words: int
    labels: int
    tokens: int
    pruned: int

    @property
    def chars(self) -> int:
        """The longest n-grams of characters: classifiers of version 11 had none, whatever they say."""
        return 0 if self.version == VERSIONS[0] and self.model == SUPERVISED else self.max_chars

    @property
    def hashed(self) -> int:
        """Rows for what is hashed, behind those of words."""
        return self.pruned if self.pruned >= 0 else self.buckets


def check_fasttext(fields: Fields) -> str:
    """What it holds; RefusedError unless its head, dictionary and matrices agree and fill the file."""
    head = _head(fields, supervised=False)
    _check_body(fields, head)
    return f"{head.words:,} words and {head.labels:,} labels in {head.dim} dimensions"


def labels_of(fields: Fields) -> list[str]:
    """The labels of a classifier; RefusedError as `check_fasttext`, and for a model of another kind."""
    return _check_body(fields, _head(fields, supervised=True))


def _check_body(fields: Fields, head: Head) -> list[str]:
    """All that follows the head; the labels."""
    labels = _check_entries(fields, head)
    rows, hashed = head.words + head.hashed, set[int]()
    for _ in range(max(head.pruned, 0)):
        bucket, row = fields.unpack("<ii")
        if not (0 <= bucket < max(head.buckets, 1) and 0 <= row < head.pruned) or bucket in hashed:
            raise RefusedError(f"it says that n-grams in bucket {bucket} have row {row}")
        hashed.add(bucket)
    compressed = fields.unpack("<?")[0]
    if head.pruned >= 0 and not compressed:
        raise RefusedError("its n-grams are pruned, but not compressed")
    _check_matrix(fields, rows, head.dim, compressed=compressed)
    compressed = fields.unpack("<?")[0] and compressed
    _check_matrix(fields, head.labels if head.model == SUPERVISED else head.words, head.dim, compressed=compressed)
    if fields.left:
        raise RefusedError(f"{fields.left:,} bytes follow its last matrix")
    return labels


def _head(fields: Fields, *, supervised: bool) -> Head:
    if fields.size < 8 or fields.unpack("<ii") not in [(MAGIC, version) for version in VERSIONS]:
        raise RefusedError("it is no fastText model")
    fields.back_to(0)
    head = Head(*fields.unpack(HEAD.format))
    if head.model not in _MODELS or (supervised and head.model != SUPERVISED):
        raise RefusedError("it is no classifier of fastText")
    classifier = head.model == SUPERVISED
    bounds = (
        ("dimensions", head.dim, 1, _MOST_DIM),
        ("as its loss", head.loss, min(_LOSSES), max(_LOSSES)),
        ("buckets", head.buckets, 0, _MOST_BUCKETS),
        ("characters in an n-gram", head.max_chars, 0, _MOST_CHARS),
        ("characters at least in an n-gram", head.min_chars, 0, _MOST_CHARS),
        ("words in an n-gram", head.word_ngrams, 0, _MOST_NGRAMS),
        ("entries", head.entries, 1, fields.left // 10),  # a NUL, a count and a kind each
        ("words", head.words, 0 if classifier else 1, head.entries),
        ("labels", head.labels, head.entries - head.words, head.entries - head.words),
        ("tokens", head.tokens, 0, (1 << 63) - 1),
        ("n-grams left", head.pruned, -1, min(fields.left // 8, head.buckets)),
        ("buckets for its n-grams", head.buckets, int(head.chars > 0 or head.word_ngrams > 1), _MOST_BUCKETS),
    )
    for what, number, least, most in bounds:
        if not least <= number <= most:
            raise RefusedError(f"it says {number:,} {what}, which is not from {least:,} to {most:,}")
    if classifier and not head.labels:
        raise RefusedError("it has no labels")
    return head


def _check_entries(fields: Fields, head: Head) -> list[str]:
    """Words first, then labels, which are told: each a text up to a NUL, a count and a kind."""
    block, place, total, labels = b"", 0, 0, list[str]()
    for number in range(head.entries):
        end = block.find(b"\0", place)
        if end < 0 or end + 10 > len(block):
            block, place = block[place:] + fields.take(min(_BLOCK, fields.left)), 0
            end = block.find(b"\0")
        if not 0 <= end - place <= _MOST_WORD_BYTES or end + 10 > len(block):
            raise RefusedError(f"its entry {number:,} has no end")
        count, kind = int.from_bytes(block[end + 1 : end + 9], "little", signed=True), block[end + 9]
        total += count
        if kind != (number >= head.words) or not 0 <= count < _MOST_COUNT or total >= _MOST_COUNT:
            raise RefusedError(f"its entry {number:,} is a {_TYPES.get(kind, 'thing')} with the count {count:,}")
        if kind:
            labels.append(block[place:end].decode("utf-8", "replace"))
        place = end + 10
    fields.back_to(fields.place - (len(block) - place))
    return labels


def _check_matrix(fields: Fields, rows: int, columns: int, *, compressed: bool) -> None:
    """A matrix of exactly this size, as numbers or as codes of a product quantiser."""
    norms = compressed and fields.unpack("<?")[0]
    if (told := fields.unpack("<qq")) != (rows, columns):
        raise RefusedError(
            f"it says that a matrix has {told[0]:,} x {told[1]:,} numbers instead of {rows:,} x {columns:,}"
        )
    if not compressed:
        fields.skip(4 * rows * columns)
        return
    codes = fields.number("<i")
    fields.skip(codes)
    if codes != rows * _check_quantiser(fields, columns):
        raise RefusedError(f"it says that {rows:,} rows have {codes:,} codes")
    if norms:
        fields.skip(rows)
        _check_quantiser(fields, 1)


def _check_quantiser(fields: Fields, columns: int) -> int:
    """How many codes a row has."""
    dim, pieces, width, last = fields.unpack("<4i")
    if dim != columns or width < 1 or pieces != -(-columns // width) or last != columns - (pieces - 1) * width:
        raise RefusedError(
            f"it says that {columns:,} numbers are cut into {pieces:,} of {width:,}, the last of {last:,}"
        )
    fields.skip(4 * _CENTROIDS * columns)
    return pieces
