"""Every function of the table against PyTorch: one test per name, a failure says which sample and how."""

import pytest

from tests.parity.runs import hold
from tests.parity.table import by_name

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

import tinytorch  # noqa: E402

SHOWN = 12


@pytest.mark.parametrize("name, entries", by_name().items(), ids=by_name().keys())
def test_op_matches_torch(name, entries):
    findings = [finding for entry in entries for finding in hold(torch, tinytorch, entry)]
    shown = "\n".join(str(finding) for finding in findings[:SHOWN])
    assert not findings, f"{name} differs from PyTorch in {len(findings)} ways:\n{shown}"
