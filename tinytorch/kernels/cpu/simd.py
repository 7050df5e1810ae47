"""Vector instructions from Python: functions that, instead of computing, write the instructions of a compiled function.

    @instructions
    def axpy(e, x, y, count):                       # e writes; x and y are addresses, count a number
        two = e.constant(2.0)
        with e.loop(count) as i:
            at = e.times(i, e.width)
            e.store(e.fma(two, e.load(x, at), e.load(y, at)), y, at)

`axpy(x.ctypes.data, y.ctypes.data, n)` inside a compiled function is then a loop of WIDTH floats at a time. A Python loop
around such calls is unrolled, since it is over when the program starts to run: that is how a kernel gets 27 accumulators.
"""

from __future__ import annotations

import inspect
import os
from contextlib import contextmanager

from llvmlite import binding, ir
from numba import carray, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

# ---------------------------------------------------------------- what the processor has


def vector_width() -> int:
    """How many floats one register holds: 16 with AVX-512, 8 with AVX2, 4 with NEON; 1 means plain loops."""
    forced = os.environ.get("TINYTORCH_SIMD")
    if forced is not None:
        if forced not in ("1", "4", "8", "16"):
            raise ValueError(
                f"TINYTORCH_SIMD: {forced!r} is none of '1', '4', '8', '16' floats in a register"
            )
        return int(forced)
    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        return 16
    if features.get("avx2") and features.get("fma"):
        return 8
    return 4 if features.get("neon") or binding.get_process_triple().startswith(("aarch64", "arm64")) else 1


WIDTH = vector_width()
REGISTERS = 32 if WIDTH in (4, 16) else 16

ROOT_HALF_BITS = 0x3F3504F3  # the bits of the root of 1/2 as a float
FLOAT, INT, LANE, BYTE = ir.FloatType(), ir.IntType(64), ir.IntType(32), ir.IntType(8)


def number(n) -> ir.Value:
    """A Python int as an operand; an operand stays what it is."""
    return ir.Constant(INT, n) if isinstance(n, int) else n


# ---------------------------------------------------------------- writing instructions


