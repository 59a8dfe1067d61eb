"""Signatures and clusters against datatrove 0.10.1's own MinHash stages, run in this process on the real pages."""

import struct
from collections import defaultdict
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest
from datatrove.data import Document
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.utils.hashing import HashConfig

from dedup.bands import band_keys, band_table
from dedup.clusters import clusters
from dedup.edges import edges
from dedup.minhash import MinHash
from dedup.shingles import jaccard
from dedup.survivors import ORDER_SCHEMA, survivors
from dedup.theory import probability

pytestmark = pytest.mark.corpus

PARTS = 3


class Theirs(MinhashDedupSignature):
    """datatrove's first stage, which splits a text into words only once however often it is asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.known: dict[str, np.ndarray] = {}

    def get_shingles(self, text: str) -> np.ndarray:
        if text not in self.known:
            self.known[text] = super().get_shingles(text)
        return self.known[text]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Theirs:
    return Theirs(tmp_path_factory.mktemp("datatrove") / "signatures")


@pytest.fixture(scope="module")
def planted(english_pages: list[dict]) -> list[str]:
    """The English pages, and of every tenth also a copy with some sentences gone, so that there are clusters of several sizes."""
    random = np.random.default_rng(8)
    texts = [page["text"] for page in english_pages]
    for text in texts[::10]:
        for share in random.choice([0.0, 0.02, 0.05, 0.2], random.integers(1, 3)):
            sentences = text.split(". ")
            texts.append(". ".join(one for one in sentences if random.random() >= share) or text)
    return [texts[place] for place in random.permutation(len(texts))]


@pytest.mark.slow  # datatrove needs 10 ms a page
def test_signatures_are_datatroves_on_every_page(theirs: Theirs, corpus_pages: list[dict]):
    texts = [page["text"] for page in corpus_pages]
    signatures, has_signature = MinHash().signatures(texts)
    assert has_signature.sum() > 1500
    assert not has_signature.all()
    for text, signature, has in zip(texts, signatures, has_signature, strict=True):
        shingles = theirs.get_shingles(text)
        assert has == bool(shingles.size)
        if has:
            assert signature.tolist() == np.ravel(theirs.get_signature(shingles)).tolist()


@pytest.mark.parametrize(
    ("ours", "config"),
    [
        (MinHash(hash="sha1_64"), MinhashConfig(hash_config=HashConfig(hash_fc="sha1"))),
        (MinHash(bands=9, rows=13, seed=42), MinhashConfig(num_buckets=9, hashes_per_bucket=13, seed=42)),
        (MinHash(ngram=13), MinhashConfig(n_grams=13)),
    ],
)
def test_signatures_are_datatroves_for_other_shapes_too(ours, config, english_pages, tmp_path):
    stage = MinhashDedupSignature(str(tmp_path), config)
    for page in english_pages[::25]:
        shingles = stage.get_shingles(page["text"])
        signatures, has_signature = ours.signatures([page["text"]])
        assert has_signature.tolist() == [bool(shingles.size)]
        if shingles.size:
            assert signatures[0].tolist() == np.ravel(stage.get_signature(shingles)).tolist()


def documents_of(texts: list[str], part: int) -> list[Document]:
    return [Document(text=text, id=f"{part}/{row}") for row, text in enumerate(texts[part::PARTS])]


def their_clusters(theirs: Theirs, texts: list[str], folder: Path) -> tuple[set[frozenset], dict]:
    """Their clusters as sets of (part, row), and for each document that their last stage keeps the size of its cluster."""
    for part in range(PARTS):
        theirs.run(iter(documents_of(texts, part)), part, PARTS)
    buckets = MinhashDedupBuckets(theirs.output_folder.path, str(folder / "buckets"))
    for bucket in range(14):
        buckets.run(None, bucket, 14)
    MinhashDedupCluster(
        str(folder / "buckets"), str(folder / "clusters"), save_cluster_id=True, save_cluster_size=True
    ).run(None, 0, 1)
    members, kept = defaultdict(set), {}
    for part in range(PARTS):
        for row, cluster in struct.iter_unpack("<2I", (folder / "clusters" / f"{part:06d}.clusters").read_bytes()):
            members[cluster].add((part, row))
        last = MinhashDedupFilter(str(folder / "clusters"), load_cluster_sizes=True)
        for document in last.run(iter(documents_of(texts, part)), part, PARTS):
            kept[tuple(map(int, document.id.split("/")))] = document.metadata["minhash_cluster_size"]
    return {frozenset(cluster) for cluster in members.values()}, kept


def our_clusters(texts: list[str]) -> pa.Table:
    """Our clusters of the same parts, band by band, with documents numbered as the machine numbers them."""
    found = []
    tables = []
    for part in range(PARTS):
        signatures, has_signature = MinHash().signatures(texts[part::PARTS])
        keys = band_keys(signatures, 14, 8)
        tables.append(band_table(keys, has_signature, part, np.arange(len(keys))))
    table = pa.concat_tables(tables).combine_chunks()
    for band in range(14):
        of_band = table.filter(pa.compute.equal(table.column("band"), pa.scalar(band, pa.uint16())))
        member, row = (of_band.column(name).to_numpy().astype(np.uint64) for name in ("member", "row"))
        found.append(edges(of_band.column("key").to_numpy(), member << np.uint64(24) | row))
    return clusters(found)


def test_clusters_and_the_number_of_survivors_are_datatroves(theirs: Theirs, planted: list[str], tmp_path: Path):
    expected, kept = their_clusters(theirs, planted, tmp_path)
    ours = our_clusters(planted)
    members = defaultdict(set)
    for row in ours.to_pylist():
        members[row["cluster"]].add((row["document"] >> 24, row["document"] & 0xFFFFFF))
    assert set(map(frozenset, members.values())) == expected
    assert len(expected) >= 50
    assert max(map(len, expected)) >= 3

    documents = [part << 24 | row for part in range(PARTS) for row in range(len(planted[part::PARTS]))]
    order = pa.Table.from_pylist(
        [
            {
                "document": number,
                "text_chars": len(planted[(number & 0xFFFFFF) * PARTS + (number >> 24)]),
                "record_id": "",
            }
            for number in documents
        ],
        ORDER_SCHEMA,
    )
    judged = survivors(ours, order)
    sizes = {row["survivor"]: row["cluster_size"] for row in judged.to_pylist()}
    dropped = judged.num_rows - sum(judged.column("keep").to_pylist())
    assert len(planted) - dropped == len(kept)
    assert sorted(sizes.values()) == sorted(size for size in kept.values() if size > 1)


def test_the_known_near_duplicates_are_found_as_often_as_the_s_curve_says(corpus: Path, corpus_pages: list[dict]):
    texts = {page["id"]: page["text"] for page in corpus_pages}
    lines = (corpus / "crawl" / "near_dup_pairs.jsonl").read_bytes().splitlines()
    pairs = [(texts[pair["a"]], texts[pair["b"]]) for pair in map(orjson.loads, lines)]
    shape = MinHash()
    one, one_has = shape.signatures([a for a, _ in pairs])
    other, other_has = shape.signatures([b for _, b in pairs])
    both = one_has & other_has
    assert both.sum() >= 30
    found = (band_keys(one, 14, 8) == band_keys(other, 14, 8)).any(axis=1)[both]
    similarity = np.array([jaccard(shape.shingles(a), shape.shingles(b)) for a, b in pairs])[both]
    assert found[similarity == 1].all()
    chance = np.array([probability(s) for s in similarity])
    # The pairs are few and share pages, so they are not independent: four standard deviations of independent trials, plus one.
    assert abs(found.sum() - chance.sum()) <= 4 * np.sqrt((chance * (1 - chance)).sum()) + 1


@pytest.mark.parametrize("language", ["de", "fr", "ru"])
def test_signatures_are_datatroves_in_other_languages_too(language: str, corpus_pages: list[dict], tmp_path: Path):
    stage = MinhashDedupSignature(str(tmp_path), language=language)
    texts = [page["text"] for page in corpus_pages if page["language"] == language][:15]
    signatures, has_signature = MinHash(language=language).signatures(texts)
    assert has_signature.any()
    for text, signature, has in zip(texts, signatures, has_signature, strict=True):
        shingles = stage.get_shingles(text)
        assert has == bool(shingles.size)
        if has:
            assert signature.tolist() == np.ravel(stage.get_signature(shingles)).tolist()
