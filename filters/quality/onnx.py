"""Quality by the same encoder in ONNX Runtime, on one core, for machines without a GPU.

`gristmill export-onnx` makes the folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from filters.quality.batching import Batch
from filters.quality.encoder_form import EncoderForm, known, reader, scores_of
from filters.quality.windows import WindowReader, Windows
from pipeline.errors import RecipeError
from pipeline.quality import Scored

MODEL = "model.onnx"
IDS, MASK, TYPES, OUTPUT = "input_ids", "attention_mask", "token_type_ids", "logits"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxQuality(EncoderForm):
    """The score by ONNX Runtime, in whatever arithmetic the file has: float32, or int8 where it was exported so.

    The folder holds `model.onnx`, `config.json` and `tokenizer.json`.
    """

    name: ClassVar[str] = "onnx_quality"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("onnxruntime", "tokenizers")

    def check(self) -> None:
        """RecipeError where a file is missing, another one, or asks for code or files of others; nothing is loaded."""
        folder, _ = known(self)
        _whole(folder)

    def load(self) -> "OnnxEncoder":
        """The model, once a process."""
        return _loaded(self)


class OnnxEncoder:
    """A loaded encoder, on one core, which has one window of a text at a time: its score depends on nothing beside it."""

    device = "cpu"

    def __init__(self, session: Any, reader: WindowReader, place: int | None, *, several: bool) -> None:
        self._session, self._reader, self._place, self._several = session, reader, place, several
        self._inputs = [each.name for each in session.get_inputs()]

    def prepare(self, texts: Sequence[str]) -> Windows:
        """Token ids, a window each."""
        return self._reader.read(texts)

    def score(self, prepared: Windows) -> Scored:
        """The scores of the texts."""
        logits = np.concatenate([self._forward(batch) for batch in prepared.batches])
        scores = scores_of(logits, self._place, several=self._several)
        return Scored(prepared.pooled(scores, self._reader.reading.pool), prepared.tokens)

    def _forward(self, batch: Batch) -> Any:
        ids = batch.ids.astype(np.int64)
        makes = {IDS: ids, MASK: np.ones_like(ids), TYPES: np.zeros_like(ids)}
        return self._session.run([OUTPUT], {name: makes[name] for name in self._inputs})[0]


def _whole(folder: Path) -> Path:
    path = folder / MODEL
    if not path.is_file():
        raise RecipeError(f"{folder} has no {MODEL}; make it with gristmill export-onnx")
    return path


@lru_cache(maxsize=2)
def _loaded(form: OnnxQuality) -> OnnxEncoder:
    with form.model.held():
        folder, encoder = known(form)
        session = session_of(_whole(folder))
        read = reader(form, folder, encoder)
    reads, gives = {each.name for each in session.get_inputs()}, {each.name for each in session.get_outputs()}
    if IDS not in reads or reads - {IDS, MASK, TYPES} or OUTPUT not in gives:
        raise RecipeError(f"{folder / MODEL} must read {IDS} and give {OUTPUT}; it reads {', '.join(sorted(reads))}")
    place = encoder.place_of(form.label)
    return OnnxEncoder(session, read, place, several=encoder.several)


def session_of(path: Path) -> Any:
    """A session on one core, which is what a worker has; the file was checked before."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors alone
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library has a class for each way to fail, and no common one
        raise RecipeError(f"{path} is no model for ONNX Runtime: {str(error).splitlines()[0]}") from error
