"""Encoders as quality models: token ids and scores as transformers', in any company, in PyTorch and in ONNX Runtime."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seeded_encoder import PACKAGE, make_encoder, needs

from filters.quality.encoder import EncoderQuality
from filters.quality.encoder_folder import encoder_of
from filters.quality.encoder_form import reader
from filters.quality.windows import WindowReader, beginning
from pipeline.errors import RecipeError
from pipeline.identity import canonical, digest
from pipeline.model_files import ModelFiles
from pipeline.quality import QualityModel, rounded

needs("torch", "transformers", PACKAGE)
pytestmark = pytest.mark.models

WORDS = [
    "the",
    "mill",
    "grinds",
    "corn",
    "into",
    "flour",
    "while",
    "seventeen",
    "sparrows",
    "quarrel",
    "about",
    "photosynthesis",
    "and",
    "unquestionably",
    "Überraschung",
    "naïve",
    "café",
    "北京大学",
    "дом",
    "ﬁne",
    "½",
    "é",
    "\u200b",
    "x\xad",
    "🌽",
    "don't",
    "C++",
    "3.14",
    "https://example.org/a?b=c",
]


def pages(count: int, seed: int = 1, most: int = 900) -> list[str]:
    drawn = np.random.default_rng(seed)
    sizes = drawn.integers(1, most, count)
    return [" ".join(drawn.choice(WORDS, size)) for size in sizes]


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    return make_encoder(tmp_path_factory.mktemp("models") / "one")


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    return make_encoder(tmp_path_factory.mktemp("models") / "three", labels=3)


@pytest.fixture(scope="module")
def theirs(one: ModelFiles) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(one.folder())


@pytest.fixture(scope="module")
def ours(one: ModelFiles) -> Callable[..., WindowReader]:
    def made(**options: Any) -> WindowReader:
        return reader(EncoderQuality(model=one, **options), one.folder(), encoder_of(one.folder()))

    return made


def plain_scores(folder: Path, texts: list[str], max_tokens: int = 512) -> np.ndarray:
    """What transformers says of each text alone."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    told = []
    with torch.inference_mode():
        for text in texts:
            given = tokenizer(text, truncation=True, max_length=max_tokens, return_tensors="pt")
            told.append(model(**given).logits[0].double().numpy())
    return np.array(told)


# Tokens.

odd = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
texts_ = st.lists(st.one_of(odd, st.sampled_from([*WORDS, "a" * 150, "\t", "\n\n", "\x1c", "[SEP]", ""])), max_size=200)


@settings(max_examples=60, deadline=None)
@given(pieces=texts_, blank=st.sampled_from([" ", "\n", "  ", "\t", "\u3000", "\x1c"]))
def test_token_ids_are_those_of_transformers(pieces: list[str], blank: str, ours: Any, theirs: Any) -> None:
    text = blank.join(pieces)
    wanted = theirs(text, truncation=True, max_length=24)["input_ids"]
    assert ours(max_tokens=24).windows([text])[0][0].tolist() == wanted


@settings(max_examples=40, deadline=None)
@given(pieces=texts_, overlap=st.integers(0, 12), most=st.integers(1, 5))
def test_windows_are_the_first_of_those_of_transformers(
    pieces: list[str], overlap: int, most: int, ours: Any, theirs: Any
) -> None:
    text = " ".join(pieces)
    wanted = theirs(text, truncation=True, max_length=24, stride=overlap, return_overflowing_tokens=True)["input_ids"]
    found = ours(max_tokens=24, long="windows", overlap=overlap, most_windows=most).windows([text])[0]
    assert [window.tolist() for window in found] == wanted[:most]


