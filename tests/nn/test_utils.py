"""nn.utils: clipping, vectors, parametrizations. And nn.init. Each scene ends as PyTorch's does."""

import copy
import math

import numpy as np
import pytest

import tinytorch as tt
from tests.parity.compare import difference, plain, quietly

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

SCENES = []


def scene(function):
    SCENES.append(function)
    return function


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_scene(scene):
    want, got = (plain(quietly(scene, library)) for library in (torch, tt))
    assert difference(want, got) is None


def message(call, *args, **kwargs):
    try:
        return call(*args, **kwargs)
    except Exception as error:
        return type(error).__name__, str(error).removeprefix(f"{call.__name__}: ")  # we say who was called


def with_grads(t):
    params = [t.nn.Parameter(t.zeros(2, 3)), t.nn.Parameter(t.zeros(4)), t.nn.Parameter(t.zeros(1))]
    params[0].grad = t.arange(6.0).reshape(2, 3) - 2
    params[1].grad = t.tensor([3.0, -4.0, 0.5, 1.0], dtype=t.float32)
    return params


# ---------------------------------------------------------------- clipping, vectors


@scene
def clipping_by_norm(t):
    out = []
    for norm_type in (2.0, 1, math.inf, -math.inf, 0, 3.0):
        for bound in (1.0, 100):
            params = with_grads(t)
            total = t.nn.utils.clip_grad_norm_(params, bound, norm_type)
            out.append((total, params[0].grad, params[1].grad, params[2].grad))
    return out


@scene
def clipping_corners(t):
    clip = t.nn.utils.clip_grad_norm_
    single = with_grads(t)[0]
    infinite = t.nn.Parameter(t.zeros(2))
    infinite.grad = t.tensor([math.inf, 1.0])
    return (
        clip([], 1.0),
        clip(single, 1.0),
        single.grad,
        clip((p for p in with_grads(t)), 1.0),
        message(clip, infinite, 1.0, error_if_nonfinite=True),
        clip(infinite, 1.0),
        infinite.grad,
        t.nn.utils.get_total_norm([p.grad for p in with_grads(t)[:2]]),
    )


@scene
def clipping_keeps_the_gradient_tensor(t):
    params = with_grads(t)
    before = params[0].grad
    t.nn.utils.clip_grad_norm_(params, 0.5)
    t.nn.utils.clip_grad_value_(params, 0.1)
    return before is params[0].grad, before


@scene
def clipping_by_value(t):
    params = with_grads(t)
    t.nn.utils.clip_grad_value_(params, 1.5)
    t.nn.utils.clip_grad_value_(params[1], 1)
    return [p.grad for p in params]


@scene
def vectors(t):
    params = [t.nn.Parameter(t.ones(2, 2)), t.nn.Parameter(t.zeros(3))]
    vector = t.nn.utils.parameters_to_vector(params)
    new = t.arange(7.0)
    t.nn.utils.vector_to_parameters(new, params)
    new[0] = 50
    return vector, params[0], params[1], message(t.nn.utils.vector_to_parameters, 3, params)[0]


# ---------------------------------------------------------------- parametrizations


def layer(t, columns=3, rows=4):
    m = t.nn.Linear(columns, rows)
    with t.no_grad():
        m.weight.copy_(t.tensor(np.sin(np.arange(rows * columns)).reshape(rows, columns)))
        m.bias.fill_(0.1)
    return m


def train(t, m, steps=3):
    """A few steps, in place of what each computes: outputs and all parameters."""
    optimizer = t.optim.SGD(m.parameters(), lr=0.01)
    out = []
    for _ in range(steps):
        optimizer.zero_grad()
        y = m(t.arange(6.0).reshape(2, 3))
        (y * y).sum().backward()
        optimizer.step()
        out.append(y)
    return out, [(name, p, p.grad) for name, p in m.named_parameters()]


@scene
def weight_norm(t):
    m = t.nn.utils.parametrizations.weight_norm(layer(t))
    text, keys = repr(m), list(m.state_dict())
    trained = train(t, m)
    m.weight = t.ones(4, 3)
    assigned = m.parametrizations.weight.original0, m.parametrizations.weight.original1, m.weight
    t.nn.utils.parametrize.remove_parametrizations(m, "weight")
    return text, keys, trained, assigned, repr(m), type(m).__name__, list(m.state_dict()), m.weight


@scene
def weight_norm_along_other_dims(t):
    out = []
    for dim in (0, 1, None):
        m = t.nn.utils.parametrizations.weight_norm(layer(t), dim=dim)
        m.parametrizations.weight.original0.data.mul_(2)
        out += [m.parametrizations.weight.original0, m.weight, train(t, m)]
    return out


@scene
def weight_norm_reads_old_names(t):
    old, new = t.nn.utils.weight_norm(layer(t)), t.nn.utils.parametrizations.weight_norm(layer(t))
    old.weight_g.data.mul_(3)
    new.load_state_dict(old.state_dict())
    return new.weight


