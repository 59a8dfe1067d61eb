"""Every quality model, for the contracts that all of them keep, each with a small model that is made here.

A class of a module of `filters.quality` is taken up by itself and must have a maker in MODELS. `others` names for each of its
fields another value, which makes another model of it; of fields that bear no identity, one that does not.
"""

import hashlib
import importlib
import pkgutil
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from chat_server import ChatServer
from model_makers import WORDS, fasttext_model
from static_model import SPECIAL, tokenizer
from static_model import model as static_model
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing

import filters.quality
from filters.quality.encoder import EncoderQuality
from filters.quality.endpoint import EndpointQuality
from filters.quality.fasttext import FastTextQuality
from filters.quality.kenlm import WORST, KenLmQuality
from filters.quality.onnx import OnnxQuality
from filters.quality.safetensors import write
from filters.quality.static import StaticQuality
from jobs.bench.score.hashed_binary import write_hashed
from pipeline.asked import Budget, Sample
from pipeline.assets import Asset
from pipeline.model_files import ModelFiles, listing
from pipeline.quality import QualityModel

WIDTH = 16


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kind of model: its class, how a small one is made in a folder, and what its scores can be.

    `make` is given a seed, of which another makes other files. `strange` are values of fields that these files cannot do, and
    `loads` modules without which the model cannot be loaded.
    """

    cls: type
    make: Callable[[Path, int], QualityModel]
    least: float
    most: float
    others: Mapping[str, Any]
    strange: Mapping[str, Any] = field(default_factory=dict)
    elsewhere: Mapping[str, Any] = field(default_factory=dict)
    loads: tuple[str, ...] = ()

    def made(self, folder: Path, seed: int = 1) -> QualityModel:
        """A model whose files lie in `folder`; skips where it could not be loaded here."""
        for module in self.loads:
            pytest.importorskip(module, reason=f"{module} is not installed (extra `gpu`)")
        folder.mkdir(parents=True, exist_ok=True)
        return self.make(folder, seed)

    def changed(self, model: Any, folder: Path) -> Iterator[tuple[str, QualityModel]]:
        """The model with each of its fields changed in turn; other files are made in folders of `folder`."""
        for name, value in self.others.items():
            yield name, replace(model, **{name: value(folder / name) if callable(value) else value})


def asset(path: Path) -> Asset:
    return Asset(sha256=hashlib.sha256(path.read_bytes()).hexdigest(), name=path.name, location=str(path))


def files(folder: Path) -> ModelFiles:
    digest = hashlib.sha256(listing(folder).encode()).hexdigest()
    return ModelFiles(sha256=digest, name=folder.name, location=str(folder))


def fasttext(folder: Path, seed: int) -> FastTextQuality:
    path = folder / "model.bin"
    path.write_bytes(fasttext_model(labels=seed + 1, wordNgrams=2, epoch=25, lr=0.3))
    return FastTextQuality(model=asset(path), label="__label__1")


def tree(folder: Path, seed: int) -> FastTextQuality:
    """A classifier that chooses along a tree, which is left to the library."""
    path = folder / "model.bin"
    path.write_bytes(fasttext_model(labels=seed + 1, loss="hs", epoch=25, lr=0.3))
    return FastTextQuality(model=asset(path), label="__label__1")


def hashed(folder: Path, seed: int) -> KenLmQuality:
    words = {(word,): (-1 - number * seed / 10, -0.2) for number, word in enumerate(WORDS)}
    around = {("<unk>",): (-2.5, 0.0), ("<s>",): (0.0, -0.3), ("</s>",): (-1.2, 0.0)}
    pairs = {("<s>", word): (-0.3 - number / 100, 0.0) for number, word in enumerate(WORDS)}
    write_hashed(folder / "model.binary", [around | words, pairs])
    return KenLmQuality(model=asset(folder / "model.binary"))


def arpa(folder: Path, seed: int) -> KenLmQuality:
    lines = ["\\data\\", f"ngram 1={len(WORDS) + 3}", f"ngram 2={len(WORDS)}", "", "\\1-grams:", "-2.5\t<unk>\t0"]
    lines += ["0\t<s>\t-0.3", "-1.2\t</s>\t0"]
    lines += [f"-{1 + number * seed / 10}\t{word}\t-0.2" for number, word in enumerate(WORDS)]
    lines += ["", "\\2-grams:", *(f"-0.{number + 3}\t<s> {word}" for number, word in enumerate(WORDS)), "", "\\end\\"]
    (folder / "model.arpa").write_text("\n".join(lines) + "\n")
    return KenLmQuality(model=asset(folder / "model.arpa"))


def arpa_of_pieces(folder: Path, seed: int) -> KenLmQuality:
    tokenizer(WORDS).save(str(folder / "pieces.json"))
    return replace(arpa(folder, seed), tokenizer=asset(folder / "pieces.json"))


def static(folder: Path, seed: int) -> StaticQuality:
    return StaticQuality(model=static_model(folder, words=WORDS, dim=4 * seed))


def softmax(folder: Path, seed: int) -> StaticQuality:
    return StaticQuality(model=static_model(folder, words=WORDS, dim=4 * seed, head="softmax"), label=1)


def describe(folder: Path, seed: int, labels: int) -> None:
    """Configuration and tokenizer of an encoder of some sixteen numbers a token."""
    made: Tokenizer = tokenizer(WORDS)
    around = [(name, made.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    made.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=around)
    made.save(str(folder / "tokenizer.json"))
    sizes = {"hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    more = {
        "model_type": "bert",
        "vocab_size": len(SPECIAL) + len(WORDS),
        "max_position_embeddings": 64,
        "pad_token_id": 0,
    }
    named = {"id2label": {str(number): f"class {number}" for number in range(labels)}}
    (folder / "config.json").write_bytes(orjson.dumps(sizes | more | named | {"layer_norm_eps": 1e-12 * seed}))


def encoder(folder: Path, seed: int, labels: int = 1) -> EncoderQuality:
    describe(folder, seed, labels)
    drawn = np.random.default_rng(seed)
    layer = "bert.encoder.layer.0"
    linear = {f"{layer}.attention.self.{name}": (WIDTH, WIDTH) for name in ("query", "key", "value")}
    linear |= {f"{layer}.attention.output.dense": (WIDTH, WIDTH), "bert.pooler.dense": (WIDTH, WIDTH)}
    linear |= {f"{layer}.intermediate.dense": (32, WIDTH), f"{layer}.output.dense": (WIDTH, 32)}
    linear |= {"classifier": (labels, WIDTH)}
    tables = {"word": len(SPECIAL) + len(WORDS), "position": 64, "token_type": 2}
    norms = ("bert.embeddings", f"{layer}.attention.output", f"{layer}.output")
    tensors = {f"{name}.weight": drawn.normal(size=shape) for name, shape in linear.items()}
    tensors |= {f"{name}.bias": drawn.normal(size=shape[0]) for name, shape in linear.items()}
    tensors |= {
        f"bert.embeddings.{name}_embeddings.weight": drawn.normal(size=(n, WIDTH)) for name, n in tables.items()
    }
    tensors |= {f"{name}.LayerNorm.weight": np.ones(WIDTH) for name in norms}
    tensors |= {f"{name}.LayerNorm.bias": np.zeros(WIDTH) for name in norms}
    write(folder / "model.safetensors", {name: value.astype(np.float32) for name, value in tensors.items()})
    return EncoderQuality(model=files(folder), max_tokens=32, token_budget=256)


def classifier(folder: Path, seed: int) -> EncoderQuality:
    """An encoder of three classes that reads the whole of a text."""
    return replace(
        encoder(folder, seed, labels=3), label="class 2", long="windows", overlap=4, pool="max", column="class_2"
    )


def onnx(folder: Path, seed: int) -> OnnxQuality:
    """A graph whose score is a linear function of the mean of its tokens' vectors."""
    from onnx import TensorProto, helper, numpy_helper, save_model

    describe(folder, seed, 1)
    drawn = np.random.default_rng(seed)
    told = {"vectors": drawn.normal(size=(len(SPECIAL) + len(WORDS), WIDTH)), "head": drawn.normal(size=(WIDTH, 1))}
    weights = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in told.items()]
    nodes = [
        helper.make_node("Gather", ["vectors", "input_ids"], ["each"]),
        helper.make_node("ReduceMean", ["each"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["mean", "head"], ["logits"]),
    ]
    reads = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])]
    gives = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["texts", 1])]
    graph = helper.make_graph(nodes, "mean", reads, gives, weights)
    save_model(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "model.onnx"
    )
    return OnnxQuality(model=files(folder), max_tokens=32)


