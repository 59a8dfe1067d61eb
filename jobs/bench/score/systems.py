"""The systems of the benchmark `score`: each is made ready for a machine, or says why it cannot run there."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from filters.quality.encoder import EncoderQuality
from filters.quality.encoder_folder import encoder_of
from filters.quality.encoder_form import reader
from filters.quality.fasttext import FastTextQuality
from filters.quality.kenlm import KenLmQuality
from filters.quality.onnx import OnnxQuality
from filters.quality.static import StaticQuality
from jobs.bench.score.folders import files_at, make_fasttext, make_static
from jobs.bench.score.ngrams import make_kenlm
from jobs.bench.score.passes import Pass, score_file
from jobs.bench.score.peer import TransformersPipeline
from jobs.bench.score.roofline import CORE
from jobs.exporting import export_onnx
from jobs.terminal import notice
from pipeline.errors import InputError
from pipeline.quality import Scorer

MAX_TOKENS = 512
COUNTED = 400  # texts in which n-grams are counted, every other one: a page has n-grams that the model has not

Run = Callable[[Path, Path], Pass]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What is measured with: an encoder's folder, a folder for what is made, `cpu` or `cuda`, and the texts.

    `few` is how many of them an encoder has that runs on a core.
    """

    encoder: Path
    work: Path
    device: str
    texts: list[str]
    few: int

    def form(self) -> EncoderQuality:
        """How the encoder reads: as FineWeb-Edu's does."""
        encoder = encoder_of(self.encoder)
        return EncoderQuality(
            model=files_at(self.encoder),
            label=0 if len(encoder.labels) > 1 else None,
            max_tokens=min(MAX_TOKENS, encoder.positions),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One that is loaded: `texts` is how many it has, `facts` what else is said of it."""

    run: Run
    texts: int
    device: str
    facts: dict[str, Any] = field(default_factory=dict[str, Any])


def lengths_of(bench: Bench, count: int) -> npt.NDArray[np.int64]:
    """The tokens that an encoder reads of each of the first texts."""
    form = bench.form()
    found = reader(form, bench.encoder, encoder_of(bench.encoder)).read(bench.texts[:count])
    return found.lengths


def _torch(bench: Bench, *, half: bool) -> System:
    from filters.quality.torch_encoder import TorchEncoder, torch_model

    if half and bench.device == "cpu":
        raise InputError("bf16 is for a GPU, and none is here")
    _one_core(bench)
    form, encoder = bench.form(), encoder_of(bench.encoder)
    scorer = TorchEncoder(
        torch_model(bench.encoder, encoder),
        reader(form, bench.encoder, encoder, form.token_budget),
        encoder.place_of(form.label),
        several=encoder.several,
        half=half,
    )
    return _of(scorer, len(bench.texts) if bench.device == "cuda" else bench.few)


def _one_core(bench: Bench) -> None:
    """Without a GPU everybody has one core, as a worker has."""
    import torch

    if bench.device == "cpu":
        torch.set_num_threads(1)


def _of(scorer: Scorer, texts: int, **facts: Any) -> System:
    return System(
        run=lambda source, target: score_file(scorer, source, target), texts=texts, device=scorer.device, facts=facts
    )


def _pipeline(bench: Bench) -> System:
    _one_core(bench)
    peer = TransformersPipeline(bench.encoder, bench.device, bench.form().max_tokens)
    texts = len(bench.texts) if bench.device == "cuda" else bench.few
    notice("choosing the batch size of transformers' pipeline")
    tried = peer.choose(bench.texts[:texts])
    return System(run=peer.run, texts=texts, device=bench.device, facts={"batch": peer.batch, "batches_tried": tried})


def _onnx(bench: Bench, *, int8: bool) -> System:
    folder = bench.work / ("onnx-int8" if int8 else "onnx-fp32")
    shutil.rmtree(folder, ignore_errors=True)
    notice(f"exporting to {folder}")
    export_onnx(bench.encoder, folder, int8=int8)
    form = bench.form()
    model = OnnxQuality(model=files_at(folder), label=form.label, max_tokens=form.max_tokens)
    return _of(model.load(), min(len(bench.texts), bench.few))


def _fasttext(bench: Bench) -> System:
    asset = make_fasttext(bench.work / "fasttext.bin", bench.texts[:1_000])
    return _of(FastTextQuality(model=asset).load(), len(bench.texts))


def _static(bench: Bench) -> System:
    folder = make_static(bench.work / "static", bench.encoder)
    return _of(StaticQuality(model=files_at(folder)).load(), len(bench.texts))


def _kenlm(bench: Bench, *, arpa: bool) -> System:
    path = bench.work / ("kenlm.arpa" if arpa else "kenlm.binary")
    asset = make_kenlm(path, bench.texts[: 2 * COUNTED : 2], arpa=arpa)
    return _of(KenLmQuality(model=asset).load(), len(bench.texts), model_bytes=path.stat().st_size)


SYSTEMS: dict[str, Callable[[Bench], System]] = {
    "torch-fp32": lambda bench: _torch(bench, half=False),
    "torch-bf16": lambda bench: _torch(bench, half=True),
    "pipeline": _pipeline,
    "onnx-fp32": lambda bench: _onnx(bench, int8=False),
    "onnx-int8": lambda bench: _onnx(bench, int8=True),
    "fasttext": _fasttext,
    "static": _static,
    "kenlm": lambda bench: _kenlm(bench, arpa=False),
    "kenlm-arpa": lambda bench: _kenlm(bench, arpa=True),
}
"""In the order in which they are shown."""
EXACT = "torch-fp32"
"""What the other encoders are compared with."""
ENCODERS = {"torch-fp32": "fp32", "torch-bf16": "bf16", "pipeline": "bf16", "onnx-fp32": CORE, "onnx-int8": CORE}
"""Those that run the same encoder, and with which rate of products theirs is compared where there is a GPU."""
