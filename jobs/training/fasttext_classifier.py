"""Trains a supervised fastText classifier as DCLM did: words and pairs of words, one pass after the other by a single thread.

One thread and one seed give the same bytes each time; more threads write into one matrix at once, and give others.
"""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from filters.quality.fasttext import FastTextQuality
from jobs.training.kinds import BAD, GOOD, Examples, Fitted, Floats, Settings, scores_by, tell
from pipeline.assets import Asset
from pipeline.errors import InputError

FILE = "model.bin"
RATE, EPOCHS = 0.1, 5  # DCLM's, with vectors of 100 numbers and pairs of words


def train(examples: Examples, settings: Settings, folder: Path) -> Fitted:
    """Writes `model.bin` into the folder; where classes are to count the same, rows of the rarer one are read more often."""
    import fasttext

    if not examples.classes:
        raise InputError("fasttext tells two classes apart, and the labels are scores: say with --good from which on")
    with TemporaryDirectory(prefix="gristmill-") as place:
        lines = _lines(examples, settings)
        text = Path(place) / "train.txt"
        text.write_text("".join(lines), encoding="utf-8", errors="replace")
        tell(f"fasttext learns from {len(lines):,} lines")
        model = fasttext.train_supervised(
            input=str(text),
            lr=RATE if settings.lr is None else settings.lr,
            dim=settings.vectors,
            epoch=EPOCHS if settings.epochs is None else settings.epochs,
            wordNgrams=settings.word_ngrams,
            bucket=settings.buckets,
            thread=1,
            seed=settings.seed,
            verbose=0,
        )
    model.save_model(str(folder / FILE))
    facts = {"lines": len(lines), "words": len(model.get_words())}
    return Fitted(FILE, _score, ("fasttext-numpy2-wheel",), facts)


def _lines(examples: Examples, settings: Settings) -> list[str]:
    """A line for each row, shuffled: the texts as the scorer reads them."""
    rows = [
        (label == 1, " ".join(text.split("\n"))) for label, text in zip(examples.labels, examples.texts, strict=True)
    ]
    if settings.balanced:
        rarer = sum(good for good, _ in rows) * 2 < len(rows)
        few = [row for row in rows if row[0] == rarer]
        missing = len(rows) - 2 * len(few)
        rows += [few[place % len(few)] for place in range(missing)]
    Random(settings.seed).shuffle(rows)  # noqa: S311  no secret
    return [f"__label__{GOOD if good else BAD} {text}\n" for good, text in rows]


def _score(sha256: str, path: Path, texts: Sequence[str]) -> Floats:
    model = Asset(sha256=sha256, name=path.name, location=str(path))
    return scores_by(FastTextQuality(model=model, label=f"__label__{GOOD}"), texts)
