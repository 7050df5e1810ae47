"""Every optimizer, 50 steps beside PyTorch's: the same weights, the same state."""

import copy
import pickle
import re

import numpy as np
import pytest

import tinytorch as tt

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

CASES = [
    ("SGD", dict(lr=0.1)),
    ("SGD", dict(lr=0.1, momentum=0.9)),
    ("SGD", dict(lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.01)),
    ("SGD", dict(lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01)),
    ("SGD", dict(lr=0.01, momentum=0.5, maximize=True)),
    ("Adam", dict(lr=0.05)),
    ("Adam", dict(lr=0.05, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1)),
    ("Adam", dict(lr=0.05, amsgrad=True)),
    ("Adam", dict(lr=0.05, weight_decay=0.1, decoupled_weight_decay=True)),
    ("Adam", dict(lr=0.01, maximize=True)),
    ("AdamW", dict(lr=0.05)),
    ("AdamW", dict(lr=0.05, weight_decay=0.3, amsgrad=True)),
    ("NAdam", dict(lr=0.05)),
    ("NAdam", dict(lr=0.05, weight_decay=0.1, momentum_decay=0.01)),
    ("NAdam", dict(lr=0.05, weight_decay=0.1, decoupled_weight_decay=True)),
    ("RAdam", dict(lr=0.05)),
    ("RAdam", dict(lr=0.05, betas=(0.9, 0.9), weight_decay=0.1)),
    ("RAdam", dict(lr=0.05, weight_decay=0.1, decoupled_weight_decay=True)),
    ("Adamax", dict(lr=0.05)),
    ("Adamax", dict(lr=0.05, weight_decay=0.1, maximize=True)),
    ("RMSprop", dict()),
    ("RMSprop", dict(centered=True, weight_decay=0.1)),
    ("RMSprop", dict(momentum=0.9, alpha=0.9)),
    ("RMSprop", dict(momentum=0.9, centered=True)),
    ("Adagrad", dict(lr=0.1)),
    ("Adagrad", dict(lr=0.1, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.5)),
    ("Adadelta", dict()),
    ("Adadelta", dict(lr=0.5, rho=0.8, weight_decay=0.1)),
    ("ASGD", dict(lr=0.05)),
    ("ASGD", dict(lr=0.05, lambd=0.1, t0=10, weight_decay=0.1)),
    ("Rprop", dict()),
    ("Rprop", dict(lr=0.05, etas=(0.4, 1.3), step_sizes=(1e-4, 0.1))),
]

start = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
target = np.random.default_rng(1).standard_normal((5, 3)).astype(np.float32)
x = np.random.default_rng(2).standard_normal((5, 4)).astype(np.float32)


class Problem:
    """A small regression whose parameters are a matrix, a vector and a scalar that gets no gradient every other step."""

    def __init__(self, lib, name, settings, dtype=np.float32):
        self.lib = lib
        self.x, self.target = lib.tensor(x.astype(dtype)), lib.tensor(target.astype(dtype))
        self.params = [
            lib.nn.Parameter(lib.tensor(a))
            for a in (start.astype(dtype), np.zeros(3, dtype), np.array(0.5, dtype))
        ]
        groups = [{"params": self.params[:2]}, {"params": self.params[2:], "lr": 0.03}]
        self.optimizer = getattr(lib.optim, name)(groups if name != "LBFGS" else self.params, **settings)

    def loss(self, i=0):
        w, b, s = self.params
        self.optimizer.zero_grad()
        out = self.lib.tanh(self.x @ w) + b
        loss = ((out - self.target) ** 2).mean() + (s * s * out.sum() / 50 if i % 2 else 0)
        loss.backward()
        return loss

    def train(self, steps, first=0):
        for i in range(first, first + steps):
            self.loss(i)
            self.optimizer.step()
        return self


def assert_same(ours, theirs, tolerance=2e-5):
    for p, q in zip(ours.params, theirs.params):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=tolerance, atol=tolerance)
    assert_same_state(ours.optimizer.state_dict(), theirs.optimizer.state_dict(), tolerance)


