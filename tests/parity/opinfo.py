"""PyTorch's own samples: its OpInfo database, which its developers test every operator with, run on both libraries.

`op.sample_inputs` gives the calls that must work, `op.error_inputs` those that must fail.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from tests.parity.compare import Failure, difference, flat_tensors, plain, quietly, silence
from tests.parity.names import CREATION, FUNCTIONAL, FUNCTIONS, FURTHER, LINALG
from tests.parity.runs import forgive, pull_back
from tests.parity.specs import Name

# names that the database does not have, or means something else by: its normal is the in-place method
LEFT_OUT = {"normal", "tensor", "as_tensor", "from_numpy", "rand", "randperm", "tril_indices", "triu_indices"}
LEFT_OUT |= {f"nn.functional.{name}" for name in ("fold", "softmax", "log_softmax", "sigmoid", "tanh")}
ALL = [*FUNCTIONS, *CREATION, *(f"linalg.{n}" for n in LINALG), *(f"nn.functional.{n}" for n in FUNCTIONAL)]
NAMES = [*(name for name in ALL if name not in LEFT_OUT and not name.endswith("Tensor")), *FURTHER]
DTYPES = ("float32", "int64", "uint8", "bool", "float16", "complex64")
# what the samples of these are drawn from is no part of the result
RANDOM = {
    "normal",
    "bernoulli",
    "multinomial",
    "randn",
    "rand_like",
    "randn_like",
    "randint",
    "randint_like",
    "uniform",
}
RANDOM |= {
    "nn.functional.dropout",
    "nn.functional.dropout2d",
    "empty",
    "empty_like",
    "nn.functional.multi_head_attention_forward",
}
LOOSE = {  # factors on the usual tolerances
    "cdist": 50,  # distances of near points cancel
    "linalg.svdvals": 20,
    "linalg.eigh": 20,
    "linalg.qr": 20,
    "linalg.norm": 20,
    "linalg.matrix_norm": 20,
    "linalg.inv": 50,
    "linalg.solve": 50,
    "linalg.det": 20,
    "linalg.slogdet": 20,
    "linalg.cholesky": 20,
    "norm": 20,
    "nn.functional.interpolate": 20,
    "nn.functional.grid_sample": 50,
    "nn.functional.upsample_bilinear": 20,
    "nn.functional.ctc_loss": 5,
    "nn.functional.conv1d": 5,
    "nn.functional.conv2d": 5,
    "nn.functional.conv3d": 5,
    "nn.functional.conv_transpose2d": 5,
    "nn.functional.scaled_dot_product_attention": 5,
}
# equal numbers may come in any order, so only dtypes whose samples have none are held
TIED = {
    "argsort",
    "sort",
    "kthvalue",
    "topk",
    "median",
    "mode",
    "unique",
    "cummax",
    "cummin",
    "argmax",
    "argmin",
}
UNHELD = {  # dtypes in which torch's own result is an accident of its kernels
    "addmm": ("int64", "int32", "uint8"),  # a fractional alpha cut to an integer
    "addmv": ("int64", "int32", "uint8"),
    "baddbmm": ("int64", "int32", "uint8"),
    "arange": ("uint8",),  # negative steps wrap around
    "einsum": ("uint8", "int32"),  # int64 or not, by which letter is summed first
    "linspace": ("int64", "int32", "uint8"),  # steps of a fraction added up in integers
    "logspace": ("int64", "int32", "uint8"),
    "logsumexp": ("complex64",),  # any branch of the logarithm
    "logcumsumexp": ("complex64",),
    "logaddexp": ("complex64",),
    "dist": ("float16",),  # accumulated in float32
    "norm": ("float16",),
    "linalg.norm": ("float16",),
    "linalg.vector_norm": ("float16",),
    "nn.functional.conv_transpose1d": ("float16",),
    "nn.functional.conv_transpose2d": ("float16",),
    "nn.functional.soft_margin_loss": ("float16",),  # overflows where it need not
    "nn.functional.local_response_norm": ("int64",),
    "nn.functional.avg_pool1d": ("int64",),
    "nn.functional.avg_pool2d": ("int64",),
    "nn.functional.interpolate": ("uint8",),  # fixed-point weights for images
    "nn.functional.upsample_bilinear": ("uint8",),
}
MOST = {"float32": 120, "float64": 40}  # samples of one operator and dtype: a few have thousands
OF_OTHERS = 12


@lru_cache
def database() -> dict[str, list]:
    """{name: its OpInfos}; an operator has one for each of its variants."""
    with silence():
        from torch.testing._internal.common_methods_invocations import op_db

    found: dict[str, list] = {name: [] for name in NAMES}
    for info in op_db:
        if info.name in found:
            found[info.name].append(info)
    return found


def ours_of(library, torch, value):
    """A sample's argument as tinytorch has it: tensors with their memory order, dtypes, devices."""
    if isinstance(value, torch.Tensor):
        array = np.array(value.detach().resolve_conj().resolve_neg().numpy(), order="K", copy=True)
        return library.from_numpy(array).requires_grad_(value.requires_grad)
    if isinstance(value, torch.dtype):
        return getattr(library, str(value).split(".")[1])
    if isinstance(value, torch.device):
        return library.device(str(value))
    if isinstance(value, torch.memory_format):
        return getattr(library, str(value).split(".")[1])
    if isinstance(value, torch.Size):
        return library.Size(value)
    if callable(value) and getattr(torch.nn.functional, getattr(value, "__name__", ""), None) is value:
        return getattr(library.nn.functional, value.__name__)
    if isinstance(value, (list, tuple)):
        return type(value)(ours_of(library, torch, item) for item in value)
    if isinstance(value, dict):
        return {key: ours_of(library, torch, item) for key, item in value.items()}
    return value


