"""The shipped recipes: literal pages with the verdict that each gives, what differs between them, and the verb that says so."""

import operator

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trial import verb

from filters.line_quality import LineQuality
from jobs.named_recipes import MADE_FOR, SHIPPED, load_recipe, shipped_function
from jobs.recipe import Recipe
from jobs.recipes.comparison import Difference, differences
from pipeline.identity import digest
from pipeline.measures import Extractor, Gate, Measure, Rule, Transform
from pipeline.pages import Pages

FAILS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}
RECIPES = {name: load_recipe(name)[0] for name in SHIPPED}

SENTENCES = (
    "The mill stands by the river, and the wheel turns with the water.",
    "Every morning the farmers bring sacks of corn that they have grown.",
    "A miller weighs them twice before he grinds, so that nobody is cheated.",
    "In a dry summer there is little water, and then the stones must rest.",
    "Some people say that bread from this flour tastes better than any other.",
    "Children like to watch how the great wheel lifts and drops its buckets.",
    "When winter comes, ice must be broken from the sluice with long poles.",
    "His grandfather built the house of oak, to last for two hundred years.",
)
PROSE = "\n".join(SENTENCES)


def fails(rule: Rule, signals: dict) -> bool:
    value = signals[rule.signal]
    return rule.null_fails if value is None else FAILS[rule.op](value, rule.value)


def judged(recipe: Recipe, text: str) -> tuple[str | None, str]:
    """The reason (a gate's or the first rule's; None: it stays) and the text, after all transforms of ingest."""
    pages, signals = Pages([text], urls=["https://example.org/mill"], mimes=["text/html"]), {}
    for item in recipe.ingest:
        if isinstance(item, Gate):
            gated = item.judge(pages)
            signals |= gated.signals.to_pylist()[0] if gated.signals.num_columns else {}
            if gated.reasons[0]:
                return gated.reasons[0], pages.texts[0]
        elif isinstance(item, Transform):
            done = item.transform(pages)
            signals |= done.signals.to_pylist()[0]
            pages = pages.with_texts(done.texts)
        elif isinstance(item, Measure) and not isinstance(item, Extractor):
            signals |= item.measure(pages).to_pylist()[0]
    return next((rule.reason for rule in recipe.rules if fails(rule, signals)), None), pages.texts[0]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_recipe_is_called_what_it_is_shipped_as_and_keeps_plain_prose(name: str) -> None:
    assert RECIPES[name].name == name
    assert judged(RECIPES[name], PROSE) == (None, PROSE)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_recipe_gives_each_reason_once_and_can_be_made_into_steps(name: str) -> None:
    reasons = [rule.reason for rule in RECIPES[name].rules]
    assert len(reasons) == len(set(reasons))
    assert len({digest(step.stage) for step in RECIPES[name].steps()}) >= 3
    assert digest(RECIPES[name]) == digest(load_recipe(name)[0])


def test_no_two_recipes_are_the_same() -> None:
    assert len({digest(recipe.steps()) for recipe in RECIPES.values()}) == len(SHIPPED)


def with_lines(*lines: str) -> str:
    return "\n".join([*SENTENCES, *lines])


BLANK_LINES = PROSE.replace("\n", "\n\n\n\n\n")  # 8 lines of text, 28 blank ones
NO_MARKS = "\n".join(line.rstrip(".") for line in SENTENCES)

CASES = {
    # What counted otherwise when FineWeb was made.
    "blank lines were lines": (BLANK_LINES, {"fineweb": None, "fineweb-2024": "repeated_lines"}),
    "an apostrophe ended a line": (
        "\n".join(line.removesuffix(".") + "'" for line in SENTENCES),
        {"fineweb": "few_punctuated_lines", "fineweb-2024": None, "fineweb-paper": None},
    ),
    "a little repetition": (
        with_lines("Here is a short line.", "Here is a short line."),
        {"fineweb": "many_repeated_chars", "fineweb-2024": "many_repeated_chars", "fineweb-paper": None},
    ),
    # What only some recipes ask.
    "no line ends as a sentence": (
        NO_MARKS,
        {"fineweb": "few_punctuated_lines", "c4": "few_sentences", "gopher": None, "refinedweb": None, "dclm": None},
    ),
    "a curly bracket": (
        with_lines("He wrote { upon the door of it."),
        {"fineweb": "has_curly_bracket", "c4": "has_curly_bracket", "gopher": None, "dclm": None},
    ),
    "placeholder text": (
        with_lines("Here is lorem ipsum, of no use."),
        {"fineweb-2024": "placeholder_text", "c4": "placeholder_text", "gopher": None},
    ),
    "three short sentences": ("\n".join(SENTENCES[:3]), {"c4": None, "gopher": "few_words", "fineweb": "few_words"}),
    "a long page": ("\n".join(SENTENCES * 350), {"c4": "many_chars"}),
    "a menu of single words": (
        with_lines("Home", "About", "Contact", "News", "Prices", "Imprint"),
        {"refinedweb": "many_removed_words", "dclm": "many_removed_words", "gopher": None},
    ),
    "a line said twice, another twice": (
        "\n".join([*SENTENCES[:6], SENTENCES[0], SENTENCES[1]]),
        {"gopher": "repeated_line_chars", "dclm": "repeated_lines"},
    ),
    "German": ("Der Müller mahlt das Korn, das ihm die Bauern bringen.", dict.fromkeys(SHIPPED, "other_language")),
}


@pytest.mark.parametrize(("case", "name"), [(case, name) for case, (_, said) in CASES.items() for name in said])
def test_the_verdict_on_a_literal_page(case: str, name: str) -> None:
    text, said = CASES[case]
    assert judged(RECIPES[name], text)[0] == said[name]


