"""torch.func beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import tinytorch

torch = pytest.importorskip("torch")

CASES = {
    "grad": "func.grad(lambda x: (x.sin() * y).sum())(x)",
    "grad of grad": "func.grad(lambda t: func.grad(lambda s: (s**3).sin())(t))(x[0])",
    "grad by the second": "func.grad(lambda a, b: (a * b * b).sum(), argnums=1)(x, y)",
    "grad by both": "func.grad(lambda a, b: (a * b * b).sum(), argnums=(0, 1))(x, y)",
    "grad of a nest": "func.grad(lambda d: (d['a'] * d['b'][0]).sum())({'a': x, 'b': [y]})['b'][0]",
    "grad with aux": "func.grad(lambda a: ((a * a).sum(), a + 1), has_aux=True)(x)",
    "value": "func.grad_and_value(lambda a: (a * a).sum())(x)",
    "jacrev": "func.jacrev(lambda a: a * a.sum())(x)",
    "jacfwd": "func.jacfwd(lambda a, b: a * b, argnums=1)(x, y)",
    "hessian": "func.hessian(lambda a: (a**3).sum())(x)",
    "vjp": "func.vjp(lambda a: a * a, x)[1](y)",
    "jvp": "func.jvp(lambda a: a * a, (x,), (y,))",
    "vmap": "func.vmap(lambda a, b: (a * b).sum())(m, m + 1)",
    "vmap along dims": "func.vmap(lambda a, b: a * b, in_dims=(1, None), out_dims=1)(m, x[0])",
    "vmap of a nest": "func.vmap(lambda d: {'out': d['a'] * 2})({'a': m})['out']",
    "vmap of two results": "func.vmap(lambda a: (a.sum(), a * 2))(m)",
    "per-sample gradients": "func.vmap(func.grad(lambda w, a: ((w * a).sum()) ** 2), in_dims=(None, 0))(x, m)",
    "functional_call": "func.functional_call(net, {'weight': m[:, :3], 'bias': x[:2]}, (x,))",
    "jacrev by both": "func.jacrev(lambda a, b: a * b.sum(), argnums=(0, 1))(x, y)",
    "jacrev of a nest": "func.jacrev(lambda d: d['a'] * d['b'][0].sum())({'a': x, 'b': [y]})['b'][0]",
    "jacrev to a nest": "func.jacrev(lambda a: {'s': a.sum(), 'p': [a * y]})(x)['p'][0]",
    "jacrev with aux": "func.jacrev(lambda a: (a * a, a + 1), has_aux=True)(x)",
    "jacrev of jacfwd": "func.jacrev(func.jacfwd(lambda a: (a**3) * a.sum()))(x)",
    "jvp of a nest": "func.jvp(lambda d: {'q': d['a'] * d['b'][0]}, ({'a': x, 'b': [y]},), ({'a': y, 'b': [x]},))[1]['q']",
    "jvp with aux": "func.jvp(lambda a: (a * a, a + 1), (x,), (y,), has_aux=True)",
    "jvp of grad": "func.jvp(func.grad(lambda a: a.sin().sum()), (x,), (y,))",
    "hessian of a vector": "func.hessian(lambda a: (a**3) * a.sum())(x)",
    "gradient of a vjp": "func.grad(lambda a: func.vjp(lambda b: b**3, a)[1](y)[0].sum())(x)",
    "gradient of a vjp's value": "func.grad(lambda a: func.vjp(lambda b: b**3, a)[0].sum())(x)",
    "Jacobians of a module's parameters": "func.jacrev(lambda p: func.functional_call(net, p, (x,)))(dict(net.named_parameters()))['bias']",
    "functional_call of some": "func.functional_call(net, ({'weight': m[:, :3]},), (x,)) - net.bias",
}


def evaluate(lib, expression):
    kind = {"dtype": lib.float64}
    net = lib.nn.Linear(3, 2).to(lib.float64)
    names = {
        "x": lib.tensor([0.3, -1.0, 2.0], **kind),
        "y": lib.tensor([1.0, 0.5, -2.0], **kind),
        "func": lib.func,
        "torch": lib,
        "net": net,
    }
    names["m"] = lib.arange(6, **kind).reshape(2, 3) / 3
    out = eval(expression, names)
    flat = []
    for part in out if isinstance(out, tuple) else (out,):
        flat += list(part) if isinstance(part, (tuple, list)) else [part]
    assert net.weight is net._parameters["weight"]
    return [t for t in flat if t is not None]


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
@pytest.mark.parametrize("expression", CASES.values(), ids=CASES)
def test_as_pytorch(expression):
    ours, theirs = evaluate(tinytorch, expression), evaluate(torch, expression)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-10)
        assert a.requires_grad == b.requires_grad


def test_gradients_go_on_to_what_the_function_closes_over():
    for lib in (tinytorch, torch):
        w = lib.tensor([2.0], requires_grad=True)
        g = lib.func.grad(lambda x: (x * x * w).sum())(lib.tensor([3.0]))
        g.sum().backward()
        assert w.grad.tolist() == [6.0]


def test_ensembles():
    nets = [tinytorch.nn.Linear(3, 2) for _ in range(4)]
    parameters, buffers = tinytorch.func.stack_module_state(nets)
    x = tinytorch.randn(5, 3)
    run = lambda p, b: tinytorch.func.functional_call(nets[0], (p, b), (x,))
    out = tinytorch.vmap(run)(parameters, buffers)
    tinytorch.testing.assert_close(out, tinytorch.stack([net(x) for net in nets]))


def test_what_it_refuses():
    with pytest.raises(ValueError, match="the same size in the mapped dimension"):
        tinytorch.vmap(lambda a, b: a + b)(tinytorch.ones(2), tinytorch.ones(3))
    with pytest.raises(RuntimeError, match=r"unexpected keys \['none'\]"):
        tinytorch.func.functional_call(
            tinytorch.nn.Linear(1, 1), {"none": tinytorch.ones(1)}, (tinytorch.ones(1),)
        )
