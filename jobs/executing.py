"""Running a planned graph while a person looks on."""

from jobs.terminal import notice, progress
from pipeline.errors import PartsFailed
from pipeline.execution import Execution, Runner


def execute(execution: Execution, runner: Runner) -> None:
    """Runs what is missing, telling a person how far it is; errors as `Execution.run`."""
    bars = progress()
    try:
        execution.run(runner, bars)
    except KeyboardInterrupt:
        bars.close()
        notice(_interrupted(execution))
        raise
    except PartsFailed:
        bars.close()
        _tell_traces(execution)
        raise
    finally:
        bars.close()


def _interrupted(execution: Execution) -> str:
    done = [
        f"{state.name} {len(state.receipts)}/{len(state.planned.parts)}"
        for state in execution.states.values()
        if state.planned.parts
    ]
    return "stopped; done so far: " + ", ".join(done) + ". Run the same command again to do the rest."


def _tell_traces(execution: Execution) -> None:
    for state in execution.states.values():
        for failure in state.failures:
            if failure.trace:
                notice(failure.trace)
