"""The same numbers in another shape: views where memory allows it, copies where it does not."""

from __future__ import annotations

import builtins

import numpy as np

from .. import dtypes
from ..op import op, spelled


def axes(x, dim):
    """NumPy's axis for PyTorch's dim: a list becomes a tuple, an empty one means all; a scalar has a dim 0 too."""
    if dim is None or type(dim) is int and x.ndim:
        return dim
    dims = tuple(dim) if isinstance(dim, (list, tuple)) else (dim,)
    if x.ndim:
        return dims or None
    for d in dims:
        normal_dim(d, 0)
    return None


def counted(x, dtype):
    """The dtype that sums and products of x have: integers of all sizes add up in int64."""
    if dtype is not None:
        return dtypes.to_numpy(dtype)
    return np.int64 if x.dtype.kind in "biu" else None


def normal_dim(dim: int, ndim: int) -> int:
    """A dim counted from the front; out of range is PyTorch's IndexError."""
    bound = builtins.max(ndim, 1)
    if not -bound <= dim < bound:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {dim})")
    return dim % bound


def sizes(shape) -> tuple[int, ...]:
    """Sizes given as one sequence or one by one; 0-dim tensors count as integers."""
    if len(shape) == 1 and isinstance(shape[0], (list, tuple)):
        shape = shape[0]
    return tuple([s if type(s) is int else s.__index__() for s in shape])


def moved(array, dim: int):
    """The array with axis dim in front."""
    return np.moveaxis(array, dim, 0)


# ---------------------------------------------------------------- views


@op(view=True)
def reshape_op(x, *, shape):
    """The same elements in row-major order under another shape."""
    return x.reshape(complete(shape, x.shape, x.size))


@op(view=True)
def view_op(x, *, shape):
    """`reshape` that refuses to copy."""
    shape = complete(shape, x.shape, x.size)
    out = x.reshape(shape)
    if out.size and not np.may_share_memory(out, x):
        raise RuntimeError(
            f"view: size {list(shape)} is not compatible with the strides {x.strides} of a tensor of size"
            f" {list(x.shape)}: its memory would have to be copied. Use .reshape(...) instead"
        )
    return out


