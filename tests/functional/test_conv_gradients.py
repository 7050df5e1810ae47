"""torch.nn.grad beside PyTorch's."""

import numpy as np
import pytest

from tests.functional.agree import agree


@pytest.mark.parametrize("n", [1, 2, 3])
def test_gradients_of_convolutions_alone(n):
    rng = np.random.default_rng(n)
    settings = dict(stride=2, padding=1, dilation=1, groups=2)
    x, w = rng.standard_normal((2, 4, *[7] * n)), rng.standard_normal((6, 2, *[3] * n))
    g = rng.standard_normal((2, 6, *[4] * n))
    agree(
        lambda lib, w, g: getattr(lib.nn.grad, f"conv{n}d_input")(
            x.shape, w.detach(), g.detach(), **settings
        ),
        w,
        g,
    )
    agree(
        lambda lib, x, g: getattr(lib.nn.grad, f"conv{n}d_weight")(
            x.detach(), w.shape, g.detach(), **settings
        ),
        x,
        g,
    )
