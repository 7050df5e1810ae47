"""What an op is: a function on arrays that interpreters can watch.

Called on plain arrays an Op computes. Called with a Value (a Tensor) it goes to the interpreter on top of the stack;
the one at the bottom, `evaluate`, unwraps, computes and wraps. Gradients, timers and tracers are interpreters above it.
"""

from __future__ import annotations

import functools
import sys
import threading
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from . import backend, dtypes, formats
from .later import bring_methods, comes_with


class Value:
    """What an op accepts in place of an array. `.array` holds the array, `wrap(array)` makes a new one of the kind."""

    # Slots, since every op looks at them, and reading a slot is several times faster than reading a class's default.
    __slots__ = ("_base", "_counter", "_leaf", "_requires_grad", "array", "node")
    array: Any
    node: Any  # how it was computed; None for a leaf
    _leaf: Any  # a leaf's place in the graph
    _requires_grad: bool
    _base: Any  # the tensor whose memory a view shares
    _counter: Any  # counts in-place writes; shared by a tensor and its views
    __dict__: dict  # subclasses have one
    _seen: Any  # writes to the base's memory when a view's history was last right
    wrap: Any

    if TYPE_CHECKING:

        def __getattr__(self, name) -> Any: ...  # what later files bring: see Awaited


class Counter:
    """How often the memory behind a tensor and its views has been overwritten, and when last."""

    __slots__ = ("last", "writes")
    now = 0  # the number of writes to anything so far: the time by which a node knows whether what it kept is still true

    def __init__(self):
        self.writes = self.last = 0

    def count(self) -> None:
        Counter.now += 1
        self.writes += 1
        self.last = Counter.now


def counted(tensor: Value) -> Counter:
    """The tensor's count of writes. It is kept from the first time that somebody asks; the node that made the tensor is told, since it
    may need the result."""
    if tensor._counter is None:
        tensor._counter = Counter()
        if tensor.node is not None and tensor.node.counter is None:
            tensor.node.counter = tensor._counter
    return tensor._counter


class Awaited:
    """The place of a method of Tensor that a later file brings with `@method`: whoever asks for it first has those files read.

    A `__getattr__` would do without a list of names, but Python 3.11 reads the slots of a class that has one four times slower.
    """

    def __init__(self, name: str):
        self.name = name

    def __get__(self, tensor, kind):
        bring_methods()
        function = vars(Value)[self.name]
        if function is self:
            text = f"'{kind.__name__}' object has no attribute '{self.name}'"
            raise AttributeError(comes_with(f"Tensor.{self.name}") or text)
        return function if tensor is None else types.MethodType(function, tensor)


AWAITED = """
geqrf hardshrink histogram igamma igamma_ igammac igammac_ istft log_softmax lu lu_solve orgqr ormqr prelu put put_ relu relu_ softmax stft to_dense
to_sparse to_sparse_csr
""".split()
for _name in AWAITED:
    setattr(Value, _name, Awaited(_name))


def method(function):
    """Make a function of a later file a method of Tensor too: `@method` on `softmax` gives `x.softmax(...)`."""
    setattr(Value, function.__name__, function)
    return function


# ---------------------------------------------------------------- ops


TAKES_MORE = 0x04  # in a function's code flags: it has *args


