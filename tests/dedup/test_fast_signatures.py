"""The family `fast`: its words are those of a definition in plain Python, whatever the layout of the bytes."""

import re
import threading
import time
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dedup import letters
from dedup.bands import band_keys
from dedup.fast_signatures import factors, fast_shingles, fast_signatures
from dedup.minhash import MinHash
from dedup.shingles import jaccard
from dedup.theory import probability
from pipeline.errors import RecipeError
from pipeline.identity import canonical

MASK = 2**64 - 1
FIRST, SECOND, GRAM = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0x5851F42D4C957F2D
FAST = MinHash(family="fast")


def kind(character: str) -> str:
    """'L' part of a word, 'A' a word of its own, 'M' a mark, '' nothing."""
    category = unicodedata.category(character)[0]
    if category not in "LNM":
        return ""
    alone = any(first <= ord(character) <= last for first, last in letters._WITHOUT_SPACES)
    return "M" if category == "M" else "A" if alone else "L"


def words_by_definition(text: str) -> list[str]:
    words: list[str] = []
    before = ""
    for character in text:
        now = kind(character)
        if now == "M" and before:
            words[-1] += character
            continue
        if now == "L" and before == "L":
            words[-1] += character
        elif now in ("L", "A"):
            words.append(character)
        before = "" if now == "M" else now
    return ["".join(map(folded, word)) for word in words]


def folded(character: str) -> str:
    return next((one for one in (character.casefold(), character.lower()) if len(one) == 1), character)


def hash_by_definition(word: str) -> int:
    state, data = SECOND, word.encode()
    for start in range(0, len(data), 8):
        state = ((state ^ int.from_bytes(data[start : start + 8], "little")) * FIRST) & MASK
        state ^= state >> 32
    return state


def shingles_by_definition(text: str, ngram: int) -> list[int]:
    hashes = [hash_by_definition(word) for word in words_by_definition(text)]
    found = []
    for start in range(len(hashes) - ngram + 1):
        total = 0
        for one in hashes[start : start + ngram]:
            total = (total * GRAM + one) & MASK
        total = ((total ^ total >> 30) * FIRST) & MASK
        total = ((total ^ total >> 27) * SECOND) & MASK
        found.append(total ^ total >> 31)
    return found


ALPHABET = (
    "aZz09 .,-_@[`{/:\u00e9\u00c9\u0301\u0130\u00df\u1e9eK\u0416\u0436\u05d0"
    "\u4e2d\u6587\u3042\u30ab\uff76\u0e01\u0e34\u1000\u103c"
    "\u1780\u3007\U00020000\U0001d400\u2019\u00ad\u200d\x00\x7f\U000e0100\U0010ffff"
)
TEXTS = st.one_of(st.text(), st.text(st.sampled_from(ALPHABET), max_size=60), st.text("abcXYZ 19.", max_size=80))


@given(text=TEXTS, ngram=st.integers(1, 4))
@example("Stra\u00dfe eightlet ninelette \u4e2d\u6587a\u4e2db \u0e01\u0e34\u0e01 e\u0301clair", 1)
@example("abcdefgh abcdefghi abcdefghijklmnop abcdefg\u00e9 abcdefgh\u00e9", 2)
def test_shingles_are_those_of_the_definition(text: str, ngram: int):
    text = text.encode("utf-8", "replace").decode()
    assert fast_shingles(text, ngram=ngram).tolist() == shingles_by_definition(text, ngram)


def test_every_code_point_has_the_class_and_the_folding_of_unicode():
    table = letters.letter_table()
    names = ["", "L", "M", "A"]
    for point in [*range(0xD800), *range(0xE000, 0x34000), *range(0xDFFF0, 0xE0210), 0xF0000, 0x10FFFF]:
        character = chr(point)
        entry = int(table[point])
        expected = kind(character)
        assert names[entry >> letters.CLASS_SHIFT] == expected, hex(point)
        assert entry & letters.FOLDED == (ord(folded(character)) if expected else 0), hex(point)


def test_words_of_one_character_are_those_of_scripts_without_spaces():
    table = letters.letter_table() >> np.uint32(letters.CLASS_SHIFT)
    script = re.compile(
        "(?!IDEOGRAPHIC TALLY)(CJK|IDEOGRAPHIC|HANGZHOU|VERTICAL (KANA|IDEOGRAPHIC)|OLD CHINESE|MASU|"
        "BOPOMOFO|(HALFWIDTH )?KATAKANA|HIRAGANA|HENTAIGANA|YI|NUSHU|"
        "TANGUT|KHITAN|THAI|LAO|KHMER|MYANMAR|NEW TAI|TAI|AHOM)[ -]"
    )
    without_spaces = [bool(script.match(unicodedata.name(chr(point), ""))) for point in range(0x34000)]
    for point in np.flatnonzero(np.isin(table, (letters.LETTER, letters.ALONE))).tolist():
        name = unicodedata.name(chr(point), "")  # Python knows no names of Tangut
        assert (table[point] == letters.ALONE) == without_spaces[point] or not name, name


