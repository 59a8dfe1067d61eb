"""The recipe `fineweb-2024` against datatrove 0.2.0's own code, which made FineWeb.

GRISTMILL_DATATROVE_2024 names a folder with that version: `pip download --no-deps datatrove==0.2.0`, unpacked. Its words are cut
by the NLTK that is installed here.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from reasons import C4_LINES, GOPHER_QUALITY, GOPHER_REPETITION, LINE_QUALITY
from test_text_filters import first_reason

from dedup.shingles import normalise_as_2024
from filters.c4 import C4Lines
from filters.gopher_quality import GopherQuality
from filters.gopher_repetition import GopherRepetition
from filters.line_quality import LineQuality
from filters.personal_data import PersonalData
from jobs.recipes.fineweb_2024 import fineweb_2024
from pipeline.pages import Pages
from pipeline.storable import storable

RECIPE = fineweb_2024()
RULES = {
    "repetition": (GopherRepetition, GOPHER_REPETITION),
    "quality": (GopherQuality, GOPHER_QUALITY),
    "lines": (LineQuality, LINE_QUALITY | {"only_blank_lines": "line_punct_ratio"}),
}
PIECES = (
    *(
        "a",
        "b",
        "the",
        "of the",
        "word",
        "Long",
        "It stops.",
        "does he?",
        'he said "no"',
        "(x)",
        "...",
        "…",
        "#",
        "• one",
    ),
    *(
        "- two",
        "[1]",
        "[edit]",
        "{",
        "lorem ipsum",
        "javascript",
        "privacy policy",
        "日本語。",
        "isn't",
        "e.g. U.S. ones",
        "3.50",
    ),
    *(
        "1,000.5",
        "well-known",
        "naïve café",
        "\u0661\u0662",
        "x" * 40,
        "Jo.Doe@example.org",
        "jo@example.orG",
        "a@b.co",
        "\t",
    ),
)


def part(cls: type) -> Any:
    return next(item for item in RECIPE.ingest if isinstance(item, cls))


def made_up(count: int) -> list[str]:
    """Texts of few different lines, so that all kinds of repetition happen."""
    chance = random.Random(2024)
    texts = []
    for _ in range(count):
        lines = [" ".join(chance.choices(PIECES, k=chance.randrange(14))) for _ in range(chance.randrange(1, 7))]
        ends = ["\n", "\n", "\n\n", "\n\n\n", "\r\n", " \n", ""]
        texts.append("".join(chance.choice(lines) + chance.choice(ends) for _ in range(chance.randrange(40))))
    return texts


def release(texts: list[str]) -> list[dict]:
    folder = os.environ.get("GRISTMILL_DATATROVE_2024")
    if not folder:
        pytest.skip("GRISTMILL_DATATROVE_2024 names no folder with datatrove 0.2.0")
    program = Path(__file__).with_name("release_2024.py")
    given = "".join(json.dumps(text) + "\n" for text in texts)
    environment = {**os.environ, "PYTHONPATH": ""}
    told = subprocess.run(
        [sys.executable, "-W", "ignore", str(program), folder],
        input=given,
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    return [json.loads(line) for line in told.stdout.splitlines()]


def compare(texts: list[str]) -> set[str | None]:
    """All of datatrove's reasons that were met."""
    met: set[str | None] = set()
    for text, theirs in zip(texts, release(texts), strict=True):
        for name, (cls, names) in RULES.items():
            row = part(cls).measure(Pages([text])).to_pylist()[0]
            rules = [rule for rule in RECIPE.rules if rule.signal in cls.signals.names]
            ours = first_reason(rules, row)
            assert theirs[name] in {names.get(ours), "crash"}, (name, text, row)
            assert (
                theirs[name] != "crash"
                or not text.strip()
                or ours is not None
                or row.get("newline_word_ratio", 0) is None
            )
            met.add(theirs[name])
        done = part(C4Lines).transform(Pages([text]))
        ours = first_reason(C4Lines.rules(), done.signals.to_pylist()[0])
        assert C4_LINES.get(ours) == theirs["c4"], text
        assert ours or done.texts[0] == theirs["c4_text"]
        assert normalise_as_2024(text) == theirs["normal"]
        signatures, has = RECIPE.minhash.signatures([text])
        assert (signatures[0].tolist() if has[0] else None) == (
            theirs["signature"] and [value for band in theirs["signature"] for value in band]
        )
        emails = PersonalData(ips=False, lower_case_emails=True, email_replacements=("<>",))
        assert emails.transform(Pages([text])).texts[0] == theirs["emails"]
        met.add(theirs["c4"])
    return met


@pytest.mark.slow
def test_made_up_texts_get_the_releases_reasons_text_signatures_and_addresses() -> None:
    met = compare(["", " ", "\n", "\n\n", "word", *made_up(400)])
    assert len(met) > 15


@pytest.mark.corpus
@pytest.mark.slow
def test_english_pages_get_the_releases_reasons_text_signatures_and_addresses(english_pages) -> None:
    met = compare([storable(page["text"]) for page in english_pages[::4]])
    assert len(met) > 8
