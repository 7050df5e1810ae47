"""nn.Module and the containers: each scene is run with PyTorch and with tinytorch, and must end the same way.

The scenes here are the corners; what programs do every day is in the parity table.
"""

import copy
import pickle
import re

import pytest

import tinytorch
from tests.parity.compare import difference, plain, quietly

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

SCENES = []


def scene(function):
    SCENES.append(function)
    return function


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_scene(scene):
    want, got = (plain(quietly(scene, library)) for library in (torch, tinytorch))
    assert difference(want, got) is None


def message(call, *args):
    """The class and text of what `call` raises."""
    try:
        call(*args)
    except Exception as error:
        return type(error).__name__, re.sub(r"(tiny)?torch\.nn\.(modules\.)?", "nn.", str(error))
    return "no error"


def net(t):
    """Two layers of ones and twos."""
    layer = t.nn.Sequential(t.nn.Linear(2, 3), t.nn.Tanh(), t.nn.Linear(3, 1))
    for i, p in enumerate(layer.parameters()):
        t.nn.init.constant_(p, 0.1 * (i + 1))
    return layer


# ---------------------------------------------------------------- what is assigned to a module


@scene
def refused_assignments(t):
    m = t.nn.Linear(2, 2)
    m.child = t.nn.Tanh()
    m.register_buffer("running", t.zeros(1))
    m.plain = 3
    empty = object.__new__(t.nn.Module)
    p = t.nn.Parameter(t.ones(1))
    return [
        message(setattr, m, "weight", t.ones(2, 2)),
        message(setattr, m, "weight", 3),
        message(setattr, m, "child", 3),
        message(setattr, m, "running", 3),
        message(m.register_parameter, "plain", p),
        message(m.register_parameter, "a.b", p),
        message(m.register_parameter, "", p),
        message(m.register_parameter, 3, p),
        message(m.register_parameter, "w", t.ones(1)),
        message(m.register_parameter, "w", p * 2),
        message(m.register_buffer, "plain", t.ones(1)),
        message(m.register_buffer, "b", 3),
        message(m.register_buffer, "a.b", t.ones(1)),
        message(m.register_buffer, 3, t.ones(1)),
        message(m.add_module, "plain", t.nn.Tanh()),
        message(m.add_module, "a.b", t.nn.Tanh()),
        message(m.add_module, "", t.nn.Tanh()),
        message(m.add_module, "x", 3),
        message(setattr, empty, "p", p),
        message(setattr, empty, "c", t.nn.Tanh()),
        message(empty.register_buffer, "b", t.ones(1)),
        message(getattr, m, "nothing"),
        message(delattr, m, "nothing"),
        message(t.nn.Module(), 1),
        message(m.train, 1),
        message(m.to, t.int64),
        message(m.get_submodule, "child.deeper"),
        message(m.get_submodule, "weight"),
        message(m.get_parameter, "running"),
        message(m.get_parameter, "x"),
        message(m.get_buffer, "weight"),
        message(m.set_submodule, "", t.nn.Tanh()),
        message(m.set_submodule, "new", t.nn.Tanh(), True),
        message(m.set_submodule, "weight", t.nn.Tanh()),
    ]


@scene
def names_change_their_kind(t):
    m = t.nn.Module()
    m.x = 3
    m.x = t.nn.Parameter(t.ones(1))
    kinds = [(list(m._parameters), list(m._modules), "x" in m.__dict__)]
    del m.x
    m.x = t.nn.Tanh()
    kinds.append((list(m._parameters), list(m._modules)))
    m.x = None
    kinds.append((m.x, list(m._modules), list(m.children())))
    m.register_buffer("b", t.zeros(2), persistent=False)
    m.b = t.ones(2)
    kinds.append((m.b, list(m.state_dict()), len(list(m.buffers()))))
    m.b = None
    m.p = t.nn.Parameter(t.ones(1))
    m.p = None
    return kinds, m.b, m.p, list(m._parameters), list(m.named_parameters()), list(m.state_dict())


