"""Nothing of a model is executed before it was looked at, by any backend, and what was looked at crashes no library."""

import importlib
import json
import pkgutil
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, get_type_hints

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_makers import fasttext_model, model_folder, trapped, trapped_checkpoint, two_tensors

import filters.quality
from filters.quality.arpa import check_arpa
from filters.quality.fasttext import FastTextQuality
from filters.quality.native import check_fasttext
from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.model_files import ModelFiles, listing
from pipeline.model_formats.fields import RefusedError, opened
from pipeline.model_formats.onnx import check_onnx
from pipeline.model_formats.safetensors import check_safetensors

# Traps, sprung by nobody.


def backends(of: type) -> dict[str, Callable[[Any], Any]]:
    """Every quality model whose `model` is of this kind, and needs no more than that."""
    found: dict[str, Callable[[Any], Any]] = {}
    for module in pkgutil.iter_modules(filters.quality.__path__):
        for name, cls in vars(importlib.import_module(f"filters.quality.{module.name}")).items():
            if is_dataclass(cls) and isinstance(cls, type) and hasattr(cls, "load") and hasattr(cls, "check"):
                needed = {field.name for field in fields(cls) if field.default is field.default_factory is MISSING}
                if needed <= {"model"} and get_type_hints(cls).get("model") is of:
                    found[name] = lambda model, cls=cls: cls(model=model)
    return found


OF_FILES, OF_FOLDERS = backends(Asset), backends(ModelFiles)


def test_the_backends_are_found() -> None:
    assert "FastTextQuality" in OF_FILES


def refuses(model: Any, mark: Path) -> None:
    for step in (model.check, model.load):
        with pytest.raises(RecipeError):
            step()
    assert not mark.exists(), "something of the model was run"


def file_at(path: Path) -> Asset:
    return Asset(name=path.name, location=str(path), sha256=sha256(path.read_bytes()).hexdigest())


def folder_at(path: Path) -> ModelFiles:
    """A folder with its right digest, as if somebody had pinned it; what is no list of files has none."""
    try:
        digest = sha256(listing(path).encode()).hexdigest()
    except RecipeError:
        digest = "0" * 64
    return ModelFiles(name="trap", location=str(path), sha256=digest)


