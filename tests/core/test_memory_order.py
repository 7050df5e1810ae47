"""What PyTorch computes into row-major order can be viewed here too, whatever order NumPy chose for it."""

import numpy as np
import pytest
import torch as pt

import tinytorch as tt

# Of a tensor x (2, 4, 3) whose last two dims are exchanged in memory.
COMPUTED = {
    "cat": lambda t, x: t.cat([x, x], 2),
    "stack": lambda t, x: t.stack([x, x]),
    "index_select behind": lambda t, x: x.contiguous().index_select(1, t.tensor([0, 2])),
    "places behind": lambda t, x: x.contiguous()[:, [0, 2]],
    "places behind two": lambda t, x: x[:, :, [0, -1]],
    "a mask behind": lambda t, x: x[:, t.tensor([True, False, True, True])],
    "places apart": lambda t, x: x[[0, 1], :, [0, 1]],
    "repeat_interleave": lambda t, x: x.repeat_interleave(2, 1),
    "roll": lambda t, x: x.roll(1, 0),
    "sum": lambda t, x: x.sum(0),
    "mean": lambda t, x: x.mean(0),
    "amax": lambda t, x: x.amax(0),
    "std": lambda t, x: x.std(0),
    "any": lambda t, x: (x > 2).any(0),
    "cumsum": lambda t, x: x.cumsum(0),
    "softmax": lambda t, x: x.softmax(1),
    "masked_fill": lambda t, x: x.masked_fill(x > 3, 0),
    "scatter": lambda t, x: x.scatter(1, t.zeros(2, 1, 3, dtype=t.int64), 0.0),
    "a repeated row as floats": lambda t, x: t.arange(3).expand(2, 3).float(),
    "a repeated row negated": lambda t, x: -t.arange(3.0).expand(2, 3),
    "zeros like a repeated row": lambda t, x: t.zeros_like(t.arange(3).expand(2, 3)),
    "noise like a repeated row": lambda t, x: t.rand_like(t.arange(3.0).expand(2, 3)) * 0,
}


@pytest.mark.parametrize("name", COMPUTED)
def test_a_computed_result_can_be_viewed(name):
    flat = [
        COMPUTED[name](t, t.arange(24.0).reshape(2, 3, 4).transpose(1, 2)).view(-1).tolist() for t in (pt, tt)
    ]
    np.testing.assert_allclose(*flat, rtol=1e-6)


def test_gradients_go_through_the_view():
    x = tt.rand(3, 4, requires_grad=True)
    (x.t().mul(x.t()).cumsum(0).view(-1) * tt.arange(12.0)).sum().backward()
    y = pt.tensor(x.tolist(), requires_grad=True)
    (y.t().mul(y.t()).cumsum(0).reshape(-1) * pt.arange(12.0)).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-5)


def test_what_the_user_laid_out_is_not_copied():
    for x in (
        tt.zeros(3, 4).t(),
        tt.from_numpy(np.zeros((3, 4)).T),
        tt.from_numpy(np.zeros((3, 4), order="F")),
    ):
        with pytest.raises(RuntimeError, match="view: size"):
            x.view(-1)


def test_a_view_that_others_look_at_stays_where_it_is():
    y = tt.rand(3, 4).t().exp()
    row = y[0]
    with pytest.raises(RuntimeError, match="view: size"):
        y.view(-1)
    assert row.data_ptr() == y.data_ptr()


def test_a_column_is_picked_into_rows():
    x = tt.arange(24.0).reshape(2, 4, 3)
    assert x[:, [0, 2]].stride() == (6, 3, 1)
    assert x[:, :, tt.tensor([0, -1])].stride() == (8, 2, 1)
    assert tt.arange(6).unfold(0, 2, 1).stride() == (1, 1)
