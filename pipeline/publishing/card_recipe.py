"""The part of a card that says how the dataset was made: the whole recipe, with every bound."""

from typing import Any

from pipeline.publishing.markdown import code, plain, table
from pipeline.publishing.recipe_tables import (
    ingest_items,
    items_table,
    limits,
    pack_items,
    rules_table,
    stage,
    value_text,
)

_SIMILARITIES = (0.5, 0.6, 0.7, 0.8, 0.9)


def recipe_section(manifest: dict[str, Any]) -> str:
    """Reading and measuring, rules, near-duplicates, last transforms, in the order in which a page meets them."""
    first = (
        f"## How it was made\n\nThe recipe is {code(manifest['recipe'])}. What follows is all of it; `manifest.json` holds the "
        "same for machines, with nothing shortened."
    )
    judged = (_rules(manifest), _exact_copies(manifest), _near_duplicates(manifest))
    judged = (*judged, _scores(manifest), _repeats(manifest))
    sections = (first, _measuring(manifest), *judged, _packing(manifest))
    return "\n\n".join(filter(None, sections))


def _measuring(manifest: dict[str, Any]) -> str:
    items = ingest_items(manifest)
    told = items_table(items) if items else "No gate, measure or transform."
    bounds = "; ".join(f"{plain(name)} {plain(value)}" for name, value in limits(manifest))
    after = f"\n\nLimits of extraction, for each page: {bounds}." if bounds else ""
    return (
        "### Gates, extraction, measures\n\nIn this order. A gate ends what is measured of a page; a measure never judges."
        f"\n\n{told}{after}"
    )


def _rules(manifest: dict[str, Any]) -> str:
    if not manifest["rules"]:
        return "### Rules\n\nNone: what passes the gates stays."
    return (
        "### Rules\n\nThe first that holds names the reason; all that hold are recorded in the run.\n\n"
        f"{rules_table(manifest['rules'])}"
    )


def _scores(manifest: dict[str, Any]) -> str:
    """Which models scored what, and what their scores then decided; nothing where the recipe has none."""
    steps = (step for step in manifest["payload"] if "model" in stage(manifest, step))
    stages = {stage(manifest, step)["model"]["column"]: stage(manifest, step)["model"] for step in steps}
    if not stages:
        return ""
    late = "choose" in manifest["payload"]
    rows = [
        (code(column), code(model["is"]), value_text(model.get("model", "")))
        for column, model in stages.items()
    ]
    what = "what deduplication left" if late else "all documents past the gates"
    told = f"### Quality scores\n\nOf {what}, each rounded to a step of its own.\n\n{table(('column', 'model', 'files'), rows)}"
    return f"{told}\n\nThe rules above that name a score judged only what deduplication had left." if late else told


def share_found(similarity: float, bands: int, rows: int) -> float:
    """The chance that documents of Jaccard `similarity` share one of `bands` bands of `rows` values: 1 - (1 - s^r)^b.

    Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", section 3.4.2.
    """
    return 1 - (1 - similarity**rows) ** bands


def steepest(bands: int, rows: int) -> float:
    """The similarity near which that curve is steepest, (1/b)^(1/r)."""
    return (1 / bands) ** (1 / rows)


_SAME = {
    "url": "the same address: in canonical form, without fragment and parameters that only track visitors",
    "text": "the same text, character for character",
    "folded": "the same text, upper and lower case and white space aside",
}


def _exact_copies(manifest: dict[str, Any]) -> str:
    """Which passes took copies away, and how many; nothing where the recipe has none."""
    copies = manifest["funnel"].get("copies", {})
    known = {kind: stage(manifest, f"exact-{kind}").get("exact") for kind in ("url", "text")}
    rows = [
        (_SAME["folded" if exact["fold"] else kind], f"{copies.get(f'same_{kind}', 0):,}")
        for kind, exact in known.items()
        if exact
    ]
    if not rows:
        return ""
    told = table(("pages are copies by", "removed"), rows, "lr")
    return (
        "### Exact copies\n\nOf all pages that are the same one stays for what follows, chosen like the survivors of "
        f"near-duplicates; the sizes of clusters count the others.\n\n{told}"
    )


def _near_duplicates(manifest: dict[str, Any]) -> str:
    minhash = stage(manifest, "minhash").get("minhash")
    if not minhash or not manifest["duplicates"]:
        return "### Near-duplicates\n\nNot looked for with MinHash."
    bands, rows = minhash["bands"], minhash["rows"]
    counts = manifest["duplicates"]
    shape = [
        ("n-grams", f"{minhash['ngram']} words"),
        ("bands, values in each", f"{bands}, {rows}"),
        ("hash, seed", f"{plain(value_text(minhash['hash']))}, {minhash['seed']}"),
        ("similarity at which the curve is steepest", f"{steepest(bands, rows):.3f}"),
        *((f"pairs found at similarity {each:.1f}", f"{share_found(each, bands, rows):.2%}") for each in _SIMILARITIES),
        ("documents that passed the rules", f"{counts['documents']:,}"),
        ("with a signature (long enough)", f"{counts['signed']:,}"),
        ("matches, a pair once for each band", f"{counts['edges']:,}"),
        ("documents in clusters", f"{counts['clustered']:,}"),
        ("clusters", f"{counts['clusters']:,}"),
        ("removed", f"{counts['removed']:,}"),
    ]
    told = table(("", "value"), shape, "lr")
    return (
        f"### Near-duplicates\n\nMinHash over word n-grams. {_survival(stage(manifest, 'clusters'))} The chance to find a pair "
        f"follows from the shape: 1 - (1 - s^values)^bands for Jaccard similarity s.\n\n{told}"
    )


_PLACES = {
    "release": "the earlier release",
    "score": "the higher score",
    "text_chars": "the longest text",
    "date": "the earliest page",
    "record_id": "the smallest id",
}


def _survival(clusters: dict[str, Any]) -> str:
    """Which of near-duplicates stay, as a sentence."""
    rule = clusters.get("survival", {})
    places = _PLACES | ({"score": f"the higher {code(rule['score'])}"} if "score" in rule else {})
    order = ", then ".join(places[name] for name in rule.get("order", ("text_chars", "date", "record_id")))
    if rule.get("is") == "star":
        return (
            f"A document goes if one before it in the order ({order}) stays, shares a band with it, and has an estimated "
            f"similarity of at least {value_text(rule['similarity'])}: so each that went has a near-duplicate that stayed."
        )
    return f"Documents that share a band form clusters across the whole source. Of each cluster {order} stays."


def _repeats(manifest: dict[str, Any]) -> str:
    """Which repeated lines were taken out of the texts, and how much that was; nothing where the recipe takes none."""
    items = stage(manifest, "remove-repeats").get("removals")
    if not items:
        return ""
    removed = manifest["removed"]
    counted = [
        ("documents with shorter texts", f"{removed['documents']:,}"),
        ("documents of which nothing was left", f"{removed['emptied']:,}"),
        ("characters taken out", f"{removed['chars']:,}"),
    ]
    return (
        "### Repeated lines\n\nTaken out of the texts of what stays where several of these documents have them.\n\n"
        f"{items_table(items)}\n\n{table(('', 'value'), counted, 'lr')}"
    )


def _packing(manifest: dict[str, Any]) -> str:
    items = pack_items(manifest)
    return (
        f"### Last transforms and tokens\n\nApplied to what stays, in this order.\n\n{items_table(items)}"
        if items
        else ""
    )
