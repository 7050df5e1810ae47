"""assert_close: tensors, numbers and nests of them that ought to be equal, and an error that says where they are not."""

from __future__ import annotations

import cmath
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import backend, dtypes
from ..tensor import Tensor
from ..tensor_data import as_tensor

# PyTorch's table: (rtol, atol) by dtype; whole numbers must be equal.
TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}
NUMBERS = (int, float, complex, np.number)


def assert_close(
    actual, expected, *, allow_subclasses: bool = True, rtol: float | None = None, atol: float | None = None,
    equal_nan: bool = False, check_device: bool = True, check_dtype: bool = True, check_layout: bool = True,
    check_stride: bool = False, msg: str | Callable[[str], str] | None = None,
) -> None:  # fmt: skip
    """AssertionError unless |actual - expected| <= atol + rtol * |expected| everywhere, with equal shapes and dtypes.

    Without tolerances the dtype decides. Sequences and mappings are compared item by item.
    """
    rules = Rules(allow_subclasses, rtol, atol, equal_nan, check_device, check_dtype, check_stride)
    for text in differences(actual, expected, rules, ()):
        raise AssertionError(msg if isinstance(msg, str) else text if msg is None else msg(text))


def assert_allclose(actual, expected, rtol=None, atol=None, equal_nan: bool = True, msg: str = "") -> None:
    """`assert_close` under its old name, which takes arrays and numbers for tensors."""
    actual, expected = (
        as_tensor(x, dtype=getattr(y, "dtype", None)) if not isinstance(x, Tensor) else x
        for x, y in ((actual, expected), (expected, actual))
    )
    assert_close(
        actual,
        expected,
        rtol=rtol,
        atol=atol,
        equal_nan=equal_nan,
        check_dtype=False,
        check_device=True,
        msg=msg or None,
    )


def located(text: str, path: tuple) -> str:
    return (
        f"{text}\n\nThe failure occurred for item {''.join(str([item]) for item in path)}" if path else text
    )


class Rules:
    """What counts as close."""

    def __init__(self, allow_subclasses, rtol, atol, equal_nan, check_device, check_dtype, check_stride):
        if (rtol is None) != (atol is None):
            absent = "rtol" if rtol is None else "atol"
            raise ValueError(
                f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {absent}."
            )
        self.rtol, self.atol, self.equal_nan, self.allow_subclasses = rtol, atol, equal_nan, allow_subclasses
        self.check_device, self.check_dtype, self.check_stride = check_device, check_dtype, check_stride

    def tolerances(self, *names: str) -> tuple[float, float]:
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        rtols, atols = zip(*[TOLERANCES.get(name, (0.0, 0.0)) for name in names])
        return max(rtols), max(atols)


def differences(actual, expected, rules: Rules, path: tuple):
    """Walk two nests side by side; yields a text for each pair that differs. Nests of different build are an error at once."""
    if all(isinstance(x, Sequence) and not isinstance(x, str) for x in (actual, expected)):
        if len(actual) != len(expected):
            raise AssertionError(
                located(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", path)
            )
        for i, pair in enumerate(zip(actual, expected)):
            yield from differences(*pair, rules, (*path, i))
    elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if actual.keys() != expected.keys():
            missing, additional = (
                sorted(expected.keys() - actual.keys()),
                sorted(actual.keys() - expected.keys()),
            )
            text = f"Missing keys in the actual mapping: {missing}\nAdditional keys in the actual mapping: {additional}"
            raise AssertionError(located(f"The keys of the mappings do not match:\n{text}", path))
        for key in actual:
            yield from differences(actual[key], expected[key], rules, (*path, key))
    else:
        text = difference(actual, expected, rules)
        if text:
            yield located(text, path)


def difference(actual, expected, rules: Rules) -> str:
    """How two single things differ; empty where they do not."""
    if actual is None or expected is None:
        return "" if actual is expected else f"None mismatch: {actual} is not {expected}"
    if all(isinstance(x, (bool, np.bool_)) for x in (actual, expected)):
        return "" if bool(actual) is bool(expected) else f"Booleans mismatch: {actual} is not {expected}"
    if all(isinstance(x, NUMBERS) and not isinstance(x, (bool, np.bool_)) for x in (actual, expected)):
        return number_difference(plain(actual), plain(expected), rules)
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    tensor_like = isinstance(actual, (Tensor, np.ndarray))
    if not tensor_like or not related or not (rules.allow_subclasses or type(actual) is type(expected)):
        raise TypeError(
            f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}."
        )
    return tensor_difference(as_tensor(actual).detach(), as_tensor(expected).detach(), rules)


