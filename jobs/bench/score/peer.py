"""The peer: transformers' own text-classification pipeline, over the same texts, at the batch size that suits it best."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from jobs.bench.score.passes import Pass, texts_in, write_scores

SIZES = {"cpu": (1, 8, 32), "cuda": (32, 128, 512)}
TRIED = {"cpu": 24, "cuda": 2_048}  # texts by which a size is chosen


class TransformersPipeline:
    """The pipeline over a folder: bf16 on a GPU, float32 on a core."""

    def __init__(self, folder: Path, device: str, max_tokens: int) -> None:
        import torch
        from transformers import pipeline

        made: Any = pipeline
        self._device, self._most = device, max_tokens
        self._pipeline = made(
            "text-classification",
            model=str(folder),
            tokenizer=str(folder),
            device=device,
            dtype=torch.bfloat16 if device == "cuda" else torch.float32,
            trust_remote_code=False,
        )
        self.batch = 0

    def choose(self, texts: list[str]) -> dict[str, float]:
        """Tries batch sizes on some of the texts; pages a second of each."""
        texts = texts[: TRIED[self._device]]
        rates: dict[str, float] = {}
        for size in SIZES[self._device]:
            self._scores(texts[: min(len(texts), size)], size)
            began = time.perf_counter()
            self._scores(texts, size)
            rates[str(size)] = round(len(texts) / (time.perf_counter() - began), 2)
        self.batch = int(max(rates, key=lambda size: rates[size]))
        return rates

    def _scores(self, texts: list[str], size: int) -> list[float]:
        answers = self._pipeline(
            texts, batch_size=size, truncation=True, max_length=self._most, function_to_apply="none", padding=True
        )
        return [answer["score"] for answer in answers]

    def run(self, source: Path, target: Path) -> Pass:
        """Scores a Parquet file of texts into another."""
        began, cpu = time.perf_counter(), time.process_time()
        scores = [score for texts in texts_in(source) for score in self._scores(texts, self.batch)]
        write_scores(target, scores)
        seconds = time.perf_counter() - began
        return Pass(
            scores=np.array(scores),
            seconds=seconds,
            cpu_seconds=time.process_time() - cpu,
            busy_seconds=0.0,
            tokens=0,
            padding=0,
        )
