"""Tensor: an array and its place in a graph.

Its methods that are ops stand in tensor_methods.py, those that write to its memory in tensor_inplace.py, those that convert it in
tensor_convert.py.
"""

from __future__ import annotations

import builtins
import math
from operator import attrgetter

import numpy as np

from . import backend, dtypes, formats, ops
from .op import Value, asked, counted, operator, reflected
from .storage import TypedStorage, UntypedStorage
from .tensor_convert import Converting
from .tensor_inplace import Writing, inplace
from .tensor_methods import Methods

__all__ = ["Handle", "Size", "Tensor", "blank", "inplace"]

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

    def __radd__(self, other):
        return Size(tuple(other) + tuple(self))

    def __mul__(self, times):
        return Size(tuple(self) * times)

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"


def comparable(compare):
    """== and != that leave anything but tensors, arrays and numbers to Python: `x == None` is False."""

    def guarded(self, other):
        if isinstance(other, (Value, np.ndarray, np.generic, bool, int, float, complex)):
            return compare(self, other)
        return NotImplemented

    return guarded


class Tensor(Methods, Writing, Converting):
    """An n-dimensional array that remembers how it was computed."""

    __slots__ = ("__dict__", "__weakref__")  # beside Value's slots users may set attributes of their own
    _grad = None
    _seen = 0  # writes to the base's memory when a view's history was last right
    __array_priority__ = 1000

    def __new__(cls, *args, **kwargs):
        from .tensor_data import legacy

        return legacy(dtypes.get_default_dtype(), args, **kwargs)

    def __init__(self, *args, **kwargs):
        pass  # `__new__` has done it all

    @staticmethod
    def wrap(array) -> Tensor:
        """A new tensor around an array, nothing copied."""
        t = _new(Tensor)
        t.array = array
        t.node = t._leaf = t._base = t._counter = None
        t._requires_grad = False
        return t

    @staticmethod
    def _make_subclass(cls, data: Tensor, require_grad: bool = False):
        """A leaf of a subclass on the memory of data."""
        t = _new(cls)
        t.array = data.array
        t.node = t._leaf = t._base = t._counter = None
        t._requires_grad = require_grad
        return t

    def as_subclass(self, cls):
        """The same memory and history as an instance of a subclass."""
        t = _new(cls)
        t.array, t.node, t._leaf = self.array, self.node, self._leaf
        t._base, t._counter, t._requires_grad = self._base, self._counter, self._requires_grad
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
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.numel() * self.itemsize

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    @property
    def is_cpu(self) -> bool:
        return self.device.type == "cpu"

    @property
    def _cdata(self) -> int:
        """What programs compare to see whether two names are the same tensor."""
        return id(self)

    @property
    def is_meta(self) -> bool:
        return type(self.array) is backend.Meta

    is_sparse = is_sparse_csr = is_quantized = is_mps = False
    layout = formats.strided

    def size(self, dim=None):
        return self.shape if dim is None else self.array.shape[ops.normal_dim(dim, self.array.ndim)]

    def dim(self) -> int:
        return self.array.ndim

    ndimension = dim

    def numel(self) -> int:
        return self.array.size

    nelement = numel

    def element_size(self) -> int:
        return self.dtype.itemsize

    def stride(self, dim=None):
        array = self.array
        if not array.size:  # NumPy's are 0 where there is nothing
            array = np.empty([max(n, 1) for n in array.shape], np.int8)
        elif backend.is_channels_last(array):
            array = np.empty_like(array, order="C")
        steps = tuple(s // array.itemsize for s in array.strides)
        return steps if dim is None else steps[dim]

    def storage_offset(self) -> int:
        owner = self.array.base
        if not isinstance(owner, np.ndarray):
            return 0
        return (self.data_ptr() - owner.__array_interface__["data"][0]) // self.array.itemsize

    def untyped_storage(self) -> UntypedStorage:
        return UntypedStorage(ops.settle(self).array)

    def storage(self) -> TypedStorage:
        return TypedStorage(ops.settle(self).array)

    def data_ptr(self) -> int:
        return (
            self.array.__array_interface__["data"][0]
            if isinstance(self.array, np.ndarray)
            else self.array.data.ptr
        )

    def is_contiguous(self, memory_format=None) -> bool:
        return self.array.flags.c_contiguous or backend.is_channels_last(self.array)

    def is_floating_point(self) -> bool:
        return self.array.dtype.kind == "f"

    def is_complex(self) -> bool:
        return self.array.dtype.kind == "c"

    def is_inference(self) -> bool:
        """False: what inference_mode makes can be used as what no_grad makes."""
        return False

    def is_signed(self) -> bool:
        return self.dtype.is_signed

    def is_same_size(self, other) -> bool:
        return self.array.shape == other.array.shape

    def get_device(self):
        return self.device.index if self.is_cuda else -1

    def is_pinned(self, device=None) -> bool:
        return backend.is_pinned(self.array)

    def is_shared(self) -> bool:
        return backend.is_shared(self.array)

    # ------------------------------------------------------------ its place in the graph

    @property
    def requires_grad(self) -> bool:
        if self._base is not None:
            self._renew()
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for (or refuse) a gradient for this leaf."""
        if self.node is not None and not requires_grad:
            raise RuntimeError(
                f"{asked()}: you can only change requires_grad flags of leaf variables; use .detach() to cut a tensor from its graph"
            )
        if requires_grad and self.array.dtype.kind not in "fc":
            raise RuntimeError(
                f"{asked()}: only Tensors of floating point and complex dtype can require gradients, not {self.dtype!r}"
            )
        self._requires_grad = bool(requires_grad)
        return self

    def _set_grad(self, grad: Tensor | None) -> None:
        if grad is not None:
            if not isinstance(grad, Tensor):
                raise TypeError(
                    f"grad: assigned grad expected to be a Tensor or None but got {type(grad).__name__}"
                )
            if grad.array.shape != self.array.shape:
                raise RuntimeError(
                    f"grad: attempting to assign a gradient of size {list(grad.shape)} to a tensor of size {list(self.shape)}; they must be the same"
                )
            if grad.array.dtype != self.array.dtype:
                raise RuntimeError(
                    f"grad: attempting to assign a gradient with dtype {grad.dtype!r} to a tensor with dtype {self.dtype!r}"
                )
        self._grad = grad

    grad = property(
        attrgetter("_grad"), _set_grad, lambda self: self._set_grad(None)
    )  # reading it costs no Python call

    @property
    def grad_fn(self):
        """The node of the op that made this tensor; None for a leaf."""
        if self._base is not None:
            self._renew()
        return self.node

    def _renew(self) -> None:
        """A view whose memory was written under another name gets the history that memory has now."""
        history = self.node or self._base.node
        if history is not None and self._seen != self._counter.writes:
            history.adopt(self, None)

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
        if not isinstance(other, Value):
            raise TypeError(f"data: Variable data has to be a tensor, but got {type(other).__name__}")
        self.array, self._leaf = other.array, None

    def detach(self) -> Tensor:
        """The same memory as a constant."""
        out = Tensor.wrap(self.array)
        out._counter = counted(self)
        return out

    def detach_(self) -> Tensor:
        self.node, self._requires_grad = None, False
        return self

    def backward(self, gradient=None, retain_graph=None, create_graph: bool = False, inputs=None) -> None:
        """Add the gradient of this tensor (a scalar, unless `gradient` is given) to the `.grad` of every leaf it came from."""
        if not self._requires_grad:
            raise RuntimeError(
                "backward: element 0 of tensors does not require grad and does not have a grad_fn: nothing it came from has requires_grad=True"
            )
        gradient = self._seed_gradient(gradient)
        if self.grad_fn is None:
            self.grad = gradient if self.grad is None else self.grad + gradient
            return
        self.node.backward(
            self, gradient, create_graph if retain_graph is None else retain_graph, create_graph, inputs
        )

    def _seed_gradient(self, gradient):
        if gradient is None:
            if self.array.size != 1:
                raise RuntimeError(
                    f"backward: grad can be implicitly created only for scalar outputs, but this one has shape {list(self.shape)}; reduce it, for"
                    " example with .sum(), or pass gradient="
                )
            one = self.array.copy()
            one.fill(1)
            return Tensor.wrap(one)
        if not isinstance(gradient, Tensor):
            raise TypeError(
                f"backward: gradient must be a Tensor of the shape {list(self.shape)}, not {type(gradient).__name__}"
            )
        if gradient.array.shape != self.array.shape:
            raise RuntimeError(
                f"backward: Mismatch in shape: grad_output has shape {list(gradient.shape)} and output has shape {list(self.shape)}"
            )
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
            raise RuntimeError(f"{asked()}: cannot register a hook on a tensor that doesn't require gradient")
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
            raise ValueError(
                f"{asked()}: only one element tensors can be converted to Python scalars, this one has {self.array.size}"
            )
        return self.array.item()

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> builtins.int:
        if self.array.dtype.kind not in "iub" or self.array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return builtins.int(self.array.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.array.ndim == 0 else object.__format__(self, spec)

    __hash__ = object.__hash__

    def __deepcopy__(self, memo):
        if self.node is not None:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol; detach() it first"
            )
        memo[id(self)] = other = blank(type(self), self.array.copy())
        other._requires_grad = self._requires_grad
        if self.grad is not None:
            other.grad = self.grad.detach().clone()
        return other

    def __copy__(self):
        return self.detach().requires_grad_(self._requires_grad) if self.node is None else self.view_as(self)

    def __reduce__(self):
        kind = self._requires_grad and self.node is None, type(self)
        if backend.is_shared(self.array):
            from .sharing import handle_of

            handle = handle_of(self.array)
            if handle is not None:
                return rebuild_shared, (handle, *kind)
        return rebuild, (backend.move(self.array, backend.CPU), *kind)

    def __repr__(self, *, tensor_contents=None) -> str:
        return self._describe("tensor")

    def _describe(self, name: str) -> str:
        from .printing import tensor_repr

        array = self.array if self.is_meta else backend.move(self.array, backend.CPU)
        node = None if self.grad_fn is None else self.grad_fn.name()
        place = None if self.is_cpu else str(self.device)
        default = dtypes.get_default_dtype().name
        return tensor_repr(
            array,
            name=name,
            device=place,
            grad_fn=node,
            requires_grad=self._requires_grad,
            default_dtype=default,
        )

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
    __rmatmul__ = lambda self, other: ops.matmul(other, self)
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

    __pos__ = ops.positive


def blank(cls, array) -> Tensor:
    """A new leaf of a subclass around an array: what `Tensor.wrap` does for Tensor."""
    t = _new(cls)
    t.array = array
    t.node = t._leaf = t._base = t._counter = None
    t._requires_grad = False
    return t


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


def rebuild_shared(handle, requires_grad: bool, cls=Tensor) -> Tensor:
    from .sharing import attach

    return rebuild(attach(*handle), requires_grad, cls)


def rebuild(array, requires_grad: bool, cls=Tensor) -> Tensor:
    if array.dtype.metadata:  # what pickle makes of the one and only BFLOAT16 is a copy
        array = array.view(dtypes.BFLOAT16)
    t = blank(cls, array)
    t._requires_grad = requires_grad
    return t
