"""The lines by which a recipe names a model that was trained."""

import re
from pathlib import Path

from jobs.training.encoder_head import HIGH
from jobs.training.kinds import GOOD, Settings

_CLASSES = {"fasttext": "FastTextQuality", "static": "StaticQuality", "encoder": "EncoderQuality"}


def recipe_lines(settings: Settings, sha256: str, place: Path, *, classes: bool) -> str:
    """Python that has the model at `place` among the models of a `Quality`."""
    holder = "Asset" if settings.kind == "fasttext" else "ModelFiles"
    files = [f'name="{name_of(place)}"', f'sha256="{sha256}"', f'location="{place}"']
    told = [f"model={holder}({', '.join(files)})"]
    if settings.kind == "fasttext":
        told.append(f'label="__label__{GOOD}"')
    else:
        told.append(f"max_tokens={settings.max_tokens}")
    if settings.kind == "encoder" and classes:
        told.append(f'label="{HIGH}"')
    kind = _CLASSES[settings.kind]
    imports = f"from filters.quality.{settings.kind} import {kind}\n"
    imports += f"from pipeline.{'assets' if holder == 'Asset' else 'model_files'} import {holder}\n"
    inner = "".join(f"    {each},\n" for each in told)
    return f"{imports}\nmodel = {kind}(\n{inner})"


def name_of(place: Path) -> str:
    """What to call the model: the folder it was written to, as a registry may have it."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", place.parent.name).strip("-.+")[:100] or "model"
