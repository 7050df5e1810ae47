"""The same numbers in another shape: views where memory allows it, copies where it does not."""

from __future__ import annotations

import builtins
from operator import index

import numpy as np

from .. import dtypes
from ..backend import chosen_order, in_order, module_of
from ..op import asked, broadcast_rule, op, spelled


def axes(x, dim):
    """NumPy's axis for PyTorch's dim: a list becomes a tuple, an empty one means all; a scalar has a dim 0 too."""
    if dim is None or (type(dim) is int and x.ndim):
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
        raise IndexError(
            f"{asked()}: Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {dim})"
        )
    return dim % bound


def sizes(shape) -> tuple[int, ...]:
    """Sizes given as one sequence or one by one; 0-dim tensors count as integers."""
    if len(shape) == 1 and isinstance(shape[0], (list, tuple)):
        shape = shape[0]
    try:
        return tuple([s if type(s) is int else index(s) for s in shape])
    except TypeError as error:
        raise TypeError(f"{asked()}: sizes must be integers, got {shape!r}: {error}") from None


def shape_of(size, named) -> tuple[int, ...]:
    """The shape of something new: sizes, or the one that `size=` names. Other words are mistakes."""
    if not size and "size" in named:
        size = (named.pop("size"),)
        if isinstance(size[0], int):
            raise TypeError(f"{asked()}(): argument 'size' must be tuple of ints, not int")
    if named:
        raise TypeError(f"{asked()}() got an unexpected keyword argument {min(named)!r}")
    shape = sizes(size)
    if any(s < 0 for s in shape):
        raise RuntimeError(f"{asked()}: Dimension size must be non-negative, got shape {list(shape)}")
    return shape


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
    if out.size and not np.may_share_memory(out, x) and not chosen_order(x):
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
        raise RuntimeError(f"{asked()}: shape {list(shape)}: only one size may be -1, and none less")
    if free and known == 0:
        raise RuntimeError(
            f"{asked()}: cannot reshape {list(old)} into {list(shape)}: -1 could be any size beside a 0"
        )
    if size != known if not free else size % known:
        raise RuntimeError(
            f"{asked()}: shape '{list(shape)}' is invalid for input of size {size}: its shape is {list(old)}"
        )
    return shape if not free else tuple(size // known if s == -1 else s for s in shape)


def reshape(input, *shape, **named):
    """The same elements under another shape; a view where the memory allows it, else a copy."""
    return reshape_op(input, shape=sizes(shape or given(named, "shape")))


def given(named: dict, name: str) -> tuple:
    """The sizes that were given by this name instead of one by one."""
    if name not in named:
        raise TypeError(f"{asked()}() missing required argument: '{name}'")
    return (named[name],)


def view(input, *shape):
    """The same memory under another shape (`reshape` copies where this cannot); view(dtype) reads the bits anew."""
    settle_own(input)
    if len(shape) == 1 and isinstance(shape[0], dtypes.dtype):
        return input.wrap(input.array.view(shape[0].np))
    return view_op(input, shape=sizes(shape))


def view_as(input, other):
    """x viewed in the shape of other."""
    settle_own(input)
    return view_op(input, shape=other.array.shape)


def settle(x):
    """Put x's elements into row-major order where a kernel chose another, since someone is about to look at its memory."""
    if x.array.ndim == 4 and x._counter is None:  # nobody has a view of it yet
        x.array = in_order(x.array)
    return x


def settle_own(x):
    """`settle` for what was computed in any other order: NumPy's results often keep the order of what they came from."""
    if x._counter is None and not x.array.flags.c_contiguous:  # what a user laid out is a view, or counted
        x.array = x.array.copy("C")


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


@spelled
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
        raise RuntimeError(
            f"t() expects a tensor with at most 2 dimensions, but this one has {input.array.ndim}: {list(input.shape)}; use transpose or .mT"
        )
    return transpose_op(input, dim0=0, dim1=1) if input.array.ndim == 2 else input


@op(view=True)
def permute_op(x, *, dims):
    """The dims in another order."""
    return np.transpose(x, dims)


def permute(input, *dims, **named):
    """The dims in another order."""
    order = sizes(dims or given(named, "dims"))
    ndim = input.array.ndim
    if len(order) != ndim or sorted(normal_dim(d, ndim) for d in order) != list(range(ndim)):
        raise RuntimeError(
            f"permute: dims {list(order)} do not name each of the {ndim} dimensions of shape {list(input.shape)} once"
        )
    return permute_op(input, dims=order)


def movedim(input, source, destination):
    """The source dims moved to the destination places, the others in their order."""
    to_list = lambda d: [d] if isinstance(d, int) else list(d)
    ndim = input.array.ndim
    source, target = ([normal_dim(d, ndim) for d in to_list(dims)] for dims in (source, destination))
    if len(source) != len(target):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: {len(source)} sources, {len(target)} destinations"
        )
    for name, dims in (("source", source), ("destination", target)):
        if len(set(dims)) < len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({dims})")
    order = [d for d in range(ndim) if d not in source]
    for place, dim in sorted(zip(target, source)):
        order.insert(place, dim)
    return permute_op(input, dims=tuple(order))


