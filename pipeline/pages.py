"""A batch of pages as every gate, measure and transform sees it."""

import re
from collections.abc import Sequence
from typing import Self

from pipeline.spelled import Spelled
from pipeline.words import Tokenizer, spelled_words

_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """Text that UTF-8 (and so Arrow) can hold: each lone surrogate becomes U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()  # a fifth of the time that the expression takes to find nothing
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


class Pages:
    """Columns of a batch of pages, in row order; the batch is never changed, only narrowed or copied.

    Before extraction `texts` holds empty strings; after it, the extracted text. `spelled` splits each page once and every
    measure shares the result. `htmls` holds empty strings but for gates that read HTML.
    """

    __slots__ = ("_spelled", "htmls", "mimes", "texts", "urls")

    def __init__(
        self,
        texts: Sequence[str],
        *,
        urls: Sequence[str] | None = None,
        mimes: Sequence[str | None] | None = None,
        htmls: Sequence[str] | None = None,
    ) -> None:
        self.texts = [storable(text) for text in texts]
        self.urls = list(urls) if urls is not None else [""] * len(self.texts)
        self.mimes = list(mimes) if mimes is not None else [None] * len(self.texts)
        self.htmls = list(htmls) if htmls is not None else [""] * len(self.texts)
        self._spelled: dict[tuple[str, Tokenizer | None], list[Spelled | None]] = {}

    def __len__(self) -> int:
        return len(self.texts)

    def spelled(self, language: str = "en", tokenizer: Tokenizer | None = None) -> list[Spelled]:
        """The words of each page by `tokenizer`, or else exactly as datatrove 0.10.1's tokenizer for `language` gives them."""
        cached = self._spelled.setdefault((language, tokenizer), [None] * len(self.texts))
        spelled: list[Spelled] = []
        for row, known in enumerate(cached):
            if known is None:
                cached[row] = known = spelled_words(self.texts[row], language, tokenizer)
            spelled.append(known)
        return spelled

    def words(self, language: str = "en", tokenizer: Tokenizer | None = None) -> list[list[str]]:
        """The same as strings, which are made anew each time."""
        return [spelled.words() for spelled in self.spelled(language, tokenizer)]

    def take(self, rows: Sequence[int]) -> Self:
        """The pages at `rows`, in that order, with what is already known of them."""
        taken = type(self)(
            [self.texts[row] for row in rows],
            urls=[self.urls[row] for row in rows],
            mimes=[self.mimes[row] for row in rows],
            htmls=[self.htmls[row] for row in rows],
        )
        taken._spelled = {by: [known[row] for row in rows] for by, known in self._spelled.items()}
        return taken

    def with_texts(self, texts: Sequence[str]) -> Self:
        """The same pages with new texts; words are kept where a text did not change."""
        if len(texts) != len(self.texts):
            raise ValueError(f"{len(texts)} texts for {len(self.texts)} pages")
        changed = type(self)(texts, urls=self.urls, mimes=self.mimes)
        same = [old == new for old, new in zip(self.texts, changed.texts, strict=True)]
        changed._spelled = {
            by: [spelled if kept else None for spelled, kept in zip(known, same, strict=True)]
            for by, known in self._spelled.items()
        }
        return changed
