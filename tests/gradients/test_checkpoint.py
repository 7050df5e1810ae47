"""checkpoint: the same gradients from less memory."""

from __future__ import annotations

import tracemalloc
import warnings

import pytest

import tinytorch
from tinytorch.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential

W = tinytorch.tensor([[1.0, 2.0], [3.0, -1.0]], requires_grad=True)


@pytest.fixture(autouse=True)
def fresh_weight():
    W.grad = None


def layer(x, shift=0.0):
    return (x @ W + shift).tanh()


def gradients(run, *inputs):
    """The gradients of a scalar with respect to the inputs and W."""
    W.grad = None
    inputs = [x.detach().requires_grad_() for x in inputs]
    run(*inputs).sum().backward()
    return [None if x.grad is None else x.grad.tolist() for x in (*inputs, W)]


@pytest.mark.parametrize("reentrant", [True, False])
def test_gradients_of_inputs_and_of_what_the_function_finds_itself(reentrant):
    x = tinytorch.tensor([[0.5, -0.3]])
    assert gradients(lambda x: checkpoint(layer, x, use_reentrant=reentrant), x) == gradients(layer, x)


def test_no_gradient_for_the_input_alone():
    x = tinytorch.tensor([[0.5, -0.3]])
    checkpoint(layer, x, use_reentrant=False).sum().backward()
    found = W.grad.tolist()
    W.grad = None
    layer(x).sum().backward()
    assert found == W.grad.tolist()


def test_reentrant_without_a_gradient_among_its_inputs():
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        out = checkpoint(layer, tinytorch.ones(1, 2), use_reentrant=True)
    assert not out.requires_grad


def test_nested_and_in_a_chain():
    x = tinytorch.tensor([[0.5, -0.3]])
    inside = lambda x: checkpoint(layer, checkpoint(layer, x, use_reentrant=False) * 2, use_reentrant=False)
    outside = lambda x: checkpoint(inside, layer(x), use_reentrant=False)
    assert gradients(outside, x) == gradients(lambda x: layer(layer(layer(x)) * 2), x)


def test_a_source_that_is_computed_from_another_source():
    """h comes from x, and both go into the region: x's gradient through h must be counted once."""
    x = tinytorch.tensor([[0.5, -0.3]])

    def run(x, wrap):
        h = x * x
        return wrap(lambda x: (x * h).exp(), x)

    plain = gradients(lambda x: run(x, lambda f, x: f(x)), x)
    assert gradients(lambda x: run(x, lambda f, x: checkpoint(f, x, use_reentrant=False)), x) == plain


def test_keywords_and_nested_results():
    def split(x, *, scale):
        return {"a": x * scale, "b": [x.exp(), 3, x.long()]}

    x = tinytorch.tensor([1.0, 2.0])
    total = lambda out: out["a"] + out["b"][0] * out["b"][1]
    assert gradients(lambda x: total(checkpoint(split, x, use_reentrant=False, scale=3.0)), x) == gradients(
        lambda x: total(split(x, scale=3.0)), x
    )


def test_second_derivatives_and_grad():
    def second(wrap):
        x = tinytorch.tensor([0.5, 2.0], dtype=tinytorch.float64, requires_grad=True)
        y = x * 2
        (g,) = tinytorch.autograd.grad(wrap(lambda y: y**3 * x, y).sum(), x, create_graph=True)
        return g.tolist(), tinytorch.autograd.grad(g.sum(), x)[0].tolist()

    assert second(lambda f, y: checkpoint(f, y, use_reentrant=False)) == second(lambda f, y: f(y))


def test_random_numbers_are_the_same_both_times():
    draws = []

    def noisy(x):
        noise = tinytorch.rand(3)
        draws.append(noise.tolist())
        return x * noise

    x = tinytorch.ones(3, requires_grad=True)
    out = checkpoint(noisy, x, use_reentrant=False)
    after = tinytorch.rand(1).item()
    state = tinytorch.get_rng_state()
    out.sum().backward()
    assert draws[0] == draws[1] == x.grad.tolist()
    assert tinytorch.equal(tinytorch.get_rng_state(), state)
    assert after not in draws[0]
    checkpoint(noisy, x, use_reentrant=False, preserve_rng_state=False).sum().backward()
    assert draws[2] != draws[3]


def test_the_graph_is_freed_and_can_be_kept():
    x = tinytorch.ones(1, 2, requires_grad=True)
    out = checkpoint(layer, x, use_reentrant=False).sum()
    out.backward(retain_graph=True)
    first = x.grad.tolist()
    out.backward()
    assert x.grad.tolist() == [[2 * g for g in first[0]]]
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        out.backward()


def test_only_inputs_are_kept():
    """Sixteen layers of 1 MB: without checkpoints all of them are held, with four segments about seven."""

    def deep(x):
        for _ in range(4):
            x = x.sin()
        return x

    def peak(wrap) -> float:
        x = tinytorch.ones(1 << 18, requires_grad=True)
        tracemalloc.start()
        h = x
        for _ in range(4):
            h = wrap(deep, h)
        held = tracemalloc.get_traced_memory()[0]
        h.sum().backward()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held / 2**20, most / 2**20

    held, most = peak(lambda f, x: checkpoint(f, x, use_reentrant=False))
    assert held < 4.5
    assert most < 12
    held, most = peak(lambda f, x: f(x))
    assert held > 15


def test_sequential():
    functions = [layer, lambda x: x * 2, layer, lambda x: x + 1, layer]
    x = tinytorch.tensor([[0.5, -0.3]])

    def straight(x):
        for function in functions:
            x = function(x)
        return x

    for segments in (1, 2, 5):
        assert gradients(
            lambda x: checkpoint_sequential(functions, segments, x, use_reentrant=False), x
        ) == gradients(straight, x)


def test_what_it_refuses():
    x = tinytorch.ones(1, 2, requires_grad=True)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: shift"):
        checkpoint(layer, x, use_reentrant=True, shift=1.0)
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        checkpoint(layer, x)
    grown = iter([2, 3])
    out = checkpoint(lambda x: x.expand(next(grown), 2), x, use_reentrant=False)
    with pytest.raises(CheckpointError, match="must do the same both times"):
        out.sum().backward()


def test_inputs_changed_since():
    x = tinytorch.ones(1, 2, requires_grad=True)
    h = x * 1
    out = checkpoint(layer, h, use_reentrant=False)
    h.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()


def test_without_recording_it_is_a_call():
    with tinytorch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not checkpoint(layer, tinytorch.ones(1, 2), use_reentrant=False).requires_grad


def test_contexts_of_the_two_runs():
    entered = []

    class Note:
        def __init__(self, text):
            self.text = text

        def __enter__(self):
            entered.append(self.text)

        def __exit__(self, *error):
            pass

    x = tinytorch.ones(1, 2, requires_grad=True)
    out = checkpoint(layer, x, use_reentrant=False, context_fn=lambda: (Note("forward"), Note("again")))
    out.sum().backward()
    assert entered == ["forward", "again"]
