"""How a tensor looks when it is printed: PyTorch's rules, character for character.

One width for all elements, chosen from the values that will be shown; scientific notation when the values differ by more
than a factor of 1000; large arrays shown by their edges.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import numpy as np

from .dtypes import BFLOAT16


@dataclass
class PrintOptions:
    precision: int = 4
    threshold: float = 1000  # more elements than this are summarised
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None  # None: decided from the values


PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}

options = PrintOptions()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print. None leaves an option as it is, except `sci_mode=None`, which means: decide from the values."""
    if profile is not None and profile not in PROFILES:
        raise ValueError(
            f"set_printoptions: profile={profile!r} is not one of {', '.join(map(repr, PROFILES))}"
        )
    chosen = asdict(PROFILES[profile]) if profile else {}
    given = dict(precision=precision, threshold=threshold, edgeitems=edgeitems, linewidth=linewidth)
    chosen.update((name, value) for name, value in given.items() if value is not None)
    for name, value in chosen.items():
        setattr(options, name, value)
    options.sci_mode = sci_mode


def get_printoptions() -> dict:
    """The options in force, as keyword arguments for `set_printoptions`."""
    return asdict(options)


@contextmanager
def printoptions(**changes) -> Iterator[None]:
    """Print with other options for a `with` block."""
    before = get_printoptions()
    set_printoptions(**changes)
    try:
        yield
    finally:
        set_printoptions(**before)


def tensor_repr(
    array: np.ndarray,
    *,
    name: str = "tensor",
    device: str | None = None,
    grad_fn: str | None = None,
    requires_grad: bool = False,
    default_dtype: str = "float32",
) -> str:
    """`tensor([...], suffixes)`. `device` only when it is to be shown, `grad_fn` the name of the node ("AddBackward0")."""
    prefix = f"{name}("
    suffixes = [f"device='{device}'"] if device is not None else []
    if device == "meta":
        suffixes.append(f"size={tuple(array.shape)}")
    suffixes += shape_and_dtype_suffixes(array, default_dtype)
    if grad_fn is not None:
        suffixes.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    numbers = "..." if device == "meta" else array_str(array, indent=len(prefix))
    return join_suffixes(prefix + numbers, suffixes, indent=len(prefix))


def array_str(array: np.ndarray, indent: int = 0) -> str:
    """The bracketed numbers alone; lines after the first are indented by `indent`."""
    if array.size == 0:
        return "[]"
    summarise = array.size > options.threshold
    shown = edges(array) if summarise else array
    return nested_str(array, indent, summarise, number_format(shown))


def shape_and_dtype_suffixes(array: np.ndarray, default_dtype: str) -> list[str]:
    """What the numbers alone do not tell: the shape when there are none, the dtype when it is not the obvious one."""
    obvious = {default_dtype}
    if array.size:
        obvious |= {"int64", "bool", "complex128" if default_dtype == "float64" else "complex64"}
    hidden_shape = array.ndim != 1 if array.size == 0 else not options.edgeitems
    suffixes = [f"size={tuple(array.shape)}"] if hidden_shape else []
    name = "bfloat16" if array.dtype is BFLOAT16 else array.dtype.name
    return suffixes + ([f"dtype=torch.{name}"] if name not in obvious else [])


def join_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    """Append the suffixes, each on a new line where it would pass the line width."""
    column = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if column + len(suffix) + 2 > options.linewidth:
            text += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
        else:
            text += ", " + suffix
            column += len(suffix) + 2
    return text + ")"


def edges(array: np.ndarray) -> np.ndarray:
    """The elements that a summary shows: the first and last `edgeitems` along every axis."""
    for axis, size in enumerate(array.shape):
        if size > 2 * options.edgeitems:
            ends = [*range(options.edgeitems), *range(size - options.edgeitems, size)]
            array = np.take(array, np.array(ends, int), axis)
    return array


def nested_str(array: np.ndarray, indent: int, summarise: bool, format_number) -> str:
    if array.ndim == 0:
        return format_number(array.item())
    if array.ndim == 1:
        return vector_str(array, indent, summarise, format_number)
    parts = [nested_str(row, indent + 1, summarise, format_number) for row in edge_rows(array, summarise)]
    if summarise and len(array) > 2 * options.edgeitems:
        parts.insert(options.edgeitems, "...")
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def edge_rows(array: np.ndarray, summarise: bool) -> list:
    edge = options.edgeitems
    if not summarise or len(array) <= 2 * edge:
        return list(array)
    return [*array[:edge], *array[len(array) - edge :]]


def vector_str(array: np.ndarray, indent: int, summarise: bool, format_number) -> str:
    """One row of numbers, wrapped to the line width."""
    numbers = [format_number(value.item()) for value in edge_rows(array, summarise)]
    if summarise and not options.edgeitems:
        numbers = ["..."]
    elif summarise and len(array) > 2 * options.edgeitems:
        numbers.insert(options.edgeitems, " ...")
    per_line = max(1, (options.linewidth - indent) // (format_number.width + 2))
    lines = [", ".join(numbers[i : i + per_line]) for i in range(0, len(numbers), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def number_format(shown: np.ndarray):
    """The formatter (a callable with a `width`) that suits all the values in `shown`."""
    if shown.dtype.kind == "c":
        return ComplexFormat(shown)
    return FloatFormat(shown) if shown.dtype.kind == "f" else PlainFormat(shown)


class PlainFormat:
    """Integers and booleans: as Python writes them, aligned to the right."""

    def __init__(self, shown: np.ndarray):
        self.width = max((len(str(value)) for value in shown.ravel().tolist()), default=1)

    def __call__(self, value) -> str:
        return str(value).rjust(self.width)


class FloatFormat:
    """Floats in one of three forms: whole numbers `3.`, fixed `0.1000`, scientific `1.0000e-05`."""

    def __init__(self, shown: np.ndarray):
        values = shown[np.isfinite(shown) & (shown != 0)].tolist()
        self.whole = all(value.is_integer() for value in values)
        self.scientific = bool(values) and self.needs_exponent(values)
        # nan and inf do not count: PyTorch lets them stick out of the column
        self.width = max((len(self.digits(value)) for value in values), default=1)

    @staticmethod
    def needs_exponent(values: list[float]) -> bool:
        if options.sci_mode is not None:
            return options.sci_mode
        smallest, largest = min(map(abs, values)), max(map(abs, values))
        return largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4

    def digits(self, value: float) -> str:
        if self.scientific:
            return f"{value:.{options.precision}e}"
        if not self.whole:
            return f"{value:.{options.precision}f}"
        return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"  # the dot says: these are floats

    def __call__(self, value: float) -> str:
        return self.digits(value).rjust(self.width)


class ComplexFormat:
    """Real and imaginary part each in a float format of their own: `1.0000-2.0000j`."""

    def __init__(self, shown: np.ndarray):
        self.real, self.imag = FloatFormat(shown.real), FloatFormat(shown.imag)
        self.width = self.real.width + self.imag.width + 1  # and the j

    def __call__(self, value: complex) -> str:
        imag = self.imag(value.imag).lstrip() + "j"
        return self.real(value.real) + (imag if imag[0] in "+-" else "+" + imag)
