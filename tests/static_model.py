"""A small model of static embeddings, made for a test: a BERT tokenizer of given words, vectors, and a head."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from filters.quality.safetensors import write
from pipeline.model_files import ModelFiles, listing

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = (
    "the",
    "cat",
    "sat",
    "run",
    "##ning",
    "##s",
    "##at",
    "c",
    "s",
    ".",
    ",",
    "!",
    "a",
    "##a",
    "é",
    "中",
    "##e",
    "1",
)


def tokenizer(words: Sequence[str] = WORDS, *, lower: bool = True) -> Tokenizer:
    vocabulary = {word: place for place, word in enumerate((*SPECIAL, *words))}
    made = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=20))
    made.normalizer = BertNormalizer(lowercase=lower, strip_accents=False)
    made.pre_tokenizer = BertPreTokenizer()
    made.add_special_tokens(list(SPECIAL))
    return made


def model(
    folder: Path, *, words: Sequence[str] = WORDS, dim: int = 4, head: str = "logistic", **more: object
) -> ModelFiles:
    """Writes a model whose vectors a seed decides; `more` is of the configuration, `tensors` are added to the vectors."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer(words).save(str(folder / "tokenizer.json"))
    chosen = np.random.default_rng(5)
    tensors = {"embeddings": chosen.normal(size=(len(SPECIAL) + len(words), dim)).astype(np.float32)}
    write(folder / "model.safetensors", tensors | more.pop("tensors", {}))
    labels = 3 if head == "softmax" else 1
    weight, bias = chosen.normal(size=(labels, dim)).astype(np.float32), chosen.normal(size=labels).astype(np.float32)
    write(folder / "head.safetensors", {"weight": weight, "bias": bias})
    (folder / "config.json").write_bytes(orjson.dumps({"normalize": True, "head": head} | more))
    return files(folder)


def files(folder: Path) -> ModelFiles:
    return ModelFiles(sha256=hashlib.sha256(listing(folder).encode()).hexdigest(), name="static", location=str(folder))
