"""torch._higher_order_ops.associative_scan: all partial results of an associative function, in a number of steps that grows with the logarithm."""

from __future__ import annotations

from ...ops import cat, flip, narrow
from ...utils._pytree import tree_flatten, tree_map, tree_unflatten


def associative_scan(combine_fn, xs, dim: int, reverse: bool = False, combine_mode: str = "pointwise"):
    """out[i] = combine_fn(... combine_fn(combine_fn(xs[0], xs[1]), xs[2]) ..., xs[i]) along dim; `xs` may be a nest of tensors.

    In each step the reach of every place doubles: it is combined with the one just as far before it as it has seen.
    """
    if reverse:
        turned = associative_scan(combine_fn, tree_map(lambda x: flip(x, (dim,)), xs), dim)
        return tree_map(lambda x: flip(x, (dim,)), turned)
    leaves, nest = tree_flatten(xs)
    lengths = {leaf.shape[dim] for leaf in leaves}
    if len(lengths) != 1:
        raise ValueError(
            f"associative_scan: the tensors of xs need one length along dim {dim}, these have {sorted(lengths)}"
        )
    length, reach = lengths.pop(), 1
    while reach < length:
        before = [narrow(leaf, dim, 0, length - reach) for leaf in leaves]
        after = [narrow(leaf, dim, reach, length - reach) for leaf in leaves]
        both, _ = tree_flatten(combine_fn(tree_unflatten(before, nest), tree_unflatten(after, nest)))
        leaves = [cat([narrow(leaf, dim, 0, reach), more], dim) for leaf, more in zip(leaves, both)]
        reach *= 2
    return tree_unflatten(leaves, nest)
