"""`gristmill why`: the whole story of one page."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from jobs.options import Json, Root
from jobs.tables import add_columns
from jobs.terminal import emit_json, fail, one_line, out, run_verb
from pipeline.errors import GristmillError, InputError
from pipeline.sizes import bytes_text

if TYPE_CHECKING:
    from pipeline.runs import OpenRun
    from pipeline.why import Story

Page = Annotated[str, typer.Argument(metavar="URL-or-ID", help="The page's URL, or its WARC record id.")]
Text = Annotated[
    bool, typer.Option("--text", help="Also print the page's text, read again from its archive where it was not kept.")
]


MOST_LINES, MOST_CHARS = 10, 100  # of what was removed


def why(root: Root, page: Page, text: Text = False, json: Json = False) -> None:
    """Say everything known of one page: each signal against its rule, its duplicates, where it went.

    Example: gristmill why out https://example.org/a-page
    """
    from pipeline.runs import open_run
    from pipeline.storage import open_storage
    from pipeline.takedown.tombstones import taken_down
    from pipeline.why import find, story

    try:
        run = open_run(open_storage(root))
        places = find(run, page)
        gone = taken_down(run.storage, page)
        if not places and not gone:
            raise InputError(f"{page}: no record of this run has this URL or id")
        stories = [story(run, part, row) for part, row in places]
        texts = [_text(run, told) if text else None for told in stories]
    except GristmillError as error:
        fail(error)
    if json:
        told = [each.as_json() | {"text": shown} for each, shown in zip(stories, texts, strict=True)]
        emit_json({"run": run.record.id, "page": page, "records": told} | ({"taken_down": gone} if gone else {}))
        return
    for each in gone:
        out.print(_of_takedown(page, each), style="red")
    for each, shown in zip(stories, texts, strict=True):
        _print(each)
        if shown is not None:
            out.print(shown)


def _of_takedown(page: str, told: dict[str, object]) -> str:
    """One line of what a takedown says of the page; one that was found nowhere is barred from later runs only."""
    there = "taken down" if told["records"] or not told["listed"] else "barred (it was not in this run)"
    why = f"listed by its {told['by']}" if told["listed"] else f"a copy of a listed page, by its {told['by']}"
    return f"{page}: {there} at {told['time']}, {why}; see takedowns/{told['takedown']}.json"


def _text(run: "OpenRun", told: "Story") -> str:
    """The stored text, or the page read again from its archive for pages that no text was kept of."""
    from pipeline.archives.decode import decode
    from pipeline.errors import RecordError
    from pipeline.why import raw_record

    if told.text is not None:
        return told.text
    body, charset = raw_record(run, told)
    try:
        return decode(body, charset).text
    except RecordError as error:
        return f"({error})"


def _print(told: "Story") -> None:
    record = told.record
    out.print(f"\n{one_line(record['url'] or record['record_id'])}", style="bold")
    verdict = {"keep": "kept", "drop": "dropped", "fail": "failed", None: "not decided yet"}[told.verdict]
    out.print(
        f"{verdict}{': ' + told.reason if told.reason else ''}", style="green" if told.verdict == "keep" else "red"
    )
    span = f"bytes {record['offset']}-{record['offset'] + record['length']} ({bytes_text(record['length'])})"
    out.print(f"  record    {one_line(record['record_id'])}{f' of {date}' if (date := record['date']) else ''}")
    out.print(f"  file      {one_line(told.file)}, {span}, row {told.row}")
    out.print(f"  read as   {one_line(record['mime'] or 'unknown type')}, {_charset(record)}")
    said = told.facts | {name: record[name] for name in ("truncated", "error") if record[name]}
    for name, value in (*said.items(), *(("remark", remark) for remark in told.remarks)):
        out.print(f"  {name:<9} {one_line(value)}")
    if record["gate"]:
        out.print(
            f"  gate      {record['gate']}{' (stopped by a resource limit)' if record['by_limit'] else ''}",
        )
    if told.edits:
        out.print(f"  edits     {told.edits} place(s) of the text were changed at ingest")
    if told.removed:
        _print_removed(told.removed)
    if told.checks:
        out.print(_rules(told))
    unjudged = {name: value for name, value in told.signals.items() if value is not None}
    for check in told.checks:
        unjudged.pop(check.rule.signal, None)
    if unjudged:
        out.print(
            "  measured, but judged by no rule: " + ", ".join(f"{k} {_number(v)}" for k, v in unjudged.items()),
        )
    _print_duplicates(told)
    if told.shard:
        out.print(f"  packed in {told.shard}")


def _print_removed(pieces: "list[str]") -> None:
    """What was taken out of the text, the first lines of it."""
    lines = [line.strip() for piece in pieces for line in piece.split("\n") if line.strip()]
    chars = sum(map(len, pieces))
    out.print(
        f"  removed   {chars:,} characters that other pages have, {len(lines):,} line(s) at {len(pieces):,} place(s):"
    )
    for line in lines[:MOST_LINES]:
        out.print(f"    {line[:MOST_CHARS]}{'…' if len(line) > MOST_CHARS else ''}", markup=False, highlight=False)
    if len(lines) > MOST_LINES:
        out.print(f"    … {len(lines) - MOST_LINES:,} more")


def _charset(record: "dict[str, object]") -> str:
    return f"{record['charset']} (from {record['charset_how']})" if record["charset"] else "not decoded"


def _rules(told: "Story") -> Table:
    table = Table(title="Signals against the rules that judge them", title_justify="left")
    add_columns(table, "signal", "fails if", "reason", right=("value",))
    for check in told.checks:
        value = (
            f"{check.value:.4g}" if isinstance(check.value, float) else str("-" if check.value is None else check.value)
        )
        bound = check.rule.value
        condition = f"{check.rule.op} {bound:.4g}" if isinstance(bound, float) else f"{check.rule.op} {bound}"
        table.add_row(check.rule.signal, condition, check.rule.reason, value, style="red" if check.fails else None)
    return table


def _number(value: object) -> str:
    """A signal's value as a person reads it; `-` where the signal does not apply."""
    return "-" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _print_duplicates(told: "Story") -> None:
    found = told.duplicates
    if not found or (found["cluster_size"] == 1 and not found["earlier"]):
        return
    is_copy = str(found["reason"]).startswith("same_")
    if earlier := found["earlier"]:
        _print_earlier(earlier, found["similarity"], is_copy=is_copy)
        if found["members"]:
            out.print(f"  {found['cluster_size'] - 1} more of this run went for it:")
    else:
        stays = "survives" if found["keep"] else f"{one_line(found['survivor'])} survives"
        what = "copies" if is_copy else "near-duplicates"
        out.print(f"  one of {found['cluster_size']} {what}; {stays}:")
    for url in found["members"]:
        out.print(f"    {one_line(url)}")


def _print_earlier(earlier: "dict[str, object]", similarity: float | None, *, is_copy: bool) -> None:
    """The document of an earlier release that this one, or the page that it is a copy of, resembles."""
    alike = "" if similarity is None else f", similarity {similarity:.2f}"
    what = "copy of a near-duplicate" if is_copy else "near-duplicate"
    out.print(f"  {what} of a document of the earlier release {one_line(earlier['root'])}@{earlier['source']}{alike}:")
    if earlier["error"]:
        out.print(f"    {earlier['error']}")
    else:
        page = f"{one_line(earlier['url'])} " if earlier["url"] else ""
        out.print(
            f"    {page}{one_line(earlier['id'] or 'without an id')}, row {earlier['row']} of {one_line(earlier['file'])}"
        )


if __name__ == "__main__":
    run_verb(why)
