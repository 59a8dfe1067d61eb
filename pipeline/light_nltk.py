"""NLTK's two tokenizers without the rest of its package, which imports SciPy: 0.16 s and 13 MB instead of 1.4 s and 82 MB."""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

PACKAGES = ("nltk", "nltk.tokenize")
WORDS, SENTENCES = "nltk.tokenize.destructive", "nltk.tokenize.punkt"


def tokenizer_modules() -> tuple[ModuleType, ModuleType]:
    """The modules of words and of sentences: those of the package where somebody has imported it, else by themselves.

    What imports NLTK later gets all of it, as if nothing had been imported here.
    """
    if "nltk" in sys.modules:
        return import_module(WORDS), import_module(SENTENCES)
    spec = find_spec("nltk")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named 'nltk'", name="nltk")
    for name in PACKAGES:
        package = ModuleType(name)
        package.__path__ = [str(Path(spec.origin).parents[1].joinpath(*name.split(".")))]
        sys.modules[name] = package
    try:
        return import_module(WORDS), import_module(SENTENCES)
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "nltk"]:
            del sys.modules[name]
