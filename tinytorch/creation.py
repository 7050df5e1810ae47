"""Tensors from nothing: zeros, ranges, random numbers."""

from __future__ import annotations

import math
from typing import Union

import numpy as np

from . import backend, dtypes, ops, random
from .op import asked, broadcast_rule, creator, method, not_a_tensor
from .ops.shape import shape_of, sizes
from .tensor import Tensor
from .tensor_data import legacy


def place(device) -> backend.device:
    return backend.default_device() if device is None else backend.device(device)


def made(array, device, requires_grad: bool) -> Tensor:
    if array.dtype is dtypes.BFLOAT16:
        array = dtypes.to_bfloat16(array)
    out = Tensor.wrap(backend.move(array, place(device)))
    return out.requires_grad_() if requires_grad else out


def float_type(dtype) -> np.dtype:
    return dtypes.to_numpy(dtype) or dtypes.default_np()


# ---------------------------------------------------------------- constants


@creator
def zeros(*size, dtype=None, device=None, requires_grad=False, **named) -> Tensor:
    """All 0."""
    return made(
        backend.module_for(place(device)).zeros(shape_of(size, named), float_type(dtype)),
        device,
        requires_grad,
    )


@creator
def ones(*size, dtype=None, device=None, requires_grad=False, **named) -> Tensor:
    """All 1."""
    return made(
        backend.module_for(place(device)).ones(shape_of(size, named), float_type(dtype)),
        device,
        requires_grad,
    )


@creator
def empty(*size, dtype=None, device=None, requires_grad=False, **named) -> Tensor:
    """Memory with whatever stands in it."""
    return made(
        backend.module_for(place(device)).empty(shape_of(size, named), float_type(dtype)),
        device,
        requires_grad,
    )


