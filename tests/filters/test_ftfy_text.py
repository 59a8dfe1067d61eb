"""Repairing text that was decoded wrongly."""
# ruff: noqa: RUF001  the marks that it is about

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.ftfy_text import Ftfy
from pipeline.errors import RecipeError
from pipeline.measures import Edit, Transform, undo
from pipeline.pages import Pages

PART = Ftfy()
PIECES = st.sampled_from(
    [
        "â€™",
        "Ã©",
        "Ã",
        "\x83",
        "&amp;",
        "&lt;",
        "&#10;",
        "&eacute;",
        "<",
        "\n",
        " ",
        "\x1b[31m",
        "\x07",
        "\x92",
        "é",
        "word",
        "ﬁ",
        "“",
        "\ufeff",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=30).map("".join)


def repaired(text: str, part: Ftfy = PART) -> tuple[str, dict]:
    done = part.transform(Pages([text]))
    (pages, (new,), (edits,)) = (Pages([text]).texts, done.texts, done.edits)
    assert undo(new, edits) == pages[0]
    return new, done.signals.to_pylist()[0]


def test_it_is_a_transform() -> None:
    assert isinstance(PART, Transform)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("Itâ€™s a cafÃ©.", "It’s a café."),
        ("fish &amp; chips", "fish & chips"),
        ("if <b> &amp; so", "if <b> &amp; so"),
        ("a &amp; b\n<b>\na &amp; b", "a & b\n<b>\na &amp; b"),
        ("\x1b[31mred\x1b[0m and\x07 bell", "red and bell"),
        ("“curly” ﬁne, ＷＩＤＥ, e\u0301", "“curly” ﬁne, ＷＩＤＥ, e\u0301"),
    ],
)
def test_what_was_decoded_wrongly_is_repaired_and_typography_stays(wrong: str, right: str) -> None:
    assert repaired(wrong)[0] == right


def test_a_switch_of_ftfy_is_a_parameter() -> None:
    part = Ftfy(uncurl_quotes=True, normalization="NFC", fix_latin_ligatures=True, unescape_html=False)
    assert repaired("“ﬁ” e\u0301 &amp;", part)[0] == '"fi" \xe9 &amp;'


def test_each_word_that_was_repaired_is_an_edit() -> None:
    done = PART.transform(Pages(["a fine line\nItâ€™s one cafÃ© here\nand so on"]))
    assert done.edits == [(Edit("ftfy", 14, "â€™", "’"), Edit("ftfy", 24, "Ã©", "é"))]
    assert done.signals.to_pylist() == [{"ftfy_line_count": 1, "ftfy_unsettled_line_count": 0}]


@given(TEXTS)
def test_undoing_the_edits_rebuilds_any_text(text: str) -> None:
    new, row = repaired(text)
    assert (new != Pages([text]).texts[0]) == (row["ftfy_line_count"] > 0)


@pytest.mark.parametrize("hostile", ["&" + "amp;" * 20_000, "Ã" + "\x83" * 20_000 + " â€™"])
def test_a_line_that_does_not_settle_stays_and_is_counted(hostile: str) -> None:
    new, row = repaired(f"cafÃ©\n{hostile}\ncafÃ©")
    assert new == f"café\n{hostile}\ncafé"
    assert row == {"ftfy_line_count": 2, "ftfy_unsettled_line_count": 1}


@pytest.mark.parametrize(
    "piece", ["&amp;", "Ã©", "Ã\x83", "\x1b[", "\x1b[0", "&", "â€", "é ", "Ã ", "\x92", "\ufeff", "&#10;"]
)
def test_time_grows_as_the_text_does(piece: str) -> None:
    def seconds(times: int) -> float:
        start = time.process_time()
        repaired(piece * times)
        return time.process_time() - start

    seconds(100)
    short, long = min(seconds(4_000) for _ in range(3)), seconds(64_000)
    assert long < 16 * 6 * max(short, 0.002)  # quadratic would be 256 times


@pytest.mark.parametrize("wrong", [{"normalization": "NFX"}, {"unescape_html": "maybe"}])
def test_a_setting_that_ftfy_does_not_have_is_refused(wrong: dict) -> None:
    with pytest.raises(RecipeError, match="ftfy"):
        Ftfy(**wrong)
