"""How the result of the benchmark `extract` looks."""

from typing import Any

from rich.table import Table

from jobs.bench.tables import as_markdown
from jobs.tables import add_columns
from pipeline.sizes import bytes_text


def _sources(result: dict[str, Any]) -> list[str]:
    return sorted({source for each in result["extractors"].values() for source in each["word_f1"]})


def _head(result: dict[str, Any]) -> tuple[str, ...]:
    words = (f"F1 {source.rpartition('/')[2]}" for source in _sources(result))
    return ("ms/page", *words, "wanted found", "unwanted found", "beginning found", "no text", "failed", "memory")


def _rows(result: dict[str, Any]) -> list[tuple[str, ...]]:
    sources = _sources(result)

    def share(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    return [
        (
            name,
            "-" if each["ms_a_page"] is None else f"{each['ms_a_page']:.1f}",
            *(share(each["word_f1"].get(source)) for source in sources),
            *(share(each[kind]) for kind in ("with", "without", "beginning")),
            f"{each['without_text']:,}",
            f"{sum(each['failed'].values()):,}",
            bytes_text(each["peak_rss_bytes"]),
        )
        for name, each in result["extractors"].items()
    ]


def tables(result: dict[str, Any]) -> list[Table]:
    """A row for each extractor."""
    corpus, machine = result["corpus"], result["machine"]
    table = Table(title=f"extract: {corpus['pages']:,} pages of {corpus['made_from']}", title_justify="left")
    table.add_column("", no_wrap=True)
    add_columns(table, right=_head(result))
    for row in _rows(result):
        table.add_row(*row)
    table.caption = (
        f"{machine['cores']} cores ({machine['cpu']}), load before {machine['load_before'][0]}. "
        f"{corpus['gold'] - corpus['pages']:,} pages with gold were not read."
    )
    table.caption_justify = "left"
    return [table]


def markdown(result: dict[str, Any]) -> str:
    """The same in Markdown."""
    return as_markdown(_head(result), _rows(result))
