"""Where there is no GPU, tests ask for `gpu` and get CuPy's stand-in."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(scope="module")
def gpu():
    """CuPy's stand-in under CuPy's name, for the tests of one file. See standin.py for what that shows and what not."""
    from tests.device import emulate, standin

    if emulate.COMPILER is None:
        pytest.skip("the kernels run on the CPU only where there is a g++ to compile them, and here is none")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cupy", standin)
        patch.setitem(sys.modules, "cupyx", standin.cupyx)
        patch.setitem(sys.modules, "cupyx.scipy", standin.cupyx.scipy)
        patch.setitem(sys.modules, "cupyx.scipy.special", standin.special)
        patch.setitem(sys.modules, "cupyx.scipy.linalg", standin.scipy_linalg)
        yield standin
