"""`--against ROOT[@SOURCE,…]`: the finished runs that new documents are compared with, checked before anything starts."""

import dataclasses
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from unicodedata import unidata_version

from dedup.exact import Exact, in_order
from dedup.minhash import MinHash
from dedup.releases import MOST_RELEASES, Release
from dedup.survival import Star, Survival
from pipeline.errors import InputError, RecipeError, StorageError
from pipeline.identity import IDENTITY_IF_CHANGED, canonical
from pipeline.receipts import Receipt, SealedReceipts, read_manifest
from pipeline.runs import OpenRun, ReleaseRecord, StepRecord, open_run_of, run_ids
from pipeline.storage import Storage, open_storage
from pipeline.takedown.chain import is_finished, release_now
from pipeline.takedown.tombstones import refuse_unfinished

_NAMED = re.compile(
    r"(?P<root>.+)@(?P<sources>[\w.-]+(,[\w.-]+)*)"
)  # a folder with `@` has a `/` behind it, or ends in `@`


def find_releases(named: Sequence[str], storage: Storage, source: str) -> list[OpenRun]:
    """The finished runs of all `named` in that order, those of one ROOT by the names of their sources.

    Where ROOT is that of the new run, at `storage`, its own `source` is no earlier release.

    Raises:
        RecipeError, InputError: nothing is finished there, or something is named twice.
    """
    found: dict[tuple[str, str], OpenRun] = {}
    for name in named:
        for run in _finished(name, storage, source):
            place = run.storage.location, run.source.name
            if place in found:
                raise RecipeError(f"--against {name}: source {place[1]} of {place[0]} is named twice")
            found[place] = run
    if len(found) > MOST_RELEASES:
        raise RecipeError(f"--against: {len(found)} releases, of which {MOST_RELEASES} can be numbered")
    return list(found.values())


def _finished(name: str, storage: Storage, source: str) -> list[OpenRun]:
    """The finished runs that one `--against` names: of each source the last."""
    match = _NAMED.fullmatch(name)
    root, asked = (match["root"], match["sources"].split(",")) if match else (name, [])
    there = open_storage(root)
    refuse_unfinished(there)
    runs = _by_source(there)
    if there.location == storage.location:
        if source in asked:
            raise RecipeError(f"--against {name}: {source} is the source of this run")
        runs.pop(source, None)
    if not runs:
        raise InputError(
            f"--against {name}: no run{' of another source' if there.location == storage.location else ''} here"
        )
    if unknown := [each for each in asked if each not in runs]:
        raise InputError(f"--against {name}: no run of source {unknown[0]}; there are {', '.join(sorted(runs))}")
    finished = {each: last for each, tried in runs.items() if (last := next(filter(is_finished, tried), None))}
    chosen = asked or sorted(finished)
    unfinished = [each for each in asked or sorted(runs) if each not in finished]
    if unfinished and (asked or not finished):
        raise InputError(
            f"--against {name}: the run of source {unfinished[0]} is not finished; finish it with `gristmill curate` first"
        )
    return [finished[each] for each in chosen]


def _by_source(storage: Storage) -> dict[str, list[OpenRun]]:
    """The runs of each source of a ROOT, the last first."""
    found: dict[str, list[OpenRun]] = {}
    for id_ in reversed(run_ids(storage)):
        run = open_run_of(storage, id_)
        found.setdefault(run.record.source.split("/")[-2], []).append(run)
    return found


def releases_of(
    runs: Iterable[OpenRun], minhash: MinHash | None, survival: Survival, exact: Sequence[Exact] = ()
) -> tuple[Release, ...]:
    """The runs as the deduplication reads them; RecipeError where one was made in another way, saying which."""
    runs = list(runs)
    if runs and minhash is None and not exact:
        raise RecipeError("--against: this recipe looks for no near-duplicates and no exact copies")
    wanted = _Wanted(minhash, survival, in_order(exact), tuple(map(_place, runs)))
    return tuple(_release(run, wanted) for run in runs)


