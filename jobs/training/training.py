"""From labelled files to a folder with a model, its card, and what it reaches on text that it has not seen.

Everything is written beside the folder first: a folder of that name is whole, and one that is there is never touched.
"""

import hashlib
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import orjson

from jobs.training import encoder_head, fasttext_classifier, static_head
from jobs.training.bases import folder_digest
from jobs.training.card import model_card
from jobs.training.held_out import HALF, held_out_report
from jobs.training.kinds import Examples, Fitted, Floats, Settings
from jobs.training.labelled import Labelled
from jobs.training.linear import FOLDS
from jobs.training.recipe_lines import recipe_lines
from jobs.training.report_page import report_page
from jobs.training.split import Split, split_rows, text_shares
from pipeline.environment import installed
from pipeline.errors import InputError, RecipeError, StorageError

REPORT, PAGE, CARD = "report.json", "report.html", "README.md"
TRAINERS = {"fasttext": fasttext_classifier.train, "static": static_head.train, "encoder": encoder_head.train}


@dataclass(frozen=True, slots=True)
class Task:
    """What is learned: `labels` are 0 and 1 where there are two `classes`; from `good_from` on a page is good."""

    labelled: Labelled
    labels: Floats
    split: Split
    share: float
    good_from: float
    classes: bool

    def examples(self, seed: int) -> Examples:
        """What is learned from."""
        texts = [self.labelled.texts[row] for row in self.split.train]
        # Another seed than the split's, of whose shares only those above a bound are here.
        folds = (text_shares(texts, seed + 1) * FOLDS).astype(np.int64)
        return Examples(texts, self.labels[self.split.train], folds, self.classes)

    def report(self, fitted: Fitted, sha256: str, place: Path) -> dict[str, Any]:
        """What is reached on the rows that were held out."""
        rows = self.split.held_out
        texts = [self.labelled.texts[row] for row in rows]
        scores, lengths = fitted.score(sha256, place, texts), np.array([len(text) for text in texts], np.float64)
        return held_out_report(scores, self.labels[rows], lengths, good_from=self.good_from, classes=self.classes)

    def told(self) -> dict[str, Any]:
        """How the rows were divided."""
        split = self.split
        counts = {"train": len(split.train), "held_out": len(split.held_out), "overlapping": split.overlapping}
        return {"declared": split.declared, "share": self.share, **counts, "unlabelled": self.labelled.unlabelled}


def task_of(labelled: Labelled, settings: Settings, share: float, good: float | None) -> Task:
    """What these rows ask for; `good` is from which label on a page is good, of labels that are scores.

    Raises:
        InputError: there are too few rows, or on one side all are alike.
    """
    split = split_rows(labelled, share, settings.seed)
    labels = labelled.numbers
    classes = labelled.is_binary or (settings.kind == "fasttext" and good is not None)
    bound = HALF if labelled.is_binary else (labels.min() + labels.max()) / 2 if good is None else good
    for rows in (split.train, split.held_out):
        if not 0 < (labels[rows] >= bound).sum() < len(rows):
            raise InputError(
                f"on one side of the split all labels are on one side of {bound:g}; choose another with --good"
            )
    if classes:
        return Task(labelled, (labels >= bound).astype(np.float64), split, share, HALF, classes)
    return Task(labelled, labels, split, share, float(bound), classes)


def train(task: Task, settings: Settings, output: Path) -> tuple[dict[str, Any], str]:
    """Makes the folder `output`, and says what `report.json` in it does, and the lines for a recipe.

    Raises:
        RecipeError: the settings will not do, or the folder is there.
        StorageError: it cannot be written.
    """
    target = output.expanduser().absolute()
    check_output(target)
    unfinished = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        unfinished.mkdir()
        fitted = TRAINERS[settings.kind](task.examples(settings.seed), settings, unfinished)
        place = unfinished / fitted.file
        sha256 = folder_digest(place) if place.is_dir() else _digest(place)
        told: dict[str, Any] = {
            "file": fitted.file,
            "sha256": sha256,
            "settings": settings.told(),
            "facts": fitted.facts,
        }
        told["versions"] = {name: installed(name) for name in ("gristmill", *fitted.engines)}
        told["data"] = [asdict(each) for each in task.labelled.files]
        told |= {"split": task.told(), "held_out": task.report(fitted, sha256, place)}
        lines = recipe_lines(settings, sha256, target / fitted.file, classes=task.classes)
        _write(unfinished, told, lines)
        unfinished.rename(target)
    except OSError as error:
        raise StorageError(f"{target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return told, lines


def check_output(target: Path) -> None:
    """RecipeError where the folder is there, or what it should be in is not."""
    if target.exists() or target.is_symlink():
        raise RecipeError(f"--output {target} is there already; name a new folder")
    if not target.parent.is_dir():
        raise RecipeError(f"--output {target}: no folder {target.parent}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(folder: Path, told: dict[str, Any], lines: str) -> None:
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    (folder / REPORT).write_bytes(orjson.dumps(told, option=options) + b"\n")
    (folder / PAGE).write_text(report_page(told), encoding="utf-8")
    (folder / CARD).write_text(model_card(told, lines), encoding="utf-8")