@scene
def old_weight_norm(t):
    m = t.nn.utils.weight_norm(layer(t))
    keys = list(m.state_dict())
    trained = train(t, m)
    twice = message(t.nn.utils.weight_norm, m)
    t.nn.utils.remove_weight_norm(m)
    return keys, trained, twice, list(m.state_dict()), m.weight, message(t.nn.utils.remove_weight_norm, m)


def same_vectors(t, m, u, v):
    """PyTorch starts power iteration from random numbers; from here on both go on from the same."""
    with t.no_grad():
        getattr(m, u).copy_(t.arange(4.0).cos() / 2)
        getattr(m, v).copy_(t.arange(3.0).sin() / 2)
    return m


@scene
def spectral_norm(t):
    m = t.nn.utils.parametrizations.spectral_norm(layer(t), n_power_iterations=2)
    same_vectors(t, m.parametrizations.weight[0], "_u", "_v")
    text, keys = repr(m), list(m.state_dict())
    trained = train(t, m)
    m.eval()
    frozen = m.weight, m.weight
    t.nn.utils.parametrize.remove_parametrizations(m, "weight", leave_parametrized=False)
    return text, keys, trained, frozen, m.weight, list(m.state_dict())


@scene
def spectral_norm_of_vectors(t):
    m = t.nn.utils.parametrizations.spectral_norm(layer(t), "bias")
    return m.bias, list(m.state_dict())


@scene
def old_spectral_norm(t):
    m = same_vectors(t, t.nn.utils.spectral_norm(layer(t)), "weight_u", "weight_v")
    keys, version = list(m.state_dict()), m.state_dict()._metadata[""]
    trained = train(t, m)
    m.eval()
    m(t.ones(1, 3))
    held = m.weight, m.weight_u
    t.nn.utils.remove_spectral_norm(m)
    return (
        keys,
        version,
        trained,
        held,
        list(m.state_dict()),
        m.weight,
        message(t.nn.utils.remove_spectral_norm, m),
    )


@pytest.mark.parametrize(
    "norm", [lambda m: tt.nn.utils.parametrizations.spectral_norm(m), lambda m: tt.nn.utils.spectral_norm(m)]
)
def test_spectral_norm_is_one(norm):
    m = norm(layer(tt))
    for _ in range(30):
        m(tt.ones(1, 3))
    m.eval()
    m(tt.ones(1, 3))
    assert np.linalg.norm(m.weight.detach().numpy(), 2) == pytest.approx(1, rel=1e-4)


@scene
def parametrizations_of_ones_own(t):
    class Symmetric(t.nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).mT

        def right_inverse(self, a):
            return a.triu()

    class Double(t.nn.Module):
        def forward(self, x):
            return 2 * x

        def right_inverse(self, x):
            return x / 2

    P = t.nn.utils.parametrize
    m = layer(t, 3, 3)
    P.register_parametrization(m, "weight", Symmetric())
    first = m.weight, repr(m), P.is_parametrized(m), P.is_parametrized(m, "bias")
    P.register_parametrization(m, "weight", Double())
    m.weight = t.eye(3)
    with P.cached():
        same = m.weight is m.weight
    twin = copy.deepcopy(m)
    twin.weight = t.ones(3, 3)
    P.register_parametrization(m, "bias", Double())
    out = (
        first,
        m.weight,
        m.parametrizations.weight.original,
        same,
        list(m.state_dict()),
        twin.weight,
        train(t, m),
    )
    P.remove_parametrizations(m, "weight", leave_parametrized=False)
    return (
        out,
        m.weight,
        type(m).__name__,
        P.type_before_parametrizations(m).__name__,
        isinstance(m, t.nn.Linear),
    )


@scene
def parametrization_errors(t):
    class Wrong(t.nn.Module):
        def forward(self, x):
            return x[0]

    class OneWay(t.nn.Module):
        def forward(self, x):
            return x + 1

    P = t.nn.utils.parametrize
    m = P.register_parametrization(layer(t), "weight", OneWay())
    return [
        message(P.register_parametrization, layer(t), "weight", Wrong())[0],
        message(P.register_parametrization, layer(t), "nothing", OneWay())[0],
        message(P.remove_parametrizations, layer(t), "weight")[0],
        message(setattr, m, "weight", t.ones(4, 3)),
        message(t.nn.utils.parametrizations.spectral_norm, layer(t), n_power_iterations=0),
        message(t.nn.utils.parametrizations.spectral_norm, layer(t), dim=5)[0],
        message(t.nn.utils.parametrizations.orthogonal, layer(t), "bias"),
        message(t.nn.utils.parametrizations.orthogonal, layer(t), orthogonal_map="x"),
    ]


@scene
def orthogonal(t):
    out = []
    for shape in ((3, 3), (3, 4), (3, 2)):
        for how in ("matrix_exp", "cayley", "householder"):
            m = layer(t, *shape).double()
            q = np.linalg.qr(m.weight.detach().numpy() if shape[1] >= 3 else m.weight.detach().numpy().T)[0]
            q = np.ascontiguousarray(q if shape[1] >= 3 else q.T)
            t.nn.utils.parametrizations.orthogonal(
                m, orthogonal_map=how, use_trivialization=how != "householder"
            )
            with t.no_grad():
                if how == "householder":
                    m.weight = t.tensor(q)
                else:
                    side = max(q.shape)
                    m.parametrizations.weight[0].base = t.eye(side, dtype=t.float64)
                    m.parametrizations.weight.original.copy_(t.tensor(q))
            m.weight.sin().sum().backward()
            out.append((m.weight, m.parametrizations.weight.original.grad))
    return out