class _Wanted(NamedTuple):
    """What is looked for in releases, and where each of these is."""

    minhash: MinHash | None
    survival: Survival
    exact: tuple[Exact, ...]
    places: tuple[tuple[str, str], ...]


def _place(run: OpenRun) -> tuple[str, str]:
    return run.storage.location, run.source.name


def records_of(runs: Iterable[OpenRun]) -> tuple[ReleaseRecord, ...]:
    """What the new run's record keeps of its releases."""
    return tuple(ReleaseRecord(run.storage.location, run.source.name, run.record.id) for run in runs)


def recorded_releases(
    run: OpenRun, minhash: MinHash | None, survival: Survival, exact: Sequence[Exact] = ()
) -> tuple[Release, ...]:
    """What a run was compared with, as `releases_of`.

    Where a takedown has put another run in the place of one, it is this, with the identity of the one that the run's steps
    name.

    Raises:
        InputError: one has gone.
        StorageError: a record is damaged.
    """
    now = [release_now(each) for each in run.record.releases]
    there, told = releases_of(now, minhash, survival, exact), _recorded_digests(run)
    return tuple(
        release if found.record.id == recorded.run else dataclasses.replace(release, digest=digest)
        for release, found, recorded, digest in zip(there, now, run.record.releases, told, strict=True)
    )


def _recorded_digests(run: OpenRun) -> list[str]:
    """The identities of its releases that the steps of a run have."""
    stages: list[Mapping[str, Any]] = [payload["stage"] for payload in run.record.payload.values()]
    against = next((stage["against"] for stage in stages if stage.get("against")), ())
    return [release["digest"] for release in against]


def _release(run: OpenRun, wanted: _Wanted) -> Release:
    where = f"--against {run.storage.location}@{run.source.name}"
    judged, counted = run.step("survivors"), run.step("ingest") or run.step("rows")
    signed = run.step("minhash") if wanted.minhash else None
    if judged is None or counted is None or (wanted.minhash and signed is None):
        raise RecipeError(f"{where}: that run looked for no near-duplicates, so it is no index")
    _refuse_others(run, wanted, counted.name, where)
    answers = _receipts(run, judged, where, "survivors", "kept")
    signatures = _receipts(run, signed, where, "bands") if signed else []
    keys = {each.by: run.manifest(_keyed(run, each, where)) for each in wanted.exact}
    keyed = [_receipts(run, _keyed(run, each, where), where, "same", "keys") for each in wanted.exact]
    for receipts, what in ((signatures, "signed"), *((each, "keyed") for each in keyed)):
        if (signed or what == "keyed") and len(receipts) != len(answers):
            raise InputError(f"{where}: {len(receipts)} parts are {what} and {len(answers)} judged")
    return Release(
        digest=_digest(signatures, answers, *keyed),
        root=run.storage.location,
        source=run.source.name,
        minhash=run.manifest(signed) if signed else "",
        survivors=run.manifest(judged),
        rows=run.manifest(counted),
        counted=counted.name,
        listed=run.record.source,
        files=len(run.source.parts),
        span=judged.span,
        documents=sum(receipt.counts["kept"] for receipt in answers),
        exact=tuple(keys.items()),
        named=tuple(map(_named(wanted), run.record.releases)) if wanted.exact else (),
    )


def _named(wanted: _Wanted) -> Callable[[ReleaseRecord], int]:
    """Which of the releases, from 1, a release of one of them is; 0 for none."""
    numbers = {place: number for number, place in enumerate(wanted.places, 1)}
    return lambda each: numbers.get((each.root, each.source), 0)


def _keyed(run: OpenRun, exact: Exact, where: str) -> StepRecord:
    """The step that wrote keys; RecipeError where there is none."""
    step = run.step(f"exact-{exact.by}")
    if step is None:
        raise RecipeError(
            f"{where}: that run took no copies by {exact.by} away, so it has no keys of its pages; run it again with "
            f"such a pass, or leave it out here"
        )
    return step