@op(view=True)
def expand_op(x, *, shape):
    """Size-1 dims repeated without copying."""
    if x.ndim == 0 and isinstance(
        x, (np.ndarray, np.generic)
    ):  # the gradient of every sum: worth a short cut
        return np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
    lead = len(shape) - x.ndim
    target = tuple(
        old if new == -1 else new
        for new, old in zip(shape, (None,) * lead + x.shape[builtins.max(-lead, 0) :])
    )
    if builtins.any(s is None or s < 0 for s in target):
        raise RuntimeError(
            f"{asked()}: the size -1 in {list(shape)} is not allowed in a leading, non-existing dimension of {list(x.shape)}"
        )
    if lead < 0 or builtins.any(old not in (1, new) for new, old in zip(target[lead:], x.shape)):
        raise RuntimeError(
            f"{asked()}: shape {list(x.shape)} cannot become {list(shape)}: only sizes of 1 can grow, and new dims come in front"
        )
    return writable_as(x, np.broadcast_to(x, target))  # who writes to a tensor looks at its strides


def writable_as(x, view):
    """NumPy marks some views of x read-only: as tensors they may be written to when x may."""
    if isinstance(view, np.ndarray):
        view.flags.writeable = x.flags.writeable
    return view


def expand(input, *shape, **named):
    """Size-1 dims repeated to the given sizes without copying; -1 leaves a dim as it is."""
    return expand_op(input, shape=sizes(shape or given(named, "size")))


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
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise RuntimeError(f"{asked()}: {broadcast_rule(shapes)}") from None


@op(view=True)
def unsqueeze_op(x, *, dim):
    """A new dim of size 1."""
    return np.expand_dims(x, dim)


@spelled
def unsqueeze(input, dim):
    """A new dim of size 1 at place dim."""
    return unsqueeze_op(input, dim=normal_dim(dim, input.array.ndim + 1))


@op(view=True)
def squeeze_op(x, *, dims):
    """Without these dims, all of size 1."""
    return np.squeeze(x, dims)


@spelled
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
    return writable_as(x, np.diagonal(x, offset, dim1, dim2))


diagonal_of = diagonal  # for functions whose parameter is called `diagonal`


@op(view=True)
def unfold_windows(x, *, dimension, size, step):
    """Windows of `size` along a dim, `step` apart, as a new last dim."""
    if step <= 0:
        raise RuntimeError(f"unfold: step is {step} but must be > 0")
    if size > x.shape[dimension]:
        raise RuntimeError(
            f"unfold: size {size} is larger than dimension {dimension}, which is {x.shape[dimension]}"
        )
    shape, steps, dimension = list(x.shape), list(x.strides), dimension % x.ndim
    shape[dimension] = (shape[dimension] - size) // step + 1
    steps[dimension] *= step
    seen = (*shape, size), (*steps, x.strides[dimension])
    return module_of(x).lib.stride_tricks.as_strided(x, *seen)


def unfold(input, dimension, size, step):
    """Windows of `size` along a dim, `step` apart, as a new last dim."""
    if not input.ndim:
        input = reshape_op(input, shape=(1,))
        return reshape_op(
            unfold_windows(input, dimension=normal_dim(dimension, 0), size=size, step=step), shape=(size,)
        )
    return unfold_windows(input, dimension=normal_dim(dimension, input.ndim), size=size, step=step)


@op
def fold_windows(g, *, dimension, size, step, shape):
    """The transpose of `unfold_windows`: windows added back where they came from."""
    out = module_of(g).zeros(shape, g.dtype)
    lead = (slice(None),) * dimension
    for offset in range(size):  # windows overlap, but the k-th elements of all windows do not
        out[(*lead, slice(offset, offset + step * (g.shape[dimension] - 1) + 1, step))] += g[..., offset]
    return out


@op(view=True)
def as_strided_op(x, *, size, stride, offset):
    """Elements of contiguous memory at offset + i * stride[0] + j * stride[1] + ..."""
    last = offset + builtins.sum((n - 1) * s for n, s in zip(size, stride))
    if 0 not in size and last >= x.size:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset} are out of bounds for {x.size} elements"
        )
    if not x.flags.c_contiguous:
        raise NotImplementedError(
            f"as_strided: only for contiguous memory, this one has the strides {x.strides}; call .contiguous() first"
        )
    steps = tuple(s * x.itemsize for s in stride)
    return module_of(x).lib.stride_tricks.as_strided(x.reshape(-1)[offset:], size, steps)


def as_strided(input, size, stride, storage_offset=None):
    """The memory seen through other strides (in elements); places may overlap."""
    strides = settle(input).array.strides
    if list(strides) != sorted(
        strides, reverse=True
    ):  # transposed: its memory is in the order of falling strides
        input = input.permute(*sorted(range(input.ndim), key=lambda dim: -strides[dim]))
    return as_strided_op(settle(input), size=tuple(size), stride=tuple(stride), offset=storage_offset or 0)


@op
def overlap_add(g, *, shape, stride, offset):
    """The transpose of `as_strided_op`: each element added back to its place."""
    out = module_of(g).zeros(shape, g.dtype)
    places = offset + builtins.sum(
        (grid * s for grid, s in zip(np.ogrid[tuple(slice(n) for n in g.shape)], stride)),
        np.zeros((), np.int64),
    )
    np.add.at(out.reshape(-1), module_of(g).asarray(np.broadcast_to(places, g.shape)), g)
    return out


@op(view=True)
def contiguous_op(x):
    """x in row-major memory: itself if it already is."""
    return module_of(x).ascontiguousarray(x).reshape(x.shape)


def contiguous(input, memory_format=None):
    """x in row-major memory; the same tensor if it already is."""
    return input if settle(input).array.flags.c_contiguous else contiguous_op(input)
