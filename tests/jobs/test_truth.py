"""Corpora of which it is known what resembles what, and what a deduplication makes of them."""

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.bands import band_keys
from dedup.minhash import MinHash
from dedup.scale import Scale, Shape
from dedup.survival import Components, Star, Survival
from jobs import deduplicating
from jobs.deduplicating import HowToDedup, prepare_rows, run_rows
from jobs.synthetic.truth.corpus import batches, pairs, write_corpus
from jobs.synthetic.truth.judging import judge, recall_bins
from jobs.synthetic.truth.plan import BLOCK, KINDS, Truth
from jobs.synthetic.truth.vocabulary import made_words
from pipeline.errors import RecipeError
from pipeline.rows.columns import RowColumns

SMALL = Truth(documents=2_000, words=60, seed=3)
MEASURED = Truth(documents=8_000, words=80, share=1.0, boilerplate=0.0, seed=5)
FAMILIES = [MinHash(family="fast"), MinHash()]


def texts(truth: Truth) -> list[str]:
    return pa.Table.from_batches(batches(truth))["text"].to_pylist()


def planted(truth: Truth) -> pa.Table:
    return pa.concat_tables(pairs(truth))


@pytest.mark.parametrize("family", FAMILIES, ids=["fast", "datatrove"])
def test_words_are_the_same_for_both_families(family: MinHash) -> None:
    words = made_words()
    assert len(set(words)) == len(words)
    one_word = MinHash(family=family.family, ngram=1)
    assert one_word.shingles(" ".join(words)).size == len(words)


@given(st.integers(1, 3_000), st.integers(0, 9), st.data())
@settings(max_examples=20, deadline=None)
def test_any_part_can_be_made_alone(documents: int, seed: int, data: st.DataObject) -> None:
    truth = Truth(documents=documents, words=20, seed=seed)
    start = data.draw(st.integers(0, documents - 1))
    stop = data.draw(st.integers(start, documents))
    whole = pa.Table.from_batches(batches(truth))
    part = pa.Table.from_batches(batches(truth, start, stop), whole.schema)
    assert part == whole.slice(start, stop - start)
    assert whole["id"].to_pylist() == [f"{number:012}" for number in range(documents)]


def test_pairs_can_be_made_alone_too() -> None:
    some = pa.concat_tables(pairs(SMALL, 5, 9))
    per_block = planted(SMALL).num_rows // SMALL.blocks
    assert some == planted(SMALL).slice(5 * per_block, 4 * per_block)


@pytest.mark.parametrize("family", FAMILIES, ids=["fast", "datatrove"])
def test_the_similarity_that_is_told_is_that_of_the_shingles(family: MinHash) -> None:
    documents = texts(SMALL)
    for row in planted(SMALL).to_pylist()[::9]:
        one, other = (set(family.shingles(documents[row[name]]).tolist()) for name in ("a", "b"))
        assert row["jaccard"] == pytest.approx(len(one & other) / len(one | other))


def test_every_kind_of_change_is_planted_and_shares_are_kept() -> None:
    found = planted(SMALL)
    assert set(found["kind"].to_pylist()) == set(range(len(KINDS)))
    clustered = set(found["a"].to_pylist()) | set(found["b"].to_pylist())
    assert len(clustered) == SMALL.clustered == int(2_000 * 0.3) // BLOCK * BLOCK
    documents = texts(SMALL)
    for row in found.to_pylist():
        a, b = documents[row["a"]], documents[row["b"]]
        same = {"exact copy": a == b, "other case": b in (a, a.upper()) or a == b.upper()}
        assert same.get(KINDS[row["kind"]], True), row
    mean = sum(len(document.split()) for document in documents) / len(documents)
    assert 0.9 * 60 < mean < 1.1 * 60


def test_documents_that_nothing_relates_share_little_but_some_share_boilerplate() -> None:
    signed, _ = MinHash(family="fast", bands=1, rows=128).signatures(texts(Truth(documents=300, share=0.0)))
    alike = (signed[:, None] == signed[None]).mean(axis=2)[np.triu_indices(300, 1)]
    assert alike.mean() < 0.01
    assert 0.0005 < (alike > 0.03).mean() < 0.01


def test_files_are_the_same_bytes_each_time_and_their_number_changes_no_document(tmp_path: Path) -> None:
    for name, files in (("a", 3), ("b", 3), ("c", 5)):
        write_corpus(SMALL, tmp_path / name, files=files)
    one, same, other = (sorted((tmp_path / name).rglob("*.parquet")) for name in "abc")
    assert [_digest(file) for file in one] == [_digest(file) for file in same]
    assert len(other) == 6
    read = [pq.read_table(tmp_path / name / "documents") for name in "ac"]
    assert read[0] == read[1]
    assert pq.read_table(tmp_path / "a" / "pairs.parquet") == planted(SMALL)
    with pytest.raises(RecipeError, match="already there"):
        write_corpus(SMALL, tmp_path / "a", files=3)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("wrong", [{"documents": 0}, {"words": 3}, {"share": 1.5}, {"seed": -1}, {"boilerplate": 2}])
