"""Static embeddings: a vector for each token, and for a text the mean of its tokens', as model2vec has them.

A folder holds `tokenizer.json`, `model.safetensors` with `embeddings` [rows, dimensions] and perhaps, of each token, `weights`
and in `mapping` its row, and `config.json` whose `normalize` says whether texts' vectors have length 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from filters.quality.model_file import json_of
from filters.quality.safetensors import Tensor, header, read
from filters.quality.word_ids import WordIds, tokenizer_facts
from pipeline.errors import RecipeError

TOKENIZER, VECTORS, CONFIG = "tokenizer.json", "model.safetensors", "config.json"

Floats = npt.NDArray[np.float32]
Vectors = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TokenLists:
    """The tokens of texts, one text behind the other; those of text i are `ids[starts[i]:starts[i + 1]]`."""

    ids: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]

    @property
    def texts(self) -> int:
        """How many texts there are."""
        return len(self.starts) - 1


def check_vectors(folder: Path) -> int:
    """How many dimensions the vectors of a folder have; RecipeError where its files do not belong together. No number is read."""
    path = folder / VECTORS
    there = header(path)
    shapes = {name: tensor.shape for name, tensor in there.items()}
    if not _is_matrix(there.get("embeddings")):
        raise RecipeError(f"{path}: no matrix `embeddings`; there are {', '.join(shapes) or 'no tensors'}")
    rows, width = shapes["embeddings"]
    wanted = tokenizer_facts(folder / TOKENIZER).ids
    of_tokens = [name for name in ("mapping", "weights") if name in shapes]
    for name in of_tokens:
        if shapes[name] != (wanted,):
            raise RecipeError(f"{path}: `{name}` is {shapes[name]}, and the tokenizer has {wanted} tokens")
    if "mapping" not in shapes and rows != wanted:
        raise RecipeError(
            f"{path}: {rows} embeddings, and the tokenizer has {wanted} tokens: they do not belong together"
        )
    if type(json_of(folder / CONFIG).get("normalize", False)) is not bool:
        raise RecipeError(f"{folder / CONFIG}: `normalize` must be true or false")
    return width


def _is_matrix(tensor: Tensor | None) -> bool:
    return tensor is not None and len(tensor.shape) == 2 and min(tensor.shape) > 0 and not tensor.kind.startswith("B")


class StaticVectors:
    """The loaded embeddings of a folder."""

    def __init__(self, folder: Path, max_tokens: int | None, *, normalize: bool | None = None) -> None:
        check_vectors(folder)
        self.normalize: bool = json_of(folder / CONFIG).get("normalize", False) if normalize is None else normalize
        self.rows = token_rows(folder)
        self._words = WordIds(folder / TOKENIZER)
        self._most = max_tokens

    def prepare(self, texts: Sequence[str]) -> TokenLists:
        """The tokens of each text, up to the most that are read."""
        found: list[int] = []
        starts = np.zeros(len(texts) + 1, np.int64)
        for place, text in enumerate(texts, 1):
            found += self._words.ids(text, self._most)
            starts[place] = len(found)
        return TokenLists(np.array(found, np.int32), starts)

    def vectors(self, tokens: TokenLists) -> Vectors:
        """A row for each text: zeros where it has no token that is known."""
        from filters.quality.static_kernel import mean_rows

        return mean_rows(tokens.ids, tokens.starts, self.rows, self.normalize)


def token_rows(folder: Path) -> Floats:
    """The vector of each token: its row of the embeddings, times its weight."""
    path = folder / VECTORS
    told = read(path)
    rows = np.ascontiguousarray(told["embeddings"], np.float32)
    if "mapping" in told:
        mapping = told["mapping"].astype(np.int64)
        if mapping.min() < 0 or mapping.max() >= len(rows):
            raise RecipeError(f"{path}: `mapping` names a row that is not there")
        rows = rows[mapping]
    if "weights" in told:
        rows = rows * told["weights"].astype(np.float32)[:, None]
    if not np.isfinite(rows).all():
        raise RecipeError(f"{path}: some embedding is no number")
    return rows