class Op:
    """A function on arrays, with one gradient rule per argument (`vjps`).

    Positional parameters are data, keyword-only ones are settings. Callers may pass either kind both ways.
    """

    def __init__(self, forward, dtypes=None, grad=True, saves=False, view=False, composed=None, small=None):
        self.forward = forward
        self.small = (
            small or forward
        )  # the same for few elements: a ufunc, where `forward` would be a call around it
        self.name = self.__name__ = forward.__name__
        self.dtypes, self.grad, self.saves, self.view = dtypes, grad, saves, view
        self.special = saves or view  # whether more is to be done with a result than to wrap it
        self.composed = composed  # the same result from ops that have second derivatives
        self.rules: dict[str, Rule | None] = {}
        self.plans: dict[
            int, Any
        ] = {}  # filled by autograd: what to keep, per set of arguments with gradients
        function = getattr(forward, "reference", forward)  # of a kernel, the body that is written here
        while hasattr(function, "__wrapped__"):  # under a decorator of somebody's
            function = function.__wrapped__
        # Its code is read directly: inspect.signature for every op would double the time of `import tinytorch`.
        code = function.__code__
        self.__doc__, self.__module__ = function.__doc__, function.__module__
        self.data = list(code.co_varnames[: code.co_argcount])
        settings_end = code.co_argcount + code.co_kwonlyargcount
        self.settings = {
            name: (function.__kwdefaults__ or {}).get(name)
            for name in code.co_varnames[code.co_argcount : settings_end]
        }
        self.variadic = code.co_varnames[settings_end] if code.co_flags & TAKES_MORE else None
        defaults = function.__defaults__ or ()
        self.optional = dict(zip(self.data[len(self.data) - len(defaults) :], defaults))
        self.arity = None if self.variadic else len(self.data)

    @property
    def __signature__(self):
        import inspect

        return inspect.signature(getattr(self.forward, "reference", self.forward))

    def __call__(self, *args, **kwargs):
        if len(args) != self.arity:
            return self.call_otherwise(args, kwargs)
        if kwargs:
            for key in kwargs:
                if key not in self.settings:
                    return self.call_otherwise(args, kwargs)
        elif self.arity <= 2 and isinstance(args[0], Value):
            return local.few(self, *args)
        for a in args:
            if isinstance(a, Value):
                return local.stack[-1](self, args, kwargs)
        if args and type(args[0]) in NO_DATA:
            raise self.wrong_type(args)
        result = self.forward(*args, **kwargs)
        return result[0] if self.saves else result

    def wrong_type(self, args) -> TypeError:
        """For a list, a text or None where a tensor belongs: NumPy would take some of them, and return what is no tensor."""
        return not_a_tensor("tensors" if self.variadic else "input", args[0], called(self))

    def call_otherwise(self, args, kwargs):
        """A call that passes data by name, settings by position, or `out=`."""
        if "out" in kwargs and "out" not in self.settings:
            out = kwargs.pop("out")
            result = self(*args, **kwargs)
            return result if out is None else fill_out(out, result)
        args, kwargs = self.bind(args, kwargs)
        for a in args:
            if isinstance(a, Value):
                return local.stack[-1](self, args, kwargs)
        result = self.forward(*args, **kwargs)
        return result[0] if self.saves else result

    def __get__(self, owner, owner_type=None):
        return self if owner is None else types.MethodType(self, owner)

    def __repr__(self) -> str:
        return f"<op {self.name}{self.__signature__}>"

    def bind(self, args, kwargs):
        """Sort what was passed, by position or by name, into data and settings."""
        if self.variadic:
            return args, kwargs
        settings = dict(zip(self.settings, args[self.arity :]))
        if len(args) > self.arity + len(self.settings):
            raise TypeError(
                f"{self.name}() takes at most {self.arity + len(self.settings)} arguments, got {len(args)}"
            )
        data = dict(zip(self.data, args))
        for key, value in kwargs.items():
            key = self._resolve(key)
            if key in data or key in settings:
                raise TypeError(f"{self.name}() got multiple values for argument '{key}'")
            (data if key in self.data else settings)[key] = value
        missing = [name for name in self.data if name not in data and name not in self.optional]
        if missing:
            raise TypeError(f"{self.name}() missing required argument: '{missing[0]}'")
        return tuple(data.get(name, self.optional.get(name)) for name in self.data), settings

    def _resolve(self, key: str) -> str:
        if key in self.settings or key in self.data:
            return key
        if SPELLINGS.get(key) in self.settings:
            return SPELLINGS[key]
        position = {"input": 0, "self": 0, "other": 1}.get(
            key
        )  # PyTorch's names for the first and second operand
        if position is None or position >= len(self.data):
            raise TypeError(
                f"{self.name}() got an unexpected keyword argument '{key}'; it takes {self.__signature__}"
            )
        return self.data[position]

    def vjps(self, **rules) -> None:
        """Give each data argument its rule: from the gradient of the result to the gradient of that argument."""
        for name, rule in rules.items():
            if name not in self.data and name != self.variadic:
                raise TypeError(
                    f"{self.name}.vjps: there is no data argument '{name}' in {self.__signature__}"
                )
            self.rules[name] = None if rule is None else Rule(self, rule)
        self.plans.clear()


class Rule:
    """A gradient rule and the names of what it asks for: see docs/internals.md."""

    __slots__ = ("function", "needs")

    def __init__(self, op: Op, function):
        self.function = function
        self.needs = function.__code__.co_varnames[1 : function.__code__.co_argcount]  # the first is g
        known = {
            "out",
            "saved",
            "i",
            "shapes",
            *op.data,
            *op.settings,
            *(f"{name}_shape" for name in op.data),
        }
        if op.variadic:
            known.add(op.variadic)
        for name in self.needs:
            if name not in known:
                raise TypeError(
                    f"{op.name}: a rule asks for '{name}', which is neither an argument nor a setting"
                )


SPELLINGS = {"axis": "dim", "keepdims": "keepdim"}  # NumPy's names, which PyTorch takes too
OTHER_NAMES = {*SPELLINGS, "out"}


