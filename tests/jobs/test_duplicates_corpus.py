"""The listed near-duplicates of the corpus of real pages: found as the S-curve says, and as similar as they are listed.

The list has the Jaccard similarity of 5-word shingles of all visible text, menus and footers too. A run compares extracted
texts, where pages of one site that share a menu have nothing in common, and pages that differ in their menus are the same.
"""

import gzip
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.comparison import Comparison, Signed, compare, sign
from dedup.minhash import MinHash
from dedup.scale import Scale
from dedup.survival import Components
from dedup.theory import probability
from jobs.clusters.asking import Asked
from jobs.clusters.told import ClusterTold
from jobs.deduplicating import HowToDedup, prepare_rows, run_rows
from pipeline.rows.columns import RowColumns
from pipeline.runs import open_run
from pipeline.storage import open_storage

pytestmark = pytest.mark.corpus

MINHASH, SURVIVAL = MinHash(), Components()
BINS = (0.0, 0.5, 0.65, 0.75, 0.8, 0.85, 0.9, 1.0, 1.1)


@pytest.fixture(scope="module")
def listed(corpus: Path) -> list[dict]:
    return [orjson.loads(line) for line in (corpus / "crawl" / "near_dup_pairs.jsonl").read_bytes().splitlines()]


def compared(listed: list[dict], texts: dict[str, str]) -> list[tuple[float, Comparison]]:
    """The listed similarity and ours of each pair of which both texts are there and long enough."""
    made: dict[str, Signed] = {}
    for name in {pair[side] for pair in listed for side in "ab"} & texts.keys():
        made[name] = sign(texts[name], MINHASH, SURVIVAL)
    pairs = [pair for pair in listed if pair["a"] in made and pair["b"] in made]
    found = [(pair["jaccard"], compare(made[pair["a"]], made[pair["b"]], MINHASH, SURVIVAL)) for pair in pairs]
    return [(jaccard, each) for jaccard, each in found if each is not None]


def chance_of_as_odd(found: int, chances: Sequence[float]) -> float:
    """How likely independent pairs, each found with its own chance, give a count at least as far out: both tails."""
    spread = np.ones(1)
    for chance in chances:
        spread = np.convolve(spread, [1 - chance, chance])
    return min(1.0, 2 * min(spread[: found + 1].sum(), spread[found:].sum()))


def check_by_bin(pairs: Iterable[Comparison]) -> int:
    """Each bin of similarity has about as many pairs found as the S-curve says; how many bins have pairs."""
    pairs, bins = list(pairs), 0
    for low, high in pairwise(BINS):
        here = [pair for pair in pairs if low <= pair.exact < high]
        chances = [probability(pair.exact) for pair in here]
        found = sum(bool(pair.bands) for pair in here)
        # Pairs have pages in common, so counts spread wider than those of independent pairs: a wide bound.
        assert chance_of_as_odd(found, chances) > 1e-3, (low, found, sum(chances), len(here))
        bins += bool(here)
    return bins


@pytest.fixture(scope="module")
def asked(corpus_pages: list[dict], tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """All pages of the corpus that have text, deduplicated."""
    folder = tmp_path_factory.mktemp("corpus")
    pages = [page for page in corpus_pages if page["text"]]
    rows = {name: [page[name] for page in pages] for name in ("text", "id", "url")}
    pq.write_table(pa.table(rows), folder / "pages.parquet")
    how = HowToDedup(minhash=MINHASH, survival=SURVIVAL, columns=RowColumns(), scale=Scale())
    run_rows(prepare_rows([str(folder / "pages.parquet")], str(folder / "out"), how), workers=2)
    return Asked(open_run(open_storage(str(folder / "out"))))


def test_pairs_of_kept_documents_are_found_as_the_s_curve_says(
    asked: Asked, listed: list[dict], corpus_pages: list[dict]
) -> None:
    texts = {page["id"]: page["text"] for page in corpus_pages if page["text"]}
    pairs = [each for _, each in compared(listed, texts)]
    assert len(pairs) > 80
    assert check_by_bin(pairs) == len(BINS) - 1
    clusters: dict[str, int | None] = {}
    for name in {pair[side] for pair in listed for side in "ab"}:
        (told,) = asked.page(name, most=1)
        clusters[name] = told.cluster if isinstance(told, ClusterTold) else None
    for pair in listed:
        both = [sign(texts[pair[side]], MINHASH, SURVIVAL) for side in "ab"]
        if np.any(both[0].keys == both[1].keys) and both[0].is_compared:
            assert clusters[pair["a"]] == clusters[pair["b"]] is not None


def test_what_is_told_of_a_cluster_is_what_its_texts_say(asked: Asked, corpus_pages: list[dict]) -> None:
    texts = {page["id"]: page["text"] for page in corpus_pages}
    told = [asked.cluster(each.cluster, most=20) for each in asked.all(most=5).largest]
    assert told
    for cluster in told:
        first = sign(texts[cluster.survivor.record_id], MINHASH, SURVIVAL)
        for member in cluster.removed:
            assert member.comparison == compare(
                first, sign(texts[member.record_id], MINHASH, SURVIVAL), MINHASH, SURVIVAL
            )


def test_over_visible_text_similarities_are_those_listed(corpus: Path, listed: list[dict]) -> None:
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    crawl = corpus / "crawl"
    wanted = {pair[side] for pair in listed for side in "ab"}
    texts: dict[str, str] = {}
    for page in map(orjson.loads, (crawl / "pages.jsonl").read_bytes().splitlines()):
        if page["record_id"] in wanted:
            with (crawl / page["warc"]).open("rb") as file:
                file.seek(page["offset"])
                record = gzip.decompress(file.read(page["length"]))
            body = record.split(b"\r\n\r\n", 2)[2]
            html = bytes_to_str(body, page["charset"] or detect_encoding(body))
            texts[page["record_id"]] = extract_plain_text(
                html, main_content=False, alt_texts=False, links=False, form_fields=False, noscript=False
            )
    pairs = compared(listed, texts)
    assert len(pairs) == len(listed)
    away = np.array([abs(jaccard - each.exact) for jaccard, each in pairs])
    assert np.median(away) < 0.02
    assert np.quantile(away, 0.9) < 0.08
    assert away.max() < 0.15
    assert check_by_bin(each for _, each in pairs) >= 5