# ---------------------------------------------------------------- numbers


def plain(number):
    return number.item() if isinstance(number, np.number) else number


def number_difference(actual, expected, rules: Rules) -> str:
    if rules.check_dtype and type(actual) is not type(expected):
        return f"The (d)types do not match: {type(actual)} != {type(expected)}."
    names = {int: "int64", float: "float64", complex: "complex128"}
    rtol, atol = rules.tolerances(names[type(actual)], names[type(expected)])
    if actual == expected or (rules.equal_nan and cmath.isnan(actual) and cmath.isnan(expected)):
        return ""
    gap = abs(actual - expected)
    if cmath.isfinite(gap) and gap <= atol + rtol * abs(expected):
        return ""
    return scalar_mismatch(actual, expected, rtol, atol)


def scalar_mismatch(actual, expected, rtol: float, atol: float) -> str:
    gap = abs(actual - expected)
    relative = float("inf") if expected == 0 else gap / abs(expected)
    heading = f"Scalars are not {closeness(rtol, atol)}!\n\nExpected {expected} but got {actual}.\n"
    allowed = allowance(rtol, atol)
    return (
        f"{heading}Absolute difference: {gap}{allowed(atol)}\nRelative difference: {relative}{allowed(rtol)}"
    )


def closeness(rtol: float, atol: float) -> str:
    return "equal" if rtol == atol == 0 else "close"


def allowance(rtol: float, atol: float) -> Callable[[float], str]:
    return lambda limit: "" if rtol == atol == 0 else f" (up to {limit} allowed)"


# ---------------------------------------------------------------- tensors


def tensor_difference(actual: Tensor, expected: Tensor, rules: Rules) -> str:
    attributes: list[tuple[str, Any, Any]] = [("shape", actual.shape, expected.shape)]
    if rules.check_stride:
        attributes.append(("stride()", actual.stride(), expected.stride()))
    if rules.check_device:
        attributes.append(("device", actual.device, expected.device))
    if rules.check_dtype:
        attributes.append(("dtype", actual.dtype, expected.dtype))
    for name, a, b in attributes:
        if a != b:
            return f"The values for attribute '{name}' do not match: {a} != {b}."
    rtol, atol = rules.tolerances(actual.dtype.name, expected.dtype.name)
    target = dtypes.promote_types(actual.dtype, expected.dtype).np
    a, b = (backend.move(t.array, backend.CPU).astype(target, copy=False) for t in (actual, expected))
    matches = np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=rules.equal_nan)
    if matches.all():
        return ""
    return (
        array_mismatch(a, b, matches, rtol, atol)
        if a.ndim
        else scalar_mismatch(a.item(), b.item(), rtol, atol)
    )


def array_mismatch(actual, expected, matches, rtol: float, atol: float) -> str:
    """How many elements differ, and the largest differences with their places."""
    if actual.dtype.kind in "biu":
        actual, expected = actual.astype(np.int64), expected.astype(np.int64)
    gap = np.where(matches, 0, np.abs(actual - expected))
    relative = np.where(
        matches, 0, gap / np.abs(expected, dtype=None if expected.dtype.kind in "fc" else np.float32)
    )
    wrong = matches.size - int(matches.sum())
    allowed = allowance(rtol, atol)
    largest = lambda values: (
        f"{values.max().item()} at index {tuple(map(int, np.unravel_index(np.argmax(values), values.shape)))}"
    )
    return (
        f"Tensor-likes are not {closeness(rtol, atol)}!\n\n"
        f"Mismatched elements: {wrong} / {matches.size} ({wrong / matches.size:.1%})\n"
        f"Greatest absolute difference: {largest(gap)}{allowed(atol)}\n"
        f"Greatest relative difference: {largest(relative)}{allowed(rtol)}"
    )
