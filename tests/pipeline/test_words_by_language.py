# ruff: noqa: RUF001  the marks that look alike are the point
"""Words and sentences of every language whose tokenizer is here are exactly datatrove's, in the scripts they are written in."""

import csv
import sys
import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.chunk_words import ChunkWords
from pipeline.errors import RecipeError
from pipeline.light_spacy import blank
from pipeline.word_tokenizers import loaded_tokenizer
from pipeline.words import _splitter, _Whole, check_words, count_sentences, sentence_places, split_words

TABLE = Path(find_spec("datatrove").submodule_search_locations[0]) / "assets" / "tokenizer_assignment.csv"
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
SEGMENTERS = {"ja", "vi", "zh"}  # of spaCy's languages, those that do not go by whitespace
SPACY = sorted({row["tok_code"] for row in ROWS if row["type"] == "SpaCyTokenizer"} - SEGMENTERS)

SCRIPTS = {
    "Latn": "aZéßøžțğıñọłŋ",
    "Cyrl": "абвжЪёїѓќәңҗ",
    "Arab": "ابتثجحکگچپةئ،؛؟",
    "Hebr": "אבגדםץ״׳",
    "Grek": "αβγάώΣς·;",
    "Armn": "աբգդ՞՜։",
    "Ethi": "ሀለሐመ።፣",
    "Deva": "कखगािी्।",
    "Thai": "กขคะาิ์",
    "Hani": "日本語中文。、！",
    "Geor": "აბგდ",
    "Hang": "가나다라",
    "Tibt": "ཀཁག་།",
}
SPACES = [" ", " ", " ", "  ", "\n", "\n\n", "\t", " \n", "\u00a0", "\u200b", "\u3000"]
MARKS = [
    *".,:;!?'\"()[]{}<>-–—…/\\*^=+@#%&_|~“”‘’«»„‚।。！？၊،؛·€$£°",
    "...",
    "..",
    "--",
    "'s",
    "’s",
    "l'",
    "d’",
    "?!",
    ".)",
]
ODD = [
    "12",
    "3,5",
    "1.000",
    "10km",
    "5%",
    "20°C",
    "°F.",
    "http://a.b/c?d=e.",
    "me@a.org",
    "a/b",
    "x-y-z",
    "IS_ALPHB",
    "IS_ALPHA",
    "😀",
    "e\u0301",
]


@cache
def datatroves(code: str) -> Any:
    from datatrove.utils.word_tokenizers import SpaCyTokenizer

    tokenizer = SpaCyTokenizer(code)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert tokenizer.tokenizer
    return tokenizer


@cache
def ours(code: str) -> ChunkWords:
    return ChunkWords(blank(code))


def same(code: str, text: str) -> None:
    """`IS_ALPHA` is left to the tests of English: datatrove's answer for it depends on what a process saw before."""
    text = text.replace("IS_ALPHA", "IS_ALPH")
    theirs = datatroves(code)
    assert ours(code).words(text) == theirs.word_tokenize(text), repr(text)
    assert ours(code).sentences(text) == (len(theirs.span_tokenize(text)) or 1), repr(text)


def words_of(code: str) -> list[str]:
    """Exceptions of the language, words in several scripts, and what stands between them."""
    random = Random(code)
    exceptions = sorted(datatroves(code).tokenizer.tokenizer.rules)
    written = ["".join(random.choices(chars, k=random.randint(1, 7))) for chars in SCRIPTS.values() for _ in range(6)]
    return [
        *random.sample(exceptions, min(len(exceptions), 150)),
        *[each for each in exceptions if " " in each],
        *written,
    ]


@pytest.mark.parametrize("code", SPACY)
def test_words_and_sentences_of_a_language_are_datatroves(code: str) -> None:
    """Every part of a generated text is an exception of the language, a word in some script, a mark or whitespace."""
    random = Random(f"{code} texts")
    words = words_of(code)
    for _ in range(60):
        parts: list[str] = []
        for _ in range(random.randint(1, 25)):
            parts += random.choice([words, words, MARKS, ODD]), SPACES if random.random() < 0.6 else [""]
        same(code, "".join(random.choice(part) for part in parts))


@pytest.mark.parametrize("code", SPACY)
def test_every_exception_with_a_space_is_cut_as_datatrove_cuts_it(code: str) -> None:
    spaced = [each for each in datatroves(code).tokenizer.tokenizer.rules if len(each.split()) > 1]
    for each in spaced:
        for text in (
            each,
            f"x {each} y",
            f"({each}), x",
            f"x{each}",
            f"{each}y",
            f":) {each} :)",
            each.replace(" ", "\n"),
            f"{each}\n{each} )",
        ):
            same(code, text)


