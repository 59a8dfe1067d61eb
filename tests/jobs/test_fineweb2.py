"""The recipe `fineweb2`: its thresholds' file, what the rules make of it, and a run with a model of GlotLID's form."""

import random
from dataclasses import replace
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
import yaml
from portuguese import WORDS
from trial import typed

from filters.language import LID_176
from jobs.named_recipes import load_recipe
from jobs.recipes.fineweb2 import fineweb2
from jobs.recipes.language_thresholds import GLOTLID, LanguageThresholds, read_thresholds
from pipeline.errors import RecipeError

# Of FineWeb2's form, with bounds of our own.
PORTUGUESE = """\
dup_line_frac: 0.31
dup_n_grams:
- - 5
  - 0.19
- - 6
  - 0.18
- - 7
  - 0.17
- - 8
  - 0.16
- - 9
  - 0.15
- - 10
  - 0.14
language_score: 0.75
line_punct_thr: 0.11
max_avg_word_length: 12
max_non_alpha_words_ratio: 0.7
min_avg_word_length: 2
new_line_ratio: 0.25
stopwords:
- de
- que
- 'no'
- a
top_n_grams:
- - 2
  - 0.21
- - 3
  - 0.2
- - 4
  - 0.19
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "por_Latn.yml").write_text(PORTUGUESE + f"language_model: {LID_176.name}\nlanguage_label: pt\n")
    return tmp_path / "por_Latn.yml"


def bounds(name: str) -> dict[str, tuple[str, object]]:
    recipe, _ = load_recipe(name)
    return {rule.reason: (rule.op, rule.value) for rule in recipe.rules}


def test_the_files_bounds_are_the_rules_and_what_fineweb2_left_out_is_no_rule(file: Path) -> None:
    rules = bounds(f"fineweb2:{file}")
    assert rules["low_language_score"] == ("<", 0.75)
    assert rules["repeated_lines"] == (">", 0.31)
    assert [rules[f"frequent_{size}_grams"][1] for size in (2, 3, 4)] == [0.21, 0.2, 0.19]
    assert [rules[f"repeated_{size}_grams"][1] for size in range(5, 11)] == [0.19, 0.18, 0.17, 0.16, 0.15, 0.14]
    assert rules["few_punctuated_lines"] == ("<", 0.11)
    assert rules["many_newlines"] == (">", 0.25)
    assert rules["many_repeated_chars"] == (">", 0.1)
    assert (rules["short_words"], rules["long_words"]) == (("<", 2.0), (">", 12.0))
    assert rules["few_alphabetic_words"] == ("<", 0.7)
    assert rules["few_stop_words"] == ("<", 2)
    off = {
        "repeated_paragraphs",
        "repeated_paragraph_chars",
        "repeated_line_chars",
        "many_short_lines",
        "has_curly_bracket",
    }
    assert not off & set(rules)


def test_a_code_alone_is_the_file_of_that_name_here(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert load_recipe("fineweb2:por_Latn")[0] == load_recipe(f"fineweb2:{file}")[0]


def test_every_part_splits_words_as_the_language_does(file: Path) -> None:
    recipe, _ = load_recipe(f"fineweb2:{file}")
    parts = [part for part in (*recipe.ingest, recipe.minhash) if hasattr(part, "language")]
    assert [part.language for part in parts] == ["por_Latn"] * 4
    assert next(part.stop_words for part in parts if hasattr(part, "stop_words")) == ("de", "que", "no", "a")


def test_the_models_file_counts_for_the_memory_that_is_printed(file: Path, tmp_path: Path) -> None:
    from jobs.estimate import memory_ceiling

    without, _ = load_recipe(f"fineweb2:{file}")
    (tmp_path / "model.bin").write_bytes(b"x" * 5000)
    file.write_text(PORTUGUESE + "language_model: model.bin\n")
    reading, more = (replace(made, minhash=None) for made in (without, load_recipe(f"fineweb2:{file}")[0]))
    assert memory_ceiling(more, 2) - memory_ceiling(reading, 2) == 2 * 5000


def test_thresholds_survive_their_file(file: Path) -> None:
    thresholds = read_thresholds(file)
    file.write_text(thresholds.to_yaml(), encoding="utf-8")
    assert read_thresholds(file) == thresholds
    assert yaml.safe_load(file.read_text())["max_avg_word_length"] == 12


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("new_line_ratio: 0.25\n", "", "missing new_line_ratio"),
        (
            "new_line_ratio: 0.25",
            "new_line_ratios: 0.25",
            "unknown key 'new_line_ratios'; did you mean 'new_line_ratio'",
        ),
        ("language_score: 0.75", "language_score: 75", "language_score is 75, but must be a number from 0 to 1"),
        ("language_score: 0.75", "language_score: .nan", "language_score is nan"),
        ("new_line_ratio: 0.25", "new_line_ratio: many", "new_line_ratio is 'many'"),
        ("- 'no'", "- no", "stopwords must be a list of words .quote"),
        ("- de\n- que\n- 'no'\n- a", "- de", "stopwords must be two words or more"),
        ("- - 2\n", "- - 9\n", "top_n_grams must be pairs of 2, 3, 4"),
        ("dup_line_frac: 0.31", "dup_line_frac: [", "no YAML"),
        (PORTUGUESE, "- 1", "it holds a list"),
    ],
)
def test_a_file_that_cannot_be_says_what_is_wrong_in_it(file: Path, old: str, new: str, says: str) -> None:
    assert old in PORTUGUESE
    file.write_text(PORTUGUESE.replace(old, new))
    with pytest.raises(RecipeError, match=f"por_Latn.yml: {says}"):
        load_recipe(f"fineweb2:{file}")


def test_without_a_language_a_file_or_a_model_it_says_what_to_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(GLOTLID, raising=False)
    with pytest.raises(RecipeError, match="say for which language, as fineweb2:por_Latn"):
        load_recipe("fineweb2")
    with pytest.raises(RecipeError, match=r"no thresholds at .*xxx_Latn\.yml .*gristmill fit-language"):
        load_recipe(f"fineweb2:{tmp_path / 'xxx_Latn.yml'}")
    (tmp_path / "por_Latn.yml").write_text(PORTUGUESE)
    with pytest.raises(RecipeError, match=f"no language model.*cis-lmu/glotlid.*{GLOTLID}"):
        load_recipe(f"fineweb2:{tmp_path / 'por_Latn.yml'}")
    monkeypatch.setenv(GLOTLID, str(tmp_path / "nothing.bin"))
    with pytest.raises(RecipeError, match=r"the language model .*nothing\.bin cannot be read"):
        load_recipe(f"fineweb2:{tmp_path / 'por_Latn.yml'}")


def page(seed: int, *, stop_words: bool = True) -> str:
    chosen = random.Random(seed)
    small = ["de", "que", "no", "a", "com", "uma", "para"] if stop_words else ["muito", "grande"]
    lines = (
        " ".join(chosen.choice(WORDS) + " " + chosen.choice(small) + f" {chosen.choice(WORDS)}s" for _ in range(6))
        + "."
        for _ in range(8)
    )
    return "\n".join(lines)


def test_a_run_keeps_what_reaches_the_languages_bounds(file: Path, tmp_path: Path) -> None:
    english = "The miller grinds the corn that the farmers bring to him, and he sells it.\n" * 9
    texts = [page(1), page(2), page(3, stop_words=False), english, "Um texto curto que não chega de modo algum."]
    rows = [
        orjson.dumps({"id": f"p{place}", "url": f"https://a.pt/{place}", "text": text})
        for place, text in enumerate(texts)
    ]
    (tmp_path / "pages.jsonl").write_bytes(b"\n".join(rows))
    thresholds = replace(read_thresholds(file), language_score=0.5)
    file.write_text(thresholds.to_yaml(), encoding="utf-8")
    root = tmp_path / "out"
    done = typed(
        "curate", f"fineweb2:{file}", "-i", str(tmp_path / "pages.jsonl"), "-o", str(root), "--local", "--json"
    )
    assert done.returncode == 0, done.stderr
    manifest = orjson.loads(done.stdout)
    kept = pq.read_table(root / "dataset" / "data")
    assert set(kept["url"].to_pylist()) <= {"https://a.pt/0", "https://a.pt/1"}
    assert len(kept) == 2, manifest["funnel"]
    assert set(kept["language"].to_pylist()) == {"pt"}
    assert "few_stop_words" in str(manifest["funnel"])


def test_a_code_that_the_model_does_not_know_stops_the_run_before_it_starts(file: Path, tmp_path: Path) -> None:
    file.write_text(PORTUGUESE + f"language_model: {LID_176.name}\n")
    (tmp_path / "pages.jsonl").write_text('{"text": "a"}\n')
    root = tmp_path / "out"
    done = typed("curate", f"fineweb2:{file}", "-i", str(tmp_path / "pages.jsonl"), "-o", str(root), "--local")
    assert done.returncode == 2
    assert "knows no 'por_Latn'; did you mean 'pt'" in " ".join(done.stderr.split())
    assert not list(root.glob("steps/*"))


def test_a_language_whose_words_cannot_be_told_stops_the_run_before_it_starts(file: Path, tmp_path: Path) -> None:
    thai = file.rename(file.with_name("xxx_Latn.yml"))
    (tmp_path / "pages.jsonl").write_text('{"text": "a"}\n')
    done = typed(
        "curate", f"fineweb2:{thai}", "-i", str(tmp_path / "pages.jsonl"), "-o", str(tmp_path / "out"), "--local"
    )
    assert done.returncode == 2
    assert "no words for language 'xxx_Latn'" in " ".join(done.stderr.split())


def test_every_rule_judges_as_fineweb2s_own_filters_do(file: Path) -> None:
    """datatrove's blocks with FineWeb2's arguments, one after the other, on pages of all kinds."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter

    from pipeline.pages import Pages

    config = yaml.safe_load(PORTUGUESE)
    language = "por_Latn"
    blocks = [
        GopherRepetitionFilter(
            language=language,
            dup_para_frac=0,
            dup_line_char_frac=0,
            dup_para_char_frac=0,
            dup_line_frac=config["dup_line_frac"],
            top_n_grams=config["top_n_grams"],
            dup_n_grams=config["dup_n_grams"],
        ),
        FineWebQualityFilter(
            language=language,
            short_line_thr=999,
            char_duplicates_ratio=0.1,
            line_punct_thr=config["line_punct_thr"],
            new_line_ratio=config["new_line_ratio"],
        ),
        GopherQualityFilter(
            language=language,
            max_avg_word_length=config["max_avg_word_length"],
            min_avg_word_length=config["min_avg_word_length"],
            stop_words=config["stopwords"],
            max_non_alpha_words_ratio=config["max_non_alpha_words_ratio"],
            min_stop_words=2,
        ),
    ]
    recipe = fineweb2(language, read_thresholds(file), LID_176)
    measures = [part for part in recipe.ingest if hasattr(part, "measure")]
    seen = set()
    for seed in range(150):
        text = odd_page(seed)
        theirs = first_reason(blocks, Document(text=text, id="x"))
        pages = Pages([text])
        row = {name: value for part in measures for name, value in part.measure(pages).to_pylist()[0].items()}
        ours = next(
            (rule.reason for rule in recipe.rules if rule.signal in row and fails(row[rule.signal], rule)), None
        )
        assert (ours is None) == (theirs is None), (text, ours, theirs)
        seen.add(ours)
    assert len(seen) > 5, seen


def first_reason(blocks, document) -> str | None:
    for block in blocks:
        result = block.filter(document)
        if result is not True:
            return result[1]
    return None


def fails(value, rule) -> bool:
    return value is not None and {"<": value < rule.value, ">": value > rule.value, "==": value == rule.value}[rule.op]


def odd_page(seed: int) -> str:
    chosen = random.Random(seed)
    lines = page(seed, stop_words=chosen.random() < 0.8).split("\n")
    if chosen.random() < 0.3:
        lines += lines[: chosen.randint(1, 8)]
    if chosen.random() < 0.2:
        lines = [line.rstrip(".") for line in lines]
    if chosen.random() < 0.2:
        lines = [word for line in lines for word in line.split(" ")]
    if chosen.random() < 0.2:
        lines = [f"{line} {'12 ' * chosen.randint(1, 15)}" for line in lines]
    if chosen.random() < 0.1:
        lines = lines[:2]
    return "\n".join(lines)


def test_thresholds_are_frozen_and_named_as_published() -> None:
    published = set(yaml.safe_load(PORTUGUESE))
    assert published <= set(LanguageThresholds.__dataclass_fields__)
