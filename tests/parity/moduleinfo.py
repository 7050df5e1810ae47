"""PyTorch's own module samples: its ModuleInfo database, run on both libraries with the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from tests.parity.compare import Failure, difference, flat_tensors, plain, quietly, silence
from tests.parity.modules import load, state_of
from tests.parity.names import NN
from tests.parity.opinfo import ours_of, shown
from tests.parity.runs import cotangents

MOST = 20  # samples of one layer: a few have hundreds
# layers that the database does not have; its TransformerEncoder is given a layer of torch's
LEFT_OUT = set(
    """
    Module Parameter Buffer Sequential ModuleList ModuleDict ParameterList Identity Flatten Unflatten EmbeddingBag
    Upsample PixelShuffle PixelUnshuffle Fold Unfold Dropout Dropout1d Dropout2d AlphaDropout Hardsigmoid
    TripletMarginLoss CosineSimilarity PairwiseDistance TransformerDecoder TransformerEncoder
    """.split()
)
NAMES = [name for name in NN if name not in LEFT_OUT]
RANDOM = ("Dropout", "RReLU")
LOOSE = 200  # float64 against float64, through layers of sums


@lru_cache
def database() -> dict[str, object]:
    """{class name: its ModuleInfo} for the layers of the API."""
    with silence():
        from torch.testing._internal.common_modules import module_db

    return {info.module_cls.__name__: info for info in module_db if info.module_cls.__name__ in NAMES}


def outcome(library, module, arguments, kwargs):
    """The output, the gradients of inputs and parameters, and the buffers after a step."""
    out = module(*arguments, **kwargs)
    graph = [o for o in flat_tensors(out) if o.requires_grad]
    if graph:
        library.autograd.backward(graph, cotangents(library, graph, 0.2))
    given = [x.grad for x in flat_tensors([list(arguments), kwargs]) if x.requires_grad and x.is_leaf]
    grads = {name: p.grad for name, p in module.named_parameters()}
    return plain(out), plain(given), plain(grads), plain(dict(module.named_buffers()))


def check(torch, ours, name: str) -> Iterator[str]:
    """Every way in which our layer differs on the database's samples, in training and in evaluation."""
    info = database()[name]
    for training in (True, False):
        torch.manual_seed(0)
        with silence():
            samples = info.module_inputs_func(info, "cpu", torch.float64, True, training=training)
        for sample in samples[:MOST]:
            yield from compare(torch, ours, name, sample, training)


def compare(torch, ours, name: str, sample, training: bool) -> Iterator[str]:
    made, called = sample.constructor_input, sample.forward_input
    if called is None:
        return
    label = f"{name}{shown(torch, made.args, made.kwargs)}{shown(torch, called.args, called.kwargs)}"
    with silence():
        reference = info_class(torch, name)(*made.args, **made.kwargs).double().train(training)
    mine = quietly(mirror, ours, torch, name, made, reference, training)
    if isinstance(mine, Failure):
        yield f"{label} [making]: {mine!r}"
        return
    random = training and (any(word in name for word in RANDOM) or has_dropout(reference))
    given = quietly(ours_of, ours, torch, [list(called.args), called.kwargs])
    want = quietly(outcome, torch, reference, *ours_of(torch, torch, [list(called.args), called.kwargs]))
    if isinstance(want, Failure):
        return
    got = given if isinstance(given, Failure) else quietly(outcome, ours, mine, *given)
    message = difference(want, got, LOOSE, numbers=not random)
    if message:
        yield f"{label} [{'training' if training else 'evaluation'}]: {message}"


def info_class(library, name: str):
    return getattr(library.nn, name)


def mirror(ours, torch, name: str, made, reference, training: bool):
    """Our layer made the same way, with torch's weights."""
    arguments, kwargs = ours_of(ours, torch, [list(made.args), made.kwargs])
    module = info_class(ours, name)(*arguments, **kwargs).double().train(training)
    load(ours, module, state_of(reference))
    return module


def has_dropout(module) -> bool:
    rates = [getattr(part, word, 0.0) for part in module.modules() for word in ("p", "dropout")]
    return any(isinstance(rate, float) and rate > 0 for rate in rates)
