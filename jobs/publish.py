"""`gristmill publish`: a finished dataset, made public in a folder or on the Hub."""

import signal
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from jobs.options import Json, Root
from jobs.tables import add_columns
from jobs.terminal import PLAIN_SECONDS, UNFINISHED, emit_json, err, fail, notice, out, run_verb
from pipeline.errors import GristmillError
from pipeline.sizes import bytes_text

if TYPE_CHECKING:
    from pipeline.publishing.bundle import Bundle
    from pipeline.publishing.hub import Head

To = Annotated[
    str,
    typer.Option("--to", metavar="PLACE", help="A folder, s3://bucket/prefix, or hf://datasets/ORG/NAME[@BRANCH]."),
]
License = Annotated[
    str | None,
    typer.Option(
        "--license", metavar="ID", help="License of the collection, such as odc-by.", show_default="none stated"
    ),
]
Title = Annotated[
    str | None, typer.Option("--title", metavar="TEXT", help="What the card calls it.", show_default="source (recipe)")
]
Contact = Annotated[
    str | None,
    typer.Option("--contact", metavar="TEXT", help="Whom to ask to have a page removed.", show_default="none"),
]
Tag = Annotated[
    str | None,
    typer.Option("--tag", metavar="NAME", help="Version, such as v1.0; on the Hub also a tag.", show_default="none"),
]
Public = Annotated[bool, typer.Option("--public", help="A repository that is made on the Hub is public, not private.")]
Force = Annotated[bool, typer.Option("--force", help="Publish beside other files that a folder holds.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be written, sent and removed; change nothing.")
]

HUB = "hf://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for, and where it stands: files by what would become of them."""

    target: str
    dry_run: bool
    bundle: "Bundle"
    write: list[str] = field(default_factory=list[str])
    remove: list[str] = field(default_factory=list[str])

    def as_json(self, **more: Any) -> dict[str, Any]:
        """The result as a machine reads it."""
        files = [{"path": file.path, "bytes": file.size, "sha256": file.sha256} for file in self.bundle.files]
        told = {"target": self.target, "run": self.bundle.manifest["run"], "dry_run": self.dry_run}
        return told | {"files": files, "write": self.write, "remove": self.remove} | more


