"""The whole page: one file of HTML with its style sheet inside, no script, and a policy that allows none."""

from collections.abc import Callable

from pipeline.inspection.frames import Told, silent
from pipeline.inspection.samples import Explain, nothing_known
from pipeline.report.examples import duplicates_section, failures_section, samples_section
from pipeline.report.gathering import MOST_FILES, Gathered, gather
from pipeline.report.markup import Markup, tag
from pipeline.report.origin import cost_section, origin_section
from pipeline.report.overview import funnel_section, head
from pipeline.report.rules import rules_section
from pipeline.report.style import sheet
from pipeline.report.traits import traits_section
from pipeline.runs import OpenRun

MOST_BYTES = 3_000_000
SAMPLES_EACH = (3, 1, 0)  # pages a reason; fewer where the page would be larger than MOST_BYTES

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

SECTIONS: tuple[tuple[str, str, Callable[[Gathered], Markup]], ...] = (
    ("funnel", "Where the records went", funnel_section),
    ("rules", "Rules and signals", rules_section),
    ("pages", "What the pages are", traits_section),
    ("duplicates", "Near-duplicates", duplicates_section),
    ("samples", "Pages to read", samples_section),
    ("failures", "Failures", failures_section),
    ("cost", "Cost", cost_section),
    ("origin", "How to run it again", origin_section),
)


def report(
    run: OpenRun, *, explain: Explain = nothing_known, most_files: int = MOST_FILES, told: Told = silent
) -> Markup:
    """The report of a run, finished or not, as a page of at most MOST_BYTES.

    Rows of up to `most_files` input files are read. `explain` marks what did it in sampled pages; `told` hears of progress.

    Raises:
        StorageError: what a receipt lists cannot be read.
    """
    page = Markup("")
    for each in SAMPLES_EACH:
        page = written(gather(run, explain=explain, most_files=most_files, each=each, told=told))
        if len(page.encode()) <= MOST_BYTES:
            break
    return page


def written(found: Gathered) -> Markup:
    """The page of what was gathered."""
    sections = [tag("section", tag("h2", title), section(found), id=name) for name, title, section in SECTIONS]
    links = [(name, title) for name, title, _ in SECTIONS]
    body = tag("body", head(found, links), tag("main", sections), _foot(found), class_="gristmill")
    return Markup(f"<!doctype html>\n{tag('html', _html_head(found), body, lang='en')}\n")


def _html_head(found: Gathered) -> Markup:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("link", rel="icon", href="data:,"),
        tag("title", f"{found.run.source.name}: Gristmill report"),
        tag("style", Markup(sheet())),
    )


def _foot(found: Gathered) -> Markup:
    version = found.run.record.provenance.get("versions", {}).get("gristmill", "")
    return tag("footer", f"Made with Gristmill {version}. Quoted text belongs to whoever wrote it.")
