"""A small synthetic crawl, shaped like Common Crawl's, in which every kind of page and of damage is planted once.

All text is generated; no address leads anywhere. The same arguments give the same bytes (on one machine: another zlib may
compress differently), so that what becomes of a page can be told beforehand.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from jobs.synthetic.archive import CRAWL, FLIPPED, Capture, archive_bytes, archive_path, record_id
from jobs.synthetic.kinds import KINDS, foreign
from jobs.synthetic.languages import LANGUAGES
from jobs.synthetic.planted import cut_record, planted
from jobs.synthetic.sites import page, slug
from jobs.synthetic.text import Writer, dice
from jobs.synthetic.thin import THIN

_FOREIGN_SHARE = 0.37  # of the pages that are not planted, which makes about a third of all
_THIN_SHARE = 0.55  # of the English ones; the planted pages bring it to about half


@dataclass(frozen=True, slots=True)
class Planted:
    """A page that shows something: `expectation` is "kept" or the reason for which the recipe fineweb should not keep it.

    A revisit is an `other_record`, which is only counted. A corrupt or truncated record has no readable page: its `url` and
    `record_id` say what would have been there.
    """

    url: str
    record_id: str
    kind: str
    expectation: str


def make_crawl(folder: Path, *, pages: int = 300, files: int = 4, seed: int = 7) -> list[Planted]:
    """Writes `files` archives with `pages` pages in all below `folder`, and their list as `warc.paths.gz`.

    There are never fewer pages than those planted (some fifty). Returns the planted ones in the order of the archives.
    """
    found: list[Planted] = []
    first = 0
    for number, captures in enumerate(_archives(pages, files, seed)):
        path = folder / archive_path(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.writelines(archive_bytes(captures, seed=seed, archive=number, first_page=first))
        first += len(captures)
        for place, each in enumerate(captures):
            if each.kind:
                found.append(Planted(each.url, record_id(seed, number, place), each.kind, each.expectation))
    lines = "".join(f"{archive_path(number)}\n" for number in range(files))
    (folder / "crawl-data" / CRAWL / "warc.paths.gz").write_bytes(gzip.compress(lines.encode(), mtime=0))
    return found


def _archives(pages: int, files: int, seed: int) -> Iterator[list[Capture]]:
    """The captures of each archive: shuffled, one broken in the middle of the first, one cut at the end of the last."""
    if files < 1:
        raise ValueError(f"a crawl has at least one archive, not {files}")
    special = planted(seed)
    whole = [capture for capture in special if capture.damage != FLIPPED]
    broken = [capture for capture in special if capture.damage == FLIPPED]
    ordinary = [ordinary_page(seed, number) for number in range(max(0, pages - len(special) - 1))]
    order = [*whole, *ordinary]
    dice(seed, "order").shuffle(order)
    order = list(_first_of_family_is_kept(order))
    size = -(-(len(order) + len(broken) + 1) // files)
    order[size // 2 : size // 2] = broken
    order.append(cut_record(seed))
    for number in range(files):
        yield order[number * size : (number + 1) * size]


def _first_of_family_is_kept(order: list[Capture]) -> Iterator[Capture]:
    """Of pages with the same text the one met first stays; the others are expected to go as `near_duplicate`."""
    seen: set[str] = set()
    for capture in order:
        yield replace(capture, expectation="near_duplicate") if capture.family in seen else capture
        if capture.family:
            seen.add(capture.family)


def ordinary_page(seed: int, number: int) -> Capture:
    """Page `number` of those that are not planted; the same whatever the size of the crawl."""
    rng = dice(seed, "ordinary", number)
    if rng.random() < _FOREIGN_SHARE:
        writer = Writer(rng, rng.choice(sorted(LANGUAGES)))
        section, blocks = "texts", foreign(writer)
    else:
        writer = Writer(rng)
        if rng.random() < _THIN_SHARE:
            section = rng.choice(sorted(THIN))
            blocks = THIN[section][0](writer)
        else:
            section = rng.choice(sorted(KINDS))
            blocks = KINDS[section](writer)
    made = page(writer, blocks)
    url = f"https://{made.site}/{section}/{number:05}-{slug(made.title)}".rstrip("-")
    fields = (("X-Crawler-Content-Encoding", "gzip"),) if rng.random() < 0.5 else ()
    return Capture(url=url, body=made.html().encode(), fields=fields)
