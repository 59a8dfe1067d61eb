"""What every part says of the pages of `pages.json`, kept by (name, version): output cannot change without a version.

`python tests/golden/record.py` adds what is missing in `outputs.json`, in `survivors.json` what the rules of survival say of
made documents, and in `scores.json` what quality models with arithmetic of our own say of made texts. It never replaces an entry:
what gives another output gets a new version, and then a new entry.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

# The folders of `parts` and of what it makes, and the checkout for whoever runs this file as a program.
sys.path[:0] = [str(Path(__file__).parents[1] / "contracts"), *map(str, Path(__file__).parents[1:3])]

import survival  # noqa: E402
from parts import Case, answer, part_cases  # noqa: E402
from scorers import MODELS, plain  # noqa: E402

from pipeline.errors import RecipeError  # noqa: E402
from pipeline.measures import Part  # noqa: E402
from pipeline.pages import Pages  # noqa: E402
from pipeline.quality import QualityModel, rounded  # noqa: E402

OUTPUTS = Path(__file__).with_name("outputs.json")
SURVIVORS = Path(__file__).with_name("survivors.json")
SCORES = Path(__file__).with_name("scores.json")

PAGES: dict[str, dict[str, str]] = orjson.loads(Path(__file__).with_name("pages.json").read_bytes())
TEXTS = [*plain(20, seed=5), "\0", "corn\0mill", "e\u0301 1,234 Sack", "sail\r\nsail\n\nSTONE", "mill " * 1000]
SCORED = [
    name for name in MODELS if name.startswith(("kenlm", "static"))
]  # not by libraries, which differ from machine to machine
MIMES = ["text/html", "text/html; charset=utf-8", "application/xhtml+xml", "application/pdf", None]


def key(case: Case, part: Part) -> str:
    return f"{part.name}{f', {case.variant},' if case.variant else ''} version {part.version}"


def output(part: Part) -> dict[str, dict[str, Any]]:
    """The signals, reason, text and edits of each page, as JSON gives them back."""
    mimes = [MIMES[place % len(MIMES)] for place in range(len(PAGES))]
    texts = [page["text"] for page in PAGES.values()]
    pages = Pages(texts, urls=[page["url"] for page in PAGES.values()], mimes=mimes, htmls=texts)
    rows = [_readable(row) for row in answer(part, pages)]
    return orjson.loads(orjson.dumps(dict(zip(PAGES, rows, strict=True))))


def recorded() -> dict[str, dict[str, dict[str, Any]]]:
    return orjson.loads(OUTPUTS.read_bytes()) if OUTPUTS.exists() else {}


def recorded_survivors() -> dict[str, list[list[Any]]]:
    return orjson.loads(SURVIVORS.read_bytes()) if SURVIVORS.exists() else {}


def recorded_scores() -> dict[str, list[float]]:
    return orjson.loads(SCORES.read_bytes()) if SCORES.exists() else {}


def score_key(name: str) -> str:
    return f"{name} version {MODELS[name].cls.version}"


def scores(model: QualityModel) -> list[float]:
    """The rounded scores of the made texts."""
    scorer = model.load()
    return rounded(scorer.score(scorer.prepare(TEXTS)).values, model.resolution).tolist()


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    edits = row.get("edits")
    return row if edits is None else {**row, "edits": [[edit.start, edit.removed, edit.inserted] for edit in edits]}


def main() -> None:
    outputs = recorded()
    for case in part_cases():
        try:
            part = case.build()
            outputs.setdefault(key(case, part), output(part))
        except RecipeError as error:
            print(f"{case.name} cannot be recorded here: {error}", file=sys.stderr)  # noqa: T201
    OUTPUTS.write_bytes(
        orjson.dumps(outputs, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    )
    told = recorded_survivors()
    for rule in survival.RULES:
        told.setdefault(survival.key(rule), survival.told(rule))
    lines = [
        f"{orjson.dumps(name).decode()}:[\n{_rows(rows)}\n]" for name, rows in sorted(told.items())
    ]  # a document a line, so that a difference can be read
    SURVIVORS.write_text("{\n" + ",\n".join(lines) + "\n}\n")

    scored = recorded_scores()
    for name in SCORED:
        with TemporaryDirectory() as folder:
            scored.setdefault(score_key(name), scores(MODELS[name].made(Path(folder))))
    lines = [f"{orjson.dumps(name).decode()}:{orjson.dumps(each).decode()}" for name, each in sorted(scored.items())]
    SCORES.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _rows(rows: list[list[Any]]) -> str:
    return ",\n".join(orjson.dumps(row).decode() for row in rows)


if __name__ == "__main__":
    main()
