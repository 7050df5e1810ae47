"""The checks of 08_normalization. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.nn import functional as F
from tinytorch.nn.functional.batchnorm import (
    batch_norm_backward,
    batch_norm_forward,
    batch_norm_op,
    by_running_stats,
    move,
)
from tinytorch.nn.functional.norm import layer_norm_backward, layer_norm_forward, normalised
from tito.checking import (
    array_of,
    arrays,
    check,
    expect,
    expect_close,
    expect_equal,
    expect_gradient,
    expect_raises,
    lent,
    numerical_gradient,
    rng,
    tensor,
)

ONE, BATCH, RUNNING, GRADIENT = (
    "Mean 0, variance 1",
    "Over the batch",
    "When there is no batch",
    "Its gradient",
)
LAYER, RMS = "Over the layer", "Without the mean"


def np_normalised(x, axes, eps=1e-5):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def per_channel(values, x):
    return np.asarray(values).reshape(1, -1, *[1] * (x.ndim - 2))


def np_batch_norm(x, weight=None, bias=None, eps=1e-5):
    out = np_normalised(x, (0, *range(2, x.ndim)), eps)
    out = out if weight is None else out * per_channel(weight, x)
    return out if bias is None else out + per_channel(bias, x)


def np_layer_norm(x, weight=None, bias=None, eps=1e-5, dims=1):
    out = np_normalised(x, tuple(range(-dims, 0)), eps)
    out = out if weight is None else out * weight
    return out if bias is None else out + bias


BATCHES = [(5, 3), (4, 3, 6), (2, 3, 4, 5), (3, 2, 2, 1, 4)]

# ---------------------------------------------------------------- the formula


@check(of="normalised", section=ONE)
def test_normalised():
    """0, 0, 4, 4 become -1, -1, 1, 1; over any dims, and a constant row becomes 0."""
    expect_close(
        normalised(tt.tensor([0.0, 0.0, 4.0, 4.0]), (0,), 0.0), [-1, -1, 1, 1], "0, 0, 4, 4", dtype="float32"
    )
    expect_close(normalised(tt.tensor([0.0, 2.0]), (0,), 3.0), [-0.5, 0.5], "0, 2 with eps 3")
    expect_close(normalised(tt.ones(3), (0,), 1e-5), [0, 0, 0], "a constant row")
    (x,) = arrays((2, 3, 4), seed=1)
    for dims in ((0,), (1,), (-1,), (0, 2), (1, 2)):
        expect_close(normalised(tensor(x), dims, 1e-5), np_normalised(x, dims), f"over the dims {dims}")


@check(of="normalised", needs="normalised", section=ONE)
def test_normalised_has_gradients():
    """It is made of ops: a gradient flows, through mean and variance too, and that gradient has one."""
    (x,) = arrays((3, 4), seed=2)
    expect_gradient(lambda t: normalised(t, (1,), 1e-5), x, reference=lambda a: np_normalised(a, 1))
    t = tensor(x, requires_grad=True)
    (first,) = tt.autograd.grad((normalised(t, (1,), 1e-5) ** 3).sum(), t, create_graph=True)
    (second,) = tt.autograd.grad((first * tensor(x)).sum(), t)
    expect(np.abs(array_of(second)).max() > 1e-3, "the second gradient is missing", got=array_of(second))


# ---------------------------------------------------------------- batch norm, forward


@check(of="batch_norm_forward", section=BATCH)
def test_batch_norm_by_hand():
    """Each channel by itself: 0, 0, 4, 4 become -1, -1, 1, 1 with mean 2, variance 4, rstd 0.5."""
    x = np.array([[0.0, 10], [0, 20], [4, 30], [4, 40]])
    out, mean, var, rstd = batch_norm_forward(x, None, None, 0.0)
    expect_close(out[:, 0], [-1, -1, 1, 1], "the first channel")
    expect_close(mean, [2, 25], "the means")
    expect_close(var, [4, 125], "the variances")
    expect_close(rstd, [0.5, 125**-0.5], "one over the deviations")
    out, *_ = batch_norm_forward(x, np.array([3.0, 1]), np.array([10.0, 0]), 0.0)
    expect_close(out[:, 0], [7, 7, 13, 13], "the first channel times 3 plus 10")


@check(of="batch_norm_forward", needs="batch_norm_by_hand", section=BATCH)
def test_batch_norm_of_any_shape():
    """(N, C), (N, C, L), pictures and volumes, with and without weight and bias; x stays as it was."""
    for number, shape in enumerate(BATCHES):
        x, weight, bias = arrays(shape, (shape[1],), (shape[1],), seed=number)
        kept, axes = x.copy(), (0, *range(2, len(shape)))
        for w, b in ((None, None), (weight, None), (None, bias), (weight, bias)):
            name = f"{shape}, {'weight' if w is not None else 'no weight'}, {'bias' if b is not None else 'no bias'}"
            out, mean, var, rstd = batch_norm_forward(x, w, b, 1e-3)
            expect_close(out, np_batch_norm(x, w, b, 1e-3), name, dtype="float64")
            expect_close(mean, x.mean(axes), f"the means, {name}")
            expect_close(var, x.var(axes), f"the variances, {name}")
            expect_close(rstd, 1 / np.sqrt(x.var(axes) + 1e-3), f"rstd, {name}")
        expect_close(x, kept, f"x of {shape} afterwards")


@check(of="batch_norm_forward", needs="batch_norm_of_any_shape", section=BATCH)
def test_batch_norm_keeps_its_digits():
    """Numbers around 10,000 in float32 keep their variance, and the result is float32."""
    x = (10000 + rng(0).normal(size=(64, 2, 8))).astype(np.float32)
    out, _, var, _ = batch_norm_forward(x, None, None, 1e-5)
    exact = x.astype(np.float64)
    expect_close(var, exact.var((0, 2)), "the variances", rtol=1e-2, dtype="float32")
    expect_close(out, np_batch_norm(exact), "the numbers", atol=2e-2, dtype="float32")


# ---------------------------------------------------------------- running statistics


@check(of="move", section=RUNNING)
def test_move():
    """From 0 towards 2 in steps of 0.1: 0.2, 0.38, 0.542, in place."""
    running = lent(np.zeros(2, np.float32))
    mine = running
    for step in (0.2, 0.38, 0.542):
        move(running, np.array([2.0, -2.0], np.float32), 0.1)
        expect_close(mine, [step, -step], f"the running mean at {step}", dtype="float32")
    move(running, np.array([5.0, 7.0], np.float32), 1.0)
    expect_close(mine, [5, 7], "with momentum 1")


@check(of="batch_norm_op", needs=["batch_norm_of_any_shape", "move"], section=RUNNING)
def test_running_statistics():
    """A training batch moves both: the mean by momentum, the variance towards the unbiased one, 5.33 for 0, 0, 4, 4."""
    layer = nn.BatchNorm1d(1)
    layer(tt.tensor([[0.0], [0.0], [4.0], [4.0]]))
    expect_close(layer.running_mean, [0.2], "the running mean after 0, 0, 4, 4")
    expect_close(layer.running_var, [0.9 + 0.1 * 16 / 3], "the running variance after 0, 0, 4, 4")
    (x,) = arrays((3, 2, 4, 5), seed=3)
    mean, var = np.array([1.0, -1.0]), np.array([2.0, 0.5])
    running = tensor(mean.copy()), tensor(var.copy())
    out = F.batch_norm(tensor(x), *running, training=True, momentum=0.25)
    axes = (0, 2, 3)
    expect_close(out, np_batch_norm(x), "the result, which is made with the batch's own")
    expect_close(running[0], 0.75 * mean + 0.25 * x.mean(axes), "the running means, momentum 0.25")
    expect_close(running[1], 0.75 * var + 0.25 * x.var(axes, ddof=1), "the running variances, momentum 0.25")
    expect_close(
        F.batch_norm(tensor(x), None, None, training=True), np_batch_norm(x), "without running statistics"
    )
    single = lent(np.array([1.0])), lent(np.array([1.0]))
    batch_norm_op(tensor(np.array([[3.0]])), None, None, eps=1e-5, running=single, momentum=0.5)
    expect_close(single[0], [2.0], "the running mean after a single number, 3")
    expect_close(single[1], [0.5], "the running variance after a single number")


@check(of="batch_norm_op", needs="running_statistics", section=RUNNING)
def test_batch_norm_in_half_precision():
    """Half precision is computed in float32 and comes back in half, x is left alone."""
    x = (rng(4).normal(size=(64, 2, 100)) * 300).astype(np.float16)
    out = F.batch_norm(tensor(x), None, None, training=True)
    expect_close(
        array_of(out).astype(float),
        np_batch_norm(x.astype(float)),
        "numbers around 300 in half precision",
        atol=5e-3,
    )
    expect_equal(str(array_of(out).dtype), "float16", "the dtype of the result")


@check(of="by_running_stats", section=RUNNING)
def test_evaluation():
    """In eval() the running statistics count: one image's answer does not depend on its neighbours."""
    x, mean, weight, bias = arrays((4, 3, 5), (3,), (3,), (3,), seed=5)
    var = np.array([0.5, 1.0, 4.0])
    plain = (x - mean[:, None]) / np.sqrt(var + 0.1)[:, None]
    for w, b in ((None, None), (weight, None), (None, bias), (weight, bias)):
        answer = plain if w is None else plain * w[:, None]
        answer = answer if b is None else answer + b[:, None]
        out = by_running_stats(
            tensor(x),
            tensor(mean),
            tensor(var),
            w if w is None else tensor(w),
            b if b is None else tensor(b),
            0.1,
        )
        expect_close(
            out,
            answer,
            f"{'weight' if w is not None else 'no weight'}, {'bias' if b is not None else 'no bias'}",
        )
    layer = nn.BatchNorm1d(3).eval()
    layer.running_mean.data[:] = tensor(mean.astype(np.float32))
    together = layer(tensor(x.astype(np.float32)))
    alone = layer(tensor(x[:1].astype(np.float32)))
    expect_close(together[:1], array_of(alone.detach()), "the first image, together with others and alone")
    expect_gradient(
        lambda a, w, b: by_running_stats(a, tensor(mean), tensor(var), w, b, 0.1),
        x, weight, bias,
        reference=lambda a, w, b: (a - mean[:, None]) / np.sqrt(var + 0.1)[:, None] * w[:, None] + b[:, None],
    )  # fmt: skip