@pytest.mark.parametrize("make", OF_FILES.values(), ids=OF_FILES)
@pytest.mark.parametrize("name", ["model.bin", "model.pkl", "model.ftz", "lm.arpa"])
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_pickle_in_place_of_a_file_leaves_no_mark(make: Any, name: str, protocol: int, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(trapped(tmp_path / "mark", protocol))
    refuses(make(file_at(tmp_path / name)), tmp_path / "mark")


@pytest.mark.parametrize("make", OF_FILES.values(), ids=OF_FILES)
def test_a_checkpoint_of_torch_in_place_of_a_file_leaves_no_mark(make: Any, tmp_path: Path) -> None:
    trapped_checkpoint(tmp_path / "model.bin", tmp_path / "mark")
    refuses(make(file_at(tmp_path / "model.bin")), tmp_path / "mark")


def code(mark: Path) -> str:
    return f"open({str(mark)!r}, 'w').close()\nclass Mill:\n    pass\n"


def spring(folder: Path, mark: Path, trap: str) -> None:
    """Puts a trap beside a sound model's files, or in place of one."""
    classes = dict.fromkeys(("AutoConfig", "AutoModel", "AutoTokenizer"), "modeling_mill.Mill")
    calling = {"model_type": "bert", "auto_map": classes}
    if trap.startswith("checkpoint"):
        trapped_checkpoint(folder / trap.partition(" ")[2], mark)
    elif trap.startswith("pickle"):
        (folder / trap.partition(" ")[2]).write_bytes(trapped(mark))
    elif trap == "code beside":
        (folder / "modeling_mill.py").write_text(code(mark))
        (folder / "config.json").write_text(json.dumps(calling))
    elif trap == "code elsewhere":
        (folder.parent / "modeling_mill.py").write_text(code(mark))
        (folder / "config.json").write_text(json.dumps(calling | {"auto_map": {"AutoModel": "../modeling_mill.Mill"}}))
    elif trap == "code of the tokenizer":
        (folder / "tokenizer_config.json").write_text(json.dumps(calling))
    else:
        (folder.parent / "outside.safetensors").write_bytes(trapped(mark))
        (folder / "model.safetensors").unlink()
        (folder / "model.safetensors").symlink_to("../outside.safetensors")


TRAPS = [
    "pickle pytorch_model.bin", "pickle model.safetensors", "pickle model.onnx", "pickle tokenizer.json", "pickle vocab.txt",
    "pickle training_args.bin", "checkpoint pytorch_model.bin", "checkpoint model.safetensors", "checkpoint model.onnx",
    "checkpoint tokenizer.json", "code beside", "code elsewhere", "code of the tokenizer", "link",
]  # fmt: skip


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trapped_folder_is_refused_without_a_mark(trap: str, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    spring(folder, tmp_path / "mark", trap)
    with pytest.raises(RecipeError, match=r"is refused|is a link"):
        folder_at(folder).folder()
    assert not (tmp_path / "mark").exists()


def test_the_traps_would_leave_a_mark(tmp_path: Path) -> None:
    """Else the tests above could not fail."""
    run = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb'))"
    (tmp_path / "trap").write_bytes(trapped(tmp_path / "mark"))
    subprocess.run([sys.executable, "-c", run, str(tmp_path / "trap")], check=True)
    assert (tmp_path / "mark").exists()
    (tmp_path / "code.py").write_text(code(tmp_path / "other"))
    subprocess.run([sys.executable, str(tmp_path / "code.py")], check=True)
    assert (tmp_path / "other").exists()


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in OF_FOLDERS.items()])
def test_no_backend_runs_anything_of_a_trapped_folder(make: Any, trap: str, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    spring(folder, tmp_path / "mark", trap)
    refuses(make(folder_at(folder)), tmp_path / "mark")


def test_a_single_file_may_be_named_by_a_link_as_hubs_name_theirs(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(fasttext_model())
    (tmp_path / "model.bin").symlink_to("blob")
    FastTextQuality(model=file_at(tmp_path / "model.bin"), label="__label__0").check()


@pytest.mark.parametrize("size", [0, 1, 8, 100])
def test_a_native_file_that_is_too_short_is_refused(tmp_path: Path, size: int) -> None:
    (tmp_path / "m").write_bytes(fasttext_model()[:size])
    with pytest.raises(RecipeError, match=r"quality: mill .* is refused"):
        check_fasttext(tmp_path / "m", "mill")
    with pytest.raises(RecipeError, match=r"quality: mill .* is refused"):
        check_arpa(tmp_path / "m", "mill")


def test_a_model_that_is_exchanged_while_it_is_loaded_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fasttext import FastText

    path = tmp_path / "model.bin"
    path.write_bytes(fasttext_model(loss="hs"))  # which is left to the library
    real = FastText._FastText

    def exchanging(name: str) -> Any:
        found = real(name)
        (tmp_path / "new").write_bytes(fasttext_model())
        (tmp_path / "new").replace(path)
        return found

    monkeypatch.setattr(FastText, "_FastText", exchanging)
    with pytest.raises(RecipeError, match="was changed while it was loaded"):
        FastTextQuality(model=file_at(path), label="__label__0").load()


def test_weights_that_are_no_numbers_give_scores_that_are_none(tmp_path: Path) -> None:
    """The stage then fails the part and names the pages."""
    content = bytearray(fasttext_model())
    dim = struct.unpack_from("<i", content, 8)[0]
    content[-8 * dim :] = struct.pack("<f", float("nan")) * 2 * dim
    (tmp_path / "model.bin").write_bytes(content)
    model = FastTextQuality(model=file_at(tmp_path / "model.bin"), label="__label__0")
    model.check()
    scorer = model.load()
    assert np.isnan(scorer.score(scorer.prepare(["corn rye", "unknown"])).values).all()


# Files that were changed by chance: refused, or harmless.

# A child loads each file and uses it; what a library refuses in words is fine, and dying or taking memory without end is not.
CHILD = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
kind, folder, spare = sys.argv[1], Path(sys.argv[2]), 1 << 30
if kind == "fasttext":
    from fasttext.FastText import _FastText
    def use(path):
        model = _FastText(str(path))
        model.get_labels()
        for line in ("corn rye wheat w7 oats sack sail unknown", "", "x" * 500):
            model.f.predict(line + chr(10), -1, 0.0, "strict")
elif kind == "safetensors":
    from safetensors.numpy import load_file as use
else:
    import numpy, onnxruntime
    onnxruntime.set_default_logger_severity(4)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    def use(path):
        session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
        session.run(None, {each.name: numpy.ones((2, 30), "float32") for each in session.get_inputs()})
taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + spare, taken + spare))
for path in sorted(folder.iterdir()):
    print(path.name, flush=True)
    try:
        use(path)
    except MemoryError:
        sys.exit(f"{path.name} takes memory without end")
    except Exception as error:
        if "bad_alloc" in str(error):
            sys.exit(f"{path.name} takes memory without end: {error}")
