"""NLTK's tokenizers come without the rest of NLTK, and are NLTK's."""

import subprocess
import sys

import pytest

TEXT = "Dr. Miller said \"it's ground, can't you see?\" He left at 5 p.m. yesterday. (The wheel stood still.)"
FIRST = f"""
import sys
from pipeline.nltk_words import NltkEnglish
TEXT = {TEXT!r}
chosen = NltkEnglish()
words, sentences = chosen.words(TEXT), chosen.sentences(TEXT)
assert sentences == 3
"""


@pytest.mark.parametrize(
    "then",
    [
        "assert not {'nltk', 'nltk.tokenize', 'scipy', 'nltk.tokenize.punkt'} & set(sys.modules)",
        "import nltk; assert nltk.tokenize.word_tokenize and nltk.FreqDist and nltk.tokenize.punkt.__name__ in sys.modules",
        "from nltk.tokenize import NLTKWordTokenizer; assert NLTKWordTokenizer().tokenize('a b.') == ['a', 'b', '.']",
        "from nltk.tokenize.punkt import PunktSentenceTokenizer; assert chosen.words(TEXT) == words",
    ],
)
def test_who_imports_nltk_later_gets_all_of_it(then: str) -> None:
    done = subprocess.run([sys.executable, "-c", FIRST + then], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_where_nltk_is_imported_already_its_own_modules_are_taken() -> None:
    first = "import nltk.tokenize.punkt as punkt\nfrom pipeline.light_nltk import tokenizer_modules\n"
    then = "import nltk\nassert tokenizer_modules()[1] is punkt is nltk.tokenize.punkt"
    done = subprocess.run([sys.executable, "-c", first + then], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
