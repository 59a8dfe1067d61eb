"""Where the records went: read from receipts alone, so it is cheap at any time, also of a run that is not finished."""

from dataclasses import asdict, dataclass, field
from typing import Any

from pipeline.runs import OpenRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """Records in, and each way out. `in_order` below is the order in which a page meets them."""

    bytes: int
    types: dict[str, int]
    records: int
    failed: dict[str, int]
    gated: dict[str, int]
    dropped: dict[str, int]
    near_duplicates: int
    kept: int
    tokens: int
    complete: bool
    chars: int = field(default=0)
    copies: dict[str, int] = field(default_factory=dict[str, int])

    def as_json(self) -> dict[str, Any]:
        """The funnel as a machine reads it."""
        return asdict(self)

    def conservation(self) -> str | None:
        """None where records = kept + dropped + failed; else what does not add up. Only a complete run can be asked."""
        out = sum(self.failed.values()) + sum(self.gated.values()) + sum(self.dropped.values())
        total = out + sum(self.copies.values()) + self.near_duplicates + self.kept
        return None if total == self.records else f"{self.records} records, but {total} kept, dropped or failed"


def _group(counts: dict[str, int], prefix: str) -> dict[str, int]:
    found = {key.removeprefix(prefix): count for key, count in counts.items() if key.startswith(prefix) and count}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _copies(survivors: dict[str, int]) -> dict[str, int]:
    """Exact copies by what is the same, in the order in which a page meets the passes."""
    found = _group(survivors, "dropped.same_")
    return {f"same_{kind}": found[kind] for kind in ("url", "text") if kind in found}


def funnel(run: OpenRun) -> Funnel:
    """The funnel of a run so far."""
    ingest, decide, survivors = run.totals("ingest"), run.totals("decide"), run.totals("survivors")
    pack = run.totals("pack")
    last = run.step("pack")
    return Funnel(
        bytes=ingest.get("bytes", 0),
        types=_group(ingest, "type."),
        records=ingest.get("rows", 0),
        failed=_group(ingest, "failed."),
        gated=_group(ingest, "gate."),
        dropped=_group(decide, "dropped."),
        near_duplicates=survivors.get("dropped.near_duplicate", 0),
        copies=_copies(survivors),
        kept=pack.get("rows", 0),
        tokens=pack.get("tokens", 0),
        chars=pack.get("chars", 0),
        complete=last is not None and run.is_sealed(last),
    )
