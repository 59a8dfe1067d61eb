"""What scoring costs at least: operations and bytes a page, and the operations a second of a machine that does nothing else."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from filters.quality.encoder_folder import encoder_of
from filters.quality.weights import tensors_of

_NOT_A_TOKEN = ("embeddings", "pooler", "classifier", "head.")  # once a text, or looked up
_SIDE = {"cpu": 2_048, "cuda": 8_192}
_ROUNDS = {"cpu": 3, "cuda": 20}
CORE = "core"
"""The rate of one core, in float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What an encoder's work depends on: all its parameters, those that each token is multiplied with, layers and width."""

    parameters: int
    multiplied: int
    layers: int
    hidden: int

    def operations(self, lengths: npt.NDArray[np.int64]) -> float:
        """Of texts with so many tokens: 2 a weight and token; in each layer tokens by tokens, twice, over the width."""
        counted = lengths.astype(np.float64)
        return float(2 * self.multiplied * counted.sum() + 4 * self.layers * self.hidden * (counted**2).sum())


def shape_of(folder: Path) -> Shape:
    """By the configuration and the headers of the weights; nothing is loaded."""
    data = encoder_of(folder).data
    sizes = {name: each.shape for name, each in tensors_of(folder).items()}
    multiplied = [
        prod(size) for name, size in sizes.items() if len(size) == 2 and not any(part in name for part in _NOT_A_TOKEN)
    ]
    shared = _number(data, "num_hidden_layers") if data["model_type"] == "albert" else 1  # one layer's weights for all
    return Shape(
        parameters=sum(map(prod, sizes.values())),
        multiplied=sum(multiplied) * shared,
        layers=_number(data, "num_hidden_layers", "n_layers"),
        hidden=_number(data, "hidden_size", "dim"),
    )


def _number(data: dict[str, Any], *names: str) -> int:
    return int(next(data[name] for name in names if name in data))


def floor(shape: Shape, lengths: npt.NDArray[np.int64], texts: Sequence[str]) -> dict[str, float]:
    """What a page needs whatever computes it: operations, bytes of text read, bytes of token ids sent to a device."""
    pages = len(texts)
    return {
        "tokens_a_page": round(float(lengths.sum()) / pages, 1),
        "operations_a_page": round(shape.operations(lengths) / pages),
        "text_bytes_a_page": round(sum(len(text.encode()) for text in texts) / pages),
        "id_bytes_a_page": round(4 * float(lengths.sum()) / pages),
        "weight_bytes": 4 * shape.parameters,
    }


def matrix_rates(device: str) -> dict[str, float]:
    """Operations a second of large square products, the best of some: float32 on a core by CPU time, and of a GPU both kinds."""
    import torch

    rates = {CORE: _rate("cpu", torch.float32)}
    return rates | (
        {"fp32": _rate(device, torch.float32), "bf16": _rate(device, torch.bfloat16)} if device == "cuda" else {}
    )


def _rate(device: str, kind: Any) -> float:
    import torch

    side = _SIDE[device]
    left, right = (torch.randn(side, side, device=device, dtype=kind) for _ in range(2))
    clock = time.process_time if device == "cpu" else time.perf_counter
    threads, best = torch.get_num_threads(), float("inf")
    torch.set_num_threads(1)
    with torch.inference_mode():
        torch.matmul(left, right)
        for _ in range(_ROUNDS[device]):
            _settled(device)
            began = clock()
            torch.matmul(left, right)
            _settled(device)
            best = min(best, clock() - began)
    torch.set_num_threads(threads)
    return 2 * side**3 / best


def _settled(device: str) -> None:
    import torch

    if device == "cuda":
        torch.cuda.synchronize()
