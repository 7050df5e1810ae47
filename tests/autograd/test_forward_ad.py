"""torch.autograd.forward_ad, beside PyTorch's."""

import numpy as np
import pytest

from tests.programs_api.libraries import BOTH, part

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
rng = np.random.default_rng(0)
X, V, Y = (rng.standard_normal((3, 4)) for _ in range(3))


@BOTH
def test_derivatives_in_a_direction(lib):
    fw = part(lib, "autograd.forward_ad")
    x, v, y = (lib.tensor(a) for a in (X, V, Y))
    with fw.dual_level():
        dual = fw.make_dual(x, v)
        assert fw.unpack_dual(dual).tangent is v
        out = (dual**2 * y).sum(0) + dual.sin()[1]
        primal, tangent = fw.unpack_dual(out)
        np.testing.assert_allclose(primal.detach().numpy(), (X**2 * Y).sum(0) + np.sin(X[1]))
        np.testing.assert_allclose(tangent.detach().numpy(), (2 * X * V * Y).sum(0) + np.cos(X[1]) * V[1])
        assert fw.unpack_dual(y * 2).tangent is None
        both = fw.unpack_dual(dual @ fw.make_dual(y, v).T).tangent
        np.testing.assert_allclose(both.detach().numpy(), V @ Y.T + X @ V.T)
        other = fw.make_dual(x, lib.tensor(V.T.copy()).T)
        np.testing.assert_allclose(fw.unpack_dual(other).tangent.numpy(), V)
    assert fw.unpack_dual(out).tangent is None


@BOTH
def test_modules_with_dual_parameters(lib):
    fw = part(lib, "autograd.forward_ad")
    layer = lib.nn.Linear(4, 2).to(lib.float64)
    weight, bias = layer.weight.detach().clone(), layer.bias.detach().clone()
    dw, db = lib.ones(2, 4, dtype=lib.float64), lib.full((2,), 3.0, dtype=lib.float64)
    with fw.dual_level():
        duals = {"weight": fw.make_dual(weight, dw), "bias": fw.make_dual(bias, db)}
        out = lib.func.functional_call(layer, duals, lib.tensor(X))
        tangent = fw.unpack_dual(out).tangent
    np.testing.assert_allclose(tangent.detach().numpy(), np.repeat(X.sum(1, keepdims=True), 2, 1) + 3)


@BOTH
def test_levels(lib):
    fw = part(lib, "autograd.forward_ad")
    x = lib.ones(2)
    with pytest.raises(RuntimeError, match="no level exists"):
        fw.make_dual(x, x)
    fw.enter_dual_level()
    assert fw.unpack_dual(fw.make_dual(x, x) * 3).tangent.tolist() == [3, 3]
    with pytest.raises(ValueError, match="floating point or complex"):
        fw.make_dual(x.long(), x)
    fw.exit_dual_level()
    assert fw.unpack_dual(x).tangent is None
