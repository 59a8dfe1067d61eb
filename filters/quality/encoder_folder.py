"""What the folder of an encoder says of itself, read as data: its configuration, its tokenizer, the heads of its weights.

Nothing of it is executed and no library that reads models is asked. What would run code is refused.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filters.quality.model_file import json_of
from filters.quality.weights import tensors_of
from pipeline.errors import RecipeError

FAMILIES = (
    "albert", "bert", "camembert", "deberta", "deberta-v2", "distilbert", "electra", "modernbert", "mpnet", "roberta",
    "xlm-roberta",
)  # fmt: skip
"""Model types whose classifiers transformers itself has."""
_OFFSET = ("camembert", "roberta", "xlm-roberta")  # their positions are counted from behind the padding's id
_ADDS_SPECIALS = ("BertProcessing", "RobertaProcessing")  # and templates
_PADS = ("[PAD]", "<pad>")
_LAYERS = ("num_hidden_layers", "n_layers")
_MOST_LABELS = 10_000
_MOST_LAYERS = 512  # a library would build as many as it is told, before it looks at the weights


@dataclass(frozen=True, slots=True)
class Encoder:
    """What is known of an encoder without loading it: its whole configuration as `data`, and what the texts depend on.

    `positions` is how many tokens it can read, `labels` what its head tells apart; `several` may hold at once.
    """

    data: dict[str, Any]
    kind: str
    labels: tuple[str, ...]
    several: bool
    vocabulary: int
    positions: int
    padding: int

    def place_of(self, label: int | str | None) -> int | None:
        """Which of the head's numbers is the score, None for that of a regression."""
        if label is None:
            if len(self.labels) == 1:
                return None
            raise RecipeError(
                f"the head tells {len(self.labels)} labels apart ({', '.join(self.labels[:20])}): name one as label"
            )
        place = self.labels.index(label) if label in self.labels else label
        if len(self.labels) == 1 or not isinstance(place, int) or not 0 <= place < len(self.labels):
            raise RecipeError(f"the head has no label {label!r}; it has {', '.join(self.labels[:20])}")
        return place


def encoder_of(folder: Path) -> Encoder:
    """What `config.json` and `tokenizer_config.json` say; RecipeError for what would run code and for other families."""
    data = json_of(folder / "config.json")
    beside = folder / "tokenizer_config.json"
    told = json_of(beside) if beside.is_file() else {}
    kind = data.get("model_type")
    if kind not in FAMILIES:
        raise RecipeError(f"{folder / 'config.json'}: model_type {kind!r}; there can be {', '.join(FAMILIES)}")
    if told.get("truncation_side", "right") != "right" or told.get("padding_side", "right") != "right":
        raise RecipeError(f"{beside}: texts are cut and filled up on the left; only what begins a text can be read")
    return _encoder(folder, data, kind)


def _encoder(folder: Path, data: dict[str, Any], kind: str) -> Encoder:
    padding = data.get("pad_token_id")
    padding = 0 if padding is None else padding
    vocabulary, positions = data.get("vocab_size"), data.get("max_position_embeddings", 512)
    numbers = {"vocab_size": vocabulary, "max_position_embeddings": positions, "pad_token_id": padding}
    numbers |= {key: data[key] for key in _LAYERS if key in data}
    if wrong := [
        key for key, value in numbers.items() if not isinstance(value, int) or isinstance(value, bool) or value < 0
    ]:
        raise RecipeError(f"{folder / 'config.json'}: {wrong[0]} is {numbers[wrong[0]]!r}, and must be a number")
    if padding >= (vocabulary or 0):
        raise RecipeError(f"{folder / 'config.json'}: pad_token_id is {padding}, but there are {vocabulary} tokens")
    if any(data.get(key, 0) > _MOST_LAYERS for key in _LAYERS):
        raise RecipeError(f"{folder / 'config.json'}: more than {_MOST_LAYERS} layers, which no encoder has")
    return Encoder(
        data=data,
        kind=kind,
        labels=_labels(folder, data),
        several=data.get("problem_type") == "multi_label_classification",
        vocabulary=int(vocabulary or 0),
        positions=positions - _unused(kind, padding),
        padding=padding,
    )


