"""`gristmill verify`: recompute everything a run claims."""

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from jobs.options import Json, Root
from jobs.terminal import UNFINISHED, emit_json, err, fail, one_line, out, run_verb
from pipeline.errors import GristmillError


def verify(root: Root, json: Json = False) -> None:
    """Recompute every digest, row alignment and the conservation of records; exit code 1 if anything is wrong.

    Example: gristmill verify out
    """
    from pipeline.remarks import noticed_in, noticed_lines
    from pipeline.runs import open_run
    from pipeline.storage import open_storage
    from pipeline.verify import Finding
    from pipeline.verify import verify as check

    checks = 0
    faults: list[Finding] = []
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    try:
        run = open_run(open_storage(root))
        odd = noticed_in(run)
        with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
            task = bar.add_task("")
            for finding in check(run):
                checks += 1
                faults += [finding] if finding else []
                bar.update(task, description=f"{checks:,} checks, {len(faults):,} faults")
    except GristmillError as error:
        fail(error)
    if json:
        found = [{"where": fault.where, "what": fault.what} for fault in faults]
        emit_json({"run": run.record.id, "checks": checks, "faults": found, "noticed": odd})
    else:
        for fault in faults:
            out.print(f"FAULT {one_line(fault.where)}: {one_line(fault.what)}", style="red")
        for line in noticed_lines(odd):
            out.print(f"noticed, and no fault: {line}")
        out.print(f"{checks:,} checks, {len(faults):,} faults", style="green" if not faults else "red")
    if faults:
        raise typer.Exit(UNFINISHED)


if __name__ == "__main__":
    run_verb(verify)
