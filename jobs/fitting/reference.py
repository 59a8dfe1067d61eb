"""Reference text of a language: its pages from Parquet, JSON lines and text files, and what the measures say of them."""

import glob
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from filters.gopher_quality import GopherQuality
from filters.gopher_repetition import GopherRepetition
from filters.language_model import LanguageModel
from filters.line_quality import LineQuality
from jobs.fitting.bounds import Values
from jobs.terminal import PLAIN_SECONDS, notice
from pipeline.errors import InputError
from pipeline.measures import Measure
from pipeline.pages import Pages
from pipeline.reading import open_reader
from pipeline.rows.columns import RowColumns
from pipeline.sources import ROW_FILES, find_source

TEXT = ".txt"
MAX_CHARS = 10_000_000
BATCH = 64


@dataclass(slots=True)
class Reference:
    """What is known of reference pages: the values of each signal, how often each word comes, and the language scores."""

    pages: int = 0
    words: int = 0
    others: int = 0  # pages that the model takes for another language
    signals: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    counts: Counter[str] = field(default_factory=Counter[str])
    scores: list[float] = field(default_factory=list[float])

    def values(self, signal: str) -> Values:
        """The signal of every page that has it; InputError where none has."""
        found = self.signals.get(signal, [])
        if not found:
            raise InputError(f"no page of the reference text has a {signal}")
        return np.array(found, np.float64)


def texts_of(entries: Sequence[str], column: str | None) -> Iterator[str]:
    """The pages: rows of Parquet and JSON lines, and text files whole, in the order of their names.

    Raises:
        InputError: a file is missing, unreadable, or of another kind.
    """
    rows = [entry for entry in entries if not _text_files(entry)]
    for entry in entries:
        for file in _text_files(entry):
            try:
                yield file.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                raise InputError(f"{file}: not UTF-8 ({error.reason} at byte {error.start})") from error
            except OSError as error:
                raise InputError(f"{file}: {error.strerror}") from error
    for part in find_source(rows, name="reference").parts if rows else ():
        if not part.name.endswith(ROW_FILES):
            raise InputError(
                f"{part.location}: fit-language reads text: Parquet, JSON lines (.jsonl, .jsonl.gz …) or .txt"
            )
        with open_reader(part, RowColumns(text=column), MAX_CHARS) as reader:
            yield from (record.text for record in reader.records() if record.text)


def _text_files(entry: str) -> list[Path]:
    """The text files that an entry names: one, those of a pattern, or those of a folder."""
    path = Path(entry).expanduser()
    if path.is_dir():
        return sorted(path.rglob(f"*{TEXT}"))
    if "://" not in entry and entry.endswith(TEXT):
        found = [path] if path.is_file() else sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207
        if not found:
            raise InputError(f"{entry}: no such file or folder")
        return found
    return []


def measure_reference(
    texts: Iterator[str], language: str, *, limit: int | None, model: LanguageModel | None = None, label: str = ""
) -> Reference:
    """Everything that the bounds are fitted to; with a `model`, also the scores of the pages that it takes for `label`."""
    measures: list[Measure] = [GopherRepetition(language=language), LineQuality(language=language)]
    measures.append(GopherQuality(language=language, stop_words=()))
    known = Reference()
    began = told = time.monotonic()
    wanted = islice((text for text in texts if text.strip()), limit)
    while batch := list(islice(wanted, BATCH)):
        pages = Pages(batch)
        for measure in measures:
            _add_signals(known, measure, pages)
        for words in pages.words(language):
            known.counts.update(words)
            known.words += len(words)
        for text in pages.texts if model else ():
            found, score = model.most_likely(text) if model else (None, 0.0)
            known.others += found != label
            known.scores += [score] if found == label else []
        known.pages += len(batch)
        if (now := time.monotonic()) - told > PLAIN_SECONDS:
            told = now
            notice(f"{now - began:7.1f} s  {language}: {known.pages:,} pages, {known.words:,} words")
    return known


def _add_signals(known: Reference, measure: Measure, pages: Pages) -> None:
    signals = measure.measure(pages)
    for name in signals.schema.names:
        known.signals.setdefault(name, []).extend(value for value in signals[name].to_pylist() if value is not None)
