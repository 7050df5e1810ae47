"""Every op against finite differences, first and second order: one row per op, and no op without a row.

A row says what to call the op with: `x(2, 3)` is a random tensor of that shape that gets a gradient, anything else is
passed as it is. An op with several rows is called several ways.
"""

from __future__ import annotations

import importlib
import pkgutil
import zlib

import numpy as np
import pytest

import tinytorch
from tinytorch import Tensor, ops
from tinytorch.op import Op
from tinytorch.testing import gradcheck, gradgradcheck


class x:
    """A random float64 (or complex128) tensor with elements in [low, high)."""

    def __init__(self, *shape: int, low: float = -2.0, high: float = 2.0, complex: bool = False):
        self.shape, self.low, self.high, self.complex = shape, low, high, complex

    def draw(self, rng) -> Tensor:
        values = rng.uniform(self.low, self.high, self.shape)
        if self.complex:
            values = values + 1j * rng.uniform(self.low, self.high, self.shape)
        return Tensor.wrap(np.asarray(values)).requires_grad_()


class Row:
    """How to call an op. `after` and `before` stand around the op where it alone has no well-defined derivative."""

    def __init__(self, *args, before=None, after=None, **settings):
        self.args, self.settings, self.before, self.after = args, settings, before, after

    def function(self, op: Op, tensors):
        def call(*given):
            given = iter(given)
            args = [next(given) if isinstance(a, x) else a for a in tensors]
            out = op(*(self.before(*args) if self.before else args), **self.settings)
            return self.after(out) if self.after else out

        return call


def i(*values) -> Tensor:
    """Indices."""
    return tinytorch.tensor(list(values))


def positive(*shape, low=0.5, high=3.0) -> x:
    return x(*shape, low=low, high=high)


def unit(*shape) -> x:
    """Inside (-1, 1), for the inverse functions."""
    return x(*shape, low=-0.9, high=0.9)


def z(*shape) -> x:
    return x(*shape, complex=True)


def mT(a):
    return a.transpose(-2, -1)


def symmetric(a):
    return (a + mT(a)) / 2


def definite(a):
    return a @ mT(a) + tinytorch.eye(a.shape[-1], dtype=tinytorch.float64)


def spread(a):
    """A matrix whose inverse and decompositions are well conditioned."""
    return a + 4 * tinytorch.eye(a.shape[-2], a.shape[-1], dtype=tinytorch.float64)


def seeded(a):
    tinytorch.manual_seed(0)
    return [a]


MASK = tinytorch.tensor([[True, False, True], [False, False, True]])
PICKS = i([0, 2, 2], [1, 0, 1])  # positions along dim 1 of a (2, 3), one of them twice
SOME = (slice(None), np.array([2, 0, 2]))

CONV = dict(stride=(2, 1), padding=(1, 1), dilation=(2, 1), groups=1)
POOL = dict(kernel=(2, 2), stride=(2, 1), padding=[(0, 0), (0, 0)])
WINNER = np.array([[[0, 3], [1, 2]]], np.uint8)

# ---------------------------------------------------------------- the table

