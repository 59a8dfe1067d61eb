"""An encoder in ONNX Runtime: the same scores in float32, the same order in int8, and files that ask for more refused."""

from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from seeded_encoder import PACKAGE, make_encoder, model_at, needs, prose_and_menus, tiny_encoder, train_head

pytest.importorskip("onnx", reason="onnx, which exports, is not installed (extra `gpu`)")

from onnx import TensorProto, helper

from filters.quality.encoder import EncoderQuality
from filters.quality.onnx import OnnxQuality
from jobs.bench.score.benchmark import rank_correlation
from jobs.exporting import export_onnx
from pipeline.errors import InputError, RecipeError
from pipeline.model_files import ModelFiles
from pipeline.model_formats.fields import RefusedError
from pipeline.model_formats.kinds import look
from pipeline.quality import QualityModel

needs("torch", "onnxruntime", "onnxscript", PACKAGE)
pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "trained"
    make_encoder(folder)
    train_head(folder, *prose_and_menus(60, seed=1))
    return folder


@pytest.fixture(scope="module")
def plain(trained: Path) -> ModelFiles:
    folder = trained.with_name("plain")
    digest = export_onnx(trained, folder)
    assert digest == model_at(folder).sha256
    return model_at(folder)


@pytest.fixture(scope="module")
def int8(trained: Path) -> ModelFiles:
    folder = trained.with_name("int8")
    export_onnx(trained, folder, int8=True)
    return model_at(folder)


def scores(model: Any, texts: list[str]) -> np.ndarray:
    model.check()
    scorer = model.load()
    return scorer.score(scorer.prepare(texts)).values


@pytest.mark.slow
def test_float32_says_what_pytorch_says(trained: Path, plain: ModelFiles) -> None:
    texts = [*prose_and_menus(12, seed=2)[0], "a", "\u200b"]
    model = OnnxQuality(model=plain)
    assert isinstance(model, QualityModel)
    wanted = scores(EncoderQuality(model=model_at(trained)), texts)
    assert np.abs(scores(model, texts) - wanted).max() < 1e-4


@pytest.mark.slow
def test_int8_ranks_pages_it_was_not_trained_on_as_float32_does(trained: Path, int8: ModelFiles) -> None:
    texts = prose_and_menus(60, seed=3)[0]
    exact = scores(EncoderQuality(model=model_at(trained)), texts)
    assert rank_correlation(scores(OnnxQuality(model=int8), texts), exact) >= 0.99
    small, large = (Path(each.location) / "model.onnx" for each in (int8, model_at(trained.with_name("plain"))))
    assert small.stat().st_size < large.stat().st_size * 0.7


@pytest.mark.slow
def test_a_score_depends_on_nothing_beside_the_text(int8: ModelFiles) -> None:
    texts = prose_and_menus(8, seed=4)[0]
    model = OnnxQuality(model=int8, max_tokens=64, long="windows", overlap=4, pool="max")
    together = scores(model, texts)
    assert together.tolist() == scores(model, texts[::-1])[::-1].tolist()
    assert together.tolist() == [float(scores(model, [text])[0]) for text in texts]


@pytest.mark.slow
def test_an_export_is_new_and_nothing_is_left_of_one_that_failed(
    trained: Path, plain: ModelFiles, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="is there already"):
        export_onnx(trained, Path(plain.location))
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecipeError, match=r"config\.json is refused: it cannot be read"):
        export_onnx(tmp_path / "empty", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["deberta-v2", "distilbert", "modernbert", "mpnet", "xlm-roberta"])
def test_other_families_are_exported_too(kind: str, tmp_path: Path) -> None:
    folder = tiny_encoder(tmp_path / kind, kind)
    export_onnx(folder, tmp_path / "onnx")
    texts = ["corn is ground", "a mill " * 50, "flour"]
    wanted = scores(EncoderQuality(model=model_at(folder), max_tokens=100), texts)
    found = scores(OnnxQuality(model=model_at(tmp_path / "onnx"), max_tokens=100), texts)
    assert np.abs(found - wanted).max() < 1e-4