@creator
def full(size, fill_value, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """All one value; the dtype follows from it."""
    fill_value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    target = dtypes.to_numpy(dtype) or dtypes.result_np([fill_value])
    return made(np.full(sizes((size,)), dtypes.element(fill_value, target), target), device, requires_grad)


def _like(input, dtype, device, requires_grad, fill=None) -> Tensor:
    """New memory with the shape and the order in memory that input has."""
    if not isinstance(input, Tensor):
        raise not_a_tensor("input", input)
    source = input.array.view(np.ndarray) if input.is_meta else input.array
    array = backend.module_of(source).empty_like(
        source,
        dtypes.to_numpy(dtype) or source.dtype,
        order="C" if 0 in source.strides else "K",
    )
    if fill is not None:
        array.fill(dtypes.element(fill, array.dtype))
    return made(array, input.device if device is None else device, requires_grad)


@creator
def zeros_like(input, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """Zeros of input's shape, dtype and device."""
    return _like(input, dtype, device, requires_grad, 0)


@creator
def ones_like(input, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """Ones of input's shape, dtype and device."""
    return _like(input, dtype, device, requires_grad, 1)


@creator
def empty_like(input, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """Memory of input's shape, dtype and device."""
    return _like(input, dtype, device, requires_grad)


@creator
def full_like(input, fill_value, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """One value in input's shape, dtype and device."""
    return _like(
        input,
        dtype,
        device,
        requires_grad,
        fill_value.item() if isinstance(fill_value, Tensor) else fill_value,
    )


def new_zeros(input, *size, **options) -> Tensor:
    """`input.new_zeros(size)` as a function."""
    return input.new_zeros(*size, **options)


def new_ones(input, *size, **options) -> Tensor:
    """`input.new_ones(size)` as a function."""
    return input.new_ones(*size, **options)


def new_full(input, size, fill_value, **options) -> Tensor:
    """`input.new_full(size, fill_value)` as a function."""
    return input.new_full(size, fill_value, **options)


def fill(input, value) -> Tensor:
    """input with every element replaced by value."""
    return input.clone().fill_(value)


def scalar_tensor(s, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """One number, 0-dim, in the default dtype."""
    return full((), s, dtype=dtype or dtypes.get_default_dtype(), device=device, requires_grad=requires_grad)


@creator
def eye(n, m=None, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """Ones on the diagonal."""
    for name, size in (("n", n), ("m", m)):
        if size is not None and size < 0:
            raise RuntimeError(f"{asked()}: {name} must be greater or equal to 0, got {size}")
    return made(np.eye(n, m, dtype=float_type(dtype)), device, requires_grad)


# ---------------------------------------------------------------- ranges


@creator
def arange(start=0, end=None, step=1, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """start, start + step, ... below end; integers if all three are."""
    start, end, step = (v.item() if isinstance(v, Tensor) else v for v in (start, end, step))
    if end is None:
        start, end = 0, start
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if step == 0 or (end - start) / step < 0:
        raise RuntimeError(
            f"arange: from {start} to {end} with step {step}: the bounds do not fit the step's sign, or the step is zero"
        )
    target = dtypes.to_numpy(dtype) or dtypes.result_np([start, end, step])
    if target.kind in "iu":
        if not int(step):
            raise ValueError("step must be nonzero")
        array = np.arange(int(start), int(end), int(step), dtype=np.int64).astype(target)
    else:
        count = math.ceil((end - start) / step)
        array = (start + np.arange(count) * step).astype(target)
    return made(array, device, requires_grad)


@creator
def range(start, end, step=1, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """`arange` that includes the end (PyTorch's old name)."""
    count = math.floor((end - start) / step) + 1
    return made((start + np.arange(count) * step).astype(float_type(dtype)), device, requires_grad)


@creator
def linspace(start, end, steps, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """`steps` points from start to end, both included."""
    start, end = (v.item() if isinstance(v, Tensor) else v for v in (start, end))
    if steps < 0:
        raise RuntimeError(f"linspace: number of steps must be non-negative, got {steps}")
    target = float_type(dtype)
    work = target.type if target.kind == "f" else np.float64
    step = work((end - start) / max(steps - 1, 1))
    # From both ends to the middle, as PyTorch does: both bounds are exact, and rounding is symmetric.
    counts = np.arange(steps).astype(work)
    points = np.where(
        counts < steps / 2, work(start) + step * counts, work(end) - step * (work(steps - 1) - counts)
    )
    return made(points.astype(target), device, requires_grad)


@creator
def logspace(start, end, steps, base=10.0, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """Powers of base at `steps` exponents from start to end."""
    if steps < 0:
        raise RuntimeError(f"logspace: number of steps must be non-negative, got {steps}")
    if any(isinstance(v, Tensor) and v.ndim for v in (start, end)):
        raise RuntimeError("logspace only supports 0-dimensional start and end tensors")
    return made(
        np.power(float(base), np.linspace(start, end, int(steps))).astype(float_type(dtype)),
        device,
        requires_grad,
    )


def need_counts(**numbers) -> None:
    for name, number in numbers.items():
        if number < 0:
            raise RuntimeError(f"{asked()}: {name} must be non-negative, got {number}")


def tril_indices(row, col, offset=0, *, dtype=None, device=None) -> Tensor:
    """Rows and columns of the lower triangle."""
    need_counts(row=row, col=col)
    return made(
        np.stack(np.tril_indices(row, offset, col)).astype(dtypes.to_numpy(dtype) or np.int64), device, False
    )


def triu_indices(row, col, offset=0, *, dtype=None, device=None) -> Tensor:
    """Rows and columns of the upper triangle."""
    need_counts(row=row, col=col)
    return made(
        np.stack(np.triu_indices(row, offset, col)).astype(dtypes.to_numpy(dtype) or np.int64), device, False
    )


def cosines(window_length: int, periodic: bool, weights, dtype, device, requires_grad) -> Tensor:
    """w0 - w1 cos(t) + w2 cos(2t) - ... over one period of t."""
    t = 2 * np.pi * np.arange(window_length) / max(window_length - (not periodic), 1)
    window = sum((-1) ** k * w * np.cos(k * t) for k, w in enumerate(weights))
    window = np.ones(window_length) if window_length == 1 else window
    return made(window.astype(float_type(dtype)), device, requires_grad)


@creator
def hann_window(window_length, periodic=True, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """A raised cosine."""
    return cosines(window_length, periodic, (0.5, 0.5), dtype, device, requires_grad)


@creator
def hamming_window(
    window_length, periodic=True, alpha=0.54, beta=0.46, *, dtype=None, device=None, requires_grad=False
) -> Tensor:
    """A raised cosine that does not go down to 0."""
    return cosines(window_length, periodic, (alpha, beta), dtype, device, requires_grad)


@creator
def blackman_window(window_length, periodic=True, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """Two cosines, whose transform falls off faster."""
    return cosines(window_length, periodic, (0.42, 0.5, 0.08), dtype, device, requires_grad)


@creator
def bartlett_window(window_length, periodic=True, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """A triangle."""
    n = window_length + 1 if periodic and window_length > 1 else window_length
    return made(np.bartlett(n)[:window_length].astype(float_type(dtype)), device, requires_grad)


@creator
def kaiser_window(
    window_length, periodic=True, beta=12.0, *, dtype=None, device=None, requires_grad=False
) -> Tensor:
    """As much as possible of the energy in the main lobe. Kaiser (1974)."""
    n = window_length + 1 if periodic and window_length > 1 else window_length
    return made(np.kaiser(n, beta)[:window_length].astype(float_type(dtype)), device, requires_grad)


# ---------------------------------------------------------------- random numbers


def need_floats(dtype) -> None:
    if float_type(dtype).kind not in "fc":
        raise NotImplementedError(f"{asked()}: not implemented for {dtype!r}: what it draws are floats")


@creator
def rand(*size, generator=None, dtype=None, device=None, requires_grad=False, **named) -> Tensor:
    """Uniform in [0, 1)."""
    need_floats(dtype)
    return made(
        random.uniform(shape_of(size, named), float_type(dtype), generator, where=place(device)),
        device,
        requires_grad,
    )


@creator
def randn(*size, generator=None, dtype=None, device=None, requires_grad=False, **named) -> Tensor:
    """Normal with mean 0 and variance 1."""
    need_floats(dtype)
    return made(
        random.normal(shape_of(size, named), float_type(dtype), generator, where=place(device)),
        device,
        requires_grad,
    )


@creator
def randint(
    low=0, high=None, size=None, *, generator=None, dtype=None, device=None, requires_grad=False
) -> Tensor:
    """Integers from low up to, not including, high: randint(high, size) or randint(low, high, size)."""
    if size is None:
        if isinstance(high, (tuple, list)):
            low, high, size = 0, low, high
        else:
            raise TypeError("randint: expected randint(high, size) or randint(low, high, size)")
    elif high is None:
        low, high = 0, low
    return made(
        random.integers(int(low), int(high), tuple(size), dtypes.to_numpy(dtype) or np.int64, generator),
        device,
        requires_grad,
    )


@creator
def randperm(n, *, generator=None, dtype=None, device=None, requires_grad=False) -> Tensor:
    """The numbers 0 to n - 1 in random order."""
    need_counts(n=n)
    return made(
        random.permutation(int(n), generator).astype(dtypes.to_numpy(dtype) or np.int64),
        device,
        requires_grad,
    )


@creator
def rand_like(input, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """Uniform random numbers in input's shape."""
    return rand(
        input.shape, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad
    )


@creator
def randn_like(input, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """Normal random numbers in input's shape."""
    return randn(
        input.shape, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad
    )


@creator
def randint_like(
    input, low, high=None, *, generator=None, dtype=None, device=None, requires_grad=False
) -> Tensor:
    """Random integers in input's shape and dtype."""
    low, high = (0, low) if high is None else (low, high)
    return randint(
        low,
        high,
        input.array.shape,
        generator=generator,
        dtype=dtype or input.dtype,
        device=device or input.device,
        requires_grad=requires_grad,
    )


def normal(
    mean=0.0, std=1.0, size=None, *, generator=None, dtype=None, device=None, requires_grad=False
) -> Tensor:
    """Normal with means and deviations given as tensors or numbers."""
    if not isinstance(std, Tensor) and std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    if size is not None:
        return made(
            random.normal(tuple(size), float_type(dtype), generator, mean, std, place(device)),
            device,
            requires_grad,
        )
    source = mean if isinstance(mean, Tensor) else std
    shapes = [v.array.shape for v in (mean, std) if isinstance(v, Tensor)]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        raise RuntimeError(f"normal: mean and std: {broadcast_rule(shapes)}") from None
    noise = source.wrap(random.normal(shape, source.array.dtype, generator, where=source.device))
    return (noise * std + mean).detach()


@method
def bernoulli(input, p=None, *, generator=None) -> Tensor:
    """1 with the given probabilities, else 0."""
    probability = input.array if p is None else np.asarray(p)
    if backend.may_look(probability) and (np.any(probability < 0) or np.any(probability > 1)):
        wrong = probability[(probability < 0) | (probability > 1)].flat[0]
        raise RuntimeError(
            f"bernoulli: expected all probabilities p to satisfy 0 <= p <= 1, but there is {wrong}"
        )
    return input.wrap(random.bernoulli(probability, input.array.shape, input.array.dtype, generator))


@method
def multinomial(input, num_samples, replacement=False, *, generator=None, out=None) -> Tensor:
    """Indices drawn in proportion to each row's weights."""
    if input.ndim not in (1, 2):
        raise RuntimeError(f"multinomial: prob_dist must be 1 or 2 dim, got shape {list(input.shape)}")
    if not input.is_floating_point():
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {input.dtype!r}")
    if num_samples <= 0:
        raise RuntimeError(f"multinomial: cannot sample n_sample <= 0 samples, got {num_samples}")
    if out is not None and out.dtype is not dtypes.int64:
        raise RuntimeError(f"multinomial expects Long tensor out, got: {out.dtype!r}")
    drawn = input.wrap(
        backend.beside(
            input.array,
            np.ascontiguousarray(
                random.multinomial(backend.on_host(input.array), num_samples, replacement, generator)
            ),
        )
    )
    return drawn if out is None else out._fill_with(drawn)


def poisson(input, generator=None) -> Tensor:
    """Poisson counts with the given rates."""
    return input.wrap(
        backend.beside(
            input.array,
            random.stream(generator).poisson(backend.on_host(input.array)).astype(input.array.dtype),
        )
    )


def complex(real, imag) -> Tensor:
    """real + i * imag."""
    for name, part in (("real", real), ("imag", imag)):
        if not isinstance(part, Tensor):
            raise TypeError(f"complex(): argument '{name}' must be Tensor, not {type(part).__name__}")
        if not part.is_floating_point():
            raise RuntimeError(
                f"Expected both inputs to be Half, Float or Double tensors but got {real.dtype!r} and {imag.dtype!r}"
            )
    if real.dtype is not imag.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {real.dtype!r} but got scalar type {imag.dtype!r} for second argument"
        )
    return ops.make_complex(real, imag)


# ---------------------------------------------------------------- old constructors


class TensorType:
    """FloatTensor and its like: makes tensors, and `isinstance` asks it for their dtype."""

    device: str | None = None

    def __init__(self, dtype):
        self.element_type = dtype

    def __call__(self, *args, device=None) -> Tensor:
        return legacy(self.element_type, args, device or self.device)

    def __instancecheck__(self, x) -> bool:
        return isinstance(x, Tensor) and x.dtype is self.element_type

    def __or__(self, other):
        """`LongTensor | None`, in an annotation that is evaluated."""
        return Union[self, other]  # noqa: UP007

    def __ror__(self, other):
        return Union[other, self]  # noqa: UP007


FloatTensor, DoubleTensor, HalfTensor = map(TensorType, (dtypes.float32, dtypes.float64, dtypes.float16))
LongTensor, IntTensor, ShortTensor, CharTensor, ByteTensor, BoolTensor = map(
    TensorType, (dtypes.int64, dtypes.int32, dtypes.int16, dtypes.int8, dtypes.uint8, dtypes.bool)
)


def set_default_tensor_type(t) -> None:
    """The default dtype and device in PyTorch's old words: torch.DoubleTensor, "torch.cuda.FloatTensor"."""
    on_cuda = ".cuda." in t if isinstance(t, str) else t.device == "cuda"
    cpu = globals()[t.rpartition(".")[2]] if isinstance(t, str) else t
    dtypes.set_default_dtype(cpu.element_type)
    backend.set_default_device("cuda" if on_cuda else "cpu")