@scene
def buffers_by_class(t):
    m = t.nn.Module()
    m.kept = t.nn.Buffer(t.ones(1))
    m.unkept = t.nn.Buffer(t.ones(1), persistent=False)
    m.kept = t.zeros(2)
    return (
        list(m.state_dict()),
        [n for n, _ in m.named_buffers()],
        isinstance(t.nn.Buffer(t.ones(1)), t.nn.Buffer),
        isinstance(t.ones(1), t.nn.Buffer),
    )


@scene
def set_submodule(t):
    m = net(t)
    m.set_submodule("1", t.nn.ReLU())
    m.set_submodule("extra", t.nn.Sequential())
    m.set_submodule("extra.inner", t.nn.ReLU(), strict=False)
    return repr(m)


@scene
def same_module_twice(t):
    shared = t.nn.Linear(2, 2)
    m = t.nn.ModuleDict({"a": shared, "b": shared, "c": t.nn.Sequential(shared)})
    return (
        [n for n, _ in m.named_parameters()],
        [n for n, _ in m.named_parameters(remove_duplicate=False)],
        [n for n, _ in m.named_modules()],
        [n for n, _ in m.named_modules(remove_duplicate=False)],
        [n for n, _ in m.named_children()],
        list(m.state_dict()),
        [n for n, _ in m.named_parameters(prefix="top", recurse=False)],
        [n for n, _ in m.c.named_parameters(prefix="top")],
    )


@scene
def deep_copies_keep_what_is_shared(t):
    m = t.nn.ModuleDict({"a": t.nn.Linear(2, 2, bias=False), "b": t.nn.Linear(2, 2, bias=False)})
    m.b.weight = m.a.weight
    m.a.weight.grad = t.ones(2, 2)
    twin = copy.deepcopy(m)
    again = pickle.loads(pickle.dumps(m)) if t is not torch else copy.deepcopy(m)
    return [
        (x.a.weight is x.b.weight, x.a.weight is m.a.weight, type(x.a.weight).__name__, x.a.weight.grad)
        for x in (twin, again)
    ]


@scene
def listing_attributes(t):
    m = t.nn.Linear(2, 2)
    return {"weight", "bias", "in_features", "forward", "training"} <= set(dir(m)), "0" in dir(net(t))


# ---------------------------------------------------------------- state


@scene
def loading_errors(t):
    m = net(t)
    good = m.state_dict()
    wrong = {**good, "0.weight": t.ones(5, 5), "new": t.ones(1), "7.weight": t.ones(1), "2.bias": 3}
    del wrong["0.bias"]
    return [
        message(m.load_state_dict, wrong),
        message(m.load_state_dict, wrong, False),
        message(m.load_state_dict, {"0.weight": good["0.weight"]}),
        message(m.load_state_dict, [1]),
        str(m.load_state_dict(good)),
        str(m.load_state_dict({"x": t.ones(1)}, strict=False)),
    ]


@scene
def metadata(t):
    m = t.nn.Sequential(t.nn.Linear(1, 1), t.nn.Sequential(t.nn.Linear(1, 1)))
    state = m.state_dict(prefix="net.")
    return list(state), dict(state._metadata), m.state_dict(keep_vars=True)["0.weight"] is m[0].weight


@scene
def state_dict_by_position(t):
    into = {"before": 1}
    out = t.nn.Linear(1, 1).state_dict(into, "a.", False)
    return out is into, list(out)


