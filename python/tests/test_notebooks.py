"""The notebooks of docs, executed against a node."""

import nbformat
import pytest
from nbclient import NotebookClient

from conftest import ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, node, monkeypatch):
	monkeypatch.setenv("FHE_ML_URL", node.url)
	monkeypatch.setenv("FHE_ML_PRIVATE", str(node.private))
	monkeypatch.setenv("FHE_ML_PASSPHRASE", str(node.passphrase))
	notebook = nbformat.read(path, as_version=4)
	NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
	assert any(cell.get("outputs") for cell in notebook.cells)


def test_there_are_three_and_none_has_outputs_in_the_repository():
	assert len(NOTEBOOKS) == 3
	for path in NOTEBOOKS:
		for cell in nbformat.read(path, as_version=4).cells:
			assert not cell.get("outputs"), f"{path.name}: clear its outputs, they change with every run"
