"""Native formats: what a file says of its own sizes is held against its bytes, before a library takes it at its word."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from model_makers import (
    ARPA,
    external,
    fasttext_model,
    kenlm,
    message,
    node,
    onnx_model,
    safetensors,
    tensor,
    two_tensors,
    varint,
    weights,
)

from jobs.bench.score.hashed_binary import write_hashed
from pipeline.model_formats.fasttext import check_fasttext, labels_of
from pipeline.model_formats.fields import Fields, RefusedError, opened
from pipeline.model_formats.kenlm_binaries import check_kenlm
from pipeline.model_formats.language_models import check_arpa
from pipeline.model_formats.onnx import check_onnx
from pipeline.model_formats.safetensors import check_safetensors


def checked(path: Path, content: bytes, check: Callable[..., str], *more: Any, **how: Any) -> str:
    path = path / "file"
    path.write_bytes(content)
    with opened(path) as fields:
        return check(fields, *more, **how)


# The reader.


def test_nothing_is_read_beyond_a_file(tmp_path: Path) -> None:
    def look(fields: Fields) -> str:
        assert fields.take(2) == b"ab"
        for count in (2, -1, 1 << 62):
            with pytest.raises(RefusedError, match="bytes follow"):
                fields.take(count)
            with pytest.raises(RefusedError, match="bytes follow"):
                fields.skip(count)
        return fields.take(1).decode()

    assert checked(tmp_path, b"abc", look) == "c"


# Safetensors.


def test_safetensors_as_the_library_writes_them_are_sound(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    library = pytest.importorskip("safetensors.numpy", reason="safetensors (extra `gpu`) is not installed")
    path = tmp_path / "file"
    kinds = ("float32", "float16", "int64", "uint8", "bool")
    library.save_file(
        {kind: numpy.zeros((3, 2), kind) for kind in kinds} | {"empty": numpy.zeros((0, 5))}, path, {"format": "np"}
    )
    with opened(path) as fields:
        assert check_safetensors(fields) == "6 tensors"
    assert checked(tmp_path, two_tensors(), check_safetensors) == "2 tensors"


A = tensor("F32", [2], 0, 8)

UNSOUND_TENSORS = {
    "empty file": b"",
    "a header beyond the file": struct.pack("<Q", 1 << 40) + b"{}",
    "a header of 2^64": b"\xff" * 8 + b"{}",
    "no JSON": safetensors(b"{,}"),
    "a list": safetensors(b"[]"),
    "another name for an object": safetensors(b" {}"),
    "NaN": safetensors(b'{"a":NaN}'),
    "a bottomless header": safetensors(b'{"a":' + b"[" * 100_000),
    "a name twice": safetensors(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":1}', b"x"),
    "metadata that are no text": safetensors({"__metadata__": {"a": 1}}),
    "more dimensions than an array has": safetensors({"a": tensor("F32", [1] * 33, 0, 4)}, bytes(4)),
    "a type that is unknown": safetensors({"a": tensor("F31", [2], 0, 8)}, bytes(8)),
    "a type that is a list": safetensors({"a": A | {"dtype": []}}, bytes(8)),
    "no shape": safetensors({"a": {"dtype": "F32", "data_offsets": [0, 8]}}, bytes(8)),
    "a shape that is text": safetensors({"a": A | {"shape": "2"}}, bytes(8)),
    "a negative shape": safetensors({"a": A | {"shape": [-2]}}, bytes(8)),
    "a shape that is true": safetensors({"a": tensor("F32", [True], 0, 4)}, bytes(4)),
    "a shape that overflows": safetensors({"a": A | {"shape": [1 << 62, 4]}}, bytes(8)),
    "fewer bytes than its shape": safetensors({"a": A | {"shape": [3]}}, bytes(8)),
    "an end before its beginning": safetensors({"a": tensor("F32", [0], 8, 0)}, bytes(8)),
    "three offsets": safetensors({"a": A | {"data_offsets": [0, 8, 9]}}, bytes(8)),
    "data beyond the file": safetensors({"a": A}, bytes(7)),
    "data that nobody names": safetensors({"a": A}, bytes(9)),
    "a gap": safetensors({"a": A, "b": tensor("U8", [1], 9, 10)}, bytes(10)),
    "an overlap": safetensors({"a": A, "b": tensor("U8", [4], 4, 8)}, bytes(8)),
}


@pytest.mark.parametrize("content", UNSOUND_TENSORS.values(), ids=UNSOUND_TENSORS)
def test_safetensors_that_lie_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(RefusedError):
        checked(tmp_path, content, check_safetensors)


# fastText.

FORMS = {
    "bigrams": {"wordNgrams": 2},
    "characters": {"minn": 2, "maxn": 4},
    "a tree": {"loss": "hs"},
    "many labels": {"labels": 40, "loss": "ova"},
    "compressed": {"compressed": True, "wordNgrams": 2},
    "compressed, by a tree": {"compressed": True, "loss": "hs", "minn": 2, "maxn": 3},
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_models_that_fasttext_writes_are_sound(tmp_path: Path, form: dict[str, Any]) -> None:
    told = checked(tmp_path, fasttext_model(**form), check_fasttext)
    assert f"{form.get('labels', 2)} labels in " in told
    labels = checked(tmp_path, fasttext_model(**form), labels_of)
    assert sorted(labels) == sorted(f"__label__{n}" for n in range(form.get("labels", 2)))


def test_vectors_of_words_are_sound_but_no_classifier(tmp_path: Path) -> None:
    content = fasttext_model(supervised=False)
    assert "415 words" in checked(tmp_path, content, check_fasttext)
    with pytest.raises(RefusedError, match="no classifier"):
        checked(tmp_path, content, labels_of)


# Where the numbers of the head stand: 4 bytes each, then the dictionary's.
HEAD = ("magic", "version", "dim", "window", "epoch", "min_count", "negatives", "word_ngrams", "loss", "model", "buckets",
        "min_chars", "max_chars", "update_rate")  # fmt: skip
PLACES = {name: (4 * place, "<i") for place, name in enumerate(HEAD)}
PLACES |= {"entries": (64, "<i"), "words": (68, "<i"), "labels": (72, "<i"), "tokens": (76, "<q"), "pruned": (84, "<q")}

MOST, LEAST = (1 << 31) - 1, -(1 << 31)
LIES = {
    "magic": (1,), "version": (13,), "dim": (0, -1, 5, 1 << 30), "word_ngrams": (1 << 30,), "loss": (0, 9), "model": (0, 2),
    "buckets": (0, -1, 49, MOST), "max_chars": (-1, 1 << 30), "min_chars": (LEAST,), "entries": (0, -1, MOST),
    "words": (-1, MOST), "labels": (0, 3, -1), "tokens": (-1,), "pruned": (0, 1 << 40, -2),
}  # fmt: skip


@pytest.mark.parametrize(("field", "number"), [(name, number) for name, numbers in LIES.items() for number in numbers])
def test_a_head_of_fasttext_that_lies_is_refused(tmp_path: Path, field: str, number: int) -> None:
    content = bytearray(fasttext_model(wordNgrams=2))
    place, form = PLACES[field]
    struct.pack_into(form, content, place, number)
    with pytest.raises(RefusedError):
        checked(tmp_path, bytes(content), labels_of)


@pytest.mark.parametrize("share", [0, 0.001, 0.05, 0.2, 0.5, 0.9, 0.9999])
def test_a_model_of_fasttext_that_is_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    content = fasttext_model()
    with pytest.raises(RefusedError):
        checked(tmp_path, content[: int(share * len(content))], check_fasttext)
    with pytest.raises(RefusedError, match="follow its last matrix"):
        checked(tmp_path, content + b"\0", check_fasttext)


def test_a_word_without_end_is_refused(tmp_path: Path) -> None:
    """The library would read on behind the end of the file, for as long as there is memory."""
    content = bytearray(fasttext_model())
    first = 92
    content[first:] = b"x" * (3 << 20)
    with pytest.raises(RefusedError, match="has no end"):
        checked(tmp_path, bytes(content), check_fasttext)


@pytest.mark.parametrize("row", [-1, 300, 1 << 30])
def test_a_pruned_row_that_does_not_exist_is_refused(tmp_path: Path, row: int) -> None:
    content = bytearray(fasttext_model(compressed=True, wordNgrams=2))
    pruned = struct.unpack_from("<q", content, 84)[0]
    assert pruned > 0, "nothing was pruned"
    place = 92
    for _ in range(struct.unpack_from("<i", content, 64)[0]):
        place = content.index(0, place) + 10
    struct.pack_into("<i", content, place + 4, row)
    with pytest.raises(RefusedError, match="in bucket"):
        checked(tmp_path, bytes(content), check_fasttext)


# KenLM.


def test_heads_of_kenlm_are_sound(tmp_path: Path) -> None:
    assert checked(tmp_path, kenlm([100, 200, 300]), check_kenlm) == "100 + 200 + 300 n-grams"
    assert checked(tmp_path, ARPA.encode(), check_arpa) == "4 + 2 n-grams"
    assert checked(tmp_path, f"\n\n{ARPA}".encode(), check_arpa) == "4 + 2 n-grams"


def test_hash_tables_of_kenlm_fill_their_file(tmp_path: Path) -> None:
    grams = [{(word,): (-1.0, 0.0) for word in ("<s>", "</s>", "corn")}, {("<s>", "corn"): (-0.5, 0.0)}]
    for words in (True, False):
        write_hashed(tmp_path / "written", grams, words=words)
        content = (tmp_path / "written").read_bytes()
        assert checked(tmp_path, content, check_kenlm) == "3 + 1 n-grams"
        for other in (content[:-1], content + b"x", content[:-20]):
            with pytest.raises(RefusedError, match=r"follow|no end|cut"):
                checked(tmp_path, other, check_kenlm)
    with pytest.raises(RefusedError, match="would end"):
        checked(tmp_path, kenlm([100, 200, 300], kind=0), check_kenlm)


UNSOUND_KENLM = {
    "nothing": b"",
    "not finished": b"mmap lm http://kheafield.com/code incomplete\n" + bytes(5000),
    "another version": kenlm([9, 9]).replace(b"version 5", b"version 6"),
    "another machine": kenlm([9, 9])[:60] + b"\x01" + kenlm([9, 9])[61:],
    "order 0": kenlm([9, 9], order=0),
    "order 255": kenlm([9, 9], order=255),
    "an unknown structure": kenlm([9, 9], kind=6),
    "a negative structure": kenlm([9, 9], kind=-1),
    "tables without end": kenlm([9, 9], multiplier=1e30),
    "tables of no size": kenlm([9, 9], multiplier=0.5),
    "tables of NaN": kenlm([9, 9], multiplier=float("nan")),
    "more than fits": kenlm([9, 1 << 40]),
    "2^64 of them": kenlm([9, (1 << 64) - 1]),
    "none of them": kenlm([9, 0]),
    "cut": kenlm([9, 9, 9])[:110],
}


@pytest.mark.parametrize("content", UNSOUND_KENLM.values(), ids=UNSOUND_KENLM)
def test_binaries_of_kenlm_that_lie_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(RefusedError):
        checked(tmp_path, content, check_kenlm)


UNSOUND_ARPA = {
    "nothing": "",
    "no head": ARPA.replace("\\data\\", "data"),
    "no counts": "\\data\\\n\n\\1-grams:\n",
    "more than fits": ARPA.replace("ngram 2=2", "ngram 2=200"),
    "a count of 30 digits": ARPA.replace("ngram 2=2", f"ngram 2={'9' * 30}"),
    "a negative count": ARPA.replace("ngram 2=2", "ngram 2=-2"),
    "a blank line between counts": ARPA.replace("ngram 2=2", "\nngram 2=2"),
    "blank lines without end": "\n" * 200 + ARPA,
    "a line without end": ARPA.replace("ngram 2=2", "ngram 2=2" + " " * 20_000),
    "an order of none": ARPA.replace("ngram 2=2", "ngram 2=0"),
    "counts out of order": ARPA.replace("ngram 1=4\nngram 2=2", "ngram 2=2\nngram 1=4"),
    "too many words": ARPA.replace("ngram 2=2", "\n".join(f"ngram {n}=1" for n in range(2, 9))),
    "no n-grams": ARPA.replace("\\1-grams:", "\\2-grams:"),
    "something between": ARPA.replace("\\1-grams:", "x\n\\1-grams:"),
}


@pytest.mark.parametrize("content", UNSOUND_ARPA.values(), ids=UNSOUND_ARPA)
def test_arpa_files_that_lie_are_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(RefusedError):
        checked(tmp_path, content.encode(), check_arpa)


# ONNX.

BESIDE = {"w.onnx_data": 100, "sub/w.onnx_data": 100}
RAW = (9, bytes(24))


def look_onnx(path: Path, content: bytes) -> str:
    return checked(path, content, check_onnx, BESIDE.get)


def function(name: str, domain: str, *more: tuple[int, bytes]) -> bytes:
    return message((1, name), (10, domain), (7, node("Add")[1]), *more)


DOUBLE = function("Double", "mill")
SOUND_GRAPHS: dict[str, bytes] = {
    "an operator": onnx_model(node("MatMul")),
    "by its full name": onnx_model(node("MatMul", "ai.onnx"), more=[(8, message((1, "ai.onnx.ml"), (2, 3)))]),
    "quantised": onnx_model(node("DynamicQuantizeMatMul", "com.microsoft"), more=[(8, message((1, "com.microsoft"), (2, 1)))]),
    "a function under the standard's name": onnx_model(node("Double", "ai.onnx"), more=[(25, function("Double", "ai.onnx"))]),
    "weights in bytes": onnx_model(weights([2, 3], RAW)),
    "weights in numbers": onnx_model(weights([2, 3], (4, bytes(24)))),
    "whole numbers": onnx_model(weights([2], (7, varint(1) + varint(300)), kind=7)),
    "half bytes": onnx_model(weights([3], (9, bytes(2)), kind=22)),
    "text": onnx_model(weights([2], (6, ""), (6, "b"), kind=8)),
    "a number": onnx_model(weights([], (9, bytes(4)))),
    "weights beside it": onnx_model(weights([2, 3], *external(location="w.onnx_data", offset="64", length="24"))),
}  # fmt: skip


@pytest.mark.parametrize("content", SOUND_GRAPHS.values(), ids=SOUND_GRAPHS)
def test_sound_graphs_are_allowed(tmp_path: Path, content: bytes) -> None:
    assert "operators" in look_onnx(tmp_path, content)


def nested(depth: int) -> bytes:
    graph = message(node("Add"))
    for _ in range(depth):
        graph = message(node("If", "", message((1, "then"), (6, graph))))
    return message((1, 8), (7, graph))


UNSOUND_GRAPHS: dict[str, bytes] = {
    "nothing": b"",
    "no graph": message((1, 8)),
    "two graphs": onnx_model(node("Add"), more=[(7, b"")]),
    "a graph that is a number": message((7, 1)),
    "cut off": onnx_model(node("MatMul"), weights([2, 3], RAW))[:-30],
    "a length beyond the file": b"\x3a\xff\xff\xff\xff\x0f",
    "a number without end": b"\x08" + b"\xff" * 20,
    "a field of group kind": b"\x0b\x0c",
    "field 0": b"\x02\x00" + onnx_model(node("Add")),
    "somebody's operator": onnx_model(node("Run", "evil")),
    "somebody's domain": onnx_model(node("Add"), more=[(8, message((1, "evil"), (2, 1)))]),
    "Python as an operator": onnx_model(node("PyOp", "com.microsoft")),
    "a cache of compiled code": onnx_model(node("EPContext", "com.microsoft")),
    "the last name counts": onnx_model((1, message((4, "Add"), (7, ""), (7, "evil")))),
    "within an If": onnx_model(node("If", "", message((1, "then"), (6, message(node("Run", "evil")))))),
    "within graphs": onnx_model(node("If", "", message((1, "then"), (11, message(node("Run", "evil")))))),
    "within a function": onnx_model(node("Add"), more=[(25, message((1, "F"), (10, "mill"), (7, node("Run", "evil")[1])))]),
    "a function of a domain of its own": onnx_model(node("Add"), more=[(25, DOUBLE)]),
    "a call of it": onnx_model(node("Double", "mill"), more=[(8, message((1, "mill"), (2, 1))), (25, DOUBLE)]),
    "a function that wants others' operators": onnx_model(
        node("Add"), more=[(25, function("F", "ai.onnx", (9, message((1, "evil"), (2, 1)))))]
    ),
    "a function called as an operator that opens files": onnx_model(
        node("EPContext", "com.microsoft"), more=[(25, function("EPContext", "com.microsoft"))]
    ),
    "a function's default": onnx_model(node("Add"), more=[(25, message((1, "F"), (11, message((5, weights([9], RAW)[1])))))]),
    "an attribute of two values": onnx_model(node("If", "", message((6, message(node("Add"))), (6, message(node("Add")))))),
    "training": onnx_model(node("Add"), more=[(20, b"")]),
    "without bottom": nested(40),
    "fewer bytes than its shape": onnx_model(weights([2, 4], RAW)),
    "more bytes than its shape": onnx_model(weights([2, 2], RAW)),
    "no bytes at all": onnx_model(weights([1 << 30])),
    "a negative shape": onnx_model(weights([(1 << 64) - 1], RAW)),
    "numbers that are not there": onnx_model(weights([1000], (4, bytes(24)))),
    "an unknown kind": onnx_model(weights([6], RAW, kind=99)),
    "text that is not there": onnx_model(weights([5], (6, "a"), kind=8)),
    "a constant that lies": onnx_model(node("Constant", "", message((5, weights([9], RAW)[1])))),
    "sparse": onnx_model((15, b"")),
    "a sparse constant": onnx_model(node("Constant", "", message((22, b"")))),
    "elsewhere: absolute": onnx_model(weights([6], *external(location="/etc/passwd"))),
    "elsewhere: above": onnx_model(weights([6], *external(location="../w.onnx_data"))),
    "elsewhere: roundabout": onnx_model(weights([6], *external(location="sub/../../w.onnx_data"))),
    "elsewhere: below": onnx_model(weights([25], *external(location="sub/w.onnx_data"))),
    "elsewhere: here": onnx_model(weights([25], *external(location="./w.onnx_data"))),
    "elsewhere: nowhere": onnx_model(weights([6], *external(location="x.onnx_data"))),
    "elsewhere: no name": onnx_model(weights([6], *external(offset="0"))),
    "elsewhere: of Windows": onnx_model(weights([6], *external(location="..\\w.onnx_data"))),
    "elsewhere: two places": onnx_model(weights([6], *external(location="w.onnx_data"), *external(location="/etc/passwd"))),
    "elsewhere: beyond its end": onnx_model(weights([6], *external(location="w.onnx_data", offset="80"))),
    "elsewhere: shorter": onnx_model(weights([6], *external(location="w.onnx_data", length="20"))),
    "elsewhere: a negative place": onnx_model(weights([6], *external(location="w.onnx_data", offset="-1"))),
    "elsewhere: by the flag alone": onnx_model(weights([6], (14, 1))),
}  # fmt: skip


@pytest.mark.parametrize("content", UNSOUND_GRAPHS.values(), ids=UNSOUND_GRAPHS)
def test_unsound_graphs_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(RefusedError):
        look_onnx(tmp_path, content)


@pytest.mark.models
def test_a_model_that_onnx_itself_makes_is_sound_in_one_file_and_in_two(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="onnx (extra `gpu`) is not installed")
    numpy = pytest.importorskip("numpy")
    value = onnx.numpy_helper.from_array(numpy.ones((300, 40), "float32"), "w")
    of = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [of("x", 1, ["n", 300])],
        [of("y", 1, ["n", 40])],
        [value],
    )
    model = onnx.helper.make_model(graph)
    onnx.save(model, tmp_path / "one.onnx")
    onnx.save(model, tmp_path / "two.onnx", save_as_external_data=True, location="two.onnx_data")
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes["two.onnx"] < 1000
    for name in ("one.onnx", "two.onnx"):
        with opened(tmp_path / name) as fields:
            assert check_onnx(fields, sizes.get) == "1 operators, 48,000 bytes of weights"
