"""N-gram models of either form, loaded: ARPA files, and KenLM's binaries of hash tables, which are mapped into memory."""

from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from filters.quality.arpa import MOST_ORDERS, Arpa, check_arpa, read_arpa
from filters.quality.model_file import looked_at
from filters.quality.native import Mapped, unchanged
from pipeline.model_formats.fields import Fields, RefusedError
from pipeline.model_formats.kenlm_binaries import MAGIC, WORD, HashTables, hash_tables


class Sentences(Protocol):
    """What tells how probable a sentence is."""

    def check(self) -> None:
        """RecipeError where what it reads is not what was loaded any more."""
        ...

    def log10(self, sentence: str) -> float:
        """The logarithm of a sentence's probability, of its end too. Only white space of ASCII divides words, as in KenLM."""
        ...


def check_ngrams(path: Path, name: str) -> None:
    """RecipeError where the file is neither form, or cannot hold what its head says; no n-gram is read."""
    with looked_at(path, _called(path, name)) as fields:
        if _is_binary(fields):
            hash_tables(fields, MOST_ORDERS)
            return
    check_arpa(path, name)


def load_ngrams(path: Path, name: str) -> Sentences:
    """The model; RecipeError where something of it is wrong."""
    with unchanged(path, name), looked_at(path, _called(path, name)) as fields:
        if _is_binary(fields):
            return HashedSentences(Mapped(path, name), hash_tables(fields, MOST_ORDERS))
    return ArpaSentences(read_arpa(path, name))


class ArpaSentences:
    """By an ARPA file's n-grams."""

    def __init__(self, model: Arpa) -> None:
        from filters.quality.kenlm_kernel import sentence_log10

        self._kernel, self._words = sentence_log10, model.words
        self._model = (
            np.concatenate([order.keys for order in model.orders]),
            np.concatenate([order.log10 for order in model.orders]),
            np.concatenate([order.backoff for order in model.orders]),
            np.cumsum([0, *(len(order.keys) for order in model.orders)]),
        )
        self._start, self._end = model.words.get(b"<s>", 0), model.words.get(b"</s>", 0)

    def check(self) -> None:
        """Nothing: the model was read."""

    def log10(self, sentence: str) -> float:
        """The logarithm of a sentence's probability."""
        ids = [self._words.get(word, 0) for word in sentence.encode().split()]
        return float(self._kernel(np.array([*ids, self._end]), self._start, self._model, len(self._words)))


class HashedSentences:
    """By the hash tables of a binary, which all processes of a machine share: 4 GB are read once and lie in memory once."""

    def __init__(self, mapped: Mapped, tables: HashTables) -> None:
        from filters.quality.hashed_kernel import sentence_log10, word_number

        self.check = mapped.check
        _count_words(mapped.bytes[tables.size :], tables)
        words = mapped.bytes[: tables.size // WORD * WORD].view(np.uint32)
        places = np.array([(table.start, table.rows, table.width) for table in tables.tables])
        self._kernel, self._model = sentence_log10, (words, words.view(np.float32), places)
        self._start, self._end = (
            word_number(np.frombuffer(word, np.uint8), words, places) for word in (b"<s>", b"</s>")
        )

    def log10(self, sentence: str) -> float:
        """The logarithm of a sentence's probability."""
        return float(self._kernel(np.frombuffer(sentence.encode(), np.uint8), self._model, self._start, self._end))


def _called(path: Path, name: str) -> str:
    return f"quality: {name} ({path})"


def _is_binary(fields: Fields) -> bool:
    """Whether a file begins as KenLM's binaries do."""
    return fields.size >= len(MAGIC) and fields.take(len(MAGIC)) == MAGIC


def _count_words(behind: npt.NDArray[np.uint8], tables: HashTables) -> None:
    """RefusedError where other words end behind the tables than they number."""
    ends = len(behind) - int(np.count_nonzero(behind))
    if tables.words_follow and ends != tables.words:
        raise RefusedError(f"{ends:,} words follow its tables, where it says that {tables.words:,} do")