def complete(shape, old, size: int):
    """The shape with its -1 worked out, or an error that says why it cannot be."""
    free = shape.count(-1)
    known = 1
    for s in shape:
        if s != -1:
            known *= s
    if free > 1 or builtins.any(s < -1 for s in shape):
        raise RuntimeError(f"shape {list(shape)}: only one size may be -1, and none less")
    if free and known == 0:
        raise RuntimeError(f"cannot reshape {list(old)} into {list(shape)}: -1 could be any size beside a 0")
    if size != known if not free else size % known:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size} (its shape is {list(old)})")
    return shape if not free else tuple(size // known if s == -1 else s for s in shape)


def reshape(input, *shape, **named):
    """The same elements under another shape; a view where the memory allows it, else a copy."""
    return reshape_op(input, shape=sizes(shape or (named["shape"],)))


def view(input, *shape):
    """The same memory under another shape (`reshape` copies where this cannot); view(dtype) reads the bits anew."""
    if len(shape) == 1 and isinstance(shape[0], dtypes.dtype):
        return input.wrap(input.array.view(shape[0].np))
    return view_op(input, shape=sizes(shape))


def view_as(input, other):
    """x viewed in the shape of other."""
    return view_op(input, shape=other.array.shape)


def reshape_as(input, other):
    """x reshaped to the shape of other."""
    return reshape_op(input, shape=other.array.shape)


def flatten(input, start_dim=0, end_dim=-1):
    """The dims from start_dim to end_dim merged into one."""
    shape = input.array.shape
    if not shape:
        return reshape_op(input, shape=(1,))
    first, last = normal_dim(start_dim, len(shape)), normal_dim(end_dim, len(shape))
    if first > last:
        raise RuntimeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    merged = 1
    for s in shape[first : last + 1]:
        merged *= s
    return reshape_op(input, shape=(*shape[:first], merged, *shape[last + 1 :]))


def unflatten(input, dim, sizes):
    """One dim split into several."""
    dim = normal_dim(dim, input.ndim)
    shape = input.array.shape
    inner = complete(tuple(sizes), (shape[dim],), shape[dim])
    return reshape_op(input, shape=(*shape[:dim], *inner, *shape[dim + 1 :]))


def ravel(input):
    """All in one dim."""
    return reshape_op(input, shape=(-1,))


@op(view=True)
def transpose_op(x, *, dim0, dim1):
    """Two dims swapped."""
    return np.swapaxes(x, dim0, dim1) if x.ndim else x


def transpose(input, dim0, dim1):
    """Two dims swapped."""
    ndim = input.array.ndim
    return transpose_op(input, dim0=normal_dim(dim0, ndim), dim1=normal_dim(dim1, ndim))


def t(input):
    """The transpose of a matrix; a vector stays as it is."""
    if input.array.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with at most 2 dimensions, but this one has {input.array.ndim}")
    return transpose_op(input, dim0=0, dim1=1) if input.array.ndim == 2 else input


def adjoint(input):
    """The last two dims swapped, and conjugated."""
    from .elementwise import conj

    return conj(transpose_op(input, dim0=-2, dim1=-1))


@op(view=True)
def permute_op(x, *, dims):
    """The dims in another order."""
    return np.transpose(x, dims)


def permute(input, *dims, **named):
    """The dims in another order."""
    order = sizes(dims or (named["dims"],))
    ndim = input.array.ndim
    if sorted(normal_dim(d, ndim) for d in order) != list(range(ndim)):
        raise RuntimeError(f"permute: dims {list(order)} do not name each of the {ndim} dimensions of shape {list(input.shape)} once")
    return permute_op(input, dims=order)


def movedim(input, source, destination):
    """The source dims moved to the destination places, the others in their order."""
    to_list = lambda d: [d] if isinstance(d, int) else list(d)  # noqa: E731
    ndim = input.array.ndim
    source, target = ([normal_dim(d, ndim) for d in to_list(dims)] for dims in (source, destination))
    order = [d for d in range(ndim) if d not in source]
    for place, dim in sorted(zip(target, source)):
        order.insert(place, dim)
    return permute_op(input, dims=tuple(order))


@op(view=True)
def expand_op(x, *, shape):
    """Size-1 dims repeated without copying."""
    if x.ndim == 0 and isinstance(x, (np.ndarray, np.generic)):  # the gradient of every sum: worth a short cut
        return np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
    lead = len(shape) - x.ndim
    target = tuple(old if new == -1 else new for new, old in zip(shape, (None,) * lead + x.shape[builtins.max(-lead, 0) :]))
    if builtins.any(s is None or s < 0 for s in target):
        raise RuntimeError(f"expand: the size -1 in {list(shape)} is not allowed in a leading, non-existing dimension of {list(x.shape)}")
    if lead < 0 or builtins.any(old not in (1, new) for new, old in zip(target[lead:], x.shape)):
        raise RuntimeError(f"expand: shape {list(x.shape)} cannot become {list(shape)}: only sizes of 1 can grow, and new dims come in front")
    out = np.broadcast_to(x, target)
    out.flags.writeable = x.flags.writeable  # NumPy marks it read-only; who writes to a tensor looks at its strides
    return out


def expand(input, *shape, **named):
    """Size-1 dims repeated to the given sizes without copying; -1 leaves a dim as it is."""
    return expand_op(input, shape=sizes(shape or (named["size"],)))


def expand_as(input, other):
    """x expanded to the shape of other."""
    return expand_op(input, shape=other.array.shape)


def broadcast_to(input, size):
    """input expanded to the shape."""
    return expand_op(input, shape=sizes((size,)))


def broadcast_tensors(*tensors):
    """All tensors expanded to their common shape."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tensors[0]
    shape = broadcast_shapes(*(x.array.shape for x in tensors))
    return tuple(expand_op(x, shape=shape) for x in tensors)


def broadcast_shapes(*shapes):
    """The common shape."""
    from ..op import broadcast_rule

    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise RuntimeError(f"broadcast_shapes: {broadcast_rule(shapes)}") from None


@op(view=True)
def unsqueeze_op(x, *, dim):
    """A new dim of size 1."""
    return np.expand_dims(x, dim)


def unsqueeze(input, dim):
    """A new dim of size 1 at place dim."""
    return unsqueeze_op(input, dim=normal_dim(dim, input.array.ndim + 1))


@op(view=True)
def squeeze_op(x, *, dims):
    """Without these dims, all of size 1."""
    return np.squeeze(x, dims)


def squeeze(input, dim=None):
    """Without the dims of size 1 (all, or those named by dim; others stay)."""
    shape = input.array.shape
    named = range(len(shape)) if dim is None else [dim] if isinstance(dim, int) else dim
    dims = tuple(d for d in (normal_dim(d, len(shape)) for d in named) if shape and shape[d] == 1)
    return squeeze_op(input, dims=dims)


@op(view=True)
def diagonal(x, *, offset=0, dim1=0, dim2=1):
    """The diagonal of the planes (dim1, dim2), as the last dim."""
    dim1, dim2 = normal_dim(dim1, x.ndim), normal_dim(dim2, x.ndim)
    out = np.diagonal(x, offset, dim1, dim2)
    out.flags.writeable = x.flags.writeable  # NumPy marks diagonals read-only; as a view they may be written
    return out


diagonal_of = diagonal  # for functions whose parameter is called `diagonal`


@op(view=True)
def unfold_windows(x, *, dimension, size, step):
    """Windows of `size` along a dim, `step` apart, as a new last dim."""
    if size > x.shape[dimension]:
        raise RuntimeError(f"unfold: size {size} is larger than dimension {dimension}, which is {x.shape[dimension]}")
    windows = np.lib.stride_tricks.sliding_window_view(x, size, dimension, writeable=x.flags.writeable)
    return windows[(slice(None),) * (dimension % x.ndim) + (slice(None, None, step),)]


def unfold(input, dimension, size, step):
    """Windows of `size` along a dim, `step` apart, as a new last dim."""
    return unfold_windows(input, dimension=normal_dim(dimension, input.ndim), size=size, step=step)


@op
def fold_windows(g, *, dimension, size, step, shape):
    """The transpose of `unfold_windows`: windows added back where they came from."""
    out = np.zeros(shape, g.dtype)
    lead = (slice(None),) * dimension
    for offset in range(size):  # windows overlap, but the k-th elements of all windows do not
        out[(*lead, slice(offset, offset + step * (g.shape[dimension] - 1) + 1, step))] += g[..., offset]
    return out


@op(view=True)
def contiguous_op(x):
    """x in row-major memory: itself if it already is."""
    return np.ascontiguousarray(x).reshape(x.shape)


def contiguous(input, memory_format=None):
    """x in row-major memory; the same tensor if it already is."""
    return input if input.array.flags.c_contiguous else contiguous_op(input)


# ---------------------------------------------------------------- joining and splitting


@op
def concatenate(*tensors, dim=0):
    """Tensors end to end along dim."""
    shapes = [x.shape for x in tensors]
    dim = normal_dim(dim, len(shapes[0]))
    for shape in shapes[1:]:
        rest, first = (s[:dim] + s[dim + 1 :] for s in (shape, shapes[0]))
        if len(shape) != len(shapes[0]) or rest != first:
            raise RuntimeError(f"cat: sizes must match except in dimension {dim}, got shapes {' and '.join(str(list(s)) for s in (shapes[0], shape))}")
    target = dtypes.result_np(tensors)
    return np.concatenate([x.astype(target, copy=False) for x in tensors], axis=dim)


@spelled
def cat(tensors, dim=0):
    """Tensors end to end along dim."""
    tensors = list(tensors)
    if not tensors:
        raise ValueError("cat: expected a non-empty list of tensors")
    if builtins.any(x.array.ndim == 0 for x in tensors):
        raise RuntimeError("cat: zero-dimensional tensors cannot be concatenated; use stack")
    real = [x for x in tensors if x.array.shape != (0,)] or tensors[:1]  # PyTorch skips empty vectors of any kind
    return concatenate(*real, dim=dim)


@spelled
def stack(tensors, dim=0):
    """Tensors of one shape side by side in a new dim."""
    tensors = list(tensors)
    if not tensors:
        raise RuntimeError("stack: expected a non-empty list of tensors")
    shapes = [x.array.shape for x in tensors]
    if builtins.any(shape != shapes[0] for shape in shapes):
        wrong = next(i for i, shape in enumerate(shapes) if shape != shapes[0])
        raise RuntimeError(
            f"stack: expects each tensor to be equal size, but got {list(shapes[0])} at entry 0 and {list(shapes[wrong])} at entry {wrong}"
        )
    dim = normal_dim(dim, len(shapes[0]) + 1)
    return concatenate(*[unsqueeze_op(x, dim=dim) for x in tensors], dim=dim)


def at_least(x, ndim: int):
    """x with dims of size 1 added as NumPy's atleast_1d, _2d and _3d do."""
    while x.ndim < ndim:
        x = unsqueeze(x, -1 if x.ndim == 2 else 0)
    return x


def several(tensors):
    return list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else None


def atleast_1d(*tensors):
    """Scalars as vectors."""
    return tuple(at_least(x, 1) for x in several(tensors) or tensors) if len(tensors) > 1 or several(tensors) else at_least(tensors[0], 1)


def atleast_2d(*tensors):
    """Vectors as rows."""
    return tuple(at_least(x, 2) for x in several(tensors) or tensors) if len(tensors) > 1 or several(tensors) else at_least(tensors[0], 2)


def atleast_3d(*tensors):
    """Matrices as boxes of depth 1."""
    return tuple(at_least(x, 3) for x in several(tensors) or tensors) if len(tensors) > 1 or several(tensors) else at_least(tensors[0], 3)


def hstack(tensors):
    """Side by side: along dim 1, vectors along dim 0."""
    tensors = [at_least(x, 1) for x in tensors]
    return cat(tensors, dim=0 if tensors[0].ndim == 1 else 1)


def vstack(tensors):
    """One under the other, vectors as rows."""
    return cat([at_least(x, 2) for x in tensors], dim=0)


def dstack(tensors):
    """One behind the other, along dim 2."""
    return cat([at_least(x, 3) for x in tensors], dim=2)


def column_stack(tensors):
    """Side by side, vectors as columns."""
    return cat([reshape(x, (x.numel(), 1)) if x.ndim < 2 else x for x in tensors], dim=1)


def slice_dim(x, dim: int, start: int, stop: int):
    from .indexing import getitem_op

    return getitem_op(x, index=(slice(None),) * dim + (slice(start, stop),))


def split(input, split_size_or_sections, dim=0):
    """Pieces of the given size (the last may be smaller), or of the given sizes."""
    dim = normal_dim(dim, input.array.ndim)
    size = input.array.shape[dim]
    sections = split_size_or_sections
    if isinstance(sections, int):
        if sections <= 0 and size:
            raise RuntimeError(f"split: expected split_size to be positive, got {sections}")
        sections = [builtins.min(sections, size - start) for start in range(0, size, sections or 1)] or [0]
    return split_with_sizes(input, sections, dim)


def split_with_sizes(input, split_sizes, dim=0):
    """Pieces of the given sizes along dim."""
    dim = normal_dim(dim, input.array.ndim)
    if builtins.sum(split_sizes) != input.array.shape[dim]:
        raise RuntimeError(f"split: expects split_sizes to sum to {input.array.shape[dim]} (the size at dimension {dim}), but got {list(split_sizes)}")
    pieces, start = [], 0
    for size in split_sizes:
        pieces.append(slice_dim(input, dim, start, start + size))
        start += size
    return tuple(pieces)


def chunk(input, chunks, dim=0):
    """At most `chunks` pieces of equal size, the last one maybe smaller."""
    if chunks <= 0:
        raise RuntimeError(f"chunk: expects chunks to be greater than 0, got {chunks}")
    size = input.array.shape[normal_dim(dim, input.array.ndim)]
    return split(input, -(-size // chunks) or 1, dim) if size else tuple(input for _ in range(chunks))


def tensor_split(input, indices_or_sections, dim=0):
    """So many pieces, sizes differing by at most one; or pieces between the given indices."""
    dim = normal_dim(dim, input.array.ndim)
    size = input.array.shape[dim]
    if hasattr(indices_or_sections, "tolist"):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        least, extra = divmod(size, indices_or_sections)
        cuts = [least * i + builtins.min(i, extra) for i in range(1, indices_or_sections)]
    else:
        cuts = list(indices_or_sections)
    bounds = [0, *cuts, size]
    return tuple(slice_dim(input, dim, a, builtins.max(a, b)) for a, b in zip(bounds, bounds[1:]))


def hsplit(input, indices_or_sections):
    """tensor_split along dim 1 (0 for vectors)."""
    return tensor_split(input, indices_or_sections, dim=0 if input.ndim == 1 else 1)


def vsplit(input, indices_or_sections):
    """tensor_split along dim 0."""
    return tensor_split(input, indices_or_sections, dim=0)


def unbind(input, dim=0):
    """The slices along dim, each without it."""
    from .indexing import getitem_op

    dim = normal_dim(dim, input.array.ndim)
    lead = (slice(None),) * dim
    return tuple([getitem_op(input, index=(*lead, i)) for i in range(input.array.shape[dim])])


# ---------------------------------------------------------------- repeating and reordering


def repeat(input, *repeats, **named):
    """The tensor repeated that many times along each dim."""
    counts = sizes(repeats or (named["repeats"],))
    lead = len(counts) - input.array.ndim
    if lead < 0:
        raise RuntimeError(f"repeat: {len(counts)} counts for {input.array.ndim} dimensions; there must be one for each, new dims in front")
    shape = (1,) * lead + input.array.shape
    spread = expand_op(
        reshape_op(input, shape=tuple(n for s in shape for n in (1, s))),
        shape=tuple(n for c, s in zip(counts, shape) for n in (c, s)),
    )
    return reshape_op(spread, shape=tuple(c * s for c, s in zip(counts, shape)))


def tile(input, *dims, **named):
    """`repeat` that takes fewer counts than there are dims."""
    counts = sizes(dims or (named["dims"],))
    return repeat(input, (1,) * (input.array.ndim - len(counts)) + counts)


def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    """Each element along dim repeated, next to itself; repeats is a number or one per element."""
    from .indexing import index_select

    if repeats is None:
        return input.wrap(np.repeat(np.arange(input.array.size), input.array))
    if dim is None:
        input, dim = flatten(input), 0
    dim = normal_dim(dim, input.array.ndim)
    counts = repeats.array if hasattr(repeats, "array") else np.asarray(repeats)
    if counts.size not in (1, input.array.shape[dim]):
        raise RuntimeError(f"repeats must have the same size as input along dim, but got repeats.size(0) = {counts.size} and input.size({dim}) = {input.array.shape[dim]}")
    places = np.repeat(np.arange(input.array.shape[dim]), counts)
    return index_select(input, dim, input.wrap(places))


@op
def flip_op(x, *, dims):
    """The order along these dims reversed (in new memory, as PyTorch's)."""
    return np.flip(x, dims).copy()


def flip(input, *dims, **named):
    """The order along these dims reversed."""
    ndim = input.array.ndim
    return flip_op(input, dims=tuple(normal_dim(d, ndim) for d in sizes(dims or (named["dims"],))))


def fliplr(input):
    """Columns reversed."""
    return flip(input, 1)


def flipud(input):
    """Rows reversed."""
    return flip(input, 0)


@op
def roll(x, *, shifts, dims=None):
    """Elements moved along, those that fall off the end coming back in front."""
    count = [len(v) if isinstance(v, (list, tuple)) else 1 for v in (shifts, dims)]
    if dims is not None and count[0] != count[1]:
        raise ValueError(f"shifts and dimensions must align. shifts: {count[0]}, dims:{count[1]}")
    return np.roll(x, shifts, tuple(dims) if isinstance(dims, (list, tuple)) else dims)


def rot90(input, k=1, dims=(0, 1)):
    """A quarter turn in the plane of dims, k times, from the first dim towards the second."""
    if input.ndim < 2:
        raise RuntimeError(f"rot90: expected total dims >= 2, but got total dims = {input.ndim}")
    a, b = dims
    turns = {0: lambda input: input.clone(), 1: lambda input: flip(transpose(input, a, b), a), 2: lambda input: flip(input, a, b), 3: lambda input: flip(transpose(input, a, b), b)}
    return turns[k % 4](input)


# ---------------------------------------------------------------- triangles and diagonals


def need_matrix(name: str, x) -> None:
    if x.ndim < 2:
        raise ValueError(f"{name}: input tensor must have at least 2 dimensions, got shape {list(x.shape)}")


@op
def tril(x, *, diagonal=0):
    """The lower triangle, zeros above."""
    need_matrix("tril", x)
    return np.tril(x, diagonal)


@op
def triu(x, *, diagonal=0):
    """The upper triangle, zeros below."""
    need_matrix("triu", x)
    return np.triu(x, diagonal)


@op
def diag_embed(x, *, offset=0, dim1=-2, dim2=-1):
    """The last dim laid on the diagonal of new planes of zeros."""
    n = x.shape[-1] + builtins.abs(offset)
    out = np.zeros((*x.shape[:-1], n, n), x.dtype)
    rows = np.arange(x.shape[-1]) + builtins.max(-offset, 0)
    out[..., rows, rows + offset] = x
    return np.moveaxis(out, (-2, -1), (dim1, dim2))


def diag(input, diagonal=0):
    """A vector as a diagonal matrix, or a matrix's diagonal."""
    if input.array.ndim == 1:
        return diag_embed(input, offset=diagonal)
    if input.array.ndim != 2:
        raise RuntimeError(f"diag(): supports 1D or 2D tensors, got {input.array.ndim}D")
    return diagonal_of(input, offset=diagonal).clone()


def diagflat(input, offset=0):
    """The flattened tensor as a diagonal matrix."""
    return diag_embed(flatten(input), offset=offset)


def meshgrid(*tensors, indexing="ij"):
    """Grids of coordinates from vectors."""
    vectors = [atleast_1d(x) for x in (several(tensors) or tensors)]
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f"meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}")
    if indexing == "xy" and len(vectors) > 1:
        vectors[:2] = vectors[1::-1]
    shape = tuple(x.array.shape[0] for x in vectors)
    grids = [expand_op(reshape_op(x, shape=tuple(-1 if d == i else 1 for d in range(len(vectors)))), shape=shape) for i, x in enumerate(vectors)]
    if indexing == "xy" and len(vectors) > 1:
        grids[:2] = grids[1::-1]
    return tuple(grids)


def cartesian_prod(*tensors):
    """All combinations of the vectors' elements, one a row."""
    return stack([flatten(g) for g in meshgrid(*tensors)], dim=-1) if len(tensors) > 1 else tensors[0]


def block_diag(*tensors):
    """Matrices along the diagonal of one of zeros."""
    blocks = [at_least(x, 2) for x in tensors]
    width = builtins.sum(x.shape[1] for x in blocks)
    rows, start = [], 0
    for x in blocks:
        h, w = x.array.shape
        left, right = x.wrap(np.zeros((h, start), x.array.dtype)), x.wrap(np.zeros((h, width - start - w), x.array.dtype))
        rows.append(cat([left, x, right], dim=1))
        start += w
    return cat(rows, dim=0)
