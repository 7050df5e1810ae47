"""What a module's `checks.py` is written with.

    from tito.checking import check, expect_close, rng

    @check(of="softmax_op", section="Softmax")
    def test_rows_sum_to_one():
        \"\"\"Every row of a softmax sums to 1.\"\"\"
        x = rng(0).normal(size=(3, 5))
        expect_close(F.softmax(tensor(x), 1).sum(1), np.ones(3))

A check is a pytest function; its docstring is what the student reads. Values are compared as NumPy arrays and gradients
with finite differences made here, so a verdict does not rest on the code that is being judged.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


class CheckFailed(AssertionError):
    """The student's code did something else than what was expected."""

    def __init__(self, message: str, expected: str = "", got: str = "", difference: str = ""):
        super().__init__(
            "\n".join(
                filter(
                    None,
                    [message, expected and f"expected {expected}", got and f"got      {got}", difference],
                )
            )
        )
        self.message, self.expected, self.got, self.difference = message, expected, got, difference


class CouldNotCheck(Exception):
    """The check could not be made, through no fault of the student's: raise it with the reason."""


@dataclass(frozen=True)
class Check:
    """What `@check` says about a function."""

    of: tuple[str, ...] = ()  # the symbols it is about, as the lesson's {build} names them
    needs: tuple[str, ...] = ()  # checks that have to pass first
    section: str = ""  # the lesson's heading to read again
    seconds: float = 10.0


def check(function=None, *, of=(), needs=(), section: str = "", seconds: float = 10.0):
    """Mark a check: which symbols it is about, which checks come first, which section helps, how long it may take."""

    def mark(f):
        f.check = Check(
            as_tuple(of), tuple(n.removeprefix("test_") for n in as_tuple(needs)), section, seconds
        )
        return f

    return mark if function is None else mark(function)


