"""spaCy imported in half of the time is spaCy: the same English, and its command line for who wants it."""

import subprocess
import sys

import pytest
from datatrove.utils.word_tokenizers import SpaCyTokenizer, load_word_tokenizer

from pipeline.light_spacy import blank
from pipeline.words import ENGLISH

FIRST_WORDS = """
import sys
from pipeline.words import split_words
assert split_words("it's") == ["it", "'s"]
assert not {"spacy.cli", "weasel", "httpx"} & set(sys.modules), "imported by nobody"
import spacy
"""


def test_pytorch_is_not_imported_for_words_and_there_for_who_wants_it() -> None:
    """With a framework of that name in reach, whatever it is: thinc would import it."""
    use = """
import sys, types
from importlib.machinery import ModuleSpec
class There:
    def find_spec(self, name, path=None, target=None):
        if name != "torch":
            return None
        loader = types.SimpleNamespace(create_module=lambda spec: None, exec_module=lambda module: print("imported"))
        return ModuleSpec(name, loader)
sys.meta_path.insert(0, There())
from pipeline.words import split_words
assert split_words("it's") == ["it", "'s"]
assert "torch" not in sys.modules
print("words")
import torch
"""
    done = subprocess.run([sys.executable, "-c", use], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["words", "imported"], done.stderr


@pytest.mark.parametrize("language", sorted(ENGLISH))
def test_datatrove_splits_what_we_call_english_by_blank_english(language: str) -> None:
    tokenizer = load_word_tokenizer(language)
    assert isinstance(tokenizer, SpaCyTokenizer)
    assert (tokenizer.language, tokenizer.config) == ("en", None)


def test_blank_english_has_the_rules_of_datatroves() -> None:
    ours, theirs = blank("en"), load_word_tokenizer("eng").tokenizer
    assert ours.pipe_names == theirs.pipe_names == ["sentencizer"]
    assert ours.get_pipe("sentencizer").punct_chars == theirs.get_pipe("sentencizer").punct_chars
    assert ours.tokenizer.rules == theirs.tokenizer.rules
    for rule in ("prefix_search", "suffix_search", "infix_finditer", "token_match", "url_match"):
        here, there = getattr(ours.tokenizer, rule), getattr(theirs.tokenizer, rule)
        assert (here is None) == (there is None)
        assert here is None or here.__self__.pattern == there.__self__.pattern
    assert ours.tokenizer.faster_heuristics == theirs.tokenizer.faster_heuristics


@pytest.mark.parametrize(
    "use",
    [
        "assert spacy.info(silent=True)['spacy_version'] == spacy.__version__",
        "import spacy.cli; assert spacy.cli.info is not spacy.info and spacy.cli.download",
        "from spacy.cli import evaluate; assert evaluate",
        "assert spacy.blank('de')('Es geht.')[1].text == 'geht'",
    ],
)
def test_what_was_left_out_comes_when_it_is_wanted(use: str) -> None:
    done = subprocess.run([sys.executable, "-c", FIRST_WORDS + use], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