class Emitter:
    """Writes into the function being compiled. Addresses are integers, offsets and strides count floats."""

    def __init__(self, builder, width: int = WIDTH):
        self.builder, self.width = builder, width
        self.vector = FLOAT if width == 1 else ir.VectorType(FLOAT, width)

    # ------------------------------------------------------------ numbers

    def plus(self, a, b):
        return self.builder.add(number(a), number(b))

    def minus(self, a, b):
        return self.builder.sub(number(a), number(b))

    def times(self, a, b):
        return self.builder.mul(number(a), number(b))

    def divided(self, a, b):
        """a // b of numbers that are not negative."""
        return self.builder.udiv(number(a), number(b))

    def address(self, base, offset):
        """The address of the float at that offset."""
        return self.plus(base, self.times(offset, 4))

    def rest(self, a, b):
        """a % b of numbers that are not negative."""
        return self.builder.urem(number(a), number(b))

    def once_around(self, n, size):
        """n % size of an n below twice the size."""
        left = self.minus(n, size)
        return self.builder.select(self.builder.icmp_signed("<", left, number(0)), number(n), left)

    def least(self, a, b):
        a, b = number(a), number(b)
        return self.builder.select(self.builder.icmp_signed("<", a, b), a, b)

    @contextmanager
    def loop(self, count):
        with cgutils.for_range(self.builder, number(count)) as loop:
            yield loop.index

    @contextmanager
    def when(self, a, b):
        """What is written inside runs where the two numbers are equal."""
        with self.builder.if_then(self.builder.icmp_signed("==", number(a), number(b))):
            yield

    @contextmanager
    def unless(self, a, b):
        """What is written inside runs where the two numbers differ."""
        with self.builder.if_then(self.builder.icmp_signed("!=", number(a), number(b))):
            yield

    def for_vectors(self, count, write, moved=None) -> None:
        """`write(offset, mask)` for each vector of a row of `count` elements; the mask is None where a vector is whole. `moved(lanes)`
        follows on each that another one may follow on."""
        whole = self.divided(count, self.width)
        with self.loop(whole) as i:
            write(self.times(i, self.width), None)
            if moved is not None:
                moved(self.width)
        done = self.times(whole, self.width)
        with self.unless(done, count):
            write(done, self.mask(self.minus(count, done)))

    def for_lines(self, count, target, large, write, moved=None) -> None:
        """`for_vectors` for what writes to `target`: `write` gets a third argument, the method to store a vector with. Where the target
        is `large`, whole vectors begin where its lines do, and are stored past the cache.

        A line that is to be overwritten would be read first, and what is larger than the cache is read again from memory in any case.
        """
        with self.when(large, 0):
            self.for_vectors(count, lambda at, mask: write(at, mask, self.store_part), moved)
        with self.unless(large, 0):
            size = self.width * 4
            head = self.divided(self.minus(size, self.rest(target, size)), 4)
            head = self.least(self.rest(head, self.width), count)
            write(number(0), self.mask(head), self.store_part)
            if moved is not None:
                moved(head)

            def store(at, mask):
                write(self.plus(head, at), mask, self.store_past if mask is None else self.store_part)

            self.for_vectors(self.minus(count, head), store, moved)
            self.builder.fence("seq_cst")  # what another thread reads is there

    def variable(self, value):
        """A place for a value that changes in a loop: `get`, `set`. The compiler keeps it in a register."""
        return Variable(self.builder, value)

    # ------------------------------------------------------------ vectors

    def constant(self, value: float):
        """The same number in every lane."""
        value = float(value)
        return ir.Constant(self.vector, value if self.width == 1 else [value] * self.width)

    def zero(self):
        return self.constant(0.0)

    def load(self, base, offset=0):
        """`width` floats from memory."""
        return self._load(None, self.address(base, offset), self.vector, 4)

    def store(self, value, base, offset=0) -> None:
        self._store(None, value, self.address(base, offset), 4)

    def load_number(self, base, offset=0):
        """An int64 from memory; the offset counts such numbers."""
        place = self.plus(base, self.times(offset, 8))
        return self.builder.load(self.builder.inttoptr(place, INT.as_pointer()))

    def spread(self, base, offset=0):
        """One float from memory in every lane."""
        one = self.builder.load(self.builder.inttoptr(self.address(base, offset), FLOAT.as_pointer()))
        return one if self.width == 1 else self._in_every_lane(one)

    def mask(self, lanes):
        """The first `lanes` of the lanes, for `load_part` and `store_part`."""
        lanes = self.builder.trunc(number(lanes), LANE)
        if self.width == 1:
            return self.builder.icmp_signed(">", lanes, ir.Constant(LANE, 0))
        places = ir.Constant(ir.VectorType(LANE, self.width), list(range(self.width)))
        return self.builder.icmp_signed("<", places, self._in_every_lane(lanes))

    def load_part(self, mask, base, offset=0):
        """The floats under the mask, zero elsewhere: memory that is not the array's is not touched. Without a mask, all."""
        return self._load(mask, self.address(base, offset), self.vector, 4)

    def store_part(self, mask, value, base, offset=0) -> None:
        self._store(mask, value, self.address(base, offset), 4)

    def store_past(self, mask, value, base, offset=0) -> None:
        """Past the cache, to an address that is a multiple of a vector's size; the mask is None."""
        pointer = self.builder.inttoptr(self.address(base, offset), self.vector.as_pointer())
        stored = self.builder.store(value, pointer)
        stored.align = self.width * 4
        stored.set_metadata("nontemporal", self.builder.module.add_metadata([ir.Constant(LANE, 1)]))

    def store_first(self, value, base, offset=0) -> None:
        """The first lane alone."""
        one = value if self.width == 1 else self.builder.extract_element(value, ir.Constant(LANE, 0))
        self._store(None, one, self.address(base, offset), 4)

    def add(self, x, y):
        return self.builder.fadd(x, y)

    def sub(self, x, y):
        return self.builder.fsub(x, y)

    def mul(self, x, y):
        return self.builder.fmul(x, y)

    def div(self, x, y):
        return self.builder.fdiv(x, y)

    def max(self, x, y):
        """The larger of the two; y where either is NaN."""
        return self.builder.select(self.builder.fcmp_ordered(">", x, y), x, y)

    def min(self, x, y):
        """The smaller of the two; y where either is NaN."""
        return self.builder.select(self.builder.fcmp_ordered("<", x, y), x, y)

    def below(self, x, y):
        """A mask of where x is less than y."""
        return self.builder.fcmp_ordered("<", x, y)

    def at_most(self, x, y):
        """A mask of where x is no more than y."""
        return self.builder.fcmp_ordered("<=", x, y)

    def equal(self, x, y):
        """A mask of where x is y."""
        return self.builder.fcmp_ordered("==", x, y)

    def nearest(self, x):
        """The nearest integers, as floats."""
        return self._call("rint", self._name(), self.vector, [x])

    def power_of_two(self, n):
        """2**n for whole numbers n, as floats, from -126 to 127: written straight into the exponent's bits."""
        lanes, same = self._integers()
        bits = self.builder.shl(self.builder.add(self.builder.fptosi(n, lanes), same(127)), same(23))
        return self.builder.bitcast(bits, self.vector)

    def exponent(self, x):
        """The n, as floats, and the f from 0.7 to 1.4 that make x = f * 2**n, for normal numbers above 0."""
        lanes, same = self._integers()
        bits = self.builder.bitcast(x, lanes)
        shifted = self.builder.sub(
            bits, same(ROOT_HALF_BITS)
        )  # an f from the root of 1/2 on counts as 1.0 does
        n = self.builder.ashr(shifted, same(23))
        f = self.builder.bitcast(self.builder.sub(bits, self.builder.shl(n, same(23))), self.vector)
        return self.builder.sitofp(n, self.vector), f

    def over_lanes(self, combine, x):
        """What `combine` makes of all lanes of x, two at a time, in every lane."""
        step = self.width // 2
        while step:
            order = [lane ^ step for lane in range(self.width)]
            other = ir.Constant(ir.VectorType(LANE, self.width), order)
            x = combine(x, self.builder.shuffle_vector(x, x, other))
            step //= 2
        return x

    def fma(self, x, y, z):
        """x * y + z, rounded once. Without vectors it may be a product and a sum: not every processor has it."""
        return self._call("fmuladd" if self.width == 1 else "fma", self._name(), self.vector, [x, y, z])

    def wins(self, x, y):
        """A mask of where x is larger than y, or NaN."""
        larger, nan = self.builder.fcmp_ordered(">", x, y), self.builder.fcmp_unordered("uno", x, x)
        return self.builder.or_(larger, nan)

    def choose(self, mask, x, y):
        """x under the mask, y elsewhere. Without a mask, x."""
        return x if mask is None else self.builder.select(mask, x, y)

    # ------------------------------------------------------------ small numbers, a byte for each lane

    def byte(self, value: int):
        """The same byte in every lane."""
        return ir.Constant(self._bytes(), value if self.width == 1 else [value] * self.width)

    def load_bytes(self, mask, base, offset=0):
        return self._load(mask, self.plus(base, offset), self._bytes(), 1)

    def store_bytes(self, mask, value, base, offset=0) -> None:
        self._store(mask, value, self.plus(base, offset), 1)

    def same(self, x, y):
        """A mask of where two vectors of bytes agree."""
        return self.builder.icmp_unsigned("==", x, y)

    # ------------------------------------------------------------ below

    def _integers(self):
        """The type of 32-bit integers in all lanes, and what makes a constant of it."""
        lanes = LANE if self.width == 1 else ir.VectorType(LANE, self.width)
        return lanes, lambda value: ir.Constant(lanes, value if self.width == 1 else [value] * self.width)

    def _name(self) -> str:
        return "f32" if self.width == 1 else f"v{self.width}f32"

    def _bytes(self):
        return BYTE if self.width == 1 else ir.VectorType(BYTE, self.width)

    def _load(self, mask, address, kind, align: int):
        pointer = self.builder.inttoptr(address, kind.as_pointer())
        nothing = ir.Constant(kind, None)
        if mask is None:
            loaded = self.builder.load(pointer)
            loaded.align = align
            return loaded
        if self.width > 1:
            arguments = [pointer, ir.Constant(LANE, align), mask, nothing]
            return self._call("masked.load", self._masked_name(kind), kind, arguments)
        outside = self.builder.block
        with self.builder.if_then(mask):
            value, inside = self._load(None, address, kind, align), self.builder.block
        result = self.builder.phi(kind)
        result.add_incoming(value, inside)
        result.add_incoming(nothing, outside)
        return result

    def _store(self, mask, value, address, align: int) -> None:
        pointer = self.builder.inttoptr(address, value.type.as_pointer())
        if mask is None:
            self.builder.store(value, pointer).align = align
        elif self.width > 1:
            arguments = [value, pointer, ir.Constant(LANE, align), mask]
            self._call("masked.store", self._masked_name(value.type), ir.VoidType(), arguments)
        else:
            with self.builder.if_then(mask):
                self._store(None, value, address, align)

    def _masked_name(self, kind) -> str:
        return f"v{self.width}{'f32' if kind == self.vector else 'i8'}.p0"

    def transpose(self, rows):
        """Vectors as the rows of a square; its columns. Each step swaps what lies 1, 2, 4, ... off the diagonal."""
        step = 1
        while step < self.width:
            for i in range(self.width):
                if not i & step:
                    rows[i], rows[i + step] = self._swap(rows[i], rows[i + step], step)
            step *= 2
        return rows

    def _swap(self, upper, lower, step: int):
        lanes, kind = range(self.width), ir.VectorType(LANE, self.width)
        first = [self.width + lane - step if lane & step else lane for lane in lanes]
        second = [self.width + lane if lane & step else lane + step for lane in lanes]
        return tuple(
            self.builder.shuffle_vector(upper, lower, ir.Constant(kind, order)) for order in (first, second)
        )

    def _in_every_lane(self, value):
        kind = ir.VectorType(value.type, self.width)
        nothing, first = ir.Constant(kind, ir.Undefined), ir.Constant(LANE, 0)
        order = ir.Constant(ir.VectorType(LANE, self.width), [0] * self.width)
        return self.builder.shuffle_vector(self.builder.insert_element(nothing, value, first), nothing, order)

    def _call(self, name: str, suffix: str, result, arguments):
        kind = ir.FunctionType(result, [a.type for a in arguments])
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.{name}.{suffix}")
        return self.builder.call(function, arguments)


