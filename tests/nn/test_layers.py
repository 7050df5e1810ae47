"""The module classes of activations, losses, dropout, linear and shape layers: repr, state_dict and results as PyTorch's."""

import warnings

import numpy as np
import pytest

import tinytorch
from tests.parity.compare import difference, plain

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

X = np.linspace(-4, 4, 24, dtype=np.float32).reshape(2, 3, 4)
ACTIVATIONS = [
    "ReLU()", "ReLU(True)", "ReLU6()", "LeakyReLU(0.2, inplace=True)", "LeakyReLU()", "PReLU()", "PReLU(3, 0.1)", "RReLU()",
    "RReLU(0.1, 0.2, True)", "Threshold(0.1, 20)", "Threshold(0.1, 20, True)", "Hardtanh(-2, 2)", "Hardtanh(inplace=True)",
    "Hardsigmoid()", "Hardsigmoid(True)", "Hardswish()", "Hardshrink()", "Softshrink(0.2)", "Sigmoid()", "LogSigmoid()", "Tanh()",
    "Tanhshrink()", "Softsign()", "Softplus(2, 10)", "Softplus()", "ELU(0.5)", "ELU(inplace=True)", "CELU(0.5)", "SELU()",
    "SELU(True)", "GELU()", "GELU('tanh')", "SiLU()", "SiLU(inplace=True)", "Mish()", "GLU()", "GLU(dim=2)", "Softmax(dim=1)",
    "LogSoftmax(-1)", "Softmin(0)", "Softmax2d()", "Flatten()", "Flatten(0, 1)", "Unflatten(2, (2, 2))", "Identity(3, a=4)",
    "Dropout(0.2)", "Dropout1d()", "Dropout2d(0.1, True)", "Dropout3d()", "AlphaDropout(0.1)", "FeatureAlphaDropout()",
]  # fmt: skip


def build(library, text: str):
    return eval(f"nn.{text}", {"nn": library.nn, "T": library})


@pytest.mark.filterwarnings("ignore:dropout")  # of the number of dims
@pytest.mark.parametrize("text", ACTIVATIONS)
def test_activation(text):
    """In evaluation, from a fresh tensor (some overwrite it)."""
    found = []
    for library in (torch, tinytorch):
        layer = build(library, text).eval()
        state = {name: plain(value) for name, value in layer.state_dict().items()}
        found.append([repr(layer), state, plain(layer(library.tensor(X)).detach())])
    assert difference(*found) is None


LOSSES = {
    "MSELoss()": "xx", "L1Loss(reduction='sum')": "xx", "SmoothL1Loss(beta=0.5)": "xx", "HuberLoss(delta=0.5)": "xx",
    "PoissonNLLLoss(full=True)": "xp", "GaussianNLLLoss()": "xxp", "KLDivLoss(reduction='batchmean')": "xp",
    "KLDivLoss(reduction='sum', log_target=True)": "xx", "CrossEntropyLoss(label_smoothing=0.1)": "xy", "CrossEntropyLoss(T.ones(4))": "xy",
    "NLLLoss(ignore_index=1)": "xy", "BCELoss()": "pp", "BCEWithLogitsLoss(pos_weight=T.ones(4))": "xp", "MultiLabelSoftMarginLoss()": "xp",
    "MultiLabelMarginLoss()": "xl", "MultiMarginLoss(margin=0.5)": "xy", "SoftMarginLoss()": "xs", "HingeEmbeddingLoss(0.5)": "xs",
    "MarginRankingLoss(0.1)": "xxs", "CosineEmbeddingLoss(0.1)": "xxt", "TripletMarginLoss(2.0, p=1)": "xxx",
    "TripletMarginWithDistanceLoss(swap=True)": "xxx", "CosineSimilarity(dim=0)": "xx", "PairwiseDistance(1)": "xx",
}  # fmt: skip


@pytest.mark.parametrize("text", LOSSES)
def test_loss(text):
    rng = np.random.default_rng(0)
    make = {
        "x": lambda: rng.standard_normal((5, 4)).astype(np.float32), "p": lambda: rng.random((5, 4)).astype(np.float32),
        "y": lambda: rng.integers(0, 4, 5), "s": lambda: np.sign(rng.standard_normal((5, 4))).astype(np.float32),
        "t": lambda: np.array([1.0, -1, 1, 1, -1], np.float32), "l": lambda: np.tile([2, 0, -1, 1], (5, 1)),
    }  # fmt: skip
    arrays, found = [make[kind]() for kind in LOSSES[text]], []
    for library in (torch, tinytorch):
        loss = build(library, text)
        found.append([repr(loss), list(loss.state_dict()), plain(loss(*[library.tensor(a) for a in arrays]))])
    assert difference(*found) is None


