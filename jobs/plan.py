"""`gristmill plan`: what a run would do and take; runs nothing."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table

from jobs.dedup_tables import costs_table
from jobs.options import (
    Against,
    DateColumn,
    IdColumn,
    Input,
    Json,
    Limit,
    Memory,
    Output,
    RecipeName,
    SourceName,
    TextColumn,
    UrlColumn,
    Workers,
)
from jobs.tables import add_columns
from jobs.terminal import emit_json, fail, out, run_verb
from pipeline.errors import GristmillError
from pipeline.sizes import bytes_text

if TYPE_CHECKING:
    from dedup.costs import StepCost
    from jobs.estimate import Estimate
    from jobs.recipe import Recipe
    from jobs.running import Prepared
    from pipeline.quality import Quality


def plan(  # noqa: PLR0913, PLR0917  a verb's options are its parameters
    recipe: RecipeName,
    output: Output = "out",
    input_: Input = None,
    source: SourceName = None,
    limit: Limit = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    url_column: UrlColumn = None,
    date_column: DateColumn = None,
    against: Against = None,
    memory: Memory = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Print the resolved recipe with every bound, the parts that are missing, and the time, memory and disk they would take.

    Without --input and without an earlier run at ROOT, the recipe alone.

    Example: gristmill plan fineweb --input warc.paths.gz --output s3://bucket/run
    """
    from jobs.estimate import estimate
    from jobs.memory import memory_of
    from jobs.running import check_parts, has_run, prepare, row_columns

    try:
        if not input_ and not has_run(output):
            _alone(recipe, json)
            return
        columns = row_columns(text_column, id_column, url_column, date_column)
        bytes_ = memory_of(memory)
        prepared = prepare(
            recipe, input_, output, source=source, limit=limit, columns=columns, against=against, memory=bytes_
        )
        check_parts(*(prepared.recipe.quality.models if prepared.recipe.quality else ()))
        steps = _steps(prepared)
    except GristmillError as error:
        fail(error)
    done: set[str] = steps[0].pop("done_keys")
    missing = sum(part.bytes for part in prepared.source.parts if part.key not in done)
    numbers = estimate(prepared.recipe, prepared.source, missing, workers)
    if json:
        emit_json(
            {
                "recipe": prepared.recipe.name,
                "source": prepared.source.name,
                "files": len(prepared.source.parts),
                "bytes": prepared.source.bytes,
                "steps": steps,
                "estimate": asdict(numbers),
                "index": _index(prepared),
                "deduplication": _cut(prepared),
                "deduplication_steps": [asdict(cost) for cost in _costs(prepared)],
            }
        )
        return
    _print(prepared, steps, numbers)


def _steps(prepared: "Prepared") -> list[dict[str, Any]]:
    from pipeline.receipts import standing

    found: list[dict[str, Any]] = []
    for planned in prepared.steps:
        keys = [part.key for part in planned.parts]
        done, _ = standing(prepared.storage, planned.step.name, planned.fingerprint, prepared.source.name, keys)
        found.append(
            {
                "step": planned.step.name,
                "fingerprint": planned.fingerprint,
                "parts": len(keys),
                "done": len(done),
                "payload": planned.payload,
            }
        )
        if planned.step.name == "ingest":
            found[-1]["done_keys"] = set(done)
    return found


def _alone(name: str, json: bool) -> None:
    from jobs.named_recipes import load_recipe
    from pipeline.identity import canonical

    made, _ = load_recipe(name)
    if json:
        emit_json({"recipe": made.name, "parts": canonical(made)})
        return
    out.print(f"recipe {made.name}", style="bold")
    _print_recipe(made)
    out.print("no input is named, so there is nothing to estimate: name it with --input")