class Variable:
    """A value that changes."""

    def __init__(self, builder, value):
        self.builder = builder
        self.place = cgutils.alloca_once_value(builder, number(value))

    def get(self):
        return self.builder.load(self.place)

    def set(self, value) -> None:
        self.builder.store(value, self.place)


def instructions(write, width: int = WIDTH):
    """Make `write(e, a, b, ...)` a function of integers for compiled code: calling it puts there what it writes."""
    names = list(inspect.signature(write).parameters)[1:]

    def typed(context, *args):
        def emit(target, builder, signature, operands):
            write(Emitter(builder, width), *operands)
            return target.get_dummy_value()

        return types.void(*[types.int64] * len(names)), emit

    return with_parameters(typed, write.__name__, ["context", *names])


def with_parameters(typed, name: str, parameters):
    """An intrinsic with these parameters: Numba asks for a signature rather than for `*args`."""
    kinds = [inspect.Parameter(p, inspect.Parameter.POSITIONAL_ONLY) for p in parameters]
    vars(typed)["__signature__"] = inspect.Signature(kinds)
    typed.__name__ = name
    return intrinsic(typed)


def caller(count: int):
    """`call(address, a, b, ...)` for compiled code: calls the machine code there with `count` integers."""

    def typed(context, *args):
        def emit(target, builder, signature, operands):
            kind = ir.FunctionType(ir.VoidType(), [INT] * count).as_pointer()
            builder.call(builder.inttoptr(operands[0], kind), operands[1:])
            return target.get_dummy_value()

        return types.void(*[types.int64] * (count + 1)), emit

    return with_parameters(typed, "call", ["context", "address", *[f"a{i}" for i in range(count)]])


