"""KenLM's binaries of hash tables: as the library reads them, as the ARPA file of one model, and whatever their bytes are."""

import hashlib
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from ngram_cases import SMALL, arpa_of, may_stand_in_kenlm, models, orders_of
from recorded_kenlm import PRUNED, RECORDED, SENTENCES

from filters.quality.kenlm import WORST, KenLmQuality
from filters.quality.ngram_models import check_ngrams, load_ngrams
from jobs.bench.score.hashed_binary import write_hashed
from pipeline.assets import Asset
from pipeline.errors import InputError, RecipeError
from pipeline.model_formats.fields import opened
from pipeline.model_formats.kenlm_binaries import HashTables, hash_tables, rows_of

ROOT = Path(__file__).parents[2]
SMALL_BINARY = RECORDED["small"].unpacked()


def log10_of(path: Path, content: bytes | str, sentences: list[str]) -> list[float]:
    """What a file says of sentences, looked at first as a driver does; `path` is where it is written."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    check_ngrams(path, "lm")
    return list(map(load_ngrams(path, "lm").log10, sentences))


@pytest.mark.parametrize("name", RECORDED)
def test_what_kenlm_made_says_what_kenlm_says_to_the_last_bit(name: str, tmp_path: Path) -> None:
    assert log10_of(tmp_path / "lm.bin", RECORDED[name].unpacked(), SENTENCES) == RECORDED[name].log10


def test_an_n_gram_without_its_end_is_where_binaries_and_arpa_files_part(tmp_path: Path) -> None:
    binary = log10_of(tmp_path / "lm.bin", RECORDED["pruned"].unpacked(), SENTENCES)
    text = log10_of(tmp_path / "lm.arpa", PRUNED, SENTENCES)
    assert binary == RECORDED["pruned"].log10
    assert text == pytest.approx(binary, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "arpa", "options"),
    [
        ("small", SMALL, {}),
        (
            "without words",
            SMALL.replace("-1.0\t<unk>\n", "").replace("1=5", "1=4"),
            {"multiplier": 1.2, "words": False},
        ),
    ],
)
def test_the_writer_of_tests_and_benchmarks_makes_the_bytes_of_build_binary(
    name: str, arpa: str, options: dict, tmp_path: Path
) -> None:
    write_hashed(tmp_path / "lm.bin", orders_of(arpa), **options)
    assert (tmp_path / "lm.bin").read_bytes() == RECORDED[name].unpacked()


@settings(max_examples=80, deadline=None)
@given(
    model=models,
    multiplier=st.floats(1, 4, width=32),
    words=st.booleans(),
    sentences=st.lists(
        st.lists(st.sampled_from(["a", "b", "c", "d", "<unk>", "<UNK>", "x" * 9, "\u00e9"]), max_size=12), max_size=6
    ),
)
def test_a_binary_and_the_arpa_file_of_one_model_say_the_same_to_the_last_bit(
    model, multiplier, words, sentences, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = {gram: logs for gram, logs in model.items() if may_stand_in_kenlm(gram, model)}
    assume(max(map(len, model)) > 1)
    folder, arpa = tmp_path_factory.mktemp("lm"), arpa_of(model)
    write_hashed(folder / "written", orders_of(arpa), multiplier=multiplier, words=words)
    told = [" ".join(each) for each in sentences]
    binary = log10_of(folder / "lm.bin", (folder / "written").read_bytes(), told)
    assert binary == log10_of(folder / "lm.arpa", arpa, told)


@given(words=st.lists(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1), min_size=1, unique=True))
@settings(max_examples=60, deadline=None)
def test_words_of_any_letters_and_length_are_found(words, tmp_path_factory: pytest.TempPathFactory) -> None:
    chances = {(word,): (-(1 + place) / 64, 0.0) for place, word in enumerate(words)}
    ends = {("<unk>",): (-50.0, 0.0), ("<s>",): (-99.0, 0.0), ("</s>",): (0.0, 0.0)}
    assume(not ends.keys() & chances.keys() and ("<UNK>",) not in chances)
    path = tmp_path_factory.mktemp("lm") / "lm.bin"
    write_hashed(path, [{**ends, **chances}, {("<s>", words[0]): (-1.0, 0.0)}])
    known = load_ngrams(path, "lm")
    for word in words[1:]:
        assert known.log10(word) == chances[word,][0]
    assert known.log10(words[0]) == -1


def test_pages_have_the_same_perplexity_by_either_form(tmp_path: Path) -> None:
    pages = ["A b\nc", "a b", "\n\n", "", "b " * 3_000]
    found = []
    for name, content in (("lm.arpa.bin", SMALL_BINARY), ("lm.arpa", SMALL.encode())):
        (tmp_path / name).write_bytes(content)
        made = KenLmQuality(model=Asset(sha256=_sha256(content), name=name, location=str(tmp_path / name)))
        made.check()
        scorer = made.load()
        found.append(scorer.score(scorer.prepare(pages)))
    assert found[0].values.tolist() == found[1].values.tolist()
    assert found[0].tokens == found[1].tokens


def test_the_tables_are_pages_of_the_file_of_which_a_process_has_none_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "lm.bin").write_bytes(SMALL_BINARY)
    loaded = load_ngrams(tmp_path / "lm.bin", "lm")
    assert loaded.log10("a b") == RECORDED["small"].log10[2]
    _, _, mapping = Path("/proc/self/smaps").read_text().partition(str(tmp_path / "lm.bin"))
    sizes = dict(re.findall(r"^(\w+): +(\d+) kB$", mapping.partition("VmFlags")[0], re.MULTILINE))
    assert sizes["Rss"] == "4"
    assert sizes["Anonymous"] == "0"


def _sha256(content: bytes | bytearray) -> str:
    return hashlib.sha256(content).hexdigest()


# Files that are none, or lie.


def tables_of(content: bytes, path: Path) -> HashTables:
    path.write_bytes(content)
    with opened(path) as fields:
        return hash_tables(fields, 10)


def with_(content: bytes, place: int, form: str, *values: object) -> bytes:
    """Other values at a place."""
    changed = bytearray(content)
    struct.pack_into(form, changed, place, *values)
    return bytes(changed)


WITHOUT_WORDS = RECORDED["without words"].unpacked()
HEAD = 112 + 3 * 8  # of three orders
WRONG = {
    "a trie": (with_(SMALL_BINARY, 96, "<i", 2), r"a trie.*build_binary probing"),
    "a quantised trie": (with_(SMALL_BINARY, 96, "<i", 5), r"a trie.*build_binary probing"),
    "an unknown structure": (with_(SMALL_BINARY, 96, "<i", 6), "structure of kind 6"),
    "another version of the tables": (with_(SMALL_BINARY, 104, "<I", 1), "its tables are of version 1, not 0"),
    "another version of the vocabulary": (with_(SMALL_BINARY, HEAD, "<I", 1), "words"),
    "a file that was not finished": (b"mmap lm http://kheafield.com/code incomplete\n" + bytes(500), "no KenLM binary"),
    "another version of the format": (SMALL_BINARY.replace(b"version 5", b"version 4"), "no KenLM binary"),
    "a head and nothing more": (SMALL_BINARY[:HEAD], "408 bytes, and it has 136: it is cut"),
    "a head that is cut": (SMALL_BINARY[:100], "20 bytes follow at 88, and 12 do"),
    "tables that are cut": (SMALL_BINARY[:300], "cut, or of an old KenLM"),
    "tables without the words behind them": (SMALL_BINARY[:-18], "5 words would follow.*cut"),
    "words that are cut": (SMALL_BINARY[:-6], "5 words would follow.*cut"),
    "words without an end": (SMALL_BINARY[:-1], "no end"),
    "words that begin with another": (SMALL_BINARY.replace(b"<unk>\0", b"<UNK>\0"), "begin with <unk>"),
    "bytes behind tables without words": (WITHOUT_WORDS + b"a", "1 bytes follow"),
    "more n-grams than it holds": (with_(SMALL_BINARY, 108, "<Q", 1 << 40), "n-grams, in"),
    "no 1-gram": (with_(SMALL_BINARY, 108, "<Q", 0), "0 n-grams|n-grams, in"),
    "2^64 n-grams": (with_(SMALL_BINARY, 116, "<Q", (1 << 64) - 1), "n-grams, in"),
    "tables a hundred times as large": (with_(SMALL_BINARY, 92, "<f", 100.0), "would end at 14,992 bytes"),
    "tables of NaN": (with_(SMALL_BINARY, 92, "<f", float("nan")), "times as large"),
    "more words than 1-grams": (with_(SMALL_BINARY, HEAD + 4, "<I", 7), "7 words and 5 1-grams"),
    "no word": (with_(SMALL_BINARY, HEAD + 4, "<I", 0), "0 words"),
    "eleven words long": (with_(SMALL_BINARY, 88, "<B", 11), "up to 11 words"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_binary_of_hash_tables_is_refused_by_its_head_and_sizes(case: str, tmp_path: Path) -> None:
    content, said = WRONG[case]
    (tmp_path / "lm.bin").write_bytes(content)
    for look in (check_ngrams, load_ngrams):
        with pytest.raises(RecipeError, match=rf"lm \(.*lm.bin\) is refused: .*{said}"):
            look(tmp_path / "lm.bin", "lm")


def test_words_are_counted_when_the_file_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "lm.bin").write_bytes(SMALL_BINARY.replace(b"a\0b\0", b"a_b\0"))
    with pytest.raises(RecipeError, match="4 words follow its tables, where it says that 5 do"):
        load_ngrams(tmp_path / "lm.bin", "lm")


@pytest.mark.parametrize(
    ("count", "multiplier", "rows"),
    [(4, 1.2, 5), (36_855_657, 1.2, 44_226_788), (226_217_175, 1.5, 339_325_760), (1_999_806_375, 1.5, 2_999_709_440)],
)
def test_large_tables_have_as_many_rows_as_kenlm_gives_them_in_single_precision(count, multiplier, rows) -> None:
    assert rows_of(count, multiplier) == rows


def test_a_search_in_tables_without_an_empty_row_ends(tmp_path: Path) -> None:
    tables = tables_of(SMALL_BINARY, tmp_path / "lm.bin")
    full = bytearray(SMALL_BINARY)
    for table in (tables.tables[0], *tables.tables[2:]):
        for row in range(table.rows):
            struct.pack_into("<Q", full, 4 * (table.start + row * table.width), 0xFFFF_FFFF_FFFF_FFFF)
    assert log10_of(tmp_path / "lm.bin", bytes(full), ["a b"]) == [-3]  # three times the unknown word


def test_a_word_with_a_number_that_no_1_gram_has_is_unknown(tmp_path: Path) -> None:
    table = tables_of(SMALL_BINARY, tmp_path / "lm.bin").tables[0]
    far = bytearray(SMALL_BINARY)
    for row in range(table.rows):
        struct.pack_into("<I", far, 4 * (table.start + row * table.width + 2), 0xFFFF_FFFF)
    assert log10_of(tmp_path / "lm.bin", bytes(far), ["a b"]) == [-3]


@pytest.mark.parametrize(("said", "worst"), [(float("nan"), True), (float("-inf"), True), (1e38, True), (0.0, False)])
def test_a_perplexity_is_a_number_whatever_the_file_says(said: float, worst: bool, tmp_path: Path) -> None:
    first = tables_of(SMALL_BINARY, tmp_path / "lm.bin").tables[1]
    lies = bytearray(SMALL_BINARY)
    for row in range(first.rows):
        struct.pack_into("<f", lies, 4 * (first.start + row * first.width), said)
    (tmp_path / "lm.bin").write_bytes(lies)
    scorer = KenLmQuality(model=Asset(sha256=_sha256(lies), name="lm", location=str(tmp_path / "lm.bin"))).load()
    (found,) = scorer.score(scorer.prepare(["x y z"])).values
    assert found == WORST if worst else 1 <= found < 2


def test_a_vocabulary_without_the_ends_of_sentences_takes_the_unknown_word(tmp_path: Path) -> None:
    write_hashed(tmp_path / "lm", [{("a",): (-1.0, -0.5), ("b",): (-2.0, 0.0)}, {("a", "b"): (-0.25, 0.0)}])
    assert load_ngrams(tmp_path / "lm", "lm").log10("a b") == -1 - 0.25 - 100


def test_a_length_without_n_grams_has_a_table_of_one_empty_row(tmp_path: Path) -> None:
    grams = [{("<s>",): (-9.0, -0.5), ("</s>",): (-1.0, 0.0), ("a",): (-2.0, -0.25)}, {("<s>", "a"): (-0.75, -1.0)}, {}]
    write_hashed(tmp_path / "lm", grams)
    assert load_ngrams(tmp_path / "lm", "lm").log10("a") == -0.75 - 1 - 0.25 - 1
    assert load_ngrams(tmp_path / "lm", "lm").log10("a a") == -0.75 - 1 - 0.25 - 2 - 0.25 - 1


def test_only_models_that_kenlm_can_have_are_written(tmp_path: Path) -> None:
    words = {("a",): (-1.0, 0.0)}
    with pytest.raises(InputError, match="two words"):
        write_hashed(tmp_path / "lm", [words])
    with pytest.raises(InputError, match=r"'b'.*no n-gram"):
        write_hashed(tmp_path / "lm", [words, {("a", "b"): (-1.0, 0.0)}])


def mutated(content: bytes, seed: int) -> bytes:
    """Some bytes of the tables another, at times of the head too, or cut."""
    drawn = np.random.default_rng(seed)
    changed, first = bytearray(content), 88 if seed % 8 == 0 else 112 + 8 * content[88] + 8
    for _ in range(drawn.integers(1, 60)):
        changed[drawn.integers(first, len(changed))] = drawn.choice([0, 1, 127, 128, 255, drawn.integers(256)])
    return bytes(changed[: drawn.integers(len(changed))] if seed % 8 == 1 else changed)


def survived(folder: Path, seeds: range) -> int:
    """How many mutated files are read, and say a number of every sentence."""
    count = 0
    for seed in seeds:
        content = mutated([each.unpacked() for each in RECORDED.values()][seed % len(RECORDED)], seed)
        try:
            found = log10_of(folder / f"{seed}.bin", content, SENTENCES)
        except RecipeError:
            continue
        assert all(isinstance(each, float) for each in found)
        count += 1
    return count


def test_mutated_files_are_refused_or_give_numbers(tmp_path: Path) -> None:
    assert 300 < survived(tmp_path, range(1_000)) < 900


BOUNDED = """
import sys
from pathlib import Path
from test_kenlm_binaries import survived
print(survived(Path(sys.argv[1]), range(1_000, 3_000)))
"""


@pytest.mark.slow
def test_no_index_leaves_the_file_whatever_its_bytes(tmp_path: Path) -> None:
    places = [str(ROOT), str(ROOT / "tests" / "filters"), str(ROOT / "tests")]
    bounded = {
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONPATH": os.pathsep.join(places),
    }
    told = subprocess.run(
        [sys.executable, "-c", BOUNDED, str(tmp_path)],
        cwd=tmp_path, env=os.environ | bounded, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert int(told.stdout) > 600


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, len(SMALL_BINARY) - 1))
def test_a_cut_file_is_refused(cut: int, tmp_path: Path) -> None:
    with pytest.raises(RecipeError):
        log10_of(tmp_path / "lm.bin", SMALL_BINARY[:cut], [""])


def test_a_binary_that_is_written_over_while_it_is_in_use_scores_no_more(tmp_path: Path) -> None:
    path = tmp_path / "lm.bin"
    path.write_bytes(RECORDED["small"].unpacked())
    loaded = load_ngrams(path, "lm")
    loaded.check()
    with path.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"x")
    with pytest.raises(RecipeError, match="lm was changed while it was in use"):
        loaded.check()
