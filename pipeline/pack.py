"""From verdicts to shards: the kept pages of a fixed range of parts, in order, with FineWeb's columns."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import repeat
from typing import Any, ClassVar, Literal, Protocol

import pyarrow as pa

from pipeline.beside import beside
from pipeline.cuts import without
from pipeline.evidence import Place
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.measures import Transform
from pipeline.pages import Pages
from pipeline.receipts import Receipt
from pipeline.rehydration import Rehydration
from pipeline.schemas import data_schema
from pipeline.steps import PartRun
from pipeline.tables import TableWriter, read_batches, read_table

SHARD_ROW_GROUP = 1_000  # rows, as FineWeb's own files have
BATCH = 256

Origin = tuple[str, str]  # crawl and file

KEPT_COLUMNS = ("record_row", "record_id", "url", "date", "text", "language", "language_score")


class TokenCount(Protocol):
    """Counts a tokenizer's tokens."""

    def count(self, texts: list[str]) -> list[int]:
        """Tokens of each text."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A score that the dataset tells: the step that has it, its column, and its type."""

    step: str
    column: str
    kind: Literal["double", "int32"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Writes one shard: applies the last transforms (personal data), counts tokens, keeps the order of records.

    `survivors` names the step that says which duplicates stay; None packs all that `decide` keeps. `removed` names the one that
    says what goes of their texts before the transforms. `facts` names what `documents` tells of a page besides its text, and the
    dataset does after its own columns and the `scores`. `rehydration` weighs clusters by their size.
    """

    name: ClassVar[str] = "pack"
    version: ClassVar[int] = 1
    columns_read: ClassVar[Mapping[str, tuple[str, ...]]] = {"survivors": ("keep", "cluster_size")}

    transforms: tuple[Transform, ...] = ()
    tokens: TokenCount | None = None
    survivors: str | None = None
    removed: str | None = field(default=None, metadata=IDENTITY_IF_CHANGED)
    facts: tuple[str, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)
    scores: tuple[Told, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)
    rehydration: Rehydration | None = field(default=None, metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes the `data` table of the covered parts; counts `rows`, `tokens`, `chars`, `arrow_bytes` and languages."""
        scores = {told.column: told.kind for told in self.scores}
        schema = data_schema(self.facts, rehydrated=self.rehydration is not None, scores=scores)
        writer = part.writer("data", schema, SHARD_ROW_GROUP)
        counts = Counter(rows=0, tokens=0, chars=0, arrow_bytes=0)
        dates: list[str] = []
        seen = 0
        keeps, cuts, told = self._keeps(part), self._cuts(part), self._scores(part)
        for file, receipt in zip(part.task.files, part.receipts("ingest"), strict=True):
            origins = _origins(part, receipt, (dump_of(file.name, part.task.source), file.name))
            for batch in read_batches(part.storage, receipt, "documents", (*KEPT_COLUMNS, *self.facts), BATCH):
                sizes = [next(keeps) for _ in range(batch.num_rows)]
                here = [next(origins) for _ in range(batch.num_rows)]
                if self.removed:
                    batch, sizes = _cut(batch, sizes, [next(cuts) for _ in sizes])
                batch, seen = _with_scores(batch, told, seen), seen + batch.num_rows
                dates += self._pack(writer, batch, sizes, here, counts)
                dates = [min(dates), max(dates)] if dates else []
        if next(keeps, None) is not None or next(cuts, None) is not None:
            raise AssertionError("more documents are judged than there are")
        part.facts["dates"] = dates
        counts["arrow_bytes"] = writer.arrow_bytes
        return dict(counts)

    def _keeps(self, part: PartRun) -> Iterator[int]:
        """For each document in order: 0 where it is dropped, else the size of its cluster of near-duplicates."""
        if self.survivors is not None:
            for receipt in part.receipts(self.survivors):
                table = read_table(part.storage, receipt, "survivors", self.columns_read["survivors"])
                keep, size = table["keep"].to_pylist(), table["cluster_size"].to_pylist()
                yield from (size if kept else 0 for kept, size in zip(keep, size, strict=True))
            return
        verdicts = kept_records(part)
        for receipt in part.receipts("ingest"):
            yield from (int(keep) for keep in kept_documents(part, receipt, verdicts))

    def _cuts(self, part: PartRun) -> Iterator[list[Place] | None]:
        """For each document in order where something goes from its text, None where nothing would be left to keep."""
        for receipt in part.receipts(self.removed) if self.removed else ():
            table = read_table(part.storage, receipt, "removed")
            for spans, keep in zip(table["spans"].to_pylist(), table["keep"].to_pylist(), strict=True):
                yield places_of(spans) if keep else None

    def _scores(self, part: PartRun) -> dict[str, pa.ChunkedArray]:
        """The scores of all documents of the part, row for row, by their columns."""
        return {told.column: beside(part, told.step, [told.column])[told.column] for told in self.scores}

    def _pack(
        self,
        writer: TableWriter,
        batch: pa.RecordBatch,
        sizes: list[int],
        origins: list[Origin],
        counts: Counter[str],
    ) -> list[str]:
        """Writes the chosen rows of a batch and adds to `counts`; returns their dates."""
        kept = [origin for origin, size in zip(origins, sizes, strict=True) if size]
        chosen = batch.take(pa.array([row for row, size in enumerate(sizes) if size], pa.int32()))
        if not chosen.num_rows:
            return []
        columns: dict[str, list[Any]] = chosen.to_pydict()
        pages = Pages(self._transformed(columns["text"], columns["url"]))
        tokens = self.tokens.count(pages.texts) if self.tokens else [None] * len(pages)
        dates = [iso(date) for date in columns["date"]]
        writer.write_columns(
            {
                "text": pages.texts,
                "id": columns["record_id"],
                "dump": [dump for dump, _ in kept],
                "url": columns["url"],
                "date": dates,
                "file_path": [file_path for _, file_path in kept],
                "language": columns["language"],
                "language_score": columns["language_score"],
                "token_count": tokens,
                "minhash_cluster_size": [size for size in sizes if size],
                **self._weighed([size for size in sizes if size]),
                **{told.column: columns[told.column] for told in self.scores},
                **{name: self._told(columns[name], columns["url"]) for name in self.facts},
            }
        )
        counts["rows"] += chosen.num_rows
        counts["tokens"] += sum(count or 0 for count in tokens)
        counts["chars"] += sum(map(len, pages.texts))
        counts.update(f"language.{language}" for language in columns["language"] if language is not None)
        return [date for date in dates if date]

    def _transformed(self, texts: list[str], urls: list[str]) -> list[str]:
        pages = Pages(texts, urls=urls)
        for transform in self.transforms:
            pages = pages.with_texts(transform.transform(pages).texts)
        return pages.texts

    def _weighed(self, sizes: list[int]) -> dict[str, list[int]]:
        return {"rehydrate_weight": list(map(self.rehydration.weight, sizes))} if self.rehydration else {}

    def _told(self, facts: list[str | None], urls: list[str]) -> list[str | None]:
        """Facts with the same replacements as the texts: an address in a title is one too."""
        changed = self._transformed([fact or "" for fact in facts], urls)
        return [None if fact is None else new for fact, new in zip(facts, changed, strict=True)]


def places_of(spans: Sequence[Mapping[str, int]] | None) -> list[Place]:
    """The spans of a row of `removed`, from and to."""
    return [(span["start"], span["start"] + span["chars"]) for span in spans or ()]


def _cut(batch: pa.RecordBatch, sizes: list[int], cuts: list[list[Place] | None]) -> tuple[pa.RecordBatch, list[int]]:
    """The batch with shorter texts, and no size for a document that goes."""
    texts = [without(text, cut or []) for text, cut in zip(batch["text"].to_pylist(), cuts, strict=True)]
    place = batch.schema.get_field_index("text")
    return (
        batch.set_column(place, batch.schema.field(place), pa.array(texts, batch.schema.field(place).type)),
        [0 if cut is None else size for size, cut in zip(sizes, cuts, strict=True)],
    )


def _with_scores(batch: pa.RecordBatch, scores: Mapping[str, pa.ChunkedArray], seen: int) -> pa.RecordBatch:
    """The batch, before which there were `seen` documents, with its scores."""
    for name, column in scores.items():
        here = column.slice(seen, batch.num_rows).combine_chunks()
        batch = batch.append_column(name, here.chunk(0) if isinstance(here, pa.ChunkedArray) else here)
    return batch


def _origins(part: PartRun, receipt: Receipt, file: Origin) -> Iterator[Origin]:
    """Crawl and file of each document of a part, in order: what its row says itself, else those of the input file."""
    if "origins" not in receipt.files:
        yield from repeat(file, receipt.rows("documents"))
        return
    for batch in read_batches(part.storage, receipt, "origins"):
        rows = zip(batch["dump"].to_pylist(), batch["file_path"].to_pylist(), strict=True)
        yield from ((dump or file[0], path or file[1]) for dump, path in rows)


def iso(date: datetime | None) -> str | None:
    """A date as FineWeb writes it, `2013-05-18T05:48:59Z`."""
    return f"{date.replace(tzinfo=None, microsecond=0).isoformat()}Z" if date else None  # %Y differs between systems


def dump_of(name: str, source: str) -> str:
    """The crawl a file belongs to, from its crawl-data path, or the source's name."""
    crawl = re.match(r"crawl-data/([^/]+)/", name)
    return crawl.group(1) if crawl else source


def kept_records(part: PartRun) -> Iterator[bool]:
    """For each record that this part covers, in order, whether `decide` keeps it."""
    for receipt in part.receipts("decide"):
        verdicts = read_table(part.storage, receipt, "verdicts", ["verdict"])["verdict"]
        yield from (verdict == "keep" for verdict in verdicts.to_pylist())


def kept_documents(part: PartRun, ingest: Receipt, verdicts: Iterator[bool]) -> list[bool]:
    """For each document of `ingest`, whether it is kept; takes the part's records from `verdicts`, which goes on after them."""
    rows = read_table(part.storage, ingest, "records", ["document_row"])["document_row"].to_pylist()
    kept = [next(verdicts) for _ in rows]
    return [keep for keep, row in zip(kept, rows, strict=True) if row is not None]
