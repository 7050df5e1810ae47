"""The ways one entry is run: function, method, gradients, dtypes, in-place, shared memory.

Every way is a function of (library, entry, sample, seed) that gives a plain result, so holding tinytorch
against PyTorch is running it twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tests.parity.compare import Failure, difference, flat_tensors, make_tensor, plain, quietly
from tests.parity.specs import Entry, Name, Sample, Spec, map_specs

SWEPT = ("int64", "int32", "uint8", "bool", "float16")
# in-place forms that change the shape of the tensor itself, so they cannot be tried on a row of a larger one
RESHAPING = {"t", "transpose", "swapaxes", "swapdims", "squeeze", "unsqueeze"}


@dataclass
class Finding:
    """One way one sample went wrong."""

    entry: Entry
    sample: Sample
    form: str
    message: str

    def __str__(self):
        return f"{self.entry.path}{self.sample!r} [{self.form}]: {self.message}"


def build(library, sample: Sample, seed: str, float_dtype="float32", swept=None, graph=False):
    """(args, kwargs, leaves): the sample's tensors; with `graph`, floats are leaves that want a gradient."""
    leaves, counter = [], iter(range(1000))

    def make(spec: Spec):
        x = make_tensor(library, spec, f"{seed}/{next(counter)}", float_dtype, swept)
        if graph and spec.grad and str(x.dtype) == f"torch.{float_dtype}":
            x = x.requires_grad_() if x.is_leaf else x.detach().requires_grad_()
            leaves.append(x)
        return x

    args = map_specs(tuple(sample.args), make, library)
    return args, map_specs(sample.kwargs, make, library), leaves


def function_of(library, entry: Entry) -> Callable:
    """The function itself; where a library has only the method (torch.expand), the method."""
    if entry.expression:
        return lambda *args, **kwargs: entry.expression(library, *args, **kwargs)
    try:
        return Name(entry.path).of(library)
    except AttributeError:
        if entry.method and library.__name__ == "torch":
            return lambda x, *args, **kwargs: getattr(x, entry.name)(*args, **kwargs)
        raise


def as_function(library, entry, sample, seed, swept=None):
    args, kwargs, _ = build(library, sample, seed, swept=swept)
    return plain(function_of(library, entry)(*args, **kwargs))


def as_method(library, entry, sample, seed):
    (x, *args), kwargs, _ = build(library, sample, seed)
    return plain(getattr(x, entry.name)(*args, **kwargs))


def cotangents(library, outputs, phase: float):
    """Fixed, uneven weights, one per value of each output."""
    weights = [np.cos(np.arange(o.numel()) * 0.7 + phase).reshape(tuple(o.shape)) for o in outputs]
    return [library.tensor(w).to(o.dtype) for w, o in zip(weights, outputs, strict=True)]


def pull_back(library, outputs, leaves, phase: float, create_graph: bool):
    """Gradients of the weighted outputs with respect to the leaves, zeros where there is none."""
    outputs = [o for o in outputs if o is not None and o.requires_grad]
    if not outputs:
        return [library.zeros_like(x) for x in leaves]
    weights = cotangents(library, outputs, phase)
    grads = library.autograd.grad(
        outputs, leaves, grad_outputs=weights, allow_unused=True, create_graph=create_graph
    )
    return [library.zeros_like(x) if g is None else g for x, g in zip(leaves, grads, strict=True)]


def first_order(library, entry, sample, seed):
    args, kwargs, leaves = build(library, sample, seed, float_dtype="float64", graph=True)
    out = function_of(library, entry)(*args, **kwargs)
    grads = pull_back(library, flat_tensors(out), leaves, 0.3, create_graph=False) if leaves else []
    return plain(out), [plain(g.detach()) for g in grads]


def second_order(library, entry, sample, seed):
    args, kwargs, leaves = build(library, sample, seed, float_dtype="float64", graph=True)
    out = function_of(library, entry)(*args, **kwargs)
    grads = pull_back(library, flat_tensors(out), leaves, 0.3, create_graph=True)
    return [plain(g.detach()) for g in pull_back(library, grads, leaves, 1.1, create_graph=False)]


def in_place(library, entry, sample, seed):
    (x, *args), kwargs, _ = build(library, sample, seed)
    x = x.clone()
    result = getattr(x, entry.name + "_")(*args, **kwargs)
    return plain(x), result is x


def in_place_graph(library, entry, sample, seed):
    """In-place on a value in the middle of a graph."""
    (leaf, *args), kwargs, leaves = build(library, sample, seed, float_dtype="float64", graph=True)
    x = leaf * 1
    getattr(x, entry.name + "_")(*args, **kwargs)
    y = x * 2
    grads = pull_back(library, [y], leaves, 0.3, create_graph=False)
    return plain(y), [plain(g) for g in grads]


