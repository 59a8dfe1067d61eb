"""Token ids of a text by a tokenizer of the library `tokenizers`, remembered word by word where that cannot change them.

A BERT tokenizer looks at each character alone, cuts at white space and punctuation, and then at each word alone: what it says of
a text is what it says of the text's stretches between white space, most of which were there before. Other tokenizers, and the
few texts whose white space is not the same to all, are asked for the text whole.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from pipeline.errors import RecipeError

MOST_BYTES = 200_000_000  # of a tokenizer.json

# Python cuts at these; BERT takes them out, and so makes one word of two.
_CONTROLS = re.compile("[\x0b\x0c\x1c-\x1f\x85]")

# Longer stretches do not come back. An entry takes some 200 bytes, so both generations take 26 MB.
_REMEMBERED = 1 << 16
_WORD_CHARS = 24

Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TokenizerFacts:
    """What a `tokenizer.json` says: its highest id and one, the id of what it does not know, and whether words are apart."""

    ids: int
    unknown: int | None
    by_word: bool


def tokenizer_facts(path: Path) -> TokenizerFacts:
    """Reads the file as JSON alone; RecipeError where it is no tokenizer."""
    try:
        size = path.stat().st_size
        told: Any = json.loads(path.read_bytes()) if size <= MOST_BYTES else None
        model, added = told["model"], told.get("added_tokens") or []
        vocabulary: dict[str, int] = _vocabulary(model["vocab"]) | {each["content"]: each["id"] for each in added}
        ids = [number for number in vocabulary.values() if type(number) is int and number >= 0]
        unknown = model.get("unk_id") if "unk_id" in model else vocabulary.get(model.get("unk_token"))
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise RecipeError(f"{path} is no tokenizer: {type(error).__name__}: {error}") from error
    if not ids or len(ids) < len(vocabulary) or max(ids) >= 1 << 31:
        raise RecipeError(f"{path} is no tokenizer: the ids of its tokens must be whole numbers from 0 on")
    return TokenizerFacts(max(ids) + 1, unknown, _is_bert(told) and all(map(_is_apart, added)))


def _vocabulary(told: Any) -> dict[str, int]:
    """Tokens and their ids; a unigram model lists tokens with their scores instead."""
    return told if isinstance(told, dict) else {token: number for number, (token, _) in enumerate(told)}


def _is_bert(told: dict[str, Any]) -> bool:
    kinds = [(told.get(part) or {}).get("type") for part in ("normalizer", "pre_tokenizer", "model")]
    return kinds == ["BertNormalizer", "BertPreTokenizer", "WordPiece"] and bool(told["normalizer"].get("clean_text"))


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
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing narrower
            raise RecipeError(f"{path} is no tokenizer: {error}") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._young: dict[str, Ids] = {}
        self._old: dict[str, Ids] = {}

    def ids(self, text: str, most: int | None) -> Sequence[int]:
        """The first `most` tokens of a text, or all."""
        if not self._facts.by_word or _CONTROLS.search(text):
            return self._known(self._tokenizer.encode(text, add_special_tokens=False).ids)[:most]
        if most is None:
            return self._of(text.split())
        words = text.split(None, most)  # a word is a token or more, but for what is not known
        found = self._of(words[:most])
        if len(found) < most < len(words):
            found = self._of(text.split())
        return found[:most]

    def _of(self, words: list[str]) -> list[int]:
        found = list(map(self._young.get, words))
        if None in found:
            known = self._learned(dict.fromkeys(word for word, ids in zip(words, found, strict=True) if ids is None))
            found = [known[word] if ids is None else ids for word, ids in zip(words, found, strict=True)]
        return list(chain.from_iterable(found))  # pyright: ignore[reportArgumentType]  none is None now

    def _learned(self, words: dict[str, None]) -> dict[str, Ids]:
        known = {word: ids for word in words if (ids := self._old.get(word)) is not None}
        new = [word for word in words if word not in known]
        known |= zip(new, self._asked(new), strict=True)
        young = self._young
        young |= {word: ids for word, ids in known.items() if len(word) <= _WORD_CHARS}
        if len(young) > _REMEMBERED:
            self._young, self._old = {}, young
        return known

    def _asked(self, words: list[str]) -> list[Ids]:
        """What the tokenizer says of each, asked once: given words apart from each other, it tells of which a token is."""
        said = self._tokenizer.encode(words, is_pretokenized=True, add_special_tokens=False)
        of_word: list[list[int]] = [[] for _ in words]
        for token, word in zip(said.ids, said.word_ids, strict=True):
            if token != self._facts.unknown and word is not None:
                of_word[word].append(token)
        return list(map(tuple, of_word))

    def _known(self, ids: Iterable[int]) -> list[int]:
        return [token for token in ids if token != self._facts.unknown]
