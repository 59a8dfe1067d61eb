"""ONNX: a graph of operators. Those that are computed by the runtime itself are allowed, and tensors within file and folder.

The messages are those of onnx.proto3; of them only what could lead out of the file or lie about a size is looked at.
"""

import re
from collections.abc import Callable
from math import prod

from pipeline.model_formats.fields import Fields, RefusedError
from pipeline.model_formats.wire import Message

MOST_BYTES = (1 << 31) - 1  # of a message of protocol buffers; larger weights lie beside it
_MOST_DEPTH = 16  # graphs within graphs
_STANDARD = ("", "ai.onnx", "ai.onnx.ml")
_QUANTISED = "com.microsoft"
# Of ONNX Runtime's own operators those of quantised and of fused encoders. Others of its domain open files (EPContext)
# or run code.
_OPERATORS = frozenset(
    re.findall(
        r"\w+",
        """
        Attention BiasGelu BiasAdd BiasSoftmax DequantizeLinear DynamicQuantizeLSTM DynamicQuantizeMatMul
        EmbedLayerNormalization FastGelu FusedGemm FusedMatMul GatherBlockQuantized Gelu GemmFastGelu LayerNormalization
        MatMulBnb4 MatMulInteger16 MatMulIntegerToFloat MatMulNBits MultiHeadAttention PackedAttention
        PackedMultiHeadAttention QAttention QEmbedLayerNormalization QGemm QLinearAdd QLinearAveragePool QLinearConcat
        QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul QLinearReduceMean QLinearSigmoid QLinearSoftmax QLinearWhere
        QuantizeLinear QuickGelu RemovePadding RestorePadding RotaryEmbedding SimplifiedLayerNormalization
        SkipLayerNormalization SkipSimplifiedLayerNormalization
        """,
    )
)
# Bits of an element, by data_type; text (8) has none.
_BITS = {1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16,
         17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8}  # fmt: skip
_TEXT = 8
Sizes = Callable[[str], int | None]
"""How many bytes a file beside the model has, by its name; None where there is none."""


def check_onnx(fields: Fields, beside: Sizes) -> str:
    """How many operators and bytes of weights; RefusedError for others' operators, and tensors that lie where they should not."""
    if not 0 < fields.size <= MOST_BYTES:
        raise RefusedError(f"it has {fields.size:,} bytes, which a model of ONNX has not")
    model = Message(fields.take(fields.size), 0, fields.size)
    looking = _Looking(model, beside)
    looking.model()
    return f"{looking.operators:,} operators, {looking.weights:,} bytes of weights"