def signatures_by_definition(text: str, shape: MinHash) -> list[int]:
    functions = factors(shape.bands * shape.rows, shape.seed).tolist()
    grams = shingles_by_definition(text, shape.ngram)
    return [min((a * (x & 0xFFFFFFFF) + (x >> 32)) % 2**32 for x in grams) for a in functions]


@pytest.mark.parametrize("words", [5, 6, 12, 13, 500, 1023, 1024, 1025, 1028, 1029, 1030, 2100])
def test_a_signature_is_the_least_value_of_each_function_at_every_length(words: int):
    shape = MinHash(family="fast", bands=3, rows=5)
    text = " ".join(f"w{number * 7919 % 10007}" for number in range(words))
    signatures, has_signature = shape.signatures([text + " ... "])
    assert has_signature.tolist() == [True]
    assert signatures[0].tolist() == signatures_by_definition(text, shape)
    assert np.array_equal(shape.shingles(text), shingles_by_definition(text, 5))


@pytest.mark.parametrize("ngram", [1, 2, 13, 1100])
def test_runs_longer_than_a_block_are_signed_too(ngram: int):
    shape = MinHash(family="fast", bands=2, rows=2, ngram=ngram)
    text = " ".join(f"w{number}" for number in range(2300))
    assert shape.signatures([text])[0][0].tolist() == signatures_by_definition(text, shape)


def test_signatures_never_change():
    signatures, _ = MinHash(family="fast", bands=2, rows=2).signatures(
        ["The mill grinds grist, slowly but \u4e2d\u6587."]
    )
    assert signatures.tolist() == [[2139733940, 479197156, 478343178, 2172519637]]


def test_all_functions_differ():
    assert np.unique(factors(65_536, 1)).size == 65_536
    assert not np.array_equal(factors(112, 1), factors(112, 2))
    assert np.array_equal(factors(112, 1), factors(450, 1)[:112])


# What bands and rows promise.


def edited_pairs(count: int, words: int) -> tuple[list[str], list[str]]:
    """Random texts, and copies of them whose first words, up to a third, are others."""
    random = np.random.default_rng(words)
    vocabulary = np.array(["".join(map(chr, row)) for row in random.integers(97, 123, (200_000, 9))])
    one = random.integers(0, 200_000, (count, words))
    other = one.copy()
    for row, changed in enumerate(random.integers(0, round(0.36 * (words - 4)), count)):
        other[row, :changed] = random.integers(0, 200_000, changed)
    return tuple([" ".join(vocabulary[row]) for row in texts] for texts in (one, other))


@pytest.mark.parametrize(("words", "count"), [(30, 6000), (200, 4000), (2000, 1000)])
def test_recall_follows_the_s_curve_in_texts_of_every_length(words: int, count: int):
    texts, copies = edited_pairs(count, words)
    one, other = FAST.signatures(texts)[0], FAST.signatures(copies)[0]
    found = (band_keys(one, 14, 8) == band_keys(other, 14, 8)).any(axis=1)
    similarity = np.array([jaccard(FAST.shingles(a), FAST.shingles(b)) for a, b in zip(texts, copies, strict=True)])
    chance = np.array([probability(s) for s in similarity])
    bins = np.digitize(similarity, [0.6, 0.7, 0.8, 0.9])
    for bin_ in range(5):
        inside = bins == bin_
        assert inside.sum() >= 60, "the generator must cover every bin"
        # Four standard deviations of independent trials, and half a pair for the bins where all is certain.
        tolerance = 4 * np.sqrt((chance * (1 - chance))[inside].sum()) + 0.5
        assert abs(found[inside].sum() - chance[inside].sum()) <= tolerance, f"bin {bin_}"
    # Values are as independent as the estimate's standard error supposes.
    middle = (similarity > 0.5) & (similarity < 0.9)
    error = ((one == other).mean(axis=1) - similarity)[middle] / np.sqrt((similarity * (1 - similarity) / 112)[middle])
    assert abs(error.mean()) < 4 / np.sqrt(error.size)
    assert abs(error.var() - 1) < 4 * np.sqrt(2 / error.size)


# The layout of Arrow.

