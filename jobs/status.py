"""`gristmill status`: how far a run is, where the records went so far, what is missing."""

from typing import Any

from rich.table import Table

from jobs.options import Json, Root
from jobs.terminal import emit_json, fail, out, run_verb
from pipeline.errors import GristmillError


def status(root: Root, json: Json = False) -> None:
    """Show steps and parts done, and the funnel so far.

    Example: gristmill status out
    """
    from jobs.dedup_tables import is_of_rows, rows_table
    from jobs.tables import funnel_table
    from pipeline.funnel import funnel
    from pipeline.remarks import noticed_in, noticed_lines
    from pipeline.runs import open_run
    from pipeline.storage import open_storage

    try:
        run = open_run(open_storage(root))
        numbers, odd = funnel(run), noticed_in(run)
        steps: list[dict[str, Any]] = [
            {
                "step": step.name,
                "fingerprint": step.fingerprint,
                "parts": len(run.parts(step)),
                "done": len(run.receipts(step.name)),
                "sealed": run.is_sealed(step),
                "seconds": round(
                    sum(receipt.facts.get("seconds", 0.0) for receipt in run.receipts(step.name).values()), 1
                ),
            }
            for step in run.record.steps
        ]
    except GristmillError as error:
        fail(error)
    if json:
        told = {"run": run.record.id, "recipe": run.record.recipe, "steps": steps, "funnel": numbers.as_json()}
        emit_json(told | {"noticed": odd})
        return
    out.print(_steps(f"{run.record.recipe} over {run.source.name}, run {run.record.id}", steps))
    out.print(rows_table(numbers) if is_of_rows(run) else funnel_table(numbers))
    for line in noticed_lines(odd):
        out.print(f"noticed: {line}")


def _steps(title: str, steps: list[dict[str, Any]]) -> Table:
    from jobs.tables import add_columns

    table = Table(title=title, title_justify="left")
    add_columns(table, "step", "fingerprint", right=("done", "worker seconds"))
    for step in steps:
        done = f"{step['done']}/{step['parts']}"
        table.add_row(
            step["step"], step["fingerprint"], done, f"{step['seconds']:,}", style=None if step["sealed"] else "yellow"
        )
    return table


if __name__ == "__main__":
    run_verb(status)
