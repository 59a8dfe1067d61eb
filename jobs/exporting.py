"""Writes an encoder with a head as an ONNX folder: what `gristmill export-onnx` does."""

import logging
import shutil
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from filters.quality.encoder_folder import Encoder, check_tokenizer, check_weights, encoder_of
from filters.quality.onnx import IDS, MODEL, OUTPUT, session_of
from filters.quality.torch_encoder import torch_model
from pipeline.errors import InputError, RecipeError
from pipeline.model_files import digest_of, refuse
from pipeline.model_formats.folder import files_of

if TYPE_CHECKING:
    import torch

_BESIDE = ("config.json", "tokenizer.json", "tokenizer_config.json")
_OPSET = 18
_WIDTHS = (16, 300)  # at which the export is compared
_ATTENTION = "gristmill_onnx"
_SEE_ALL = ("albert", "bert", "camembert", "distilbert", "electra", "roberta", "xlm-roberta")
_LIKE = 1e-4  # how far a float32 score may be from PyTorch's


def export_onnx(model: Path, target: Path, *, int8: bool = False) -> str:
    """Writes `model.onnx` with configuration and tokenizer into the new folder `target`; the SHA-256 that a recipe names.

    With `int8`, weights of matrix products are 8-bit integers, of 7 bits where a processor's sums of 8 could overflow, and what
    they are multiplied with is quantised as it comes. The float32 file must say what PyTorch says before it is used.

    Raises:
        RecipeError: the folder is no encoder with a head, or the export says something else.
        InputError: `target` is there already.
    """
    encoder = encoder_of(model)
    check_weights(model, encoder)
    check_tokenizer(model, encoder)
    if target.exists():
        raise InputError(f"{target} is there already; name a new folder")
    with _new_folder(target) as folder, _quiet():
        plain = folder / ("plain.onnx" if int8 else MODEL)
        _export(torch_model(model, encoder), encoder, plain)
        if int8:
            _quantise(plain, folder / MODEL)
            plain.unlink()
        for name in _BESIDE:
            if (model / name).is_file():
                shutil.copyfile(model / name, folder / name)
        files = files_of(folder)
        refuse(folder, target.name, files)
    return digest_of(files)


@contextmanager
def _new_folder(target: Path) -> Generator[Path]:
    """A folder that takes its name once it is whole; nothing of it is left if writing fails."""
    unfinished = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        unfinished.mkdir(parents=True)
        yield unfinished
        unfinished.rename(target)
    except OSError as error:
        raise InputError(f"{target}: {error.strerror}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def _quiet() -> Generator[None]:
    """Without what exporter and quantiser say of their own parts, which nobody who exports can change."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _export(model: Any, encoder: Encoder, path: Path) -> None:
    """The model in float32, for texts of any width and without padding, and a comparison with the original."""
    import torch

    model, vocabulary = model.eval(), encoder.vocabulary
    widths = [min(width, encoder.positions) for width in _WIDTHS]
    sizes = {0: torch.export.Dim("batch", min=1), 1: torch.export.Dim("width", min=2)}
    with torch.inference_mode():
        wanted = [model(input_ids=_probe(vocabulary, width)).logits.numpy() for width in widths]
        _attend_in_one(model, encoder.kind)
        torch.onnx.export(
            _logits_of(model),
            (_probe(vocabulary, 24),),
            str(path),
            input_names=[IDS],
            output_names=[OUTPUT],
            dynamic_shapes=(sizes,),
            opset_version=_OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    session = session_of(path)
    for width, logits in zip(widths, wanted, strict=True):
        found = session.run([OUTPUT], {IDS: _probe(vocabulary, width).numpy()})[0]
        if not abs(found - logits).max() <= _LIKE * max(1.0, abs(logits).max()):
            raise RecipeError(f"the export says {found.ravel()[:3]} where the model says {logits.ravel()[:3]}")


def _probe(vocabulary: int, width: int) -> "torch.Tensor":
    """Token ids of two texts, the same each time."""
    import torch

    return torch.randint(0, vocabulary, (2, width), generator=torch.Generator().manual_seed(width))


def _logits_of(model: Any) -> Any:
    """A module that gives the head's numbers alone, as a tensor."""
    import torch

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: "torch.Tensor") -> "torch.Tensor":
            return self.model(input_ids=input_ids).logits

    return Logits().eval()


def _attend_in_one(model: Any, kind: str) -> None:
    """Attention becomes one operator of ONNX Runtime's in families where all tokens see all, 13 % less time at 512 tokens.

    In others, with windows or biases, it is written out as products and a softmax.
    """
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface

    if kind not in _SEE_ALL:
        model.set_attn_implementation("eager")
        return
    AttentionInterface.register(_ATTENTION, _attention)
    AttentionMaskInterface.register(_ATTENTION, lambda *_, **__: None)  # nothing is padded
    model.set_attn_implementation(_ATTENTION)


def _attention(
    _module: Any,
    query: "torch.Tensor",
    key: "torch.Tensor",
    value: "torch.Tensor",
    *_mask: Any,
    scaling: float,
    **_more: Any,
) -> "tuple[torch.Tensor, None]":
    """Transformers' interface: batch, heads, tokens and width in; batch, tokens, heads and width out."""
    import torch

    batch, heads, tokens, width = query.shape
    flat = [each.transpose(1, 2).reshape(batch, tokens, heads * width) for each in (query, key, value)]
    found: Any = torch.onnx.ops.symbolic(
        "com.microsoft::MultiHeadAttention",
        flat,
        attrs={"num_heads": heads, "scale": float(scaling)},
        dtype=query.dtype,
        shape=(batch, tokens, heads * width),
        version=1,
    )
    return found.reshape(batch, tokens, heads, width), None


def _quantise(plain: Path, path: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        plain,
        path,
        op_types_to_quantize=["MatMul"],  # of layers; embeddings and the head stay as they are
        per_channel=True,
        reduce_range=True,  # AVX2 adds two products in 16 bits, and 8 times 8 bits overflow there
        weight_type=QuantType.QInt8,
    )