def call_of(library, info):
    """Our function of that name, behind the same small wrapper that the database may have."""
    if info.name == "meshgrid" and info.variant_test_name == "list_of_tensors":
        return lambda *xs, **options: library.meshgrid(list(xs[0]) if len(xs) == 1 else list(xs), **options)
    if info.name == "meshgrid":
        return lambda xs, *more, **options: library.meshgrid(xs, *more, **options)
    if info.name == "linalg.eigh":
        return lambda a, **options: eigh(library, a, options)
    if info.name == "nn.functional.embedding":
        return lambda weight, index, **options: library.nn.functional.embedding(index, weight, **options)
    if info.name == "where":
        return lambda x, condition, other: library.where(condition, x, other)
    if info.name == "einsum":
        return lambda tensors, equation: library.einsum(equation, tensors)
    if info.name == "ones":
        return lambda size, **options: library.ones(size, **options)
    return Name(info.name).of(library)


def reference_of(torch, info):
    if info.name == "linalg.eigh":
        return lambda a, **options: eigh(torch, a, options)
    return info.op


def eigh(library, a, options):
    """Of a symmetric matrix, with the eigenvectors up to the sign that is free."""
    values, vectors = library.linalg.eigh((a + a.mH) / 2, **options)
    return values, vectors.abs()


def as_arguments(sample):
    return (sample.input, *sample.args), dict(sample.kwargs)


def shown(torch, arguments, kwargs) -> str:
    def text(value):
        if isinstance(value, torch.Tensor):
            return f"{str(value.dtype)[6:]}{list(value.shape)}{'' if value.is_contiguous() else '~'}"
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(map(text, value))}]"
        return repr(value)[:60]

    words = [text(a) for a in arguments] + [f"{k}={text(v)}" for k, v in kwargs.items()]
    return f"({', '.join(words)})"


def leaves_of(value) -> list:
    return [x for x in flat_tensors(value) if x.requires_grad]


def gradients(library, call, arguments, kwargs, process, order: int):
    """Results, and gradients of that order with respect to the leaves, of a call."""
    leaves = leaves_of([list(arguments), kwargs])
    out = call(*arguments, **kwargs)
    out = process(out) if process else out
    outputs = [o for o in flat_tensors(out) if o.requires_grad]
    grads = pull_back(library, outputs, leaves, 0.3, create_graph=order > 1)
    if order > 1:
        grads = pull_back(library, grads, leaves, 1.1, create_graph=False)
    return [plain(g.detach()) for g in grads]


def hold_values(torch, ours, info, dtype: str) -> Iterator[str]:
    for arguments, kwargs, _ in samples(torch, info, dtype, grad=False):
        name = f"{info.name}{shown(torch, arguments, kwargs)}"
        given = quietly(ours_of, ours, torch, [list(arguments), kwargs])
        want = quietly(lambda a, k: plain(reference_of(torch, info)(*a, **k)), arguments, kwargs)
        if isinstance(want, Failure):
            continue
        got = (
            given
            if isinstance(given, Failure)
            else quietly(lambda g: plain(call_of(ours, info)(*g[0], **g[1])), given)
        )
        loose = LOOSE.get(info.name, 1.0) * (4.0 if dtype == "float16" else 1.0)
        message = difference(want, got, loose, numbers=info.name not in RANDOM)
        if message:
            yield f"{name} [value]: {message}"