"""

EXTREMES = [0, 1, -1, 2, 127, 255, 256, 65_535, (1 << 31) - 1, -(1 << 31), (1 << 40), (1 << 63) - 1, -(1 << 63)]


def mutated(content: bytes, random: Random) -> bytes:
    """The file with one to three changes, mostly in its first bytes, where the sizes are."""
    found = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        most = max(1, random.choice((16, 100, 400, len(found))))
        place = random.randrange(min(most, max(1, len(found))))
        how = random.choice(("bit", "byte", "number", "long", "cut", "grow", "swap"))
        if how == "bit" and found:
            found[place] ^= 1 << random.randrange(8)
        elif how == "byte" and found:
            found[place] = random.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif how in ("number", "long"):
            number, size = random.choice(EXTREMES), 4 if how == "number" else 8
            found[place : place + size] = struct.pack("<q", number)[:size]
        elif how == "cut":
            del found[place : place + random.choice((1, 4, 8, 100, len(found)))]
        elif how == "grow":
            found[place:place] = bytes(random.choice((1, 4, 8, 100)))
        else:
            other = random.randrange(max(1, len(found)))
            found[place : place + 4], found[other : other + 4] = found[other : other + 4], found[place : place + 4]
    return bytes(found)


def survives(kind: str, content: bytes, check: Callable[[Path], Any], folder: Path, seed: int, count: int = 60) -> int:
    """Mutates, leaves what `check` refuses, has a child load the rest, and says how many those were."""
    random, passed = Random(seed), 0
    folder.mkdir()
    (folder / "sound").write_bytes(content)
    check(folder / "sound")
    for number in range(count):
        path = folder / f"{number:03d}"
        path.write_bytes(mutated(content, random))
        try:
            check(path)
            passed += 1
        except (RecipeError, RefusedError):
            path.unlink()
    told = subprocess.run(
        [sys.executable, "-c", CHILD, kind, str(folder)], check=False, capture_output=True, text=True, timeout=300
    )
    last = (told.stdout.split() or ["nothing"])[-1]
    assert told.returncode == 0, f"seed {seed}, file {last}: {told.returncode} {told.stderr[-500:]}"
    assert last == "sound"
    return passed


@pytest.fixture
def folders(tmp_path: Path) -> Callable[[], Path]:
    numbers = iter(range(10_000))
    return lambda: tmp_path / str(next(numbers))


FUZZ = settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
SEEDS = st.integers(0, 1 << 32)


@pytest.mark.parametrize(
    "form", [{"wordNgrams": 2, "minn": 2, "maxn": 3}, {"loss": "hs"}, {"compressed": True, "wordNgrams": 2}], ids=str
)
@given(seed=SEEDS)
@FUZZ
def test_a_mutated_model_of_fasttext_is_refused_or_harmless(form: Any, folders: Callable[[], Path], seed: int) -> None:
    survives("fasttext", fasttext_model(**form), lambda path: check_fasttext(path, "mill"), folders(), seed)


def look(check: Callable[..., Any], *more: Any) -> Callable[[Path], None]:
    def checked(path: Path) -> None:
        with opened(path) as given:
            check(given, *more)

    return checked


@given(seed=SEEDS)
@FUZZ
def test_mutated_safetensors_are_refused_or_harmless(folders: Callable[[], Path], seed: int) -> None:
    pytest.importorskip("safetensors", reason="safetensors (extra `gpu`) is not installed")
    survives("safetensors", two_tensors(), look(check_safetensors), folders(), seed)


@pytest.mark.models
@given(seed=SEEDS)
@FUZZ
def test_a_mutated_graph_of_onnx_is_refused_or_harmless(folders: Callable[[], Path], seed: int) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime (extra `gpu`) is not installed")
    onnx = pytest.importorskip("onnx", reason="onnx (extra `gpu`) is not installed")
    survives("onnx", small_graph(onnx), look(check_onnx, lambda _: None), folders(), seed, count=40)


def small_graph(onnx: Any) -> bytes:
    """Two layers, one of them within an If."""

    def tensor(name: str, *shape: int) -> Any:
        return onnx.numpy_helper.from_array(np.arange(np.prod(shape), dtype="float32").reshape(shape), name)

    of, node = onnx.helper.make_tensor_value_info, onnx.helper.make_node
    inner = onnx.helper.make_graph([node("Relu", ["h"], ["r"])], "then", [], [of("r", 1, None)])
    nodes = [
        node("MatMul", ["x", "w"], ["h"]),
        node("Constant", [], ["c"], value=onnx.numpy_helper.from_array(np.array(True))),
        node("If", ["c"], ["y"], then_branch=inner, else_branch=inner),
        node("Reshape", ["y", "shape"], ["z"]),
    ]
    shape = onnx.numpy_helper.from_array(np.array([-1]), "shape")
    graph = onnx.helper.make_graph(nodes, "g", [of("x", 1, ["n", 30])], [of("z", 1, None)], [tensor("w", 30, 4), shape])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()
