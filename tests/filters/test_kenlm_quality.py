"""Perplexity of ARPA files: by hand, by a plain implementation of back-off on random models, and what is no ARPA file."""

import hashlib
import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ngram_cases import SMALL, arpa_of, may_stand_in_kenlm, models, plain_log10
from static_model import tokenizer

from filters.quality.kenlm import WORST, KenLmQuality, normalized
from pipeline.assets import Asset
from pipeline.errors import RecipeError


def quality(folder: Path, arpa: str, **more: object) -> KenLmQuality:
    path = folder / "model.arpa"
    path.write_text(arpa, encoding="utf-8")
    return KenLmQuality(model=asset(path), **more)


def asset(path: Path) -> Asset:
    return Asset(sha256=hashlib.sha256(path.read_bytes()).hexdigest(), name=path.name, location=str(path))


@pytest.mark.parametrize(
    ("sentence", "log10"),
    [
        ("a b", -0.2 - 0.1 - 0.3),  # the longest n-gram each time
        ("b a", (-0.3 - 0.8) + -0.9 + (-0.2 - 0.6)),  # <s> backs off; b a; a backs off, b a has no weight
        ("c", (-0.3 - 1.0) + -0.6),  # an unknown word has no weight and no n-gram
        ("a b a", -0.2 - 0.1 + (-0.15 - 0.9) + (-0.2 - 0.6)),  # a b backs off once
        ("", -0.3 - 0.6),
    ],
)
def test_a_sentence_has_the_probability_that_a_person_computes(sentence: str, log10: float, tmp_path: Path) -> None:
    assert quality(tmp_path, SMALL).load().log10(sentence) == pytest.approx(log10, abs=1e-6)


def test_perplexity_counts_the_end_of_each_line_as_a_word(tmp_path: Path) -> None:
    made = quality(tmp_path, SMALL)
    made.check()
    scorer = made.load()
    scored = scorer.score(scorer.prepare(["A b\nc", "a b"]))
    assert scored.values == pytest.approx([10 ** ((0.6 + 1.9) / 5), 10 ** (0.6 / 3)], rel=1e-5)
    assert scored.tokens == 8


def test_with_a_tokenizer_the_whole_text_is_one_sentence_of_pieces(tmp_path: Path) -> None:
    tokenizer(("a", "b", "##b")).save(str(tmp_path / "tokenizer.json"))
    scorer = quality(tmp_path, SMALL, tokenizer=asset(tmp_path / "tokenizer.json")).load()
    assert scorer.prepare(["a\n a b"]) == [["a a b"]]
    assert scorer.score(scorer.prepare(["a b"])).values == pytest.approx([10 ** (0.6 / 3)], rel=1e-5)


def test_a_text_of_words_that_the_model_never_saw_is_the_worst_and_still_a_number(tmp_path: Path) -> None:
    scorer = quality(tmp_path, SMALL.replace("-1.0\t<unk>\n", "").replace("1=5", "1=4")).load()
    assert scorer.score(scorer.prepare(["x y z"])).values.tolist() == [WORST]


@settings(max_examples=60, deadline=None)
@given(model=models, words=st.lists(st.sampled_from(["a", "b", "c", "d", "</s>", "<unk>"]), max_size=8))
def test_random_models_give_what_the_definition_says(model, words, tmp_path_factory: pytest.TempPathFactory) -> None:
    scorer = quality(tmp_path_factory.mktemp("arpa"), arpa_of(model)).load()
    assert scorer.log10(" ".join(words)) == pytest.approx(plain_log10(model, words), abs=1e-4)


def test_only_white_space_of_ascii_divides_words_and_any_counts_them(tmp_path: Path) -> None:
    scorer = quality(tmp_path, SMALL, normalize=False).load()
    assert scorer.log10("a\u00a0b") == pytest.approx(scorer.log10("c"))
    assert scorer.score([["a\u00a0b"]]).tokens == 3


@settings(deadline=None)
@given(text=st.text(max_size=40))
def test_a_normalised_text_has_no_accent_capital_digit_or_control_character(text: str) -> None:
    plain = normalized(text)
    assert not any(unicodedata.category(char) == "Mn" for char in plain)
    assert not any(char < " " or "\x7f" <= char <= "\x9f" for char in plain)
    assert not any(char.isdecimal() and char != "0" for char in plain)


