"""The tables of the other tests, run on a GPU's tensors and held against the same on the CPU. `tests/gpu` runs this where
there is a GPU, `test_ops_on_standin.py` on CuPy's stand-in where there is none.
"""

from __future__ import annotations

import numpy as np

import tinytorch
from tests.gradients.test_op_table import CASES, draw, x
from tests.parity.compare import flat_tensors
from tests.parity.runs import build, cotangents, function_of
from tests.parity.table import by_name
from tinytorch import Tensor, backend


def moved(value):
    """Tensors, and arrays in settings, on the GPU."""
    if isinstance(value, Tensor):
        return value.detach().cuda().requires_grad_(value.requires_grad)
    if isinstance(value, np.ndarray):
        return backend.move(value, backend.device("cuda"))
    if isinstance(value, (list, tuple)):
        return type(value)(map(moved, value)) if type(value) in (list, tuple) else value
    if isinstance(value, dict):
        return {key: moved(v) for key, v in value.items()}
    return value


def results(outputs, leaves):
    """Values and gradients as NumPy's arrays; what is on the wrong device is an error here."""
    outputs = flat_tensors(outputs)
    wanted = [o for o in outputs if o.requires_grad]
    grads = []
    if wanted and leaves:
        weights = [
            w.to(o.device)
            for w, o in zip(cotangents(tinytorch, [o.detach().cpu() for o in wanted], 0.3), wanted)
        ]
        grads = tinytorch.autograd.grad(wanted, leaves, grad_outputs=weights, allow_unused=True)
    return outputs, [g for g in grads if g is not None]


def compare(cpu, gpu) -> None:
    for kind, ours, theirs in zip(("value", "gradient"), gpu, cpu):
        assert len(ours) == len(theirs), f"{len(ours)} {kind}s, not {len(theirs)}"
        for number, (a, b) in enumerate(zip(ours, theirs)):
            assert a.is_cuda or not b.numel(), f"{kind} {number} came back on the CPU"
            assert a.shape == b.shape and a.dtype == b.dtype, (
                f"{kind} {number}: {a.dtype}{a.shape}, not {b.dtype}{b.shape}"
            )
            tolerance = {"float32": 2e-5, "complex64": 2e-5, "float16": 2e-3}.get(b.dtype.name, 1e-9)
            np.testing.assert_allclose(
                a.detach().cpu().numpy(),
                b.detach().numpy(),
                rtol=tolerance,
                atol=tolerance,
                err_msg=f"{kind} {number}",
            )


# ---------------------------------------------------------------- the op table: every op with its gradients, float64

# `transfer` is the way back, and the CTC loss is computed on the CPU and brought back, by the function around its op.
OP_ROWS = [case for case in CASES if case.values[0].name not in ("transfer", "ctc_op")]


def check_row(op, row) -> None:
    function, inputs = draw(op, row)
    cpu = results(function(*inputs), inputs)
    there = type(row)(*map(moved, row.args), before=row.before, after=row.after, **moved(row.settings))
    inputs = tuple(moved(i) for i in inputs)
    with tinytorch.device("cuda"):  # what a row's own functions make stands where its arguments do
        compare(cpu, results(there.function(op, there.args)(*inputs), inputs))


# ---------------------------------------------------------------- the parity table: every function, with its gradients

ENTRIES = by_name()


def check_entry(entry) -> list[str]:
    """What went wrong, sample by sample."""
    wrong = []
    for sample in entry.samples:
        for float_dtype in ("float32", "float64"):
            args, kwargs, leaves = build(
                tinytorch, sample, entry.path, float_dtype, graph=float_dtype == "float64"
            )
            tinytorch.manual_seed(0)
            try:
                cpu = results(function_of(tinytorch, entry)(*args, **kwargs), leaves)
            except Exception:
                continue
            tinytorch.manual_seed(0)
            with tinytorch.device("cuda"):
                args, kwargs, leaves = build(
                    tinytorch, sample, entry.path, float_dtype, graph=float_dtype == "float64"
                )
                try:
                    compare(cpu, results(function_of(tinytorch, entry)(*args, **kwargs), leaves))
                except Exception as error:
                    wrong.append(f"{sample!r} in {float_dtype}: {type(error).__name__}: {error}"[:600])
                    break
    return wrong


__all__ = ["ENTRIES", "OP_ROWS", "check_entry", "check_row", "x"]