def spelled(function):
    """A function of several ops that, like an op, takes NumPy's spellings and `out=`."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        if not kwargs or OTHER_NAMES.isdisjoint(kwargs):
            return function(*args, **kwargs)
        kwargs = {SPELLINGS.get(key, key): value for key, value in kwargs.items()}
        out = kwargs.pop("out", None)
        result = function(*args, **kwargs)
        return result if out is None else fill_out(out, result)

    return call


def creator(function):
    """A function that makes a tensor also writes it to `out=`, and takes the words for what has one kind only here: memory in rows, not pinned."""

    @functools.wraps(function)
    def create(*args, out=None, layout=None, pin_memory=False, memory_format=None, **options):
        if layout not in (None, formats.strided):
            raise RuntimeError(
                f"{function.__name__}: layout={layout} is not made directly; make it and call .to_sparse()"
            )
        if out is None:
            return function(*args, **options)
        if options.setdefault("dtype", out.dtype) != out.dtype:
            raise RuntimeError(
                f"{function.__name__}: expected out tensor to have dtype {options['dtype']}, but got {out.dtype} instead"
            )
        return out._fill_with(function(*args, **options))

    return create


def fill_out(out, result):
    """Write results where `out=` says."""
    if isinstance(out, Value):
        return out._fill_with(result)
    return type(result)(*[fill_out(o, r) for o, r in zip(out, result)])


class Shared:
    """What an `@op(saves=True)` kept, when the gradients of all its arguments are best computed at once.

    The first rule that asks computes them all; the others take theirs.
    """

    __slots__ = ("found", "g", "kept")

    def __init__(self, kept=None):
        self.kept, self.g, self.found = kept, None, None

    def gradients(self, g, compute):
        if self.g is not g:
            self.g, self.found = g, compute(self.kept)
        return self.found


def operator(op: Op):
    """The op as a method for Python's `x + y`: the left operand is a Value for sure, so nothing need be sorted out."""
    if op.arity == 1:
        return lambda self: local.few(op, self)

    def infix(self, other):
        try:
            return local.few(op, self, other)
        except (TypeError, AttributeError):
            if isinstance(other, OPERANDS) or type(other) is tuple:
                raise
            return NotImplemented  # a class of the program's own, which may know what to do with a tensor

    return infix


OPERANDS = (Value, np.ndarray, np.generic, int, float, complex, str, list, dict, type(None))


def reflected(op: Op):
    """`y - x` for `x.__rsub__(y)`."""
    return lambda self, other: local.stack[-1](op, (other, self), NOTHING)


NOTHING: dict = {}  # the settings of an operator; nobody writes to it
NO_DATA = {list, tuple, str, dict, set, type(None)}


def op(function=None, **options):
    """Declare an op: `@op`, or `@op(dtypes="promote", grad=False, saves=True, view=True)`."""
    if function is None:
        return lambda f: Op(f, **options)
    return Op(function, **options)


# ---------------------------------------------------------------- interpreters


def evaluate(op: Op, args, kwargs):
    """The bottom interpreter: unwrap, promote dtypes, compute, wrap."""
    arrays = []
    for a in args:
        if isinstance(a, Value):
            wrap = a.wrap
            a = a.array
        arrays.append(a)
    return compute(op, args, kwargs, arrays, wrap)


def compute(op: Op, args, kwargs, arrays, wrap):
    """The op on unwrapped arguments."""
    if op.dtypes is not None and not alike(op, arrays):
        arrays = convert(op, arrays)
    try:
        out = op.forward(*arrays, **kwargs) if kwargs else op.forward(*arrays)
    except np.linalg.LinAlgError:  # a ValueError that ops/linalg.py has a class for
        raise
    except (ValueError, TypeError, IndexError) as error:
        raise explain(op, arrays, kwargs, error) from error
    except MemoryError as error:
        from .cuda.memory import OutOfMemoryError  # here: it is seldom needed

        raise OutOfMemoryError(
            f"{called(op)}: out of memory: {error} (arguments: {describe(arrays, kwargs)})"
        ) from None
    except RuntimeWarning:  # warnings are errors here, but inf and NaN are results, not mistakes
        out = quietly(op.forward, *arrays, **kwargs)
    if type(out) is ndarray:
        out = wrap(out)
        if op.view:
            tie(out, args[0])
        return out
    if isinstance(out, np.generic):
        return wrap(np.asarray(out))
    return finish(op, args, out, wrap)