def in_steps(text: str) -> str:
    """What `normalized` does, one after the other."""
    plain = unicodedata.normalize("NFD", text.strip().lower())
    plain = "".join(char for char in plain if unicodedata.category(char) != "Mn")
    plain = "".join("0" if char.isdecimal() else char for char in plain)
    for old, new in (("\u201c", '"'), ("\u2014", " - "), ("\uff0e", ". "), ("\u2026", "..."), ("\u3001", ",")):
        plain = plain.replace(old, new)
    return re.sub("[\x00-\x1f\x7f-\x9f]", "", plain)


@settings(deadline=None)
@given(
    text=st.text(
        st.sampled_from("aA1 \u0130\u00c5\u0301\u03a3\u0664\u201c\u2014\uff0e\u2026\u3001\x00\x85\n\ud55c"), max_size=12
    )
)
def test_characters_of_a_text_are_written_as_by_one_step_after_the_other(text: str) -> None:
    assert normalized(text) == in_steps(text)


def test_marks_and_digits_are_written_as_ccnet_writes_them() -> None:
    assert normalized(" \u00c9t\u00e9 2026\u2026 \u201cA\u201d \u2014 b\nc ") == 'ete 0000... "a"  -  bc'


BROKEN = {
    "no ARPA file": ("lm http://kheafield.com/code format version 5\n", "should be"),
    "an n-gram twice": (SMALL.replace("b a\n", "a b\n", 1), "twice"),
    "a word twice": (SMALL.replace("-0.8\tb", "-0.8\ta"), "twice"),
    "a word that is not there": (SMALL.replace("b a\n", "b x\n", 1), "not among"),
    "words before that are no n-gram": (SMALL.replace("a b </s>", "b b </s>"), "no 2-gram"),
    "a probability above 1": (SMALL.replace("-0.9", "0.9"), "logarithm"),
    "no number": (SMALL.replace("-0.9", "nan"), "logarithm"),
    "a word instead": (SMALL.replace("-0.9", "minus"), "minus"),
    "too few fields": (SMALL.replace("b </s>\n", "b\n", 1), "2 words"),
    "fewer n-grams than promised": (SMALL.replace("2=4", "2=5"), "2 words|should be"),
    "more than the file can hold": (SMALL.replace("2=4", "2=400000000"), "promised"),
    "a cut file": (SMALL[: SMALL.index("\\3-grams")], "ends here"),
    "blank lines without end": ("\n" * 200 + SMALL, "blank lines"),
    "a line without end": (SMALL.replace("ngram 2=4", "ngram 2=4" + " " * 20_000), "longer than"),
    "a count without end": (SMALL.replace("2=4", "2=" + "4" * 5_000), "should be"),
    "an order left out": (SMALL.replace("ngram 2=4\n", ""), "ngram 2="),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_whole_arpa_file_is_refused_naming_the_line(case: str, tmp_path: Path) -> None:
    arpa, said = BROKEN[case]
    with pytest.raises(RecipeError, match=said):
        quality(tmp_path, arpa).load()


@pytest.mark.parametrize("case", ["no ARPA file", "more than the file can hold", "an order left out"])
def test_the_head_is_checked_before_anything_is_loaded(case: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="line"):
        quality(tmp_path, BROKEN[case][0]).check()


def test_scores_are_of_single_precision_in_the_order_of_kenlm(tmp_path: Path) -> None:
    scorer = quality(tmp_path, SMALL).load()
    total = np.float32(0)
    for chance in (np.float32(-0.2), np.float32(-0.1), np.float32(-0.3)):
        total = total + chance
    assert scorer.log10("a b") == float(total)


@settings(max_examples=60, deadline=None)
@given(model=models, words=st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=8))
def test_kenlm_itself_says_the_same_to_the_last_bit(model, words, tmp_path_factory: pytest.TempPathFactory) -> None:
    kenlm = pytest.importorskip("kenlm", reason="kenlm is not installed; it has no wheel and must be compiled")
    model = {gram: logs for gram, logs in model.items() if may_stand_in_kenlm(gram, model)}
    assume(max(map(len, model)) > 1)  # KenLM reads no unigram model
    made = quality(tmp_path_factory.mktemp("arpa"), arpa_of(model))
    sentence = " ".join(words)
    config = kenlm.Config()
    config.show_progress = False
    assert made.load().log10(sentence) == kenlm.Model(str(made.model.path()), config).score(sentence)
