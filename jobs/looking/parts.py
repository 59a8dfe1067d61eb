"""The parts of a run's recipe: made again from the run's own record, or taken from the recipe's file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from dedup.bbit import packed_bytes
from dedup.minhash import MinHash
from dedup.survival import Components, Star, Survival
from filters.c4 import C4Lines
from filters.c4_paragraphs import C4Paragraphs
from filters.datatrove_adapter import DatatroveEditingFilter, DatatroveFilter, DatatroveFormatter
from filters.dclm_quality import DclmQuality
from filters.dclm_repetition import DclmRepetition
from filters.ftfy_text import Ftfy
from filters.gopher_quality import GopherQuality
from filters.gopher_repetition import GopherRepetition
from filters.html_only import HtmlOnly
from filters.language import Language
from filters.language_guess import LanguageGuess
from filters.language_pairs import LanguagePairs
from filters.line_corrections import LineCorrections
from filters.line_quality import LineQuality
from filters.personal_data import PersonalData
from filters.phone_numbers import PhoneNumbers
from filters.secrets import Secrets
from filters.symbol_lines import SymbolLines
from filters.text_length import TextLength
from filters.tokens import TokenCounter
from filters.url import UrlPolicy
from jobs.recipe import Recipe, load_recipe
from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.evidence import Explains, Span
from pipeline.extraction import JusText, Resiliparse, Trafilatura
from pipeline.identity import canonical
from pipeline.ingest import Item
from pipeline.inspection.samples import Explain
from pipeline.measures import Rule, Transform
from pipeline.nltk_words import NltkEnglish
from pipeline.restoration import is_same, restore
from pipeline.runs import OpenRun
from pipeline.sandbox import Limits
from pipeline.structure import Structure

SHIPPED: tuple[type, ...] = (
    Asset,
    C4Lines,
    C4Paragraphs,
    DatatroveEditingFilter,
    DatatroveFilter,
    DatatroveFormatter,
    DclmQuality,
    DclmRepetition,
    Ftfy,
    GopherQuality,
    GopherRepetition,
    HtmlOnly,
    JusText,
    Language,
    LanguageGuess,
    LanguagePairs,
    LineCorrections,
    Limits,
    LineQuality,
    MinHash,
    NltkEnglish,
    PersonalData,
    Resiliparse,
    TextLength,
    PhoneNumbers,
    Secrets,
    Structure,
    SymbolLines,
    TokenCounter,
    Trafilatura,
    UrlPolicy,
    Components,
    Star,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSteps:
    """What comes after `decide`: how near-duplicates are found (None: they are not), and what is done to the text in `pack`."""

    minhash: MinHash | None
    survival: Survival
    transforms: tuple[Transform, ...]
    tokens: TokenCounter | None

    @property
    def signature_bytes(self) -> int:
        """Bytes of each signature that are kept to compare documents; 0 where the rule of survival compares none."""
        if self.minhash is None or not isinstance(self.survival, Star):
            return 0
        return packed_bytes(self.minhash.bands * self.minhash.rows, self.survival.bits)


def last_steps(run: OpenRun, recipe: Recipe | None = None) -> LastSteps:
    """The last steps of the run, exactly: what would not do the same now is refused.

    Raises:
        RecipeError: a part is not shipped and no `recipe` is given, or it has changed since the run.
    """
    stages = {step: payload["stage"] for step, payload in run.record.payload.items()}
    if "pack" not in stages:
        raise RecipeError("this run packs nothing, so no rules can keep more or less of it")
    if any(step.startswith("copies-") for step in stages):
        raise RecipeError(
            "what other bounds would keep is not told for runs that take exact copies away; run the recipe"
        )
    if "remove-repeats" in stages:
        raise RecipeError(
            "what other bounds would keep is not told for runs that take repeated lines out; run the recipe"
        )
    if "choose" in stages:
        raise RecipeError(
            "what other bounds would keep is not told for runs that score what deduplication left; run the recipe"
        )
    recorded = (
        stages["minhash"]["minhash"] if "minhash" in stages else None,
        stages.get("minhash", {}).get("survival", canonical(Components())),
        stages["pack"]["transforms"],
        stages["pack"]["tokens"],
    )
    given = (
        (recipe.minhash, recipe.survival, recipe.transforms, recipe.tokens)
        if recipe
        else tuple(_restored(each) for each in recorded)
    )
    for value, readable in zip(given, recorded, strict=True):
        if not is_same(value, readable):
            raise RecipeError(_differs(readable, recipe))
    minhash, survival, transforms, tokens = given
    return LastSteps(minhash=minhash, survival=survival, transforms=tuple(transforms), tokens=tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSteps:
    """What is done to a page when it is read, and what it may take; `changed` are parts that would not do the same now."""

    items: tuple[Item, ...]
    limits: Limits
    changed: tuple[str, ...] = ()


def first_steps(run: OpenRun, recipe: Recipe | None = None) -> FirstSteps:
    """What the run did to each page, made again from its record or taken from `recipe`.

    Raises:
        RecipeError: a part is not shipped and no `recipe` is given.
    """
    stage = run.record.payload["ingest"]["stage"]
    items: tuple[Item, ...] = recipe.ingest if recipe else _restored(stage["items"])
    limits: Limits = recipe.limits if recipe else _restored(stage["limits"])
    recorded = [canonical(item) for item in items]
    changed = tuple(item.name for item, now in zip(items, recorded, strict=True) if now not in stage["items"])
    return FirstSteps(items=items, limits=limits, changed=changed)


def _restored(readable: Any) -> Any:
    return restore(readable, SHIPPED)


def _differs(readable: Any, recipe: Recipe | None) -> str:
    name = readable.get("is", "a part") if isinstance(readable, dict) else "the list of last transforms"
    if recipe:
        return f"{name} of the recipe {recipe.name} is not the one that this run was made with"
    return f"{name} of this run has another version or engine now, so it would not give the same again"


def explaining(run: OpenRun, recipe: Recipe | None = None) -> dict[str, Explains]:
    """Who can show what did it, by signal and, for gates, by reason. Parts that are not known here explain nothing."""
    return {subject: item for item in _items(run, recipe) if isinstance(item, Explains) for subject in _subjects(item)}


def _items(run: OpenRun, recipe: Recipe | None) -> Iterator[Any]:
    if recipe:
        yield from (*recipe.ingest, *recipe.measures, *recipe.transforms)
        return
    for payload in run.record.payload.values():
        stage = payload["stage"]
        for readable in [*stage.get("items", []), *stage.get("transforms", []), stage.get("measure")]:
            try:
                yield _restored(readable)
            except RecipeError:
                continue


def _subjects(item: Any) -> Sequence[str]:
    return (*item.signals.names, *getattr(item, "reasons", ()))


def explainer(run: OpenRun, recipe: str | None = None) -> Explain:
    """What marks what did it in a page of the run; `recipe` names the file of a recipe with parts of its own."""
    explains = explaining(run, load_recipe(recipe)[0] if recipe else None)
    return partial(what_did_it, explains, run.record.rules)


def what_did_it(
    explains: dict[str, Explains], rules: Sequence[Rule], reason: str | None, page: dict[str, Any]
) -> list[Span]:
    """The places of a page that made it go for `reason`: of its `text` for a rule, of its `url` for a gate."""
    if reason in explains:
        return explains[reason].evidence(page["url"] or "", reason)
    signal = next((rule.signal for rule in rules if rule.reason == reason), None)
    if signal in explains and page.get("text"):
        return explains[signal].evidence(page["text"], signal)
    return []