def _print(prepared: "Prepared", steps: list[dict[str, Any]], numbers: "Estimate") -> None:
    made = prepared.recipe
    out.print(f"recipe {made.name} over source {prepared.source.name}", style="bold")
    _print_recipe(made)
    table = Table(
        title=f"{len(prepared.source.parts)} files, {bytes_text(prepared.source.bytes)}", title_justify="left"
    )
    add_columns(table, "step", "fingerprint", right=("parts", "done"))
    for step in steps:
        table.add_row(step["step"], step["fingerprint"], f"{step['parts']:,}", f"{step['done']:,}")
    out.print(table)
    out.print(
        f"about {numbers.pages:,} pages: {numbers.core_hours:,.1f} core-hours, {numbers.seconds / 60:,.1f} minutes here; "
        f"memory at most {bytes_text(numbers.memory_bytes)}, disk about {bytes_text(numbers.disk_bytes)} "
        "(estimates, to a factor of two)",
    )
    index = _index(prepared)
    out.print(
        f"index: {_counted(index['partitions'], 'partition')}; at most {bytes_text(index['memory_bytes'])} a task"
    )
    if prepared.again:
        out.print(prepared.again)
    if cut := _cut(prepared):
        _print_cut(cut, prepared.recipe)
        if costs := _costs(prepared):
            out.print(costs_table(costs))


def _cut(prepared: "Prepared") -> dict[str, int] | None:
    """How the deduplication is cut, and the memory that each of its tasks may take; None without one."""
    from jobs.estimate import extent_of

    made = prepared.recipe.deduplication(extent_of(prepared.source), prepared.against)
    return asdict(made.shape) | {"memory_bytes": prepared.recipe.scale.memory} if made else None


def _index(prepared: "Prepared") -> dict[str, int]:
    """How the index of addresses and ids is cut."""
    (index,) = (step.step for step in prepared.steps if step.step.name == "index")
    return {"partitions": index.partitions, "memory_bytes": prepared.recipe.cut_by.memory}


def _costs(prepared: "Prepared") -> "tuple[StepCost, ...]":
    """What each step of the deduplication takes, were every page kept; nothing without one."""
    from dedup.costs import costs
    from jobs.estimate import extent_of

    made = prepared.recipe.deduplication(extent_of(prepared.source))
    return costs(made, span=prepared.recipe.span(extent_of(prepared.source))) if made else ()


def _print_cut(cut: dict[str, int], made: "Recipe") -> None:
    most = f"at most {bytes_text(cut['memory_bytes'])} a task"
    if made.exact:
        out.print(f"exact copies: {_counted(cut['copies'], 'partition')} of keys; {most}")
        _print_levels("levels of merging of exact copies", cut, ("dealt", "found"))
    if made.minhash is None:
        return
    merged = f", {cut['merged']} parts merged to one before" if cut["merged"] > 1 else ""
    out.print(
        f"near-duplicates: {_counted(cut['ranges'], 'range')} of keys in each band{merged}, "
        f"{_counted(cut['joins'], 'partition')} of components, {_counted(cut['elections'], 'election')}; "
        f"{most}",
    )
    _print_levels("levels of merging", cut, ("ranged", "routed", "gathered", "answers"))


def _print_levels(what: str, cut: dict[str, int], names: tuple[str, ...]) -> None:
    if levels := [f"{name} ({cut[name]:,})" for name in names if cut[name] > 1]:
        out.print(f"{what}, with the groups that they deal to: {', '.join(levels)}")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _print_recipe(made: "Recipe") -> None:
    for item in (*made.ingest, *made.measures, *made.repeats):
        out.print(f"  {item}")
    table = Table(title="A page is dropped if", title_justify="left")
    add_columns(table, "signal", "", "reason")
    for rule in made.all_rules:
        table.add_row(rule.signal, f"{rule.op} {rule.value}", rule.reason)
    out.print(table)
    if made.quality:
        _print_quality(made.quality)
    survival = made.survival if made.minhash or made.exact or made.repeats or made.removals else None
    for item in (*made.exact, made.minhash, survival, *made.removals, *made.transforms, made.tokens):
        if item is not None:
            out.print(f"  {item}")


def _print_quality(quality: "Quality") -> None:
    of = "all documents past the gates" if quality.after == "ingest" else "what deduplication leaves"
    share = f"on GPUs where Ray has some, {quality.gpus:g} of one a process, else by the workers"
    for model in quality.models:
        out.print(f"  {model.column}, of {of}, {share}: {model}")
    if quality.ensemble:
        out.print(f"  {quality.ensemble}")


if __name__ == "__main__":
    run_verb(plan)
