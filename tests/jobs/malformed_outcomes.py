"""The table of docs/archives.md: what becomes of each odd or broken archive of the test corpus.

`python tests/jobs/malformed_outcomes.py` writes it again; a test compares it with what the code does.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from filters.html_only import HtmlOnly  # noqa: E402
from pipeline.attempts import Failure, run_part  # noqa: E402
from pipeline.extraction import Trafilatura  # noqa: E402
from pipeline.ingest import Ingest  # noqa: E402
from pipeline.receipts import Receipt  # noqa: E402
from pipeline.sources import ARCHIVES, find_source  # noqa: E402
from pipeline.steps import PartTask, Step, plan_steps  # noqa: E402

PAGE = ROOT / "docs" / "archives.md"
BEGIN, END = "<!-- outcomes -->\n", "<!-- end of outcomes -->\n"
HEAD = (
    "| file | what is in it | rows | documents | stopped, and why | other records | unreadable bytes | noticed |\n"
    "|---|---|--:|--:|---|---|--:|---|\n"
)
WHAT = {
    "IAH-20080430204825-00000-blackbook-truncated.arc": "ARC 1, cut off in its last document",
    "Evil-Warc-Headers.warc": "fields of HTTP in the WARC header, and a length that is too large",
    "baconIpsum_chunked.warc": "chunked body",
    "baconIpsum_chunked_httpTrailors.warc": "chunked body with trailers behind it",
    "block-sized-records.warc": "records of no known type that end where a reader's blocks do",
    "block-sized-records.warc.gz": "the same, compressed",
    "broken.warc": "blanks behind the types of records",
    "clipped.warc.gz": "cut off in a gzip member",
    "clueweb-quirk.warc.gz": "ClueWeb's bare line feeds; its payload digests are those of the blocks",
    "example-bad-non-chunked.warc.gz": "gzip body that is not chunked, and a revisit",
    "example-iana.org-chunked.warc": "chunked body",
    "example-space-in-target-uri.warc.gz": "address with a space",
    "example-space-in-url.arc": "ARC with spaces in an address, and a length that is too large",
    "example-trunc.warc": "a recording of one page",
    "example-wget-bad-target-uri.warc.gz": "wget's angle brackets around addresses",
    "example-wrong-chunks.warc.gz": "sizes of chunks that are wrong",
    "link-extraction-test.warc": "pages and styles full of links",
    "transfer_compression_brotli.warc": "Brotli body",
    "transfer_compression_brotli.warc.gz": "the same, compressed",
    "transfer_compression_gzip_chunked.warc.gz": "gzip body in chunks",
    "transfer_compression_none_truncated.warc.gz": "cut off in its only page",
}


def ingest_file(file: Path, root: Path) -> Receipt | Failure:
    """One archive through a plain list: pages of HTML or text, and their text."""
    source = find_source([str(file)])
    stage = Ingest(items=(HtmlOnly(mimes=("text/html", "application/xhtml+xml", "text/plain")), Trafilatura()))
    planned = plan_steps([Step(name="ingest", stage=stage)], source)[0]
    task = PartTask(
        root=str(root),
        step="ingest",
        stage=stage,
        fingerprint=planned.fingerprint,
        source=source.name,
        part=planned.parts[0],
        files=source.parts,
        inputs=(),
    )
    return run_part(task)


def archives(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.name.endswith(ARCHIVES))


def table(folder: Path) -> str:
    """A line for each archive below `folder`."""
    with tempfile.TemporaryDirectory() as made:
        return HEAD + "".join(_lines(archives(folder), Path(made)))


def _lines(files: list[Path], root: Path) -> Iterator[str]:
    for file in files:
        outcome = ingest_file(file, root / file.name)
        if isinstance(outcome, Failure):
            why = outcome.why.replace(file.name, "it").replace("|", "/")
            yield f"| {file.name} | {WHAT[file.name]} | | | the file is refused: {why} | | | |\n"
            continue
        counts = outcome.counts
        cells = [
            file.name,
            WHAT[file.name],
            str(counts["rows"]),
            str(counts["documents"]),
            _listed(counts, "gate.", "failed."),
            _listed({key: count for key, count in counts.items() if key not in {"type.page", "type.corrupt"}}, "type."),
            f"{counts.get('corrupt_bytes', 0):,}",
            _listed(counts, "remark.", "sha1."),
        ]
        yield f"| {' | '.join(cells)} |\n"


def _listed(counts: dict[str, int], *prefixes: str) -> str:
    found = [
        f"{key.removeprefix(prefix)} {count}"
        for prefix in prefixes
        for key, count in sorted(counts.items())
        if key.startswith(prefix) and count
    ]
    return ", ".join(found)


def documented() -> str:
    return PAGE.read_text().partition(BEGIN)[2].partition(END)[0]


def main() -> None:
    corpus = Path(os.environ.get("GRISTMILL_CORPUS", ROOT.parent / "shared" / "corpus"))
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + table(corpus / "malformed") + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