def test_ctc_loss():
    x, found = np.log(np.full((4, 2, 3), 1 / 3, np.float32)), []
    for library in (torch, tinytorch):
        loss = library.nn.CTCLoss(blank=2, zero_infinity=True)
        found.append(
            [repr(loss), plain(loss(library.tensor(x), library.tensor([[0, 1], [1, 1]]), (4, 4), (2, 2)))]
        )
    assert difference(*found) is None


@pytest.mark.parametrize(
    "text",
    [
        "Linear(3, 5)",
        "Linear(3, 5, bias=False)",
        "Linear(3, 5, dtype=T.float64)",
        "Bilinear(3, 4, 5)",
        "Bilinear(3, 4, 5, False)",
    ],
)
def test_linear(text):
    """With PyTorch's weights, PyTorch's results; with their own, numbers from the same range."""
    theirs, ours = build(torch, text), build(tinytorch, text)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    bound = 1 / np.sqrt(3)
    for name, value in ours.state_dict().items():
        values = value.numpy()
        assert values.shape == tuple(theirs.state_dict()[name].shape)
        assert values.std() > 0.2 * bound
        assert np.abs(values).max() <= bound
    ours.load_state_dict({k: tinytorch.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    dtype = "float64" if "float64" in text else "float32"
    inputs = [X[:, :, :3].astype(dtype), X.astype(dtype)][: 2 if "Bi" in text else 1]
    results = [layer(*[T.tensor(x) for x in inputs]) for layer, T in ((theirs, torch), (ours, tinytorch))]
    assert difference(*map(plain, results)) is None


def test_training_switches_dropout():
    layer = tinytorch.nn.Dropout(0.5)
    x = tinytorch.ones(1000)
    assert (layer(x) == 0).sum() > 300
    assert layer.eval()(x) is x


def test_refusals():
    nn = tinytorch.nn
    with pytest.raises(ValueError, match="between 0 and 1, but got 2"):
        nn.Dropout(2)
    with pytest.raises(ValueError, match="in1_features must be > 0"):
        nn.Bilinear(0, 1, 2)
    with pytest.raises(
        TypeError, match="unflattened_size must be tuple of ints, but found element of type float at pos 1"
    ):
        nn.Unflatten(1, (2, 2.0))
    with pytest.raises(TypeError, match="delta must be a float or int"):
        nn.HuberLoss(delta="1")
    with pytest.raises(ValueError, match="expected margin to be greater than 0"):
        nn.TripletMarginLoss(-1)
    with pytest.raises(ValueError, match="only p == 1 and p == 2 supported"):
        nn.MultiMarginLoss(p=3)
    with pytest.raises(AssertionError, match="must be greater than"):
        nn.Hardtanh(1, 0)
    with pytest.raises(ValueError, match="expected input to be 3D or 4D"):
        nn.Softmax2d()(tinytorch.ones(2, 2))


def test_warnings():
    with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated"):
        assert tinytorch.nn.MSELoss(size_average=False).reduction == "sum"
    with pytest.warns(FutureWarning, match="`min_value` is deprecated and renamed to `min_val`"):
        assert tinytorch.nn.Hardtanh(min_value=-3).min_val == -3
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmax") as caught:
        tinytorch.nn.Softmax()(tinytorch.ones(2, 2))
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tinytorch.nn.LogSoftmax(1)(tinytorch.ones(2, 2))


@pytest.mark.parametrize(
    "layer,shape,text",
    [
        (
            tinytorch.nn.Conv2d(3, 4, 3),
            (2, 5, 8, 8),
            r"conv2d: .*\[4, 3, 3, 3\].*\[2, 5, 8, 8\] to have 3 channels",
        ),
        (
            tinytorch.nn.ConvTranspose1d(3, 4, 3),
            (2, 5, 8),
            r"conv_transpose1d: .*\[2, 5, 8\] to have 3 channels",
        ),
        (
            tinytorch.nn.BatchNorm2d(4),
            (2, 3, 8, 8),
            r"batch_norm: running_mean should contain 3 .* not 4.*\[2, 3, 8, 8\]",
        ),
        (tinytorch.nn.GroupNorm(2, 4), (2, 6, 3), r"group_norm: Expected weight .*\[4\].*\[2, 6, 3\]"),
        (
            tinytorch.nn.ReflectionPad1d(4),
            (1, 2, 3),
            r"pad: Padding size .*\(4, 4\) at dimension 2 of size 3",
        ),
    ],
)
def test_a_shape_that_does_not_fit_is_told_with_the_op(layer, shape, text):
    with pytest.raises(RuntimeError, match=text):
        layer(tinytorch.zeros(*shape))


def test_the_older_name_of_a_loss_for_pictures():
    scores, classes = tinytorch.log_softmax(tinytorch.rand(2, 3, 4, 4), 1), tinytorch.randint(3, (2, 4, 4))
    assert tinytorch.equal(tinytorch.nn.NLLLoss2d()(scores, classes), tinytorch.nn.NLLLoss()(scores, classes))