def alike(op: Op, operands) -> bool:
    """Whether these are arrays of one float dtype and Python's numbers, so that nothing need be converted; a list is a mistake."""
    dtype, same = None, True
    for a in operands:
        if type(a) is float or type(a) is int:
            continue
        if isinstance(a, (list, tuple, str, dict)):
            raise TypeError(
                f"{called(op)}: unsupported operand: a Tensor and a {type(a).__name__} ({a!r:.40}); make it a tensor first"
            )
        if a is None or is_number(a) or isinstance(a, np.generic):
            same = False
        elif dtype is None:
            dtype, same = a.dtype, same and a.dtype.kind == "f"
        elif a.dtype is not dtype:
            same = False
    return same


def quietly(function, *args, **kwargs):
    """Run it without NumPy's warnings of division by zero and the like."""
    with np.errstate(all="ignore"):
        return function(*args, **kwargs)


def finish(op: Op, args, out, wrap):
    """Wrap what is not simply a NumPy array: several results, NumPy's scalars, CuPy's arrays."""
    if op.saves:
        out, saved = out
        if type(out) is tuple:
            return tuple([wrap(as_array(o)) for o in out])
        result = finish_one(op, args, out, wrap)
        if local.grad:
            result._saved = saved  # `record` takes it off again
        return result
    if type(out) is tuple:
        return tuple([finish_one(op, args, o, wrap) for o in out])
    return finish_one(op, args, out, wrap)


def finish_one(op: Op, args, out, wrap):
    result = wrap(as_array(out))
    if op.view:
        tie(result, args[0])
    return result


def tie(view: Value, source: Value) -> None:
    """A view shares its source's memory, so it shares the count of writes to it."""
    if shares_memory(view.array, source.array):
        view._counter = counted(source)
        view._seen = source._counter.writes
        if local.grad:
            view._base = source if source._base is None else source._base


def shares_memory(view, array) -> bool:
    owner = array if array.base is None else array.base
    return view is array or view.base is array or (view.base is not None and view.base is owner)


def as_array(result):
    """NumPy turns 0-dim results into scalars; tensors hold arrays."""
    if isinstance(result, np.generic) or is_number(result):
        return np.asarray(result)
    return result


def convert(op: Op, arrays) -> list:
    """Give all operands the dtype that PyTorch would compute in."""
    arrays = [
        a.item() if isinstance(a, np.generic) else a for a in arrays
    ]  # np.float64(2) is but a number to PyTorch
    target = dtypes.result_np(arrays)
    if op.dtypes == "numbers" and any(getattr(a, "dtype", type(a)) in (bool, np.bool_) for a in arrays):
        raise RuntimeError(
            f"{called(op)}: Subtraction, the `-` operator, with a bool tensor is not supported"
            f" (arguments: {describe(arrays, {})}); to invert a mask use `~` or logical_not()"
        )
    if op.dtypes == "floats" and target.kind in "biu":
        raise NotImplementedError(
            f"{called(op)}: not implemented for integers (arguments: {describe(arrays, {})}); convert them first, x.float()"
        )
    if op.dtypes == "float" and target.kind in "biu":
        target = dtypes.default_np()
    return [a if a is None or is_number(a) else a.astype(target, copy=False) for a in weaken(arrays, target)]


def weaken(arrays, target) -> list:
    """Python numbers become elements of the target dtype: NumPy refuses integers that do not fit, and would widen floats."""
    if target.kind in "iu":
        return [dtypes.wrapped(a, target) if is_number(a) else a for a in arrays]
    return [target.type(a) if is_number(a) and target.kind != "b" else a for a in arrays]


def is_number(value) -> bool:
    return isinstance(value, dtypes._NUMBERS)


def explain(op: Op, arrays, kwargs, error: Exception) -> Exception:
    """An error that names the op, the arguments and the rule, in the class PyTorch would raise."""
    name = called(op)
    shapes = [tuple(a.shape) if hasattr(a, "shape") else a for a in arrays]
    places = {
        str(backend.device_of(a)) for a in arrays if hasattr(a, "dtype") and hasattr(a, "shape") and a.ndim
    }
    if len(places) > 1:
        return RuntimeError(
            f"{name}: expected all tensors on one device, but found {' and '.join(sorted(places))}; move one with .to(...)"
        )
    if isinstance(error, ValueError) and "broadcast" in str(error):
        return RuntimeError(f"{name}: {broadcast_rule([s for s in shapes if isinstance(s, tuple)])}")
    if isinstance(error, np.exceptions.AxisError):
        bound = max(error.ndim or 0, 1)
        return IndexError(
            f"{name}: Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {error.axis})"
        )
    text = str(error) if str(error).startswith(name) else f"{name}: {error}"
    if isinstance(error, IndexError):
        return IndexError(text)
    if isinstance(error, TypeError) and "not supported for the input types" in text:
        return NotImplementedError(
            f"{name}: not implemented for these dtypes (arguments: {describe(arrays, kwargs)})"
        )
    if isinstance(error, TypeError):
        return TypeError(f"{text} (arguments: {describe(arrays, kwargs)})")
    return RuntimeError(f"{text} (arguments: {describe(arrays, kwargs)})")