@check(of="_BatchNorm._count_batch", needs=["running_statistics", "evaluation"], section=RUNNING)
def test_counting_batches():
    """momentum=None gives the plain average over all training batches; eval() counts and moves nothing."""
    layer = nn.BatchNorm1d(1, momentum=None)
    values = [arrays((6, 1), seed=s)[0] + s for s in range(4)]
    for x in values:
        layer(tensor(x.astype(np.float32)))
    expect_equal(layer.num_batches_tracked.item(), 4, "the number of batches")
    expect_close(layer.running_mean, [np.mean([x.mean() for x in values])], "the running mean", rtol=1e-4)
    expect_close(
        layer.running_var, [np.mean([x.var(ddof=1) for x in values])], "the running variance", rtol=1e-4
    )
    before = array_of(layer.running_mean).copy()
    layer.eval()
    layer(tt.ones(3, 1) * 100)
    expect_equal(layer.num_batches_tracked.item(), 4, "the number of batches after one in eval()")
    expect_close(layer.running_mean, before, "the running mean after a batch in eval()")
    fast = nn.BatchNorm1d(1, momentum=0.5)
    fast(tt.tensor([[2.0], [4.0]]))
    expect_equal(fast.num_batches_tracked.item(), 1, "the number of batches with momentum 0.5")
    expect_close(fast.running_mean, [1.5], "the running mean with momentum 0.5, after a mean of 3")
    expect_close(fast.running_var, [1.5], "the running variance with momentum 0.5, after 2 and 4")
    bare = nn.BatchNorm1d(1, track_running_stats=False)
    expect_close(
        bare(tt.tensor([[2.0], [4.0]])), [[-1], [1]], "a layer without running statistics", rtol=1e-4
    )
    expect_equal(bare.num_batches_tracked, None, "its number of batches")
    expect_equal(bare._count_batch(), 0.1, "its share")
    expect_equal(
        nn.BatchNorm1d(1, momentum=None).eval()._count_batch(), 0.0, "the share in eval(), momentum=None"
    )
    stopped = nn.BatchNorm1d(1, momentum=None)
    stopped.track_running_stats = False
    stopped._count_batch()
    expect_equal(stopped.num_batches_tracked.item(), 0, "the number of batches when tracking is switched off")


