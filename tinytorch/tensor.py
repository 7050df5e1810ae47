"""Tensor: an array, its place in a graph, and PyTorch's methods, each a line that calls an op."""

from __future__ import annotations

import builtins
import math
import warnings

import numpy as np

from . import backend, dtypes, ops, random
from .op import Counter, Op, Value, local, operator, reflected

_new = object.__new__


class Size(tuple):
    """A shape."""

    __slots__ = ()

    def numel(self) -> int:
        return math.prod(self)

    def __getitem__(self, index):
        part = tuple.__getitem__(self, index)
        return Size(part) if isinstance(index, slice) else part

    def __add__(self, other):
        return Size(tuple(self) + tuple(other))

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"


def inplace(function):
    """`add` as `add_`: the result overwrites the first operand, which takes over its history."""

    def overwrite(self, *args, **kwargs):
        if local.grad and self._requires_grad:
            self._refuse_leaf()
            if not isinstance(function, Op) and function not in (ops.add, ops.sub):  # several ops, and any of them may need the old values later
                return self._become(function(self._before_write(), *args, **kwargs))
        new = function(self, *args, **kwargs)
        if new.node is not None:
            new.node.keep_copy_of(self)
        return self._become(new)

    overwrite.__name__ = function.__name__ + "_"
    overwrite.__doc__ = f"In-place `{function.__name__}`."
    return overwrite


def comparable(compare):
    """== and != that leave anything but tensors, arrays and numbers to Python: `x == None` is False."""

    def guarded(self, other):
        if isinstance(other, (Value, np.ndarray, np.generic, bool, int, float, complex)):
            return compare(self, other)
        return NotImplemented

    return guarded