@scene
def extra_state(t):
    class Counter(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.n = 0

        def get_extra_state(self):
            return {"n": self.n}

        def set_extra_state(self, state):
            self.n = state["n"]

    m = t.nn.Sequential(Counter())
    m[0].n = 5
    other = t.nn.Sequential(Counter())
    other.load_state_dict(m.state_dict())
    return (
        m.state_dict(),
        other[0].n,
        message(other.load_state_dict, {}),
        message(t.nn.Sequential().load_state_dict, m.state_dict()),
    )


@scene
def assigning_loads(t):
    m = t.nn.Linear(2, 1)
    m.weight.requires_grad_(False)
    before = m.weight
    state = {"weight": t.ones(1, 2, dtype=t.float64), "bias": t.nn.Parameter(t.zeros(1))}
    m.load_state_dict(state, assign=True)
    return (
        m.weight is before,
        m.weight,
        m.bias is state["bias"],
        type(m.weight).__name__,
        m.weight.requires_grad,
    )


@scene
def scalars_saved_as_vectors(t):
    m = t.nn.Module()
    m.register_buffer("steps", t.tensor(0))
    m.load_state_dict({"steps": t.tensor([7])})
    return m.steps


@scene
def hooks_around_the_state(t):
    m, seen = t.nn.Sequential(t.nn.Linear(1, 1)), []
    m.register_state_dict_pre_hook(lambda module, prefix, keep: seen.append(("pre", prefix, keep)))
    m.register_state_dict_post_hook(lambda module, state, prefix, meta: state.update(added=t.ones(1)))
    m[0]._register_state_dict_hook(lambda module, state, prefix, meta: seen.append((prefix, dict(meta))))
    state = m.state_dict()
    m.register_load_state_dict_pre_hook(
        lambda module, state, *rest: seen.append(len(state)) or state.pop("added")
    )
    m[0]._register_load_state_dict_pre_hook(lambda state, prefix, *rest: seen.append(prefix))
    m.register_load_state_dict_post_hook(lambda module, keys: seen.append(tuple(keys)))
    m.load_state_dict(state)
    m.register_load_state_dict_post_hook(lambda module, keys: keys)
    return list(state), seen, message(m.load_state_dict, state)


# ---------------------------------------------------------------- moving


@scene
def conversion_keeps_identity(t):
    m = t.nn.Linear(2, 2)
    m.register_buffer("count", t.tensor(3))
    m.register_buffer("mean", t.zeros(2))
    m(t.ones(1, 2)).sum().backward()
    weight, grad = m.weight, m.weight.grad
    m.double()
    kinds = [str(x.dtype) for x in (m.weight, m.weight.grad, m.count, m.mean)]
    m.half()
    kinds.append(str(m.weight.dtype))
    m.type(t.float32)
    return (
        weight is m.weight,
        grad is m.weight.grad,
        kinds,
        str(m.count.dtype),
        m.to("cpu") is m,
        str(m.float().weight.dtype),
    )


@scene
def training_after_conversion(t):
    m = net(t)
    optimizer = t.optim.SGD(m.parameters(), lr=0.1)
    m.double()
    m(t.ones(1, 2, dtype=t.float64)).sum().backward()
    optimizer.step()
    return m[0].weight, m[0].weight.grad


# ---------------------------------------------------------------- hooks


@scene
def order_of_forward_hooks(t):
    m, seen = net(t), []
    m.register_forward_pre_hook(lambda module, args: seen.append("pre 1"))
    m.register_forward_pre_hook(lambda module, args: seen.append("pre 0"), prepend=True)
    m.register_forward_hook(lambda module, args, out: seen.append("post 1"))
    m.register_forward_hook(lambda module, args, out: seen.append("post 0"), prepend=True)
    m(t.ones(1, 2))
    return seen


@scene
def hooks_that_replace(t):
    m = net(t)
    m.register_forward_pre_hook(lambda module, args: args[0] * 2)
    m.register_forward_pre_hook(lambda module, args, kwargs: ((args[0] + 1,), kwargs), with_kwargs=True)
    m.register_forward_hook(lambda module, args, out: out + 10)
    handle = m.register_forward_hook(
        lambda module, args, kwargs, out: (out, args[0], kwargs), with_kwargs=True
    )
    first = m(t.ones(1, 2))
    handle.remove()
    return first, m(t.ones(1, 2))


@scene
def a_pre_hook_that_returns_nonsense(t):
    m = net(t)
    m.register_forward_pre_hook(lambda module, args, kwargs: 3, with_kwargs=True)
    return message(m, t.ones(1, 2))


@scene
def hooks_that_are_always_called(t):
    seen = []

    class Fails(t.nn.Module):
        def forward(self, x):
            raise ValueError("no")

    m = Fails()
    m.register_forward_hook(lambda module, args, out: seen.append("skipped"))
    m.register_forward_hook(lambda module, args, out: seen.append(("called", out)), always_call=True)
    return message(m, t.ones(1)), seen


@scene
def hooks_of_all_modules(t):
    from importlib import import_module

    where = import_module("torch.nn.modules.module") if t is torch else tinytorch.nn.hooks
    seen = []
    handles = [
        where.register_module_forward_pre_hook(lambda m, args: seen.append(("pre", type(m).__name__))),
        where.register_module_forward_hook(lambda m, args, out: seen.append(("post", type(m).__name__))),
        where.register_module_full_backward_hook(
            lambda m, gin, gout: seen.append(("back", type(m).__name__))
        ),
    ]
    m = net(t)
    m(t.ones(1, 2, requires_grad=True)).sum().backward()
    for handle in handles:
        handle.remove()
    m(t.ones(1, 2))
    return seen


@scene
def backward_hooks(t):
    m, seen = net(t), []
    x = t.ones(2, 2, requires_grad=True)
    m[0].register_full_backward_hook(lambda module, gin, gout: seen.append(("linear", gin, gout)))
    m.register_full_backward_pre_hook(lambda module, gout: (gout[0] * 3,))
    m.register_full_backward_hook(lambda module, gin, gout: (gin[0] + 1,))
    m.register_full_backward_hook(lambda module, gin, gout: seen.append(("net", gin, gout)))
    m(x).sum().backward()
    return seen, x.grad, [p.grad for p in m.parameters()]


@scene
def backward_hooks_without_gradients_of_inputs(t):
    m, seen = net(t), []
    m.register_full_backward_hook(lambda module, gin, gout: seen.append((gin, gout)))
    m(t.ones(2, 2)).sum().backward()
    with t.no_grad():
        m(t.ones(2, 2))
    return seen, m[0].weight.grad


@scene
def backward_hooks_on_many(t):
    class Two(t.nn.Module):
        def forward(self, x, n, y):
            return x * y, x + n, "text"

    m, seen = Two(), []
    m.register_full_backward_hook(lambda module, gin, gout: seen.append((gin, gout)))
    x, y = t.ones(2, requires_grad=True), t.full((2,), 3.0, requires_grad=True)
    a, b, c = m(x, 5, y)
    a.sum().backward(retain_graph=True)
    (a * b).sum().backward()
    return seen, x.grad, c


@scene
def a_backward_hook_of_the_wrong_length(t):
    m = net(t)
    m.register_full_backward_hook(lambda module, gin, gout: (gin[0], gin[0]))
    return message(lambda: m(t.ones(1, 2, requires_grad=True)).sum().backward())


@scene
def second_order_through_backward_hooks(t):
    m, seen = net(t), []
    m.register_full_backward_hook(lambda module, gin, gout: seen.append(len(gin)))
    x = t.ones(1, 2, requires_grad=True)
    (g,) = t.autograd.grad(m(x).sum(), x, create_graph=True)
    g.pow(2).sum().backward()
    return seen, x.grad, m[0].weight.grad


# ---------------------------------------------------------------- containers


@scene
def sequential(t):
    m = net(t)
    double = m * 2
    m += t.nn.Sequential(t.nn.ReLU())
    m.insert(1, t.nn.Identity())
    m.insert(-1, t.nn.Sigmoid())
    taken = m.pop(0)
    m.extend([t.nn.Tanh(), t.nn.Tanh()])
    m[-1] = t.nn.ReLU()
    named = t.nn.Sequential(
        t.nn.Sequential(t.nn.Tanh(), t.nn.ReLU())[1:], (t.nn.Sequential(t.nn.ELU()) + double)[0]
    )
    del m[1:3]
    return repr(m), len(double), double[0] is double[3], repr(taken), repr(named), list(m.state_dict())


@scene
def sequential_errors(t):
    m = net(t)
    return [
        message(lambda: m[5]),
        message(lambda: m * 0),
        message(lambda: m * 1.5),
        message(lambda: m + 3),
        message(m.insert, 9, t.nn.ReLU()),
        message(lambda: t.nn.Sequential(3)),
        message(lambda: t.nn.ModuleList([3])),
        message(lambda: t.nn.ModuleList()[0]),
    ]


@scene
def module_lists(t):
    m = t.nn.ModuleList(t.nn.Linear(1, 1) for _ in range(3))
    m.append(t.nn.Tanh())
    m += [t.nn.Tanh(), t.nn.Sequential(t.nn.ReLU(), t.nn.ReLU())]
    m.insert(0, t.nn.ELU())
    text = repr(m)
    del m[0], m[0]
    return (
        text,
        repr(m[1:]),
        len(m),
        m.pop(-1) is None,
        repr(m + [t.nn.ReLU()]),
        repr(t.nn.ModuleList()),
        list(m.state_dict()),
        "0" in dir(m),
    )


@scene
def module_dicts(t):
    m = t.nn.ModuleDict([["a", t.nn.ReLU()], ("b", t.nn.Tanh())])
    m.update({"c": t.nn.ELU(), "a": t.nn.Sigmoid()})
    m["d"] = t.nn.Identity()
    del m["b"]
    taken = m.pop("c")
    text = (
        repr(m),
        list(m),
        list(m.keys()),
        len(m),
        "a" in m,
        "z" in m,
        type(taken).__name__,
        [type(v).__name__ for v in m.values()],
    )
    m.clear()
    return (
        text,
        len(m),
        message(m.update, 3),
        message(m.update, [3])[0],
        message(m.update, [(1,)]),
        message(lambda: m["x"]),
        message(m.add_module, "keys", t.nn.ReLU()),
    )


@scene
def parameter_lists(t):
    m = t.nn.ParameterList([t.ones(2, 3), t.nn.Parameter(t.zeros(1))])
    m.append(t.zeros(2, dtype=t.float64))
    m.extend([3, "x"])
    m[1] = t.ones(4)
    part = m[:2]
    return (
        repr(m),
        len(m),
        repr(part),
        type(m[0]).__name__,
        list(m.state_dict()),
        m[-1],
        [type(x).__name__ for x in m],
        message(m),
        message(m.extend, 3),
        message(lambda: m[9]),
    )


@scene
def parameter_dicts(t):
    m = t.nn.ParameterDict({"b": t.ones(2), "a": t.zeros(1, 2)})
    m["c"] = 3
    m.update([("d", t.nn.Parameter(t.ones(1)))])
    other = t.nn.ParameterDict({"a": t.ones(7)})
    both = m | other
    m |= other
    first = (
        m.setdefault("e", t.ones(1)),
        m.setdefault("e"),
        m.get("zz"),
        m.get("zz", 5),
        list(m),
        list(reversed(m)),
    )
    popped = m.pop("a"), m.popitem()
    return (
        repr(m),
        first,
        popped,
        list(m.keys()),
        len(list(m.items())),
        list(both),
        both["a"],
        list(m.state_dict()),
        "b" in m,
        m.copy() is m,
        message(m, 1),
        message(lambda: m[3])[0],
        [n for n, _ in m.named_parameters()],
    )


# ---------------------------------------------------------------- parameters


@scene
def parameters(t):
    data = t.ones(2)
    p = t.nn.Parameter(data)
    data[0] = 5
    frozen = t.nn.Parameter(t.ones(1, dtype=t.int64), requires_grad=False)
    scaled = t.nn.Parameter(t.ones(2, requires_grad=True) * 3)
    return (
        repr(p), repr(frozen), scaled, scaled.is_leaf, type(p * 2).__name__, type(p.data).__name__, type(p.detach()).__name__,
        isinstance(p, t.Tensor), repr(t.nn.Parameter()), type(copy.copy(p)).__name__, type(copy.deepcopy(p)).__name__,
        message(t.nn.Parameter, t.ones(1, dtype=t.int64))[0], repr(t.nn.Parameter(t.tensor(1.5))), (p + 1).grad_fn is not None,
    )  # fmt: skip


def test_calling_a_module_costs_little():
    """No hooks, no work: a call is an attribute look-up and forward."""
    m = tinytorch.nn.Identity()
    assert m(3) == 3 and not any(m.__dict__[table] for table in tinytorch.nn.hooks.Hooks.__annotations__)


def test_a_module_with_hooks_is_pickled():
    m = tinytorch.nn.Linear(1, 1)
    m.register_load_state_dict_pre_hook(print)
    again = pickle.loads(pickle.dumps(m))
    assert again.weight.tolist() == m.weight.tolist() and again._load_state_dict_pre_hooks
