"""Gradients of the table's samples against finite differences, to second order: needs no PyTorch."""

import pytest

import tinytorch
from tests.parity.compare import flat_tensors
from tests.parity.runs import build, function_of, has_leaf, sample_seed
from tests.parity.specs import Spec
from tests.parity.table import by_name

SMALL = 13  # numbers per sample: second order costs their square
SAMPLES = 3  # per function, the first ones that are smooth enough


def smooth(value) -> bool:
    """Whether a sample's leaves are drawn at random and own their numbers: literal ones are there for their kinks."""
    if isinstance(value, Spec):
        return not (
            has_leaf(value) and (value.data is not None or value.layout == "wide" or 0 in value.shape)
        )
    if isinstance(value, dict):
        value = list(value.values())
    return not isinstance(value, (list, tuple)) or all(smooth(item) for item in value)


def differentiable(entry, index, sample):
    """(call, leaves) of a sample that gives a float result with a gradient, else None."""
    if (
        entry.random
        or entry.order == 0
        or not entry.numeric
        or sample.only == "m"
        or not smooth((sample.args, sample.kwargs))
    ):
        return None
    try:
        args, kwargs, leaves = build(tinytorch, sample, sample_seed(entry, index), "float64", graph=True)
        out = flat_tensors(function_of(tinytorch, entry)(*args, **kwargs))
    except Exception:  # samples of errors and of names that are missing are test_ops' business
        return None
    graph = [o for o in out if o.requires_grad]
    wanted = graph and all(
        o.numel() and o.dtype == tinytorch.float64 and bool(o.isfinite().all()) for o in graph
    )
    if not wanted or not leaves or not 0 < sum(x.numel() for x in leaves) <= SMALL:
        return None
    return (lambda *inputs: smooth_outputs(entry, index, sample, inputs)), leaves


def smooth_outputs(entry, index, sample, inputs):
    """The sample's float results, with `inputs` in the place of its leaves."""
    given = iter(inputs)
    args, kwargs, leaves = build(tinytorch, sample, sample_seed(entry, index), "float64", graph=True)
    swap = {id(leaf): next(given) for leaf in leaves}
    out = function_of(tinytorch, entry)(*exchange(args, swap), **exchange(kwargs, swap))
    return tuple(o for o in flat_tensors(out) if o.requires_grad)


def exchange(value, swap):
    if isinstance(value, (list, tuple)):
        return type(value)(exchange(item, swap) for item in value)
    if isinstance(value, dict):
        return {key: exchange(item, swap) for key, item in value.items()}
    return swap.get(id(value), value)


CASES = {
    name: entries
    for name, entries in by_name().items()
    if any(e.order and not e.random and any(has_leaf((s.args, s.kwargs)) for s in e.samples) for e in entries)
}


@pytest.mark.parametrize("name, entries", CASES.items(), ids=CASES.keys())
def test_gradient_is_the_finite_difference(name, entries):
    found = [(e, differentiable(e, i, s)) for e in entries for i, s in enumerate(e.samples)]
    for entry, case in [(e, case) for e, case in found if case][:SAMPLES]:
        call, leaves = case
        assert tinytorch.autograd.gradcheck(call, leaves)
        if entry.order >= 2:
            assert tinytorch.autograd.gradgradcheck(call, leaves)
