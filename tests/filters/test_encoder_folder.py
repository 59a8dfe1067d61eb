"""What is refused of an encoder's folder before anything of it is loaded."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from model_makers import trapped
from seeded_encoder import PACKAGE, make_encoder, model_at, needs, tiny_encoder

from filters.quality.encoder import EncoderQuality
from filters.quality.encoder_folder import FAMILIES
from pipeline.errors import RecipeError

needs("torch", "transformers", PACKAGE)
pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "whole"
    make_encoder(folder)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "model"))


def change(path: Path, edit: Callable[[Any], object]) -> None:
    told = orjson.loads(path.read_bytes())
    edit(told)
    path.write_bytes(orjson.dumps(told))


def refused(folder: Path, says: str) -> None:
    """By `check`, which reads, and by `load`, which would use it."""
    model = EncoderQuality(model=model_at(folder))
    for ask in (model.check, model.load):
        with pytest.raises(RecipeError, match=says):
            ask()


# Code.


def test_weights_in_a_pickle_are_never_opened(folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    (folder / "pytorch_model.bin").write_bytes(trapped(mark))
    refused(folder, "pickles")  # also beside sound weights
    (folder / "model.safetensors").unlink()
    refused(folder, "pickles")
    (folder / "pytorch_model.bin").rename(folder / "model.safetensors")
    refused(folder, "it is a pickle")
    assert not mark.exists()


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_code_that_a_configuration_names_is_refused_and_leaves_no_mark(name: str, folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    (folder / "modeling_trap.py").write_text(
        f"from pathlib import Path\nPath({str(mark)!r}).touch()\nclass Trap: pass\n"
    )
    names = {"AutoModelForSequenceClassification": "modeling_trap.Trap", "AutoConfig": "modeling_trap.Trap"}
    change(folder / name, lambda told: told.update(auto_map=names))
    refused(folder, "'auto_map', which would run code")
    assert not mark.exists()


@pytest.mark.parametrize(
    "more",
    [
        {"trust_remote_code": True},
        {"text_config": {"auto_map": {}}},
        {"layers": [{"custom_pipelines": {}}]},
        {"quantization_config": {"quant_method": "bitsandbytes"}},
        {"attn_implementation": "somebody/kernel"},
        {"_attn_implementation": "somebody/kernel"},
    ],
)
def test_keys_that_lead_to_code_are_refused_at_any_depth(more: dict[str, Any], folder: Path) -> None:
    change(folder / "config.json", lambda told: told.update(more))
    refused(folder, "run code or fetch it")


@pytest.mark.parametrize("kind", ["new", "llama", None, 7, "bert.evil"])
def test_families_that_are_not_listed_are_refused(kind: object, folder: Path) -> None:
    change(folder / "config.json", lambda told: told.update(model_type=kind))
    refused(folder, "model_type")


def test_an_adapter_in_the_folder_is_not_followed(folder: Path) -> None:
    plain = EncoderQuality(model=model_at(folder)).load()
    (folder / "adapter_config.json").write_bytes(orjson.dumps({"base_model_name_or_path": "somebody/else"}))
    beside = EncoderQuality(model=model_at(folder)).load()
    assert plain.score(plain.prepare(["corn"])).values == beside.score(beside.prepare(["corn"])).values


# Places.


@pytest.mark.parametrize(
    "name", ["../outside.safetensors", "/etc/passwd", "a/b.safetensors", "model.bin", "", "..", "x\\y"]
)
def test_an_index_that_leads_out_of_the_folder_is_refused(name: str, folder: Path) -> None:
    shutil.copyfile(folder / "model.safetensors", folder.parent / "outside.safetensors")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_bytes(orjson.dumps({"weight_map": {"classifier.weight": name}}))
    refused(folder, "a place outside|no safetensors file in this folder")


def test_weights_in_several_files_are_one_model(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    plain = EncoderQuality(model=model_at(folder)).load()
    tensors = load_file(folder / "model.safetensors")
    names = sorted(tensors)
    parts = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for part, some in parts.items():
        save_file({name: tensors[name] for name in some}, folder / part, metadata={"format": "pt"})
    where = {name: part for part, some in parts.items() for name in some}
    (folder / "model.safetensors.index.json").write_bytes(orjson.dumps({"weight_map": where}))
    (folder / "model.safetensors").unlink()
    split = EncoderQuality(model=model_at(folder))
    split.check()
    scorer = split.load()
    assert plain.score(plain.prepare(["corn"])).values == scorer.score(scorer.prepare(["corn"])).values


# Damage.


def test_a_cut_file_of_weights_is_refused(folder: Path) -> None:
    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate((folder / "model.safetensors").stat().st_size - 1)
    refused(folder, "bytes")


def test_a_file_of_other_bytes_than_the_recipe_names_is_refused(folder: Path) -> None:
    model = EncoderQuality(model=model_at(folder))
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    with pytest.raises(RecipeError, match="the recipe names"):
        model.check()


def save_without(folder: Path, *dropped: str, **changed: Any) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors") | changed
    kept = {name: tensor.contiguous() for name, tensor in tensors.items() if not name.startswith(dropped or ("\0",))}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


def test_an_encoder_without_a_head_is_refused(folder: Path) -> None:
    save_without(folder, "classifier.")
    refused(folder, "no head")


def test_a_head_of_another_size_and_a_missing_layer_are_refused(folder: Path) -> None:
    change(folder / "config.json", lambda told: told.update(id2label={"0": "a", "1": "b"}))
    with pytest.raises(RecipeError, match=r"gives 1 numbers, but config\.json names 2"):
        EncoderQuality(model=model_at(folder), label=0).check()
    change(folder / "config.json", lambda told: told.update(id2label={"0": "a"}))
    save_without(folder, "bert.encoder.layer.3.")
    with pytest.raises(RecipeError, match="weights are missing"):
        EncoderQuality(model=model_at(folder)).load()


# Another model's tokenizer.


def add_token(told: Any) -> None:
    told["added_tokens"].append(told["added_tokens"][0] | {"id": 40_000, "content": "<far>"})


def rename_special(told: Any) -> None:
    told["post_processor"]["single"][0]["SpecialToken"]["id"] = "<s>"
    told["post_processor"]["special_tokens"]["<s>"] = {"id": "<s>", "ids": [101], "tokens": ["<s>"]}


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (add_token, "it is another's"),
        (lambda told: told.update(post_processor=None), "no special tokens"),
        (lambda told: told.update(post_processor={"type": "ByteLevel", "add_prefix_space": True}), "no special tokens"),
        (rename_special, "which its vocabulary does not have"),
        (lambda told: told.update(model={"type": "WordPiece"}), "is no tokenizer"),
    ],
)
def test_a_tokenizer_that_is_not_the_models_is_refused(edit: Callable[[Any], object], says: str, folder: Path) -> None:
    change(folder / "tokenizer.json", edit)
    refused(folder, says)


def test_a_tokenizer_that_fills_up_with_another_token_is_refused(folder: Path) -> None:
    change(folder / "config.json", lambda told: told.update(pad_token_id=1))
    refused(folder, "fills up with 0, but the model with 1")


def test_more_layers_than_an_encoder_has_are_refused_before_they_are_built(folder: Path) -> None:
    change(folder / "config.json", lambda told: told.update(num_hidden_layers=10**9))
    refused(folder, "more than 512 layers")


@pytest.mark.parametrize("side", ["truncation_side", "padding_side"])
def test_a_model_that_reads_the_end_of_texts_is_refused(side: str, folder: Path) -> None:
    change(folder / "tokenizer_config.json", lambda told: told.update({side: "left"}))
    refused(folder, "on the left")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
@pytest.mark.parametrize("raw", [None, b"", b"[]", b"{", b"\xff\xfe"])
def test_a_missing_or_broken_description_is_refused(name: str, raw: bytes | None, folder: Path) -> None:
    (folder / name).unlink()
    if raw is not None:
        (folder / name).write_bytes(raw)
    refused(folder, name)


# Families.


@pytest.mark.parametrize("kind", FAMILIES)
def test_every_family_scores_as_transformers_does(kind: str, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification

    folder = tiny_encoder(tmp_path / kind, kind)
    model = EncoderQuality(model=model_at(folder), max_tokens=64)
    model.check()
    scorer = model.load()
    texts = ["corn is ground", "a mill " * 40, "flour"]
    plain = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        wanted = [
            plain(input_ids=torch.tensor(scorer._reader.windows([text])[0][0][None])).logits.item() for text in texts
        ]
    assert scorer.score(scorer.prepare(texts)).values.tolist() == pytest.approx(wanted, abs=1e-5)