def test_c4_takes_lines_out_that_do_not_end_as_sentences_or_have_four_words() -> None:
    text = with_lines(
        "See more of it here now", "Only four words here.", "It ends so, he thinks...", "He said 'no, not for me'"
    )
    assert judged(RECIPES["c4"], text) == (None, PROSE)


def test_c4_counts_the_words_of_a_line_without_citations() -> None:
    assert judged(RECIPES["c4"], with_lines("Just three words[1] [2] [3] so."))[1] == PROSE
    assert judged(RECIPES["c4"], with_lines("But here are five words[1] [2]."))[1] == with_lines(
        "But here are five words ."
    )


def test_refinedweb_corrects_a_page_of_which_little_goes_and_keeps_it() -> None:
    assert judged(RECIPES["refinedweb"], with_lines("3 likes", "Share")) == (None, PROSE)


@given(size=st.integers(1, 200), ended=st.integers(0, 200))
def test_the_release_drops_at_the_bound_what_todays_code_keeps(size: int, ended: int) -> None:
    ratio = min(ended, size) / size
    now, then = (next(rule for rule in rules if rule.signal == "line_punct_ratio") for rules in (
        LineQuality.rules(), LineQuality.rules(at_bounds=True)
    ))  # fmt: skip
    assert (FAILS[then.op](ratio, then.value)) == (FAILS[now.op](ratio, now.value) or ratio == 0.12)


# What differs.


def test_the_paper_and_its_code_differ_in_two_bounds() -> None:
    assert differences(RECIPES["fineweb-2024"], RECIPES["fineweb-paper"]) == [
        Difference(
            where="rules", what="low_language_score", one="language_score <= 0.65", other="language_score < 0.65"
        ),
        Difference(
            where="rules", what="many_repeated_chars", one="char_dup_ratio >= 0.01", other="char_dup_ratio >= 0.1"
        ),
    ]


def test_the_fast_recipe_differs_in_its_extractor_alone() -> None:
    found = differences(RECIPES["fineweb"], RECIPES["fineweb-fast"])
    assert {each.where for each in found} == {"trafilatura", "resiliparse"}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_recipe_does_not_differ_from_itself(name: str) -> None:
    assert differences(RECIPES[name], load_recipe(name)[0]) == []


@settings(deadline=None, max_examples=20)
@given(one=st.sampled_from(SHIPPED), other=st.sampled_from(SHIPPED))
def test_what_one_lacks_the_other_has(one: str, other: str) -> None:
    there, back = differences(RECIPES[one], RECIPES[other]), differences(RECIPES[other], RECIPES[one])
    key = operator.attrgetter("where", "what")
    mirrored = [Difference(where=each.where, what=each.what, one=each.other, other=each.one) for each in back]
    assert sorted(there, key=key) == sorted(mirrored, key=key)


def test_the_order_of_rules_and_parts_is_a_difference() -> None:
    from dataclasses import replace

    base = RECIPES["gopher"]
    turned = replace(base, rules=base.rules[::-1], ingest=(*base.ingest[:-2], *base.ingest[:-3:-1]))
    assert [(each.where, each.what) for each in differences(base, turned)] == [("ingest", "order"), ("rules", "order")]


# The verb.


def test_recipes_lists_each_with_a_line_and_its_source() -> None:
    listed = orjson.loads(verb("recipes", "--json").stdout)
    made = [f"{name}:{takes}" for name, (_, takes) in MADE_FOR.items() if name not in SHIPPED]
    assert [each["recipe"] for each in listed] == [*SHIPPED, *made]
    assert all(each["does"].endswith(".") and each["source"] for each in listed)
    shown = verb("recipes").stdout
    assert all(each["does"] in shown and each["source"] in shown for each in listed)
    assert all(shipped_function(name).__doc__ for name in SHIPPED)


def test_recipes_compares_two_and_says_where_they_do_the_same() -> None:
    shown = verb("recipes", "--compare", "fineweb", "fineweb-2024")
    assert shown.returncode == 0, shown.stderr
    for words in ("line_punct_ratio <= 0.12", "line_punct_ratio < 0.12", "nltk_english", "sha1_64"):
        assert words in shown.stdout
    assert "do the same" in verb("recipes", "--compare", "dclm", "dclm").stdout
    found = orjson.loads(verb("recipes", "--compare", "fineweb", "fineweb-2024", "--json").stdout)
    assert {"where": "minhash", "what": "hash", "one": "xxhash64", "other": "sha1_64"} in found


def test_recipes_refuses_a_name_that_is_none() -> None:
    told = verb("recipes", "--compare", "fineweb", "fineweb-2023")
    assert told.returncode == 2
    assert "no recipe 'fineweb-2023': shipped are fineweb, fineweb-2024" in told.stderr


def test_plan_without_input_prints_every_bound_of_a_recipe(tmp_path) -> None:
    told = verb("plan", "dclm", "-o", str(tmp_path / "root"))
    assert told.returncode == 0, told.stderr
    for rule in RECIPES["dclm"].rules:
        assert rule.reason in told.stdout
        assert f"{rule.op} {rule.value}" in told.stdout
    assert "name it with --input" in told.stdout
    assert not (tmp_path / "root").exists()
    rules = orjson.loads(verb("plan", "dclm", "-o", str(tmp_path / "root"), "--json").stdout)["parts"]["rules"]
    assert [rule["reason"] for rule in rules] == [rule.reason for rule in RECIPES["dclm"].rules]