def test_orthogonal_from_any_weight():
    m = tt.nn.utils.parametrizations.orthogonal(layer(tt))
    w = m.weight.detach().numpy()
    np.testing.assert_allclose(w.T @ w, np.eye(3), atol=1e-5)
    wanted = np.linalg.qr(np.random.default_rng(0).standard_normal((4, 3)))[0].astype(np.float32)
    m.weight = tt.tensor(wanted)
    np.testing.assert_allclose(m.weight.detach().numpy(), wanted, atol=1e-5)


# ---------------------------------------------------------------- init


@scene
def gains_and_fans(t):
    init = t.nn.init
    names = ["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu", "x"]
    return (
        [message(init.calculate_gain, name) for name in names],
        [message(init.calculate_gain, "leaky_relu", slope) for slope in (0.2, 1, True, "a")],
        [
            message(init._calculate_fan_in_and_fan_out, t.empty(*shape))
            for shape in ((3, 4), (3, 4, 5, 2), (3,))
        ],
        message(init.kaiming_normal_, t.empty(2, 2), mode="x"),
        [
            message(init.eye_, t.empty(2)),
            message(init.dirac_, t.empty(2)),
            message(init.dirac_, t.empty(3, 3, 3), 2),
        ],
        [message(init.orthogonal_, t.empty(2)), message(init.sparse_, t.empty(2), 0.1)],
    )


@scene
def structured(t):
    init = t.nn.init
    return (
        init.eye_(t.empty(2, 3)),
        init.dirac_(t.empty(3, 2, 3)),
        init.dirac_(t.empty(4, 2, 3, 3), groups=2),
        init.dirac_(t.empty(1, 2, 2, 3, 1)),
        init.constant_(t.empty(2), 0.3),
        init.ones_(t.nn.Parameter(t.empty(2))),
        init.zeros_(t.empty(1)),
        init.kaiming_uniform_(t.empty(0, 3)),
        init.constant(t.empty(2), 0.3),
    )


DRAWS = [
    ("uniform_(w, -1, 3)", -1, 3, 1, 4 / math.sqrt(12)),
    ("normal_(w, 2, 0.5)", None, None, 2, 0.5),
    ("xavier_uniform_(w, 2)", -2 * math.sqrt(6 / 300), 2 * math.sqrt(6 / 300), 0, 2 * math.sqrt(2 / 300)),
    ("xavier_normal_(w)", None, None, 0, math.sqrt(2 / 300)),
    ("kaiming_uniform_(w, a=5**0.5)", -0.1, 0.1, 0, 0.1 / math.sqrt(3)),
    ("kaiming_normal_(w, mode='fan_out', nonlinearity='relu')", None, None, 0, math.sqrt(2 / 200)),
    ("trunc_normal_(w)", -2, 2, 0, 0.8796),
    ("trunc_normal_(w, 1, 2, 0, 1)", 0, 1, 0.5103, 0.2881),
    ("trunc_normal_(w, 0, 1, 5, 6)", 5, 6, 5.1844, 0.1730),
]


@pytest.mark.parametrize(("call", "low", "high", "mean", "std"), DRAWS)
def test_draws(call, low, high, mean, std):
    w = tt.empty(200, 100)
    with pytest.warns(UserWarning, match="2 std") if "5, 6" in call else contextless():
        out = eval(f"tt.nn.init.{call}")
    assert out is w
    a = w.numpy()
    assert low is None or (a.min() >= low - 1e-6 and a.max() <= high + 1e-6)
    assert a.mean() == pytest.approx(mean, abs=5 * std / math.sqrt(a.size))
    assert a.std() == pytest.approx(std, rel=0.03)


def contextless():
    import contextlib

    return contextlib.nullcontext()


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (4, 2, 3)])
def test_orthogonal_rows_or_columns(shape):
    w = tt.nn.init.orthogonal_(tt.empty(*shape), gain=2).numpy().reshape(shape[0], -1)
    gram = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-5)


def test_sparse_columns():
    w = tt.nn.init.sparse_(tt.empty(10, 5), 0.3)
    assert ((w == 0).sum(0) == 3).all()


def test_generators_decide_the_draws():
    draw = lambda: tt.nn.init.kaiming_normal_(
        tt.empty(3, 3), generator=tt.Generator().manual_seed(4)
    ).tolist()
    assert draw() == draw()


def test_old_names_warn():
    with pytest.warns(FutureWarning, match="xavier_uniform_"):
        tt.nn.init.xavier_uniform(tt.empty(2, 2))
    with pytest.warns(FutureWarning, match="clip_grad_norm_"):
        tt.nn.utils.clip_grad_norm([], 1.0)
