"""Every suite beside the table of functions, against PyTorch: one test per case."""

import pytest

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

import tinytorch  # noqa: E402
from tests.parity.suites import SUITES  # noqa: E402

CASES = [
    pytest.param(check, case, id=f"{suite}/{name}")
    for suite, (cases, check) in SUITES.items()
    for name, case in cases.items()
]


@pytest.mark.parametrize("check, case", CASES)
def test_case_matches_torch(check, case):
    complaints = list(check(torch, tinytorch, case))
    assert not complaints, "\n".join([str(case), *complaints])
