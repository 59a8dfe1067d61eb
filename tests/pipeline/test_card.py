"""The card says what the manifest says, the same each time, and nothing that others wrote can act in it."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from handmade import CRAWL, KEPT, RULES, crawl_of, crawl_steps
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tiny import execute

from dedup.theory import probability, threshold
from filters.html_only import HtmlOnly
from filters.language import Language
from filters.url import UrlPolicy
from jobs.recipes.fineweb import fineweb
from pipeline.dataset import build_dataset
from pipeline.errors import RecipeError
from pipeline.identity import canonical
from pipeline.publishing.card_origin import command
from pipeline.publishing.card_recipe import share_found, steepest
from pipeline.publishing.describe import describe
from pipeline.publishing.front_matter import size_category
from pipeline.publishing.markdown import code, fenced, one_line, plain
from pipeline.publishing.meanings import COLUMNS, ITEMS, REASONS
from pipeline.publishing.recipe_tables import value_text
from pipeline.publishing.release import Release
from pipeline.runs import OpenRun, record_run
from pipeline.schemas import DATASET
from pipeline.sources import Source
from pipeline.steps import plan_steps
from pipeline.storage import LocalStorage

CHOSEN = Release(title="Corn", license="odc-by", contact="takedown at mill.example", version="v1.0", repo="mill/corn")


def made(root: Path, source: Source | None = None, recipe: str = "tiny") -> dict[str, Any]:
    """The manifest of a crawl written down by hand."""
    storage, source, steps = LocalStorage(root), source or crawl_of(CRAWL), crawl_steps(CRAWL)
    record = record_run(storage, recipe=recipe, rules=RULES, source=source, steps=plan_steps(steps, source))
    execute(root, source, *steps)
    return build_dataset(OpenRun(storage, record))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return made(tmp_path_factory.mktemp("card"))


@pytest.fixture(scope="module")
def as_fineweb(manifest: dict[str, Any]) -> dict[str, Any]:
    """The same with the recipe `fineweb`, as if it had been run."""
    recipe = fineweb()
    payload = {step.name: {"stage": canonical(step.stage)} for step in recipe.steps()}
    counts = {"documents": 9, "signed": 8, "edges": 7, "clustered": 6, "clusters": 2, "removed": 4}
    rules = [dataclasses.asdict(rule) for rule in recipe.rules]
    return manifest | {"payload": payload, "rules": rules, "duplicates": counts}


def card_of(manifest: dict[str, Any], release: Release | None = None) -> tuple[dict[str, Any], str]:
    """The YAML and the Markdown of a card."""
    text = describe(manifest, release or Release())["README.md"].decode()
    found = re.fullmatch(r"---\n(.*?\n)---\n(.*)", text, re.DOTALL)
    assert found
    return yaml.safe_load(found[1]), found[2]


def html_of(markdown: str) -> str:
    return MarkdownIt("gfm-like", {"linkify": False}).render(markdown)


def test_the_card_is_made_from_the_manifest_alone(manifest: dict[str, Any]) -> None:
    read_back = orjson.loads(orjson.dumps(manifest))
    for release in (Release(), CHOSEN):
        described = describe(read_back, release)
        released = orjson.loads(described["manifest.json"])
        assert describe(released, Release(**released["release"])) == described == describe(manifest, release)


def test_the_card_beside_the_shards_is_that_of_no_release(manifest: dict[str, Any], tmp_path: Path) -> None:
    again = made(tmp_path)
    described = describe(again, Release())
    assert {name: (tmp_path / "dataset" / name).read_bytes() for name in described} == described


def test_the_head_spares_load_dataset_all_guessing(manifest: dict[str, Any]) -> None:
    head, _ = card_of(manifest)
    assert head["configs"][0]["data_files"] == [{"split": "train", "path": "data/train-*.parquet"}]
    info = head["dataset_info"]
    assert [feature["name"] for feature in info["features"]] == DATASET.names
    assert info["splits"] == [{"name": "train", "num_examples": 3, "num_bytes": info["dataset_size"]}]
    assert info["download_size"] == sum(shard["bytes"] for shard in manifest["shards"])
    assert (head["size_categories"], head["language"], head["task_categories"]) == (
        ["n<1K"],
        ["en"],
        ["text-generation"],
    )


def test_what_nobody_said_is_not_there(manifest: dict[str, Any]) -> None:
    head, text = card_of(manifest)
    assert "license" not in head
    assert "states no license" in text
    assert "To have a page removed" not in text
    head, text = card_of(manifest, CHOSEN)
    assert (head["license"], head["pretty_name"]) == ("odc-by", "Corn")
    assert "write to takedown at mill.example" in text
    assert 'load_dataset("mill/corn", split="train", revision="v1.0")' in text
    assert "hf://datasets/mill/corn/data/train-*.parquet" in text


def test_the_funnel_of_the_card_adds_up_and_says_what_each_line_means(manifest: dict[str, Any]) -> None:
    _, text = card_of(manifest)
    rows = [
        [cell.strip() for cell in row.strip("|").split(" | ")]
        for row in text.split("## Where the records went")[1].split("## ")[0].splitlines()
        if re.match(r"\| (?!---| \|)", row)
    ]
    counts = {row[0]: int(row[1].replace(",", "")) for row in rows}
    assert counts["**records**"] == 9
    assert counts["**kept**"] == len(KEPT) == 3
    assert sum(counts.values()) == 2 * counts["**records**"]
    meanings = {row[0]: row[-1] for row in rows}
    assert meanings["rule: `little_punctuation`"] == "`punct_ratio < 0.12`"
    assert all(meanings.values())


def test_every_bound_of_the_recipe_is_in_the_card(as_fineweb: dict[str, Any]) -> None:
    _, text = card_of(as_fineweb)
    for rule in fineweb().rules:
        assert f"| `{rule.signal}` | `{rule.op} {rule.value}` | `{rule.reason}` |" in text
    for item in (*fineweb().ingest, *fineweb().transforms, fineweb().tokens):
        assert item is not None
        rows = text.split("## How it was made")[1].splitlines()
        row = next(row for row in rows if row.startswith(f"| `{item.name}` |"))
        for name in canonical(item).keys() - {"is", "version", "engines"}:
            assert f"{name.replace('_', ' ')}: " in row
    assert "| bands, values in each | 14, 8 |" in text
    assert "| similarity at which the curve is steepest | 0.719 |" in text
    assert "| documents in clusters | 6 |" in text


def test_the_card_draws_the_curve_that_the_deduplication_promises() -> None:
    for bands, rows in ((14, 8), (9, 13), (1, 1)):
        assert steepest(bands, rows) == threshold(bands, rows)
        for similarity in (0.0, 0.5, 0.8, 1.0):
            assert share_found(similarity, bands, rows) == pytest.approx(probability(similarity, bands, rows))


def test_everything_that_a_shipped_recipe_can_name_is_explained() -> None:
    assert set(DATASET.names) <= set(COLUMNS)
    for gate in (HtmlOnly, UrlPolicy, Language):
        assert set(gate.reasons) <= set(REASONS)
    recipe = fineweb()
    assert {item.name for item in (*recipe.ingest, *recipe.transforms, recipe.tokens) if item} <= set(ITEMS)


HOSTILE = (
    "a](http://evil.example)<script>x</script> `x` | y\n\n# Z\n---\nlicense: mit\n---\n![p](q) \u202egnp @some **b**"
)


def test_hostile_names_are_shown_and_never_obeyed(tmp_path: Path) -> None:
    parts = tuple(dataclasses.replace(part, name=f"{HOSTILE}/{part.name}") for part in crawl_of(CRAWL).parts)
    manifest = made(tmp_path, Source("crawl", parts), recipe=HOSTILE)
    manifest |= {"source": HOSTILE, "dumps": {HOSTILE: 3}, "languages": {HOSTILE: 3}}
    manifest["funnel"] = manifest["funnel"] | {"gated": {HOSTILE: 1}, "failed": {HOSTILE: 1}}
    manifest["rules"] = [rule | {"reason": HOSTILE, "signal": HOSTILE} for rule in manifest["rules"]]
    harmless = made(tmp_path / "harmless")
    for release in (Release(), Release(title=HOSTILE, contact=HOSTILE)):
        head, text = card_of(manifest, release)
        expected, plain_text = card_of(harmless, release)
        assert set(head) == set(expected) - {"language"}
        html, plain_html = html_of(text), html_of(plain_text)
        for tag in ("<script", "<a ", "<img", "<strong>b"):
            assert tag not in html
        assert "\u202e" not in text
        for tag in ("<h1", "<h2", "<h3", "<table", "<hr", "<pre"):
            assert html.count(tag) == plain_html.count(tag), tag


@given(st.text())
def test_any_text_stays_one_line_of_one_cell(text: str) -> None:
    for shown in (plain(text), code(text)):
        html = html_of(f"# {shown or 'x'}\n\n| a | b |\n| --- | --- |\n| {shown} | end |\n")
        assert html.count("<td>") == 2
        assert "<td>end</td>" in html
        assert html.count("<h1>") == 1
        assert not re.search(r"<(?!/?(?:h1|table|thead|tbody|tr|th|td|code)\b)", html)


@given(st.text(alphabet="`~a \n"))
def test_a_block_of_code_ends_where_it_should(text: str) -> None:
    assert html_of(fenced("sh", text)).count("<pre>") == 1
    assert html_of(fenced("sh", text) + "\n\nafter").endswith("<p>after</p>\n")


def test_a_name_is_cut_where_nobody_reads_on() -> None:
    assert one_line("a" * 300) == "a" * 199 + "…"


def test_values_are_written_as_people_do() -> None:
    values = {0.1: "0.1", 10.0: "10", True: "yes", "x" * 61: "x" * 60 + "… (61 characters)"}
    for value, text in values.items():
        assert value_text(canonical(value)) == text
    assert value_text(canonical(tuple(range(21)))).endswith("19, … (21 in all)")
    assert value_text(canonical(None)) == "none"


@pytest.mark.parametrize(
    ("rows", "name"), [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**9, "1B<n<10B"), (10**12, "n>1T")]
)
def test_sizes_have_the_names_of_the_hub(rows: int, name: str) -> None:
    assert size_category(rows) == name


def test_the_command_is_shown_without_places_of_the_machine_it_ran_on(manifest: dict[str, Any]) -> None:
    def ran(*argv: str) -> str:
        return command(manifest | {"provenance": manifest["provenance"] | {"argv": list(argv)}})

    assert ran("…/gristmill", "curate", "fineweb", "-i", "s3://a/b c") == "gristmill curate fineweb -i 's3://a/b c'"
    assert ran("…/curate.py", "fineweb", "--input=a") == "gristmill curate fineweb --input=a"
    assert ran("…/curate.py", "fineweb", "-o", "b") == "gristmill curate fineweb -o b --input FILES"
    assert ran("…/pytest", "-q") == "gristmill curate tiny --input FILES --source crawl --output ROOT"
    assert not any(word.startswith("/") for word in manifest["provenance"]["argv"])


@pytest.mark.parametrize("wrong", [{"license": "My License"}, {"version": "../v1"}, {"version": "a b"}])
def test_choices_that_cannot_be_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(RecipeError):
        Release(**wrong)
