"""The JSON beside a model's weights: it may set numbers, and may name neither code nor files elsewhere."""

import re
from typing import Any

import orjson

from pipeline.model_formats.fields import Fields, RefusedError

MOST_BYTES = 100_000_000  # the largest tokenizers have 35 MB
_CODE = frozenset(
    (
        "auto_map", "auto_mapping", "custom_pipelines", "custom_object_save", "custom_object_save_load", "trust_remote_code",
        "remote_code", "quantization_config", "use_kernel", "use_kernels",
        # What is called ORG/NAME there is fetched and run.
        "attn_implementation", "_attn_implementation", "_attn_implementation_internal", "experts_implementation",
        "_experts_implementation",
    )
)  # fmt: skip
_MODULES = "sentence_transformers."  # of modules.json, whose types are imported by name
# Where a model came from, and texts of its labels and tokens: no library opens what these name.
_NO_PLACES = re.compile(
    r"_?(?:\w+_)?name_or_path|special_tokens_map_file|chat_template|content|id2label|label2id|\w+_token"
)
_PLACE = re.compile(r"[\\/~]|[A-Za-z]:[\\/]|[A-Za-z][A-Za-z0-9+.-]*://|file:")
_VOCABULARIES = ("tokenizer.json", "vocab.json", "added_tokens.json")


def check_settings(fields: Fields, name: str) -> str:
    """Nothing to tell; RefusedError as `settings_in`."""
    settings_in(fields, name)
    return ""


def settings_in(fields: Fields, name: str) -> Any:
    """What the file of this name says; RefusedError for JSON that is none, names code to run, or files outside of its folder."""
    if fields.size > MOST_BYTES:
        raise RefusedError(f"it has {fields.size:,} bytes, and settings have at most {MOST_BYTES:,}")
    try:
        found = orjson.loads(fields.take(fields.size))
    except orjson.JSONDecodeError as error:
        raise RefusedError(f"it is no JSON: {error}") from error
    _check(found, vocabulary=name in _VOCABULARIES)
    if name == "modules.json":
        _check_modules(found)
    return found


def _check(value: Any, *, vocabulary: bool) -> None:
    """Goes through all values, without recursion: the depth is the writer's choice."""
    waiting: list[tuple[Any, bool]] = [(value, not vocabulary)]
    while waiting:
        here, places = waiting.pop()
        if isinstance(here, dict):
            for key, inside in here.items():
                if key in _CODE and not (vocabulary and type(inside) is int):  # the number of such a word
                    raise RefusedError(f"it has {key!r}, which would run code or fetch it")
                waiting.append((inside, places and not _NO_PLACES.fullmatch(key)))
        elif isinstance(here, list):
            waiting += [(each, places) for each in here]
        elif places and isinstance(here, str):
            _check_place(here)


def _check_place(text: str) -> None:
    if ".." in re.split(r"[\\/]", text) or (_PLACE.match(text) and len(text) > 1):
        raise RefusedError(f"it names a place outside of the model's folder: {text[:200]!r}")


def _check_modules(found: Any) -> None:
    listed: list[Any] = found if isinstance(found, list) else [found]
    for module in listed:
        kind = module.get("type", "") if isinstance(module, dict) else ""
        if not str(kind).startswith(_MODULES):
            raise RefusedError(f"its module {str(kind)[:200]!r} is code of somebody else")
