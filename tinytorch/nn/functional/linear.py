"""The layer everything is made of: a matrix product and a bias."""

from __future__ import annotations

from ... import dtypes
from ...backend import kernel
from ...op import op
from ...ops import matmul_op, permute, reshape_op, squeeze, transpose_op, unsqueeze
from ...tensor import Tensor


@kernel
def linear_forward(x, weight, bias=None):
    """(N, in), (out, in), (out,) -> (N, out): x @ weight.T + bias."""
    out = x.dot(weight.T)  # not np.matmul, which takes twice as long to begin
    if bias is not None:
        out += bias
    return out


@op
def linear_op(x, weight, bias=None):
    """(..., in), (out, in), (out,) -> (..., out)."""
    if x.ndim == 2:
        return linear_forward(x, weight, bias)
    rows = x.reshape(-1, x.shape[-1])  # one large product instead of a stack of small ones
    return linear_forward(rows, weight, bias).reshape((*x.shape[:-1], len(weight)))


def weight_gradient(g, x):
    """(..., out), (..., in) -> (out, in): the sum over all rows of g's row times x's row."""
    if g.ndim != 2:
        g, x = (reshape_op(t, shape=(-1, t.shape[-1])) for t in (g, x))
    return matmul_op(g.T, x)


linear_op.vjps(
    x=lambda g, weight: matmul_op(g, weight) if g.ndim > 1 else vector_times(g, weight),
    weight=lambda g, x: weight_gradient(g, x),
    bias=lambda g: g,
)


def vector_times(g, weight):
    """(out,) @ (out, in) -> (in,)."""
    return reshape_op(matmul_op(reshape_op(g, shape=(1, -1)), weight), shape=(-1,))


def linear(input, weight, bias=None):
    """input @ weight.T + bias: (..., in) -> (..., out), with weight (out, in) and bias (out,)."""
    if is_usual(input, weight, bias):
        return linear_op(input, weight, bias)
    check_linear(input, weight, bias)
    if weight.array.ndim == 1:  # one output, without a dim of its own
        return linear_op(input, unsqueeze(weight, 0)).squeeze(-1)
    if bias is not None and bias.array.ndim > 1:
        return linear_op(input, weight) + bias
    return linear_op(input, weight, bias)


def is_usual(input, weight, bias) -> bool:
    """Whether these are a matrix, a vector and an input that fit, told at a glance."""
    if isinstance(input, Tensor) and isinstance(weight, Tensor) and isinstance(bias, Tensor):
        x, w, b = input.array, weight.array, bias.array
        return (
            x.dtype is w.dtype is b.dtype
            and b.ndim == 1
            and w.shape == b.shape + x.shape[-1:]
            and w.ndim == 2
        )
    return False


def check_linear(input, weight, bias) -> None:
    """Raise what is wrong with the dtypes and shapes of a linear layer's arguments."""
    for name, x in (("input", input), ("weight", weight), ("bias", bias)):
        if not isinstance(x, Tensor) and not (x is None and name == "bias"):
            raise TypeError(f"linear(): argument '{name}' must be Tensor, not {type(x).__name__}")
        if x is not None and x.array.dtype != input.array.dtype:
            raise RuntimeError(
                f"linear: expected input and {name} to have the same dtype, but got {dtypes.of(input.array)!r} and {x.dtype!r}"
            )
    x, w = input.array.shape, weight.array.shape
    if not x or not w or len(w) > 2 or (len(w) == 1 and bias is not None):
        raise RuntimeError(
            f"linear: the input must have dims and the weight must be a matrix (out, in), got {list(x)} and {list(w)}"
        )
    if x[-1] != w[-1]:
        raise RuntimeError(
            f"linear: input {list(x)} and weight {list(w)} (out, in) do not fit: the input's last size is {x[-1]}, in is {w[-1]};"
            " mat1 and mat2 shapes cannot be multiplied"
        )
    if bias is not None and bias.array.shape[-1:] not in ((w[0],), (1,), ()):
        raise RuntimeError(
            f"linear: bias {list(bias.shape)} does not fit the {w[0]} outputs of weight {list(w)}"
        )


def bilinear(input1, input2, weight, bias=None):
    """out[o] = input1 @ weight[o] @ input2 + bias[o]: (..., in1), (..., in2) -> (..., out), with weight (out, in1, in2)."""
    if input1.shape[:-1] != input2.shape[:-1]:
        raise RuntimeError(
            f"bilinear(): input batch dimensions do not match: got {list(input1.shape)} and {list(input2.shape)}"
        )
    if (input1.shape[-1], input2.shape[-1]) != tuple(weight.shape[1:]):
        raise RuntimeError(
            f"bilinear(): inputs {list(input1.shape)} and {list(input2.shape)} do not fit the weight {list(weight.shape)} (out, in1, in2)"
        )
    out, in1, in2 = weight.shape
    # (out, in1, in2) -> (in1, out * in2)
    columns = reshape_op(permute(weight, (1, 0, 2)), shape=(in1, out * in2))
    half = linear_op(input1, transpose_op(columns, dim0=0, dim1=1))  # (..., out * in2)
    half = reshape_op(half, shape=(*input1.shape[:-1], out, in2))
    result = squeeze(matmul_op(half, unsqueeze(input2, -1)), -1)
    return result if bias is None else result + bias
