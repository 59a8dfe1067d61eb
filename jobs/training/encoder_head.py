"""Trains the head of an encoder: over its output as it stands, as FineWeb-Edu did, or with all of its weights.

What is written is a folder as `save_pretrained` of transformers leaves it: one number for a score, else two classes, `low` and
`high`. The vectors that a frozen encoder has for the texts are computed once; the head is then fitted to them exactly.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from jobs.training.bases import base_folder, folder_digest
from jobs.training.kinds import Examples, Fitted, Floats, Settings, tell
from jobs.training.linear import fit_head
from pipeline.errors import RecipeError

FILE = "model"  # a folder
LOW, HIGH = "low", "high"
BATCH_TOKENS = 8_192
ENGINES = ("torch", "transformers", "tokenizers", "numpy")
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")


def train(examples: Examples, settings: Settings, folder: Path) -> Fitted:
    """Writes the folder `model`."""
    if missing := [name for name in ("torch", "transformers") if find_spec(name) is None]:
        raise RecipeError(f"an encoder needs the package {missing[0]}: pip install 'gristmill[gpu]'")
    base, made = base_folder(settings.base), folder / FILE
    trained = Trained(base, settings, classes=examples.classes)
    if settings.fine_tune:
        from jobs.training.fine_tuning import fine_tune

        facts = fine_tune(trained, examples, settings)
    else:
        facts = _fit_over_frozen(trained, examples, settings)
    trained.model.save_pretrained(str(made))
    for weights in made.glob("*.safetensors"):
        weights.chmod(0o644)  # the library writes them for the user alone
    for name in _TOKENIZER:
        if (base / name).is_file():
            shutil.copyfile(base / name, made / name)
    facts = {"base_sha256": folder_digest(base), "device": str(trained.model.device), **facts}
    return Fitted(FILE, lambda _sha256, _path, texts: trained.score(texts), ENGINES, facts)


class Trained:
    """An encoder with a head, and its tokenizer."""

    def __init__(self, base: Path, settings: Settings, *, classes: bool) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        import torch
        from tokenizers import Tokenizer
        from transformers import AutoModelForSequenceClassification
        from transformers.utils import logging

        torch.manual_seed(settings.seed)
        torch.use_deterministic_algorithms(True, warn_only=True)
        logging.disable_progress_bar()
        logging.set_verbosity_error()
        form: dict[str, Any] = {"num_labels": 1, "problem_type": "regression"}
        if classes:
            named = {0: LOW, 1: HIGH}
            form = {"id2label": named, "label2id": {name: place for place, name in named.items()}}
            form["problem_type"] = "single_label_classification"
        try:
            self.model: Any = AutoModelForSequenceClassification.from_pretrained(
                str(base),
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                dtype=torch.float32,
                **form,
            )
            self.tokenizer: Any = Tokenizer.from_file(str(base / "tokenizer.json"))
        except Exception as error:  # the libraries raise nothing narrower
            raise RecipeError(f"--base {settings.base} is no encoder: {str(error).splitlines()[0]}") from error
        self.model.to("cuda" if torch.cuda.is_available() else "cpu")
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(settings.max_tokens)
        self.classes = classes

    @property
    def head(self) -> Any:
        """The last linear layer; RecipeError for an encoder whose class has another form."""
        import torch

        head: Any = getattr(self.model, "classifier", None)
        head = getattr(head, "out_proj", head)
        if not isinstance(head, torch.nn.Linear):
            raise RecipeError(
                f"{type(self.model).__name__} ends with no linear head: its family cannot be trained here"
            )
        return head

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text, cut at the most that are read, with those that the model wants at the ends."""
        return [self.tokenizer.encode(text).ids for text in texts]

    def batch(self, tokens: Sequence[list[int]]) -> dict[str, Any]:
        """Some texts as the model takes them."""
        import torch

        longest = max(map(len, tokens))
        padding = self.model.config.pad_token_id or 0
        ids = torch.tensor([each + [padding] * (longest - len(each)) for each in tokens])
        mask = torch.tensor([[1] * len(each) + [0] * (longest - len(each)) for each in tokens])
        return {"input_ids": ids.to(self.model.device), "attention_mask": mask.to(self.model.device)}

    def score(self, texts: Sequence[str]) -> Floats:
        """What the model says of each text: the number, or the probability of the class `high`."""
        import torch

        tokens, scores = self.tokens(texts), np.empty(len(texts))
        self.model.eval()
        with torch.inference_mode():
            for rows in by_length(tokens):
                logits = self.model(**self.batch([tokens[row] for row in rows])).logits.double()
                said = logits.softmax(dim=1)[:, 1] if self.classes else logits[:, 0]
                scores[rows] = said.cpu().numpy()
        return scores


def by_length(tokens: Sequence[list[int]]) -> Iterator[list[int]]:
    """Rows of about the same length, some thousand tokens at a time."""
    rows: list[int] = []
    for row in sorted(range(len(tokens)), key=lambda each: -len(tokens[each])):
        rows.append(row)
        if len(rows) * len(tokens[rows[0]]) >= BATCH_TOKENS:
            yield rows
            rows = []
    if rows:
        yield rows


def _fit_over_frozen(trained: Trained, examples: Examples, settings: Settings) -> dict[str, Any]:
    import torch

    tell(f"the encoder reads {len(examples.texts):,} texts")
    vectors = _vectors(trained, examples.texts)
    weights = examples.weights(balanced=settings.balanced)
    found = fit_head(vectors, examples.labels, weights, examples.folds, logistic=examples.classes)
    # The softmax of two classes sees the difference of their logits alone: half of it each way.
    weight, bias = (torch.from_numpy(each).float() for each in (found.weight, np.array([found.bias])))
    head = trained.head
    with torch.no_grad():
        head.weight.copy_(torch.stack([-weight / 2, weight / 2]) if trained.classes else weight[None])
        head.bias.copy_(torch.cat([-bias / 2, bias / 2]) if trained.classes else bias)
    return {"dimensions": vectors.shape[1], "penalty": found.penalty, "losses": found.losses}


def _vectors(trained: Trained, texts: Sequence[str]) -> Floats:
    """What comes before the head, for each text."""
    import torch

    seen: list[Any] = []
    watching = trained.head.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    tokens = trained.tokens(texts)
    vectors: Floats | None = None
    trained.model.eval()
    with torch.inference_mode():
        for rows in by_length(tokens):
            seen.clear()
            trained.model(**trained.batch([tokens[row] for row in rows]))
            found = seen[0].double().cpu().numpy()
            vectors = np.empty((len(texts), found.shape[1])) if vectors is None else vectors
            vectors[rows] = found
    watching.remove()
    assert vectors is not None, "there are rows"  # noqa: S101
    return vectors
