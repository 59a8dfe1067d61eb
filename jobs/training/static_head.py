"""Trains a linear head over static embeddings, which stay as they are."""

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import orjson

from filters.quality import safetensors
from filters.quality.model_file import json_of
from filters.quality.static import HEAD, StaticQuality
from filters.quality.static_vectors import CONFIG, TOKENIZER, VECTORS, StaticVectors
from jobs.training.bases import base_folder, folder_digest
from jobs.training.distil import distilled
from jobs.training.kinds import Examples, Fitted, Floats, Settings, scores_by, tell
from jobs.training.linear import fit_head
from pipeline.model_files import ModelFiles

FILE = "model"  # a folder


def train(examples: Examples, settings: Settings, folder: Path) -> Fitted:
    """Writes the folder `model`: the embeddings of the base, or those distilled from it, its tokenizer, and the head."""
    base, made = base_folder(settings.base), folder / FILE
    made.mkdir()
    shutil.copyfile(base / TOKENIZER, made / TOKENIZER)
    static = "embeddings" in safetensors.header(base / VECTORS)
    if static:
        shutil.copyfile(base / VECTORS, made / VECTORS)
    else:
        tell(f"distilling {settings.dim} dimensions from the input embeddings in {base}")
        safetensors.write(made / VECTORS, {"embeddings": distilled(base, settings.dim)})
    normalize = bool(json_of(base / CONFIG).get("normalize", False)) if static else True
    head = "logistic" if examples.classes else "linear"
    told = {"model_type": "model2vec", "normalize": normalize, "head": head, "max_tokens": settings.max_tokens}
    (made / CONFIG).write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    vectors = StaticVectors(made, settings.max_tokens)
    x = vectors.vectors(vectors.prepare(examples.texts))
    weights = examples.weights(balanced=settings.balanced)
    tell(f"fitting a {head} head to {len(x):,} texts of {x.shape[1]} numbers")
    found = fit_head(x, examples.labels, weights, examples.folds, logistic=examples.classes)
    weight, bias = found.weight.astype(np.float32)[None], np.array([found.bias], np.float32)
    safetensors.write(made / HEAD, {"weight": weight, "bias": bias})
    facts = {
        "base_sha256": folder_digest(base),
        "dimensions": x.shape[1],
        "penalty": found.penalty,
        "losses": found.losses,
    }
    return Fitted(FILE, partial(_score, max_tokens=settings.max_tokens), ("tokenizers", "numpy"), facts)


def _score(sha256: str, path: Path, texts: Sequence[str], *, max_tokens: int) -> Floats:
    files = ModelFiles(sha256=sha256, name=FILE, location=str(path))
    return scores_by(StaticQuality(model=files, max_tokens=max_tokens), texts)
