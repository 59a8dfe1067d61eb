"""A classifier of words and phrases has the scores of fastText's library to the last bit, and what is none is left to that."""

import struct
import subprocess
import sys
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from filters.quality.fasttext import FastTextScorer
from filters.quality.phrases import PhraseScorer
from pipeline.errors import RecipeError
from pipeline.model_formats.fasttext import HEAD, MAGIC, Head

CORN = "The miller grinds the corn that the farmers bring him, twice."
WORDS = ["the", "corn", "mill", "flour", "</s>", "ä", "的", "🌾", "sack", "wheel", "stone", "water", "__labe", "x"]
OTHERS = [
    "unknown",
    "</s>",
    "__label__",
    "__label__good",
    "__label__other",
    "\0",
    "\t",
    "\x0b",
    "\r",
    " ",
    "\x85",
    "\xa0",
    "é" * 50,
]
TEXTS = st.lists(
    st.sampled_from(WORDS + OTHERS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=30
)
LINES = TEXTS.flatmap(lambda words: st.sampled_from([" ", "", "\n"]).map(lambda between: between.join(words)))


def model(
    words: list[str] = WORDS,
    labels: tuple[str, ...] = ("__label__good", "__label__bad"),
    scale: float = 1.0,
    **how: Any,
) -> bytes:
    """A model file with drawn numbers: what fastText writes of a classifier of version 12."""
    head = Head(
        magic=MAGIC, version=12, dim=16, window=5, epoch=1, min_count=1, negatives=5, word_ngrams=2, loss=3, model=3, buckets=37,
        min_chars=0, max_chars=0, update_rate=100, sampling=1e-4, entries=len(words) + len(labels), words=len(words),
        labels=len(labels), tokens=1000, pruned=-1,
    )._replace(**how)  # fmt: skip
    draw = np.random.default_rng(head.dim)
    rows = (draw.normal(size=(len(words) + head.buckets, head.dim)) * scale).astype("<f4")
    output = draw.normal(size=(len(labels), head.dim)).astype("<f4")
    return b"".join(
        [
            HEAD.pack(*head),
            *(struct.pack(f"<{len(each.encode()) + 1}sqb", each.encode(), 9, 0) for each in words),
            *(struct.pack(f"<{len(each.encode()) + 1}sqb", each.encode(), 9, 1) for each in labels),
            *(struct.pack("<?qq", False, *each.shape) + each.tobytes() for each in (rows, output)),
        ]
    )


def both(path: Path, label: str = "__label__good") -> tuple[PhraseScorer, FastTextScorer]:
    from fasttext.FastText import _FastText

    return PhraseScorer(path, "mill", label), FastTextScorer(_FastText(str(path)).f.predict, label)


@lru_cache
def small(folder: Path) -> tuple[PhraseScorer, FastTextScorer]:
    (folder / "small.bin").write_bytes(model(scale=4.0))
    return both(folder / "small.bin")


def assert_same(ours: PhraseScorer, library: FastTextScorer, texts: list[str]) -> None:
    found, wanted = (each.score(each.prepare(texts)) for each in (ours, library))  # type: ignore[arg-type]
    assert found.values.tobytes() == wanted.values.tobytes()
    assert found.tokens == wanted.tokens


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("phrases")


@given(st.lists(LINES, min_size=1, max_size=4))
@example([""])
@example(["the corn </s> mill"])
@example(["a __label__good b"])
@settings(deadline=None)
def test_scores_are_the_librarys_to_the_last_bit(folder: Path, texts: list[str]) -> None:
    assert_same(*small(folder), texts)


@pytest.mark.parametrize("longest", [1, 2, 3, 5])
@pytest.mark.parametrize("dim", [1, 2, 7, 16, 32, 64, 100, 256, 512])
def test_models_of_any_width_and_phrases_of_any_length_score_alike(tmp_path: Path, dim: int, longest: int) -> None:
    (tmp_path / "m.bin").write_bytes(model(dim=dim, word_ngrams=longest, buckets=1_000))
    random = Random(dim)
    texts = [" ".join(random.choices(WORDS + OTHERS, k=random.randrange(200))) for _ in range(50)]
    assert_same(*both(tmp_path / "m.bin"), texts)


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_any_label_of_any_number_is_told(tmp_path: Path, count: int) -> None:
    labels = tuple(f"__label__{number}" for number in range(count))
    (tmp_path / "m.bin").write_bytes(model(labels=labels, scale=0.3))
    for label in labels[::7]:
        assert_same(*both(tmp_path / "m.bin", label), [CORN, *WORDS])


def test_words_that_are_spelled_twice_score_as_in_the_library(tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_bytes(model(words=["corn", "mill", "corn", "the"]))
    assert_same(*both(tmp_path / "m.bin"), ["corn", "the corn mill", "mill corn corn"])


@pytest.mark.parametrize("scale", [1e30, float("inf"), float("nan")])
def test_numbers_that_are_none_are_nan(tmp_path: Path, scale: float) -> None:
    (tmp_path / "m.bin").write_bytes(model(scale=scale))
    ours, library = both(tmp_path / "m.bin")
    found, wanted = (each.score(each.prepare([CORN])).values for each in (ours, library))  # type: ignore[arg-type]
    assert np.isnan(found).tolist() == np.isnan(wanted).tolist()
    assert np.isnan(found).all() or found == wanted


def test_a_model_of_which_a_text_has_no_word_says_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_bytes(model(words=["corn"], word_ngrams=1))
    ours, library = both(tmp_path / "m.bin")
    assert_same(ours, library, ["", "mill", "corn"])
    assert ours.score(ours.prepare(["mill"])).values.tolist() == [0.0]


def test_a_text_scores_alone_as_in_any_company(folder: Path) -> None:
    ours, _ = small(folder)
    texts = [" ".join(Random(number).choices(WORDS, k=number)) for number in range(60)]
    alone = [ours.score(ours.prepare([text])).values[0] for text in texts]
    assert ours.score(ours.prepare(texts)).values.tolist() == alone
    assert ours.score([]).values.tolist() == []


@pytest.mark.parametrize(
    "other", [{"loss": 1}, {"loss": 2}, {"loss": 4}, {"version": 11}, {"min_chars": 2, "max_chars": 3}, {"model": 1}]
)
def test_a_model_of_another_kind_is_left_to_the_library(tmp_path: Path, other: dict[str, int]) -> None:
    (tmp_path / "m.bin").write_bytes(model(**other))
    with pytest.raises(ValueError, match=r"no classifier|more or less"):
        PhraseScorer(tmp_path / "m.bin", "mill", "__label__good")


def test_a_label_that_is_not_there_or_twice_is_left_to_the_library(tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_bytes(model(labels=("__label__a", "__label__a")))
    with pytest.raises(ValueError, match="the same"):
        PhraseScorer(tmp_path / "m.bin", "mill", "__label__a")
    (tmp_path / "n.bin").write_bytes(model())
    with pytest.raises(ValueError, match="not in list"):
        PhraseScorer(tmp_path / "n.bin", "mill", "__label__other")


def test_a_file_that_is_changed_while_it_is_in_use_scores_no_more(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(model())
    ours = PhraseScorer(path, "mill", "__label__good")
    with path.open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"\0\0\0\0")
    with pytest.raises(RecipeError, match="mill was changed while it was in use"):
        ours.score(ours.prepare([CORN]))


def test_a_file_that_is_replaced_or_removed_goes_on_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(model())
    ours = PhraseScorer(path, "mill", "__label__good")
    before = ours.score(ours.prepare([CORN])).values
    path.unlink()
    path.write_bytes(model(scale=9.0))
    assert ours.score(ours.prepare([CORN])).values == before


def test_a_classifier_of_the_form_of_dclm_is_scored_without_the_library(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(model())
    script = (
        "import sys; from filters.quality.fasttext import FastTextQuality; from pipeline.assets import Asset\n"
        f"asset = Asset(name='m.bin', sha256={sha256(model()).hexdigest()!r}, location={str(path)!r})\n"
        "scorer = FastTextQuality(model=asset, label='__label__good').load()\n"
        "print(type(scorer).__name__, 'fasttext' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=300)
    assert told.stdout.split() == ["PhraseScorer", "False"]


def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole = model()
    for length in range(HEAD.size, len(whole), 13):
        (tmp_path / "cut.bin").write_bytes(whole[:length])
        with pytest.raises((ValueError, IndexError)):
            PhraseScorer(tmp_path / "cut.bin", "mill", "__label__good")