# Where the functions live that users call, and what lies between those and an op.
FUNCTION_FILES = """
ops nn.functional nn.init nn.utils linalg special fft tensor tensor_methods tensor_inplace tensor_convert tensor_data creation queries sparse
"""
FILES_BETWEEN = "op ops.bfloat16 autograd.engine kernels profiler backend amp"
FUNCTIONS, BETWEEN = (
    tuple(f"{__package__}.{file}." for file in files.split()) for files in (FUNCTION_FILES, FILES_BETWEEN)
)


def asked() -> str:
    """The name of the function or class that the user called, for the first word of an error; "" for an op that was called itself.

    `mse_loss` subtracts, but it is mse_loss that was given the wrong shapes: of the functions that are running, the outermost.
    In a layer it is the function that the layer calls, and the layer itself while it is being made.
    """
    frame: types.FrameType | None = sys._getframe(1)
    name, found = "", False
    while frame is not None:
        module, code = f"{frame.f_globals.get('__name__')}.", frame.f_code
        function = code.co_name.removeprefix("__").removesuffix("__").removesuffix("_op")
        if not module.startswith(f"{__package__}."):
            break
        if module.startswith(BETWEEN) or not function.isidentifier() or function == "call":
            pass
        elif module.startswith(FUNCTIONS):
            name, found = (name if name and function.startswith("_") else function), True
        elif function == "init":
            name = type(frame.f_locals["self"]).__name__
        elif found:
            break
        elif code.co_varnames[:1] == ("self",):
            return type(frame.f_locals["self"]).__name__
        else:
            name = function
        frame = frame.f_back
    return name


def called(op: Op) -> str:
    """The name that the user called the op by, or what it is part of."""
    return asked() or op.name.removesuffix("_op")


def not_a_tensor(argument: str, value, function: str = "") -> TypeError:
    """The error for something else in a tensor's place."""
    return TypeError(
        f"{function or asked()}(): argument '{argument}' must be Tensor, not {type(value).__name__}"
    )


def broadcast_rule(shapes) -> str:
    text = f"shapes {' and '.join(map(str, shapes))} do not broadcast"
    longest = max(map(len, shapes), default=0)
    padded = [(1,) * (longest - len(s)) + s for s in shapes]
    for dim, sizes in enumerate(zip(*padded)):
        different = sorted(set(sizes) - {1})
        if len(different) > 1:
            return f"{text}: sizes {' and '.join(map(str, different))} differ at dimension {dim}, and neither is 1"
    return text


def describe(arrays, kwargs) -> str:
    """Arguments as an error shows them: arrays by dtype and shape."""
    shown = [f"{a.dtype}{list(a.shape)}" if hasattr(a, "dtype") else repr(a) for a in arrays]
    return ", ".join(shown + [f"{key}={value!r}" for key, value in kwargs.items()])


def any_few(op: Op, *args):
    """`x + y` or `exp(x)` by whatever interpreter is on top."""
    return local.stack[-1](op, args, NOTHING)


class Local(threading.local):
    """Per thread: the stack of interpreters (the last one is asked first), the short way it has for one or two operands and no
    settings, and whether gradients are recorded."""

    default = [evaluate]
    default_few = staticmethod(any_few)

    def __init__(self):
        self.stack = list(self.default)
        self.few = self.default_few
        self.grad = True
        self.watch = None  # under a profiler: called as watch(node, pull) for every step of a backward pass


local = Local()
ndarray = np.ndarray


def install(interpreter, few=any_few) -> None:
    """Put an interpreter on every thread's stack for good: what module 02 does with `record`."""
    Local.default.append(interpreter)
    Local.default_few = staticmethod(few)
    local.stack.append(interpreter)
    local.few = few


class interpret:
    """`with interpret(timer):` asks `timer(op, args, kwargs, below)` first; `below` is the interpreter underneath."""

    def __init__(self, interpreter):
        self.interpreter = interpreter

    def __enter__(self):
        below = local.stack[-1]
        local.stack.append(lambda op, args, kwargs: self.interpreter(op, args, kwargs, below))
        self.few, local.few = local.few, any_few
        return self

    def __exit__(self, *error) -> None:
        local.stack.pop()
        local.few = self.few