TABLE: dict[str, list[Row]] = {
    # arithmetic
    "add_op": [Row(x(2, 3), x(3)), Row(x(2), 1.5), Row(z(2), z(1))],
    "sub_op": [Row(x(2, 3), x(2, 1)), Row(2.0, x(2))],
    "mul": [Row(x(2, 3), x(3)), Row(x(), x(2)), Row(z(2), z(2)), Row(z(2), x(2))],
    "div": [Row(x(2, 3), positive(3)), Row(1.0, positive(2)), Row(z(2), positive(2))],
    "neg": [Row(x(3))],
    "pow": [Row(positive(2, 3), x(3)), Row(x(3), 3.0), Row(x(3), 2), Row(2.0, x(3))],
    "abs": [Row(x(4)), Row(z(3))],
    "floor_divide": [Row(positive(3), positive(3))],
    "trunc_divide": [Row(x(3), positive(3))],
    "remainder": [Row(x(2, 3), positive(3))],
    "fmod": [Row(x(2, 3), positive(3))],
    "maximum": [Row(x(2, 3), x(3))],
    "minimum": [Row(x(2, 3), x(3))],
    "fmax": [Row(x(2, 3), x(3))],
    "fmin": [Row(x(2, 3), x(3))],
    "clamp_bounds": [
        Row(x(6), -1.0, 1.0),
        Row(x(6), None, x(6)),
        Row(x(6), x(6), None),
        Row(x(6), x(6, high=0), x(6, low=0)),
    ],
    "lerp_op": [Row(x(2, 3), x(3), x(1)), Row(x(2), x(2), 0.3)],
    "where_between": [Row(MASK, x(2, 3), x(3)), Row(MASK, x(2, 3), 0.0)],
    "clone_op": [Row(x(2, 3))],
    "cast": [Row(x(3), dtype=np.dtype(np.float64)), Row(x(3), dtype=np.dtype(np.complex128))],
    "transfer": [Row(x(3), device=tinytorch.device("cpu"))],
    # functions of one number
    "sqrt": [Row(positive(3))],
    "rsqrt": [Row(positive(3))],
    "square": [Row(x(3))],
    "reciprocal": [Row(positive(3))],
    "exp": [Row(x(3)), Row(z(2))],
    "exp2": [Row(x(3))],
    "expm1": [Row(x(3))],
    "log": [Row(positive(3))],
    "log2": [Row(positive(3))],
    "log10": [Row(positive(3))],
    "log1p": [Row(positive(3))],
    "logaddexp": [Row(x(2, 3), x(3))],
    "logaddexp2": [Row(x(2, 3), x(3))],
    "sin": [Row(x(3)), Row(z(2))],
    "cos": [Row(x(3))],
    "tan": [Row(unit(3))],
    "asin": [Row(unit(3))],
    "acos": [Row(unit(3))],
    "atan": [Row(x(3))],
    "atan2": [Row(x(2, 3), positive(3))],
    "sinh": [Row(x(3))],
    "cosh": [Row(x(3))],
    "tanh": [Row(x(3))],
    "asinh": [Row(x(3))],
    "acosh": [Row(positive(3, low=1.5))],
    "atanh": [Row(unit(3))],
    "sinc": [Row(x(3))],
    "sigmoid": [Row(x(3))],
    "erf": [Row(x(3))],
    "erfinv": [Row(unit(3))],
    "erfc": [Row(x(3))],
    "i0": [Row(x(3))],
    "i1": [Row(x(3))],
    "ndtri": [Row(x(3, low=0.1, high=0.9))],
    "log_ndtr": [Row(x(3))],
    "lgamma": [Row(positive(3))],
    "digamma": [Row(positive(3))],
    "polygamma_op": [Row(positive(3), n=1), Row(positive(3), n=2)],
    "logit_op": [Row(x(3, low=0.1, high=0.9)), Row(x(4, low=0.05, high=0.95), eps=0.3)],
    "floor": [Row(x(3))],
    "ceil": [Row(x(3))],
    "trunc": [Row(x(3))],
    "round": [Row(x(3))],
    "sign": [Row(x(3))],
    "copysign": [Row(x(2, 3), x(3))],
    "heaviside": [Row(x(2, 3), x(3))],
    "real": [Row(z(3))],
    "imag": [Row(z(3))],
    "conj": [Row(z(3)), Row(x(3))],
    "make_complex": [Row(x(3), x(3))],
    "fft_op": [Row(z(2, 3), dims=(1,)), Row(x(2, 3), dims=(0, 1), norm="ortho")],
    "ifft_op": [Row(z(2, 3), dims=(1,)), Row(z(2, 3), dims=(0, 1), norm="forward")],
    "view_as_complex": [Row(x(3, 2))],
    "view_as_real": [Row(z(3))],
    # shapes
    "reshape_op": [Row(x(2, 3), shape=(3, 2)), Row(x(2, 3), shape=(-1,))],
    "view_op": [Row(x(2, 3), shape=(6,))],
    "transpose_op": [Row(x(2, 3), dim0=0, dim1=1), Row(x(1, 2, 2), dim0=0, dim1=2)],
    "permute_op": [Row(x(1, 2, 3), dims=(2, 0, 1))],
    "expand_op": [Row(x(3), shape=(2, 3)), Row(x(2, 1), shape=(2, 2, 3))],
    "unsqueeze_op": [Row(x(2, 3), dim=1)],
    "squeeze_op": [Row(x(2, 1, 3), dims=(1,))],
    "diagonal": [Row(x(3, 3)), Row(x(2, 3, 4), offset=1, dim1=-2, dim2=-1), Row(x(3, 2), offset=-1)],
    "unfold_windows": [Row(x(2, 5), dimension=1, size=3, step=1), Row(x(5), dimension=0, size=2, step=2)],
    "as_strided_op": [Row(x(6), size=(3, 2), stride=(1, 2), offset=1)],
    "overlap_add": [Row(x(3, 2), shape=(6,), stride=(1, 2), offset=1)],
    "fold_windows": [Row(x(2, 2, 3), dimension=1, size=3, step=2, shape=(2, 5))],
    "contiguous_op": [Row(x(2, 3), before=lambda a: [mT(a)])],
    "concatenate": [Row(x(2, 3), x(1, 3)), Row(x(2, 3), x(2, 1), dim=1), Row(x(2), x(2), x(1), dim=-1)],
    "split_op": [Row(x(2, 3), sizes=(1, 2), dim=1), Row(x(4, 2), sizes=(3, 0, 1), dim=0)],
    "flip_op": [Row(x(2, 3), dims=(0, 1))],
    "roll": [Row(x(2, 3), shifts=1), Row(x(2, 3), shifts=(1, -2), dims=(0, 1))],
    "tril": [Row(x(3, 3)), Row(x(2, 2, 3), diagonal=1)],
    "triu": [Row(x(3, 3)), Row(x(2, 2, 3), diagonal=-1)],
    "diag_embed": [Row(x(2, 3)), Row(x(2, 2), offset=1, dim1=0, dim2=-1)],
    # indexing
    "getitem_op": [
        Row(x(3, 4), index=(0, slice(None, None, 2))),
        Row(x(2, 3), index=SOME),
        Row(x(2), index=(None, ...)),
    ],
    "put_zeros": [Row(x(2, 3), index=SOME, shape=(2, 4)), Row(x(2), index=(slice(0, 2),), shape=(3,))],
    "put": [
        Row(x(2, 3), x(2), index=(slice(None), 1)),
        Row(x(2, 3), x(), index=(0,)),
        Row(x(2, 3), x(2, 3), index=SOME, accumulate=True),
    ],
    "zero_at": [Row(x(2, 3), index=SOME)],
    "gather_op": [Row(x(2, 3), PICKS, dim=1)],
    "scatter_add_op": [Row(x(2, 3), PICKS, x(2, 3), dim=1)],
    "scatter_op": [Row(x(2, 3), i([0, 2], [1, 0]), x(2, 2), dim=1), Row(x(2, 3), i([0], [1]), 0.5, dim=1)],
    "scatter_fold": [
        Row(positive(2, 3), PICKS, positive(2, 3), dim=1, reduce="prod"),
        Row(x(2, 3), PICKS, x(2, 3), dim=1, reduce="amax"),
        Row(x(2, 3), PICKS, x(2, 3), dim=1, reduce="amin"),
    ],
    "crop_op": [Row(x(2, 3), shape=(1, 2))],
    "uncrop": [Row(x(1, 2), shape=(2, 3))],
    "masked_fill_op": [Row(x(2, 3), MASK, 1.0), Row(x(2, 3), MASK, x())],
    # reductions
    "sum": [Row(x(2, 3)), Row(x(2, 3), dim=1), Row(x(2, 3), dim=(0, 1), keepdim=True), Row(z(2))],
    "mean": [Row(x(2, 3)), Row(x(2, 3), dim=-1, keepdim=True)],
    "prod_op": [Row(positive(3)), Row(positive(2, 3), dim=1), Row(positive(2, 2), dim=0, keepdim=True)],
    "var_op": [Row(x(2, 3)), Row(x(2, 3), dim=1, correction=0), Row(z(3))],
    "std_op": [Row(x(2, 3)), Row(x(2, 3), dim=0, keepdim=True, correction=0)],
    "amax": [Row(x(2, 3)), Row(x(2, 3), dim=1)],
    "amin": [Row(x(2, 3)), Row(x(2, 3), dim=0, keepdim=True)],
    "logsumexp_op": [Row(x(2, 3), dim=1), Row(x(2, 3), dim=(0, 1), keepdim=True)],
    "cumsum": [Row(x(2, 3), dim=1)],
    "cumprod_op": [Row(positive(2, 3), dim=1)],
    "logcumsumexp": [Row(x(2, 3), dim=1)],
    "norm2": [Row(x(3)), Row(x(2, 3), dim=1), Row(z(3))],
    # linear algebra
    "matmul_op": [
        Row(x(2, 3), x(3, 2)),
        Row(x(2, 2, 3), x(3, 2)),
        Row(x(2, 3), x(2, 3, 1)),
        Row(z(2, 2), z(2, 1)),
    ],
    "einsum_op": [
        Row(x(2, 3), x(3, 2), equation="ij,jk->ik"),
        Row(x(2, 3), x(2), equation="ij,i->j"),
        Row(x(2, 2, 2), equation="bij->bj"),
        Row(x(2), x(2), x(2), equation="i,j,i->ij"),
    ],
    "inv_op": [Row(x(2, 2), before=lambda a: [spread(a)])],
    "det_op": [Row(x(2, 2), before=lambda a: [spread(a)])],
    "slogdet_op": [Row(x(2, 2), before=lambda a: [spread(a)], after=lambda out: out[1])],
    "solve_op": [Row(x(2, 2), x(2, 1), before=lambda a, b: [spread(a), b])],
    "cholesky_op": [Row(x(2, 2), before=lambda a: [definite(a)])],
    "eigh_op": [Row(x(3, 3), before=lambda a: [symmetric(a)])],
    "eig_op": [Row(x(3, 3), before=lambda a: [spread(a)], after=lambda out: (out[0].abs(), out[1].abs()))],
    "lu_op": [
        Row(*args, before=lambda a: [spread(a)], after=lambda out: out[0])
        for args in ([x(3, 3)], [x(4, 2)], [x(2, 4)], [x(2, 3, 3)])
    ],
    "igamma": [Row(tinytorch.tensor([0.5, 1.0, 2.5]), positive(3))],
    "igammac": [Row(tinytorch.tensor([0.5, 1.0, 2.5]), positive(3))],
    "zeta": [Row(2.5, positive(3))],
    "erfcx": [Row(x(4))],
    "qr_op": [Row(x(3, 2), before=lambda a: [spread(a)])],
    "svd_op": [Row(x(3, 2), before=lambda a: [spread(a)]), Row(x(2, 3)), Row(x(2, 2))],
    # convolution, pooling, images
    "convolution": [
        Row(x(2, 2, 4, 3), x(3, 2, 2, 2), x(3), **CONV),
        Row(x(1, 4, 3), x(4, 2, 2), None, stride=(2,), padding=(1,), dilation=(1,), groups=2),
    ],
    "convolution_input": [Row(x(2, 3, 2, 4), x(3, 2, 2, 2), size=(4, 3), **CONV)],
    "convolution_weight": [Row(x(2, 3, 2, 4), x(2, 2, 4, 3), kernel=(2, 2), **CONV)],
    "max_pool": [Row(x(2, 4, 3), **POOL, dilation=(1, 1), remember=True)],
    "to_winners": [Row(x(1, 2, 2), winner=WINNER, size=(4, 3), **POOL, dilation=(1, 1))],
    "from_winners": [Row(x(1, 4, 3), winner=WINNER, **POOL, dilation=(1, 1))],
    "sum_windows": [Row(x(2, 4, 3), **POOL)],
    "spread_windows": [Row(x(2, 2, 2), size=(4, 3), **POOL)],
    "pad_op": [Row(x(2, 3), padding=[(1, 0), (2, 1)], value=3)],
    "extend": [Row(x(2, 3), dim=1, index=[1, 0, 1, 2, 1], core=slice(1, 4))],
    "fold_back": [Row(x(2, 5), dim=1, index=[1, 0, 1, 2, 1], core=slice(1, 4), size=3)],
    "pick_rising": [Row(x(2, 3), dim=1, index=np.array([0, 0, 2]))],
    "sum_rising": [Row(x(2, 3), dim=1, index=np.array([0, 0, 2]), size=4)],
    "unfold_op": [Row(x(1, 2, 4, 3), kernel=(2, 2), dilation=(2, 1), padding=(0, 1), stride=(1, 2))],
    "fold_op": [Row(x(1, 8, 4), size=(4, 3), kernel=(2, 2), dilation=(2, 1), padding=(0, 1), stride=(1, 2))],
    # norms
    "scale_shift": [Row(x(2, 3, 2), x(3, 1), x(3, 1))],
    "batch_norm_op": [Row(x(4, 2, 2), x(2), x(2), eps=1e-2), Row(x(4, 2), None, None, eps=1e-2)],
    "layer_norm_op": [
        Row(x(2, 2, 2), x(2, 2), x(2, 2), eps=1e-2, dims=2),
        Row(x(2, 3), None, None, eps=1e-2, dims=1),
    ],
    # activations and losses
    "relu_op": [Row(x(4))],
    "sum_per_channel": [Row(x(2, 3, 2, 2)), Row(x(3, 2, 4))],
    "relu_gradient": [Row(x(4), tinytorch.tensor([1.0, 0.0, 2.0, 0.0]))],
    "leaky_relu_op": [Row(x(4), negative_slope=0.1)],
    "gelu_op": [Row(x(4)), Row(x(4), approximate="tanh")],
    "silu_op": [Row(x(4))],
    "elu_op": [Row(x(4), alpha=0.7), Row(x(4), alpha=1.6, scale=1.05, input_scale=0.5)],
    "softplus_op": [Row(x(4), beta=2.0, threshold=3.0)],
    "logsigmoid_op": [Row(x(4))],
    "hardtanh_op": [Row(x(4), min_val=-1.0, max_val=0.5)],
    "hardsigmoid_op": [Row(x(6, low=-5, high=5))],
    "softmax_op": [Row(x(2, 3), dim=1), Row(x(2, 3), dim=0)],
    "log_softmax_op": [Row(x(2, 3), dim=1)],
    "softmax_cross_entropy": [
        Row(x(3, 4), i(0, 2, 3)),
        Row(x(3, 4), i(0, 2, 3), ignore_index=2, reduction="sum"),
        Row(x(3, 4), i(0, 2, 3), reduction="none"),
        Row(x(3, 4), i(0, 2, 3), remember=True),
        Row(x(3, 4), i(0, 2, 3), reduction="sum", remember=True),
        Row(x(3, 4), i(0, 2, 3), ignore_index=2, remember=True),
    ],
    "cross_entropy_of_scores": [
        Row(x(3), x(3, low=0.1, high=0.9)),
        Row(x(3, 2), x(3, 2, low=0.1, high=0.9), reduction="mean"),
        Row(x(3), x(3, low=0.1, high=0.9), reduction="sum"),
    ],
    "cross_entropy_of_bits": [Row(x(3, low=0.1, high=0.9), x(3, low=0.1, high=0.9))],
    "ctc_op": [
        Row(
            x(5, 2, 3),
            np.array([[1, 2], [1, 1]]),
            np.array([5, 4]),
            np.array([2, 2]),
            before=lambda a, *rest: [a.log_softmax(-1), *rest],
            blank=0,
            zero_infinity=False,
        ),
    ],
    # layers
    "dropout_op": [Row(x(6), before=seeded, p=0.4)],
    "where_kept": [Row(x(4), kept=np.array([True, False, True, True]), p=0.4)],
    "linear_op": [Row(x(2, 2, 3), x(4, 3), x(4)), Row(x(2, 3), x(4, 3), None)],
    "embedding_op": [
        Row(i([0, 2], [2, 1]), x(4, 3))
    ],  # with padding_idx the gradient is not the slope, on purpose
    "add_rows": [
        Row(x(2, 2, 3), i([0, 2], [2, 1]), rows=4),
        Row(x(1, 3, 2), i([0, 2, 0]), rows=4, padding_idx=2),
    ],
    "attention_op": [
        Row(x(1, 2, 3, 2), x(1, 2, 3, 2), x(1, 2, 3, 2), None, scale=0.5, is_causal=True),
        Row(x(1, 1, 2, 3), x(1, 1, 3, 3), x(1, 1, 3, 2), MASK, scale=0.5, is_causal=False),
    ],
    "split_heads": [
        Row(x(3, 2, 4), parts=1, heads=2, batch_first=False),
        Row(x(3, 2, 12), parts=3, heads=2, batch_first=True),
    ],
    "merge_heads": [
        Row(x(2, 2, 3, 2), batch_first=False),
        Row(x(1, 2, 3, 2), x(1, 2, 3, 2), batch_first=True),
    ],
    "rnn_op": [
        Row(x(4, 3), x(2, 3), x(3, 3), relu=False, batch_sizes=(2, 1, 1)),
        Row(x(4, 3), x(2, 3), x(3, 3), relu=True, batch_sizes=(2, 1, 1), reverse=True),
    ],
    "lstm_op": [Row(x(4, 8), x(2, 2), x(2, 2), x(8, 2), batch_sizes=(2, 1, 1))],
    "gru_op": [Row(x(4, 6), x(2, 2), x(6, 2), x(6), batch_sizes=(2, 1, 1))],
    "pack_steps": [Row(x(3, 2, 2), batch_sizes=(2, 1, 1))],
    "unpack_steps": [Row(x(4, 2), batch_sizes=(2, 1, 1), length=4, padding_value=3.0)],
    "reorder": [Row(x(2, 3), order=np.array([2, 0, 1]), dim=1)],
    "pad_together": [
        Row(x(1, 2), x(3, 2), padding_value=1.0, left=False),
        Row(x(1, 2), x(3, 2), padding_value=0.0, left=True),
    ],
}