MANY = st.lists(st.one_of(st.none(), TEXTS.map(lambda text: text.encode("utf-8", "replace").decode())), max_size=8)


@given(texts=MANY, cut=st.integers(0, 8), small=st.booleans())
def test_slices_chunks_and_narrow_offsets_give_the_same_signatures(texts: list, cut: int, small: bool):
    shape = MinHash(family="fast", bands=2, rows=3, ngram=2)
    expected = [(shape.signatures([text or ""]), text) for text in texts]
    array = pa.array([*texts, "more words than needed"], pa.string() if small else pa.large_string())[: len(texts)]
    for given_ in (array, pa.chunked_array([array[:cut], array[cut:]])):
        signatures, has_signature = shape.signatures(given_)
        assert signatures.tolist() == [one[0][0].tolist() for one, _ in expected]
        assert has_signature.tolist() == [bool(one[1][0]) for one, _ in expected]
    assert np.array_equal(shape.signatures(array[cut:])[0], shape.signatures(array)[0][cut:])


def test_bytes_under_a_null_and_empty_arrays_have_no_signature():
    offsets, data = np.array([0, 30, 60], np.int64), b"one two three four five six   " * 2
    valid = pa.py_buffer(bytes([0b10]))
    array = pa.LargeStringArray.from_buffers(2, pa.py_buffer(offsets), pa.py_buffer(data), valid)
    assert FAST.signatures(array)[1].tolist() == [False, True]
    for empty in (pa.array([], pa.large_string()), pa.array([None], pa.string()), pa.chunked_array([], pa.string())):
        signatures, has_signature = FAST.signatures(empty)
        assert signatures.shape == (len(empty), 112)
        assert not has_signature.any()


def test_other_kinds_of_strings_are_read_and_what_is_none_is_refused():
    texts = ["one two three four five", "six seven eight nine ten"]
    expected = FAST.signatures(texts)[0]
    for type_ in (pa.string_view(), pa.dictionary(pa.int32(), pa.string())):
        assert np.array_equal(FAST.signatures(pa.array(texts, pa.string()).cast(type_))[0], expected)
    with pytest.raises(pa.ArrowException, match="large_string"):
        FAST.signatures(pa.array([[1]], pa.list_(pa.int64())))


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_bytes_that_are_no_utf8_stay_within_their_own_text(one: bytes, other: bytes):
    shape = MinHash(family="fast", bands=1, rows=4, ngram=1)

    def signed(*parts: bytes) -> np.ndarray:
        offsets = np.cumsum([0, *map(len, parts)]).astype(np.int64)
        return shape.signatures(
            pa.LargeStringArray.from_buffers(len(parts), pa.py_buffer(offsets), pa.py_buffer(b"".join(parts)))
        )[0]

    assert np.array_equal(signed(one, other)[0], signed(one, b"")[0])
    assert np.array_equal(signed(one, other)[1], signed(b"", other)[1])


def test_a_missing_surrogate_is_no_error():
    assert FAST.signatures(["one two \ud800 three four five"])[1].tolist() == [True]
    assert FAST.shingles("one two \ud800 three four five").size == 1


def test_other_threads_run_while_a_text_is_signed():
    array = pa.array(["some words of a text " * 3_000_000], pa.large_string())
    FAST.signatures(array[:0])
    began, done, spent = threading.Event(), threading.Event(), []

    def sign() -> None:
        began.set()
        start = time.perf_counter()
        fast_signatures(array, functions=112, ngram=5, seed=1)
        spent.append(time.perf_counter() - start)
        done.set()

    thread = threading.Thread(target=sign)
    thread.start()
    began.wait()
    longest, last = 0.0, time.perf_counter()
    while not done.is_set():
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    thread.join()
    assert longest < spent[0] / 2, "a thread that holds the lock stops this one for all of its time"


# The recipe.


@pytest.mark.parametrize("told", [{"hash": "sha1_64"}, {"normal_form": "datatrove-0.2"}])
def test_what_belongs_to_the_other_family_is_refused(told: dict):
    with pytest.raises(RecipeError, match=next(iter(told))):
        MinHash(family="fast", **told)


def test_an_unknown_family_is_an_error_of_the_recipe():
    with pytest.raises(RecipeError, match="family 'quick' is none of datatrove, fast"):
        MinHash(family="quick")


def test_words_of_any_language_can_be_told():
    MinHash(family="fast", language="no language").check()


def test_runs_made_before_the_family_keep_their_identity():
    assert "family" not in canonical(MinHash())
    assert canonical(FAST) == {**canonical(MinHash()), "family": "fast"}