# ---------------------------------------------------------------- batch norm, backward


@check(of="batch_norm_backward", needs="batch_norm_by_hand", section=GRADIENT)
def test_batch_norm_gradient_by_hand():
    """For 0, 0, 4, 4 and g = 1, 0, 0, 0: 0.25, -0.25, 0, 0; the weight gets -1, the bias 1."""
    g, x = np.array([[1.0], [0], [0], [0]]), np.array([[0.0], [0], [4], [4]])
    gx, gweight, gbias = batch_norm_backward(g, x, None, np.array([2.0]), np.array([0.5]))
    expect_close(gx, [[0.25], [-0.25], [0], [0]], "the gradient of x")
    expect_close(gweight, [-1], "the gradient of the weight")
    expect_close(gbias, [1], "the gradient of the bias")
    gx, gweight, gbias = batch_norm_backward(g, x, np.array([3.0]), np.array([2.0]), np.array([0.5]))
    expect_close(gx, [[0.75], [-0.75], [0], [0]], "the gradient of x with a weight of 3")
    expect_close((gweight[0], gbias[0]), (-1, 1), "the gradients of weight and bias with a weight of 3")


@check(of="batch_norm_backward", needs="batch_norm_gradient_by_hand", section=GRADIENT)
def test_batch_norm_gradient_of_any_shape():
    """Of x, weight and bias, for every shape, against finite differences; neither g nor x is written to."""
    for number, shape in enumerate(BATCHES):
        x, g, weight, bias = arrays(shape, shape, (shape[1],), (shape[1],), seed=number)
        kept, axes = (g.copy(), x.copy()), (0, *range(2, len(shape)))
        mean, rstd = x.mean(axes), 1 / np.sqrt(x.var(axes) + 1e-5)
        for w in (None, weight):
            name = f"{shape}, {'no weight' if w is None else 'weight'}"
            gx, gweight, gbias = batch_norm_backward(g, x, w, mean, rstd)
            values = [x, np.ones(shape[1]) if w is None else w, bias]
            for k, (part, got) in enumerate(zip(("x", "the weight", "the bias"), (gx, gweight, gbias))):
                expect_close(
                    got,
                    numerical_gradient(np_batch_norm, values, g, k),
                    f"the gradient of {part}, {name}",
                    rtol=1e-4,
                )
        expect_close(g, kept[0], f"g of {shape} afterwards")
        expect_close(x, kept[1], f"x of {shape} afterwards")


