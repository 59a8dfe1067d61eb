"""The benchmark `score`: what each kind of quality model takes on this machine, side by side over the same texts in one call.

Every model is loaded and warm. Then each in turn reads the texts from Parquet and writes its scores to Parquet, `runs` times
over, of which the median counts. An encoder on a core has fewer of the texts.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from filters.quality.encoder_folder import check_tokenizer, check_weights, encoder_of
from jobs.bench.machine import machine_facts
from jobs.bench.score.folders import make_encoder
from jobs.bench.score.passes import Pass, figures, write_texts
from jobs.bench.score.roofline import CORE, floor, matrix_rates, shape_of
from jobs.bench.score.systems import ENCODERS, EXACT, SYSTEMS, Bench, System, lengths_of
from jobs.bench.settings import Settings
from jobs.bench.texts import texts_of
from jobs.terminal import notice
from pipeline.errors import GristmillError, InputError, RecipeError
from pipeline.quality import Scores

ON_A_CORE = 200  # texts of an encoder without a GPU: of MiniLM some 7 a second
ENGINES = ("torch", "transformers", "onnxruntime", "safetensors")
_WARM = 8  # texts


def score(settings: Settings) -> dict[str, Any]:
    """Measures and returns what the result file holds (its shape is in `docs/bench.md`)."""
    if wrong := [name for name in settings.systems if name not in SYSTEMS]:
        raise RecipeError(f"no system {wrong[0]!r}: there are {', '.join(SYSTEMS)}")
    facts = machine_facts()
    facts["versions"] |= {name: told for name in ENGINES if (told := _version(name))}
    source, texts = texts_of(settings)
    bench = _bench(settings, texts)
    ready, missing = _ready(bench, settings.systems or tuple(SYSTEMS))
    rates = matrix_rates(bench.device)
    passes = _measured(bench, ready, settings.runs)
    told = {name: _told(system, passes[name]) for name, system in ready.items()}
    _compare(bench, told, passes, rates)
    return {
        "what": "score",
        "machine": facts,
        "made_from": source.name,
        "runs": settings.runs,
        "model": _model(bench),
        "matrix_operations_per_second": rates,
        "systems": {
            name: told.get(name, {"missing": missing.get(name)}) for name in SYSTEMS if name in {*told, *missing}
        },
        "times": _times(told),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _bench(settings: Settings, texts: list[str]) -> Bench:
    try:
        import torch
    except ImportError as error:
        raise InputError("PyTorch is not installed: pip install 'gristmill[gpu]'") from error
    work = settings.output / "score"
    work.mkdir(parents=True, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder = settings.model or make_encoder(work / "encoder", base=device == "cuda")
    check_weights(encoder, encoder_of(encoder))
    check_tokenizer(encoder, encoder_of(encoder))
    return Bench(encoder=encoder, work=work, device=device, texts=texts, few=min(len(texts), ON_A_CORE))


def _ready(bench: Bench, chosen: tuple[str, ...]) -> tuple[dict[str, System], dict[str, str]]:
    """The systems that can run, loaded, and of the others why not."""
    ready: dict[str, System] = {}
    missing: dict[str, str] = {}
    for name, make in SYSTEMS.items():
        if name not in chosen:
            continue
        try:
            ready[name] = make(bench)
        except (GristmillError, ImportError) as error:
            missing[name] = str(error)
            notice(f"{name}: {error}")
    if not ready:
        raise InputError(f"no system can run: {'; '.join(f'{name}: {why}' for name, why in missing.items())}")
    return ready, missing


def _measured(bench: Bench, ready: dict[str, System], runs: int) -> dict[str, Pass]:
    """The pass of middle length of each; they take turns, so that what else a machine does falls on all."""
    sources = {
        count: write_texts(bench.work / f"texts-{count}.parquet", bench.texts[:count]) for count in _counts(ready)
    }
    done: dict[str, list[Pass]] = {name: [] for name in ready}
    for turn in range(runs + 1):
        for name, system in ready.items():
            source = sources[system.texts if turn else min(_WARM, system.texts)]
            notice(f"{name}: {'pass ' + str(turn) if turn else 'warming up'}")
            done[name] += [system.run(source, bench.work / f"{name}.parquet")][: bool(turn)]
    return {name: sorted(each, key=lambda one: one.seconds)[len(each) // 2] for name, each in done.items()}


def _counts(ready: dict[str, System]) -> set[int]:
    return {count for system in ready.values() for count in (system.texts, min(_WARM, system.texts))}


def _told(system: System, middle: Pass) -> dict[str, Any]:
    return {"device": system.device, **figures(middle), **system.facts}


def _compare(bench: Bench, told: dict[str, dict[str, Any]], passes: dict[str, Pass], rates: dict[str, float]) -> None:
    """Adds, of encoders, how alike they rank texts as float32 does, and the share of the machine's products."""
    shape = shape_of(bench.encoder)
    for name, figures_of in told.items():
        if name not in ENCODERS:
            continue
        middle, kind = passes[name], ENCODERS[name] if bench.device == "cuda" else CORE
        lengths = lengths_of(bench, len(middle.scores))
        seconds = middle.cpu_seconds if kind == CORE else middle.seconds
        figures_of["tokens_per_second"] = round(int(lengths.sum()) / middle.seconds)
        figures_of["matrix_ratio"] = round(shape.operations(lengths) / seconds / rates[kind], 4)
        if EXACT in passes and (name != "pipeline" or bench.form().label is None):
            figures_of["rank_correlation"] = round(rank_correlation(middle.scores, passes[EXACT].scores), 6)


def rank_correlation(one: Scores, other: Scores) -> float:
    """Spearman's, over as many as both have; scores that are equal share the mean of their ranks."""
    count = min(len(one), len(other))
    return float(np.corrcoef(_ranks(one[:count]), _ranks(other[:count]))[0, 1])


def _ranks(values: Scores) -> Scores:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[places]


def _model(bench: Bench) -> dict[str, Any]:
    """What the encoder is, and what a page takes at least."""
    shape, texts = shape_of(bench.encoder), bench.texts[: bench.few]
    lengths = lengths_of(bench, len(texts))
    return {
        "name": bench.encoder.name,
        "parameters": shape.parameters,
        "multiplied": shape.multiplied,
        "layers": shape.layers,
        "hidden": shape.hidden,
        "max_tokens": bench.form().max_tokens,
        "floor": floor(shape, lengths, texts),
    }


def _times(told: dict[str, dict[str, Any]]) -> dict[str, dict[str, float]]:
    """How many times as fast one is as another, by CPU time and by the clock."""

    def times(fast: str, slow: str) -> dict[str, float]:
        return {
            "cpu": round(told[slow]["cpu_ms_a_page"] / told[fast]["cpu_ms_a_page"], 2),
            "clock": round(told[fast]["pages_per_second"] / told[slow]["pages_per_second"], 2),
        }

    pairs = (("onnx-int8", EXACT), ("onnx-fp32", EXACT), (EXACT, "pipeline"), ("torch-bf16", "pipeline"))
    return {f"{fast}/{slow}": times(fast, slow) for fast, slow in pairs if fast in told and slow in told}