SERVER = ChatServer()  # begun by the tests
AMPLE = Budget(run_requests=1_000_000, run_tokens=2_000_000_000)  # for 1,000 parts


def endpoint(folder: Path, seed: int) -> EndpointQuality:
    return EndpointQuality(model=f"miller-{seed}b", base_url=SERVER.base_url, at_once=4, seconds=10, budget=AMPLE)


def another(make: Callable[[Path, int], Any], named: str = "model") -> Callable[[Path], Any]:
    """What the field `named` is of a model of another seed."""

    def of(folder: Path) -> Any:
        folder.mkdir(parents=True, exist_ok=True)
        return getattr(make(folder, 2), named)

    return of


NAMED: dict[str, Any] = {"column": "other_score", "resolution": 10_000}
READ = {"max_tokens": 16, "long": "windows", "pool": "max", "overlap": 2, "most_windows": 3, "label": 0}
ANSWERED = {
    "model": "other", "prompt": "{text}", "pattern": r"Score: (\d)", "least": -1.0, "most": 6.0, "most_chars": 9, "max_tokens": 9,
    "limit": "max_completion_tokens", "settings": (("seed", 1),), "sample": Sample(share=0.5), **NAMED,
}  # fmt: skip
ASKED = {
    "base_url": "https://example.org/v1", "key_variable": "OTHER_KEY", "budget": Budget(part_requests=7), "at_once": 1,
    "seconds": 1.0,
}  # fmt: skip
_PIECES = another(arpa_of_pieces, "tokenizer")