@check(
    of="batch_norm_backward",
    needs=["batch_norm_gradient_of_any_shape", "running_statistics"],
    section=GRADIENT,
)
def test_backpropagation_through_batch_norm():
    """Through F.batch_norm the gradients of x, weight and bias agree with finite differences; of float32 they are float32."""
    expect_gradient(
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        *arrays((3, 2, 4), (2,), (2,), seed=6),
        reference=np_batch_norm,
    )
    x = tensor(rng(6).normal(size=(4, 2)).astype(np.float32), requires_grad=True)
    F.batch_norm(x, None, None, training=True).sum().backward()
    expect_close(x.grad, np.zeros((4, 2)), "the gradient of a plain sum", atol=1e-5, dtype="float32")


# ---------------------------------------------------------------- layer norm


@check(of="layer_norm_forward", section=LAYER)
def test_layer_norm_by_hand():
    """Each row by itself: 0, 0, 4, 4 become -1, -1, 1, 1; weight and bias per feature."""
    x = np.array([[0.0, 0, 4, 4], [5, 5, 5, 5]])
    out, mean, rstd = layer_norm_forward(x, None, None, 1e-10, 1)
    expect_close(out, [[-1, -1, 1, 1], [0, 0, 0, 0]], "the rows")
    expect_close(mean, [[2], [5]], "the means")
    expect_close(rstd, [[0.5], [1e5]], "one over the deviations")
    out, *_ = layer_norm_forward(x, np.array([1.0, 2, 3, 4]), np.array([0.0, 0, 0, 1]), 1e-10, 1)
    expect_close(out, [[-1, -2, 3, 5], [0, 0, 0, 1]], "times 1, 2, 3, 4 plus 0, 0, 0, 1")


