"""Stops pages by their address alone: listed domains and URLs, and words that tell adult sites (RefinedWeb, appendix G.1)."""

import re
import tarfile
from array import array
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, ClassVar

import ahocorasick
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash
from tldextract import TLDExtract

from pipeline.assets import Asset, derived
from pipeline.errors import RecipeError
from pipeline.evidence import Span, lines_of, marked
from pipeline.measures import NO_SIGNALS, Gated, signals_of
from pipeline.pages import Pages

_OBTAIN = "It is part of the package datatrove: pip install 'datatrove[io]==0.10.1'."

BLOCKLIST = (
    Asset(  # 4,558,940 domains and 19,587 URLs, of the University of Toulouse's adult, phishing, gambling … categories
        name="url blocklist",
        sha256="b37eefe1f3103dfa46b21b3f407b8b23cec2958ea22028700e6cc44d80f55e9e",
        location="package:datatrove/assets/url_filterblacklistsv0_3_0.tar.gz",
        obtain=_OBTAIN,
    )
)
HARD_WORDS = Asset(
    name="banned_words.txt",
    sha256="7aae5109ccc4d8357167168fa3a91331fa2fafd8eb8cc9c38cc9147c2610fab0",
    location="package:datatrove/assets/banned_words.txt",
    obtain=_OBTAIN,
)
SOFT_WORDS = Asset(
    name="soft_banned_words.txt",
    sha256="e5043030accca33b0e368a693997576beea4c58279da641bff40b4e02281b063",
    location="package:datatrove/assets/soft_banned_words.txt",
    obtain=_OBTAIN,
)
SUBWORDS = Asset(
    name="banned_subwords.txt",
    sha256="4770445cd8d2b16495efde88bc4efc3a520bdc0f3137d14d85cd3d89b194a232",
    location="package:datatrove/assets/banned_subwords.txt",
    obtain=_OBTAIN,
)

_NOT_ALPHANUMERIC = re.compile(r"[^a-zA-Z0-9]+")
_ALPHANUMERIC = re.compile(r"[a-zA-Z0-9]")
_DOMAIN_SEED, _URL_SEED = (
    0,
    1,
)  # one table holds both lists; the seed of the hash tells a domain from a URL of the same text

