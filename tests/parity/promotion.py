"""Type promotion: every dtype with every dtype, as tensors, as zero-dim tensors and as Python numbers."""

from __future__ import annotations

from collections.abc import Iterator

from tests.parity.compare import Failure, difference, plain, quietly

DTYPES = "float16 float32 float64 int8 int16 int32 int64 uint8 bool complex64 complex128".split()
NUMBERS = {"True": True, "2": 2, "1.5": 1.5, "-3": -3, "2j": 2j}

OPERATIONS = {
    "add": lambda T, x, y: x + y,
    "sub": lambda T, x, y: x - y,
    "mul": lambda T, x, y: x * y,
    "div": lambda T, x, y: x / y,
    "floor_divide": lambda T, x, y: x // y,
    "remainder": lambda T, x, y: x % y,
    "pow": lambda T, x, y: x**y,
    "lt": lambda T, x, y: x < y,
    "eq": lambda T, x, y: x == y,
    "maximum": lambda T, x, y: T.maximum(x, y),
    "fmod": lambda T, x, y: T.fmod(x, y),
    "atan2": lambda T, x, y: T.atan2(x, y),
    "where": lambda T, x, y: T.where(T.tensor([True, False]), x, y),
    "and": lambda T, x, y: x & y,
    "clamp min": lambda T, x, y: T.clamp(x, min=y),
    "cat": lambda T, x, y: T.cat([x.reshape(-1), y.reshape(-1)]),
    "stack": lambda T, x, y: T.stack([x.reshape(-1)[:1], y.reshape(-1)[:1]]),
    "add_": lambda T, x, y: x.clone().add_(y),
    "mul_": lambda T, x, y: x.clone().mul_(y),
    "div_": lambda T, x, y: x.clone().div_(y),
    "copy_": lambda T, x, y: x.clone().copy_(y),
    "setitem": lambda T, x, y: assigned(x, y),
    "addcmul": lambda T, x, y: T.addcmul(x, y, y),
    "lerp": lambda T, x, y: T.lerp(x, y, 0.5),
    "matmul": lambda T, x, y: x.reshape(1, -1) @ y.reshape(-1, 1),
    "logical_and": lambda T, x, y: T.logical_and(x, y),
    "result_type": lambda T, x, y: T.result_type(x, y),
}
# where torch's refusal is a rule that programs meet; elsewhere it is a kernel that nobody wrote
REFUSES = {"add_", "mul_", "div_", "sub", "matmul"}
TENSORS_ONLY = {
    "cat",
    "stack",
    "masked_fill",
    "addcmul",
    "lerp",
    "matmul",
    "copy_",
    "maximum",
    "atan2",
    "logical_and",
}


def assigned(x, y):
    x = x.clone()
    x[...] = y
    return x


def operands(T, dtype: str):
    """(name, tensor) of each kind a dtype is met in."""
    yield dtype, T.tensor([1, 3]).to(getattr(T, dtype))
    yield f"{dtype} zero-dim", T.tensor(2).to(getattr(T, dtype))


def table_row(T, operation: str, dtype: str) -> dict:
    """The results of the operation with `dtype` on the left and everything on the right, and numbers on the left."""
    call, out = OPERATIONS[operation], {}
    for left, x in operands(T, dtype):
        for other in DTYPES:
            for right, y in operands(T, other):
                out[f"{left}, {right}"] = quietly(lambda x=x, y=y: plain(call(T, x, y)))
        for name, number in NUMBERS.items():
            if operation not in TENSORS_ONLY:
                out[f"{left}, {name}"] = quietly(lambda x=x, number=number: plain(call(T, x, number)))
                if not operation.endswith("_") and operation not in (
                    "setitem",
                    "clamp min",
                    "fmod",
                    "result_type",
                ):
                    out[f"{name}, {left}"] = quietly(lambda x=x, number=number: plain(call(T, number, x)))
    return out


def check(torch, ours, case: tuple[str, str]) -> Iterator[str]:
    want, got = quietly(table_row, torch, *case), quietly(table_row, ours, *case)
    if isinstance(got, Failure):
        yield repr(got)
        return
    for pair, value in want.items():
        if isinstance(value, Failure) and (
            case[0] not in REFUSES or "not implemented for" in str(value.error) or "Half" in str(value.error)
        ):
            continue
        message = None if value == "torch.complex32" else difference(value, got[pair], loose=10)
        if message:
            yield f"{pair}: {message}"


CASES = {f"{operation} {dtype}": (operation, dtype) for operation in OPERATIONS for dtype in DTYPES}
