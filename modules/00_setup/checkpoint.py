"""The checkpoint of 00_setup: can I measure a model, and get the same numbers twice?"""

import numpy as np

import tinytorch as tt
from tinytorch.utils.arrays import batches, one_hot
from tinytorch.utils.metrics import RunningAverage, confusion_matrix
from tinytorch.utils.numerics import log1pexp, sigmoid
from tito.checking import check, expect, expect_close, expect_equal
from tito.material import digits


def learn(seed, images, labels):
    """Ten yes-or-no models, one per digit, by plain NumPy and the functions of this module."""
    tt.manual_seed(seed)
    w, losses = 0.01 * np.random.normal(size=(images.shape[1], 10)), []
    for _ in range(15):
        seen = RunningAverage()
        for x, t in batches(images, labels, batch_size=50, shuffle=True):
            score, wanted = x @ w, one_hot(t, 10)
            seen.update(np.mean(log1pexp(score) - wanted * score), len(t))
            w = w - 0.05 * x.T @ (sigmoid(score) - wanted) / len(t)
        losses.append(seen.average)
    return w, losses


@check(
    of=["batches", "one_hot", "sigmoid", "log1pexp", "RunningAverage.update", "confusion_matrix"], seconds=30
)
def test_digits_are_told_apart_and_counted():
    """Ten models learn 600 drawn digits in batches: 9 of 10 new ones are named, and two runs from one seed agree to the bit."""
    (images, labels), (unseen, answers) = digits(600, 0), digits(300, 1)
    images, unseen = (np.c_[x.reshape(len(x), -1), np.ones(len(x))] for x in (images, unseen))
    w, losses = learn(3, images, labels)
    expect(
        losses[-1] < 0.7 * losses[0],
        "the loss goes down too little",
        got=f"{losses[0]:.3f} to {losses[-1]:.3f}",
    )
    table = confusion_matrix((unseen @ w).argmax(1), answers, 10)
    expect_close(table.sum(1), np.bincount(answers, minlength=10), "how many there are of each digit")
    right = np.trace(table) / len(answers)
    expect(right > 0.9, "too few new digits are named rightly", expected="over 90%", got=f"{right:.1%}")
    again, same = learn(3, images, labels)
    expect_equal(same, losses, "the losses of a second run from the same seed")
    expect_close(again, w, "the weights of a second run from the same seed", rtol=0, atol=0)
    expect(learn(4, images, labels)[1] != losses, "another seed should give other numbers")
    print(f"{right:.1%} of 300 new digits are named rightly, and twice the same.")
