"""einsum: sums of products named by letters, as matrix products where there are two operands."""

from __future__ import annotations

import math

import numpy as np

from .. import dtypes
from ..op import op
from .matmul import matmul_op
from .reduction import sum
from .shape import diagonal, expand_op, permute_op, reshape_op


@op
def einsum_op(*operands, equation):
    """NumPy's einsum on an explicit equation without repeated or lonely letters to broadcast."""
    target = dtypes.result_np(operands)
    return np.einsum(equation, *operands, optimize=len(operands) > 1).astype(target, copy=False)


def einsum(equation, *operands):
    """Sums of products named by letters: `einsum("bij,bjk->bik", x, y)`."""
    if not isinstance(equation, str):
        equation, operands = lettered((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    inputs, output, operands = explicit(equation.replace(" ", ""), operands)
    operands = [merge_repeats(x, letters) for x, letters in zip(operands, inputs)]
    letters = [text for _, text in operands]
    if len(operands) == 2:
        return pair_product(*operands[0], *operands[1], output)
    if len(operands) == 1:
        return single(*operands[0], output)
    tensors = [x for x, _ in operands]
    return einsum_op(*tensors, equation=",".join(letters) + "->" + output)


def lettered(parts):
    """The form einsum(x, [0, 1], y, [1, 2], [0, 2]) as letters and operands."""
    text = lambda places: "".join("..." if p is Ellipsis else chr(ord("a") + p) for p in places)
    pairs = len(parts) // 2
    equation = ",".join(text(places) for places in parts[1 : 2 * pairs : 2])
    return equation + (f"->{text(parts[-1])}" if len(parts) % 2 else ""), parts[: 2 * pairs : 2]


def explicit(equation: str, operands):
    """The equation with `...` spelled in letters of its own and an output."""
    left, arrow, output = equation.partition("->")
    inputs = left.split(",")
    for c in "".join(inputs + [output]).replace("...", ""):
        if not (c.isascii() and c.isalpha()):
            raise RuntimeError(
                f"einsum(): invalid subscript {c!r} in '{equation}': dimensions are named by letters, or by '...'"
            )
    if len(inputs) != len(operands):
        raise RuntimeError(
            f"einsum(): '{equation}' names {len(inputs)} operands, but {len(operands)} were given"
        )
    spare = [c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in equation]
    hidden = ""
    for k, (text, x) in enumerate(zip(inputs, operands)):
        named = len(text.replace("...", ""))
        if "..." in text:
            dots = "".join(reversed(spare[: x.ndim - named]))
            inputs[k] = text.replace("...", dots)
            hidden = max(hidden, dots, key=len)
        elif named != x.ndim:
            raise RuntimeError(
                f"einsum(): '{text}' names {named} dimensions, but operand {k} has shape {list(x.shape)}"
            )
    if arrow:
        output = output.replace("...", hidden)
    else:
        everything = "".join(inputs)
        output = hidden + "".join(
            sorted(c for c in set(everything) if everything.count(c) == 1 and c not in hidden)
        )
    for c in output:
        if output.count(c) > 1 or not any(c in text for text in inputs):
            raise RuntimeError(
                f"einsum(): output subscript {c} appears twice in the output, or in no operand: '{equation}'"
            )
    return inputs, output, list(operands)


def merge_repeats(x, letters: str):
    """`ii` becomes `i` on the diagonal."""
    for c in letters:
        while letters.count(c) > 1:
            i = letters.index(c)
            j = letters.index(c, i + 1)
            if x.array.shape[i] != x.array.shape[j]:
                raise RuntimeError(
                    f"einsum(): subscript {c} is repeated in '{letters}' but the sizes don't match, {x.array.shape[j]} !="
                    f" {x.array.shape[i]}: {list(x.array.shape)}"
                )
            x = diagonal(x, offset=0, dim1=i, dim2=j)
            letters = letters[:i] + letters[i + 1 : j] + letters[j + 1 :] + c
    return x, letters


def single(x, letters: str, output: str):
    """One operand: sum out what is not named, put the rest in order."""
    x, letters = sum_out(x, letters, keep=output, dtype=None)
    return permute_op(x, dims=tuple(letters.index(c) for c in output))


def pair_product(x, a: str, y, b: str, output: str):
    """Two operands as one batched matrix product: far faster than einsum's own loops."""
    x, a = sum_out(x, a, keep=b + output)
    y, b = sum_out(y, b, keep=a + output)
    size = {**dict(zip(b, y.array.shape)), **{c: s for c, s in zip(a, x.array.shape) if s != 1 or c not in b}}
    for c in a:
        if c in b and {x.array.shape[a.index(c)], y.array.shape[b.index(c)]} - {1, size[c]}:
            raise RuntimeError(
                f"einsum(): operands do not broadcast: '{c}' is {x.array.shape[a.index(c)]} in one and {y.array.shape[b.index(c)]} in the other"
            )
    batch = [c for c in a if c in b and c in output]
    inner = [c for c in a if c in b and c not in output]
    rows, columns = [c for c in a if c not in b], [c for c in b if c not in a]
    x = arrange(x, a, [batch, rows, inner], size)
    y = arrange(y, b, [batch, inner, columns], size)
    out = reshape_op(matmul_op(x, y), shape=tuple(size[c] for c in batch + rows + columns))
    order = batch + rows + columns
    return permute_op(out, dims=tuple(order.index(c) for c in output))


def sum_out(x, letters: str, keep: str, dtype="same"):
    gone = tuple(i for i, c in enumerate(letters) if c not in keep)
    return (
        (
            sum(x, dim=gone, dtype=x.dtype if dtype == "same" else dtype),
            "".join(c for c in letters if c in keep),
        )
        if gone
        else (x, letters)
    )


def arrange(x, letters: str, groups, size):
    """x with its letters in the order of the groups, each group merged into one dim."""
    order = [c for group in groups for c in group]
    if "".join(order) != letters:
        x = permute_op(x, dims=tuple(letters.index(c) for c in order))
    full = tuple(size[c] for c in order)
    if x.array.shape != full:
        x = expand_op(x, shape=full)
    return reshape_op(x, shape=tuple(math.prod(size[c] for c in group) for group in groups))