def test_what_cannot_be_a_corpus_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(RecipeError):
        Truth(**{"documents": 10, **wrong})  # type: ignore[arg-type]


@lru_cache
def _keys(family: str) -> np.ndarray:
    minhash = MinHash(family=family)
    return band_keys(minhash.signatures(texts(MEASURED))[0], minhash.bands, minhash.rows)


@pytest.mark.parametrize("family", ["fast", "datatrove"])
def test_pairs_are_found_as_often_as_the_curve_says(family: str) -> None:
    """In each range of similarity within four standard deviations, which one of 15,000 ranges would not be."""
    two = pl.DataFrame(pl.from_arrow(planted(MEASURED))).filter(pl.col("size") == 2)
    keys = _keys(family)
    found = (keys[two["a"].to_numpy()] == keys[two["b"].to_numpy()]).any(axis=1)
    bins = recall_bins(two["jaccard"].to_numpy(), found, bands=14, rows=8)
    assert len([each for each in bins if each.pairs >= 50]) >= 7
    assert all(abs(each.deviation) < 4 for each in bins), bins


@pytest.mark.parametrize("family", ["fast", "datatrove"])
def test_what_is_found_was_planted(family: str) -> None:
    keys = _keys(family)
    cluster = np.full(MEASURED.documents, -1)
    for row in planted(MEASURED).to_pylist():
        cluster[[row["a"], row["b"]]] = row["cluster"]
    alone = cluster < 0
    cluster[alone] = -1 - np.flatnonzero(alone)
    for band in range(14):
        frame = pl.DataFrame({"key": keys[:, band], "cluster": cluster})
        assert frame.group_by("key").agg(pl.col("cluster").n_unique())["cluster"].max() == 1


def _removed(folder: Path, root: Path, how: HowToDedup, documents: int, workers: int = 2) -> np.ndarray:
    run_rows(prepare_rows([str(folder)], str(root), how), workers=workers)
    kept = pl.read_parquet(root / "dataset" / "data" / "*.parquet")["id"].cast(pl.Int64).to_numpy()
    removed = np.ones(documents, np.bool_)
    removed[kept] = False
    return removed


def _how(survival: Survival, family: str = "fast") -> HowToDedup:
    return HowToDedup(minhash=MinHash(family=family), survival=survival, columns=RowColumns(), scale=Scale())


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(MEASURED, folder, files=2)
    return folder / "documents"


def test_with_star_nearly_all_that_go_have_a_near_duplicate_that_stays(corpus: Path, tmp_path: Path) -> None:
    """Similarity is estimated there, so pairs at the bound can be on either side of it."""
    truth = planted(MEASURED)
    plain = judge(truth, _removed(corpus, tmp_path / "plain", _how(Components()), MEASURED.documents))
    star = judge(truth, _removed(corpus, tmp_path / "star", _how(Star(similarity=0.55)), MEASURED.documents))
    assert plain.recall == pytest.approx(_recall_of_curve(truth), abs=0.02)
    assert plain.covered < 0.98
    assert star.covered > 0.995
    assert star.precision > 0.995
    assert star.removed > 0.8 * plain.removed


def _recall_of_curve(truth: pa.Table) -> float:
    two = pl.DataFrame(pl.from_arrow(truth)).filter((pl.col("size") == 2) & (pl.col("jaccard") >= 0.5))
    return float((1 - (1 - two["jaccard"].to_numpy() ** 8) ** 14).mean())


@pytest.mark.parametrize("survival", [Components(), Star()], ids=["components", "star"])
def test_workers_files_their_order_and_partitions_change_nothing(
    survival: Survival, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_corpus(SMALL, tmp_path / "three", files=3)
    write_corpus(SMALL, tmp_path / "seven", files=7)
    documents = sorted((tmp_path / "seven" / "documents").iterdir())
    for place, file in enumerate(documents):  # files are read by name, so other names are another order
        file.rename(file.with_name(f"other-{(place * 3) % 7}.parquet"))
    how = _how(survival)
    one = _removed(tmp_path / "three" / "documents", tmp_path / "one", how, SMALL.documents, workers=1)
    assert one.any()
    cut = Shape(ranges=3, rows=1_000, merged=2, joins=2, most_joined=10_000, elections=3, most_elected=10_000)
    monkeypatch.setattr(Scale, "shape", lambda *_, **__: cut)
    monkeypatch.setattr(deduplicating, "BUNDLE_FILES", 1)
    other = _removed(tmp_path / "seven" / "documents", tmp_path / "other", how, SMALL.documents, workers=3)
    assert np.array_equal(one, other)
