"""Shapes of deduplication that published data sets were made with, by name, and ours.

Words and hashes are datatrove's where it made the data set. Of RefinedWeb and RedPajama-Data-v2 the shapes are followed, not the
tokenizers and hash functions: the chances are theirs, the signatures are not.
"""

from collections.abc import Callable

from dedup.minhash import MinHash
from pipeline.errors import RecipeError

RPV2_BANDS = {0.7: (14, 9), 0.8: (9, 13), 0.9: (5, 25), 1.0: (1, 128)}


def fast() -> MinHash:
    """FineWeb's shape in our own family: the same chances for any language at a fraction of the time."""
    return MinHash(family="fast")


def fineweb() -> MinHash:
    """FineWeb: 5-grams of English words, 14 bands of 8, each crawl for itself (Penedo et al. 2024, arXiv:2406.17557)."""
    return MinHash(bands=14, rows=8, ngram=5)


def fineweb2(language: str) -> MinHash:
    """FineWeb2: FineWeb's shape over all crawls of a language, in its words (Penedo et al. 2025, arXiv:2506.20920).

    `language` is a key of datatrove's tokenizer table (`por_Latn`). RecipeError for one whose words cannot be told here.
    """
    found = MinHash(bands=14, rows=8, ngram=5, language=language)
    found.check()
    return found


def refinedweb() -> MinHash:
    """RefinedWeb: 5-grams, 9,000 functions in 450 bands of 20 (Penedo et al. 2023, arXiv:2306.01116)."""
    return MinHash(bands=450, rows=20, ngram=5)


def rpv2(similarity: float = 0.8) -> MinHash:
    """RedPajama-Data-v2: 13-grams, 128 functions, cut for `similarity` 0.7, 0.8, 0.9 or 1.0.

    Signatures for each are published with its quality signals (Weber et al. 2024, arXiv:2411.12372). A cut uses as many of the
    128 functions as its bands hold. RecipeError for another similarity.
    """
    if similarity not in RPV2_BANDS:
        raise RecipeError(f"rpv2 is cut for {', '.join(map(str, RPV2_BANDS))}, not for {similarity}")
    bands, rows = RPV2_BANDS[similarity]
    return MinHash(bands=bands, rows=rows, ngram=13)


PRESETS: dict[str, Callable[[], MinHash]] = {
    "fast": fast,
    "fineweb": fineweb,
    "refinedweb": refinedweb,
    "rpv2": rpv2,
    **{f"rpv2-{similarity}": lambda similarity=similarity: rpv2(similarity) for similarity in RPV2_BANDS},
}


def preset(name: str, language: str = "en") -> MinHash:
    """The shape of a name: a key of `PRESETS`, or `fineweb2`, which `language` belongs to. RecipeError for another name."""
    if name == "fineweb2":
        return fineweb2(language)
    if name not in PRESETS:
        raise RecipeError(f"no preset {name!r}; there are {', '.join([*PRESETS, 'fineweb2'])}")
    return PRESETS[name]()