# Gradients of other ops that have no rule of their own, as in PyTorch: asking for one is an error that names them.
NO_SECOND_DERIVATIVE = {"ctc_gradient", "gamma_slope"}
FIRST_ORDER_ONLY = {"ctc_op"}
# Draws whose gradient is not the slope of the draw for a fixed seed: tests/distributions holds it against quantiles.
DRAWS = {"standard_gamma"}
# Rounding, whose slope no finite difference sees: the gradient goes through as it is, rounded. tests/core/test_bfloat16.py.
ROUNDS = {"widen", "narrow"}

# ---------------------------------------------------------------- the tests


def all_ops() -> list[Op]:
    """Every op that any file of the package defines."""
    found: dict[int, Op] = {}
    for module in pkgutil.walk_packages(tinytorch.__path__, "tinytorch."):
        if module.name.endswith("__main__") or module.name.startswith("tinytorch.kernels."):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Op):
                found[id(value)] = value
    return sorted(found.values(), key=lambda op: op.name)


OPS = all_ops()
DIFFERENTIABLE = [op for op in OPS if op.grad]
CASES = [
    pytest.param(op, row, id=f"{op.name}-{number}")
    for op in DIFFERENTIABLE
    for number, row in enumerate(TABLE.get(op.name, ()))
]


