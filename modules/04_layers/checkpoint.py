"""The checkpoint of 04_layers: can I train XOR by hand?"""

import numpy as np

import tinytorch as tt
from tinytorch import nn
from tinytorch.nn import functional as F
from tinytorch.utils.arrays import batches
from tito.checking import array_of, check, expect, expect_close, expect_slopes, tensor
from tito.material import digits, the_long_way


def descend(model, loss, rate):
    """A step downhill, by hand."""
    loss.backward()
    with tt.no_grad():
        for p in model.parameters():
            p -= rate * p.grad
            p.grad = None


@check(
    of=["Linear", "Sequential.forward", "Module.__setattr__", "weight_gradient", "kaiming_std"], seconds=30
)
def test_xor_from_every_seed():
    """Five hundred steps by hand, from five seeds: at least four of the five networks answer all four questions of XOR."""
    x = tensor(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32))
    target, solved = tensor(np.array([[0], [1], [1], [0]], np.float32)), 0
    for seed in range(5):
        tt.manual_seed(seed)
        model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
        for _ in range(500):
            descend(model, F.binary_cross_entropy_with_logits(model(x), target), 0.5)
        solved += ((array_of(model(x)) > 0) == (array_of(target) > 0)).all()
    expect(solved >= 4, "XOR is not learned", expected="at least 4 of 5 seeds", got=f"{solved} of 5")
    print(f"XOR is learned from {solved} of 5 seeds.")


@check(of=["Linear", "Module._named_members", "dropout_forward", "Module.train"], seconds=30)
def test_layers_learn_digits():
    """Three layers with dropout: the gradients of all six parameters are right, and 85 of 100 new digits are named."""
    (images, labels), (unseen, answers) = digits(600, 0), digits(300, 1)
    tt.manual_seed(0)
    layers = [nn.Flatten(), nn.Linear(169, 48), nn.ReLU(), nn.Dropout(0.2), nn.Linear(48, 24), nn.GELU()]
    model = nn.Sequential(*layers, nn.Linear(24, 10))
    exact = nn.Sequential(nn.Flatten(), *(nn.Linear(a, b, dtype=tt.float64) for a, b in ((169, 9), (9, 10))))
    first, some = tensor(images[:9].astype(float)), labels[:9]
    expect_slopes(lambda: the_long_way(exact(first), some), exact.parameters())
    for _ in range(15):
        for x, t in batches(images, labels, batch_size=50, shuffle=True):
            descend(model, F.cross_entropy(model(tensor(x)), tensor(t)), 0.1)
    model.eval()
    with tt.no_grad():
        once, twice = (array_of(model(tensor(unseen))) for _ in range(2))
    expect_close(twice, once, "the scores of a second look (eval() switches dropout off)", rtol=0, atol=0)
    right = np.mean(once.argmax(1) == answers)
    expect(right > 0.85, "too few new digits are named rightly", expected="over 85%", got=f"{right:.1%}")
    print(f"{right:.1%} of 300 new digits are named rightly.")