@check(of="layer_norm_forward", needs="layer_norm_by_hand", section=LAYER)
def test_layer_norm_of_any_shape():
    """Over the last one, two or three axes, with and without weight and bias; x stays as it was."""
    for number, (shape, dims) in enumerate(
        [((5, 4), 1), ((2, 3, 4), 1), ((2, 3, 4), 2), ((2, 3, 2, 4), 3), ((6,), 1), ((0, 3), 1)]
    ):
        x, weight, bias = arrays(shape, shape[-dims:], shape[-dims:], seed=number)
        kept = x.copy()
        for w, b in ((None, None), (weight, None), (None, bias), (weight, bias)):
            name = f"{shape} over {dims}, {'weight' if w is not None else 'no weight'}, {'bias' if b is not None else 'no bias'}"
            out, mean, rstd = layer_norm_forward(x, w, b, 1e-3, dims)
            expect_close(out, np_layer_norm(x, w, b, 1e-3, dims), name, dtype="float64")
            rows = x.reshape(int(np.prod(shape[:-dims])), -1) if x.size else x
            expect_close(mean, rows.mean(1, keepdims=True), f"the means, {name}")
            expect_close(rstd, 1 / np.sqrt(rows.var(1, keepdims=True) + 1e-3), f"rstd, {name}")
        expect_close(x, kept, f"x of {shape} afterwards")
    half = F.layer_norm(tensor((rng(5).normal(size=(3, 200)) * 300).astype(np.float16)), (200,))
    expect_equal(str(array_of(half).dtype), "float16", "the dtype of half precision")
    single = layer_norm_forward(x.astype(np.float32)[:, :2].repeat(2, 0), None, None, 1e-5, 1)
    expect_equal(str(single[0].dtype), "float32", "the dtype of float32")


@check(of="layer_norm_backward", needs="layer_norm_by_hand", section=LAYER)
def test_layer_norm_gradient():
    """Of x, weight and bias, over one, two and three axes; g and x are left alone."""
    gx, gweight, gbias = layer_norm_backward(
        np.array([[1.0, 0, 0, 0]]), np.array([[0.0, 0, 4, 4]]), None, 1, np.array([[2.0]]), np.array([[0.5]])
    )
    expect_close(gx, [[0.25, -0.25, 0, 0]], "the gradient of 0, 0, 4, 4 for g = 1, 0, 0, 0")
    expect_close(gweight, [-1, 0, 0, 0], "the gradient of the weights")
    expect_close(gbias, [1, 0, 0, 0], "the gradient of the biases")
    for number, (shape, dims) in enumerate([((5, 4), 1), ((2, 3, 4), 2), ((2, 3, 2, 2), 3), ((2, 3, 4), 1)]):
        x, g, weight, bias = arrays(shape, shape, shape[-dims:], shape[-dims:], seed=number)
        kept, axes = (g.copy(), x.copy()), tuple(range(-dims, 0))
        mean = x.mean(axes, keepdims=True).reshape(-1, 1)
        rstd = 1 / np.sqrt(x.var(axes) + 1e-5).reshape(-1, 1)
        for w in (None, weight):
            name = f"{shape} over {dims}, {'no weight' if w is None else 'weight'}"
            got = layer_norm_backward(g, x, w, dims, mean, rstd)
            values = [x, np.ones(shape[-dims:]) if w is None else w, bias]
            for k, part in enumerate(("x", "the weight", "the bias")):
                answer = numerical_gradient(
                    lambda a, b, c, dims=dims: np_layer_norm(a, b, c, dims=dims), values, g, k
                )
                expect_close(got[k], answer, f"the gradient of {part}, {name}", rtol=1e-4)
        expect_close(g, kept[0], f"g of {shape} afterwards")
        expect_close(x, kept[1], f"x of {shape} afterwards")


@check(
    of=["layer_norm_forward", "layer_norm_backward"],
    needs=["layer_norm_of_any_shape", "layer_norm_gradient"],
    section=LAYER,
)
def test_layers_made_of_it():
    """nn.LayerNorm and nn.GroupNorm train through your functions: gradients against finite differences."""
    layer = nn.LayerNorm(4)
    expect_close(
        layer(tt.tensor([[0.0, 0, 4, 4]])), [[-1, -1, 1, 1]], "nn.LayerNorm of 0, 0, 4, 4", rtol=1e-4
    )
    expect_gradient(
        lambda x, w, b: F.layer_norm(x, (3, 2), w, b),
        *arrays((4, 3, 2), (3, 2), (3, 2), seed=7),
        reference=lambda x, w, b: np_layer_norm(x, w, b, dims=2),
    )
    expect_gradient(
        lambda x: F.group_norm(x, 2),
        *arrays((2, 4, 3), seed=8),
        reference=lambda x: np_normalised(x.reshape(2, 2, 6), 2).reshape(2, 4, 3),
    )


# ---------------------------------------------------------------- rms norm


