"""`python -m jobs.bench.dedup.scale_page` prints the tables of docs/scale.md: what one dump and a hundred take."""

import sys
from collections.abc import Iterator

from dedup.costs import costs
from dedup.exact import Exact
from dedup.minhash import MinHash
from dedup.scale import Extent, Scale, Shape
from dedup.steps import Deduplication
from dedup.survival import Components, Star, Survival
from jobs.bench.tables import as_markdown
from jobs.dedup_tables import COSTS, cost_rows

SPAN = 16  # archives a part of `minhash`
DUMP = Extent(documents=200_000_000, files=90_000)
HUNDRED = Extent(documents=100 * DUMP.documents, files=100 * DUMP.files)
CASES: dict[str, tuple[Extent, Survival]] = {
    "One dump, components": (DUMP, Components()),
    "One dump, star": (DUMP, Star()),
    "A hundred dumps, components": (HUNDRED, Components()),
    "A hundred dumps, star": (HUNDRED, Star()),
}
COPIES: dict[str, Extent] = {"One dump, copies by text": DUMP, "A hundred dumps, copies by text": HUNDRED}


def _cut(shape: Shape) -> str:
    merged = f"{shape.merged} parts merged to one before" if shape.merged > 1 else "no level of merging"
    return (
        f"{shape.ranges:,} ranges of keys a band, {merged}, {shape.joins:,} partitions of components, "
        f"{shape.elections:,} elections"
    )


def sections() -> Iterator[str]:
    """For each case its name, how it is cut, and its table."""
    minhash = MinHash(family="fast")
    for name, (extent, survival) in CASES.items():
        shape = Scale().shape(minhash, survival, extent, span=SPAN)
        made = Deduplication(minhash=minhash, survival=survival, extent=extent, shape=shape)
        table = as_markdown(COSTS, cost_rows(costs(made, span=SPAN)))
        yield f"**{name}**: {_cut(shape)}.\n\n{table}"
    for name, extent in COPIES.items():
        shape = Scale().shape(None, Components(), extent, span=SPAN)
        made = Deduplication(minhash=None, exact=(Exact(by="text"),), extent=extent, shape=shape)
        table = as_markdown(COSTS, cost_rows(costs(made, span=SPAN)))
        cut = f"{shape.copies:,} partitions of keys in {shape.dealt} groups, {shape.found} ranges of documents"
        yield f"**{name}**: {cut}.\n\n{table}"


def main() -> None:
    """Prints all sections."""
    sys.stdout.write("\n".join(sections()))


if __name__ == "__main__":
    main()