def assert_same_state(ours, theirs, tolerance):
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key in theirs:
            assert_same_state(ours[key], theirs[key], tolerance)
    elif isinstance(theirs, torch.Tensor):
        assert str(ours.dtype) == str(theirs.dtype) and tuple(ours.shape) == tuple(theirs.shape)
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=10 * tolerance, atol=tolerance)
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs):
            assert_same_state(a, b, tolerance)
    else:
        assert ours == theirs


@pytest.mark.parametrize("name, settings", CASES)
def test_fifty_steps(name, settings):
    ours, theirs = Problem(tt, name, settings).train(50), Problem(torch, name, settings).train(50)
    assert_same(ours, theirs)
    assert repr(ours.optimizer) == repr(theirs.optimizer)


@pytest.mark.parametrize("name", ["SGD", "AdamW", "NAdam", "Adadelta"])
def test_fifty_steps_in_double(name):
    ours, theirs = Problem(tt, name, {}, np.float64).train(50), Problem(torch, name, {}, np.float64).train(50)
    assert_same(ours, theirs, 1e-6)  # PyTorch keeps step counts and products in float32 here too


@pytest.mark.parametrize("name, settings", [case for case in CASES if len(case[1]) > 1])
def test_resumed_from_pytorch(name, settings):
    """A state_dict of PyTorch's optimizer goes on here as if nothing had happened, and through pickle too."""
    theirs = Problem(torch, name, settings).train(10)
    ours = Problem(tt, name, settings)
    ours.optimizer.load_state_dict(translate(copy.deepcopy(theirs.optimizer.state_dict())))
    for p, q in zip(ours.params, theirs.params):
        p.data = tt.tensor(q.detach().numpy())
    ours.train(5, first=10)
    ours.params, ours.optimizer = pickle.loads(pickle.dumps((ours.params, ours.optimizer)))
    assert_same(ours.train(5, first=15), theirs.train(10, first=10))


def translate(value):
    if isinstance(value, torch.Tensor):
        return tt.tensor(value.numpy())
    if isinstance(value, dict):
        return {k: translate(v) for k, v in value.items()}
    return [translate(v) for v in value] if isinstance(value, list) else value


LBFGS = [
    dict(lr=0.5),
    dict(max_iter=8),
    dict(line_search_fn="strong_wolfe"),
    dict(history_size=3, max_iter=8),
]


@pytest.mark.parametrize("settings", LBFGS)
def test_lbfgs(settings):
    """In float64: rounding decides where a line search ends."""
    ours, theirs = Problem(tt, "LBFGS", settings, np.float64), Problem(torch, "LBFGS", settings, np.float64)
    for _ in range(2):
        a, b = ours.optimizer.step(ours.loss), theirs.optimizer.step(theirs.loss)
        assert a.item() == pytest.approx(b.item(), rel=1e-9)
    for p, q in zip(ours.params, theirs.params):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-8)
    mine, wanted = (next(iter(o.optimizer.state.values())) for o in (ours, theirs))
    assert mine.keys() == wanted.keys()
    assert (mine["n_iter"], mine["func_evals"]) == (wanted["n_iter"], wanted["func_evals"])


def test_complex_parameters():
    z = np.array([1 + 2j, -0.5 + 0.3j], np.complex64)
    for name in ("SGD", "Adam", "RMSprop", "Adagrad", "Rprop"):
        ends = []
        for lib in (tt, torch):
            p = lib.nn.Parameter(lib.tensor(z))
            optimizer = getattr(lib.optim, name)([p], lr=0.05)
            for _ in range(5):
                optimizer.zero_grad()
                (p * p.conj()).real.sum().backward()
                optimizer.step()
            ends.append(p.detach().numpy())
        np.testing.assert_allclose(*ends, rtol=1e-5)


# ---------------------------------------------------------------- the interface


def parameters(lib=tt, n=2):
    return [lib.nn.Parameter(lib.ones(2, 2)) for _ in range(n)]


