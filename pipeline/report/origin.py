"""The end of the report: what the run cost, and what it takes to run it again."""

from collections.abc import Sequence

from pipeline.inspection.frames import bound_text
from pipeline.report.drawing import sign
from pipeline.report.gathering import Gathered
from pipeline.report.markup import Markup, joined, tag
from pipeline.report.tables import DASH, cells, duration, share, size, table


def cost_section(found: Gathered) -> Markup:
    """Each step's parts, time, memory and bytes."""
    rows: list[Sequence[object] | Markup] = []
    whole = float(found.steps["seconds"].sum())
    for step in found.steps.iter_rows(named=True):
        done = f"{step['done']:,}" if step["done"] == step["parts"] else f"{step['done']:,} of {step['parts']:,}"
        rows.append(
            (
                step["step"],
                done,
                duration(step["seconds"]),
                share(step["seconds"], whole),
                size(step["peak_bytes"]) if step["peak_bytes"] else DASH,
                size(step["bytes"]),
                f"{step['rows']:,}",
            )
        )
    written = int(found.steps["bytes"].sum())
    rows.append(
        cells(["all steps", None, duration(whole), None, None, size(written), None], (1, 2, 3, 4, 5, 6), "total")
    )
    return joined(
        tag("p", _speed(found, whole, written), class_="lead"),
        table(["step", "parts", "worker time", "share", "peak memory", "written", "rows"], rows, range(1, 7)),
    )


def _speed(found: Gathered, seconds: float, written: int) -> str:
    numbers = found.funnel
    ingest = sum(found.steps.filter(found.steps["step"] == "ingest")["seconds"].to_list())
    if not numbers.records or not ingest or not numbers.bytes:
        return "Nothing has been done yet."
    return (
        f"{numbers.records / ingest:,.0f} records a second and worker while reading the input; "
        f"{seconds / numbers.records * 1e3:,.1f} ms of worker time a record in all; "
        f"{share(written, numbers.bytes)} of the input's size written."
    )


def origin_section(found: Gathered) -> Markup:
    """Command, versions, fingerprints and rules."""
    record = found.run.record
    origin = record.provenance
    versions = origin.get("versions", {})
    facts = (
        ("run", record.id),
        ("commit", origin.get("commit") or "not from a checkout"),
        ("Python", f"{origin.get('python', '')} on {origin.get('machine', '')}"),
        ("engines", ", ".join(f"{name} {version}" for name, version in versions.items())),
        ("run lives in", found.run.storage.location),
    )
    steps = [(step.name, tag("td", step.fingerprint, class_="code")) for step in record.steps]
    rules = [(rule.reason, rule.signal, f"{sign(rule.op)} {bound_text(rule)}") for rule in record.rules]
    return joined(
        tag(
            "p",
            "The same input, recipe and lock file give the same bytes; a step with the same fingerprint is not run again.",
            class_="lead",
        ),
        tag("pre", _command([str(word) for word in origin.get("argv", [])]), class_="code"),
        tag("dl", [(tag("dt", name), tag("dd", value)) for name, value in facts]),
        tag(
            "details", tag("summary", f"Fingerprints of the {len(steps)} steps"), table(["step", "fingerprint"], steps)
        ),
        tag(
            "details",
            tag("summary", f"All {len(rules)} rules, in order"),
            table(["reason", "signal", "fails if"], rules),
        ),
    )


def _command(argv: Sequence[str]) -> str:
    """The command as it was typed, without the path of the program."""
    if not argv:
        return "(started from Python)"
    program, *words = argv
    verb = program.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".py")
    typed = ["gristmill", *([] if verb == "gristmill" else [verb]), *words]
    return " ".join(f"'{word}'" if not word or set(word) & set(" *?[]()&;|<>$`\"'\\") else word for word in typed)
