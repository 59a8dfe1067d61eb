"""spaCy without its command line, which it imports for one function, and without PyTorch: a fifth of the seconds."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

_COMMAND_LINE, _OF_ONE_FUNCTION = "spacy.cli", "spacy.cli.info"


_STANDARD = "spacy.Tokenizer.v1"
# What thinc, on which spaCy stands, imports if it is there: 2.2 s of every process and 200 MB for networks that nobody asks for.
_FRAMEWORKS = ("torch", "tensorflow", "mxnet", "cupy")


def blank(code: str) -> Any:
    """What datatrove splits a language with: `spacy.blank(code)` with a sentencizer."""
    nlp = language(code)()
    nlp.add_pipe("sentencizer")
    return nlp


def language(code: str) -> Any:
    """The class of one of spaCy's languages, whose rules are there without a tokenizer being built."""
    import_spacy()
    # As spaCy's own look-up, which reads every package's entry points first.
    module: Any = import_module(f"spacy.lang.{code}")
    return getattr(module, module.__all__[0])


def has_standard_tokenizer(code: str) -> bool:
    """Whether a language's words are those of spaCy's own rules alone."""
    return language(code).default_config["nlp"]["tokenizer"] == {"@tokenizers": _STANDARD}


def import_spacy() -> None:
    """Imports spaCy, where nobody has yet, in half of the time: 0.5 s and 230 modules less (1.5 s where no bytecode is kept).

    `spacy.info` and `spacy.cli` come when somebody uses them.
    """
    if "spacy" in sys.modules:
        return
    information = ModuleType(_OF_ONE_FUNCTION)
    information.__dict__["info"] = _info
    hidden: dict[str, Any] = {
        name: None for name in _FRAMEWORKS if name not in sys.modules
    }  # None: it cannot be imported
    hidden |= {_COMMAND_LINE: ModuleType(_COMMAND_LINE), _OF_ONE_FUNCTION: information}
    sys.modules.update(hidden)
    try:
        import spacy  # noqa: F401  # pyright: ignore[reportUnusedImport]
    finally:
        for name in hidden:
            del sys.modules[name]


def _info(*arguments: Any, **options: Any) -> Any:
    from spacy.cli.info import info

    return info(*arguments, **options)
