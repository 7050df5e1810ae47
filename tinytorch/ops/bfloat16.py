"""bfloat16: eight bits of mantissa in float32 arrays, for NumPy has no such type.

Such an array is float32 to NumPy; a note on its dtype says what it stands for. An op computes in float32 and rounds its result
once, as processors without bfloat16 arithmetic do it in PyTorch too. What writes into memory directly (an optimizer's step,
`uniform_`) leaves more digits than bfloat16 has. The first bfloat16 tensor of a program puts the interpreter below on
every thread's stack; until then nobody pays for it.
"""

from __future__ import annotations

import numpy as np

from .. import dtypes
from ..dtypes import BFLOAT16, to_bfloat16
from ..op import Local, Value, any_few, local, op


@op
def widen(x):
    """The same numbers as float32."""
    return x.astype(np.float32)


@op
def narrow(x):
    """Rounded to bfloat16."""
    return to_bfloat16(x)


widen.vjps(x=lambda g: narrow(g))
narrow.vjps(x=lambda g: widen(g))


def is_bfloat16(value) -> bool:
    return isinstance(value, Value) and value.array.dtype is BFLOAT16


def compute_wide(op, args, kwargs, below):
    """The interpreter: bfloat16 arguments go in as float32, and what comes out is bfloat16 where PyTorch's rules say so."""
    if op is widen or op is narrow:
        return below(op, args, kwargs)
    if op.name == "cast":
        return cast(args[0], below, **kwargs)
    given = [a for a in args if is_bfloat16(a)]
    if op.view and given:
        return tagged(below(op, args, kwargs))
    out = below(op, tuple(widen(a) if is_bfloat16(a) else a for a in args), kwargs)
    dtype = kwargs.get("dtype")
    if (given and outranks(given, args)) if dtype is None else dtype is BFLOAT16:
        return tuple(map(narrowed, out)) if type(out) is tuple else narrowed(out)
    return out


def cast(x, below, *, dtype):
    from .arithmetic import cast as plain  # here: arithmetic is read after this file

    if dtype is BFLOAT16:
        wide = x if x.array.dtype == np.float32 else below(plain, (x,), {"dtype": np.dtype(np.float32)})
        return narrow(wide)
    x = widen(x) if is_bfloat16(x) else x
    return x if x.array.dtype is dtype else below(plain, (x,), {"dtype": dtype})


def outranks(given, args) -> bool:
    """Whether no other floating-point tensor decides the dtype: of 0-dim ones none does beside one with dimensions."""
    others = [a for a in args if isinstance(a, Value) and a.array.dtype.kind in "fc" and not is_bfloat16(a)]
    return not others or (
        any(a.array.ndim for a in given)
        and not any(a.array.ndim or a.array.dtype.kind == "c" for a in others)
    )


def narrowed(out):
    return narrow(out) if isinstance(out, Value) and out.array.dtype == np.float32 else out


def tagged(out):
    """Views of single elements lose the note on their dtype."""
    for view in out if type(out) is tuple else (out,):
        if view.array.dtype is not BFLOAT16:
            view.array = view.array.view(BFLOAT16)
    return out


def begin() -> None:
    """Put the interpreter where `record` is the one below it, for this thread and those to come."""
    below = Local.default[-1]
    interpreter = lambda op, args, kwargs: compute_wide(op, args, kwargs, below)
    local.stack.insert(len(Local.default), interpreter)
    Local.default.append(interpreter)
    Local.default_few = staticmethod(any_few)
    local.few = any_few


dtypes.before_bfloat16.append(begin)