@pytest.mark.parametrize(
    "make",
    [
        lambda lib: lib.optim.SGD([]),
        lambda lib: lib.optim.SGD(parameters(lib)[0]),
        lambda lib: lib.optim.SGD([{"params": set(parameters(lib))}]),
        lambda lib: lib.optim.SGD([1.0]),
        lambda lib: lib.optim.SGD([parameters(lib)[0] * 2]),
        lambda lib: lib.optim.SGD([{"params": (p := parameters(lib))}, {"params": p[:1]}]),
        lambda lib: lib.optim.SGD([("a", parameters(lib)[0]), parameters(lib)[0]]),
        lambda lib: lib.optim.SGD([{"params": [("a", parameters(lib)[0])]}, {"params": parameters(lib)}]),
        lambda lib: lib.optim.SGD(parameters(lib)).add_param_group(parameters(lib)),
        lambda lib: lib.optim.SGD(parameters(lib), lr=-1),
        lambda lib: lib.optim.SGD(parameters(lib), momentum=-0.1),
        lambda lib: lib.optim.SGD(parameters(lib), nesterov=True),
        lambda lib: lib.optim.SGD(parameters(lib), lr=lib.ones(2)),
        lambda lib: lib.optim.Adam(parameters(lib), betas=(1.0, 0.9)),
        lambda lib: lib.optim.Adam(parameters(lib), eps=-1.0),
        lambda lib: lib.optim.Adadelta(parameters(lib), rho=1.5),
        lambda lib: lib.optim.Rprop(parameters(lib), etas=(2.0, 3.0)),
        lambda lib: lib.optim.LBFGS([{"params": parameters(lib)}, {"params": parameters(lib)}]),
        lambda lib: lib.optim.SGD(parameters(lib)).load_state_dict(
            lib.optim.SGD(parameters(lib, 3)).state_dict()
        ),
        lambda lib: lib.optim.SGD(parameters(lib), fused=True, foreach=True),
    ],
)
def test_refusals(make):
    with pytest.raises(Exception) as theirs:  # noqa: PT011
        make(torch)
    with pytest.raises(theirs.type) as ours:
        make(tt)
    named, words = str(ours.value).replace("tinytorch.", "torch."), str(theirs.value)
    assert named.endswith(words)
    assert named == words or re.fullmatch(r"\w+: ", named.removesuffix(words))  # who was called


def test_a_parameter_twice_in_a_group_is_a_warning():
    p = parameters()[0]
    with pytest.warns(UserWarning, match="duplicate parameters"):
        tt.optim.SGD([p, p])


def test_closure_runs_with_gradients():
    problem = Problem(tt, "SGD", dict(lr=0.1))
    with tt.no_grad():
        first = problem.optimizer.step(problem.loss)
    assert problem.loss().item() < first.item()


def test_a_step_counts_as_a_write():
    p = tt.nn.Parameter(tt.ones(3))
    y = (p * p).sum()
    p.grad = tt.ones(3)
    tt.optim.SGD([p]).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_the_gradient_stays_as_it_is():
    for name, settings in CASES:
        p = tt.nn.Parameter(tt.ones(3))
        p.grad = tt.full((3,), 0.5)
        optimizer = getattr(tt.optim, name)([p], **settings)
        for _ in range(3):
            optimizer.step()
        assert p.grad.tolist() == [0.5] * 3


def test_zero_grad():
    p = tt.nn.Parameter(tt.ones(3))
    p.grad = tt.ones(3)
    optimizer = tt.optim.SGD([p])
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0, 0, 0]
    optimizer.zero_grad()
    assert p.grad is None


