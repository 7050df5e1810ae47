"""Run the same function with PyTorch and with tinytorch, and hold results and gradients of both orders together."""

from __future__ import annotations

import numpy as np
import pytest

import tinytorch

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

LIBRARIES = (torch, tinytorch)


def same_layer(make, dtype="float64"):
    """The same layer in both libraries: PyTorch's numbers in both, and its state_dict's keys."""
    theirs, ours = (make(library).to(getattr(library, dtype)) for library in LIBRARIES)
    for p in theirs.parameters():
        torch.nn.init.normal_(p, std=0.5)
    state = {key: tinytorch.tensor(value.detach().numpy()) for key, value in theirs.state_dict().items()}
    assert list(state) == list(ours.state_dict())
    ours.load_state_dict(state)
    theirs.load_state_dict({key: torch.tensor(value.numpy()) for key, value in ours.state_dict().items()})
    assert repr(theirs) == repr(ours)
    return theirs, ours


def flat(results) -> list:
    if isinstance(results, (tuple, list)):
        return [x for part in results for x in flat(part)]
    return [] if results is None else [results]


def outcome(library, function, arrays, parameters=(), order: int = 1):
    """Results, gradients of a weighted sum of them, and, for order 2, gradients of those; or the error's class."""
    inputs = [library.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    try:
        results = [x for x in flat(function(library, *inputs)) if x.dtype.is_floating_point]
    except Exception as error:
        return type(error)
    wanted = [x for x in (*inputs, *parameters) if x.requires_grad]
    weights = [
        library.tensor(np.cos(np.arange(x.numel()).reshape(tuple(x.shape))), dtype=x.dtype) for x in results
    ]
    for w in weights:
        w.requires_grad_()
    loss = sum((x * w).sum() for x, w in zip(results, weights))
    first = library.autograd.grad(loss, wanted, create_graph=order == 2, allow_unused=True)
    if order == 1:
        return [*results, *first]
    total = sum((g * g).sum() for g in first if g is not None)
    return [*results, *first, *library.autograd.grad(total, [*weights, *wanted], allow_unused=True)]


def hold(function, *arrays, layers=None, order: int = 1, tolerance: float = 1e-9):
    """`function(library, *tensors)`, or `function(library, layer, *tensors)`, does the same in both libraries."""
    found = []
    for i, library in enumerate(LIBRARIES):
        layer = None if layers is None else layers[i]
        call = function if layer is None else lambda library, *x, layer=layer: function(library, layer, *x)
        found.append(outcome(library, call, arrays, () if layer is None else layer.parameters(), order))
    want, got = found
    if isinstance(want, type) or isinstance(got, type):
        assert want is got
        return
    assert len(want) == len(got)
    for x, y in zip(want, got):
        x, y = (None if z is None else z.detach().numpy() for z in (x, y))
        if x is None or y is None:  # no path to an input, or a gradient of zeros
            assert not np.any(x if y is None else y)
            continue
        assert x.shape == y.shape and x.dtype == y.dtype
        np.testing.assert_allclose(y, x, rtol=tolerance * 10, atol=tolerance)