def _receipts(run: OpenRun, step: StepRecord, where: str, table: str, *counts: str) -> SealedReceipts:
    receipts = read_manifest(run.storage, run.manifest(step))
    for receipt in receipts:
        receipt.check_has(f"{where}: {run.manifest(step)}", table, *counts)
    return receipts


def _refuse_others(run: OpenRun, wanted: _Wanted, counted: str, where: str) -> None:
    """RecipeError where documents were signed, or keys made, in another way."""
    payload = run.record.payload
    try:
        differing = list(_differences(payload["minhash"], wanted.minhash, wanted.survival)) if wanted.minhash else []
        for place, each in enumerate(wanted.exact):
            _keyed(run, each, where)
            differing += _other_keys(payload[f"exact-{each.by}"], each, [before.by for before in wanted.exact[:place]])
    except (AttributeError, KeyError, TypeError) as error:
        raise StorageError(f"{where}: the record of run {run.record.id} is damaged: {error}") from error
    if differing:
        raise RecipeError(f"{where}: made in another way: {'; '.join(differing)}")
    reads_text = isinstance(wanted.survival, Star) and wanted.survival.read_text
    if wanted.minhash and reads_text and counted == "rows":
        raise RecipeError(f"{where}: this rule reads texts, and a deduplication of rows keeps none")


def _other_keys(before: Mapping[str, Any], exact: Exact, passes: Sequence[str]) -> Iterator[str]:
    """In what the keys of a run with the payload `before` are others than those of a pass behind these `passes`."""
    stage: Mapping[str, Any] = before["stage"]
    told, known = _flat(canonical(exact)), _flat(stage["exact"])
    for name in sorted(told.keys() | known.keys()):
        if told.get(name) != known.get(name):
            yield f"copies by {exact.by}: {name} {_shown(told.get(name))} against {_shown(known.get(name))}"
    there: Sequence[str] = stage["documents"].get("passes", [])
    if list(there) != list(passes):
        told_of = [" and ".join(some) or "none" for some in (passes, there)]
        yield f"copies by {exact.by}: behind passes by {told_of[0]} against {told_of[1]}"
    if exact.fold and unidata_version != before["unicode"]:
        yield f"Unicode {unidata_version} against {before['unicode']}"


def _digest(*manifests: Sequence[Receipt]) -> str:
    """16 hexadecimal digits of what all tables of the manifests hold, in order."""
    digest = hashlib.sha256()
    for receipts in manifests:
        for receipt in receipts:
            for table, entry in sorted(receipt.files.items()):
                digest.update(f"{table} {entry.sha256}\n".encode())
    return digest.hexdigest()[:16]


def _differences(before: Mapping[str, Any], minhash: MinHash, survival: Survival) -> Iterator[str]:
    """In what the signatures of a run with the payload `before` are others than these, a few words each."""
    stage: Mapping[str, Any] = before["stage"]
    told, known = _flat(canonical(minhash)), _flat(stage["minhash"])
    for name in sorted(told.keys() | known.keys()):
        default = _DEFAULTS.get(name)
        if (one := told.get(name, default)) != (other := known.get(name, default)):
            yield f"{name} {_shown(one)} against {_shown(other)}"
    if unidata_version != before["unicode"]:
        yield f"Unicode {unidata_version} against {before['unicode']}"
    rule: Mapping[str, Any] = stage.get("survival", {})
    if isinstance(survival, Star) and rule.get("bits") != survival.bits:
        there = f"{rule['bits']} of them" if "bits" in rule else "plain components, which keep none"
        yield f"signatures of {survival.bits} bits against {there}"


def _flat(value: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested names joined by dots; versions of engines are called as their packages."""
    found: dict[str, Any] = {}
    for name, each in value.items():
        if isinstance(each, dict):
            found |= _flat(each, "" if name == "engines" else f"{before}{name}.")
        else:
            found[before + name] = each
    return found


def _shown(value: object) -> str:
    return "none" if value is None else str(value)


# What a payload leaves out where it is as it was before it could be named.
_DEFAULTS = {
    field.name: canonical(field.default)
    for field in dataclasses.fields(MinHash)
    if field.metadata == IDENTITY_IF_CHANGED
}
