"""assert_close: the same verdicts and the same words as PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import tinytorch

torch = pytest.importorskip("torch")

PAIRS = {
    "one element": lambda t: (t.tensor([1.0, 2.0]), t.tensor([1.0, 2.5])),
    "within float32's tolerance": lambda t: (t.tensor([1.0]), t.tensor([1.0 + 1e-6])),
    "integers must be equal": lambda t: (t.tensor([1, 2, 3]), t.tensor([1, 0, 4])),
    "numbers": lambda t: (1.0, 1.5),
    "whole numbers": lambda t: (1, 2),
    "number types": lambda t: (1, 1.0),
    "None": lambda t: (None, 1),
    "booleans": lambda t: (True, False),
    "0-dim": lambda t: (t.tensor(1.0), t.tensor(2.0)),
    "dtype": lambda t: (t.tensor(1.0), t.tensor(1.0, dtype=t.float64)),
    "shape": lambda t: (t.ones(2), t.ones(3)),
    "in a list": lambda t: ([t.ones(2)], [t.zeros(2)]),
    "in a dict": lambda t: ({"a": [t.ones(2)]}, {"a": [t.ones(2) * 1.1]}),
    "keys": lambda t: ({"a": 1}, {"b": 1}),
    "lengths": lambda t: ([1], [1, 2]),
    "nan": lambda t: (t.tensor([float("nan")]), t.tensor([float("nan")])),
    "against zero": lambda t: (t.tensor([1.0, 0.0]), t.tensor([0.0, 0.0])),
    "complex": lambda t: (t.tensor([1 + 1j]), t.tensor([1 + 2j])),
    "booleans in a tensor": lambda t: (t.tensor([True, False]), t.tensor([True, True])),
    "arrays": lambda t: (np.ones(2), np.zeros(2)),
    "matrix": lambda t: (t.arange(6.0).reshape(2, 3), t.arange(6.0).reshape(2, 3) + t.tensor([0, 0, 1.0])),
}
OPTIONS = [
    {},
    {"rtol": 0.0, "atol": 0.0},
    {"rtol": 0.3, "atol": 0.3},
    {"equal_nan": True, "check_dtype": False},
    {"msg": "own"},
]


def verdict(lib, pair, options) -> str:
    try:
        lib.testing.assert_close(*pair(lib), **options)
    except (AssertionError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return "close"


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_as_pytorch(pair, options):
    assert verdict(tinytorch, pair, options) == verdict(torch, pair, options)


def test_one_tolerance_alone():
    options = {"rtol": 1.0}
    pair = PAIRS["one element"]
    assert verdict(tinytorch, pair, options) == verdict(torch, pair, options)


def test_a_message_may_be_built_from_the_generated_one():
    with pytest.raises(AssertionError, match="layer 3: Scalars are not close!"):
        tinytorch.testing.assert_close(1.0, 2.0, msg=lambda text: f"layer 3: {text}")
