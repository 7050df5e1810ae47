"""The checkpoint of 02_autograd: can I differentiate any program I write?"""

import numpy as np

import tinytorch as tt
from tinytorch.utils.arrays import batches
from tinytorch.utils.metrics import accuracy
from tito.checking import array_of, check, expect, expect_close, expect_slopes, rng, tensor
from tito.material import digits


def network(x, w1, b1, w2, b2):
    """A hidden layer of tanh, and a score for each digit."""
    return tt.tanh(x @ w1 + b1) @ w2 + b2


def loss_of(score, labels):
    """How surprised the scores are of the labels: log(sum(exp(score))) minus the label's score, on average."""
    return (tt.logsumexp(score, 1) - score[tt.arange(len(labels)), tensor(labels)]).mean()


@check(of=["send", "unbroadcast", "ops.matmul_op.vjps", "ops.tanh.vjps", "kept"], seconds=30)
def test_a_network_without_layers_learns_digits():
    """Weights, tanh and your engine: all gradients are right, and 90 of 100 new digits are named."""
    (images, labels), (unseen, answers) = digits(600, 0), digits(300, 1)
    rows = images.reshape(len(images), -1).astype(float)
    shapes = (169, 24), (24,), (24, 10), (10,)
    weights = [tensor(0.1 * rng(i).normal(size=s), requires_grad=True) for i, s in enumerate(shapes)]
    expect_slopes(lambda: loss_of(network(tensor(rows[:20]), *weights), labels[:20]), weights)
    tt.manual_seed(0)
    for _ in range(12):
        for x, t in batches(rows, labels, batch_size=50, shuffle=True):
            loss_of(network(tensor(x), *weights), t).backward()
            with tt.no_grad():
                for w in weights:
                    w -= 0.5 * w.grad
                    w.grad = None
    with tt.no_grad():
        score = network(tensor(unseen.reshape(len(unseen), -1).astype(float)), *weights)
    right = accuracy(array_of(score), answers)
    expect(right > 0.9, "too few new digits are named rightly", expected="over 90%", got=f"{right:.1%}")
    print(f"{right:.1%} of 300 new digits are named rightly by a network whose gradients are yours.")


@check(of=["ops.mul.vjps", "kept", "slope"], seconds=30)
def test_a_gradient_of_a_gradient_finds_the_bottom():
    """Newton's method, through a program with a loop and a branch: slope over curvature, and six steps reach the bottom."""

    def program(x):
        y = 0 * x
        for k in range(4):
            away = x - k
            y = y + (away * tt.tanh(away) if k % 2 else 0.5 * away * away)
        return y

    x = tensor(np.array(0.3), requires_grad=True)
    for _ in range(6):
        (first,) = tt.autograd.grad(program(x), x, create_graph=True)
        (second,) = tt.autograd.grad(first, x)
        x = tensor(array_of(x) - array_of(first) / array_of(second), requires_grad=True)
    at, eps = float(array_of(x)), 1e-5
    beside = [float(array_of(program(tensor(np.array(at + d))))) for d in (-eps, eps)]
    expect_close((beside[1] - beside[0]) / (2 * eps), 0.0, "the slope where Newton's method ends", atol=1e-6)
