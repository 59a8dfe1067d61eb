"""The n-gram models that `gristmill bench score` measures: counted in texts, and the same as text and as binary."""

import math
from itertools import pairwise
from pathlib import Path

import pytest

from filters.quality.kenlm import KenLmQuality
from jobs.bench.score.ngrams import counted, make_kenlm

TEXTS = ["The mill grinds corn.\nThe mill grinds rye.", "The mill \u00a0 stands.\n\n", "Corn, 12 sacks <unk>"]


def test_n_grams_are_counted_in_lines_as_the_model_will_read_them() -> None:
    orders = counted(TEXTS, 3)
    assert orders[0]["the",][0] == pytest.approx(math.log10(2.5 / 28))  # of all words and their ends
    assert orders[1]["the", "mill"][0] == pytest.approx(math.log10(2.5 / 3))
    assert ("<s>", "the", "mill") in orders[2]
    assert ("mill", "grinds", "rye.") not in orders[2]  # it stands there once
    assert ("00", "sacks") in orders[1]


def test_every_n_gram_has_its_beginning_and_its_end() -> None:
    orders = counted(TEXTS * 2)
    for shorter, longer in pairwise(orders):
        assert all(gram[1:] in shorter and gram[:-1] in shorter for gram in longer)


def test_both_forms_give_the_same_perplexities(tmp_path: Path) -> None:
    found = []
    for name, arpa in (("lm.arpa", True), ("lm.binary", False)):
        made = KenLmQuality(model=make_kenlm(tmp_path / name, TEXTS, arpa=arpa))
        made.check()
        scorer = made.load()
        found.append(scorer.score(scorer.prepare([*TEXTS, "A mill that nobody knows"])).values.tolist())
    assert found[0] == found[1]
    assert max(found[0][:3]) < found[0][3]