def as_tuple(names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def beside(function):
    """Mark a helper of checks.py that has to run in the student's process: Numba compiles it, or it ends the process.

    Where checks are kept apart from the student's code (tito/assessment/remote) its source is sent there. It returns values, and holds no answers.
    """
    return function


# ---------------------------------------------------------------- data

MIX: tuple[
    int, ...
] = ()  # in grading: numbers that nobody knows before, so that each student's data are others


def rng(seed: int = 0) -> np.random.Generator:
    """NumPy's generator with a fixed seed; where a check is graded, with one of the student's own mixed in."""
    return np.random.default_rng([*MIX, seed] if MIX else seed)


def arrays(*shapes: Sequence[int], seed: int = 0, low: float = -2.0, high: float = 2.0) -> list[np.ndarray]:
    """Random float64 arrays of these shapes."""
    generator = rng(seed)
    return [generator.uniform(low, high, shape) for shape in shapes]


def tensor(array, **options):
    """A tinytorch Tensor over a NumPy array (float64 stays float64). It is given a copy: what is expected is computed from the array itself."""
    import tinytorch

    return tinytorch.tensor(np.array(array), **options)


LENT: list[np.ndarray] = []  # by the check that runs


def lent(array: np.ndarray) -> np.ndarray:
    """An array that the student's code is to write to, or is watched not to. In grading it writes to no other that a check hands over."""
    LENT.append(array)
    return array


def array_of(value) -> np.ndarray:
    """The NumPy array of a Tensor, an array or a number."""
    inner = getattr(value, "array", value)
    if isinstance(inner, (list, tuple)):
        inner = [array_of(v) for v in inner]
    out = np.asarray(inner)
    if out.dtype == object:
        raise CheckFailed(
            "a result is neither a tensor nor numbers", got=f"{type(value).__name__}: {short(value)}"
        )
    return out


# ---------------------------------------------------------------- expectations


def expect(condition, message: str, *, expected: Any = "", got: Any = "") -> None:
    """Fail with the message unless the condition holds."""
    if not condition:
        raise CheckFailed(message, as_text(expected), as_text(got))


def expect_equal(actual, expected, what: str = "the result") -> None:
    """One Python value is another: shapes, names, counts."""
    if actual != expected or isinstance(actual, bool) != isinstance(expected, bool):
        raise CheckFailed(f"{what}: not the right value", short(expected), short(actual))


def expect_close(
    actual, expected, what: str = "the result", *, rtol: float = 1e-5, atol: float = 1e-6, dtype=None
) -> None:
    """Shape and values agree; with dtype= that too."""
    if actual is None:
        raise CheckFailed(
            f"{what}: the result is None", describe(np.asarray(expected)), "None: is there a `return`?"
        )
    if actual is Ellipsis or actual is NotImplemented:
        raise CheckFailed(f"{what}: not written yet", describe(np.asarray(expected)), repr(actual))
    a, e = array_of(actual), np.asarray(expected)
    if a.shape != e.shape:
        raise CheckFailed(
            f"{what}: the wrong shape", describe(e, f"shape {e.shape}"), describe(a, f"shape {a.shape}")
        )
    if dtype is not None and a.dtype != np.dtype(dtype):
        raise CheckFailed(f"{what}: the wrong dtype", str(np.dtype(dtype)), str(a.dtype))
    same = np.isclose(a, e, rtol=rtol, atol=atol, equal_nan=True)
    if not same.all():
        wrong = "the wrong value" if a.size == 1 else "wrong values"
        raise CheckFailed(f"{what}: {wrong}", describe(e), describe(a), difference(a, e, ~same))


def expect_raises(kind, call: Callable[[], Any], says: str | Iterable[str] = (), what: str = "this") -> None:
    """The call raises an error of that kind whose text has these pieces."""
    try:
        result = call()
    except NotImplementedError:
        if kind is not NotImplementedError:
            raise
        return
    except kind as error:
        pieces = [says] if isinstance(says, str) else list(says)
        absent = [piece for piece in pieces if piece not in str(error)]
        if absent:
            raise CheckFailed(
                f"the error for {what} does not say enough",
                f"a text with {', '.join(map(repr, absent))}",
                repr(str(error)),
            ) from None
        return
    name = kind.__name__ if isinstance(kind, type) else " or ".join(k.__name__ for k in kind)
    raise CheckFailed(f"{what} should be refused", f"a {name}", f"no error, and the result {short(result)}")


# ---------------------------------------------------------------- gradients


def numerical_gradient(
    f: Callable[..., np.ndarray], inputs: Sequence[np.ndarray], g: np.ndarray, wrt: int, eps: float = 1e-6
) -> np.ndarray:
    """d sum(g * f(inputs)) / d inputs[wrt] by central differences, in float64."""
    x = np.array(inputs[wrt], np.float64)
    out = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        ends = []
        for step in (eps, -eps):
            moved = x.copy()
            moved[i] += step
            ends.append(np.sum(g * f(*[moved if k == wrt else v for k, v in enumerate(inputs)])))
        out[i] = (ends[0] - ends[1]) / (2 * eps)
    return out


def expect_gradient(
    f,
    *inputs,
    reference=None,
    wrt: Iterable[int] | None = None,
    what: str = "",
    seed: int = 1,
    rtol: float = 1e-4,
    atol: float = 1e-6,
) -> None:
    """Backpropagation through `f` (on Tensors) agrees with finite differences of `reference` (on arrays; default: f itself)."""
    values = [np.asarray(v) for v in inputs]
    places = [k for k, v in enumerate(values) if v.dtype.kind == "f"] if wrt is None else list(wrt)
    tensors = [tensor(v, requires_grad=k in places) for k, v in enumerate(values)]
    plain = reference or (lambda *vs: array_of(f(*[tensor(v) for v in vs])))
    out = f(*tensors)
    shape = array_of(out).shape
    g = rng(seed).uniform(0.5, 1.5, shape)
    out.backward(tensor(g.astype(array_of(out).dtype)))
    for k in places:
        name = what or (f"the gradient of argument {k}" if len(places) > 1 else "the gradient")
        expect(
            tensors[k].grad is not None,
            f"{name} never arrived",
            expected=f"shape {values[k].shape}",
            got="grad is None",
        )
        expect_close(tensors[k].grad, numerical_gradient(plain, values, g, k), name, rtol=rtol, atol=atol)


def expect_slopes(
    loss: Callable[[], Any], parameters: Iterable, what: str = "the loss", seed: int = 0
) -> None:
    """How fast `loss()` changes along a random direction of each parameter (float64) is what its gradient says.

    One number for a whole tensor: a rule that is wrong anywhere between the loss and a parameter shows in it.
    """
    import tinytorch

    parameters = list(parameters)
    for p in parameters:
        p.grad = None
    loss().backward()
    generator, eps = rng(seed), 1e-5
    for n, p in enumerate(parameters):
        name = f"{what}: its slope along parameter {n}, of shape {array_of(p).shape}"
        expect(p.grad is not None, f"{name}: no gradient arrived", got="grad is None")
        start, ends = array_of(p).copy(), []
        direction = generator.normal(size=start.shape)
        with tinytorch.no_grad():
            for step in (eps, -eps):
                p.array[...] = start + step * direction
                ends.append(float(array_of(loss())))
            p.array[...] = start
        slope = np.sum(array_of(p.grad) * direction)
        expect_close(slope, (ends[0] - ends[1]) / (2 * eps), name, rtol=1e-3, atol=1e-8)
        p.grad = None


# ---------------------------------------------------------------- how values are shown


def describe(array: np.ndarray, head: str = "") -> str:
    """What it is and its numbers; rows stand one under the other."""
    text = short(array)
    return f"{head or f'{array.dtype}{list(array.shape)}'}{chr(10) if chr(10) in text else ' '}{text}"


def short(value, width: int = 160) -> str:
    """A value on one line or a few."""
    if isinstance(value, np.ndarray) or hasattr(value, "array"):
        text = np.array2string(
            array_of(value), precision=5, threshold=12, edgeitems=3, separator=", ", max_line_width=66
        )
    else:
        text = repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."


def as_text(value) -> str:
    return value if isinstance(value, str) else short(value)


def difference(a: np.ndarray, e: np.ndarray, wrong: np.ndarray, rows: int = 5) -> str:
    """Which elements differ, the first few of them with both values."""
    count = int(wrong.sum())
    lines = [f"{count} of {wrong.size} element{'s' * (wrong.size != 1)} differ:"]
    places = list(itertools.islice(zip(*np.nonzero(wrong)) if a.ndim else [()], rows))
    for place in places:
        index = "[" + ", ".join(map(str, place)) + "]" if place else ""
        lines.append(f"  {index:<10} expected {value_text(e[place])}   got {value_text(a[place])}")
    if count > len(places):
        lines.append(f"  ... and {count - len(places)} more")
    return "\n".join(lines)


def value_text(value) -> str:
    return f"{value:<12.6g}" if np.asarray(value).dtype.kind in "fc" else f"{value!s:<12}"
