"""Run an expression on PyTorch and on tinytorch, and hold values and gradients against each other."""

from __future__ import annotations

import numpy as np
import pytest

import tinytorch
from tests.parity.compare import difference, plain

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")


def outcome(library, expression, arrays, order: int):
    """What the expression gives, and its gradients up to that order with uneven weights."""
    inputs = [library.tensor(a) for a in arrays]
    leaves = [x.requires_grad_() for x in inputs if order and x.is_floating_point()]
    out = expression(library, *inputs)
    found = [plain(out)]
    for phase in range(1, order + 1):
        outs = [o for o in (out if isinstance(out, (list, tuple)) else [out]) if o.requires_grad]
        if not outs:
            break
        weights = [
            library.tensor(np.cos(np.arange(o.numel()) + phase).reshape(tuple(o.shape))).to(o.dtype)
            for o in outs
        ]
        grads = library.autograd.grad(outs, leaves, weights, allow_unused=True, create_graph=phase < order)
        out = [library.zeros_like(x) if g is None else g for g, x in zip(grads, leaves)]
        found += [plain(g.detach()) for g in out]
    return found


def agree(expression, *arrays, order: int = 1, loose: float = 1.0) -> None:
    """Assert that both libraries give the same."""
    want, got = (outcome(library, expression, arrays, order) for library in (torch, tinytorch))
    message = difference(want, got, loose)
    assert message is None, message


def errors_agree(expression, *arrays) -> None:
    """Assert that both libraries refuse, with the same class of error."""
    refusals = []
    for library in (torch, tinytorch):
        try:
            expression(library, *[library.tensor(a) for a in arrays])
        except Exception as error:  # any error is a result here
            refusals.append(error)
        else:
            raise AssertionError(f"{library.__name__} does not refuse")
    wanted = next(c for c in type(refusals[0]).__mro__ if c.__module__ == "builtins")
    assert isinstance(refusals[1], wanted), f"{wanted.__name__} expected, got {refusals[1]!r}"
