"""`fit-language`: bounds by each method, stop words, the file it writes, and what it refuses."""

import math
import random
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from portuguese import WORDS
from trial import typed

from jobs.fitting.bounds import Bound, dropped_share, fit, score_bound, stop_words
from jobs.fitting.fitting import fit_thresholds
from jobs.fitting.reference import Reference, measure_reference, texts_of
from jobs.recipes.language_thresholds import GLOTLID, read_thresholds
from pipeline.errors import InputError, RecipeError

ABOVE = Bound("most", "signal", "above", 0.3)
BELOW = Bound("least", "signal", "below", 0.12)
LENGTH = Bound("longest", "mean_word_chars", "above", 10, whole=True, most=math.inf)

shares = st.lists(st.floats(0, 1), min_size=1, max_size=60).map(np.array)


@given(values=shares, bound=st.sampled_from([ABOVE, BELOW]), tail=st.floats(0.01, 0.49))
def test_a_tail_drops_no_more_than_its_share_of_the_reference(values, bound: Bound, tail: float) -> None:
    fitted = fit(bound, "tail", values, tail=tail, english=None)
    assert fitted.dropped <= tail
    assert fitted.dropped == dropped_share(values, bound, fitted.value)
    assert fitted.value == round(fitted.value, 3)


@given(values=shares, english=shares, bound=st.sampled_from([ABOVE, BELOW]))
def test_a_quantile_drops_no_more_than_english_does_of_english(values, english, bound: Bound) -> None:
    fitted = fit(bound, "quantile", values, tail=0.1, english=english)
    assert fitted.dropped <= dropped_share(english, bound, bound.english)


@given(values=shares, bound=st.sampled_from([ABOVE, BELOW]))
def test_a_language_that_is_english_keeps_what_english_keeps(values, bound: Bound) -> None:
    assert fit(bound, "quantile", values, tail=0.1, english=values).dropped <= dropped_share(
        values, bound, bound.english
    )


def test_the_tenth_of_a_hundred_pages_lies_beyond_the_tail() -> None:
    values = np.arange(1, 101) / 200
    assert fit(ABOVE, "tail", values, tail=0.1, english=None).value == 0.455
    assert fit(ABOVE, "tail", values, tail=0.1, english=None).dropped == 0.09
    assert fit(BELOW, "tail", values, tail=0.1, english=None).value == 0.05


def test_a_bound_at_the_edge_of_the_reference_does_not_become_stricter_than_english() -> None:
    clean = np.full(50, 0.01)
    assert fit(ABOVE, "tail", clean, tail=0.1, english=None).value == 0.3
    assert fit(BELOW, "tail", 1 - clean, tail=0.1, english=None).value == 0.12
    almost = np.array([0.0] * 48 + [0.9] * 2)
    assert fit(ABOVE, "tail", almost, tail=0.1, english=None).value == 0.3


def test_mean_and_deviation_put_a_bound_as_far_out_as_english_has_it() -> None:
    english, longer = np.array([4.0, 5.0, 6.0]), np.array([6.0, 8.0, 10.0])
    spread = (10 - 5) / english.std()
    fitted = fit(LENGTH, "mean-std", longer, tail=0.1, english=english)
    assert fitted.value == math.ceil(8 + spread * longer.std()) == 18
    assert fit(LENGTH, "mean-std", english, tail=0.1, english=english).value == 10


@pytest.mark.parametrize(
    ("scores", "bound"), [([0.99] * 9, 0.9), ([0.1] * 9, 0.3), ([0.5, 0.7, 0.9], 0.537), ([0.7] * 5, 0.7)]
)
def test_the_score_is_the_median_less_the_deviation_within_its_limits(scores: list[float], bound: float) -> None:
    assert score_bound(np.array(scores)) == bound


def test_stop_words_are_words_above_a_share_and_never_fewer_than_eight() -> None:
    counts = {",": 500, "de": 90, "que": 60, "12": 40, **{f"w{rank}": 20 - rank for rank in range(12)}}
    assert stop_words(counts, 1000) == ("de", "que", *[f"w{rank}" for rank in range(12)])
    assert stop_words(counts, 10_000) == ("de", "que", *[f"w{rank}" for rank in range(6)])


SMALL = ["de", "que", "não", "a", "com", "uma", "para", "o", "e", "os"]


