"""The notebooks run over a demo's run as they are, and are stored without outputs."""

import json
import os
import warnings
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def cells(path: Path, kind: str) -> list[dict]:
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


def test_the_index_names_every_notebook() -> None:
    assert len(NOTEBOOKS) >= 3
    index = (FOLDER / "README.md").read_text()
    assert all(f"({path.name})" in index for path in NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    assert cells(path, "code")
    for cell in cells(path, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
    assert "widgets" not in json.loads(path.read_text())["metadata"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_thin_and_explains_itself(path: Path) -> None:
    assert all(len(cell["source"]) <= 12 for cell in cells(path, "code"))
    assert not any(word in "".join(cell["source"]) for cell in cells(path, "code") for word in ("def ", "class "))
    assert len(cells(path, "markdown")) >= 5


@pytest.mark.notebooks
@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_over_a_demo_run_and_shows_something_in_every_cell(
    path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    executed = execute(path, finished, monkeypatch, tmp_path)
    for cell in executed.cells:
        if cell.cell_type == "code":
            assert cell.outputs, cell.source
            assert not [output for output in cell.outputs if output.output_type == "error"]
            assert not [output for output in cell.outputs if output.get("name") == "stderr"], cell.outputs
    if "drops" in path.stem:
        shown = [output["data"].get("text/html", "") for cell in executed.cells for output in cell.get("outputs", [])]
        assert any("<mark" in html for html in shown)
    assert "outputs" not in path.read_text().replace('"outputs": []', "")


def execute(path: Path, root: Path, patch: pytest.MonkeyPatch, scratch: Path):
    nbformat = pytest.importorskip("nbformat", reason="the extra `notebooks` is not installed")
    client = pytest.importorskip("nbclient", reason="the extra `notebooks` is not installed")
    pytest.importorskip("altair", reason="the extra `notebooks` is not installed")
    pytest.importorskip("ipykernel", reason="the extra `notebooks` is not installed")
    patch.setenv("GRISTMILL_ROOT", str(root))
    patch.setenv("PYTHONPATH", os.pathsep.join([str(FOLDER.parent), *filter(None, [os.environ.get("PYTHONPATH")])]))
    patch.setenv("IPYTHONDIR", str(scratch / "ipython"))
    patch.setenv("JUPYTER_RUNTIME_DIR", str(scratch / "runtime"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the client's event loop and sockets: what the notebook does is what counts
        notebook = nbformat.read(path, as_version=4)
        return client.NotebookClient(
            notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
        ).execute()
