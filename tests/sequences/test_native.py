"""torch.lstm, torch.gru_cell and their like, which take lists of weights, beside PyTorch's."""

import numpy as np
import pytest

import tinytorch

torch = pytest.importorskip("torch")


def drawn(lib, seed: int, *shape):
    return lib.tensor(np.random.default_rng(seed).standard_normal(shape)).requires_grad_()


def compare(compute):
    """Results and the gradients of what `compute` says, in both libraries."""
    answers = []
    for lib in (torch, tinytorch):
        results, leaves = compute(lib)
        sum((r * (i + 1)).sum() for i, r in enumerate(results)).backward()
        answers.append([r.detach().numpy() for r in results] + [x.grad.numpy() for x in leaves])
    for theirs, ours in zip(*answers, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("kind, gates", [("lstm", 4), ("gru", 3), ("rnn_tanh", 1), ("rnn_relu", 1)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_layers(kind, gates, bias, packed):
    H, layers, directions = 4, 2, 2

    def compute(lib):
        weights = []
        for layer in range(layers):
            width = 3 if layer == 0 else H * directions
            for direction in range(directions):
                shapes = [(gates * H, width), (gates * H, H), *[(gates * H,)] * (2 * bias)]
                weights += [drawn(lib, 10 * layer + direction + k, *s) for k, s in enumerate(shapes)]
        x = drawn(lib, 1, 5, 3) if packed else drawn(lib, 1, 2, 3, 3)
        states = [drawn(lib, k, layers * directions, 2, H) for k in range(2 if kind == "lstm" else 1)]
        hx = states if kind == "lstm" else states[0]
        settings = (bias, layers, 0.0, True, True)
        if packed:
            results = getattr(lib, kind)(x, lib.tensor([2, 2, 1]), hx, weights, *settings)
        else:
            results = getattr(lib, kind)(x, hx, weights, *settings, True)
        return results, [x, *states, *weights]

    compare(compute)


@pytest.mark.parametrize("kind, gates", [("lstm", 4), ("gru", 3), ("rnn_tanh", 1), ("rnn_relu", 1)])
@pytest.mark.parametrize("bias", [True, False])
def test_cells(kind, gates, bias):
    def compute(lib):
        x, states = drawn(lib, 0, 2, 3), [drawn(lib, k, 2, 4) for k in range(1, 3 if kind == "lstm" else 2)]
        weights = [drawn(lib, 5, gates * 4, 3), drawn(lib, 6, gates * 4, 4)]
        weights += [drawn(lib, k, gates * 4) for k in (7, 8) if bias]
        out = getattr(lib, f"{kind}_cell")(x, states if kind == "lstm" else states[0], *weights)
        return (out if kind == "lstm" else [out]), [x, *states, *weights]

    compare(compute)


def test_embedding():
    def compute(lib):
        table = drawn(lib, 0, 4, 3)
        return [
            lib.embedding(table, lib.tensor([[0, 1], [1, 3]])),
            lib.embedding(table, lib.tensor([2, 1]), 1),
        ], [table]

    compare(compute)
