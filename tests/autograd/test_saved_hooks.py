"""torch.autograd.graph.saved_tensors_hooks, beside PyTorch's."""

import numpy as np
import pytest

import tinytorch
from tests.programs_api.libraries import BOTH


def hooks(lib, pack, unpack):
    return lib.autograd.graph.saved_tensors_hooks(pack, unpack)


@BOTH
def test_each_tensor_is_packed_once_and_unpacked_once(lib):
    seen = []
    note = lambda word: lambda x: (seen.append((word, x.tolist())), x)[1]
    a, b = lib.tensor([1.0, 2.0], requires_grad=True), lib.tensor([3.0, 4.0], requires_grad=True)
    with hooks(lib, note("pack"), note("unpack")):
        y = a * b
    assert sorted(seen) == [("pack", [1.0, 2.0]), ("pack", [3.0, 4.0])]
    y.sum().backward()
    assert sorted(seen[2:]) == [("unpack", [1.0, 2.0]), ("unpack", [3.0, 4.0])]
    assert a.grad.tolist() == [3, 4] and b.grad.tolist() == [1, 2]
    outside = (a * b).sum()
    outside.backward()
    assert len(seen) == 4


@BOTH
def test_any_object_can_stand_for_a_tensor(lib):
    x = lib.tensor([0.3, -1.0, 2.0], requires_grad=True)
    with hooks(lib, lambda t: t * 4, lambda t: t / 4):
        y = lib.pow(x, 2)
    y.sum().backward()
    assert x.grad.tolist() == (2 * x).tolist()
    with hooks(lib, lambda t: t.tolist(), lambda numbers: lib.tensor(numbers)):
        y = (x.exp() * x.sin()).softmax(0)
    (g,) = lib.autograd.grad(y[0], x, create_graph=True)
    (h,) = lib.autograd.grad(g.sum(), x)
    (g2,) = lib.autograd.grad((x.exp() * x.sin()).softmax(0)[0], x, create_graph=True)
    (h2,) = lib.autograd.grad(g2.sum(), x)
    np.testing.assert_allclose([*g.tolist(), *h.tolist()], [*g2.tolist(), *h2.tolist()], rtol=1e-4, atol=1e-6)


@BOTH
def test_whole_networks_and_nested_hooks(lib):
    nn = lib.nn
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3),
        nn.BatchNorm2d(2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(18, 3),
    )
    x, target = lib.linspace(-1, 1, 128).reshape(2, 1, 8, 8), lib.tensor([0, 1])
    loss = lambda: nn.functional.cross_entropy(net(x), target)
    loss().backward()
    plain = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    outer, inner = [], []
    note = lambda found: hooks(lib, lambda t: (found.append(1), t.clone())[1], lambda t: t)
    with note(outer), note(inner):
        value = loss()
    value.backward()
    assert inner and not outer
    for before, p in zip(plain, net.parameters()):
        np.testing.assert_allclose(p.grad.numpy(), before.numpy(), atol=1e-6)


def test_what_was_overwritten_is_refused_where_it_was_not_copied():
    x = tinytorch.ones(3, requires_grad=True)
    with hooks(tinytorch, lambda t: t, lambda t: t):
        w = x * 2
        y = w * w
    w.mul_(3)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    with hooks(tinytorch, lambda t: t.clone(), lambda t: t):
        w = x * 2
        y = w * w
    w.mul_(3)
    y.sum().backward()
    assert x.grad.tolist() == [8, 8, 8]
    with hooks(tinytorch, lambda t: t, lambda t: 3):
        y = x * x
    with pytest.raises(TypeError, match="must return a tensor, got int"):
        y.sum().backward()
