"""datatrove's tokenizer for a language, ready to be used: what it needs is found before the first page, or named."""

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pipeline.errors import RecipeError
from pipeline.language_codes import counterparts
from pipeline.light_spacy import has_standard_tokenizer, import_spacy

if TYPE_CHECKING:
    from datatrove.utils.word_tokenizers import WordTokenizer

_PACKAGES = {"ja": "sudachipy and sudachidict-core", "vi": "pyvi", "zh": "jieba"}  # that spaCy's languages ask for
_SAMPLE = "a b."


def loaded_tokenizer(language: str) -> "tuple[WordTokenizer, str]":
    """The tokenizer that datatrove's table assigns to `language`, and the name of its class.

    Raises:
        RecipeError: none is assigned, or its package, dictionary or model is not on this machine; nothing is downloaded.
    """
    from datatrove.utils.word_tokenizers import load_tokenizer_assignments, load_word_tokenizer

    assigned = load_tokenizer_assignments()
    if language not in assigned:
        raise RecipeError(
            f"no words for language {language!r}: no tokenizer is assigned to it{_near(language, assigned)}"
        )
    try:
        tokenizer = load_word_tokenizer(language)
        kind = type(tokenizer).__name__
        _build(tokenizer, kind)
    except Exception as error:  # whatever a package raises that lacks its files
        raise RecipeError(f"no words for language {language!r}: {_why(assigned[language], error)}") from error
    return tokenizer, kind


def remembers_chunks(tokenizer: Any) -> bool:
    """Whether the words of a chunk between whitespace are spaCy's own rules' alone, as `pipeline.chunk_words` needs it."""
    return tokenizer.config is None and has_standard_tokenizer(tokenizer.language)


def _build(tokenizer: Any, kind: str) -> None:
    """Loads what datatrove would load at the first page, which is when a worker would notice that it is not there."""
    if kind == "SpaCyTokenizer":
        import_spacy()
        if not remembers_chunks(tokenizer):  # else nothing can be missing, and building it may take seconds
            # Not `make_doc`: its limit is as long as the text that datatrove split last.
            tokenizer.tokenizer.tokenizer(_SAMPLE)
    elif kind == "StanzaTokenizer":
        import stanza  # pyright: ignore[reportMissingImports]

        # Stanza fetches models by default; datatrove's way to build it cannot be told not to.
        tokenizer._tokenizer = stanza.Pipeline(tokenizer.language, processors="tokenize", download_method=None)
    elif kind != "WhitespaceTokenizer":
        tokenizer.word_tokenize(_SAMPLE)
        tokenizer.span_tokenize(_SAMPLE)


def _why(factory: Any, error: Exception) -> str:
    kind, code = factory.args
    said = next(iter(str(error).strip().splitlines()), type(error).__name__)
    if kind == "SpaCyTokenizer" and code in _PACKAGES:
        return f"spaCy's {code!r} needs the package {_PACKAGES[code]} ({said})"
    if kind == "StanzaTokenizer" and not isinstance(error, ImportError):
        return f"Stanza has no model {code!r} here; fetch it with stanza.download({code!r}) ({said})"
    return f"{kind} cannot be used: {said}"


def _near(language: str, assigned: dict[str, Any]) -> str:
    near = [code for code in counterparts(language) if code in assigned]
    near = near or get_close_matches(language, assigned, n=3)
    return f"; did you mean {' or '.join(map(repr, near[:3]))}?" if near else ""
