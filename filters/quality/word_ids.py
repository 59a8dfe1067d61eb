"""Token ids of a text by a tokenizer of the library `tokenizers`; those of BERT in a tenth of its time.

A BERT tokenizer looks at each character alone, cuts at white space and marks, and then at each word alone. So words of ASCII are
cut here, by a kernel, and any other word is asked of the tokenizer once and remembered. Other tokenizers are asked for the text
whole.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import RecipeError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MOST_BYTES = 200_000_000  # of a tokenizer.json

# Longer words do not come back. An entry takes some 200 bytes, so both generations take 13 MB.
_REMEMBERED = 1 << 15
_WORD_BYTES = 48

Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BertFacts:
    """How a BERT tokenizer cuts: in lower case or not, words of at most `longest` characters, what continues behind `prefix`."""

    vocabulary: dict[str, int]
    lower: bool
    longest: int
    prefix: str


@dataclass(frozen=True, slots=True)
class TokenizerFacts:
    """What a `tokenizer.json` says: its highest id and one, and the id of what it does not know.

    `added` are tokens that are found before a text is cut; `bert` is None for any other tokenizer.
    """

    ids: int
    unknown: int | None
    added: tuple[str, ...]
    bert: BertFacts | None


def tokenizer_facts(path: Path) -> TokenizerFacts:
    """Reads the file as JSON alone; RecipeError where it is no tokenizer."""
    try:
        size = path.stat().st_size
        told: Any = json.loads(path.read_bytes()) if size <= MOST_BYTES else None
        model, added = told["model"], told.get("added_tokens") or []
        vocabulary = _vocabulary(model["vocab"])
        known = vocabulary | {each["content"]: each["id"] for each in added}
        ids = [number for number in known.values() if type(number) is int and number >= 0]
        unknown = model.get("unk_id") if "unk_id" in model else known.get(model.get("unk_token"))
        bert = _bert(told, vocabulary) if all(map(_is_apart, added)) else None
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise RecipeError(f"{path} is no tokenizer: {type(error).__name__}: {error}") from error
    if not ids or len(ids) < len(known) or max(ids) >= 1 << 31:
        raise RecipeError(f"{path} is no tokenizer: the ids of its tokens must be whole numbers from 0 on")
    return TokenizerFacts(max(ids) + 1, unknown, tuple(each["content"] for each in added), bert)


def tokenizer_at(path: Path) -> "Tokenizer":
    """The tokenizer itself, which cuts and fills up no text; RecipeError where the library finds it to be none."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise RecipeError(f"{path} is no tokenizer: {error}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _vocabulary(told: Any) -> dict[str, int]:
    """Tokens and their ids; a unigram model lists tokens with their scores instead."""
    return told if isinstance(told, dict) else {token: number for number, (token, _) in enumerate(told)}


def _bert(told: dict[str, Any], vocabulary: dict[str, int]) -> BertFacts | None:
    normalizer, model = told.get("normalizer") or {}, told["model"]
    kinds = [normalizer.get("type"), (told.get("pre_tokenizer") or {}).get("type"), model.get("type")]
    if kinds != ["BertNormalizer", "BertPreTokenizer", "WordPiece"] or not normalizer.get("clean_text"):
        return None
    longest = model.get("max_input_chars_per_word", 100)
    prefix = model.get("continuing_subword_prefix", "##")
    return BertFacts(vocabulary, bool(normalizer.get("lowercase")), longest, prefix) if 0 < longest <= 1000 else None


def _is_apart(added: dict[str, Any]) -> bool:
    """Whether a token that is found before the text is cut cannot reach over white space, nor look at what is around it."""
    around = any(added.get(name) for name in ("single_word", "normalized"))
    return not around and bool(added["content"]) and not re.search(r"\s", added["content"])