class _Looking:
    """A walk through all graphs of a model."""

    def __init__(self, model: Message, beside: Sizes) -> None:
        self.operators = self.weights = 0
        self._model, self._beside = model, beside

    def model(self) -> None:
        """All of it."""
        graphs = 0
        for field, message in self._model.messages(7, 8, 20, 25):
            if field == 7:
                graphs += 1
                self._graph(message, 0)
            elif field == 8:
                _check_domain(_last_text(message, 1))
            elif field == 20:
                raise RefusedError("it says how to train it, which a model that is run does not")
            else:
                self._function(message)
        if graphs != 1:
            raise RefusedError("it has not one graph, as a model of ONNX has")

    def _function(self, function: Message) -> None:
        """A graph with a name. It allows no operator: one of the runtime's with the same name might be taken for it."""
        _check_domain(_last_text(function, 10))
        for field, message in function.messages(7, 9, 11):
            if field == 7:
                self._node(message, 0)
            elif field == 9:
                _check_domain(_last_text(message, 1))
            else:
                self._attribute(message, 0)

    def _graph(self, graph: Message, depth: int) -> None:
        if depth > _MOST_DEPTH:
            raise RefusedError("its graphs lie within each other without end")
        for field, message in graph.messages(1, 5, 15):
            if field == 1:
                self._node(message, depth)
            elif field == 5:
                self._tensor(message)
            else:
                raise RefusedError("it has sparse weights, whose size its bytes do not bound")

    def _node(self, node: Message, depth: int) -> None:
        self.operators += 1
        domain, operator = _last_text(node, 7), _last_text(node, 4)
        if domain not in _STANDARD and (domain != _QUANTISED or operator not in _OPERATORS):
            raise RefusedError(
                f"its operator {operator!r} of {domain!r} is not one that the runtime computes by itself"
            )
        for _, attribute in node.messages(5):
            self._attribute(attribute, depth)

    def _attribute(self, attribute: Message, depth: int) -> None:
        single = [field for field, _ in attribute.messages(5, 6)]
        if len(set(single)) < len(single):  # a reader would merge them into one that was looked at nowhere
            raise RefusedError("it has an attribute with two values")
        for field, message in attribute.messages(5, 6, 10, 11, 22, 23):
            if field in (6, 11):
                self._graph(message, depth + 1)
            elif field in (5, 10):
                self._tensor(message)
            else:
                raise RefusedError("it has sparse tensors, whose size its bytes do not bound")

    def _tensor(self, tensor: Message) -> None:
        """Its elements must be there: in the file as bytes or numbers, or in a file beside it."""
        shape, kind, packed, raw, outside, external = _read_tensor(tensor)
        elements = prod(shape)
        if kind == _TEXT and elements <= packed:
            return
        if kind not in _BITS:
            raise RefusedError(f"it has a tensor of kind {kind} with {elements:,} elements")
        size = -(-elements * _BITS[kind] // 8)
        if external:
            self._check_outside(outside, size)
        elif raw is not None and raw != size:
            raise RefusedError(f"it has a tensor of {size:,} bytes, and {raw:,} are there")
        elif raw is None and elements > 2 * packed:  # two of 4 bits may share a number
            raise RefusedError(f"it has a tensor of {elements:,} elements, and {packed:,} are there at most")
        self.weights += size

    def _check_outside(self, told: dict[str, str], size: int) -> None:
        """That the file lies in the folder and has the bytes; nothing is opened."""
        name = told.get("location", "")
        plain = name not in ("", ".", "..") and not set(name) & set("/\\:\0")
        there = self._beside(name) if plain else None
        if there is None:
            raise RefusedError(f"its weights are said to lie in {name!r}, which is no file beside it")
        start, length = _whole(told.get("offset", "0")), _whole(told.get("length", str(size)))
        if length != size or start + length > there:
            raise RefusedError(
                f"its weights are said to be {length:,} bytes from {start:,} on of {name}, which has {there:,}"
            )


def _check_domain(domain: str) -> None:
    if domain not in (*_STANDARD, _QUANTISED):
        raise RefusedError(f"it wants operators of {domain!r}, which are code of somebody else")


def _read_tensor(tensor: Message) -> tuple[list[int], int, int, int | None, dict[str, str], bool]:
    """Shape, kind, the most elements that its numbers can be, bytes if there are such, and where it lies if elsewhere."""
    shape: list[int] = []
    kind, packed, raw, external = 0, 0, None, False
    outside: dict[str, str] = {}
    for field, value in tensor.fields():
        if field == 1:
            shape += [value] if isinstance(value, int) else list(value.numbers())
        elif field == 2 and isinstance(value, int):
            kind = value
        elif field == 14:
            external = value != 0
        elif field in (4, 5, 6, 7, 10, 11):
            packed += 1 if isinstance(value, int) else max(len(value), int(field == 6))
        elif field == 9 and isinstance(value, Message):
            raw = len(value)
        elif field == 13 and isinstance(value, Message):
            key = _last_text(value, 1)
            if key in outside:
                raise RefusedError(f"its weights have two places: {key} comes twice")
            outside[key] = _last_text(value, 2)
    if any(size >= 1 << 40 for size in shape):  # a negative one is above it, too
        raise RefusedError(f"it has a tensor of the shape {shape}")
    return shape, kind, packed, raw, outside, external or bool(outside)


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise RefusedError(f"the place of its weights is {text!r}, which is no number")
    return int(text)


def _last_text(message: Message, wanted: int) -> str:
    """A field that is text; what comes later stands, as in protocol buffers."""
    found = ""
    for _, value in message.messages(wanted):
        found = value.text()
    return found