class Tensor(Value):
    """An n-dimensional array that remembers how it was computed."""

    # Defaults of every new tensor; setting one on a tensor shadows it. `node` is how it was computed (None for a leaf).
    grad = None
    node = None
    _leaf = None  # what a leaf is in the graph: the place where its gradients arrive
    _requires_grad = False
    _base = None  # the tensor whose memory a view shares
    _seen = 0  # writes to that memory when the view's history was last right
    __array_priority__ = 1000

    def __new__(cls, *args, **kwargs):
        return legacy(cls, dtypes.get_default_dtype(), args, **kwargs)

    def __init__(self, *args, **kwargs):
        pass  # `__new__` has done it all

    @staticmethod
    def wrap(array) -> Tensor:
        """A new tensor around an array, nothing copied."""
        t = _new(Tensor)
        t.array = array
        return t

    # ------------------------------------------------------------ what it is

    @property
    def shape(self) -> Size:
        return Size(self.array.shape)

    @property
    def dtype(self) -> dtypes.dtype:
        return dtypes.of(self.array)

    @property
    def device(self) -> backend.device:
        return backend.device_of(self.array)

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def itemsize(self) -> int:
        return self.array.itemsize

    @property
    def nbytes(self) -> int:
        return self.array.nbytes

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    is_sparse = is_quantized = is_meta = is_mps = False
    layout = "torch.strided"

    def size(self, dim=None):
        return self.shape if dim is None else self.array.shape[ops.normal_dim(dim, self.array.ndim)]

    def dim(self) -> int:
        return self.array.ndim

    ndimension = dim

    def numel(self) -> int:
        return self.array.size

    nelement = numel

    def element_size(self) -> int:
        return self.array.itemsize

    def stride(self, dim=None):
        steps = tuple(s // self.array.itemsize for s in self.array.strides)
        return steps if dim is None else steps[dim]

    def storage_offset(self) -> int:
        owner = self.array.base
        if not isinstance(owner, np.ndarray):
            return 0
        return (self.data_ptr() - owner.__array_interface__["data"][0]) // self.array.itemsize

    def data_ptr(self) -> int:
        return self.array.__array_interface__["data"][0] if isinstance(self.array, np.ndarray) else self.array.data.ptr

    def is_contiguous(self, memory_format=None) -> bool:
        return self.array.flags.c_contiguous

    def is_floating_point(self) -> bool:
        return self.array.dtype.kind == "f"

    def is_complex(self) -> bool:
        return self.array.dtype.kind == "c"

    def is_signed(self) -> bool:
        return self.dtype.is_signed

    def is_same_size(self, other) -> bool:
        return self.array.shape == other.array.shape

    def get_device(self) -> int:
        return self.device.index if self.is_cuda else -1

    def is_pinned(self) -> bool:
        return False

    def is_shared(self) -> bool:
        return False

    # ------------------------------------------------------------ its place in the graph

    @property
    def requires_grad(self) -> bool:
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for (or refuse) a gradient for this leaf."""
        if self.node is not None and not requires_grad:
            raise RuntimeError("you can only change requires_grad flags of leaf variables; use .detach() to cut a tensor from its graph")
        if requires_grad and self.array.dtype.kind not in "fc":
            raise RuntimeError(f"only Tensors of floating point and complex dtype can require gradients, not {self.dtype!r}")
        self._requires_grad = bool(requires_grad)
        return self

    @property
    def grad_fn(self):
        """The node of the op that made this tensor; None for a leaf."""
        if self._base is not None and self._seen != self._counter.writes and self.node is not None:
            self.node.adopt(self, None)
        return self.node

    @property
    def is_leaf(self) -> bool:
        return self.node is None

    @property
    def _version(self) -> int:
        return 0 if self._counter is None else self._counter.writes

    @property
    def data(self) -> Tensor:
        """The same memory without history; writing to it goes unnoticed by autograd."""
        return Tensor.wrap(self.array)

    @data.setter
    def data(self, other: Tensor) -> None:
        self.array, self._leaf = other.array, None

    def detach(self) -> Tensor:
        """The same memory as a constant."""
        out = Tensor.wrap(self.array)
        if self._counter is None:
            self._counter = Counter()
        out._counter = self._counter
        return out

    def detach_(self) -> Tensor:
        self.node, self._requires_grad = None, False
        return self

    def backward(self, gradient=None, retain_graph=None, create_graph: bool = False, inputs=None) -> None:
        """Add the gradient of this tensor (a scalar, unless `gradient` is given) to the `.grad` of every leaf it came from."""
        if not self._requires_grad:
            raise RuntimeError("element 0 of tensors does not require grad and does not have a grad_fn: nothing it came from has requires_grad=True")
        gradient = self._seed_gradient(gradient)
        if self.grad_fn is None:
            self.grad = gradient if self.grad is None else self.grad + gradient
            return
        self.node.backward(self, gradient, create_graph if retain_graph is None else retain_graph, create_graph, inputs)

    def _seed_gradient(self, gradient):
        if gradient is None:
            if self.array.size != 1:
                raise RuntimeError(
                    f"grad can be implicitly created only for scalar outputs, but this one has shape {list(self.shape)}; reduce it, for"
                    " example with .sum(), or pass gradient="
                )
            return Tensor.wrap(backend.module_of(self.array).ones(self.array.shape, self.array.dtype))
        if gradient.array.shape != self.array.shape:
            raise RuntimeError(f"Mismatch in shape: grad_output has shape {list(gradient.shape)} and output has shape {list(self.shape)}")
        return gradient

    def retain_grad(self) -> None:
        """Keep the gradient of a tensor that is no leaf."""
        if not self._requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self.node is not None and "_retains" not in self.__dict__:
            import weakref

            self._retains = True
            me = weakref.ref(self)

            def keep(g):
                t = me()
                if t is not None:
                    t.grad = g if t.grad is None else t.grad + g

            self.node.hooks = [*self.node.hooks, keep]

    retains_grad = property(lambda self: self.__dict__.get("_retains", False))

    def register_hook(self, hook):
        """Call hook(gradient) when this tensor's gradient is known; what it returns replaces it. The handle's remove() ends it."""
        if not self._requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self.node is None:
            self._hooks = [*self._hooks, hook]
            return Handle(self, hook)
        self.node.hooks = [*self.node.hooks, hook]
        return Handle(self.node, hook, "hooks")

    _hooks = ()

    def register_post_accumulate_grad_hook(self, hook):
        """Call hook(tensor) whenever this leaf's `.grad` has been added to."""
        self._post_hooks = [*self._post_hooks, hook]
        return Handle(self, hook, "_post_hooks")

    _post_hooks = ()

    # ------------------------------------------------------------ writing in place

    def _become(self, new: Tensor) -> Tensor:
        """Overwrite this tensor's memory with the values of `new` and take over its history."""
        if local.grad:
            self._refuse_leaf()
        if new.array.shape != self.array.shape:
            raise RuntimeError(f"output with shape {list(self.shape)} doesn't match the broadcast shape {list(new.shape)}")
        if not castable(new.array.dtype, self.array.dtype):
            raise RuntimeError(f"result type {new.dtype!r} can't be cast to the desired output type {self.dtype!r}")
        if new.array.dtype != self.array.dtype and new._requires_grad:
            new = ops.cast(new, dtype=self.array.dtype)
        if local.grad and self._requires_grad and not new._requires_grad:
            new, values = ops.mul(self, 0), new  # constants from here on, but still part of the graph, with gradient 0
            new.array = values.array
        self._refuse_shared_places()
        self.array[...] = new.array
        self._wrote()
        history = new.node or self.node or (self._base is not None and self._base.node)
        if local.grad and history:
            history.adopt(self, new)
        return self

    def _before_write(self) -> Tensor:
        """A copy that stands for this tensor as it was."""
        before = Tensor.wrap(self.array.copy())
        before.node, before._requires_grad = self.grad_fn, self._requires_grad
        return before

    def _refuse_leaf(self) -> None:
        if self._requires_grad and self.node is None:
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation; wrap it in torch.no_grad()")
        if self._base is not None and self._base._requires_grad and self._base.node is None:
            raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation")

    def _refuse_shared_places(self) -> None:
        if not self.array.flags.writeable or any(s == 0 and n > 1 for s, n in zip(self.array.strides, self.array.shape)):
            raise RuntimeError(
                "unsupported operation: more than one element of the written-to tensor refers to a single memory location. Please"
                " clone() the tensor before performing the operation"
            )

    def _wrote(self) -> None:
        """Count a write to the memory, so that backward notices if it needed the old values."""
        if self._counter is None:
            self._counter = Counter()
        self._counter.count()
        self._seen = self._counter.writes

    def _fill_with(self, result) -> Tensor:
        """What `out=` does: this tensor gets the result's shape and values."""
        if self.array.shape != result.array.shape:
            self.array = np.empty(result.array.shape, self.array.dtype)
        return self._become(result)

    def __setitem__(self, index, value) -> None:
        index = ops.plain_index(self, index)
        if not isinstance(value, Value):
            value = np.asarray(value, self.array.dtype) if not isinstance(value, (int, float, bool, complex)) else value
        elif local.grad and (self._requires_grad or value._requires_grad):
            self._refuse_leaf()
            self._become(ops.put(self, fitting(value, self.array, index), index=index))
            return
        if local.grad and self._requires_grad:
            self._become(ops.put(self, value, index=index))
            return
        self._refuse_shared_places()
        try:
            self.array[index] = fitting_array(value.array if isinstance(value, Value) else value, self.array, index)
        except ValueError as error:
            raise RuntimeError(f"shape mismatch: {error}") from None
        except IndexError as error:
            raise IndexError(f"{error}; the tensor has shape {list(self.shape)}") from None
        self._wrote()

    def copy_(self, src, non_blocking: bool = False) -> Tensor:
        """Overwrite with src, broadcast and converted."""
        src = src if isinstance(src, Tensor) else as_tensor(src)
        moved = src.to(device=self.device)
        if moved.array.dtype != self.array.dtype:
            moved = ops.cast(moved, dtype=self.array.dtype)
        return self._become(moved if moved.array.shape == self.array.shape else ops.expand(moved, self.array.shape))

    def fill_(self, value) -> Tensor:
        """Every element becomes value."""
        if isinstance(value, Tensor):
            return self.copy_(value)
        return self._become(self.wrap(backend.module_of(self.array).full(self.array.shape, value, self.array.dtype)))

    def zero_(self) -> Tensor:
        """Every element becomes 0."""
        return self.fill_(0)

    def set_(self, source) -> Tensor:
        """Use source's memory from now on."""
        self.array = source.array
        return self

    def resize_(self, *shape) -> Tensor:
        """Another shape; new memory if it has more elements."""
        self.array = np.resize(self.array, shape[0] if isinstance(shape[0], (tuple, list)) else shape)
        return self

    def index_put_(self, indices, values, accumulate=False):
        return self._become(ops.index_put(self, indices, values, accumulate))

    def map_(self, other, function):
        return self._become(self.wrap(np.vectorize(function)(self.array, other.array).astype(self.array.dtype)))

    def _draw(self, array) -> Tensor:
        return self._become(self.wrap(array))

    def normal_(self, mean=0, std=1, *, generator=None) -> Tensor:
        return self._draw(random.normal(self.array.shape, self.array.dtype, generator, mean, std))

    def uniform_(self, from_=0, to=1, *, generator=None, **named) -> Tensor:
        low, high = named.get("a", named.get("from", from_)), named.get("b", to)
        return self._draw(random.uniform(self.array.shape, self.array.dtype, generator, low, high))

    def bernoulli_(self, p=0.5, *, generator=None) -> Tensor:
        p = p.array if isinstance(p, Tensor) else p
        return self._draw(random.bernoulli(p, self.array.shape, self.array.dtype, generator))

    def random_(self, from_=0, to=None, *, generator=None) -> Tensor:
        low, high = (0, from_) if to is None and from_ else (from_, to)
        if high is None:
            high = {"f": 2**24, "b": 2}.get(self.array.dtype.kind) or np.iinfo(self.array.dtype).max
        return self._draw(random.integers(low, high, self.array.shape, self.array.dtype, generator))

    def exponential_(self, lambd=1, *, generator=None) -> Tensor:
        return self._draw((random.stream(generator).standard_exponential(self.array.shape) / lambd).astype(self.array.dtype))

    def log_normal_(self, mean=1, std=2, *, generator=None) -> Tensor:
        return self._draw(np.exp(random.normal(self.array.shape, self.array.dtype, generator, mean, std)))

    def cauchy_(self, median=0, sigma=1, *, generator=None) -> Tensor:
        return self._draw((median + sigma * random.stream(generator).standard_cauchy(self.array.shape)).astype(self.array.dtype))

    def geometric_(self, p, *, generator=None) -> Tensor:
        return self._draw(random.stream(generator).geometric(p, self.array.shape).astype(self.array.dtype))

    # ------------------------------------------------------------ leaving and converting

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The array itself (memory is shared)."""
        if self._requires_grad and not force:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead")
        if self.is_cuda and not force:
            raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first")
        return backend.move(self.array, backend.CPU)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numpy(), dtype=dtype, copy=copy) if copy is not None else np.asarray(self.numpy(), dtype)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        """np.exp(tensor) and array * tensor answer with tensors."""
        if method != "__call__":
            return NotImplemented
        plain = [as_tensor(x) if isinstance(x, np.ndarray) else x.item() if isinstance(x, np.generic) else x for x in inputs]
        ours = getattr(ops, UFUNCS.get(ufunc.__name__, ufunc.__name__), None)
        if ours is not None and not kwargs:
            return ours(*plain)
        out = ufunc(*[x.numpy() if isinstance(x, Tensor) else x for x in plain], **kwargs)
        return tuple(map(as_tensor, out)) if isinstance(out, tuple) else as_tensor(out)

    def item(self):
        """The one element as a Python number."""
        if self.array.size != 1:
            raise RuntimeError(f"a Tensor with {self.array.size} elements cannot be converted to Scalar")
        return self.array.item()

    def tolist(self):
        """Nested lists of Python numbers."""
        return self.array.tolist()

    def to(self, *args, dtype=None, device=None, non_blocking=False, copy=False, memory_format=None) -> Tensor:
        """On another device or as another dtype: to("cuda"), to(torch.float64), to(other_tensor)."""
        for arg in args:
            if isinstance(arg, Tensor):
                dtype, device = arg.dtype, arg.device
            elif isinstance(arg, (str, backend.device, int)) and not isinstance(arg, bool):
                device = arg
            elif isinstance(arg, dtypes.dtype) or arg in (float, int, bool, complex):
                dtype = arg
        out = self
        target = dtypes.to_numpy(dtype)
        if target is not None and target != self.array.dtype:
            source = self if target.kind in "fc" else self.detach()
            out = ops.cast(source, dtype=target)
        if device is not None:
            moved = backend.move(out.array, backend.device(device))
            out = out if moved is out.array else ops.transfer(out, device=backend.device(device))
        return ops.clone(out) if copy and out is self else out

    def cpu(self, memory_format=None) -> Tensor:
        return self.to("cpu")

    def cuda(self, device=None, non_blocking=False) -> Tensor:
        return self.to("cuda" if device is None else device)

    def type(self, dtype=None, non_blocking=False):
        """The name of the tensor type, or the tensor as another dtype."""
        if dtype is None:
            return f"torch.{TYPE_NAMES[self.dtype.name]}Tensor"
        if isinstance(dtype, str):
            kind = dtype.removeprefix("torch.").removeprefix("cuda.").removesuffix("Tensor")
            dtype = next(d for d in dtypes.ALL if TYPE_NAMES.get(d.name) == kind)
        return self.to(getattr(dtype, "element_type", dtype))

    def type_as(self, other) -> Tensor:
        return self.to(other.dtype)

    def float(self, memory_format=None):
        return self.to(dtypes.float32)

    def double(self, memory_format=None):
        return self.to(dtypes.float64)

    def half(self, memory_format=None):
        return self.to(dtypes.float16)

    def long(self, memory_format=None):
        return self.to(dtypes.int64)

    def int(self, memory_format=None):
        return self.to(dtypes.int32)

    def short(self, memory_format=None):
        return self.to(dtypes.int16)

    def char(self, memory_format=None):
        return self.to(dtypes.int8)

    def byte(self, memory_format=None):
        return self.to(dtypes.uint8)

    def bool(self, memory_format=None):
        return self.to(dtypes.bool)

    def cfloat(self):
        return self.to(dtypes.complex64)

    def pin_memory(self, device=None) -> Tensor:
        return self

    def share_memory_(self) -> Tensor:
        return self

    def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False) -> Tensor:
        return tensor(data, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad)

    def _new_of(self, make, size, dtype, device, requires_grad, *fill) -> Tensor:
        where = backend.device(device) if device is not None else self.device
        array = getattr(backend.module_for(where), make)(flat_size(size), *fill, dtype=dtypes.to_numpy(dtype) or self.array.dtype)
        return self.wrap(array).requires_grad_(requires_grad)

    def new_zeros(self, *size, dtype=None, device=None, requires_grad=False, **_) -> Tensor:
        return self._new_of("zeros", size, dtype, device, requires_grad)

    def new_ones(self, *size, dtype=None, device=None, requires_grad=False, **_) -> Tensor:
        return self._new_of("ones", size, dtype, device, requires_grad)

    def new_empty(self, *size, dtype=None, device=None, requires_grad=False, **_) -> Tensor:
        return self._new_of("empty", size, dtype, device, requires_grad)

    def new_full(self, size, fill_value, *, dtype=None, device=None, requires_grad=False, **_) -> Tensor:
        return self._new_of("full", (size,), dtype, device, requires_grad, fill_value)

    def new(self, *args) -> Tensor:
        return legacy(Tensor, self.dtype, args)

    # ------------------------------------------------------------ Python's protocols

    def __len__(self) -> builtins.int:
        if not self.array.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self.array)

    def __iter__(self):
        if not self.array.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(ops.unbind(self))

    def __contains__(self, element) -> builtins.bool:
        return builtins.bool((self == element).array.any())

    def __bool__(self) -> builtins.bool:
        if self.array.size != 1:
            state = "no values" if not self.array.size else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {state} is ambiguous; use .any() or .all()")
        return builtins.bool(self.array.item())

    def __float__(self) -> builtins.float:
        return builtins.float(self._single())

    def __int__(self) -> builtins.int:
        return builtins.int(self._single())

    def _single(self):
        if self.array.size != 1:
            raise ValueError(f"only one element tensors can be converted to Python scalars, this one has {self.array.size}")
        return self.array.item()

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> builtins.int:
        if self.array.dtype.kind not in "iub" or self.array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return builtins.int(self.array.item())

    def __round__(self, digits=None):
        return builtins.round(self.item(), digits) if digits is not None else ops.round(self)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.array.ndim == 0 else object.__format__(self, spec)

    __hash__ = object.__hash__

    def __deepcopy__(self, memo):
        if self.node is not None:
            raise RuntimeError("Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol; detach() it first")
        other = _new(type(self))
        memo[id(self)] = other
        other.array = self.array.copy()
        other._requires_grad = self._requires_grad
        if self.grad is not None:
            other.grad = self.grad.detach().clone()
        return other

    def __copy__(self):
        return self.detach().requires_grad_(self._requires_grad) if self.node is None else self.view_as(self)

    def __reduce__(self):
        return rebuild, (backend.move(self.array, backend.CPU), self._requires_grad and self.node is None, type(self))

    def __repr__(self, *, tensor_contents=None) -> str:
        return self._describe("tensor")

    def _describe(self, name: str) -> str:
        from .printing import tensor_repr

        array = backend.move(self.array, backend.CPU)
        node = None if self.grad_fn is None else self.grad_fn.name()
        place = str(self.device) if self.is_cuda else None
        default = dtypes.get_default_dtype().name
        return tensor_repr(array, name=name, device=place, grad_fn=node, requires_grad=self._requires_grad, default_dtype=default)

    # ------------------------------------------------------------ operators

    __add__ = operator(ops.add_op)
    __radd__ = reflected(ops.add_op)
    __sub__ = operator(ops.sub_op)
    __rsub__ = reflected(ops.sub_op)
    __mul__ = operator(ops.mul)
    __rmul__ = reflected(ops.mul)
    __truediv__ = operator(ops.div)
    __rtruediv__ = reflected(ops.div)
    __floordiv__ = operator(ops.floor_divide)
    __rfloordiv__ = reflected(ops.floor_divide)
    __mod__ = operator(ops.remainder)
    __rmod__ = reflected(ops.remainder)
    __pow__ = operator(ops.pow)
    __rpow__ = reflected(ops.pow)
    __matmul__ = ops.matmul
    __rmatmul__ = lambda self, other: ops.matmul(other, self)  # noqa: E731
    __neg__ = operator(ops.neg)
    __abs__ = operator(ops.abs)
    __invert__ = operator(ops.bitwise_not)
    __and__ = __rand__ = operator(ops.bitwise_and)
    __or__ = __ror__ = operator(ops.bitwise_or)
    __xor__ = __rxor__ = operator(ops.bitwise_xor)
    __lshift__ = operator(ops.bitwise_left_shift)
    __rshift__ = operator(ops.bitwise_right_shift)
    __rlshift__ = reflected(ops.bitwise_left_shift)
    __rrshift__ = reflected(ops.bitwise_right_shift)
    __eq__ = comparable(operator(ops.eq))
    __ne__ = comparable(operator(ops.ne))
    __lt__ = operator(ops.lt)
    __le__ = operator(ops.le)
    __gt__ = operator(ops.gt)
    __ge__ = operator(ops.ge)
    __getitem__ = ops.getitem
    __iadd__, __isub__, __imul__, __itruediv__ = map(inplace, (ops.add_op, ops.sub_op, ops.mul, ops.div))
    __ifloordiv__, __imod__, __ipow__ = map(inplace, (ops.floor_divide, ops.remainder, ops.pow))
    __iand__, __ior__, __ixor__ = map(inplace, (ops.bitwise_and, ops.bitwise_or, ops.bitwise_xor))

    def __pos__(self) -> Tensor:
        return self

    # ------------------------------------------------------------ methods that are ops

    # arithmetic
    add = ops.add
    sub = ops.sub
    mul = ops.mul
    floor_divide = ops.floor_divide
    remainder = ops.remainder
    fmod = ops.fmod
    pow = ops.pow
    neg = ops.neg
    abs = ops.abs
    maximum = ops.maximum
    minimum = ops.minimum
    fmax = ops.fmax
    fmin = ops.fmin
    clamp = ops.clamp
    clamp_min = ops.clamp_min
    clamp_max = ops.clamp_max
    lerp = ops.lerp
    addcmul = ops.addcmul
    addcdiv = ops.addcdiv
    eq = ops.eq
    ne = ops.ne
    lt = ops.lt
    le = ops.le
    gt = ops.gt
    ge = ops.ge
    isclose = ops.isclose
    allclose = ops.allclose
    equal = ops.equal
    isnan = ops.isnan
    isinf = ops.isinf
    isfinite = ops.isfinite
    isposinf = ops.isposinf
    isneginf = ops.isneginf
    logical_and = ops.logical_and
    logical_or = ops.logical_or
    logical_xor = ops.logical_xor
    logical_not = ops.logical_not
    bitwise_and = ops.bitwise_and
    bitwise_or = ops.bitwise_or
    bitwise_xor = ops.bitwise_xor
    bitwise_not = ops.bitwise_not
    bitwise_left_shift = ops.bitwise_left_shift
    bitwise_right_shift = ops.bitwise_right_shift
    clone = ops.clone
    div = ops.divide
    divide = ops.divide
    true_divide = ops.div
    multiply = ops.mul
    subtract = ops.sub
    negative = ops.neg
    absolute = ops.abs
    clip = ops.clamp
    greater = ops.gt
    greater_equal = ops.ge
    less = ops.lt
    less_equal = ops.le
    not_equal = ops.ne

    # elementwise
    sqrt = ops.sqrt
    rsqrt = ops.rsqrt
    square = ops.square
    reciprocal = ops.reciprocal
    exp = ops.exp
    exp2 = ops.exp2
    expm1 = ops.expm1
    log = ops.log
    log2 = ops.log2
    log10 = ops.log10
    log1p = ops.log1p
    logaddexp = ops.logaddexp
    logaddexp2 = ops.logaddexp2
    xlogy = ops.xlogy
    sin = ops.sin
    cos = ops.cos
    tan = ops.tan
    asin = ops.asin
    acos = ops.acos
    atan = ops.atan
    atan2 = ops.atan2
    sinh = ops.sinh
    cosh = ops.cosh
    tanh = ops.tanh
    asinh = ops.asinh
    acosh = ops.acosh
    atanh = ops.atanh
    sinc = ops.sinc
    deg2rad = ops.deg2rad
    rad2deg = ops.rad2deg
    hypot = ops.hypot
    sigmoid = ops.sigmoid
    erf = ops.erf
    erfc = ops.erfc
    erfinv = ops.erfinv
    lgamma = ops.lgamma
    digamma = ops.digamma
    polygamma = ops.polygamma
    logit = ops.logit
    floor = ops.floor
    ceil = ops.ceil
    trunc = ops.trunc
    round = ops.round
    sign = ops.sign
    copysign = ops.copysign
    signbit = ops.signbit
    heaviside = ops.heaviside
    frac = ops.frac
    nan_to_num = ops.nan_to_num
    conj = ops.conj
    angle = ops.angle
    arcsin = ops.asin
    arccos = ops.acos
    arctan = ops.atan
    arctan2 = ops.atan2
    fix = ops.trunc

    # reduction
    sum = ops.sum
    mean = ops.mean
    prod = ops.prod
    amax = ops.amax
    amin = ops.amin
    aminmax = ops.aminmax
    any = ops.any
    all = ops.all
    count_nonzero = ops.count_nonzero
    argmax = ops.argmax
    argmin = ops.argmin
    logsumexp = ops.logsumexp
    cumsum = ops.cumsum
    cumprod = ops.cumprod
    logcumsumexp = ops.logcumsumexp
    cummax = ops.cummax
    cummin = ops.cummin
    diff = ops.diff
    var = ops.var
    std = ops.std
    nansum = ops.nansum
    nanmean = ops.nanmean
    norm = ops.norm
    dist = ops.dist
    renorm = ops.renorm

    # shape
    reshape = ops.reshape
    view = ops.view
    view_as = ops.view_as
    reshape_as = ops.reshape_as
    flatten = ops.flatten
    unflatten = ops.unflatten
    ravel = ops.ravel
    transpose = ops.transpose
    t = ops.t
    permute = ops.permute
    movedim = ops.movedim
    expand = ops.expand
    expand_as = ops.expand_as
    broadcast_to = ops.broadcast_to
    unsqueeze = ops.unsqueeze
    squeeze = ops.squeeze
    diagonal = ops.diagonal
    unfold = ops.unfold
    contiguous = ops.contiguous
    split = ops.split
    split_with_sizes = ops.split_with_sizes
    chunk = ops.chunk
    tensor_split = ops.tensor_split
    hsplit = ops.hsplit
    vsplit = ops.vsplit
    unbind = ops.unbind
    repeat = ops.repeat
    tile = ops.tile
    repeat_interleave = ops.repeat_interleave
    flip = ops.flip
    fliplr = ops.fliplr
    flipud = ops.flipud
    roll = ops.roll
    rot90 = ops.rot90
    tril = ops.tril
    triu = ops.triu
    diag = ops.diag
    diag_embed = ops.diag_embed
    diagflat = ops.diagflat
    adjoint = ops.adjoint
    swapaxes = ops.transpose
    swapdims = ops.transpose
    moveaxis = ops.movedim

    # indexing
    gather = ops.gather
    scatter = ops.scatter
    scatter_add = ops.scatter_add
    scatter_reduce = ops.scatter_reduce
    take_along_dim = ops.take_along_dim
    take = ops.take
    narrow = ops.narrow
    select = ops.select
    index_select = ops.index_select
    index_add = ops.index_add
    index_copy = ops.index_copy
    index_fill = ops.index_fill
    index_put = ops.index_put
    masked_fill = ops.masked_fill
    masked_select = ops.masked_select
    masked_scatter = ops.masked_scatter
    nonzero = ops.nonzero
    argwhere = ops.argwhere

    # sorting
    max = ops.max
    min = ops.min
    argsort = ops.argsort
    sort = ops.sort
    msort = ops.msort
    topk = ops.topk
    kthvalue = ops.kthvalue
    median = ops.median
    nanmedian = ops.nanmedian
    mode = ops.mode
    quantile = ops.quantile
    unique = ops.unique
    unique_consecutive = ops.unique_consecutive
    histc = ops.histc
    bincount = ops.bincount
    isin = ops.isin
    bucketize = ops.bucketize

    # linalg
    matmul = ops.matmul
    mm = ops.mm
    bmm = ops.bmm
    mv = ops.mv
    dot = ops.dot
    vdot = ops.vdot
    inner = ops.inner
    outer = ops.outer
    addmm = ops.addmm
    addmv = ops.addmv
    addbmm = ops.addbmm
    baddbmm = ops.baddbmm
    addr = ops.addr
    matrix_power = ops.matrix_power
    kron = ops.kron
    inv = ops.inv
    det = ops.det
    slogdet = ops.slogdet
    logdet = ops.logdet
    cholesky = ops.cholesky
    qr = ops.qr
    svd = ops.svd
    trace = ops.trace
    cross = ops.cross
    cov = ops.cov
    corrcoef = ops.corrcoef
    matrix_exp = ops.matrix_exp
    ger = ops.outer
    inverse = ops.inv
    pinverse = ops.pinv

    # in place
    add_, sub_, mul_, floor_divide_, remainder_, fmod_ = map(inplace, (ops.add, ops.sub, ops.mul, ops.floor_divide, ops.remainder, ops.fmod))
    pow_, neg_, abs_, clamp_, clamp_min_, clamp_max_ = map(inplace, (ops.pow, ops.neg, ops.abs, ops.clamp, ops.clamp_min, ops.clamp_max))
    lerp_, addcmul_, addcdiv_, eq_, ne_, lt_ = map(inplace, (ops.lerp, ops.addcmul, ops.addcdiv, ops.eq, ops.ne, ops.lt))
    le_, gt_, ge_, logical_and_, logical_or_, logical_xor_ = map(inplace, (ops.le, ops.gt, ops.ge, ops.logical_and, ops.logical_or, ops.logical_xor))
    logical_not_, bitwise_and_, bitwise_or_, bitwise_xor_, bitwise_not_ = map(inplace, (ops.logical_not, ops.bitwise_and, ops.bitwise_or, ops.bitwise_xor, ops.bitwise_not))
    sqrt_, rsqrt_, square_, reciprocal_, exp_, exp2_ = map(inplace, (ops.sqrt, ops.rsqrt, ops.square, ops.reciprocal, ops.exp, ops.exp2))
    expm1_, log_, log2_, log10_, log1p_, xlogy_ = map(inplace, (ops.expm1, ops.log, ops.log2, ops.log10, ops.log1p, ops.xlogy))
    sin_, cos_, tan_, asin_, acos_, atan_ = map(inplace, (ops.sin, ops.cos, ops.tan, ops.asin, ops.acos, ops.atan))
    atan2_, sinh_, cosh_, tanh_, asinh_, acosh_ = map(inplace, (ops.atan2, ops.sinh, ops.cosh, ops.tanh, ops.asinh, ops.acosh))
    atanh_, sinc_, sigmoid_, erf_, erfc_, erfinv_ = map(inplace, (ops.atanh, ops.sinc, ops.sigmoid, ops.erf, ops.erfc, ops.erfinv))
    lgamma_, digamma_, logit_, floor_, ceil_, trunc_ = map(inplace, (ops.lgamma, ops.digamma, ops.logit, ops.floor, ops.ceil, ops.trunc))
    round_, sign_, copysign_, frac_, nan_to_num_ = map(inplace, (ops.round, ops.sign, ops.copysign, ops.frac, ops.nan_to_num))
    cumsum_, cumprod_, renorm_ = map(inplace, (ops.cumsum, ops.cumprod, ops.renorm))
    tril_, triu_ = map(inplace, (ops.tril, ops.triu))
    scatter_, scatter_add_, scatter_reduce_, index_add_, index_copy_, index_fill_ = map(inplace, (ops.scatter, ops.scatter_add, ops.scatter_reduce, ops.index_add, ops.index_copy, ops.index_fill))
    masked_fill_, masked_scatter_ = map(inplace, (ops.masked_fill, ops.masked_scatter))
    addmm_, addmv_, baddbmm_, addbmm_, addr_ = map(inplace, (ops.addmm, ops.addmv, ops.baddbmm, ops.addbmm, ops.addr))
    div_ = divide_ = true_divide_ = inplace(ops.divide)
    clip_ = clamp_
    multiply_, subtract_, negative_, absolute_ = mul_, sub_, neg_, abs_

    def _reshaped(self, view: Tensor) -> Tensor:
        """Become one's own view: other shape and history, same memory."""
        if local.grad:
            self._refuse_leaf()
        self.array, self.node, self._requires_grad = view.array, view.node, view._requires_grad
        return self

    def squeeze_(self, dim=None) -> Tensor:
        """In place: only the shape changes."""
        return self._reshaped(ops.squeeze(self, dim))

    def unsqueeze_(self, dim) -> Tensor:
        """In place: only the shape changes."""
        return self._reshaped(ops.unsqueeze(self, dim))

    def transpose_(self, dim0, dim1) -> Tensor:
        """In place: only the shape changes."""
        return self._reshaped(ops.transpose(self, dim0, dim1))

    def t_(self) -> Tensor:
        """In place: only the shape changes."""
        return self.transpose_(0, 1)

    def where(self, condition, other) -> Tensor:
        """self where the condition holds, other elsewhere."""
        return ops.where(condition, self, other)

    def sum_to_size(self, *size) -> Tensor:
        """Summed down to a shape that broadcasts to this one."""
        shape = flat_size(size)
        lead = self.array.ndim - len(shape)
        dims = tuple(range(lead)) + tuple(lead + i for i, s in enumerate(shape) if s == 1 and self.array.shape[lead + i] != 1)
        return ops.reshape(self.sum(dims, keepdim=True) if dims else self, shape)

    def apply_(self, function) -> Tensor:
        """Each element replaced by function(element)."""
        return self._become(self.wrap(np.vectorize(function, otypes=[self.array.dtype])(self.array)))

    @property
    def T(self) -> Tensor:
        return ops.permute(self, tuple(range(self.array.ndim))[::-1]) if self.array.ndim != 2 else ops.transpose_op(self, dim0=0, dim1=1)

    @property
    def mT(self) -> Tensor:
        if self.array.ndim < 2:
            raise RuntimeError(f"tensor.mT is only supported on matrices or batches of matrices. Got {self.array.ndim}-D tensor.")
        return ops.transpose(self, -2, -1)

    @property
    def H(self) -> Tensor:
        return ops.adjoint(self)

    mH = H

    @property
    def real(self) -> Tensor:
        return ops.real(self) if self.is_complex() else self

    @property
    def imag(self) -> Tensor:
        return ops.imag(self)


class Handle:
    """What registering a hook returns; remove() takes the hook off again."""

    def __init__(self, owner, hook, where: str = "_hooks"):
        self.owner, self.hook, self.where = owner, hook, where

    def remove(self) -> None:
        left = [h for h in getattr(self.owner, self.where) if h is not self.hook]
        setattr(self.owner, self.where, left)

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        self.remove()


TYPE_NAMES = {
    "float32": "Float", "float64": "Double", "float16": "Half", "int64": "Long", "int32": "Int", "int16": "Short",
    "int8": "Char", "uint8": "Byte", "bool": "Bool", "complex64": "ComplexFloat", "complex128": "ComplexDouble",
}  # fmt: skip
UFUNCS = {"multiply": "mul", "subtract": "sub", "true_divide": "div", "divide": "div", "power": "pow", "negative": "neg", "absolute": "abs"}
UFUNCS |= {"equal": "eq", "not_equal": "ne", "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge"}


# ---------------------------------------------------------------- making tensors from data


def tensor(data, *, dtype=None, device=None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:
    """A tensor from numbers, nested lists, arrays or tensors; always a copy."""
    if isinstance(data, Tensor):
        array = data.detach().clone().array
    else:
        array = array_from(data)
    target = dtypes.to_numpy(dtype)
    if target is not None:
        array = array.astype(target, copy=False)
    where = backend.device(device) if device is not None else backend.default_device()
    out = Tensor.wrap(backend.move(array, where))
    return out.requires_grad_() if requires_grad else out


def array_from(data) -> np.ndarray:
    """An array of its own; Python numbers become PyTorch's default dtypes, NumPy's keep theirs."""
    data = without_tensors(data)
    kind = getattr(first(data), "dtype", None)
    try:
        array = np.array(data)
    except ValueError as error:
        raise ValueError(f"tensor: the nested sequences are not all of one length: {error}") from None
    if array.dtype == object and array.size and array.flat[0] is None:
        raise RuntimeError("Could not infer dtype of NoneType")
    if array.dtype == object or array.dtype.kind in "US":
        raise TypeError(f"tensor: cannot make a tensor from {type(data).__name__} with elements such as {first(data)!r}")
    if kind is not None and isinstance(data, (list, tuple)) and kind.kind == array.dtype.kind:
        array = array.astype(kind)
    if array.dtype.kind in "fc" and kind is None:
        default = dtypes.get_default_dtype()
        array = array.astype(default.np if array.dtype.kind == "f" else default.to_complex().np)
    elif array.size == 0 and not hasattr(data, "dtype"):
        array = array.astype(dtypes.default_np())
    dtypes.from_numpy(array.dtype)
    return np.array(array, order="C") if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def without_tensors(data):
    if isinstance(data, (list, tuple)):
        return [without_tensors(d) for d in data]
    return data.array if isinstance(data, Value) else data


def first(data):
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return data


def as_tensor(data, dtype=None, device=None) -> Tensor:
    """A tensor that shares memory with the data where it can."""
    if isinstance(data, Tensor):
        return data.to(dtype=dtype, device=device)
    if isinstance(data, np.ndarray):
        return from_numpy(data).to(dtype=dtype, device=device)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(ndarray) -> Tensor:
    """A tensor over the same memory as the NumPy array."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    dtypes.from_numpy(ndarray.dtype)
    if not ndarray.flags.writeable:
        warnings.warn("from_numpy: the array is not writable; writing to the tensor will raise an error", stacklevel=2)
    return Tensor.wrap(ndarray)


def flat_size(size) -> tuple:
    if len(size) == 1 and isinstance(size[0], (list, tuple)):
        size = size[0]
    return tuple(s.__index__() for s in size)


def legacy(cls, dtype, args, device=None, **_) -> Tensor:
    """PyTorch's old constructors: FloatTensor(2, 3) is memory of that shape, FloatTensor([2, 3]) holds those values."""
    if args and isinstance(args[0], (list, tuple, np.ndarray, Tensor)) and not (isinstance(args[0], Size)):
        return tensor(args[0], dtype=dtype, device=device)
    return Tensor.wrap(np.zeros(flat_size(args) if args else (0,), dtype.np))


def rebuild(array, requires_grad: bool, cls=Tensor) -> Tensor:
    t = _new(cls)
    t.array, t._requires_grad = array, requires_grad
    return t


def castable(source, target) -> bool:
    """Whether PyTorch lets an in-place result of one dtype into memory of the other."""
    rank = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}
    return rank[source.kind] <= rank[target.kind]


def fitting_array(value, array, index):
    """A value with leading dims of size 1 more than its place has, without them (PyTorch drops them)."""
    if getattr(value, "ndim", 0) > 0:
        room = array[index].ndim if not isinstance(index, (builtins.int, slice)) else array.ndim - isinstance(index, builtins.int)
        while value.ndim > room and value.shape[0] == 1:
            value = value[0]
    return value


def fitting(value: Tensor, array, index) -> Tensor:
    if value.array.dtype != array.dtype:
        value = ops.cast(value, dtype=array.dtype)
    shape = fitting_array(value.array, array, index).shape
    return value if shape == value.array.shape else ops.reshape(value, shape)
