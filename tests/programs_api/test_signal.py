"""torch.signal.windows beside PyTorch's."""

import numpy as np
import pytest

import tinytorch

torch = pytest.importorskip("torch")

WINDOWS = {
    "bartlett": {}, "blackman": {}, "cosine": {}, "exponential": {"tau": 2.0}, "gaussian": {"std": 1.5}, "general_cosine": {"a": [0.5, 0.3, 0.2]},
    "general_hamming": {"alpha": 0.6}, "hamming": {}, "hann": {}, "kaiser": {"beta": 8.0}, "nuttall": {},
}  # fmt: skip


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("sym", [True, False])
def test_windows(name, sym):
    for M in (0, 1, 2, 7, 8):
        made = [
            getattr(lib.signal.windows, name)(M, sym=sym, dtype=lib.float64, **WINDOWS[name])
            for lib in (torch, tinytorch)
        ]
        np.testing.assert_allclose(made[1].numpy(), made[0].numpy(), atol=1e-12)


def test_windows_refuse():
    for lib in (torch, tinytorch):
        with pytest.raises(ValueError, match="requires non-negative window length, got M=-1"):
            lib.signal.windows.hann(-1)
        with pytest.raises(ValueError, match="Tau must be positive, got: 0"):
            lib.signal.windows.exponential(4, tau=0)
        with pytest.raises(ValueError, match="expects float"):
            lib.signal.windows.hann(4, dtype=lib.int64)
    assert tinytorch.signal.windows.hann(4).dtype is tinytorch.float32
