"""`gristmill duplicates`: the clusters of near-duplicates that a run found, and one of them in full."""

from typing import TYPE_CHECKING, Annotated

import typer

from jobs.options import Json, Root
from jobs.terminal import emit_json, fail, notice, run_verb
from pipeline.errors import GristmillError, InputError

if TYPE_CHECKING:
    from jobs.clusters.asking import Asked, Told

MOST = 10

PageName = Annotated[
    str | None,
    typer.Argument(
        metavar="[PAGE]",
        help="A page's URL or WARC record id; of a run of `dedup` a row's id, or FILE:ROW as in dataset/duplicates.",
        show_default=False,
    ),
]
Number = Annotated[
    int | None,
    typer.Option("--cluster", metavar="N", min=0, help="Tell of the cluster with this number.", show_default=False),
]
Size = Annotated[
    int | None,
    typer.Option("--size", metavar="N", min=2, help="List clusters of exactly N members.", show_default="the largest"),
]
Most = Annotated[
    int, typer.Option("--limit", metavar="N", min=1, help="List so many clusters; of one cluster, so many members.")
]
Full = Annotated[bool, typer.Option("--full", help="Show the whole text of each member, not only what changed.")]


def duplicates(
    root: Root,
    page: PageName = None,
    cluster: Number = None,
    size: Size = None,
    limit: Most = MOST,
    full: Full = False,
    json: Json = False,
) -> None:
    """Show the near-duplicates that a run found: all clusters, or one: who stays and why, how alike, what differs.

    Example: gristmill duplicates out https://example.org/a-page
    """
    from jobs.clusters.asking import Asked
    from pipeline.runs import open_run
    from pipeline.storage import open_storage

    try:
        _check(page, cluster, size, full=full)
        asked = Asked(open_run(open_storage(root)))
        if asked.changed:
            notice("words or hashes have another version now: what is computed here is not quite what the run compared")
        if page is None and cluster is None:
            _tell_all(asked, limit, size, json=json)
            return
        told: list[Told] = asked.page(page, most=limit, full=full) if page is not None else []
        if cluster is not None:
            told.append(asked.cluster(cluster, most=limit, full=full))
    except GristmillError as error:
        fail(error)
    _tell(asked, told, json=json)


def _check(page: str | None, cluster: int | None, size: int | None, *, full: bool) -> None:
    if page is not None and cluster is not None:
        raise InputError("name a page or --cluster, not both")
    if size is not None and (page is not None or cluster is not None):
        raise InputError("--size lists clusters; it goes with neither a page nor --cluster")
    if full and page is None and cluster is None:
        raise InputError("--full shows the texts of one cluster; name a page or --cluster")


def _tell_all(asked: "Asked", limit: int, size: int | None, *, json: bool) -> None:
    from jobs.clusters.tables import print_all

    told = asked.all(most=limit, size=size)
    if json:
        emit_json({"run": asked.run.record.id} | told.as_json())
    else:
        print_all(told, size)


def _tell(asked: "Asked", told: "list[Told]", *, json: bool) -> None:
    from jobs.clusters.tables import print_told
    from jobs.clusters.told import AloneTold, ClusterTold

    if not json:
        for each in told:
            print_told(each, asked.minhash, asked.survival)
        return
    clusters = [each.as_json() for each in told if isinstance(each, ClusterTold)]
    alone = [each.as_json() for each in told if isinstance(each, AloneTold)]
    dropped = [each.as_json() for each in told if not isinstance(each, ClusterTold | AloneTold)]
    emit_json({"run": asked.run.record.id, "clusters": clusters, "alone": alone, "dropped": dropped})


if __name__ == "__main__":
    run_verb(duplicates)
