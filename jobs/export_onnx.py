"""`gristmill export-onnx`: an encoder as ONNX, for machines without a GPU."""

from pathlib import Path
from typing import Annotated

import typer

from jobs.options import Json
from jobs.terminal import UNFINISHED, emit_json, fail, notice, out, run_verb
from pipeline.errors import GristmillError

Model = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL", help="The folder of an encoder with a head: config.json, tokenizer.json, safetensors."
    ),
]
Folder = Annotated[
    Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write; it must not be there yet.")
]
Int8 = Annotated[bool, typer.Option("--int8", help="Weights and products of layers in 8-bit integers.")]


def export_onnx(model: Model, output: Folder, int8: Int8 = False, json: Json = False) -> None:
    """Write an encoder as ONNX, and say the SHA-256 by which a recipe names the folder.

    The folder holds model.onnx, config.json and tokenizer.json, and is what `OnnxQuality` of a recipe reads. It is compared with
    the original before it is kept.

    Example: gristmill export-onnx models/fineweb-edu --output models/fineweb-edu-int8 --int8
    """
    from jobs.exporting import export_onnx as export

    try:
        digest = export(model, output, int8=int8)
    except GristmillError as error:
        fail(error)
    except KeyboardInterrupt:
        notice("stopped; nothing was written")
        raise typer.Exit(UNFINISHED) from None
    if json:
        emit_json({"folder": str(output), "sha256": digest, "int8": int8})
        return
    out.print(f"written to {output}; its SHA-256 is {digest}")
    out.print(
        f'in a recipe: OnnxQuality(model=ModelFiles(sha256="{digest}", name="{output.name}", location="{output}"))'
    )


if __name__ == "__main__":
    run_verb(export_onnx)