def hold_methods(torch, ours, info) -> Iterator[str]:
    """The method and the in-place method, where PyTorch has them."""
    for variant in (info.method_variant, info.inplace_variant):
        word = getattr(variant, "__name__", None)
        if word is None or info.name in RANDOM:
            continue
        for arguments, kwargs, _ in samples(torch, info, "float32", grad=False)[:15]:
            given = quietly(ours_of, ours, torch, [list(arguments), kwargs])
            want = quietly(by_method, word, arguments, kwargs)
            if isinstance(want, Failure):
                continue
            got = given if isinstance(given, Failure) else quietly(by_method, word, *given)
            message = difference(want, got, LOOSE.get(info.name, 1.0))
            if message:
                yield f"{word}{shown(torch, arguments, kwargs)} [method]: {message}"


def by_method(name: str, arguments, kwargs):
    x = arguments[0].clone()
    out = getattr(x, name)(*arguments[1:], **kwargs)
    return plain(out), plain(x)


def hold_gradients(torch, ours, info, order: int) -> Iterator[str]:
    for arguments, kwargs, process in samples(torch, info, "float64", grad=True):
        name = f"{info.name}{shown(torch, arguments, kwargs)}"
        want = quietly(gradients, torch, reference_of(torch, info), arguments, kwargs, process, order)
        if isinstance(want, Failure):
            continue
        given = quietly(ours_of, ours, torch, [list(arguments), kwargs])
        got = given
        if not isinstance(given, Failure):
            got = quietly(lambda g, p: gradients(ours, call_of(ours, info), *g, p, order), given, process)
        if order == 2:
            forgive(want, got)
        message = difference(want, got, 10 * LOOSE.get(info.name, 1.0))
        if message:
            yield f"{name} [order {order}]: {message}"


def hold_errors(torch, ours, info) -> Iterator[str]:
    if info.error_inputs_func is None:
        return
    with silence():
        cases = list(info.error_inputs("cpu"))
    for case in cases:
        arguments, kwargs = as_arguments(case.sample_input)
        want = quietly(lambda a, k: plain(reference_of(torch, info)(*a, **k)), arguments, kwargs)
        given = quietly(ours_of, ours, torch, [list(arguments), kwargs])
        if not isinstance(want, Failure) or isinstance(given, Failure):
            continue
        got = quietly(lambda g: plain(call_of(ours, info)(*g[0], **g[1])), given)
        about_types = isinstance(want.error, TypeError) and not isinstance(got, Failure)
        message = None if about_types or "storage" in str(want.error) else difference(want, got)
        if message and "single memory location" not in message:
            yield f"{info.name}{shown(torch, arguments, kwargs)} [error]: {message}"


def samples(torch, info, dtype: str, grad: bool) -> list:
    """The database's samples, as (arguments, keywords, what to do to the result before a gradient)."""
    kind = getattr(torch, dtype)
    if kind not in info.dtypes or (grad and not info.supports_autograd):
        return []
    torch.manual_seed(0)
    chosen: list = []
    with silence():
        drawn = itertools.islice(info.sample_inputs("cpu", kind, requires_grad=grad), 1000)
        drawn = list(drawn)
    for sample in drawn:
        if sample.kwargs.get("dropout_p"):
            continue
        process = sample.output_process_fn_grad if grad else None
        chosen.append((*as_arguments(sample), process))
        if len(chosen) == MOST.get(dtype, OF_OTHERS):
            break
    return chosen


def check(torch, ours, name: str) -> Iterator[str]:
    """Every way in which ours differs from torch on the database's samples of one operator."""
    for info in database()[name]:
        for dtype in ("float32",) if name in TIED else (d for d in DTYPES if d not in UNHELD.get(name, ())):
            yield from hold_values(torch, ours, info, dtype)
        if name not in RANDOM:
            yield from hold_gradients(torch, ours, info, 1)
            if info.supports_gradgrad:
                yield from hold_gradients(torch, ours, info, 2)
        yield from hold_methods(torch, ours, info)
        yield from hold_errors(torch, ours, info)