def test_megabytes_are_not_read_for_a_few_tokens(ours: Any, theirs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = " ".join(pages(1, most=900)) * 3_000
    looked: list[int] = []
    read = ours()
    tokenizer = read._tokenizer

    class Counting:
        def encode_batch_fast(self, texts: list[str]) -> Any:
            looked.extend(map(len, texts))
            return tokenizer.encode_batch_fast(texts)

    monkeypatch.setattr(read, "_tokenizer", Counting())
    assert len(text) > 1_000_000
    assert read.windows([text])[0][0].tolist() == theirs(text, truncation=True, max_length=512)["input_ids"]
    assert max(looked) < 20_000


def test_a_text_is_cut_behind_a_word_or_not_at_all() -> None:
    assert beginning("one two three", 5) == "one two"
    assert beginning("one two three", 9) == "one two three"
    assert beginning("one \u200b two", 4) == "one \u200b two"
    assert beginning("short", 100) == "short"


# Scores.


def test_scores_are_those_of_transformers_on_each_text_alone(one: ModelFiles) -> None:
    texts = [*pages(12), "a", ".", "\u200b", "x" * 3000]
    scorer = EncoderQuality(model=one).load()
    scored = scorer.score(scorer.prepare(texts))
    assert np.abs(scored.values - plain_scores(one.folder(), texts)[:, 0]).max() < 1e-5
    assert scored.tokens > 0
    assert scored.padding < scored.tokens / 4
    assert scored.smaller == 0


@pytest.mark.parametrize(("label", "place"), [(1, 1), ("LABEL_2", 2)])
def test_a_label_gives_the_probability_of_its_class(three: ModelFiles, label: int | str, place: int) -> None:
    texts = pages(6, most=60)
    scorer = EncoderQuality(model=three, label=label, max_tokens=64).load()
    logits = plain_scores(three.folder(), texts, 64)
    wanted = np.exp(logits[:, place]) / np.exp(logits).sum(axis=1)
    assert np.abs(scorer.score(scorer.prepare(texts)).values - wanted).max() < 1e-5


def test_classes_that_can_hold_at_once_have_a_probability_each(tmp_path: Path) -> None:
    model = make_encoder(tmp_path / "several", labels=2, problem="multi_label_classification")
    texts = pages(3, most=30)
    scorer = EncoderQuality(model=model, label=1, max_tokens=64).load()
    wanted = 1 / (1 + np.exp(-plain_scores(model.folder(), texts, 64)[:, 1]))
    assert np.abs(scorer.score(scorer.prepare(texts)).values - wanted).max() < 1e-5


def test_a_rounded_score_does_not_depend_on_what_is_beside_a_text(one: ModelFiles) -> None:
    texts = pages(24, seed=3)
    model = EncoderQuality(model=one, token_budget=4096)
    scorer = model.load()
    together = rounded(scorer.score(scorer.prepare(texts)).values, model.resolution)
    alone = rounded(np.array([scorer.score(scorer.prepare([text])).values[0] for text in texts]), model.resolution)
    turned = rounded(scorer.score(scorer.prepare(texts[::-1])).values, model.resolution)[::-1]
    assert together.tolist() == alone.tolist() == turned.tolist()
    again = EncoderQuality(model=one, token_budget=4096, column="again").load()
    assert scorer.score(scorer.prepare(texts)).values.tolist() == again.score(again.prepare(texts)).values.tolist()


def test_windows_of_a_long_text_are_scored_one_by_one(one: ModelFiles, theirs: Any) -> None:
    text = pages(1, seed=5, most=400)[0] * 2
    cut = theirs(text, truncation=True, max_length=64, stride=8, return_overflowing_tokens=True)["input_ids"]
    assert 4 < len(cut) <= 64
    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(one.folder()).eval()
    with torch.inference_mode():
        each = np.array([model(input_ids=torch.tensor([ids])).logits[0, 0].item() for ids in cut])
    for pool, wanted in (("max", each.max()), ("mean", np.average(each, weights=[len(ids) for ids in cut]))):
        made = EncoderQuality(model=one, max_tokens=64, long="windows", overlap=8, pool=pool, token_budget=1024).load()
        values = made.score(made.prepare(["short", text])).values
        assert values[1] == pytest.approx(wanted, abs=1e-5)
        assert values[0] == pytest.approx(plain_scores(one.folder(), ["short"])[0, 0], abs=1e-5)


def test_a_batch_that_does_not_fit_is_cut_and_counted_and_scores_stay_with_their_texts(
    one: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    scorer = EncoderQuality(model=one, max_tokens=128).load()
    texts = pages(60, seed=9, most=120)
    before = scorer.score(scorer.prepare(texts))
    forward = scorer._forward

    def small(batch: Any) -> Any:
        if batch.ids.numel() > 1_000:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(batch)

    monkeypatch.setattr(scorer, "_forward", small)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    after = scorer.score(scorer.prepare(texts))
    assert before.smaller == 0
    assert after.smaller > 0
    assert np.abs(after.values - before.values).max() < 1e-5


def test_it_is_a_value_of_a_recipe(one: ModelFiles) -> None:
    model = EncoderQuality(model=one)
    assert isinstance(model, QualityModel)
    assert pickle.loads(pickle.dumps(model)) == model
    assert set(canonical(model)["engines"]) == {"tokenizers", "torch", "transformers"}
    assert digest(EncoderQuality(model=one, token_budget=8192)) != digest(model)
    moved = ModelFiles(sha256=one.sha256, name="moved", location="elsewhere")
    assert digest(EncoderQuality(model=moved)) == digest(model)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"max_tokens": 4}, "max_tokens is 4"),
        ({"overlap": 300}, "overlap is 300"),
        ({"token_budget": 100}, "token_budget is 100"),
        ({"long": "tail"}, "long is head or windows"),
        ({"most_windows": 0}, "most_windows is 0"),
    ],
)
def test_a_wrong_number_is_refused_when_the_recipe_is_read(one: ModelFiles, options: Any, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        EncoderQuality(model=one, **options)


def test_more_tokens_than_the_model_has_places_for_and_a_label_it_lacks_are_refused(
    one: ModelFiles, three: ModelFiles
) -> None:
    with pytest.raises(RecipeError, match="can read 512"):
        EncoderQuality(model=one, max_tokens=513).check()
    with pytest.raises(RecipeError, match="name one as label"):
        EncoderQuality(model=three).check()
    for model, label in ((three, 3), (three, "good"), (one, 0)):
        with pytest.raises(RecipeError, match="no label"):
            EncoderQuality(model=model, label=label).check()
