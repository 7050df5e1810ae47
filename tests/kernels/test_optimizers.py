"""Optimizers with compiled kernels walk PyTorch's path: over groups, settings and layouts of memory."""

import numpy as np
import pytest

import tinytorch
from tinytorch.backend import kernels

torch = pytest.importorskip("torch")

SHAPES = [(70, 90), (5000,), (3,), (8, 16, 3, 3)]
SETTINGS = {
    "SGD": [
        dict(lr=0.1),
        dict(lr=0.1, momentum=0.9, dampening=0.1, weight_decay=0.01),
        dict(lr=0.1, momentum=0.9, nesterov=True, maximize=True),
    ],
    "Adam": [dict(lr=0.01), dict(lr=0.01, weight_decay=0.1, amsgrad=True, maximize=True), dict(betas=(0.5, 0.9), eps=1e-3)],
    "AdamW": [dict(lr=0.01), dict(lr=0.01, weight_decay=0.3, amsgrad=True)],
}  # fmt: skip


def walk(T, name, settings, max_norm=None):
    """Ten steps with given gradients: two groups from the start, a third after four steps, a saved and loaded state after six."""
    rng = np.random.default_rng(0)
    draw = lambda shape: T.tensor(rng.standard_normal(shape).astype(np.float32))
    parameters = [T.nn.Parameter(draw(shape)) for shape in SHAPES]
    make = getattr(T.optim, name)
    optimizer = make([{"params": parameters[:1]}, {"params": parameters[1:2], "lr": 0.02}], **settings)
    used = 2
    norms = []
    for step in range(10):
        if step == 4:
            optimizer.add_param_group({"params": parameters[2:], "weight_decay": 0.05})
            used = 4
        if step == 6:
            state = optimizer.state_dict()
            groups = [{"params": parameters[:1]}, {"params": parameters[1:2]}, {"params": parameters[2:]}]
            optimizer = make(groups, **settings)
            optimizer.load_state_dict(state)
        for i, p in enumerate(parameters):
            g = draw(SHAPES[i]) * (100 if step == 3 else 1)
            if i == 3:
                g = (
                    g.transpose(0, 1).contiguous().transpose(0, 1)
                )  # the same numbers in another order in memory
            p.grad = g if i < used and (step + i) % 5 else None
        if max_norm is not None:
            norms.append(float(T.nn.utils.clip_grad_norm_(parameters, max_norm)))
        optimizer.step()
    return [p.detach().numpy() for p in parameters], norms


@pytest.mark.parametrize(
    "name, number", [(name, i) for name, all in SETTINGS.items() for i in range(len(all))]
)
@pytest.mark.parametrize("max_norm", [None, 1.0])
def test_path(name, number, max_norm):
    settings = SETTINGS[name][number]
    with kernels("numba"):
        ours, norms = walk(tinytorch, name, settings, max_norm)
    theirs, their_norms = walk(torch, name, settings, max_norm)
    np.testing.assert_allclose(norms, their_norms, rtol=1e-5)
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


def test_a_whole_network_is_stepped_in_one_launch():
    """Small and large parameters, two of which share memory: as one after the other, whatever the number of threads."""

    def walk(choice):
        tinytorch.manual_seed(0)
        shared = tinytorch.randn(90_000)
        parameters = [
            tinytorch.nn.Parameter(t) for t in (tinytorch.randn(300, 301), shared, tinytorch.randn(7))
        ]
        parameters.append(tinytorch.nn.Parameter(shared[:50_000]))
        optimizer = tinytorch.optim.AdamW(parameters, lr=0.01)
        with kernels(choice):
            for _ in range(3):
                for p in parameters:
                    p.grad = tinytorch.randn_like(p)
                versions = [p._version for p in parameters]
                optimizer.step()
                assert all(p._version > v for p, v in zip(parameters, versions))
        assert {state["step"].item() for state in optimizer.state.values()} == {3}
        return [p.detach().numpy().copy() for p in parameters]

    for ours, plain in zip(walk("numba"), walk("reference")):
        np.testing.assert_allclose(ours, plain, rtol=2e-5, atol=2e-6)


def test_a_rule_of_ones_own_is_used():
    class Signs(tinytorch.optim.Adam):
        def update(self, p, g, state, group):
            p -= group["lr"] * np.sign(g)

    p = tinytorch.nn.Parameter(tinytorch.zeros(5000))
    optimizer = Signs([p], lr=0.5)
    for _ in range(2):
        p.grad = tinytorch.ones(5000)
        optimizer.step()
    assert p.eq(-1).all()


def test_the_data_of_a_parameter_stays_the_same_memory():
    """What views of a parameter see, and what `.data` gives, is what the optimizer changes."""
    p = tinytorch.nn.Parameter(tinytorch.ones(5000))
    view, data = p.detach()[:10], p.data
    p.grad = tinytorch.ones(5000)
    optimizer = tinytorch.optim.Adam([p], lr=0.5)
    optimizer.step()
    assert view.allclose(tinytorch.tensor(0.5)) and data.equal(p.detach())
    p.data = tinytorch.zeros(5000)
    optimizer.step()
    assert (p < 0).all() and data.allclose(tinytorch.tensor(0.5))


def test_clipping_with_infinite_gradients():
    for T in (tinytorch, torch):
        p = T.nn.Parameter(T.ones(5000))
        p.grad = T.ones(5000)
        p.grad[3] = float("inf")
        assert T.nn.utils.clip_grad_norm_([p], 1.0) == float("inf")
        assert p.grad[0] == 0 and p.grad[3].isnan()
        with pytest.raises(RuntimeError, match="non-finite"):
            T.nn.utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