@pytest.mark.slow
def test_the_verb_says_the_digest_that_a_recipe_needs(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from jobs.cli import app

    folder = tiny_encoder(tmp_path / "model", "bert")
    told = CliRunner().invoke(app, ["export-onnx", str(folder), "-o", str(tmp_path / "onnx"), "--int8", "--json"])
    assert told.exit_code == 0, told.output
    assert model_at(tmp_path / "onnx").sha256 in told.stdout
    again = CliRunner().invoke(app, ["export-onnx", str(folder), "-o", str(tmp_path / "onnx")])
    assert again.exit_code == 2
    assert "is there already" in again.output


# Files of others.


def graph(*nodes: Any, initializer: Any = ()) -> Any:
    one, two = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y"))
    return helper.make_graph(list(nodes), "g", [one], [two], initializer=list(initializer))


def saved(path: Path, made: Any, *domains: str, functions: Any = ()) -> Path:
    opsets = [helper.make_opsetid("", 18), *(helper.make_opsetid(domain, 1) for domain in domains)]
    path.write_bytes(helper.make_model(made, opset_imports=opsets, functions=list(functions)).SerializeToString())
    return path


def check_onnx(path: Path) -> str:
    """What every file of a model goes through, in its folder."""
    files = [each for each in path.parent.rglob("*") if each.is_file()]
    sizes = {each.relative_to(path.parent).as_posix(): each.stat().st_size for each in files}
    return look(path, PurePosixPath(path.name), sizes)[1]


RELU = helper.make_node("Relu", ["x"], ["y"])
STRANGE = helper.make_node("Run", ["x"], ["y"], domain="evil.ops")


def test_operators_that_the_runtime_has_are_allowed(tmp_path: Path) -> None:
    gelu = helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft")
    path = saved(tmp_path / "model.onnx", graph(gelu), "com.microsoft")
    assert check_onnx(path).startswith("1 operators")


def test_a_backend_asks_the_runtime_for_nothing_of_others(tmp_path: Path) -> None:
    folder = tiny_encoder(tmp_path / "model", "bert")
    saved(folder / "model.onnx", graph(STRANGE), "evil.ops")
    model = OnnxQuality(model=model_at(folder))
    for step in (model.check, model.load):
        with pytest.raises(RecipeError, match=r"evil\.ops"):
            step()


def test_operators_of_others_are_refused_wherever_they_stand(tmp_path: Path) -> None:
    inner = helper.make_graph([STRANGE], "inner", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])])
    branch = helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)
    function = helper.make_function("evil.ops", "F", ["x"], ["y"], [RELU], [helper.make_opsetid("", 18)])
    hidden = helper.make_function("ai.onnx", "F", ["x"], ["y"], [STRANGE], [helper.make_opsetid("", 18)])
    for number, path in enumerate(
        (
            saved(tmp_path / "0.onnx", graph(STRANGE)),
            saved(tmp_path / "1.onnx", graph(RELU), "evil.ops"),
            saved(tmp_path / "2.onnx", graph(branch)),
            saved(tmp_path / "3.onnx", graph(RELU), functions=[function]),
            saved(tmp_path / "4.onnx", graph(RELU), functions=[hidden]),
        )
    ):
        with pytest.raises(RefusedError, match=r"operators? .*of 'evil\.ops'"):
            check_onnx(path)
        assert path.name == f"{number}.onnx"


def outside(place: str) -> Any:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", place), ("offset", "0"), ("length", "4")):
        tensor.external_data.add(key=key, value=value)
    return tensor


@pytest.mark.parametrize("place", ["../secret", "/etc/passwd", "sub/weights", "", "..", "missing.bin", "a\\b"])
def test_weights_outside_the_folder_are_refused(place: str, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "weights").write_bytes(b"1234")
    kept = helper.make_node("Constant", [], ["y"], value=outside(place))
    sparse = graph(RELU)
    sparse.sparse_initializer.add().values.CopyFrom(outside(place))
    for made in (graph(RELU, initializer=[outside(place)]), graph(kept), sparse):
        with pytest.raises(RefusedError, match=r"no file beside it|sparse weights"):
            check_onnx(saved(tmp_path / "model.onnx", made))


def test_weights_in_a_file_of_the_folder_are_allowed(tmp_path: Path) -> None:
    (tmp_path / "model.onnx.data").write_bytes(b"1234")
    check_onnx(saved(tmp_path / "model.onnx", graph(RELU, initializer=[outside("model.onnx.data")])))


@pytest.mark.parametrize(
    "raw", [b"", b"\x00", b"\x3a\xff\xff\xff\xff\x0f", b"\x08" + b"\xff" * 20, b"#!/bin/sh\n", b"\x08\x07"]
)
def test_what_is_no_onnx_is_refused(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(raw)
    with pytest.raises(RefusedError):
        check_onnx(tmp_path / "model.onnx")


def test_every_cut_of_a_file_is_refused_or_asks_for_no_more(tmp_path: Path) -> None:
    whole = saved(tmp_path / "whole.onnx", graph(STRANGE)).read_bytes()
    for end in range(len(whole)):
        path = tmp_path / "model.onnx"
        path.write_bytes(whole[:end])
        with pytest.raises(RefusedError):
            check_onnx(path)


def field(number: int, inside: bytes) -> bytes:
    """A field of protocol buffers that holds bytes."""
    size = len(inside)
    digits = bytearray()
    while size > 127:
        digits.append(size & 127 | 128)
        size >>= 7
    return bytes([number << 3 | 2, *digits, size]) + inside


def test_graphs_within_graphs_without_end_are_refused(tmp_path: Path) -> None:
    path, inner = tmp_path / "model.onnx", b""
    for depth in range(2_000):
        if depth == 10:
            path.write_bytes(field(7, inner))
            check_onnx(path)
        inner = field(1, field(5, field(6, inner)))  # node, attribute, graph
    path.write_bytes(field(7, inner))
    with pytest.raises(RefusedError, match="graphs lie within each other without end"):
        check_onnx(path)
