"""Pruning, beside PyTorch on the same weights."""

import importlib

import numpy as np
import pytest

import tinytorch

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

LIBRARIES = (torch, tinytorch)


def net(lib):
    module = lib.nn.Sequential(lib.nn.Conv2d(2, 4, 3), lib.nn.Linear(6, 5))
    rng = np.random.default_rng(0)
    for p in module.parameters():
        p.data = lib.tensor(rng.standard_normal(tuple(p.shape)), dtype=lib.float32)
    return module


def prune(lib):
    return importlib.import_module(f"{lib.__name__}.nn.utils.prune")


def scores(lib, module):
    return lib.arange(module.weight.numel(), dtype=lib.float32).cos().view_as(module.weight)


WAYS = {
    "l1": lambda p, lib, m: p.l1_unstructured(m[0], "weight", amount=0.3),
    "number": lambda p, lib, m: p.l1_unstructured(m[1], "weight", amount=7),
    "bias": lambda p, lib, m: p.l1_unstructured(m[1], "bias", amount=2),
    "scores": lambda p, lib, m: p.l1_unstructured(m[1], "weight", 0.5, importance_scores=scores(lib, m[1])),
    "channels": lambda p, lib, m: p.ln_structured(m[0], "weight", amount=0.5, n=2, dim=0),
    "columns": lambda p, lib, m: p.ln_structured(m[1], "weight", amount=2, n=1, dim=-1),
    "twice": lambda p, lib, m: p.l1_unstructured(p.l1_unstructured(m[0], "weight", 0.3), "weight", 0.5),
    "mixed": lambda p, lib, m: p.ln_structured(p.l1_unstructured(m[0], "weight", 0.3), "weight", 1, 2, 0),
    "mixed again": lambda p, lib, m: p.l1_unstructured(p.ln_structured(m[0], "weight", 1, 2, 0), "weight", 5),
    "mask": lambda p, lib, m: p.custom_from_mask(m[1], "weight", scores(lib, m[1]) > 0),
    "identity": lambda p, lib, m: p.identity(m[0], "weight"),
    "global": lambda p, lib, m: p.global_unstructured(
        ((m[0], "weight"), (m[1], "weight")), pruning_method=p.L1Unstructured, amount=0.4
    ),
    "global twice": lambda p, lib, m: [
        p.global_unstructured([(m[0], "weight"), (m[1], "weight")], p.L1Unstructured, amount=0.4) for _ in "ab"
    ],
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_the_same_elements_go(way):
    theirs, ours = (net(lib) for lib in LIBRARIES)
    for lib, module in zip(LIBRARIES, (theirs, ours)):
        way(prune(lib), lib, module)
        assert prune(lib).is_pruned(module)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for name, value in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name].numpy(), value.numpy(), err_msg=name)
    for a, b in zip(theirs, ours):
        np.testing.assert_array_equal(b.weight.detach().numpy(), a.weight.detach().numpy())
        assert [type(h).__name__ for h in b._forward_pre_hooks.values()] == [
            type(h).__name__ for h in a._forward_pre_hooks.values()
        ]


@pytest.mark.parametrize("lib", LIBRARIES, ids=["torch", "tinytorch"])
def test_pruned_weights_learn_and_stay_pruned(lib):
    layer, way = net(lib)[1], prune(lib)
    way.random_unstructured(layer, "weight", amount=0.5)
    way.random_structured(layer, "weight", amount=1, dim=0)
    gone = layer.weight_mask == 0
    assert (gone.all(1)).sum() >= 1 and 15 <= int(gone.sum()) <= 21
    optimizer = lib.optim.SGD(layer.parameters(), lr=0.1)
    layer(lib.ones(2, 6)).square().sum().backward()
    assert (layer.weight_orig.grad[gone] == 0).all()
    optimizer.step()
    layer(lib.ones(2, 6))
    assert (layer.weight[gone] == 0).all()
    way.remove(layer, "weight")
    assert not way.is_pruned(layer) and isinstance(layer.weight, lib.nn.Parameter)
    assert sorted(dict(layer.named_parameters())) == ["bias", "weight"] and (layer.weight[gone] == 0).all()
    assert way.L1Unstructured(2).prune(lib.tensor([1.0, -3.0, 2.0])).tolist() == [0.0, -3.0, 0.0]


@pytest.mark.parametrize("lib", LIBRARIES, ids=["torch", "tinytorch"])
@pytest.mark.parametrize(
    "error, wrong",
    [
        (TypeError, lambda p, m: p.l1_unstructured(m, "weight", "much")),
        (ValueError, lambda p, m: p.l1_unstructured(m, "weight", 1.5)),
        (ValueError, lambda p, m: p.l1_unstructured(m, "weight", 100)),
        (ValueError, lambda p, m: p.ln_structured(m, "bias", 1, 2, 0)),
        (IndexError, lambda p, m: p.ln_structured(m, "weight", 1, 2, 4)),
        (ValueError, lambda p, m: p.remove(m, "weight")),
        (TypeError, lambda p, m: p.global_unstructured([(m, "weight")], p.RandomStructured, amount=1)),
    ],
)
def test_what_cannot_be_pruned(lib, error, wrong):
    layer = net(lib)[1]
    with pytest.raises(error):
        wrong(prune(lib), layer)
    assert sorted(dict(layer.named_parameters())) == ["bias", "weight"], "nothing is left half done"