def publish(  # noqa: PLR0913, PLR0917  a verb's options are its parameters
    root: Root,
    to: To,
    license_: License = None,
    title: Title = None,
    contact: Contact = None,
    tag: Tag = None,
    public: Public = False,
    force: Force = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Publish the dataset of a finished run: shards, card, Croissant description and checksums.

    Run the same command again to finish what was interrupted: what is there already is not sent again. On the Hub everything
    appears in one commit at the end.

    Example: gristmill publish out --to hf://datasets/ORG/NAME --license odc-by --tag v1.0
    """
    from pipeline.publishing.bundle import open_bundle
    from pipeline.publishing.hub_client import parse_address
    from pipeline.publishing.release import Release
    from pipeline.storage import open_storage

    try:
        repo = parse_address(to)[0] if to.startswith(HUB) else None
        release = Release(title=title, license=license_, contact=contact, version=tag, repo=repo)
        bundle = open_bundle(open_storage(root), release)
        if repo is None:
            told = _to_folder(bundle, to, force=force, dry_run=dry_run)
        else:
            told = _to_hub(bundle, to, public=public, tag=tag, dry_run=dry_run)
    except GristmillError as error:
        fail(error)
    except KeyboardInterrupt:
        notice("stopped; run the same command again to do the rest")
        raise typer.Exit(UNFINISHED) from None
    if json:
        emit_json(told)
    else:
        _show(told)


def _to_folder(bundle: "Bundle", to: str, *, force: bool, dry_run: bool) -> dict[str, Any]:
    from pipeline.publishing.folder import plan_folder, publish_to_folder
    from pipeline.storage import open_storage

    target = open_storage(to)
    with _progress(bundle.size) as progress:
        plan = plan_folder(bundle, target, progress)
        write = [file.path for file in plan.write]
        wish = Wish(target=target.location, dry_run=dry_run, bundle=bundle, write=write, remove=list(plan.remove))
        _announce(wish, sum(file.size for file in plan.write), "write")
        if not dry_run:
            publish_to_folder(bundle, target, plan, progress, force=force)
    return wish.as_json(others=list(plan.others))


def _to_hub(bundle: "Bundle", to: str, *, public: bool, tag: str | None, dry_run: bool) -> dict[str, Any]:
    from pipeline.publishing.hub import HubTarget, check_tag
    from pipeline.publishing.hub_client import hub_client, parse_address

    with hub_client(notice) as api:
        target = HubTarget(api, *parse_address(to), notice)
        head = target.look()
        check_tag(head, bundle, tag)
        missing = [file for file in bundle.files if not head.has(file)]
        write = [file.path for file in missing]
        wish = Wish(target=target.where, dry_run=dry_run, bundle=bundle, write=write, remove=head.stale(bundle))
        _announce(wish, sum(file.size for file in missing), "send")
        notice(_repository(head, public))
        if dry_run:
            return wish.as_json(commit=None, sent_bytes=0)
        with _stoppable(target.stop.set), _progress(bundle.size) as progress:
            done = target.publish(bundle, head, progress, public=public, tag=tag)
    return wish.as_json(commit=done.commit, new=done.new, sent_bytes=done.sent)


def _repository(head: "Head", public: bool) -> str:
    if head.commit is None:
        return f"the repository is not there yet: it is made {'public' if public else 'private (--public makes it public)'}"
    seen = "private" if head.private else "public"
    return f"the repository is there and {seen}" + ("; --public does not change it" if public and head.private else "")


def _announce(wish: Wish, size: int, what: str) -> None:
    shards = len(wish.bundle.manifest["shards"])
    notice(
        f"{shards:,} shard(s) and what describes them, {bytes_text(wish.bundle.size)} → {wish.target}: "
        f"{len(wish.write):,} file(s) to {what} ({bytes_text(size)}), {len(wish.remove):,} to remove"
    )


@contextmanager
def _stoppable(stop: Callable[[], None]) -> Generator[None]:
    """An interrupt also stops the threads that send, which nothing else would tell."""

    def interrupted(_: int, __: FrameType | None) -> None:
        stop()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress(whole: int) -> Generator[Callable[[int], None]]:
    """Bytes done of `whole`: a bar on a terminal, a line every few seconds elsewhere."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal) as bars:
        task = bars.add_task("published", total=whole)
        done, last = 0, time.monotonic()

        def advance(count: int) -> None:
            nonlocal done, last
            done = min(done + count, whole)
            bars.update(task, completed=done)
            if not err.is_terminal and time.monotonic() - last > PLAIN_SECONDS:
                last = time.monotonic()
                notice(f"{bytes_text(done)} of {bytes_text(whole)}")

        yield advance


def _show(told: dict[str, Any]) -> None:
    if told["dry_run"]:
        table = Table(title=f"What would be in {told['target']}", title_justify="left")
        add_columns(table, "file", "", right=("size",))
        for file in told["files"]:
            state = "to write" if file["path"] in told["write"] else "is there"
            table.add_row(file["path"], state, bytes_text(file["bytes"]))
        for path in told["remove"]:
            table.add_row(path, "to remove", "")
        out.print(table)
        return
    if told.get("new"):
        sent = f"{bytes_text(told['sent_bytes'])} of shards sent"
        out.print(f"{told['target']}: published in commit {told['commit']}; {sent}")
        return
    if "commit" in told:
        out.print(f"{told['target']}: nothing to do, commit {told['commit']} holds all of it")
        return
    done = f"{len(told['write']):,} file(s) written, {len(told['remove']):,} removed"
    out.print(f"{told['target']}: {done if told['write'] or told['remove'] else 'nothing to do'}")


if __name__ == "__main__":
    run_verb(publish)
