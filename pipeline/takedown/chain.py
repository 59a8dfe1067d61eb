"""The runs that stand on one another at a ROOT: the last one, and before it those that it is compared with."""

from collections.abc import Iterator

from pipeline.runs import OpenRun, open_run_of


def chain_of(run: OpenRun) -> list[OpenRun]:
    """All runs of the same ROOT that `run` is compared with, however far back, each before those compared with it; `run` last."""
    found: dict[str, OpenRun] = {}
    _add(run, found)
    return list(found.values())


def _add(run: OpenRun, found: dict[str, OpenRun]) -> None:
    for earlier in releases_here(run):
        if earlier is not None and earlier.record.id not in found:
            _add(earlier, found)
    found[run.record.id] = run


def releases_here(run: OpenRun) -> Iterator[OpenRun | None]:
    """The releases of a run in their order; None for one that lives at another ROOT."""
    here = run.storage.location
    for each in run.record.releases:
        yield open_run_of(run.storage, each.run) if each.root == here else None
