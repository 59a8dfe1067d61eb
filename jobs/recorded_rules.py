"""How a run looked for copies and near-duplicates, as its record tells."""

from dataclasses import dataclass
from typing import Any

from dedup.exact import Exact
from dedup.minhash import MinHash
from dedup.survival import Components, Star, Survival
from pipeline.identity import canonical
from pipeline.inspection.answers import passes
from pipeline.nltk_words import NltkEnglish
from pipeline.restoration import is_same, restore
from pipeline.runs import OpenRun

_PARTS = (MinHash, NltkEnglish, Components, Star, Exact)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRules:
    """The rules of a run; `changed` says that this version writes one of them down in another way."""

    minhash: MinHash | None
    survival: Survival
    exact: tuple[Exact, ...]
    changed: bool


def recorded_rules(run: OpenRun) -> RecordedRules:
    """The rules of a run that looks for either; RecipeError where this version does not know what its record says."""
    stage = run.record.payload.get("minhash", {}).get("stage") or _of_copies(run)
    survival = stage.get("survival", canonical(Components()))
    exact = [run.record.payload[f"exact-{kind}"]["stage"]["exact"] for kind in passes(run)]
    told: list[Any] = [stage["minhash"], survival, *exact]
    known = [restore(each, _PARTS) for each in told]
    return RecordedRules(
        minhash=known[0],
        survival=known[1],
        exact=tuple(known[2:]),
        changed=not all(is_same(one, other) for one, other in zip(known, told, strict=True)),
    )


def _of_copies(run: OpenRun) -> dict[str, Any]:
    """The rule of survival of a run that looked for copies alone, as the step `minhash` would have it."""
    kind = passes(run)[0]
    exact, copies = (run.record.payload[f"{step}-{kind}"]["stage"] for step in ("exact", "copies"))
    rule = Components(order=tuple(copies["order"]), score=exact.get("score"))
    return {"minhash": None, "survival": canonical(rule)}
