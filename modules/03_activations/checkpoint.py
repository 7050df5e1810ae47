"""The checkpoint of 03_activations: can I turn scores into probabilities and say how wrong they are?"""

import numpy as np

import tinytorch as tt
from tinytorch.nn import functional as F
from tinytorch.utils.arrays import batches
from tito.checking import array_of, check, expect, expect_close, expect_slopes, rng, tensor
from tito.material import digits


@check(
    of=["relu_op", "relu_gradient", "gelu_formula", "softmax_op", "log_softmax_op.vjps", "nll_loss"],
    seconds=30,
)
def test_bends_and_losses_learn_digits():
    """relu and gelu, a class and a yes or no from one network: 90 of 100 new digits are named, with probabilities that mean it."""
    (images, labels), (unseen, answers) = digits(600, 0), digits(300, 1)
    rows = images.reshape(len(images), -1).astype(float)
    shapes = (169, 32), (32,), (32, 16), (16,), (16, 11), (11,)
    weights = [tensor(0.15 * rng(i).normal(size=s), requires_grad=True) for i, s in enumerate(shapes)]

    def scores(x):
        h = F.relu(tensor(x) @ weights[0] + weights[1])
        out = F.gelu(h @ weights[2] + weights[3], approximate="tanh") @ weights[4] + weights[5]
        return out[:, :10], out[:, 10]

    def loss_of(x, t):
        """Which digit, and whether it is an even one."""
        which, even = scores(x)
        yes = tensor((t % 2 == 0).astype(float))
        return F.nll_loss(F.log_softmax(which, 1), tensor(t)) + F.binary_cross_entropy_with_logits(even, yes)

    expect_slopes(lambda: loss_of(rows[:20], labels[:20]), weights)
    tt.manual_seed(0)
    for _ in range(20):
        for x, t in batches(rows, labels, batch_size=50, shuffle=True):
            loss_of(x, t).backward()
            with tt.no_grad():
                for w in weights:
                    w -= 0.15 * w.grad
                    w.grad = None
    with tt.no_grad():
        which, even = scores(unseen.reshape(len(unseen), -1).astype(float))
        p = array_of(F.softmax(which, 1))
        off = float(array_of(F.mse_loss(F.softmax(which, 1), tensor(np.eye(10)[answers]))))
    right, fair = np.mean(p.argmax(1) == answers), np.mean((array_of(even) > 0) == (answers % 2 == 0))
    expect(right > 0.9, "too few new digits are named rightly", expected="over 90%", got=f"{right:.1%}")
    expect(fair > 0.9, "too few are told even or odd", expected="over 90%", got=f"{fair:.1%}")
    expect_close(p.sum(1), np.ones(len(p)), "the sums of the probabilities")
    expect(off < 0.04, "the probabilities are far from the truth", expected="below 0.04", got=f"{off:.4f}")
    print(f"{right:.1%} of 300 new digits are named rightly, {fair:.1%} told even or odd.")
