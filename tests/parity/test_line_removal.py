"""Lines taken out, against datatrove 0.10.1's own stages for repeated spans, set to spans of one line."""

from itertools import chain
from pathlib import Path

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.dedup import SentenceDedupFilter, SentenceDedupSignature, SentenceFindDedups
from datatrove.pipeline.dedup.sentence_dedup import SentDedupConfig
from datatrove.utils.hashing import HashConfig
from datatrove.utils.text import TextNormConfig

from dedup.removal import RemoveRepeatedLines
from pipeline.cuts import united, without

FILES = 3
PLAIN = TextNormConfig(
    lowercase=False, norm_numbers=False, norm_weekdays=False, norm_monthnames=False, remove_punctuation=False
)
CONFIG = SentDedupConfig(
    n_sentences=1,
    split_sentences=False,
    only_dedup_in_index=False,
    min_doc_words=0,
    min_num_sentences=0,
    norm_config=PLAIN,
    hash_config=HashConfig(precision=64),
)


def files() -> list[list[str]]:
    """Texts of lines of which each text has none twice, blank ones among them."""
    dice = np.random.default_rng(11)
    words = ["menu", "home", "about us", "a story", "of a mill", "and its", "stones", "Contact", "terms"]
    texts = [
        "\n".join(chain(dice.permutation(words)[: dice.integers(1, 6)], [f"page {number}"] * int(number % 4 > 0)))
        for number in range(60)
    ]
    return [texts[number::FILES] for number in range(FILES)]


def theirs(folder: Path, given: list[list[str]]) -> list[str]:
    """What their filter leaves, text by text; a text that is gone is left out."""
    for rank, texts in enumerate(given):
        documents = (Document(text=text, id=f"{rank}/{row}") for row, text in enumerate(texts))
        SentenceDedupSignature(str(folder / "one"), config=CONFIG).run(documents, rank, len(given))
    SentenceFindDedups(str(folder / "one"), str(folder / "two"), config=CONFIG).run(rank=0, world_size=1)
    left: list[str] = []
    for rank, texts in enumerate(given):
        documents = (Document(text=text, id=f"{rank}/{row}") for row, text in enumerate(texts))
        left += [each.text for each in SentenceDedupFilter(str(folder / "two"), config=CONFIG).run(documents, rank, 1)]
    return left


def ours(given: list[list[str]]) -> list[str]:
    """What goes where the first text in their order keeps a line: the first texts of all files, then the second ones."""
    removal, seen = RemoveRepeatedLines(), np.empty(0, np.uint64)
    left: dict[str, str] = {}
    for text in chain.from_iterable(zip(*given, strict=True)):
        left[text] = without(text, united(removal.places(text, seen)))
        seen = np.union1d(seen, removal.lines.hashes(removal.lines.units(text)))
    return [left[text] for text in chain.from_iterable(given) if left[text].strip()]


def test_the_same_is_left_of_every_text(tmp_path: Path) -> None:
    given = files()
    left = theirs(tmp_path, given)
    assert 10 < len(left) < 60
    assert left == ours(given)
