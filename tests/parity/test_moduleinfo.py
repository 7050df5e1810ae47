"""The layers against PyTorch on PyTorch's own samples, one test per layer."""

import pytest

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")
pytest.importorskip("expecttest", reason="PyTorch's samples need expecttest: pip install expecttest")

import tinytorch  # noqa: E402
from tests.parity.moduleinfo import NAMES, check  # noqa: E402

SHOWN = 15


@pytest.mark.parametrize("name", NAMES)
def test_layer_matches_torch_on_its_own_samples(name):
    complaints = list(check(torch, tinytorch, name))
    shown = "\n".join(complaints[:SHOWN])
    assert not complaints, f"{name} differs from PyTorch in {len(complaints)} ways:\n{shown}"
