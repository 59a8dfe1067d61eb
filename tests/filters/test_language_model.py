"""lid.176 and models of GlotLID's form stand behind one gate; a code of the one is refused by the other."""

from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from glotlid_form import LETTERS, sentence, train, trained

from filters.language import LID_176, Language
from filters.language_model import code_in, load_model
from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.model_formats.fasttext import HEAD, Head
from pipeline.pages import Pages


@pytest.fixture(scope="module")
def glotlid(tmp_path_factory: pytest.TempPathFactory) -> Asset:
    return train(tmp_path_factory.mktemp("glotlid"))


@pytest.mark.parametrize("code", sorted(LETTERS))
def test_a_model_with_scripts_in_its_codes_stores_them_as_they_are(glotlid: Asset, code: str) -> None:
    text = "\n".join(sentence(code, Random(number)) for number in range(5))
    gated = Language(languages=(code,), model=glotlid).judge(Pages([text]))
    assert gated.reasons == [None]
    assert gated.signals["language"].to_pylist() == [code]
    assert gated.signals["language_score"][0].as_py() > 0.9


def test_its_answers_are_datatroves(glotlid: Asset) -> None:
    from datatrove.data import Document
    from datatrove.utils.lid import FastTextLID

    class Local(FastTextLID):
        MODEL_URL = glotlid.location
        MODEL_SUBFOLDER = "glotlid"

    from fasttext.FastText import _FastText

    theirs = Local()
    theirs._model = _FastText(glotlid.location)
    model = load_model(glotlid)
    for number in range(40):
        random = Random(number)
        text = "\n".join(sentence(random.choice(sorted(LETTERS)), random) for _ in range(3))
        (language, score), _ = theirs.predict(Document(text=text, id="x"))
        assert model.most_likely(text) == (language, pytest.approx(score, abs=0))


@pytest.mark.parametrize(
    ("code", "nearest"),
    [
        ("en", "'eng_Latn'"),
        ("eng", "'eng_Latn'"),
        ("pt", "'por_Latn'"),
        ("zh", "'cmn_Hani'"),
        ("eng_Cyrl", "'eng_Latn'"),
        ("rus_Cyr", "'rus_Cyrl'"),
        ("por_latn", "'por_Latn'"),
    ],
)
def test_a_code_of_lid_176_is_refused_with_the_models_own(glotlid: Asset, code: str, nearest: str) -> None:
    with pytest.raises(RecipeError, match=f"glotlid-form.bin knows no '{code}'; did you mean .*{nearest}"):
        Language(languages=("eng_Latn", code), model=glotlid).check()


def test_a_code_that_resembles_none_is_refused_with_all(glotlid: Asset) -> None:
    with pytest.raises(RecipeError, match=r"knows no 'xyz_Thai'; it knows cmn_Hani eng_Latn por_Latn rus_Cyrl$"):
        Language(languages=("xyz_Thai",), model=glotlid).check()


def test_a_language_is_found_under_the_models_own_code(glotlid: Asset) -> None:
    assert code_in(load_model(glotlid), "por_Latn") == "por_Latn"
    assert code_in(load_model(glotlid), "pt") == "por_Latn"
    assert code_in(load_model(LID_176), "por_Latn") == "pt"
    assert code_in(load_model(LID_176), "aak_Latn") is None


def test_a_text_that_the_model_has_nothing_of_is_uncertain(glotlid: Asset) -> None:
    gated = Language(languages=("eng_Latn",), model=glotlid, min_score=1.0).judge(Pages(["", "\n", "\x00"]))
    assert set(gated.reasons) <= {"uncertain_language", "other_language"}


def test_a_model_without_labels_of_languages_is_refused(tmp_path: Path) -> None:
    other = trained(["lang:en the corn", "lang:de das korn"] * 5, tmp_path, label="lang:")
    with pytest.raises(RecipeError, match="labels that do not begin with __label__"):
        Language(model=other).check()


def test_a_model_that_lies_about_its_sizes_never_reaches_the_library(tmp_path: Path) -> None:
    whole = LID_176.path().read_bytes()
    told = HEAD.pack(*Head(*HEAD.unpack_from(whole))._replace(words=1 << 30)) + whole[HEAD.size :]
    path = tmp_path / "lies.ftz"
    path.write_bytes(told)
    asset = Asset(name="lies.ftz", sha256=sha256(told).hexdigest(), location=str(path))
    with pytest.raises(RecipeError, match=r"language: lies\.ftz .* is refused: it says 1,073,741,824 words"):
        Language(model=asset).check()


def test_labels_that_are_no_text_are_one_clear_error(tmp_path: Path) -> None:
    odd = LID_176.path().read_bytes().replace(b"__label__en\0", b"__label__\xff\xfe\0", 1)
    path = tmp_path / "odd.ftz"
    path.write_bytes(odd)
    with pytest.raises(RecipeError, match="no fastText model"):
        load_model(Asset(name="odd.ftz", sha256=sha256(odd).hexdigest(), location=str(path)))
