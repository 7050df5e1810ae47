"""How many floating-point operations an op does, from the shapes of what went in and came out.

A bias is not counted: it is one sum for each result, of which the product behind it has as many as it is deep.
"""

from __future__ import annotations

import math


def matmul(shapes, out) -> int:
    return 2 * math.prod(out) * shapes[0][-1]


def linear(shapes, out) -> int:
    return 2 * math.prod(out) * shapes[1][-1]


def convolution(shapes, out) -> int:
    """Every output is a sum over one filter: weight is (out channels, in channels per group, *kernel)."""
    return 2 * math.prod(out) * math.prod(shapes[1][1:])


def transposed_convolution(shapes, out) -> int:
    return 2 * math.prod(shapes[0]) * math.prod(shapes[1][1:])


def weight_gradient(shapes, out) -> int:
    """g (N, O, *places) against x for each weight (O, C per group, *kernel)."""
    return 2 * math.prod(shapes[0]) * math.prod(out[1:])


def attention(shapes, out) -> int:
    """q @ k.T and weights @ v, each of length_q * length_k * width products."""
    q, k, v = shapes[:3]
    return 2 * math.prod(q[:-1]) * k[-2] * (q[-1] + v[-1])


NONE = {
    "reshape",
    "view",
    "transpose",
    "permute",
    "expand",
    "unsqueeze",
    "squeeze",
    "getitem",
    "clone",
    "contiguous",
    "cast",
    "transfer",
}
COUNTS = {
    "matmul": matmul, "linear": linear, "convolution": convolution, "convolution_input": transposed_convolution,
    "convolution_weight": weight_gradient, "attention": attention,
}  # fmt: skip


def flops(name: str, shapes, out) -> int:
    """Products and sums of an op; one per element of the largest array where nothing better is known, none for moving data."""
    name = name.removesuffix("_op")
    if name in NONE:
        return 0
    if name in COUNTS:
        return COUNTS[name](shapes, out)
    return max([math.prod(out), *(math.prod(s) for s in shapes if s)])


def backward_flops(name: str, shapes, out, wanted) -> int:
    """The same for the gradients of the arguments at the positions `wanted`; shapes and out are the forward op's."""
    name = name.removesuffix("_op")
    if name == "attention":  # four products from two, and the scores once more
        return flops(name, shapes, out) * 5 // 2
    if name not in COUNTS:
        return len(wanted) * flops(name, shapes, out)
    factors = sum(i < 2 for i in wanted)  # what comes behind the two factors is a bias
    return factors * flops(name, shapes, out)
