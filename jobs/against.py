"""`--against ROOT[@SOURCE,…]`: the finished runs that new documents are compared with, checked before anything starts."""

import dataclasses
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from unicodedata import unidata_version

from dedup.minhash import MinHash
from dedup.releases import MOST_RELEASES, Release
from dedup.survival import Star, Survival
from pipeline.errors import InputError, RecipeError, StorageError
from pipeline.identity import IDENTITY_IF_CHANGED, canonical
from pipeline.receipts import SealedReceipts, read_manifest
from pipeline.runs import OpenRun, ReleaseRecord, open_run_of, run_ids
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


def releases_of(runs: Iterable[OpenRun], minhash: MinHash | None, survival: Survival) -> tuple[Release, ...]:
    """The runs as the deduplication reads them; RecipeError where one was made in another way, saying which."""
    runs = list(runs)
    if runs and minhash is None:
        raise RecipeError("--against: this recipe looks for no near-duplicates")
    return tuple(_release(run, minhash, survival) for run in runs if minhash is not None)


def records_of(runs: Iterable[OpenRun]) -> tuple[ReleaseRecord, ...]:
    """What the new run's record keeps of its releases."""
    return tuple(ReleaseRecord(run.storage.location, run.source.name, run.record.id) for run in runs)


def recorded_releases(run: OpenRun, minhash: MinHash | None, survival: Survival) -> tuple[Release, ...]:
    """What a run was compared with, as `releases_of`.

    Where a takedown has put another run in the place of one, it is this, with the identity of the one that the run's steps
    name.

    Raises:
        InputError: one has gone.
        StorageError: a record is damaged.
    """
    now = [release_now(each) for each in run.record.releases]
    there, told = releases_of(now, minhash, survival), _recorded_digests(run)
    return tuple(
        release if found.record.id == recorded.run else dataclasses.replace(release, digest=digest)
        for release, found, recorded, digest in zip(there, now, run.record.releases, told, strict=True)
    )


def _recorded_digests(run: OpenRun) -> list[str]:
    """The identities of its releases that the steps of a run have."""
    stages: list[Mapping[str, Any]] = [payload["stage"] for payload in run.record.payload.values()]
    against = next((stage["against"] for stage in stages if stage.get("against")), ())
    return [release["digest"] for release in against]


def _release(run: OpenRun, minhash: MinHash, survival: Survival) -> Release:
    where = f"--against {run.storage.location}@{run.source.name}"
    signed, judged = run.step("minhash"), run.step("survivors")
    counted = run.step("ingest") or run.step("rows")
    if signed is None or judged is None or counted is None:
        raise RecipeError(f"{where}: that run looked for no near-duplicates, so it is no index")
    try:
        differing = list(_differences(run.record.payload["minhash"], minhash, survival))
    except (AttributeError, KeyError, TypeError) as error:
        raise StorageError(f"{where}: the record of run {run.record.id} is damaged: {error}") from error
    if differing:
        raise RecipeError(f"{where}: made in another way: {'; '.join(differing)}")
    if isinstance(survival, Star) and survival.read_text and counted.name == "rows":
        raise RecipeError(f"{where}: this rule reads texts, and a deduplication of rows keeps none")
    signatures, answers = (read_manifest(run.storage, run.manifest(step)) for step in (signed, judged))
    if len(signatures) != len(answers):
        raise InputError(f"{where}: {len(signatures)} parts are signed and {len(answers)} judged")
    for receipt in signatures:
        receipt.check_has(f"{where}: {run.manifest(signed)}", "bands")
    for receipt in answers:
        receipt.check_has(f"{where}: {run.manifest(judged)}", "survivors", "kept")
    return Release(
        digest=_digest(signatures, answers),
        root=run.storage.location,
        source=run.source.name,
        minhash=run.manifest(signed),
        survivors=run.manifest(judged),
        rows=run.manifest(counted),
        counted=counted.name,
        listed=run.record.source,
        files=len(run.source.parts),
        span=signed.span,
        documents=sum(receipt.counts["kept"] for receipt in answers),
    )


def _digest(*manifests: SealedReceipts) -> str:
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
