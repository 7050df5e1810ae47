"""The checkpoint of 01_tensor: can I compute with whole arrays, in any shape?"""

import numpy as np

import tinytorch as tt
from tinytorch.utils.arrays import batches, one_hot
from tinytorch.utils.metrics import accuracy
from tito.checking import array_of, check, expect, expect_close, rng, tensor
from tito.material import digits


def standardised(images, mean, spread):
    """Images as rows, each place with mean 0 and spread 1, and a 1 at the end."""
    rows = (tt.flatten(images, 1) - mean) / spread
    return tt.cat([rows, tt.ones(rows.shape[0], 1, dtype=rows.dtype)], 1)


@check(of=["mean", "var_op", "sub_op", "matmul", "logsumexp_op", "flatten"], seconds=30)
def test_digits_are_told_apart_by_whole_arrays():
    """Without a loop over examples or places, a softmax regression learns 600 drawn digits: 90 of 100 new ones are named."""
    (images, labels), (unseen, answers) = digits(600, 0), digits(300, 1)
    everything = tt.flatten(tensor(images.astype(float)), 1)
    mean, spread = everything.mean(0, keepdim=True), everything.var(0, keepdim=True).sqrt()
    expect_close(spread, array_of(everything).std(0, ddof=1, keepdims=True), "the spread of each place")
    w = tt.zeros(170, 10, dtype=tt.float64)
    tt.manual_seed(0)
    for _ in range(15):
        for x, t in batches(images.astype(float), labels, batch_size=50, shuffle=True):
            x = standardised(tensor(x), mean, spread)
            score = tt.matmul(x, w)
            p = (score - tt.logsumexp(score, 1, keepdim=True)).exp()
            w = w - tt.matmul(x.t(), p - tensor(one_hot(t, 10))) * (0.1 / len(t))
    expect_close(p.sum(1), np.ones(len(t)), "the sums of the probabilities")
    scores = tt.matmul(standardised(tensor(unseen.astype(float)), mean, spread), w)
    right = accuracy(array_of(scores), answers)
    expect(right > 0.9, "too few new digits are named rightly", expected="over 90%", got=f"{right:.1%}")
    stacks = rng(2).normal(size=(2, 3, 4, 5)), rng(3).normal(size=(3, 5, 6))
    expect_close(tt.matmul(*map(tensor, stacks)), stacks[0] @ stacks[1], "a product of stacks of matrices")
    print(f"{right:.1%} of 300 new digits are named rightly, by array operations alone.")
