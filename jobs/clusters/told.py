"""What is told of clusters: values, as `--json` prints them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dedup.comparison import Comparison
from pipeline.inspection.annotation import Piece

SURVIVOR, NEAR_DUPLICATE, EXACT_COPY = "survivor", "near_duplicate", "exact_copy"
COPIES = "copies"  # in place of a rule, where no near-duplicates were looked for
KINDS = {"plain": "same", "removed": "lacks", "mark": "adds", "gap": "not_shown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberTold:
    """A document of a cluster. `chars` are those of its text, `order` its values of the names of the order.

    Of one that was removed: `decided_by` is the name by which the survivor stands before it, `recorded` the similarity to
    the survivor that the run kept, `comparison` both texts beside each other, and `changes` what this one's text has otherwise.
    Of an exact copy that went before, `same` says why (`same_url`, `same_text`) and `copy_of` names what it is one of.
    None where that is not known: of documents of earlier releases there is no text here, and some are too short to compare.
    """

    document: int
    name: str
    record_id: str
    url: str | None
    date: Any
    chars: int | None
    fate: str
    order: dict[str, Any]
    decided_by: str | None = None
    recorded: float | None = None
    same: str | None = None
    copy_of: str | None = None
    comparison: Comparison | None = None
    changes: Sequence[Piece] | None = None

    def as_json(self) -> dict[str, Any]:
        """The member as a machine reads it."""
        changes = None if self.changes is None else [changed_json(piece) for piece in self.changes]
        return {name: value for name, value in asdict(self).items() if name != "changes"} | {"changes": changes}


def changed_json(piece: Piece) -> dict[str, str]:
    """A piece of what changed: words that are the `same`, that this text `lacks` or `adds`, or how many are `not_shown`."""
    return {KINDS[piece.kind]: piece.what if piece.kind == "gap" else piece.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterTold:
    """A cluster: the survivor first, then documents that were `asked` for and as many others of `size` as were wanted."""

    cluster: int
    size: int
    survivor: MemberTold
    removed: Sequence[MemberTold]
    asked: frozenset[int]

    def as_json(self) -> dict[str, Any]:
        """The cluster as a machine reads it."""
        members = [self.survivor, *self.removed]
        told = [each.as_json() | {"asked_for": each.document in self.asked} for each in members]
        return {"cluster": self.cluster, "size": self.size, "members": told}


@dataclass(frozen=True, slots=True, kw_only=True)
class NearTold:
    """A document that shares a band with one it is not similar enough to; `stays` where it has not been removed itself."""

    document: int
    name: str
    stays: bool
    comparison: Comparison | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AloneTold:
    """A document that has no near-duplicate, and those that come nearest. `too_short`: it could not be compared at all."""

    document: int
    name: str
    too_short: bool
    nearest: Sequence[NearTold]

    def as_json(self) -> dict[str, Any]:
        """The document as a machine reads it."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeTold:
    """A large cluster: its survivor's name, and from how many `places` (hosts or files) its first `of` documents are."""

    cluster: int
    size: int
    survivor: str
    places: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AllTold:
    """All clusters, with exact `copies` in them where these were taken away first.

    `sizes` are (documents, how many clusters have as many); `similar` are (from, to, removed documents).
    """

    what: str
    rule: str
    sizes: Sequence[tuple[int, int]]
    largest: Sequence[LargeTold]
    similar: Sequence[tuple[float, float, int]]
    unknown: int
    copies: bool = False

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return sum(count for _, count in self.sizes)

    @property
    def documents(self) -> int:
        """How many documents they have."""
        return sum(size * count for size, count in self.sizes)

    def as_json(self) -> dict[str, Any]:
        """All of it as a machine reads it."""
        counts = {"clusters": self.clusters, "documents": self.documents, "removed": self.documents - self.clusters}
        return counts | {
            "rule": self.rule,
            "sizes": [{"size": size, "clusters": count} for size, count in self.sizes],
            "largest": [asdict(each) for each in self.largest],
            "similarity": [{"from": low, "to": high, "removed": count} for low, high, count in self.similar],
            "similarity_unknown": self.unknown,
        }
