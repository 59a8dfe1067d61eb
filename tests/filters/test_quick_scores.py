"""Quick scores are those of fastText's library to the last bit, and where they cannot be it is asked."""

import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from glotlid_form import LETTERS, sentence
from hypothesis import example, given, settings
from hypothesis import strategies as st

from filters import language_model
from filters.compressed_model import NotReadableError, read
from filters.language import LID_176
from filters.language_model import FastTextModel, load_model
from filters.quick_scores import QuickScores
from pipeline.model_formats.fasttext import HEAD, Head

LINES = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
WORDS = st.lists(
    st.sampled_from(
        [
            "the",
            "and",
            "der",
            "в",
            "</s>",
            "__label__en",
            "__label__",
            "<",
            ">",
            "的",
            "x" * 70,
            "ё",
            "🌾",
            "\0",
            "\t",
            "\v",
            "\r",
            "\n",
            " ",
            "\x85",
        ]
    )
    | st.text(max_size=12).filter(lambda text: text.isprintable()),
    max_size=40,
).map(" ".join)


@lru_cache
def library() -> Any:
    from fasttext.FastText import _FastText

    return _FastText(str(LID_176.path()))


@lru_cache
def quick() -> QuickScores:
    return QuickScores(read(LID_176.path()))


def said(model: Any, line: str) -> list[tuple[str, float]]:
    return [(label, score) for score, label in model.f.predict(line + "\n", -1, 0.0, "strict")]


def assert_equal(ours: QuickScores, model: Any, line: str) -> bool:
    """Whether the line could be told; then all labels, their order and their scores are the library's."""
    theirs, ranked, best = said(model, line), ours.ranked(line), ours.likeliest(line)
    assert ranked in (None, theirs)
    assert best in (None, next(iter(theirs), None))
    some = [label for label, _ in theirs[::3]] + ["__label__none"]
    assert ours.scores(line, some) in (None, {label: score for label, score in theirs if label in some})
    return ranked is not None


@given(LINES | WORDS)
@example("")
@example("\0\x0b\x0c a\0b")
@example("the </s> der")
@example("a\nb")
@example("x" * 100_000)
@example("的" * 50_000)
@example("the corn " * 40_000)
@settings(deadline=None, max_examples=200)
def test_any_line_has_the_librarys_scores(line: str) -> None:
    assert_equal(quick(), library(), line)


@given(LINES | WORDS, st.sampled_from([" ", "", "\t", " | ", "\n"]))
@settings(deadline=None)
def test_the_model_answers_as_the_library_alone_does(text: str, line_break: str) -> None:
    model, alone = load_model(LID_176), FastTextModel(library().f, library().get_labels())
    assert model.most_likely(text, line_break) == alone.most_likely(text, line_break)
    assert list(model.scores(text).items()) == list(alone.scores(text).items())
    assert model.scores(text, ("en", "xx", "de")) == alone.scores(text, ("en", "xx", "de"))


def test_lone_surrogates_are_refused_as_by_the_library() -> None:
    with pytest.raises(TypeError):
        FastTextModel(library().f, library().get_labels()).most_likely("\ud800")
    with pytest.raises(TypeError):
        load_model(LID_176).most_likely("\ud800")


def test_lid_176_is_told_quickly() -> None:
    model = load_model(LID_176)
    assert isinstance(model, FastTextModel)
    assert model._quick is not None
    assert model._quick.likeliest("The miller grinds the corn.") is not None


# Models of other settings.

COMPRESS = """
import sys
import fasttext
from json import loads
text, dense, path, settings, compression = *sys.argv[1:4], *map(loads, sys.argv[4:])
model = fasttext.train_supervised(text, **settings)
model.save_model(dense)
model = fasttext.load_model(dense)
model.quantize(text, **compression)
model.save_model(path)
"""


def compressed(folder: Path, training: dict, compression: dict) -> Path:
    """A model of generated sentences; tried again in a fresh process, as in `trained`."""
    import json

    random = Random("compressed")
    lines = [f"__label__{code} {sentence(code, random)}" for _ in range(300) for code in LETTERS]
    (folder / "text").write_text("\n".join(lines), encoding="utf-8")
    options = {
        "loss": "hs",
        "bucket": 2000,
        "epoch": 10,
        "thread": 1,
        "verbose": 0,
        "dim": 8,
        "minn": 1,
        "maxn": 3,
        **training,
    }
    for size in range(10):
        told = [
            json.dumps(options | {"dim": options["dim"] + 2 * size}),
            json.dumps({"cutoff": 700, "dsub": 2, **compression}),
        ]
        paths = [str(folder / name) for name in ("text", "dense", "model.ftz")]
        if not subprocess.run([sys.executable, "-c", COMPRESS, *paths, *told], check=False).returncode:
            return folder / "model.ftz"
    pytest.fail("fastText trained no model in ten tries")