# ---------------------------------------------------------------- arrays from addresses


@intrinsic
def pointer(context, address):
    """An address as one of floats."""

    def emit(target, builder, signature, operands):
        return builder.inttoptr(operands[0], FLOAT.as_pointer())

    return types.CPointer(types.float32)(types.int64), emit


@njit(forceinline=True)
def floats_at(address, count):
    """The floats at an address as an array."""
    return carray(pointer(address), (count,))


@intrinsic
def load_number(context, address):
    """The int64 at an address."""

    def emit(target, builder, signature, operands):
        return Emitter(builder).load_number(operands[0])

    return types.int64(types.int64), emit


# ---------------------------------------------------------------- numbers too small to be quick
#
# A float below 1.2e-38 is "subnormal", and a processor handles it in microcode: elementwise work on them was measured 36
# times slower, a matrix product 125 times. Inside a kernel they count as zero.

X86_FLUSH = 0x8040  # MXCSR: flush results to zero (bit 15), read operands as zero (bit 6)
ARM_FLUSH = 1 << 24  # FPCR: the same


def _x86(builder, name: str, place) -> None:
    kind = ir.FunctionType(ir.VoidType(), [BYTE.as_pointer()])
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.sse.{name}")
    builder.call(function, [builder.bitcast(place, BYTE.as_pointer())])


