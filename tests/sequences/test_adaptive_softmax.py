"""The adaptive softmax, beside PyTorch on the same weights."""

import numpy as np
import pytest

import tinytorch
from tests.sequences.beside_torch import hold, same_layer

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

rng = np.random.default_rng(0)
TARGETS = {
    "all": np.array([0, 3, 7, 9, 1, 5, 2]),
    "shortlist": np.array([0, 1, 2]),
    "last cluster": np.array([9, 8]),
    "one sample": np.array(4),
}


@pytest.fixture(scope="module")
def layers():
    theirs, ours = same_layer(
        lambda lib: lib.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3, 6], div_value=2.0, head_bias=True)
    )
    return {torch: theirs, tinytorch: ours}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_losses_and_gradients(layers, target):
    def loss(lib, x):
        layer = layers[lib]
        out = layer(x, lib.tensor(target))
        weights = lib.autograd.grad(out.loss, list(layer.parameters()), allow_unused=True, retain_graph=True)
        return [out.output, out.loss, *(w for w in weights if w is not None)]

    hold(loss, rng.standard_normal((*target.shape, 8)))


def test_log_prob_and_predict(layers):
    x = rng.standard_normal((40, 8)) * 2
    hold(lambda lib, x: layers[lib].log_prob(x), x)
    theirs, ours = (layers[lib].predict(lib.tensor(x)).tolist() for lib in (torch, tinytorch))
    assert ours == theirs and {c >= 3 for c in ours} == {True, False}


@pytest.mark.parametrize("lib", [torch, tinytorch], ids=["torch", "tinytorch"])
def test_what_does_not_fit(lib):
    for cutoffs in ([], [0, 3], [3, 3], [5, 3], [3, 10]):
        with pytest.raises(ValueError, match="cutoffs should be"):
            lib.nn.AdaptiveLogSoftmaxWithLoss(8, 10, cutoffs)
    layer = lib.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3])
    layer.reset_parameters()
    with pytest.raises(RuntimeError, match=r"should be in \[0, 9\]"):
        layer(lib.ones(2, 8), lib.tensor([1, 10]))
    with pytest.raises(RuntimeError):
        layer(lib.ones(3, 8), lib.tensor([1, 2]))
