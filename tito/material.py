"""What checkpoints are made with: digits drawn from a seed, so that a network is judged in seconds and without a download,
and a loss that takes the long way."""

from __future__ import annotations

import numpy as np

GLYPHS = """
.###. ..#.. .###. .###. ...#. ##### ..##. ##### .###. .###.
#...# .##.. #...# #...# ..##. #.... .#... ....# #...# #...#
#..## ..#.. ....# ....# .#.#. ####. #.... ...#. #...# #...#
#.#.# ..#.. ...#. ..##. #..#. ....# ####. ..#.. .###. .####
##..# ..#.. ..#.. ....# ##### ....# #...# .#... #...# ....#
#...# ..#.. .#... #...# ...#. #...# #...# .#... #...# ...#.
.###. .###. ##### .###. ...#. .###. .###. .#... .###. .##..
"""


def glyphs() -> np.ndarray:
    """The ten digits, 7 by 5, ink 1."""
    rows = [line.split() for line in GLYPHS.split("\n") if line]
    return np.array([[[c == "#" for c in row[digit]] for row in rows] for digit in range(10)], float)


def digits(count: int, seed: int, *, stray: int = 0, noise: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Images (count, 1, 13, 13) and labels: each digit at most `stray` places off the middle, soft, under noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, count)
    images = np.zeros((count, 13, 13))
    tops, lefts = 3 + rng.integers(-stray, stray + 1, (2, count))
    for image, label, top, left in zip(images, labels, tops, lefts + 1):
        image[top : top + 7, left : left + 5] = glyphs()[label]
    soft = (2 * images + np.roll(images, 1, 1) + np.roll(images, 1, 2)) / 3
    ink = rng.uniform(0.7, 1.3, (count, 1, 1))
    return ((soft * ink + rng.normal(0, noise, images.shape))[:, None]).astype(np.float32), labels


def the_long_way(score, labels):
    """A loss of scores and labels through rules of 01 to 03 that a fused loss would pass by: product, matmul, tanh, relu, log-softmax."""
    import tinytorch
    from tinytorch.nn import functional as F

    bent = F.relu(score) * score.tanh() + score
    alike = tinytorch.matmul(score.t(), score).mean()
    return F.nll_loss(F.log_softmax(bent, 1), tinytorch.tensor(labels)) + 0.1 * alike


def expect_sound_gradients(normalised: bool = True) -> None:
    """All gradients of a small network are right: convolution, norm, bend, pooling, layer, and a loss by the long way."""
    import tinytorch
    from tinytorch import nn

    from .checking import expect_slopes, tensor

    images, labels = digits(9, 5)
    tinytorch.manual_seed(5)
    norm = [nn.BatchNorm2d(3, dtype=tinytorch.float64)] if normalised else []
    layers = [nn.Conv2d(1, 3, 3, dtype=tinytorch.float64), *norm, nn.GELU(), nn.MaxPool2d(2), nn.Flatten()]
    model = nn.Sequential(*layers, nn.Linear(75, 10, dtype=tinytorch.float64))
    expect_slopes(lambda: the_long_way(model(tensor(images.astype(float))), labels), model.parameters())
