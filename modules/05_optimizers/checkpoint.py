"""The checkpoint of 05_optimizers: can I train a network quickly and reliably?"""

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.nn import functional as F
from tinytorch.utils.arrays import batches
from tito.checking import array_of, check, expect, expect_slopes, tensor
from tito.material import digits, the_long_way


def perceptron(dtype=None):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(169, 64, dtype=dtype), nn.ReLU(), nn.Linear(64, 10, dtype=dtype)
    )


@check(
    of=["Optimizer.step", "Optimizer.zero_grad", "sgd_step", "SGD.update", "adam_step", "Adam.init_state"],
    seconds=60,
)
def test_every_optimizer_learns_digits():
    """Eight passes over 1,000 drawn digits: with momentum, with Adam and with AdamW 95 of 100 new ones are named, from each of two seeds."""
    (images, labels), (unseen, answers) = digits(1000, 0), digits(300, 1)
    tt.manual_seed(0)
    model, some = perceptron(tt.float64), (tensor(images[:9].astype(float)), labels[:9])
    expect_slopes(lambda: the_long_way(model(some[0]), some[1]), model.parameters())
    found = {}
    for name, make in {
        "momentum": lambda ps: optim.SGD(ps, lr=0.05, momentum=0.9),
        "Adam": lambda ps: optim.Adam(ps, lr=3e-3),
        "AdamW": lambda ps: optim.AdamW(ps, lr=3e-3, weight_decay=0.01),
    }.items():
        for seed in (0, 1):
            tt.manual_seed(seed)
            model = perceptron()
            optimizer = make(model.parameters())
            for _ in range(8):
                for x, t in batches(images, labels, batch_size=50, shuffle=True):
                    optimizer.zero_grad()
                    F.cross_entropy(model(tensor(x)), tensor(t)).backward()
                    optimizer.step()
            with tt.no_grad():
                right = np.mean(array_of(model(tensor(unseen))).argmax(1) == answers)
            expect(right > 0.95, f"{name} names too few new digits", expected="over 95%", got=f"{right:.1%}")
            found[name] = min(right, found.get(name, 1.0))
    print("New digits named rightly:", ", ".join(f"{share:.1%} with {name}" for name, share in found.items()))
