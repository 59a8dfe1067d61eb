"""Where the records went: read from receipts alone, so it is cheap at any time, also of a run that is not finished."""

from dataclasses import asdict, dataclass, field
from typing import Any

from pipeline.choosing import NAME as CHOOSE
from pipeline.runs import OpenRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """Records in, and each way out. `in_order` below is the order in which a page meets them.

    Of the `near_duplicates`, `in_releases` are of documents of earlier releases, by the names of their sources; of the `copies`,
    `copies_in_releases` are of such, or of documents that went for one. `emptied` had nothing but repeated lines, which were
    taken out.
    """

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
    in_releases: dict[str, int] = field(default_factory=dict[str, int])
    copies_in_releases: dict[str, int] = field(default_factory=dict[str, int])
    emptied: dict[str, int] = field(default_factory=dict[str, int])

    def as_json(self) -> dict[str, Any]:
        """The funnel as a machine reads it; without releases or emptied pages where there are none, as before there were any."""
        later = ("in_releases", "copies_in_releases", "emptied")
        return {name: value for name, value in asdict(self).items() if value or name not in later}

    def conservation(self) -> str | None:
        """None where records = kept + dropped + failed; else what does not add up. Only a complete run can be asked."""
        out = sum(self.failed.values()) + sum(self.gated.values()) + sum(self.dropped.values())
        total = out + sum(self.copies.values()) + self.near_duplicates + sum(self.emptied.values()) + self.kept
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
    read = ingest or run.totals("rows")  # the second where rows are deduplicated without being judged
    copies, pack = _copies(survivors), run.totals("pack")
    last = run.step("pack")
    return Funnel(
        bytes=read.get("bytes", 0),
        types=_group(ingest, "type."),
        records=read.get("rows", 0),
        failed=_group(ingest, "failed."),
        gated=_group(read, "gate."),
        dropped=_group(decide | run.totals(CHOOSE), "dropped."),
        near_duplicates=survivors.get("dropped.near_duplicate", 0),
        copies=copies,
        kept=pack.get("rows", 0),
        tokens=pack.get("tokens", 0),
        chars=pack.get("chars", 0),
        emptied=_group(run.totals("remove-repeats"), "dropped."),
        complete=last is not None and run.is_sealed(last),
        in_releases=_in_releases(run, survivors, "in_release"),
        copies_in_releases=_in_releases(run, survivors, "copies_in_release") if any(copies.values()) else {},
    )


def _in_releases(run: OpenRun, survivors: dict[str, int], counted: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, release in enumerate(run.record.releases, 1):
        name = release.source if release.source not in found else f"{release.source} ({number})"
        found[name] = survivors.get(f"{counted}.{number}", 0)
    return found