def draw(op: Op, row: Row):
    """The tensors of a row that get gradients, and the function of them alone."""
    rng = np.random.default_rng(zlib.crc32(op.name.encode()))
    inputs = tuple(a.draw(rng) for a in row.args if isinstance(a, x))
    return row.function(op, row.args), inputs


@pytest.mark.parametrize(("op", "row"), CASES)
def test_gradient(op, row):
    assert gradcheck(*draw(op, row))


@pytest.mark.parametrize(
    ("op", "row"), [case for case in CASES if case.values[0].name not in FIRST_ORDER_ONLY]
)
def test_second_gradient(op, row):
    assert gradgradcheck(*draw(op, row), atol=1e-4)


@pytest.mark.parametrize(("op", "row"), [case for case in CASES if case.values[0].name in FIRST_ORDER_ONLY])
def test_there_is_no_second_gradient(op, row):
    """An error that names the missing rule, never a wrong number."""
    with pytest.raises(NotImplementedError, match="has no gradient rule for its argument"):
        gradgradcheck(*draw(op, row))


def test_every_op_has_a_row():
    names = {op.name for op in DIFFERENTIABLE} - NO_SECOND_DERIVATIVE - DRAWS - ROUNDS
    assert sorted(names - TABLE.keys()) == [], "ops without a row in the table of this file"
    assert sorted(TABLE.keys() - names) == [], "rows of ops that are gone, or have no gradient any more"


def test_no_two_ops_share_a_name():
    names = [op.name for op in OPS]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    "op", [op for op in DIFFERENTIABLE if op.name not in NO_SECOND_DERIVATIVE], ids=lambda op: op.name
)
def test_every_data_argument_has_a_rule_or_none(op):
    """A missing rule is an accident; an argument without a gradient says `NAME=None`."""
    arguments = [op.variadic] if op.variadic else op.data
    assert list(op.rules) == [a for a in arguments if a in op.rules], "rules stand in the arguments' order"
    assert set(arguments) == set(op.rules)


@pytest.mark.parametrize("op", [op for op in OPS if not op.grad], ids=lambda op: op.name)
def test_ops_without_gradient_have_no_rules(op):
    assert not op.rules


def test_no_gradient_reaches_what_declares_none():
    condition = tinytorch.tensor([True, False])
    a = tinytorch.tensor([1.0, 2.0], requires_grad=True)
    out = ops.where_between(condition, a, 0.0)
    assert len(out.grad_fn.inputs) == 1