@settings(max_examples=150, deadline=None)
@example(code="ru", text="и т. д.\nв т.ч. x")
@example(code="fa", text=".ق x")
@example(code="ms", text="M\nx")
@given(
    code=st.sampled_from(SPACY),
    text=st.lists(st.sampled_from([*SPACES, *MARKS, *ODD, *"".join(SCRIPTS.values())]), max_size=30).map("".join)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
def test_words_and_sentences_of_any_text_are_datatroves(code: str, text: str) -> None:
    same(code, text)


@pytest.mark.corpus
@pytest.mark.slow
def test_words_of_real_sentences_are_datatroves_in_every_language_that_can_be_read(corpus) -> None:
    """lid.176's development sentences, by the tokenizer that datatrove's table gives each language."""
    from datatrove.utils.word_tokenizers import load_word_tokenizer

    lines = map(orjson.loads, (corpus / "language" / "dev_lid.jsonl").read_bytes().splitlines())
    texts: dict[str, list[str]] = {}
    for line in lines:
        texts.setdefault(line["lang"], []).append(line["text"])
    read = 0
    for language, found in sorted(texts.items()):
        try:
            check_words(language)
        except RecipeError:
            continue
        tokenizer = load_word_tokenizer(language)
        page = "\n".join(found[:60])
        assert split_words(page, language) == tokenizer.word_tokenize(page), language
        assert count_sentences(page, language) == (len(tokenizer.span_tokenize(page)) or 1), language
        read += 1
    assert read > 50


def test_languages_that_go_by_whitespace_are_remembered_and_share_a_memory() -> None:
    assert isinstance(_splitter("por_Latn"), ChunkWords)
    assert _splitter("por_Latn") is _splitter("pt")
    assert _splitter("aak_Latn") is _splitter("abk_Cyrl")  # both by spaCy's multi-language rules


def test_a_text_that_datatrove_split_before_keeps_no_tokenizer_from_being_used() -> None:
    """datatrove sets a limit to spaCy's that is as long as each text, on the object that it hands to everybody."""
    loaded_tokenizer("en")[0].word_tokenize("")
    loaded_tokenizer("en")[0].tokenizer.max_length = 0
    assert sentence_places("One. Two.") == [(0, 4), (4, 9)]


def test_the_fallbacks_sentences_are_datatroves() -> None:
    from datatrove.utils.word_tokenizers import load_word_tokenizer

    code = next(f"{row['code_3']}_{row['script']}" for row in ROWS if row["type"] == "WhitespaceTokenizer")
    text = "Een. Twee! 'Drie'? ། vier\nvijf"
    tokenizer = load_word_tokenizer(code)
    assert isinstance(_splitter(code), _Whole)
    assert split_words(text, code) == tokenizer.word_tokenize(text)
    assert count_sentences(text, code) == len(tokenizer.span_tokenize(text))
    assert count_sentences("", code) == 1


@pytest.mark.parametrize(
    ("language", "package", "needs"),
    [
        ("tha_Thai", "pythainlp", "pythainlp"),
        ("jpn_Jpan", "sudachipy", "sudachipy and sudachidict-core"),
        ("vie_Latn", "pyvi", "pyvi"),
        ("cmn_Hani", "jieba", "jieba"),
        ("hin_Deva", "indicnlp", "indic-nlp-library"),
        ("kor_Hang", "kiwipiepy", "kiwipiepy"),
        ("mlt_Latn", "stanza", "stanza"),
        ("khm_Khmr", "khmernltk", "khmer-nltk"),
        ("lao_Laoo", "laonlp", "laonlp"),
        ("bod_Tibt", "botok", "botok"),
        ("mya_Mymr", "pyidaungsu", "pyidaungsu"),
    ],
)
def test_a_language_whose_package_is_missing_is_refused_by_the_packages_name(
    language: str, package: str, needs: str
) -> None:
    if find_spec(package):
        pytest.skip(f"{package} is installed")
    with pytest.raises(RecipeError, match=rf"no words for language '{language}'.*{needs}"):
        check_words(language)


@pytest.mark.parametrize(
    ("language", "near"), [("por_latn", "por_Latn"), ("por_Cyrl", "por_Latn"), ("porr_Latn", "por_Latn")]
)
def test_an_unassigned_code_is_refused_with_a_near_one(language: str, near: str) -> None:
    with pytest.raises(RecipeError, match=f"no tokenizer is assigned to it; did you mean.*'{near}'"):
        check_words(language)


def test_stanza_is_never_let_to_download(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the package, which is not installed: it refuses as Stanza does without its model."""
    asked: list[dict[str, Any]] = []

    class Pipeline:
        def __init__(self, language: str, **options: Any) -> None:
            asked.append({"language": language, **options})
            raise FileNotFoundError("resources.json")

    stanza = ModuleType("stanza")
    stanza.Pipeline = Pipeline  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "stanza", stanza)
    monkeypatch.setattr("datatrove.utils.word_tokenizers.check_required_dependencies", lambda *_: None)
    _splitter.cache_clear()
    with pytest.raises(RecipeError, match=r"Stanza has no model 'mt' here; fetch it with stanza.download\('mt'\)"):
        check_words("mlt_Latn")
    assert asked == [{"language": "mt", "processors": "tokenize", "download_method": None}]