def _unused(kind: str, padding: int) -> int:
    """The first positions, which no token has."""
    return 2 if kind == "mpnet" else padding + 1 if kind in _OFFSET else 0


def _labels(folder: Path, data: dict[str, Any]) -> tuple[str, ...]:
    """As transformers reads them: by name, else by number, else two."""
    named, count = data.get("id2label"), data.get("num_labels", 2)
    if named is None:
        named = {
            str(number): f"LABEL_{number}"
            for number in range(count if isinstance(count, int) and count <= _MOST_LABELS else 0)
        }
    if not isinstance(named, dict) or not named or sorted(named) != sorted(map(str, range(len(named)))):
        raise RecipeError(f"{folder / 'config.json'}: id2label must name labels 0, 1, …")
    return tuple(str(named[str(number)]) for number in range(len(named)))


def check_weights(folder: Path, encoder: Encoder) -> None:
    """RecipeError where the files are damaged, have no head, or another one or another vocabulary than the configuration says."""
    tensors = tensors_of(folder)
    heads = [told for name, told in tensors.items() if name in ("classifier.weight", "classifier.out_proj.weight")]
    if not heads:
        raise RecipeError(
            f"{folder}: the weights have no head (classifier.weight): this encoder was not trained to score"
        )
    if heads[0].shape[:1] != (len(encoder.labels),):
        raise RecipeError(
            f"{folder}: the head gives {heads[0].shape[0]} numbers, but config.json names {len(encoder.labels)}"
        )
    embeddings = [
        told for name, told in tensors.items() if name.endswith(("word_embeddings.weight", "tok_embeddings.weight"))
    ]
    if not embeddings or embeddings[0].shape[:1] != (encoder.vocabulary,):
        rows = embeddings[0].shape[0] if embeddings else "no"
        raise RecipeError(f"{folder}: weights for {rows} tokens, but config.json says {encoder.vocabulary}")


def check_tokenizer(folder: Path, encoder: Encoder) -> None:
    """RecipeError where `tokenizer.json` is another model's: more tokens than there are weights, or no special ones."""
    path = folder / "tokenizer.json"
    told = json_of(path)
    known = _vocabulary(path, told)
    largest = max(known.values(), default=-1)
    if largest >= encoder.vocabulary:
        raise RecipeError(
            f"{path} has a token {largest}, but the model has weights for {encoder.vocabulary}: it is another's"
        )
    specials = _specials(path, told.get("post_processor"))
    if not specials:
        raise RecipeError(f"{path} adds no special tokens, without which an encoder has nothing to score")
    if strange := [name for name, number in specials.items() if known.get(name) != number]:
        raise RecipeError(f"{path} adds {strange[0]!r}, which its vocabulary does not have at {specials[strange[0]]}")
    pads = {known[name] for name in _PADS if name in known}
    if pads and encoder.padding not in pads:
        raise RecipeError(f"{path} fills up with {min(pads)}, but the model with {encoder.padding}: it is another's")


def _vocabulary(path: Path, tokenizer: dict[str, Any]) -> dict[str, int]:
    """The tokens and their numbers, the added ones too."""
    try:
        words: Any = tokenizer["model"]["vocab"]
        known = dict(words) if isinstance(words, dict) else {piece[0]: number for number, piece in enumerate(words)}
        known |= {each["content"]: each["id"] for each in tokenizer.get("added_tokens") or ()}
        return {str(token): int(number) for token, number in known.items()}
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise RecipeError(f"{path} is no tokenizer: {error!r}") from error


def _specials(path: Path, processor: Any) -> dict[str, int]:
    """The tokens that are put around a text."""
    found: dict[str, int] = {}
    try:
        for each in processor.get("processors") or [processor] if processor else ():
            if each["type"] == "TemplateProcessing":
                names = [step["SpecialToken"]["id"] for step in each["single"] if "SpecialToken" in step]
                found |= {name: int(each["special_tokens"][name]["ids"][0]) for name in names}
            elif each["type"] in _ADDS_SPECIALS:
                found |= {str(name): int(number) for name, number in (each["cls"], each["sep"])}
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise RecipeError(f"{path} is no tokenizer: {error!r}") from error
    return found
