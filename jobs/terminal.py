"""What a person sees while a verb works: progress and notices on stderr, results on stdout, errors as one line."""

import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from pipeline.attempts import Failure
from pipeline.errors import GristmillError, InputError, RecipeError
from pipeline.execution import StepState
from pipeline.lazy_pandas import leave_pandas_alone
from pipeline.receipts import Receipt

WRONG_COMMAND, UNFINISHED = 2, 1
PLAIN_SECONDS = 5.0

LOG_WIDTH = 140  # where nobody says how wide the terminal is: nothing of a table is cut

# Control characters of Unicode, those that turn the direction of the text around them, and those that end a line.
_UNSEEN = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_ACTIVE = re.compile(f"[\x00-\x08\x0b-\x1f{_UNSEEN}]")  # all control characters but tab and line feed
_OF_JSON = re.compile(f"[{_UNSEEN}]")
_BREAKS = str.maketrans({"\n": "\\n", "\t": "\\t"})


def visible(text: str) -> str:
    """Text as it may be shown: what would act on a terminal instead of being read becomes its escape in Python."""
    return _ACTIVE.sub(lambda found: ascii(found[0])[1:-1], text.replace("\r\n", "\n"))


def one_line(name: object) -> str:
    """A name or address as a line may hold it: one with a line feed would write the line behind it too."""
    return _ACTIVE.sub(lambda found: ascii(found[0])[1:-1], str(name)).translate(_BREAKS)


class Screen(Console):
    """A console on which all text is only text: URLs, pages, file names and errors are written by others.

    No markup, no emoji codes, nothing that is not `visible`, and escapes for what the output's encoding does not have.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """See `Console.render_str`, through which every string goes."""
        shown = visible(text).encode(self.encoding, "backslashreplace").decode(self.encoding)
        return super().render_str(shown, **options)


out = Screen(width=None if sys.stdout.isatty() else LOG_WIDTH, soft_wrap=not sys.stdout.isatty())
err = Screen(stderr=True, soft_wrap=not sys.stderr.isatty())


def notice(text: str) -> None:
    """A line for the person, never part of the result."""
    err.print(text)


def emit_json(value: Any) -> None:
    """The result as one JSON document on stdout, with escapes for what a terminal would obey."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()
    sys.stdout.write(_OF_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def fail(error: GristmillError) -> NoReturn:
    """Ends the verb: 2 for a wrong command, recipe or input, 1 for what could not be finished."""
    err.print(f"gristmill: {error}", style="bold red")
    raise typer.Exit(WRONG_COMMAND if isinstance(error, RecipeError | InputError) else UNFINISHED)


def run_verb(verb: Callable[..., None]) -> None:
    """Runs one verb as a program of its own: `python -m jobs.VERB`."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
    app.command(name=verb.__name__.replace("_", "-"))(verb)
    run_app(app)


def run_app(app: typer.Typer) -> NoReturn:
    """Runs a command line and ends the process as soon as everything is said.

    Nothing is left to do then, and the interpreter's own way out waits for native thread pools of libraries: on a busy machine
    a verb that had said all it had to, rightly, was seen to abort there (exit code 134).
    """
    leave_pandas_alone()
    code: object = 0
    try:
        app()
    except SystemExit as ended:
        code = ended.code
    with suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


class PlainProgress:
    """Progress as lines, for logs: at most one every few seconds, and one when a step ends."""

    def __init__(self) -> None:
        self._last = 0.0
        self._began = time.monotonic()

    def begin(self, steps: Sequence[StepState]) -> None:
        """See `Observer.begin`."""
        for state in steps:
            if state.reused:
                notice(f"{state.name}: {state.reused} of {len(state.planned.parts)} parts were done before")

    def ended(self, state: StepState, outcome: Receipt | Failure) -> None:
        """See `Observer.ended`."""
        if isinstance(outcome, Failure):
            notice(f"{state.name}: FAILED {one_line(outcome.name)}: {outcome.why}")
        done, total = len(state.receipts) + isinstance(outcome, Receipt), len(state.planned.parts)
        now = time.monotonic()
        if done == total or now - self._last > PLAIN_SECONDS:
            self._last = now
            notice(f"{now - self._began:7.1f} s  {state.name}: {done}/{total} parts")

    def close(self) -> None:
        """Nothing is left open."""


class BarProgress:
    """Progress as one bar a step, for a terminal."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=err)
        self._tasks: dict[str, Any] = {}

    def begin(self, steps: Sequence[StepState]) -> None:
        """See `Observer.begin`."""
        self._progress.start()
        for state in steps:
            total = len(state.planned.parts)
            self._tasks[state.name] = self._progress.add_task(state.name, total=total, completed=state.reused)

    def ended(self, state: StepState, outcome: Receipt | Failure) -> None:
        """See `Observer.ended`."""
        if isinstance(outcome, Failure):
            self._progress.print(f"{state.name}: FAILED {one_line(outcome.name)}: {outcome.why}", style="red")
        else:
            self._progress.advance(self._tasks[state.name])

    def close(self) -> None:
        """Leaves the bars as they are."""
        self._progress.stop()


def progress() -> "PlainProgress | BarProgress":
    """Bars on a terminal, lines elsewhere."""
    return BarProgress() if err.is_terminal else PlainProgress()