@pytest.mark.parametrize(
    ("training", "compression"),
    [
        ({}, {"qnorm": True}),
        ({"minn": 2, "maxn": 5, "dim": 9}, {}),
        ({"minn": 0, "maxn": 1, "dim": 7}, {"dsub": 3, "qnorm": True}),
    ],
    ids=["one to three characters, norms apart", "two to five", "single ones, parts that do not divide the row"],
)
def test_a_compressed_model_of_other_settings_has_the_librarys_scores(
    tmp_path: Path, training: dict, compression: dict
) -> None:
    from fasttext.FastText import _FastText

    path = compressed(tmp_path, training, compression)
    ours, theirs = QuickScores(read(path)), _FastText(str(path))
    random = Random(3)
    lines = [" ".join(sentence(random.choice(sorted(LETTERS)), random) for _ in range(4)) for _ in range(100)]
    assert sum(assert_equal(ours, theirs, line) for line in lines) > 50


@pytest.mark.parametrize(
    ("training", "compression", "reason"),
    [
        ({"loss": "softmax"}, {}, "tree of labels"),
        ({"wordNgrams": 2}, {}, "single words"),
        ({}, {"cutoff": 0}, "not pruned"),
    ],
)
def test_a_model_of_another_kind_is_left_to_the_library(
    tmp_path: Path, training: dict, compression: dict, reason: str
) -> None:
    path = compressed(tmp_path, training, compression)
    with pytest.raises(NotReadableError, match=reason):
        read(path)


# Files that are none.


def test_a_model_of_very_many_labels_is_left_to_the_library(tmp_path: Path) -> None:
    """A tree over them may be as deep as they are many."""
    whole = LID_176.path().read_bytes()
    head = list(HEAD.unpack_from(whole))
    entries, words, labels = (Head._fields.index(name) for name in ("entries", "words", "labels"))
    head[labels] = 5_000
    head[entries] = head[words] + head[labels]
    (tmp_path / "many").write_bytes(HEAD.pack(*head) + whole[HEAD.size :])
    with pytest.raises(NotReadableError, match="labels are too many"):
        read(tmp_path / "many")


def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole, path = LID_176.path().read_bytes(), tmp_path / "cut"
    random = Random(1)
    for length in [*range(0, 300, 7), *(random.randrange(len(whole)) for _ in range(150)), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(NotReadableError):
            read(path)


def test_a_file_with_wrong_bytes_is_refused_or_read_within_bounds(tmp_path: Path) -> None:
    whole, path = LID_176.path().read_bytes(), tmp_path / "wrong"
    random = Random(2)
    for _ in range(60):
        wrong = bytearray(whole)
        wrong[random.choice([random.randrange(150), random.randrange(len(whole))])] = random.randrange(256)
        path.write_bytes(wrong)
        try:
            model = read(path)
        except NotReadableError:
            continue
        assert model.kept.max() < len(model.rows)
        assert np.isfinite(model.rows).all()
        QuickScores(model).ranked("The miller grinds the corn.")


# Where quick scores are not to be had.


def test_without_quick_scores_the_answers_are_the_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise NotReadableError("a model of another kind")

    monkeypatch.setattr("filters.quick_scores.QuickScores.__init__", fails)
    model = load_model.__wrapped__(LID_176)
    assert isinstance(model, FastTextModel)
    assert model._quick is None
    assert model.most_likely("The miller grinds the corn.") == load_model(LID_176).most_likely(
        "The miller grinds the corn."
    )


def test_scores_that_differ_from_the_librarys_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    ranked = QuickScores.ranked

    def off_by_a_bit(self: QuickScores, line: str) -> list[tuple[str, float]] | None:
        found = ranked(self, line)
        return found and [(label, float(np.nextafter(np.float32(score), np.float32(2)))) for label, score in found]

    monkeypatch.setattr(QuickScores, "ranked", off_by_a_bit)
    assert language_model._quick(LID_176.path(), library().f.predict) is None


@pytest.mark.corpus
def test_every_page_of_the_corpus_has_the_librarys_scores(corpus_pages: list[dict]) -> None:
    lines = [page["text"].replace("\n", " ") for page in corpus_pages]
    told = sum(assert_equal(quick(), library(), line) for line in lines + [line[:1_000] for line in lines])
    assert told > 1.9 * len(lines)
