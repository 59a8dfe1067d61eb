"""Language identifiers behind one protocol: fastText's own lid.176 (`en`) and models of GlotLID's form (`eng_Latn`)."""

from collections.abc import Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Protocol

from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.language_codes import counterparts, name_of

_LABEL = "__label__"
_SHOWN = 200


class LanguageModel(Protocol):
    """What tells the language of a text. Its codes are its own and are stored as they are."""

    @property
    def codes(self) -> frozenset[str]:
        """Every code it may answer with."""
        ...

    def most_likely(self, text: str, line_break: str = " ") -> tuple[str | None, float]:
        """The likeliest language and its score; None and 0 for a text the model has no word or n-gram of."""
        ...

    def scores(self, text: str) -> dict[str, float]:
        """The score of each language that has one."""
        ...


class FastTextModel:
    """Any supervised fastText model whose labels are `__label__CODE`."""

    def __init__(self, model: Any, labels: Sequence[str]) -> None:
        self._predict = model.predict
        self.codes = frozenset(label.removeprefix(_LABEL) for label in labels)

    def most_likely(self, text: str, line_break: str = " ") -> tuple[str | None, float]:
        """As datatrove's `FastTextLID` gives them, line breaks read as spaces; a score may exceed 1 by a float's error."""
        found = self._found(text, line_break)
        if not found:
            return None, 0.0
        score, label = found[0]
        return label.removeprefix(_LABEL), score

    def scores(self, text: str) -> dict[str, float]:
        """See `LanguageModel.scores`; line breaks are read as spaces."""
        return {label.removeprefix(_LABEL): score for score, label in self._found(text, " ")}

    def _found(self, text: str, line_break: str) -> list[tuple[float, str]]:
        # All labels are asked for (-1) as datatrove does: asking for one prunes the search and may break a tie differently.
        return self._predict(text.replace("\n", line_break) + "\n", -1, 0.0, "strict")


@lru_cache(maxsize=16)
def model_knowing(asset: Asset, languages: tuple[str, ...]) -> LanguageModel:
    """The model, once it is sure that it knows each of `languages`.

    Raises:
        RecipeError: the file is missing or no model, or a code is not one of the model's; the likeliest ones are named.
    """
    model = load_model(asset)
    for code in languages:
        if code not in model.codes:
            raise RecipeError(f"language: the model {asset.name} knows no {code!r}; {_nearest(code, model.codes)}")
    return model


@lru_cache(maxsize=2)
def load_model(asset: Asset) -> LanguageModel:
    """The model in a file; RecipeError where there is none."""
    # Imported late: it takes 0.3 s. The class behind fasttext.load_model, which prints a warning to stderr at each load.
    from fasttext.FastText import _FastText  # pyright: ignore[reportPrivateUsage]

    path = asset.path()
    try:
        model = _FastText(str(path))
    except ValueError as error:
        raise RecipeError(f"language: {asset.name} ({path}) is no fastText model: {error}") from error
    labels: Any = model.get_labels()
    if not all(label.startswith(_LABEL) for label in labels):
        raise RecipeError(f"language: {asset.name} ({path}) has labels that do not begin with {_LABEL}")
    return FastTextModel(model.f, labels)


def code_in(model: LanguageModel, code: str) -> str | None:
    """What `model` calls the language `code` (`pt` for `por_Latn`), None where it does not know it."""
    return next((each for each in (code, *counterparts(code)) if each in model.codes), None)


def _nearest(code: str, known: frozenset[str]) -> str:
    same = [each for each in counterparts(code) if each in known]
    if same:
        return f"did you mean {_either(same)}? There {name_of(code)} is {same[0]!r}"
    near = sorted(each for each in known if each.startswith(code) or code.startswith(each))
    near = near or get_close_matches(code, sorted(known), cutoff=0.8)
    if near:
        return f"did you mean {_either(near)}?"
    codes = sorted(known)
    return f"it knows {' '.join(codes[:_SHOWN])}{' …' if len(codes) > _SHOWN else ''}"


def _either(codes: Sequence[str]) -> str:
    return " or ".join(map(repr, codes[:3]))