@intrinsic
def flush_subnormals(context):
    """From here on this thread takes subnormal numbers for zero; returns what `restore` wants."""

    def emit(target, builder, signature, args):
        triple = binding.get_process_triple()
        if triple.startswith(("x86_64", "i686")):
            place = cgutils.alloca_once(builder, LANE)
            _x86(builder, "stmxcsr", place)
            before = builder.load(place)
            builder.store(builder.or_(before, ir.Constant(LANE, X86_FLUSH)), place)
            _x86(builder, "ldmxcsr", place)
            return builder.zext(before, INT)
        if triple.startswith(("aarch64", "arm64")):
            before = builder.asm(ir.FunctionType(INT, []), "mrs $0, fpcr", "=r", [], True)
            _set_fpcr(builder, builder.or_(before, number(ARM_FLUSH)))
            return before
        return number(0)

    return types.int64(), emit


@intrinsic
def restore(context, before):
    """What `flush_subnormals` changed, as it was."""

    def emit(target, builder, signature, args):
        triple = binding.get_process_triple()
        if triple.startswith(("x86_64", "i686")):
            place = cgutils.alloca_once_value(builder, builder.trunc(args[0], LANE))
            _x86(builder, "ldmxcsr", place)
        elif triple.startswith(("aarch64", "arm64")):
            _set_fpcr(builder, args[0])
        return target.get_dummy_value()

    return types.void(types.int64), emit


def _set_fpcr(builder, value) -> None:
    builder.asm(ir.FunctionType(ir.VoidType(), [INT]), "msr fpcr, $0", "r", [value], True)
