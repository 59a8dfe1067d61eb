import pytest

from dedup.minhash import MinHash
from dedup.presets import PRESETS, RPV2_BANDS, preset, rpv2
from dedup.theory import probability, threshold
from pipeline.errors import RecipeError


def test_presets_have_the_published_shapes():
    shapes = {
        name: (found.bands, found.rows, found.ngram) for name, found in ((name, preset(name)) for name in PRESETS)
    }
    assert shapes == {
        "fast": (14, 8, 5),
        "fineweb": (14, 8, 5),
        "refinedweb": (450, 20, 5),
        "rpv2": (9, 13, 13),
        "rpv2-0.7": (14, 9, 13),
        "rpv2-0.8": (9, 13, 13),
        "rpv2-0.9": (5, 25, 13),
        "rpv2-1.0": (1, 128, 13),
    }


def test_the_preset_of_fineweb_is_the_recipes():
    from jobs.recipes.fineweb import fineweb

    assert preset("fineweb") == fineweb().minhash == MinHash()
    assert preset("fast").family == "fast"


def test_fineweb2_is_of_a_language():
    assert preset("fineweb2", "deu_Latn") == MinHash(language="deu_Latn")
    with pytest.raises(RecipeError, match="no_Such"):
        preset("fineweb2", "no_Such")


@pytest.mark.parametrize(("similarity", "shape"), RPV2_BANDS.items())
def test_cuts_of_rpv2_have_128_functions_at_most_and_stand_where_they_say(similarity: float, shape: tuple[int, int]):
    bands, rows = shape
    assert bands * rows <= 128
    assert abs(threshold(bands, rows) - similarity) < 0.08
    assert probability(min(similarity + 0.1, 1), bands, rows) > 0.85


def test_names_that_are_none_are_told_what_there_is():
    with pytest.raises(RecipeError, match=r"'slow'; there are fast, fineweb, .* fineweb2"):
        preset("slow")
    with pytest.raises(RecipeError, match=r"rpv2 is cut for 0.7, 0.8, 0.9, 1.0, not for 0.75"):
        rpv2(0.75)