class WordIds:
    """The tokens of texts without those that the tokenizer does not know, nor those it would add at the ends.

    What it remembers is bounded by two generations and never changes an answer.
    """

    def __init__(self, path: Path) -> None:
        self._facts = tokenizer_facts(path)
        self._tokenizer = tokenizer_at(path)
        self._added = re.compile("|".join(map(re.escape, self._facts.added)) or r"(?!)")
        bert = self._facts.bert
        self._pieces = _Pieces(bert, self._facts.unknown) if bert else None
        self._young: dict[bytes, Ids] = {}
        self._old: dict[bytes, Ids] = {}

    def ids(self, text: str, most: int | None) -> Sequence[int]:
        """The first `most` tokens of a text, or all."""
        if self._pieces is None or self._added.search(text):
            return self._known(self._tokenizer.encode(text, add_special_tokens=False).ids)[:most]
        found, asked = self._pieces.cut(text.encode(), most)
        if not asked:
            return found[:most]
        told = self._of(asked)
        whole: list[int] = []
        for token in found:
            whole.extend((token,) if token >= 0 else told[-1 - token])
        return whole[:most]

    def _of(self, words: list[bytes]) -> list[Ids]:
        known = {word: self._young.get(word) for word in words}
        new: list[bytes] = []
        for word, ids in known.items():
            if ids is None:
                known[word] = self._old.get(word)
                new += () if known[word] is not None else (word,)
        known |= zip(new, self._asked(new), strict=True) if new else ()
        self._young |= {word: ids for word, ids in known.items() if ids is not None and len(word) <= _WORD_BYTES}
        if len(self._young) > _REMEMBERED:
            self._young, self._old = {}, self._young
        return [known[word] or () for word in words]

    def _asked(self, words: list[bytes]) -> list[Ids]:
        """What the tokenizer says of each, asked once: given words apart from each other, it tells of which a token is."""
        texts = [word.decode() for word in words]
        said = self._tokenizer.encode(texts, is_pretokenized=True, add_special_tokens=False)
        of_word: list[list[int]] = [[] for _ in words]
        for token, word in zip(said.ids, said.word_ids, strict=True):
            if token != self._facts.unknown and word is not None:
                of_word[word].append(token)
        return list(map(tuple, of_word))

    def _known(self, ids: Iterable[int]) -> list[int]:
        return [token for token in ids if token != self._facts.unknown]


class _Pieces:
    """The tokens of a BERT vocabulary as the kernel wants them."""

    def __init__(self, bert: BertFacts, unknown: int | None) -> None:
        from filters.quality.wordpiece_kernel import hash_of, place_tokens

        spelled, values = [b""] * (top := max(bert.vocabulary.values()) + 1), np.zeros(top, np.uint64)
        for token, number in bert.vocabulary.items():
            if number != unknown:
                continuing = bool(bert.prefix) and token.startswith(bert.prefix) and token != bert.prefix
                spelled[number] = token.removeprefix(bert.prefix).encode() if continuing else token.encode()
                values[number] = hash_of(np.frombuffer(spelled[number], np.uint8), continuing)
        size = 1 << (4 * top).bit_length()
        hashes, tokens = np.zeros(size, np.uint64), np.full(size, -1, np.int32)
        place_tokens(values, hashes, tokens)
        ends = np.cumsum([0, *map(len, spelled)]).astype(np.int32)
        self._table = hashes, tokens, np.frombuffer(bytearray(b"".join(spelled)), np.uint8), ends
        self._form = int(bert.lower), bert.longest, max(map(len, spelled))

    def cut(self, text: bytes, most: int | None) -> tuple[list[int], list[bytes]]:
        """The tokens of a text, `most` or a few more, and the words left to the tokenizer, which stand there as -1, -2 …."""
        from filters.quality.wordpiece_kernel import cut_words

        ids, places = np.empty(len(text), np.int32), np.empty(len(text) + 2, np.int32)
        limit = len(text) if most is None else most
        count, asked = cut_words(np.frombuffer(text, np.uint8), limit, self._form, self._table, ids, places)
        at = places[: 2 * asked].tolist()
        return ids[:count].tolist(), [text[at[i] : at[i + 1]] for i in range(0, 2 * asked, 2)]
