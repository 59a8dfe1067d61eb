"""What a rerun would have to know of a document: its band keys, its place in the order of survival, its size once packed.

What the run has stored is read; the rest is made from stored text, by the code that the steps run, and kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from dedup.bands import band_keys
from dedup.bbit import pack
from dedup.minhash import MinHash
from dedup.scores import ingested_scores
from dedup.survival import Star
from dedup.survivors import ordered_schema
from jobs.looking.parts import LastSteps
from pipeline.inspection.reading import FileRows, Files, frame, pick_rows
from pipeline.pages import Pages
from pipeline.receipts import Receipt
from pipeline.schemas import SIGNATURE, document_number
from pipeline.scores import SCORE
from pipeline.tables import read_table

Rows = npt.NDArray[np.int64]
Shingles = npt.NDArray[np.uint64]

BATCH = 256


@dataclass(slots=True)
class Facts:
    """Of one input file's documents: what deduplication and packing need.

    Deduplication needs `keys`, the `bits` of signatures, `signed` and `text_chars`; packing `chars` and `tokens`. `known` and
    `packed` say for which rows that is there.
    """

    files: Files
    rows: FileRows
    last: LastSteps
    keys: npt.NDArray[np.uint64]
    bits: npt.NDArray[np.uint8]
    signed: npt.NDArray[np.bool_]
    text_chars: npt.NDArray[np.int32]
    known: npt.NDArray[np.bool_]
    chars: Rows
    tokens: Rows
    packed: npt.NDArray[np.bool_]
    about: pa.Table

    @classmethod
    def stored(cls, files: Files, number: int, last: LastSteps) -> "Facts":
        """What the run has of input file `number`."""
        rows = files.file(number)
        count = rows.receipt.rows("documents")
        facts = cls(
            files,
            rows,
            last,
            keys=np.zeros((count, last.minhash.bands if last.minhash else 0), np.uint64),
            bits=np.zeros((count, last.signature_bytes), np.uint8),
            signed=np.zeros(count, np.bool_),
            text_chars=np.zeros(count, np.int32),
            known=np.zeros(count, np.bool_),
            chars=np.zeros(count, np.int64),
            tokens=np.zeros(count, np.int64),
            packed=np.zeros(count, np.bool_),
            about=_about(files, rows, last.survival.score),
        )
        facts._load_signatures()
        facts._load_packed()
        return facts

    def _load_signatures(self) -> None:
        bundle = self.files.bundle("minhash", self.rows.number, "documents")
        step = self.files.run.step("minhash")
        if bundle is None or step is None:
            return
        member = self.rows.number % step.span
        order = self._of_member(bundle.receipt, "order", member)
        at = order["row"].to_numpy()
        self.text_chars[at] = order["text_chars"].to_numpy()
        self.known[at] = True
        if SIGNATURE in order.columns:
            signed = order.drop_nulls(SIGNATURE)
            self.bits[signed["row"].to_numpy()] = np.frombuffer(b"".join(signed[SIGNATURE]), np.uint8).reshape(
                signed.height, self.bits.shape[1]
            )
        bands = self._of_member(bundle.receipt, "bands", member)
        self.keys[bands["row"].to_numpy(), bands["band"].to_numpy()] = bands["key"].to_numpy()
        self.signed[bands["row"].to_numpy()] = True

    def _of_member(self, receipt: Receipt, table: str, member: int) -> pl.DataFrame:
        return frame(read_table(self.files.run.storage, receipt, table)).filter(pl.col("member") == member)

    def _load_packed(self) -> None:
        """Sizes of the documents that the run packed: those of a shard stand in the order of the files it covers."""
        bundle, step = self.files.bundle("pack", self.rows.number, "documents"), self.files.run.step("pack")
        keep = self._kept(self.rows.number)
        if bundle is None or step is None or keep is None:
            return
        first = self.rows.number - self.rows.number % step.span
        before = [self._kept(number) for number in range(first, self.rows.number)]
        start = sum(int(kept.sum()) for kept in before if kept is not None)
        at = np.flatnonzero(keep)
        stored = pick_rows(
            self.files.run.storage, bundle.receipt, "data", ["text", "token_count"], range(start, start + at.size)
        )
        self.chars[at] = stored["text"].str.len_chars().to_numpy()
        self.tokens[at] = stored["token_count"].fill_null(0).to_numpy()
        self.packed[at] = True

    def _kept(self, number: int) -> npt.NDArray[np.bool_] | None:
        """Which documents of an input file the run packed; None where it has not got so far."""
        rows = self.files.file(number)
        table = rows.records(["document_row", "verdict"]).drop_nulls("document_row")
        return None if table["verdict"].null_count() else (table["verdict"] == "keep").to_numpy()

    def sign(self, rows: Rows) -> None:
        """Makes what deduplication needs of `rows` known."""
        minhash = self.last.minhash
        for some, texts, _ in self._texts(rows[~self.known[rows]]) if minhash else ():
            self._sign(minhash, some, texts)

    def _sign(self, minhash: MinHash | None, rows: Rows, texts: list[str]) -> None:
        assert minhash is not None  # noqa: S101  for the type checker
        signatures, has_signature = minhash.signatures(texts)
        self.keys[rows] = band_keys(signatures, minhash.bands, minhash.rows)
        if isinstance(self.last.survival, Star):
            self.bits[rows] = pack(signatures, self.last.survival.bits)
        self.signed[rows] = has_signature
        self.text_chars[rows] = [len(text) for text in texts]
        self.known[rows] = True

    def pack(self, rows: Rows) -> None:
        """Makes the packed sizes of `rows` known: characters and tokens after the last transforms."""
        for some, texts, urls in self._texts(rows[~self.packed[rows]]):
            pages = Pages(texts, urls=urls)
            for transform in self.last.transforms:
                pages = pages.with_texts(transform.transform(pages).texts)
            self.chars[some] = [len(text) for text in pages.texts]
            self.tokens[some] = self.last.tokens.count(pages.texts) if self.last.tokens else 0
            self.packed[some] = True

    def _texts(self, rows: Rows) -> Iterator[tuple[Rows, list[str], list[str]]]:
        for start in range(0, rows.size, BATCH):
            some = rows[start : start + BATCH]
            stored = self.rows.documents(["text", "url"], some.tolist())
            yield some, stored["text"].to_list(), stored["url"].to_list()

    def shingles(self, row: int) -> Shingles:
        """The distinct shingles of a document, sorted, from its stored text."""
        assert self.last.minhash  # noqa: S101  for the type checker
        return np.unique(self.last.minhash.shingles(self.rows.documents(["text"], [row])["text"][0]))

    def order(self, rows: Rows) -> pa.Table:
        """What the order of survival goes by, of `rows`, which must be signed."""
        about = self.about.take(pa.array(rows))
        numbers = rows.astype(np.uint64) + np.uint64(document_number(self.rows.number, 0))
        columns: Sequence[object] = [numbers, self.text_chars[rows], *about.columns]
        return pa.table(
            [pa.chunked_array([each]) if not isinstance(each, pa.ChunkedArray) else each for each in columns],
            schema=ordered_schema(self.last.survival.order),
        )


def _about(files: Files, rows: FileRows, score: str | None) -> pa.Table:
    """Date, record id and, where the order has one, the score of each document of a file."""
    table = read_table(files.run.storage, rows.receipt, "documents", ["date", "record_id"])
    return table.append_column(SCORE, ingested_scores(files.run.storage, rows.receipt, score)) if score else table
