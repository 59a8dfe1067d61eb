"""The runs that stand on one another at a ROOT: the last one, and before it those that it is compared with."""

from collections.abc import Iterator
from dataclasses import replace

from pipeline.errors import InputError
from pipeline.runs import OpenRun, ReleaseRecord, open_run_of, run_ids
from pipeline.storage import open_storage


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


def is_finished(run: OpenRun) -> bool:
    """Whether all of a run was done, up to its dataset."""
    last = run.step("pack")
    return last is not None and run.is_sealed(last)


def release_now(release: ReleaseRecord) -> OpenRun:
    """The run that a release is now: after a takedown at its ROOT it is the last finished one of its source there.

    Raises:
        InputError: no run of this source is finished there.
    """
    storage = open_storage(release.root)
    there = run_ids(storage)
    names = [release.run] if release.run in there else []
    for name in (*names, *reversed(there)):
        run = open_run_of(storage, name)
        if run.record.source.split("/")[-2] == release.source and is_finished(run):
            return run
    raise InputError(
        f"{release.root}: no run of {release.source}, which the last run here is compared with, is finished there any more; "
        "finish it first"
    )


def compared_with_what_is(run: OpenRun) -> OpenRun:
    """The run as one compared with what its releases at other ROOTs are now."""
    here = run.storage.location
    releases = tuple(
        each if each.root == here else replace(each, run=release_now(each).record.id) for each in run.record.releases
    )
    return OpenRun(run.storage, replace(run.record, releases=releases))
