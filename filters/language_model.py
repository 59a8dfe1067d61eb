"""Language identifiers behind one protocol: fastText's own lid.176 (`en`) and models of GlotLID's form (`eng_Latn`)."""

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from filters.compressed_model import read
from filters.quality.native import check_fasttext
from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.language_codes import counterparts, name_of

if TYPE_CHECKING:
    from filters.quick_scores import QuickScores

_LABEL = "__label__"
_SHOWN = 200
_PROBES = (  # lines by which a model's quick scores are held against the library's
    "The miller grinds the corn that the farmers bring him, and every sack of flour is weighed twice.",
    "Der Müller mahlt das Korn; l'été, le moulin à eau tourne déjà à l'aube, ¿y quién paga la harina?",
    "Мельник смолол три мешка ржи. Το σιτάρι αλέθεται. הטוחן טוחן את החיטה يطحن الطحان القمح",  # noqa: RUF001
    "磨坊主把麦子磨成面粉。粉屋は小麦を挽く。방앗간 주인이 밀을 빻는다 चक्कीवाला गेहूँ पीसता है โรงสีบดข้าว",
    "a\0b\tc\x0b __label__en x </s> y 🌾🌾 \u00a0 1234567890 " + "o" * 300,
    "",
)


class LanguageModel(Protocol):
    """What tells the language of a text. Its codes are its own and are stored as they are."""

    @property
    def codes(self) -> frozenset[str]:
        """Every code it may answer with."""
        ...

    def most_likely(self, text: str, line_break: str = " ") -> tuple[str | None, float]:
        """The likeliest language and its score; None and 0 for a text the model has no word or n-gram of."""
        ...

    def scores(self, text: str, among: Collection[str] | None = None) -> dict[str, float]:
        """The score of each language that has one, or of those of `among` that do."""
        ...


class FastTextModel:
    """Any supervised fastText model whose labels are `__label__CODE`. What `quick` cannot tell the library is asked for."""

    def __init__(self, model: Any, labels: Sequence[str], quick: "QuickScores | None" = None) -> None:
        self._predict, self._quick = model.predict, quick
        self.codes = frozenset(label.removeprefix(_LABEL) for label in labels)

    def most_likely(self, text: str, line_break: str = " ") -> tuple[str | None, float]:
        """As datatrove's `FastTextLID` gives them, line breaks read as `line_break`; a score may exceed 1 by a float's error."""
        line = text.replace("\n", line_break)
        found = self._quick.likeliest(line) if self._quick else None
        if found is None:
            found = next(iter(_ranked(self._predict, line)), None)
        return (found[0].removeprefix(_LABEL), found[1]) if found else (None, 0.0)

    def scores(self, text: str, among: Collection[str] | None = None) -> dict[str, float]:
        """See `LanguageModel.scores`; line breaks are read as spaces."""
        line = text.replace("\n", " ")
        if among is not None and self._quick:
            found = self._quick.scores(line, [_LABEL + code for code in among])
            if found is not None:
                return {label.removeprefix(_LABEL): score for label, score in found.items()}
        ranked = (self._quick and self._quick.ranked(line)) or _ranked(self._predict, line)
        scores = {label.removeprefix(_LABEL): score for label, score in ranked}
        return scores if among is None else {code: scores[code] for code in among if code in scores}


def _ranked(predict: Any, line: str) -> list[tuple[str, float]]:
    """What the library says of a line. All labels are asked for (-1) as datatrove does: one alone may break a tie differently."""
    return [(label, score) for score, label in predict(line + "\n", -1, 0.0, "strict")]


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
    check_fasttext(path, asset.name, "language")
    try:
        model = _FastText(str(path))
        labels: Any = model.get_labels()
    except ValueError as error:  # labels that are no UTF-8 among them
        raise RecipeError(f"language: {asset.name} ({path}) is no fastText model: {error}") from error
    if not all(label.startswith(_LABEL) for label in labels):
        raise RecipeError(f"language: {asset.name} ({path}) has labels that do not begin with {_LABEL}")
    return FastTextModel(model.f, labels, _quick(path, model.f.predict))


def _quick(path: Path, predict: Any) -> "QuickScores | None":
    """Quick scores of the model in a file, where it is of their kind, and here they are the library's to the last bit."""
    from filters.quick_scores import QuickScores  # late, as all that is compiled: it takes 0.5 s

    try:
        quick = QuickScores(read(path))
    except ValueError:  # another kind of model, or a label that is no text
        return None
    proven = all(quick.ranked(line) in (None, _ranked(predict, line)) for line in _PROBES)
    return quick if proven and quick.ranked(_PROBES[0]) else None


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