@check(of="rms_norm", section=RMS)
def test_rms_norm():
    """3, 4 become 0.849, 1.131: divided by the root of the mean square, 3.536; the mean stays."""
    expect_close(F.rms_norm(tt.tensor([[3.0, 4.0]]), (2,)), [[0.848528, 1.131371]], "3, 4", dtype="float32")
    x, weight = arrays((2, 3, 4), (3, 4), seed=9)

    def reference(a, w=1.0, axes=(1, 2), eps=0.01):
        return a / np.sqrt((a**2).mean(axes, keepdims=True) + eps) * w

    exact = F.rms_norm(tensor(x), (3, 4), eps=0.01)
    expect_close(exact, reference(x), "over two axes, in float64", rtol=1e-12, atol=1e-14, dtype="float64")
    expect_close(F.rms_norm(tensor(x), 4, eps=0.01), reference(x, axes=2), "over one axis")
    expect_close(F.rms_norm(tensor(x), (3, 4), tensor(weight), 0.01), reference(x, weight), "with a weight")
    expect_gradient(lambda a, w: F.rms_norm(a, (3, 4), w, 0.01), x, weight, reference=reference)


@check(of="rms_norm", needs="rms_norm", section=RMS)
def test_rms_norm_at_the_edges():
    """eps is the dtype's own, half precision is computed in float32, and a shape that does not fit is refused."""
    tiny = np.array([[1e-9, -1e-9]])
    expect_close(
        F.rms_norm(tensor(tiny), 2), tiny / np.sqrt(1e-18 + np.finfo(float).eps), "tiny float64", atol=0
    )
    single = tiny.astype(np.float32)
    eps = np.finfo(np.float32).eps
    expect_close(
        F.rms_norm(tensor(single), 2), tiny / np.sqrt(1e-18 + eps), "tiny float32", atol=0, rtol=1e-4
    )
    half = F.rms_norm(tt.tensor([[300.0, 400.0]], dtype=tt.float16), 2)
    expect_close(array_of(half).astype(float), [[0.8485, 1.1314]], "300, 400 in half precision", rtol=1e-3)
    expect_equal(str(array_of(half).dtype), "float16", "its dtype")
    expect_raises(
        RuntimeError,
        lambda: F.rms_norm(tt.zeros(2, 3), 4),
        ["rms_norm", "[*, 4]", "[2, 3]"],
        "features of 4 for (2, 3)",
    )


# ---------------------------------------------------------------- the whole module


def rings(count: int, seed: int):
    """Points in three rings, in units in which nothing is of size 1."""
    generator = rng(seed)
    labels = generator.integers(0, 3, count)
    angle = generator.uniform(0, 2 * np.pi, count)
    x = np.stack([np.cos(angle), np.sin(angle)], 1) * (labels[:, None] + 1) + generator.normal(
        0, 0.1, (count, 2)
    )
    return tensor((1000 + 50 * x).astype(np.float32)), tensor(labels)


@check(
    of=[
        "batch_norm_op",
        "batch_norm_backward",
        "by_running_stats",
        "_BatchNorm._count_batch",
        "layer_norm_backward",
    ],
    needs=["backpropagation_through_batch_norm", "counting_batches", "layers_made_of_it", "evaluation"],
    section="Where it goes next",
    seconds=60,
)
def test_a_deep_network_trains():
    """Twelve layers, careless weights, inputs around 1000: it learns, and names points one by one."""
    tt.manual_seed(0)
    layers = [nn.BatchNorm1d(2), nn.Linear(2, 32)]
    for depth in range(10):
        norm = nn.BatchNorm1d(32) if depth % 2 else nn.LayerNorm(32)
        linear = nn.Linear(32, 32, bias=False)
        nn.init.normal_(linear.weight, std=0.01)
        layers += [norm, nn.ReLU(), linear]
    model = nn.Sequential(*layers, nn.LayerNorm(32), nn.Linear(32, 3))
    x, labels = rings(600, seed=0)
    unseen, answers = rings(200, seed=1)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(30):
        for batch, target in DataLoader(TensorDataset(x, labels), batch_size=100, shuffle=True):
            loss = F.cross_entropy(model(batch), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()
    with tt.no_grad():
        named = np.array([int(model(unseen[i : i + 1]).argmax(1)) for i in range(200)])
    right = int((named == array_of(answers)).sum())
    expect(
        right > 180,
        "the deep network does not learn",
        expected="more than 180 of 200 new points named rightly, one by one",
        got=f"{right} (the last loss is {loss.item():.3f})",
    )