def in_place_view(library, entry, sample, seed):
    """In-place on one row of a larger value in the middle of a graph."""
    (leaf, *args), kwargs, leaves = build(library, sample, seed, float_dtype="float64", graph=True)
    base = library.stack([leaf * 1, leaf * 3])
    getattr(base[1], entry.name + "_")(*args, **kwargs)
    grads = pull_back(library, [base], leaves, 0.3, create_graph=False)
    return plain(base), [plain(g) for g in grads]


def sharing(library, entry, sample, seed):
    """Strides of the results, what a write to the input does to them, and the other way round."""
    seen = []
    for write_to_input in (True, False):
        args, kwargs, _ = build(library, sample, seed)
        outputs = flat_tensors(function_of(library, entry)(*args, **kwargs))
        strides = [(o.stride(), o.is_contiguous()) for o in outputs if o.numel() > 1]
        target = args[0] if write_to_input or not outputs else outputs[0]
        target.fill_(7)
        seen.append((strides, [plain(o) for o in outputs], plain(args[0])))
    return seen


def sample_seed(entry: Entry, index: int) -> str:
    return f"{entry.path}/{index}"


def first_is_tensor(sample: Sample) -> bool:
    return bool(sample.args) and isinstance(sample.args[0], Spec)


def has_leaf(value) -> bool:
    if isinstance(value, Spec):
        return value.grad and value.dtype in ("float", "float64")
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, (list, tuple)) and any(has_leaf(item) for item in value)


def forms(torch, entry: Entry, index: int, sample: Sample) -> Iterator[tuple[str, Callable, dict]]:
    """The ways this sample is run: (name, way, what to make of it)."""
    if sample.only != "m":
        yield "function", as_function, {}
    on_tensor = entry.method and first_is_tensor(sample) and sample.only != "f"
    if on_tensor and hasattr(torch.Tensor, entry.name):
        yield "method", as_method, {}
    differentiable = has_leaf((sample.args, sample.kwargs)) and not entry.random and sample.only != "m"
    if entry.order >= 1 and differentiable:
        yield "gradient", first_order, {"optional": True}
    if entry.order >= 2 and differentiable:
        yield "second order", second_order, {"optional": True}
    if entry.sweep and index == 0 and sample.only != "m":
        for dtype in SWEPT:
            way = lambda *a, dtype=dtype: as_function(*a, swept=dtype)
            yield dtype, way, {"optional": True, "loose": 4.0 if dtype == "float16" else 1.0}
    if entry.inplace and on_tensor and hasattr(torch.Tensor, entry.name + "_"):
        yield "in-place", in_place, {}
        if sample.args[0].dtype == "float" and not entry.random:
            yield "in-place in a graph", in_place_graph, {"optional": True}
            if entry.name not in RESHAPING:
                yield "in-place on a view", in_place_view, {"optional": True}
    if entry.view and first_is_tensor(sample) and not sample.only:
        yield "sharing", sharing, {}


def arbitrary(failure: Failure, form: str) -> bool:
    """Whether torch refuses for want of a kernel, and not by a rule that a program could rely on."""
    text = str(failure.error)
    rules = ("can't be cast", "broadcast shape", "must match the size", "out of range", "Subtraction")
    return "not implemented for" in text or (form == "in-place" and not any(rule in text for rule in rules))


def absent(got) -> bool:
    """Whether a result is an error about a name that is not there."""
    return isinstance(got, Failure) and isinstance(got.error, (AttributeError, ModuleNotFoundError))


def forgive(want, got) -> None:
    """Where torch's second derivative is nan (0 times inf in its formula), a number is as good."""
    if isinstance(want, Failure) or isinstance(got, Failure):
        return
    for a, b in zip(want, got, strict=True):
        if a.shape == b.shape:
            a.numbers = np.where(np.isnan(a.numbers), b.numbers, a.numbers)


def hold(torch, ours, entry: Entry) -> Iterator[Finding]:
    """Every way in which `ours` differs from torch on this entry."""
    missing = quietly(function_of, ours, entry)
    if isinstance(missing, Failure):
        if entry.extra:
            return
        yield Finding(entry, entry.samples[0], "function", f"missing: {missing!r}")
        return
    for index, sample in enumerate(entry.samples):
        seed = sample_seed(entry, index)
        for form, way, flags in forms(torch, entry, index, sample):
            want = quietly(way, torch, entry, sample, seed)
            if isinstance(want, Failure) and (flags.get("optional") or arbitrary(want, form)):
                continue  # torch has no such form or no such kernel: nothing to hold against
            got = quietly(way, ours, entry, sample, seed)
            if absent(got) and entry.extra:
                continue
            if form == "second order":
                forgive(want, got)
            loose = flags.get("loose", 1.0) * entry.rtol
            message = difference(want, got, loose, numbers=not entry.random)
            if message:
                yield Finding(entry, sample, form, message)
