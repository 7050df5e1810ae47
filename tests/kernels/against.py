"""How wrong a compiled body may be: PyTorch's own float32 error against float64 times a small factor, and a little for rounding."""

import numpy as np
import pytest

FACTOR = 4


def close(got, exact, theirs=None, factor=FACTOR):
    """Hold a float32 result against float64, allowing `factor` times the largest error of `theirs`, a float32 result too."""
    got, exact = np.asarray(got), np.asarray(exact)
    assert got.shape == exact.shape, f"{got.shape}, expected {exact.shape}"
    assert got.dtype == np.float32
    if not exact.size:
        return
    size = max(np.abs(exact).max(), 1e-30)
    theirs_off = 0.0 if theirs is None else np.abs(np.asarray(theirs) - exact).max()
    allowed = factor * theirs_off + 4 * np.finfo(np.float32).eps * size
    off = np.abs(got - exact).max()
    assert off <= allowed, f"off by {off:.2e}, allowed {allowed:.2e} (sizes up to {size:.2e})"


def torch():
    return pytest.importorskip("torch")