def page(seed: int) -> str:
    chosen = random.Random(seed)
    lines = (
        " ".join(f"{chosen.choice(SMALL)} {chosen.choice(WORDS)}{chosen.choice(['', 's', 'inho'])}" for _ in range(9))
        + chosen.choice([".", ".", "!", ""])
        for _ in range(chosen.randint(4, 12))
    )
    return "\n".join(lines)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty pages as Parquet, JSON lines and text files."""
    folder = tmp_path_factory.mktemp("reference")
    pages = [page(seed) for seed in range(60)]
    pq.write_table(pa.table({"text": pages[:20]}), folder / "a.parquet")
    (folder / "b.jsonl").write_bytes(b"\n".join(orjson.dumps({"text": text}) for text in pages[20:40]))
    (folder / "texts").mkdir()
    for place, text in enumerate(pages[40:]):
        (folder / "texts" / f"{place:02}.txt").write_text(text, encoding="utf-8")
    return folder


def test_pages_come_from_parquet_json_lines_and_text_files_alike(reference: Path) -> None:
    entries = [str(reference / "a.parquet"), str(reference / "b.jsonl"), str(reference / "texts")]
    assert sorted(texts_of(entries, None)) == sorted(page(seed) for seed in range(60))
    assert len(list(texts_of([str(reference / "texts" / "0*.txt")], None))) == 10


def test_what_it_writes_is_read_by_the_recipe(reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(GLOTLID, raising=False)
    monkeypatch.chdir(tmp_path)
    inputs = [word for name in ("a.parquet", "b.jsonl", "texts") for word in ("-i", str(reference / name))]
    done = typed("fit-language", "por_Latn", *inputs)
    assert done.returncode == 0, done.stderr
    assert "Portuguese: 60 pages" in done.stdout
    assert "written to por_Latn.yml" in done.stdout
    assert "fewer than 1,000" in done.stderr
    made = read_thresholds(tmp_path / "por_Latn.yml")
    assert (made.language_model, made.language_label) == ("lid.176.ftz", "pt")
    assert set(SMALL) <= set(made.stopwords)
    assert 0 < made.line_punct_thr < 1
    planned = typed("plan", "fineweb2:por_Latn", "-i", str(reference / "b.jsonl"), "-o", "out", "--json")
    assert planned.returncode == 0, planned.stderr
    assert orjson.loads(planned.stdout)["recipe"] == "fineweb2-por_Latn"


def test_the_fitted_bounds_drop_what_the_table_says_they_drop(reference: Path) -> None:
    """The recipe's own rules over the reference: no rule of a tenth drops more than a tenth."""
    from filters.language import LID_176
    from filters.language_model import load_model
    from jobs.recipes.fineweb2 import rules

    texts = [page(seed) for seed in range(60)]
    known = measure_reference(iter(texts), "por_Latn", limit=None, model=load_model(LID_176), label="pt")
    made = fit_thresholds(known, method="tail", tail=0.1, english=None)
    fitted = {each.bound.signal: each.dropped for each in made.bounds if each.bound.side == "above"}
    for rule in rules(made.thresholds):
        if rule.op == ">" and rule.signal in fitted:
            dropped = float((known.values(rule.signal) > rule.value).mean())
            assert dropped == fitted[rule.signal] <= 0.1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["por_Latn", "-i", "nothing.parquet"], "nothing.parquet: no such file"),
        (["por_Latn", "-i", "nothing.txt"], "nothing.txt: no such file"),
        (["por_Latn", "-i", "texts", "--method", "guess"], "--method guess: there are tail, quantile, mean-std"),
        (["por_Latn", "-i", "texts", "--method", "mean-std"], "name reference text with --english"),
        (["por_Latn", "-i", "texts", "--tail", "0.6"], "--tail 0.6: a share above 0 and below 0.5"),
        (["por_Latn", "-i", "texts", "--pages", "5"], "5 pages of text: at least 20"),
        (["xxx_Latn", "-i", "texts"], "no words for language 'xxx_Latn'"),
        (["aak_Latn", "-i", "texts"], "lid.176.ftz knows no 'aak_Latn'"),
        (["rus_Cyrl", "-i", "texts"], "the model takes none of the 20 pages for the language"),
        (["por_Latn", "-i", "texts", "-o", "missing/por.yml"], "no folder missing"),
        (["por_Latn", "-i", "texts", "--model", "none.bin"], "language model none.bin cannot be read"),
    ],
)
def test_a_wrong_command_is_one_clear_line(
    reference: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str
) -> None:
    monkeypatch.delenv(GLOTLID, raising=False)
    monkeypatch.chdir(reference)
    done = typed("fit-language", *words)
    assert done.returncode == 2, done.stdout
    assert says in " ".join(done.stderr.split())
    assert not list(reference.glob("*.yml"))


def test_english_text_is_measured_as_english(reference: Path, tmp_path: Path) -> None:
    (tmp_path / "en.jsonl").write_bytes(b"\n".join(orjson.dumps({"text": page(seed)}) for seed in range(100, 130)))
    words = ["por_Latn", "-i", str(reference / "texts"), "--english", str(tmp_path / "en.jsonl")]
    done = typed("fit-language", *words, "--json", "-o", str(tmp_path / "por_Latn.yml"))
    assert done.returncode == 0, done.stderr
    assert orjson.loads(done.stdout)["method"] == "quantile"


def test_a_reference_without_text_is_refused() -> None:
    with pytest.raises(InputError, match="0 pages of text"):
        fit_thresholds(Reference(), method="tail", tail=0.1, english=None)
    with pytest.raises(RecipeError, match="--english"):
        fit_thresholds(Reference(), method="quantile", tail=0.1, english=None)