# The snapshot inside the package: by default tldextract would download whatever the public-suffix list is today.
_suffixes = TLDExtract(suffix_list_urls=(), cache_dir=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlPolicy:
    """Stops pages exactly where datatrove's `URLFilter` with its integrated lists does; the first reason that holds is given.

    In order, with datatrove's names: `blocked_domain` (domain: the registered domain is listed), `blocked_subdomain` (subdomain:
    the whole host is), `blocked_url` (url), `hard_banned_word` (hard_blacklisted: one is enough), `soft_banned_words`
    (soft_blacklisted: at least `min_soft_words` different ones), `banned_subword` (blacklisted_subword: anywhere in the URL
    without its punctuation). As there, whole words are compared as they are written, so `SEX` is no listed word, while
    sub-words ignore case; and listed URLs have no scheme. A page without URL passes.
    """

    name: ClassVar[str] = "url_policy"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("tldextract",)
    signals: ClassVar[pa.Schema] = NO_SIGNALS
    reasons: ClassVar[tuple[str, ...]] = (
        "blocked_domain",
        "blocked_subdomain",
        "blocked_url",
        "hard_banned_word",
        "soft_banned_words",
        "banned_subword",
    )

    blocklist: Asset = BLOCKLIST
    hard_words: Asset = HARD_WORDS
    soft_words: Asset = SOFT_WORDS
    subwords: Asset = SUBWORDS
    min_soft_words: int = 2
    extra_domains: tuple[str, ...] = ()
    extra_urls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.min_soft_words < 1:
            raise RecipeError(f"url_policy: min_soft_words is {self.min_soft_words}, which would stop every page")

    def check(self) -> None:
        """Loads the lists; at the first call on a machine this builds the table of the blocklist (about 3 s, 36 MB on disk)."""
        _lists(self)

    def judge(self, pages: Pages) -> Gated:
        """A reason of `reasons` or None per page; judged by `pages.urls`, before extraction."""
        lists = _lists(self)
        blocked = lists.blocked([key for url in pages.urls for key in _keys(url)]).reshape(-1, 3)
        listed = blocked.argmax(axis=1)  # the first of the three that holds, 0 also where none does
        reasons = [
            self.reasons[listed[row]] if blocked[row, listed[row]] else lists.words_reason(url, self.min_soft_words)
            for row, url in enumerate(pages.urls)
        ]
        return Gated(reasons, signals_of(self.signals, {}, len(pages)))

    def evidence(self, text: str, subject: str) -> list[Span]:
        """The part of the address `text` that is on a list."""
        if subject == "blocked_url":
            return [Span(0, len(text), "listed address")]
        if subject in {"blocked_domain", "blocked_subdomain"}:
            host = _suffixes(text)
            name = host.top_domain_under_public_suffix if subject == "blocked_domain" else host.fqdn
            at = text.find(name)
            return [Span(at, at + len(name), "listed domain")] if name and at >= 0 else []
        return _lists(self).words_evidence(text, subject)


@dataclass(frozen=True, slots=True)
class _Lists:
    hashes: npt.NDArray[np.uint64]
    extra: frozenset[int]
    hard: frozenset[str]
    soft: frozenset[str]
    subwords: ahocorasick.Automaton | None

    def blocked(self, keys: list[int]) -> npt.NDArray[np.bool_]:
        wanted = np.array(keys, dtype=np.uint64)
        if self.extra:
            extra = np.fromiter((key in self.extra for key in keys), np.bool_, len(keys))
            return self._listed(wanted) | extra
        return self._listed(wanted)

    def _listed(self, wanted: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        if not len(self.hashes):
            return np.zeros(len(wanted), np.bool_)
        at = np.searchsorted(self.hashes, wanted)
        return self.hashes[np.minimum(at, len(self.hashes) - 1)] == wanted

    def words_reason(self, url: str, min_soft_words: int) -> str | None:
        words = set(_NOT_ALPHANUMERIC.split(url))
        if not self.hard.isdisjoint(words):
            return "hard_banned_word"
        if len(self.soft & words) >= min_soft_words:
            return "soft_banned_words"
        if self.subwords is not None and next(self.subwords.iter(_normalized(url)), None) is not None:
            return "banned_subword"
        return None

    def words_evidence(self, url: str, reason: str) -> list[Span]:
        if reason == "banned_subword" and self.subwords is not None:
            places = [found.start() for found in _ALPHANUMERIC.finditer(url)]  # of the characters that are searched
            found = [(last - length + 1, last) for last, length in self.subwords.iter(_normalized(url))]
            return [Span(places[first], places[last] + 1, "banned part of a word") for first, last in found[:1]]
        words = {"hard_banned_word": self.hard, "soft_banned_words": self.soft}.get(reason, frozenset())
        pieces = lines_of(url, _NOT_ALPHANUMERIC)
        return marked(url, list(pieces), "banned word", lambda word: word in words)


@lru_cache(maxsize=2)
def _lists(policy: UrlPolicy) -> _Lists:
    hashes = np.load(derived(policy.blocklist, "url-hashes-1", _build_hashes), mmap_mode="r")
    extra = [_hash(domain.strip(), _DOMAIN_SEED) for domain in policy.extra_domains]
    extra += [_hash(url.strip(), _URL_SEED) for url in policy.extra_urls]
    return _Lists(
        hashes=hashes,
        extra=frozenset(extra),
        hard=frozenset(_words(policy.hard_words)),
        soft=frozenset(_words(policy.soft_words)),
        subwords=_automaton(_words(policy.subwords)),
    )


def _words(asset: Asset) -> list[str]:
    lines = asset.path().read_text("utf-8").splitlines()
    return sorted({word for line in lines if not line.startswith("#") and (word := _normalized(line))})


def _normalized(text: str) -> str:
    return _NOT_ALPHANUMERIC.sub("", text).lower()


def _automaton(words: list[str]) -> ahocorasick.Automaton | None:
    if not words:
        return None
    automaton = ahocorasick.Automaton(ahocorasick.STORE_LENGTH)
    for word in words:
        automaton.add_word(word)
    automaton.make_automaton()
    return automaton


def _keys(url: str) -> tuple[int, int, int]:
    host = _suffixes(url)
    registered, whole = host.top_domain_under_public_suffix, host.fqdn
    return _hash(registered, _DOMAIN_SEED), _hash(whole, _DOMAIN_SEED), _hash(url, _URL_SEED)


def _hash(text: str, seed: int) -> int:
    return xxhash.xxh64_intdigest(text.encode("utf-8", "surrogatepass"), seed)


def _build_hashes(source: Path, file: IO[bytes]) -> None:
    """Writes the sorted 64-bit hashes of both lists as a .npy array.

    As Python strings the lists take 500 MB and more a worker; as hashes 36 MB, mapped and shared by all workers of a machine.
    An unlisted key meets one of the n = 4.6 million hashes by chance with probability n / 2^64 = 2.5e-13: at three keys a page
    that is one page in 10^12.
    """
    hashes: array[int] = array("Q")
    try:
        with tarfile.open(source, "r:gz") as tar:
            for member in tar:  # read as a stream: nothing is ever written under a name the archive chose
                seed = {"domains": _DOMAIN_SEED, "urls": _URL_SEED}.get(member.name)
                lines = tar.extractfile(member)
                if seed is not None and lines is not None:
                    _add_hashes(hashes, lines, seed)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise RecipeError(f"{source} is no blocklist: {error}") from error
    if not hashes:
        raise RecipeError(f"{source} is no blocklist: no .tar.gz with the files 'domains' and 'urls', one entry a line")
    table = np.frombuffer(hashes, np.uint64)
    table.sort()  # in place; np.unique would take 200 MB more
    np.save(file, table)


def _add_hashes(hashes: "array[int]", lines: IO[bytes], seed: int) -> None:
    digest = xxhash.xxh64_intdigest
    while some := lines.readlines(1 << 20):
        entries = [line.strip() for line in some]
        hashes.extend([digest(entry, seed) for entry in entries if entry and not entry.startswith(b"#")])
