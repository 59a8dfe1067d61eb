"""Our reader and writer of safetensors: whole files come back, equal tensors give equal bytes, and nothing else is read."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from filters.quality.safetensors import header, read, write
from pipeline.errors import RecipeError

KINDS = ["<f8", "<f4", "<f2", "<i8", "<i4", "<i2", "|i1", "<u8", "<u4", "<u2", "|u1", "|b1"]
some = st.sampled_from(KINDS).flatmap(
    lambda kind: arrays.arrays(np.dtype(kind), arrays.array_shapes(min_dims=0, min_side=0))
)


@settings(deadline=None)
@given(
    tensors=st.dictionaries(
        st.text(min_size=1, max_size=8).filter(lambda name: name != "__metadata__"), some, max_size=4
    )
)
def test_what_was_written_is_read(tensors: dict, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("tensors") / "a.safetensors"
    if any("\ud800" <= char <= "\udfff" for name in tensors for char in name):
        return
    write(path, tensors)
    found = read(path)
    assert set(found) == set(tensors)
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert found[name].shape == tensor.shape
        assert found[name].tobytes() == tensor.tobytes()


def test_equal_tensors_give_equal_bytes_in_any_order(tmp_path: Path) -> None:
    one, two = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([1, 2], np.int8)
    write(tmp_path / "a", {"one": one, "two": two}, {"kind": "test"})
    write(tmp_path / "b", {"two": two, "one": one}, {"kind": "test"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_package_safetensors_reads_what_we_write_and_we_what_it_writes(tmp_path: Path) -> None:
    theirs = pytest.importorskip("safetensors.numpy", reason="the extra gpu is not installed")
    tensors = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array([True, False]), "c": np.float16([[1]])}
    write(tmp_path / "ours", tensors)
    theirs.save_file(tensors, tmp_path / "theirs")
    for path in (tmp_path / "ours", tmp_path / "theirs"):
        for found in (read(path), theirs.load_file(path)):
            assert {name: each.tolist() for name, each in found.items()} == {k: v.tolist() for k, v in tensors.items()}


def test_bfloat16_is_read_as_the_same_numbers(tmp_path: Path) -> None:
    bits = np.array([1.5, -2.0, 0.0], np.float32).view(np.uint32) >> 16
    told = {"x": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}
    assert read(written(tmp_path, told, bits.astype("<u2").tobytes()))["x"].tolist() == [1.5, -2.0, 0.0]


def written(folder: Path, told: object, data: bytes = b"", length: int | None = None) -> Path:
    raw = told if isinstance(told, bytes) else json.dumps(told).encode()
    path = folder / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(raw) if length is None else length) + raw + data)
    return path


def tensor(kind: object = "F32", shape: object = (1,), offsets: object = (0, 4)) -> dict:
    return {"x": {"dtype": kind, "shape": shape, "data_offsets": offsets}}


BROKEN = {
    "header beyond the file": (b"{}", b"", 1 << 40),
    "header of no bytes": (b"", b"", 0),
    "no JSON": (b"{x}", b"", None),
    "a list": (b"[]", b"", None),
    "a name twice": (b'{"x":{},"x":{}}', b"", None),
    "deep JSON": (b'{"a":' * 100_000, b"", None),
    "no such type": (tensor("F99"), bytes(4), None),
    "fewer bytes than the shape": (tensor(shape=(2,)), bytes(4), None),
    "more bytes than the shape": (tensor(offsets=(0, 8)), bytes(8), None),
    "beyond the file": (tensor(), bytes(2), None),
    "a gap": (tensor(offsets=(4, 8)), bytes(8), None),
    "bytes behind": (tensor(), bytes(8), None),
    "an overlap": ({**tensor(), "y": tensor()["x"]}, bytes(4), None),
    "below zero": (tensor(offsets=(-4, 0)), bytes(4), None),
    "no whole number": (tensor(shape=(1.0,)), bytes(4), None),
    "a huge shape": (tensor(shape=(1 << 62, 1 << 62)), bytes(4), None),
    "too many dimensions": (tensor(shape=(1,) * 33), bytes(4), None),
    "a tensor that is none": ({"x": 3}, b"", None),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_is_not_whole_is_refused(case: str, tmp_path: Path) -> None:
    path = written(tmp_path, *BROKEN[case])
    with pytest.raises(RecipeError, match=r"x\.safetensors"):
        read(path)


@settings(deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("bytes") / "x"
    path.write_bytes(data)
    try:
        read(path)
    except RecipeError:
        return
    assert header(path).keys() == read(path).keys()


def test_a_missing_file_and_a_type_that_the_format_does_not_have_are_errors(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        read(tmp_path / "none")
    with pytest.raises(ValueError, match="complex128"):
        write(tmp_path / "x", {"x": np.array([1j])})
