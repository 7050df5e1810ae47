"""Layers: torch's weights copied into ours and ours into torch's; outputs, gradients, buffers, keys and repr compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from tests.parity.compare import difference, flat_tensors, make_tensor, plain, quietly
from tests.parity.runs import cotangents
from tests.parity.specs import Spec, f, ints, map_specs, pos, unit, v


@dataclass
class Case:
    """How to make the layer (`nn` is the library's) and what to call it with."""

    make: Callable
    inputs: tuple
    options: dict = field(default_factory=dict)  # keyword arguments of the call
    loose: float = 1.0
    random: bool = False  # in training mode the output is random: only its shape is compared
    wording: bool = True  # compare repr

    def __repr__(self):
        return f"{self.inputs} {self.options}"


CASES: dict[str, Case] = {}


def layer(text: str, *inputs, **flags) -> None:
    """A case from the text that makes the layer; the text is its name. Several inputs may share a text."""
    name = text
    while name in CASES:
        name += "'"
    CASES[name] = Case(lambda nn, torch: eval(text, {"nn": nn, "torch": torch}), inputs, **flags)


def build(library, case: Case):
    return case.make(library.nn, library)


def state_of(module) -> dict:
    return {key: np.array(value.detach().numpy()) for key, value in module.state_dict().items()}


def load(library, module, state: dict) -> None:
    module.load_state_dict({key: library.tensor(value) for key, value in state.items()})


def shuffled(state: dict) -> dict:
    """The same keys and shapes with other numbers: an initial weight of ones would hide a mistake."""
    rng = np.random.default_rng(3)
    out = {}
    for key, value in state.items():
        if value.dtype.kind != "f":
            out[key] = value
        elif "var" in key or "original0" in key:
            out[key] = rng.uniform(0.5, 2, value.shape).astype(value.dtype)
        elif key.endswith(("_u", "_v")):
            out[key] = value
        else:
            out[key] = (rng.standard_normal(value.shape) * 0.5).astype(value.dtype)
    return out


def outcome(library, case: Case, state: dict, train: bool):
    """Output, gradients of inputs and parameters, and the state after two steps, in float64."""
    module = build(library, case)
    load(library, module, state)
    module = module.double()
    module.train(train)
    inputs, leaves = [], []

    def make(spec: Spec):
        x = make_tensor(library, spec, f"module/{len(inputs)}/{len(leaves)}", "float64")
        if spec.grad and x.dtype == library.float64:
            leaves.append(x.requires_grad_())
        return x

    inputs = map_specs(case.inputs, make, library)
    options = map_specs(case.options, make, library)
    module(*inputs, **options)
    out = module(*inputs, **options)
    outs = [o for o in flat_tensors(out) if o.requires_grad]
    if outs:
        library.autograd.backward(outs, cotangents(library, outs, 0.2))
    grads = {"inputs": [x.grad for x in leaves]} | {n: p.grad for n, p in module.named_parameters()}
    return plain(out), plain(grads), plain(dict(module.state_dict()))


def check(torch, ours, case: Case) -> Iterator[str]:
    """What differs between the two libraries' layers."""
    reference = quietly(build, torch, case)
    mine = quietly(build, ours, case)
    if not hasattr(mine, "state_dict") or not hasattr(reference, "state_dict"):
        yield from complaints("making it", plain_error(reference), plain_error(mine))
        return
    yield from complaints("state_dict", plain(shapes(reference)), quietly(lambda: plain(shapes(mine))))
    if case.wording:
        yield from complaints("repr", repr(reference), quietly(repr, mine))
    state = shuffled(state_of(reference))
    for train in (True, False):
        want = quietly(outcome, torch, case, state, train)
        got = quietly(outcome, ours, case, state, train)
        what = "training" if train else "evaluation"
        yield from complaints(what, want, got, case.loose, numbers=not (case.random and train))
    yield from complaints("our state into torch's", True, quietly(accepts, torch, ours, case))


def plain_error(value):
    return value if type(value).__name__ == "Failure" else type(value).__name__


def shapes(module) -> dict:
    return {key: (tuple(value.shape), str(value.dtype)) for key, value in module.state_dict().items()}


def accepts(torch, ours, case: Case) -> bool:
    state = state_of(build(ours, case))
    load(torch, build(torch, case), state)
    return True


def complaints(what: str, want, got, loose: float = 1.0, numbers: bool = True) -> Iterator[str]:
    message = difference(want, got, loose, numbers)
    if message:
        yield f"{what}: {message}"


# --- linear and embedding
layer("nn.Linear(4, 3)", f(2, 4))
layer("nn.Linear(4, 3)", f(2, 5, 4))
layer("nn.Linear(4, 3)", f(4))
layer("nn.Linear(4, 3, bias=False)", f(2, 4))
layer("nn.Linear(4, 3)", f(2, 5))
layer("nn.Linear(in_features=4, out_features=3, bias=True)", f(0, 4))
layer("nn.Bilinear(3, 4, 2)", f(2, 3), f(2, 4))
layer("nn.Bilinear(3, 4, 2, bias=False)", f(2, 3), f(2, 4))
layer("nn.Identity()", f(2, 3))
layer("nn.Identity(54, unused=1)", f(2, 3))
layer("nn.Flatten()", f(2, 3, 4))
layer("nn.Flatten(0, 1)", f(2, 3, 4))
layer("nn.Flatten(start_dim=2)", f(2, 3, 4))
layer("nn.Unflatten(1, (2, 3))", f(2, 6))
layer("nn.Unflatten(dim=1, unflattened_size=(3, -1))", f(2, 6))
layer("nn.Embedding(5, 3)", ints(2, 4, low=0, high=5))
layer("nn.Embedding(5, 3, padding_idx=0)", v([0, 2, 0, 1]))
layer("nn.Embedding(5, 3, padding_idx=-1)", v([4, 2]))
layer("nn.Embedding(5, 3)", v([5]))
layer("nn.Embedding(num_embeddings=5, embedding_dim=3, max_norm=1.0)", v([0, 2]))
layer("nn.Embedding(5, 3, scale_grad_by_freq=True)", v([0, 2, 0, 1]))
layer("nn.EmbeddingBag(5, 3)", v([[0, 1], [2, 2]]))
layer("nn.EmbeddingBag(5, 3, mode='sum')", v([0, 1, 2, 4]), v([0, 2]))
layer("nn.EmbeddingBag(5, 3, mode='mean')", v([0, 1, 2, 4]), v([0, 3]))
layer("nn.EmbeddingBag(5, 3, mode='max')", v([[0, 1], [2, 2]]))
layer("nn.EmbeddingBag(5, 3, mode='sum', padding_idx=1)", v([[0, 1], [2, 2]]))
layer("nn.EmbeddingBag(5, 3, mode='sum')", v([0, 1, 2]), v([0, 1]), options={"per_sample_weights": f(3)})

# --- convolution and pooling
layer("nn.Conv1d(3, 4, 3)", f(2, 3, 7))
layer("nn.Conv1d(3, 4, 3, stride=2, padding=1)", f(3, 7))
layer("nn.Conv1d(4, 4, kernel_size=3, padding='same', groups=2, bias=False)", f(2, 4, 7))
layer("nn.Conv1d(3, 4, 3, padding=2, padding_mode='circular')", f(2, 3, 7))
layer("nn.Conv1d(3, 4, 3, padding=2, dilation=2)", f(2, 3, 9))
layer("nn.Conv2d(3, 4, 3)", f(2, 3, 5, 6))
layer("nn.Conv2d(3, 4, 3, 2, 1)", f(2, 3, 5, 6))
layer("nn.Conv2d(3, 4, kernel_size=(3, 2), stride=(2, 1), padding=(1, 0), bias=False)", f(2, 3, 5, 6))
layer("nn.Conv2d(4, 8, 3, groups=4, dilation=2, padding=2)", f(1, 4, 5, 5))
layer("nn.Conv2d(3, 4, 3, padding=1, padding_mode='reflect')", f(2, 3, 5, 6))
layer("nn.Conv2d(3, 4, 3, padding='same', padding_mode='replicate')", f(2, 3, 5, 6))
layer("nn.Conv2d(3, 4, 3, padding=1, padding_mode='zeros')", f(3, 5, 6))
layer("nn.Conv2d(3, 4, 3)", f(2, 4, 5, 6))
layer("nn.Conv2d(3, 4, 3, groups=2)", f(2, 3, 5, 6))
layer("nn.Conv3d(2, 3, 2)", f(1, 2, 3, 4, 4))
layer("nn.Conv3d(2, 4, (1, 2, 2), stride=(1, 2, 2), padding=(0, 1, 1))", f(1, 2, 3, 4, 4))
layer("nn.ConvTranspose1d(3, 4, 3)", f(2, 3, 5))
layer("nn.ConvTranspose1d(3, 4, 4, stride=2, padding=1, output_padding=1)", f(2, 3, 5))
layer("nn.ConvTranspose2d(3, 4, 2, stride=2)", f(2, 3, 3, 4))
layer("nn.ConvTranspose2d(3, 4, 4, 2, 1, bias=False)", f(2, 3, 3, 4))
layer("nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1)", f(2, 3, 3, 4))
layer("nn.ConvTranspose2d(4, 4, 3, groups=2, dilation=2)", f(1, 4, 3, 4))
layer("nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1)", f(2, 3, 3, 4), options={"output_size": (6, 8)})
layer("nn.MaxPool1d(2)", f(2, 3, 7))
layer("nn.MaxPool1d(3, stride=2, padding=1, ceil_mode=True)", f(2, 3, 7))
layer("nn.MaxPool2d(2)", f(2, 3, 5, 6))
layer("nn.MaxPool2d(2, 2)", f(2, 3, 4, 6))
layer("nn.MaxPool2d(kernel_size=3, stride=2, padding=1)", f(2, 3, 5, 6))
layer("nn.MaxPool2d((3, 2), ceil_mode=True)", f(2, 3, 5, 6))
layer("nn.MaxPool2d(2, return_indices=True)", f(2, 3, 4, 4))
layer("nn.AvgPool1d(2)", f(2, 3, 7))
layer("nn.AvgPool2d(2)", f(2, 3, 5, 6))
layer("nn.AvgPool2d(3, 2, 1, count_include_pad=False)", f(2, 3, 5, 6))
layer("nn.AvgPool2d(kernel_size=(2, 3), stride=1)", f(2, 3, 5, 6))
layer("nn.AdaptiveAvgPool1d(3)", f(2, 3, 7))
layer("nn.AdaptiveAvgPool2d(1)", f(2, 3, 5, 6))
layer("nn.AdaptiveAvgPool2d((1, 1))", f(2, 3, 5, 6))
layer("nn.AdaptiveAvgPool2d((None, 2))", f(2, 3, 5, 6))
layer("nn.AdaptiveMaxPool2d((2, 3))", f(2, 3, 5, 6))
layer("nn.AdaptiveMaxPool1d(2)", f(2, 3, 5))
layer("nn.Upsample(scale_factor=2)", f(1, 2, 3, 4))
layer("nn.Upsample(scale_factor=2, mode='bilinear', align_corners=True)", f(1, 2, 3, 4), loose=4)
layer("nn.Upsample(size=(5, 6), mode='nearest')", f(1, 2, 3, 4))
layer("nn.UpsamplingNearest2d(scale_factor=2)", f(1, 2, 3, 4))
layer("nn.PixelShuffle(2)", f(1, 8, 2, 3))
layer("nn.PixelUnshuffle(2)", f(1, 2, 4, 6))
layer("nn.ReflectionPad2d(1)", f(1, 2, 3, 4))
layer("nn.ReflectionPad2d((1, 2, 0, 1))", f(1, 2, 3, 4))
layer("nn.ReflectionPad1d(2)", f(1, 2, 4))
layer("nn.ReplicationPad2d(2)", f(1, 2, 3, 4))
layer("nn.ZeroPad2d((1, 0, 2, 1))", f(1, 2, 3, 4))
layer("nn.ZeroPad2d(1)", f(1, 2, 3, 4))
layer("nn.ConstantPad2d(1, 3.5)", f(1, 2, 3, 4))
layer("nn.ConstantPad1d((1, 2), 0.5)", f(1, 2, 3))
layer("nn.Fold((4, 5), 2)", f(2, 12, 12))
layer("nn.Unfold(2, stride=2)", f(2, 3, 4, 4))
layer("nn.Unfold(kernel_size=(2, 3), padding=1)", f(1, 2, 4, 4))

# --- norms and dropout
layer("nn.BatchNorm1d(3)", f(5, 3), loose=3)
layer("nn.BatchNorm1d(3)", f(2, 3, 4), loose=3)
layer("nn.BatchNorm1d(3)", f(2, 3, 4, 4))
layer("nn.BatchNorm2d(3)", f(2, 3, 4, 4), loose=3)
layer("nn.BatchNorm2d(3, eps=1e-3, momentum=0.3)", f(2, 3, 4, 4), loose=3)
layer("nn.BatchNorm2d(3, affine=False)", f(2, 3, 4, 4), loose=3)
layer("nn.BatchNorm2d(3, track_running_stats=False)", f(2, 3, 4, 4), loose=3)
layer("nn.BatchNorm2d(3, momentum=None)", f(2, 3, 4, 4), loose=3)
layer("nn.BatchNorm2d(num_features=3)", f(5, 3))
layer("nn.BatchNorm3d(2)", f(2, 2, 3, 2, 2), loose=3)
layer("nn.LayerNorm(4)", f(2, 3, 4), loose=3)
layer("nn.LayerNorm((3, 4), eps=1e-3)", f(2, 3, 4), loose=3)
layer("nn.LayerNorm([4], elementwise_affine=False)", f(2, 3, 4), loose=3)
layer("nn.LayerNorm(4, bias=False)", f(2, 3, 4), loose=3)
layer("nn.RMSNorm(4)", f(2, 3, 4), loose=3)
layer("nn.RMSNorm(4, eps=1e-3, elementwise_affine=False)", f(2, 3, 4), loose=3)
layer("nn.GroupNorm(2, 4)", f(2, 4, 3, 3), loose=3)
layer("nn.GroupNorm(num_groups=1, num_channels=4, eps=1e-3, affine=False)", f(2, 4, 3), loose=3)
layer("nn.InstanceNorm1d(3)", f(2, 3, 5), loose=3)
layer("nn.InstanceNorm1d(3, affine=True)", f(2, 3, 5), loose=3)
layer("nn.InstanceNorm2d(3)", f(2, 3, 4, 4), loose=3)
layer("nn.InstanceNorm2d(3, affine=True, track_running_stats=True)", f(2, 3, 4, 4), loose=3)
layer("nn.LocalResponseNorm(2)", f(2, 4, 3, 3), loose=3)
layer("nn.LocalResponseNorm(size=3, alpha=0.1, beta=0.5, k=2)", f(2, 4, 3), loose=3)
layer("nn.Dropout()", f(3, 4), random=True)
layer("nn.Dropout(p=0.2, inplace=False)", f(3, 4), random=True)
layer("nn.Dropout(0.0)", f(3, 4))
layer("nn.Dropout1d(0.2)", f(2, 3, 4), random=True)
layer("nn.Dropout2d(0.2)", f(2, 3, 4, 4), random=True)
layer("nn.AlphaDropout(0.2)", f(3, 4), random=True)
layer("nn.Dropout(1.5)", f(2))

# --- activations
for text in """
CELU() CELU(alpha=0.5) ELU() ELU(0.5) GELU() GELU(approximate='tanh') GLU() GLU(0) Hardshrink() Hardshrink(0.2) Hardsigmoid()
Hardswish() Hardtanh() Hardtanh(-2,0.5) LeakyReLU() LeakyReLU(0.2) LeakyReLU(negative_slope=0.3) LogSigmoid()
LogSoftmax(dim=1) Mish() PReLU() PReLU(num_parameters=4) PReLU(init=0.1) ReLU() ReLU(inplace=False) ReLU6() SELU() SiLU() Sigmoid() Softmax(dim=-1)
Softmax(1) Softmin(dim=1) Softplus() Softplus(beta=2,threshold=1) Softshrink() Softshrink(0.2) Softsign() Tanh()
Tanhshrink() Threshold(0.1,20)
""".split():
    layer(f"nn.{text}", f(2, 4, 4), loose=2)
layer("nn.Sequential(nn.Identity(), nn.Linear(4, 4), nn.ReLU(inplace=True))", f(2, 4))
layer("nn.Sequential(nn.Linear(4, 4), nn.LeakyReLU(0.2, inplace=True), nn.Linear(4, 1))", f(2, 4))
layer("nn.Softmax2d()", f(1, 3, 2, 2))
layer("nn.RReLU()", f(3, 4), random=True)

# --- losses
LABELS, SIGNS = v([0, 2, 1, 2]), v([1.0, -1.0, 1.0, -1.0]).fixed
layer("nn.L1Loss()", f(3, 4), f(3, 4))
layer("nn.L1Loss(reduction='sum')", f(3, 4), f(3, 4))
layer("nn.MSELoss()", f(3, 4), f(3, 4))
layer("nn.MSELoss(reduction='none')", f(3, 4), f(3, 4))
layer("nn.MSELoss(size_average=False)", f(3, 4), f(3, 4))
layer("nn.CrossEntropyLoss()", f(4, 3), LABELS)
layer("nn.CrossEntropyLoss(weight=torch.tensor([0.5, 1.0, 2.0]))", f(4, 3), LABELS)
layer("nn.CrossEntropyLoss(ignore_index=2, reduction='sum')", f(4, 3), LABELS)
layer("nn.CrossEntropyLoss(label_smoothing=0.1)", f(4, 3), LABELS)
layer("nn.CrossEntropyLoss()", f(4, 3), unit(4, 3))
layer("nn.NLLLoss()", f(4, 3), LABELS)
layer("nn.NLLLoss(ignore_index=0)", f(4, 3), LABELS)
layer("nn.PoissonNLLLoss()", f(4), pos(4))
layer("nn.PoissonNLLLoss(log_input=False, full=True)", pos(4), pos(4).fixed)
layer("nn.GaussianNLLLoss()", f(4), f(4), pos(4))
layer("nn.GaussianNLLLoss(full=True, reduction='sum')", f(4), f(4), pos(4))
layer("nn.KLDivLoss(reduction='batchmean')", f(3, 4), unit(3, 4))
layer("nn.KLDivLoss(reduction='sum', log_target=True)", f(3, 4), f(3, 4))
layer("nn.BCELoss()", unit(4), unit(4))
layer("nn.BCELoss(weight=torch.tensor([1.0, 2.0]), reduction='sum')", unit(3, 2), unit(3, 2).fixed)
layer("nn.BCEWithLogitsLoss()", f(4), unit(4))
layer("nn.BCEWithLogitsLoss(pos_weight=torch.tensor([3.0, 2.0]))", f(3, 2), unit(3, 2))
layer("nn.MarginRankingLoss(margin=0.5)", f(4), f(4), SIGNS)
layer("nn.HingeEmbeddingLoss()", f(4), SIGNS)
layer("nn.HuberLoss(delta=0.5)", f(4), f(4))
layer("nn.SmoothL1Loss(beta=0.5)", f(4), f(4))
layer("nn.SoftMarginLoss()", f(4), SIGNS)
layer("nn.CosineEmbeddingLoss(margin=0.1)", f(4, 3), f(4, 3), SIGNS)
layer("nn.TripletMarginLoss(margin=0.5, p=2)", f(4, 3), f(4, 3), f(4, 3), loose=2)
layer("nn.CTCLoss()", f(6, 2, 4), ints(2, 3, low=1, high=4), v([6, 5]), v([3, 2]))
layer("nn.MultiMarginLoss()", f(4, 3), LABELS)
layer("nn.CosineSimilarity(dim=1)", f(3, 4), f(3, 4))
layer("nn.PairwiseDistance(p=2)", f(3, 4), f(3, 4))
layer("nn.MultiLabelSoftMarginLoss()", f(3, 4), unit(3, 4).fixed)

# --- recurrent
for kind in ("RNN", "LSTM", "GRU"):
    layer(f"nn.{kind}(3, 4)", f(5, 2, 3), loose=3)
    layer(f"nn.{kind}(3, 4, batch_first=True)", f(2, 5, 3), loose=3)
    layer(f"nn.{kind}(3, 4, num_layers=2, bidirectional=True)", f(5, 2, 3), loose=3)
    layer(
        f"nn.{kind}(input_size=3, hidden_size=4, num_layers=2, bias=False, dropout=0.0)", f(5, 2, 3), loose=3
    )
    layer(f"nn.{kind}(3, 4, 2, dropout=0.3)", f(5, 2, 3), random=True, loose=3)
    layer(f"nn.{kind}(3, 4)", f(5, 3), loose=3)
    state = (f(1, 2, 4), f(1, 2, 4)) if kind == "LSTM" else f(1, 2, 4)
    layer(f"nn.{kind}(3, 4)", f(5, 2, 3), state, loose=3)
    layer(f"nn.{kind}(3, 4)", f(5, 2, 5))
    layer(f"nn.{kind}Cell(3, 4)", f(2, 3), loose=3)
    layer(
        f"nn.{kind}Cell(3, 4, bias=False)",
        f(2, 3),
        (f(2, 4), f(2, 4)) if kind == "LSTM" else f(2, 4),
        loose=3,
    )
    layer(f"nn.{kind}Cell(3, 4)", f(3), loose=3)
layer("nn.RNN(3, 4, nonlinearity='relu')", f(5, 2, 3), loose=3)
layer("nn.RNNCell(3, 4, nonlinearity='relu')", f(2, 3), loose=3)
layer("nn.LSTM(3, 4, proj_size=2)", f(5, 2, 3), loose=3)

# --- attention
SKIP = v([[False, False, True], [False, False, False]])
CAUSAL = v([[False, True, True], [False, False, True], [False, False, False]])
layer("nn.MultiheadAttention(4, 2)", f(3, 2, 4), f(5, 2, 4), f(5, 2, 4), loose=3)
layer("nn.MultiheadAttention(4, 2, batch_first=True)", f(2, 3, 4), f(2, 3, 4), f(2, 3, 4), loose=3)
layer("nn.MultiheadAttention(4, 2, bias=False)", f(3, 2, 4), f(3, 2, 4), f(3, 2, 4), loose=3)
layer("nn.MultiheadAttention(4, 2, kdim=3, vdim=5)", f(3, 2, 4), f(6, 2, 3), f(6, 2, 5), loose=3)
layer(
    "nn.MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True)",
    f(3, 2, 4),
    f(3, 2, 4),
    f(3, 2, 4),
    loose=3,
)
layer("nn.MultiheadAttention(4, 2)", f(3, 4), f(3, 4), f(3, 4), loose=3)
for options in (
    {"need_weights": False},
    {"average_attn_weights": False},
    {"key_padding_mask": SKIP},
    {"attn_mask": CAUSAL},
    {"attn_mask": CAUSAL, "key_padding_mask": SKIP, "need_weights": False},
    {"attn_mask": f(3, 3).fixed},
):
    layer("nn.MultiheadAttention(4, 2)", f(3, 2, 4), f(3, 2, 4), f(3, 2, 4), options=options, loose=3)
for options in ("", ", batch_first=True", ", norm_first=True", ", activation='gelu'", ", bias=False"):
    layer(f"nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0{options})", f(3, 2, 4), loose=5)
    layer(f"nn.TransformerDecoderLayer(4, 2, 8, dropout=0.0{options})", f(3, 2, 4), f(3, 2, 4), loose=5)
layer("nn.TransformerEncoderLayer(d_model=4, nhead=2, dim_feedforward=8)", f(3, 2, 4), random=True, loose=5)
layer("nn.TransformerEncoderLayer(4, 2, 8, 0.0)", f(3, 2, 4), options={"src_mask": CAUSAL}, loose=5)
layer("nn.TransformerEncoderLayer(4, 2, 8, 0.0)", f(3, 2, 4), options={"src_key_padding_mask": SKIP}, loose=5)
layer("nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, 0.0), 2)", f(3, 2, 4), loose=5)
layer(
    "nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, 0.0, batch_first=True), 2, norm=nn.LayerNorm(4))",
    f(2, 3, 4),
    options={"mask": CAUSAL},
    loose=5,
)
layer("nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8, 0.0), 2)", f(3, 2, 4), f(5, 2, 4), loose=5)
layer(
    "nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8, 0.0), num_layers=1)",
    f(3, 2, 4),
    f(3, 2, 4),
    options={"tgt_mask": CAUSAL, "memory_key_padding_mask": SKIP},
    loose=5,
)
layer("nn.Transformer(4, 2, 1, 1, 8, dropout=0.0)", f(3, 2, 4), f(3, 2, 4), loose=5)
layer(
    "nn.Transformer(4, 2, 1, 1, 8, 0.0, batch_first=True)",
    f(2, 3, 4),
    f(2, 3, 4),
    options={"tgt_mask": CAUSAL},
    loose=5,
)
layer("nn.Transformer(d_model=4, nhead=3)", f(3, 2, 4), f(3, 2, 4))

# --- containers and parametrizations
layer("nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))", f(2, 4))
layer(
    "nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))",
    f(3, 1, 4, 4),
    loose=3,
)
layer("nn.Sequential()", f(2, 4))
layer("nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.Tanh()), nn.Sequential(nn.Dropout(0.0)))", f(2, 4))
layer("nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))", f(2, 4), loose=2)
layer("nn.utils.parametrizations.weight_norm(nn.Conv1d(3, 4, 3), dim=0)", f(2, 3, 5), loose=2)
layer("nn.utils.parametrizations.weight_norm(nn.Linear(4, 3), name='weight', dim=None)", f(2, 4), loose=2)
layer("nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3))", f(2, 4), loose=10)
layer("nn.utils.parametrizations.spectral_norm(nn.Conv2d(3, 4, 3))", f(1, 3, 4, 4), loose=10)
layer("nn.utils.weight_norm(nn.Linear(4, 3))", f(2, 4), loose=2, wording=False)
layer("nn.utils.spectral_norm(nn.Linear(4, 3))", f(2, 4), loose=10, wording=False)
