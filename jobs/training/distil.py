"""Static embeddings out of an encoder: its matrix of input embeddings, with fewer dimensions, common tokens counting less.

As model2vec does it (Tulkens and van Dongen 2024): principal components of the vectors of all tokens, then each token's vector
times a / (a + p), where p is how often it comes by Zipf's law, taking a vocabulary to be in the order of frequency (Arora et al.
2017).
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from filters.quality.safetensors import header, read
from filters.quality.static_vectors import TOKENIZER, VECTORS
from filters.quality.word_ids import tokenizer_facts
from pipeline.errors import RecipeError

INPUTS = ("word_embeddings.weight", "tok_embeddings.weight", "embed_tokens.weight", "wte.weight")
"""How the names of input embeddings end: of BERT's family, ModernBERT, and of decoders."""
COMMON = 1e-4  # a

Floats = npt.NDArray[np.float32]


def distilled(folder: Path, dim: int) -> Floats:
    """A row for each token of the folder's tokenizer, with `dim` numbers or as many as there are."""
    path = folder / VECTORS
    name = next((name for name in header(path) if name.endswith(INPUTS)), None)
    if name is None:
        raise RecipeError(f"{path} has neither `embeddings` nor input embeddings ({', '.join(INPUTS)})")
    rows, tokens = read(path)[name].astype(np.float64), tokenizer_facts(folder / TOKENIZER).ids
    if rows.ndim != 2 or len(rows) < tokens:
        raise RecipeError(f"{path}: `{name}` is {rows.shape}, and the tokenizer has {tokens} tokens")
    return (components(rows[:tokens], dim) * zipf_weights(tokens)[:, None]).astype(np.float32)


def components(rows: npt.NDArray[np.float64], dim: int) -> npt.NDArray[np.float64]:
    """The rows in their `dim` directions of most variance; of each direction the largest part is positive."""
    centred = rows - rows.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)  # ascending
    chosen = directions[:, ::-1][:, :dim]
    largest = np.abs(chosen).argmax(axis=0)
    return centred @ (chosen * np.sign(chosen[largest, range(chosen.shape[1])]))


def zipf_weights(tokens: int) -> npt.NDArray[np.float64]:
    """What a token counts by its place in the vocabulary."""
    often = 1 / np.arange(2, tokens + 2)
    return COMMON / (COMMON + often / often.sum())