MODELS: dict[str, Case] = {
    "fasttext": Case(
        cls=FastTextQuality,
        make=fasttext,
        least=0.0,
        most=1.00001,  # the library adds 0.00001 to each probability
        others={"model": another(fasttext), "label": "__label__0", **NAMED},
        strange={"label": "__label__good"},
        loads=("fasttext",),
    ),
    "fasttext, by a tree": Case(
        cls=FastTextQuality,
        make=tree,
        least=0.0,
        most=1.00001,
        others={"model": another(tree), "label": "__label__0", **NAMED},
        strange={"label": "__label__good"},
        loads=("fasttext",),
    ),
    "kenlm, hash tables": Case(
        cls=KenLmQuality,
        make=hashed,
        least=1.0,
        most=WORST,
        others={"model": another(hashed), "tokenizer": _PIECES, "normalize": False, **NAMED},
    ),
    "kenlm": Case(
        cls=KenLmQuality,
        make=arpa,
        least=1.0,
        most=WORST,
        others={"model": another(arpa), "tokenizer": _PIECES, "normalize": False, **NAMED},
    ),
    "kenlm of pieces": Case(
        cls=KenLmQuality,
        make=arpa_of_pieces,
        least=1.0,
        most=WORST,
        others={"model": another(arpa), "tokenizer": None, "normalize": False, **NAMED},
    ),
    "static": Case(
        cls=StaticQuality,
        make=static,
        least=0.0,
        most=1.0,
        others={"model": another(static), "label": 1, "max_tokens": 5, **NAMED},
        strange={"label": 1},
    ),
    "static, several labels": Case(
        cls=StaticQuality,
        make=softmax,
        least=0.0,
        most=1.0,
        others={"model": another(softmax), "label": 0, "max_tokens": None, **NAMED},
        strange={"label": 3},
    ),
    "encoder": Case(
        cls=EncoderQuality,
        make=encoder,
        least=-np.inf,
        most=np.inf,
        others={"model": another(encoder), "token_budget": 512, **READ, **NAMED},
        strange={"label": 0, "max_tokens": 65},
        loads=("torch", "transformers"),
    ),
    "encoder, one of several classes": Case(
        cls=EncoderQuality,
        make=classifier,
        least=0.0,
        most=1.0,
        others={"model": another(classifier), "token_budget": 512, **READ, "long": "head", "pool": "mean", **NAMED},
        strange={"label": "class 3", "max_tokens": 65},
        loads=("torch", "transformers"),
    ),
    "onnx": Case(
        cls=OnnxQuality,
        make=onnx,
        least=-np.inf,
        most=np.inf,
        others={"model": another(onnx), **READ, **NAMED},
        strange={"label": 0, "max_tokens": 65},
        loads=("onnx", "onnxruntime"),
    ),
    "endpoint": Case(cls=EndpointQuality, make=endpoint, least=0.0, most=5.0, others=ANSWERED, elsewhere=ASKED),
}


def plain(count: int, seed: int = 1) -> list[str]:
    """Texts of words that the models know, no two alike."""
    drawn = random.Random(seed)
    return [" ".join(drawn.choices(WORDS, k=drawn.randrange(2, 30))) for _ in range(count)]


def model_classes() -> set[type]:
    """The classes in modules of `filters.quality` that say they are quality models."""
    modules = [
        importlib.import_module(f"filters.quality.{each.name}")
        for each in pkgutil.iter_modules(filters.quality.__path__)
    ]
    classes = {
        cls for module in modules for cls in vars(module).values() if isinstance(cls, type) and is_dataclass(cls)
    }
    return {cls for cls in classes if all(hasattr(cls, name) for name in ("check", "load", "engines", "version"))}
