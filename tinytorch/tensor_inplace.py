"""Writing into a tensor's memory: the in-place methods, `x[index] = value`, and what they must not do to the graph."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

import numpy as np

from . import backend, dtypes, ops, random
from .op import Op, Value, asked, counted, local, op
from .ops.arithmetic import LARGE, sum_into

if TYPE_CHECKING:
    from .tensor import Tensor


@op(grad=False)
def add_into(x, y):
    """x + y in the memory of x."""
    if x.size >= LARGE and type(y) is np.ndarray and x.shape == y.shape:
        return sum_into(x, y)
    return np.add(x, y, out=x)


@op(grad=False)
def sub_into(x, y):
    """x - y in the memory of x."""
    return np.subtract(x, y, out=x)


@op(grad=False)
def mul_into(x, y):
    """x * y in the memory of x."""
    return np.multiply(x, y, out=x)


@op(grad=False)
def div_into(x, y):
    """x / y in the memory of x."""
    return np.true_divide(x, y, out=x)


# What needs no memory of its own where nothing is recorded: 64 MB plus as many took a third of the time.
INTO = {
    ops.add: add_into,
    ops.add_op: add_into,
    ops.sub: sub_into,
    ops.sub_op: sub_into,
    ops.mul: mul_into,
    ops.div: div_into,
    ops.divide: div_into,
}


def inplace(function):
    """`add` as `add_`: the result overwrites the first operand, which takes over its history."""
    into = INTO.get(function)

    def overwrite(self, *args, **kwargs):
        if into and len(args) == 1 and not kwargs and self._takes(args[0]):
            with np.errstate(
                all="ignore"
            ):  # where warnings are errors, one would come after the result was written
                into(self, args[0])
            self._wrote()
            return self
        if local.grad and self.requires_grad:
            self._refuse_leaf()
            if not isinstance(function, Op) and function not in (
                ops.add,
                ops.sub,
            ):  # several ops, and any may need the old values later
                return self._become(function(self._before_write(), *args, **kwargs))
        new = function(self, *args, **kwargs)
        node = new.node
        if node is not None:
            node.keep_copy_of(self)
        self._become(new)
        if node is not None:
            node.keep_result_in(self)
        return self

    overwrite.__name__ = function.__name__.removesuffix("_op") + "_"
    overwrite.__code__ = overwrite.__code__.replace(co_name=overwrite.__name__)  # for tracebacks, and `asked`
    overwrite.__doc__ = f"In-place `{function.__name__}`."
    return overwrite


class Writing(Value):
    """The methods of Tensor that overwrite its memory."""

    __slots__ = ()

    def _become(self, new: Tensor):
        """Overwrite this tensor's memory with the values of `new` and take over its history."""
        if local.grad:
            self._refuse_leaf()
        if new.array.shape != self.array.shape:
            raise RuntimeError(
                f"{asked()}: output with shape {list(self.shape)} doesn't match the broadcast shape {list(new.shape)}"
            )
        if not castable(new.array.dtype, self.array.dtype):
            raise RuntimeError(
                f"{asked()}: result type {new.dtype!r} can't be cast to the desired output type {self.dtype!r}"
            )
        if new.array.dtype != self.array.dtype and new._requires_grad:
            new = ops.cast(new, dtype=self.array.dtype)
        if local.grad and self._requires_grad and not new._requires_grad:
            new = ops.put(
                self, new, index=...
            )  # constants from here on, but still part of the graph, with gradient 0
        self._refuse_shared_places()
        narrow = self.array.dtype is dtypes.BFLOAT16 and new.array.dtype is not dtypes.BFLOAT16
        self.array[...] = dtypes.to_bfloat16(new.array) if narrow else new.array
        self._wrote()
        history = new.node or self.node or (self._base is not None and self._base.node)
        if local.grad and history:
            history.adopt(self, new)
        return self

    def _takes(self, other) -> bool:
        """Whether the result of an operation with `other` has this tensor's shape and dtype for sure, and no history is to be kept."""
        array = self.array
        if (
            type(array) is not np.ndarray
            or array.dtype.type not in (np.float32, np.float64)
            or array.dtype is dtypes.BFLOAT16  # whose results are rounded elsewhere
            or not (array.flags.c_contiguous or array.base is None)  # no two indices of one place
            or not array.flags.writeable
            or (local.grad and (self._requires_grad or self.node is not None or self._base is not None))
        ):
            return False
        if not isinstance(other, Value):
            return type(other) in (builtins.int, builtins.float)
        theirs = other.array
        return (
            type(theirs) is np.ndarray
            and theirs.dtype is array.dtype
            and (theirs.shape == array.shape or not theirs.ndim)
            and not (local.grad and other._requires_grad)
        )

    def _before_write(self) -> Tensor:
        """A copy that stands for this tensor as it was."""
        before = self.wrap(self.array.copy())
        before.node, before._requires_grad = self.grad_fn, self._requires_grad
        return before

    def _refuse_leaf(self) -> None:
        if self._requires_grad and self.node is None:
            raise RuntimeError(
                f"{asked()}: a leaf Variable that requires grad is being used in an in-place operation; wrap it in torch.no_grad()"
            )
        if self._base is not None and self._base._requires_grad and self._base.node is None:
            raise RuntimeError(
                f"{asked()}: a view of a leaf Variable that requires grad is being used in an in-place operation"
            )

    def _refuse_shared_places(self) -> None:
        array = self.array
        if not backend.writable(array) or (
            0 in array.strides
            and array.size
            and any(s == 0 and n > 1 for s, n in zip(array.strides, array.shape))
        ):
            raise RuntimeError(
                f"{asked()}: unsupported operation: more than one element of the written-to tensor refers to a single memory location. Please"
                " clone() the tensor before performing the operation"
            )

    def _wrote(self) -> None:
        """Count a write to the memory, so that backward notices if it needed the old values."""
        counter = self._counter or counted(self)
        counter.count()
        if self._base is not None:
            self._seen = counter.writes

    def _fill_with(self, result) -> Tensor:
        """What `out=` does: this tensor gets the result's shape and values."""
        if local.grad and (self._requires_grad or result._requires_grad):
            raise RuntimeError(
                "functions with out=... arguments don't support automatic differentiation, but one of the arguments requires grad"
            )
        if self.array.shape != result.array.shape:
            self.array = backend.module_of(result.array).empty(result.array.shape, self.array.dtype)
        return self._become(result)

    def __setitem__(self, index, value) -> None:
        index = ops.plain_index(self, index)
        ops.check_bounds(self.array.shape, index)
        steps = ops.two_steps(index) if type(index) is tuple else None
        if steps:
            ops.getitem(self, steps[0])[steps[1]] = value
            return
        if not isinstance(value, Value):
            value = self._as_value(value)
        elif dtypes.differ(value.array.dtype, self.array.dtype):
            value = value.to(self.dtype)
        if local.grad and (self.requires_grad or (isinstance(value, Value) and value.requires_grad)):
            self._refuse_leaf()
            self._become(ops.put(self, fitting(value, self.array, index), index=index))
            return
        if not backend.writable(self.array):
            self._refuse_shared_places()
        try:
            self.array[index] = fitting_array(
                value.array if isinstance(value, Value) else value, self.array, index
            )
        except ValueError as error:
            raise RuntimeError(f"setitem: shape mismatch: {error}") from None
        except IndexError as error:
            raise IndexError(f"setitem: {error}; the tensor has shape {list(self.shape)}") from None
        self._wrote()

    def _as_value(self, value):
        """A number or an array, as it can be written here."""
        if isinstance(value, (bool, int, float, complex, np.generic)):
            element = dtypes.element(value, self.array.dtype)
            return dtypes.to_bfloat16(element) if self.array.dtype is dtypes.BFLOAT16 else element
        if isinstance(value, np.ndarray) and not value.ndim:
            return value.astype(self.array.dtype)
        raise TypeError(
            f"setitem: can't assign a {type(value).__name__} to a {self.type()}; make it a tensor first"
        )

    def copy_(self, src, non_blocking: bool = False) -> Tensor:
        """Overwrite with src, broadcast and converted."""
        if not isinstance(src, Value):
            raise TypeError(f"copy_(): argument 'other' must be Tensor, not {type(src).__name__}")
        moved = src.to(self)
        if local.grad and self.requires_grad:
            self._refuse_leaf()
            return self._become(ops.put(self, moved, index=...))
        return self._become(
            moved if moved.array.shape == self.array.shape else ops.expand(moved, self.array.shape)
        )

    def fill_(self, value):
        """Every element becomes value."""
        if isinstance(value, Value):
            if value.array.ndim:
                raise RuntimeError(
                    f"fill_ only supports 0-dimension value tensor but got tensor with {value.array.ndim} dimensions"
                )
            return self.copy_(value)
        one = dtypes.element(value, self.array.dtype)
        if local.grad and self.requires_grad:
            return self._become(
                self.wrap(backend.module_of(self.array).full(self.array.shape, one, self.array.dtype))
            )
        self.array.fill(one)
        self._wrote()
        return self

    def zero_(self) -> Tensor:
        """Every element becomes 0."""
        return self.fill_(0)

    def fill_diagonal_(self, fill_value, wrap: bool = False) -> Tensor:
        """value on the main diagonal; with wrap, a tall matrix gets one every `columns + 1` rows."""
        shape = self.array.shape
        if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
            raise RuntimeError(
                f"fill_diagonal_: expected at least 2 dimensions, all of one size if there are more, got shape {list(shape)}"
            )
        new = self.array.copy()
        np.fill_diagonal(new, fill_value, wrap)
        return self._become(self.wrap(new))

    def set_(self, source):
        """Use source's memory from now on."""
        self.array = source.array
        return self

    def resize_(self, *shape, memory_format=None):
        """Another shape: the same memory, or new one if that has too few elements."""
        if self._requires_grad:
            raise RuntimeError("cannot resize variables that require grad")
        shape = ops.sizes(shape)
        if any(size < 0 for size in shape):
            raise RuntimeError(f"resize_: sizes must not be negative, got {list(shape)}")
        flat, wanted = self.array.reshape(-1), int(np.prod(shape))
        if wanted > flat.size:
            flat = np.concatenate([flat, np.zeros(wanted - flat.size, flat.dtype)])
        self.array = flat[:wanted].reshape(shape)
        return self

    def resize_as_(self, other) -> Tensor:
        """Another tensor's shape."""
        return self.resize_(other.array.shape)

    def index_put_(self, indices, values, accumulate: bool = False) -> Tensor:
        """values written (or added) at the positions that the index tensors name."""
        return self._become(ops.index_put(self._before_write(), indices, values, accumulate))

    def map_(self, other, function) -> Tensor:
        """Each element replaced by function(element, other's element)."""
        return self._become(
            self.wrap(np.vectorize(function)(self.array, other.array).astype(self.array.dtype))
        )

    def apply_(self, function) -> Tensor:
        """Each element replaced by function(element)."""
        return self._become(self.wrap(np.vectorize(function, otypes=[self.array.dtype])(self.array)))

    # ------------------------------------------------------------ random numbers

    def _need_floats(self) -> None:
        if self.array.dtype.kind not in "fc":
            raise NotImplementedError(
                f"{asked()}: not implemented for {self.dtype!r}: what it draws are floats"
            )

    def _draw(self, array) -> Tensor:
        return self._become(self.wrap(backend.move(array, self.device)))

    def normal_(self, mean=0, std=1, *, generator=None) -> Tensor:
        self._need_floats()
        if std < 0:
            raise RuntimeError(f"normal_ expects std >= 0.0, but found std {std}")
        return self._draw(
            random.normal(self.array.shape, self.array.dtype, generator, mean, std, self.device)
        )

    def uniform_(self, from_=0, to=1, *, generator=None, **named) -> Tensor:
        low, high = named.get("a", named.get("from", from_)), named.get("b", to)
        self._need_floats()
        if low > high:
            raise RuntimeError(
                f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}"
            )
        return self._draw(
            random.uniform(self.array.shape, self.array.dtype, generator, low, high, self.device)
        )

    def bernoulli_(self, p=0.5, *, generator=None) -> Tensor:
        p = p.array if isinstance(p, Value) else p
        if np.any(np.less(p, 0)) or np.any(np.greater(p, 1)):
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
        return self._draw(random.bernoulli(p, self.array.shape, self.array.dtype, generator))

    def random_(self, from_=0, to=None, *, generator=None) -> Tensor:
        low, high = (0, from_) if to is None and from_ else (from_, to)
        if high is None:
            high = {"f": 2**24, "b": 2}.get(self.array.dtype.kind) or np.iinfo(self.array.dtype).max
        return self._draw(random.integers(low, high, self.array.shape, self.array.dtype, generator))

    def exponential_(self, lambd=1, *, generator=None) -> Tensor:
        return self._draw(
            (random.stream(generator).standard_exponential(self.array.shape) / lambd).astype(self.array.dtype)
        )

    def log_normal_(self, mean=1, std=2, *, generator=None) -> Tensor:
        return self._draw(
            np.exp(random.normal(self.array.shape, self.array.dtype, generator, mean, std, self.device))
        )

    def cauchy_(self, median=0, sigma=1, *, generator=None) -> Tensor:
        return self._draw(
            (median + sigma * random.stream(generator).standard_cauchy(self.array.shape)).astype(
                self.array.dtype
            )
        )

    def geometric_(self, p, *, generator=None) -> Tensor:
        return self._draw(random.stream(generator).geometric(p, self.array.shape).astype(self.array.dtype))

    # ------------------------------------------------------------ another shape, the same memory

    def _reshaped(self, view: Tensor):
        """Become one's own view: other shape and history, same memory."""
        if local.grad:
            self._refuse_leaf()
        self.array, self.node, self._requires_grad = view.array, view.node, view._requires_grad
        return self

    def squeeze_(self, dim=None) -> Tensor:
        return self._reshaped(ops.squeeze(self, dim))

    def unsqueeze_(self, dim) -> Tensor:
        return self._reshaped(ops.unsqueeze(self, dim))

    def transpose_(self, dim0, dim1) -> Tensor:
        return self._reshaped(ops.transpose(self, dim0, dim1))

    swapaxes_ = swapdims_ = transpose_

    def as_strided_(self, size, stride, storage_offset=None) -> Tensor:
        return self._reshaped(ops.as_strided(self, size, stride, storage_offset))

    def t_(self) -> Tensor:
        return self._reshaped(ops.t(self))

    # ------------------------------------------------------------ what ops have a name for

    __iadd__, __isub__, __imul__, __itruediv__ = map(inplace, (ops.add_op, ops.sub_op, ops.mul, ops.div))
    __ifloordiv__, __imod__, __ipow__ = map(inplace, (ops.floor_divide, ops.remainder, ops.pow))
    __iand__, __ior__, __ixor__ = map(inplace, (ops.bitwise_and, ops.bitwise_or, ops.bitwise_xor))
    add_, sub_, mul_, floor_divide_, remainder_, fmod_ = map(
        inplace, (ops.add, ops.sub, ops.mul, ops.floor_divide, ops.remainder, ops.fmod)
    )
    pow_, neg_, abs_, clamp_, clamp_min_, clamp_max_ = map(
        inplace, (ops.pow, ops.neg, ops.abs, ops.clamp, ops.clamp_min, ops.clamp_max)
    )
    lerp_, addcmul_, addcdiv_, eq_, ne_, lt_ = map(
        inplace, (ops.lerp, ops.addcmul, ops.addcdiv, ops.eq, ops.ne, ops.lt)
    )
    le_, gt_, ge_, logical_and_, logical_or_, logical_xor_ = map(
        inplace, (ops.le, ops.gt, ops.ge, ops.logical_and, ops.logical_or, ops.logical_xor)
    )
    logical_not_, bitwise_and_, bitwise_or_, bitwise_xor_, bitwise_not_ = map(
        inplace, (ops.logical_not, ops.bitwise_and, ops.bitwise_or, ops.bitwise_xor, ops.bitwise_not)
    )
    sqrt_, rsqrt_, square_, reciprocal_, exp_, exp2_ = map(
        inplace, (ops.sqrt, ops.rsqrt, ops.square, ops.reciprocal, ops.exp, ops.exp2)
    )
    expm1_, log_, log2_, log10_, log1p_, xlogy_ = map(
        inplace, (ops.expm1, ops.log, ops.log2, ops.log10, ops.log1p, ops.xlogy)
    )
    sin_, cos_, tan_, asin_, acos_, atan_ = map(
        inplace, (ops.sin, ops.cos, ops.tan, ops.asin, ops.acos, ops.atan)
    )
    atan2_, sinh_, cosh_, tanh_, asinh_, acosh_ = map(
        inplace, (ops.atan2, ops.sinh, ops.cosh, ops.tanh, ops.asinh, ops.acosh)
    )
    atanh_, sinc_, sigmoid_, erf_, erfc_, erfinv_ = map(
        inplace, (ops.atanh, ops.sinc, ops.sigmoid, ops.erf, ops.erfc, ops.erfinv)
    )
    lgamma_, digamma_, logit_, floor_, ceil_, trunc_ = map(
        inplace, (ops.lgamma, ops.digamma, ops.logit, ops.floor, ops.ceil, ops.trunc)
    )
    round_, sign_, copysign_, frac_, nan_to_num_ = map(
        inplace, (ops.round, ops.sign, ops.copysign, ops.frac, ops.nan_to_num)
    )
    cumsum_, cumprod_, renorm_ = map(inplace, (ops.cumsum, ops.cumprod, ops.renorm))
    tril_, triu_ = map(inplace, (ops.tril, ops.triu))
    scatter_, scatter_add_, scatter_reduce_, index_add_, index_copy_, index_fill_ = map(
        inplace,
        (ops.scatter, ops.scatter_add, ops.scatter_reduce, ops.index_add, ops.index_copy, ops.index_fill),
    )
    masked_fill_, masked_scatter_ = map(inplace, (ops.masked_fill, ops.masked_scatter))
    addmm_, addmv_, baddbmm_, addbmm_, addr_ = map(
        inplace, (ops.addmm, ops.addmv, ops.baddbmm, ops.addbmm, ops.addr)
    )
    div_ = divide_ = true_divide_ = inplace(ops.divide)
    clip_ = clamp_
    multiply_, subtract_, negative_, absolute_ = mul_, sub_, neg_, abs_
    deg2rad_, rad2deg_, hypot_, heaviside_, float_power_ = map(
        inplace, (ops.deg2rad, ops.rad2deg, ops.hypot, ops.heaviside, ops.float_power)
    )
    sgn_, ldexp_, gcd_, lcm_, nextafter_, i0_ = map(
        inplace, (ops.sgn, ops.ldexp, ops.gcd, ops.lcm, ops.nextafter, ops.i0)
    )
    mvlgamma_, conj_physical_ = map(inplace, (ops.mvlgamma, ops.conj))
    logaddexp_, index_reduce_ = map(inplace, (ops.logaddexp, ops.index_reduce))
    bitwise_left_shift_ = __ilshift__ = inplace(ops.bitwise_left_shift)
    bitwise_right_shift_ = __irshift__ = inplace(ops.bitwise_right_shift)
    arccos_, arcsin_, arctan_, arctan2_ = acos_, asin_, atan_, atan2_
    arccosh_, arcsinh_, arctanh_, fix_ = acosh_, asinh_, atanh_, trunc_
    greater_, greater_equal_, less_, less_equal_, not_equal_ = gt_, ge_, lt_, le_, ne_


def castable(source, target) -> bool:
    """Whether PyTorch lets an in-place result of one dtype into memory of the other."""
    rank = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}
    return rank[source.kind] <= rank[target.kind]


def fitting_array(value, array, index):
    """A value with leading dims of size 1 more than its place has, without them (PyTorch drops them)."""
    if getattr(value, "ndim", 0) > 0:
        room = (
            array[index].ndim
            if not isinstance(index, (builtins.int, slice))
            else array.ndim - isinstance(index, builtins.int)
        )
        while value.ndim > room and value.shape[0] == 1:
            value = value[0]
    return value


def fitting(value, array, index):
    """The same for a tensor; numbers stay as they are."""
    if not isinstance(value, Value):
        return value
    shape = fitting_array(value.array, array, index).shape
    return value if shape == value.array.shape else ops.reshape(value, shape)
