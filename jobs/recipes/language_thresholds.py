"""One language's thresholds, in the form of FineWeb2's published `configs/por_Latn.yml`, and where they are read from.

Three keys are ours and may be left out: `language_model` (the file of the model whose scores `language_score` speaks of, seen
from the thresholds' folder), `language_model_sha256`, and `language_label` (what that model calls the language).
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from filters.gopher_repetition import DUP_SIZES, TOP_SIZES
from filters.language import LID_176
from pipeline.assets import Asset
from pipeline.errors import RecipeError

GLOTLID = "GRISTMILL_GLOTLID"
"""The environment's word for where GlotLID's model is, for files that name no model, as the published ones."""

_OPTIONAL = ("language_label", "language_model", "language_model_sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageThresholds:
    """FineWeb2's bounds under FineWeb2's names; `max_non_alpha_words_ratio` is the least share of words with letters."""

    language_score: float
    dup_line_frac: float
    top_n_grams: tuple[float, ...]  # of 2, 3 and 4 words
    dup_n_grams: tuple[float, ...]  # of 5 to 10 words
    line_punct_thr: float
    new_line_ratio: float
    min_avg_word_length: float
    max_avg_word_length: float
    max_non_alpha_words_ratio: float
    stopwords: tuple[str, ...]
    language_label: str | None = None
    language_model: str | None = None
    language_model_sha256: str | None = None

    def to_yaml(self) -> str:
        """The file."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        values["top_n_grams"] = [[size, bound] for size, bound in zip(TOP_SIZES, self.top_n_grams, strict=True)]
        values["dup_n_grams"] = [[size, bound] for size, bound in zip(DUP_SIZES, self.dup_n_grams, strict=True)]
        values["stopwords"] = list(self.stopwords)
        told = {name: value for name, value in values.items() if value is not None}
        for name in ("min_avg_word_length", "max_avg_word_length"):
            told[name] = int(told[name]) if float(told[name]).is_integer() else told[name]
        return yaml.safe_dump(told, allow_unicode=True, sort_keys=True)

    def model(self, folder: Path) -> Asset:
        """The language model: the one that is named, seen from `folder`, or the environment's GlotLID.

        Raises:
            RecipeError: there is none.
        """
        name = self.language_model or os.environ.get(GLOTLID)
        if name is None:
            raise RecipeError(
                "no language model: the thresholds are for GlotLID's scores; fetch its model_v3.bin (Hugging Face, "
                f"cis-lmu/glotlid) and name it in the file as `language_model: PATH`, or set {GLOTLID}"
            )
        path = folder / Path(name).expanduser() if self.language_model else Path(name).expanduser()
        if name == LID_176.name and not path.is_file():
            return LID_176
        return asset_at(path, self.language_model_sha256)


def asset_at(path: Path, sha256: str | None = None) -> Asset:
    """The model in a file, known by its SHA-256; RecipeError where there is no such file."""
    try:
        with path.open("rb") as file:
            sha256 = sha256 or hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RecipeError(f"the language model {path} cannot be read: {error.strerror}") from error
    return Asset(name=path.name, sha256=sha256, location=str(path.absolute()))


def read_thresholds(path: Path) -> LanguageThresholds:
    """The thresholds of a file.

    Raises:
        RecipeError: it cannot be read, a key is missing, unknown or has a value that cannot be; which one is said.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(
            f"no thresholds at {path} ({error.strerror}); take FineWeb2's from github.com/huggingface/fineweb-2 (configs), "
            "or fit your own: gristmill fit-language"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: no YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(found, dict):
        raise RecipeError(f"{path}: it holds a {type(found).__name__}, not the thresholds of a language by name")
    try:
        return _thresholds(found)
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from error


def _thresholds(found: Mapping[Any, Any]) -> LanguageThresholds:
    readers = _READERS
    for key in found:
        if key not in readers:
            near = get_close_matches(str(key), readers, n=1)
            raise RecipeError(f"unknown key {key!r}{f'; did you mean {near[0]!r}?' if near else ''}")
    if missing := [key for key in readers if key not in found and key not in _OPTIONAL]:
        raise RecipeError(f"missing {', '.join(missing)}")
    return LanguageThresholds(**{key: readers[key](key, value) for key, value in found.items()})


def _share(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise RecipeError(f"{key} is {value!r}, but must be a number from 0 to 1")
    return float(value)


def _positive(key: str, value: Any) -> float:
    """A number of any size: there may be more lines than words, and a run times its count may be longer than the text."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise RecipeError(f"{key} is {value!r}, but must be a number that is not negative")
    return float(value)


def _grams(sizes: tuple[int, ...]) -> Callable[[str, Any], tuple[float, ...]]:
    def read(key: str, value: Any) -> tuple[float, ...]:
        pairs = value if isinstance(value, list) else []
        if [pair[0] if isinstance(pair, list) and len(pair) == 2 else None for pair in pairs] != list(sizes):
            raise RecipeError(f"{key} must be pairs of {', '.join(map(str, sizes))} (words) and a bound")
        return tuple(_positive(f"{key} of {size} words", bound) for size, bound in pairs)

    return read


def _stopwords(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
        raise RecipeError(f"{key} must be a list of words (quote those that YAML takes for something else: 'no')")
    if len(set(value)) < 2:
        raise RecipeError(f"{key} must be two words or more, because two must be in a page")
    return tuple(value)


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise RecipeError(f"{key} is {value!r}, but must be text")
    return value


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "language_score": _share,
    "dup_line_frac": _share,
    "top_n_grams": _grams(TOP_SIZES),
    "dup_n_grams": _grams(DUP_SIZES),
    "line_punct_thr": _share,
    "new_line_ratio": _positive,
    "min_avg_word_length": _positive,
    "max_avg_word_length": _positive,
    "max_non_alpha_words_ratio": _share,
    "stopwords": _stopwords,
    "language_label": _text,
    "language_model": _text,
    "language_model_sha256": _text,
}