def test_step_hooks():
    p = tt.nn.Parameter(tt.ones(1))
    p.grad = tt.ones(1)
    optimizer = tt.optim.SGD([p], lr=1.0)
    seen = []
    before = optimizer.register_step_pre_hook(
        lambda o, args, kwargs: seen.append(("before", o.param_groups[0]["params"][0].item()))
    )
    optimizer.register_step_post_hook(
        lambda o, args, kwargs: seen.append(("after", o.param_groups[0]["params"][0].item()))
    )
    optimizer.step()
    before.remove()
    optimizer.step()
    assert seen == [("before", 1.0), ("after", 0.0), ("after", -1.0)]


def test_an_optimizer_of_ones_own():
    class SignDescent(tt.optim.Optimizer):
        def __init__(self, params, lr=0.1):
            super().__init__(params, dict(lr=lr))

        @tt.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    self.state[p]["step"] = self.state[p].get("step", 0) + 1
                    p.add_(p.grad.sign(), alpha=-group["lr"])

    p = tt.nn.Parameter(tt.ones(2))
    p.grad = tt.tensor([3.0, -3.0])
    optimizer = SignDescent([p], lr=0.5)
    optimizer.step()
    assert p.tolist() == [0.5, 1.5]
    assert optimizer.state_dict()["state"] == {0: {"step": 1}}


def test_learning_rate_as_a_tensor():
    p = tt.nn.Parameter(tt.ones(2))
    p.grad = tt.ones(2)
    tt.optim.Adam([p], lr=tt.tensor(0.5)).step()
    np.testing.assert_allclose(p.detach().numpy(), [0.5, 0.5], rtol=1e-6)


@pytest.mark.parametrize("maximize", [False, True])
def test_sparse_adam_steps_the_rows_that_were_looked_up(maximize):
    weights = []
    for lib in (torch, tt):
        table = lib.nn.Embedding(4, 3, sparse=True)
        table.weight.data.copy_(lib.tensor(start))
        optimizer = lib.optim.SparseAdam(table.parameters(), lr=0.1, maximize=maximize)
        for rows in ([0, 2, 2], [2, 1], [0]):
            optimizer.zero_grad()
            (table(lib.tensor(rows)) * lib.tensor(target[: len(rows)])).sum().backward()
            optimizer.step()
        weights.append(table.weight.detach().numpy())
        assert optimizer.state[table.weight]["step"] == 3
    np.testing.assert_allclose(weights[1], weights[0], rtol=1e-5)
    assert (weights[1][3] == start[3]).all()
    for wrong in (dict(lr=0.0), dict(eps=0.0), dict(betas=(1.0, 0.9))):
        with pytest.raises(ValueError, match="Invalid"):
            tt.optim.SparseAdam([tt.nn.Parameter(tt.ones(1))], **wrong)


def test_muon_steps_as_in_pytorch():
    """To the rounding of bfloat16, in which PyTorch makes its matrices orthogonal."""
    for settings in ({}, {"nesterov": False, "weight_decay": 0.0}, {"adjust_lr_fn": "match_rms_adamw"}):
        for shape in ((6, 4), (4, 6)):
            found = []
            for lib in (torch, tt):
                rng = np.random.default_rng(0)
                w = lib.nn.Parameter(lib.tensor(rng.standard_normal(shape), dtype=lib.float32))
                x = lib.tensor(rng.standard_normal((9, shape[0])), dtype=lib.float32)
                optimizer = lib.optim.Muon([w], lr=0.02, **settings)
                for _ in range(5):
                    optimizer.zero_grad()
                    (x @ w).square().mean().backward()
                    optimizer.step()
                found.append(w.detach().numpy())
            np.testing.assert_allclose(found[1], found[0], atol=5e-3)


def test_muon_makes_a_step_orthogonal():
    from tinytorch.optim.muon import COEFFICIENTS, orthogonal

    step = orthogonal(np.random.default_rng(0).standard_normal((5, 8)), COEFFICIENTS, 5, 1e-7)
    sizes = np.linalg.svd(step, compute_uv=False)
    assert sizes.min() > 0.6 and sizes.max() < 1.3
    with pytest.raises(ValueError, match="Muon only supports 2D parameters"):
        tt.optim.Muon([tt.ones(3, requires_grad=True)])
