"""The checkpoint of 06_spatial: can I train a network that sees?"""

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.nn import functional as F
from tinytorch.utils.arrays import batches
from tito.checking import array_of, check, expect, expect_slopes, tensor
from tito.material import digits, the_long_way


def network(*layers):
    return nn.Sequential(*layers, nn.Flatten())


@check(
    of=["conv_forward", "conv_backward_weight", "conv_backward_input", "max_pool_backward", "spread_windows"],
    seconds=240,
)
def test_it_sees_a_digit_wherever_it_stands():
    """Digits anywhere in the picture: convolutions and pooling name 85 of 100 new ones, more than a network without them."""
    (images, labels), (unseen, answers) = (digits(1000, seed, stray=3, noise=0.1) for seed in (0, 1))
    tt.manual_seed(0)
    exact = network(
        nn.Conv2d(1, 3, 3, padding=1, dtype=tt.float64), nn.GELU(), nn.MaxPool2d(2),
        nn.Conv2d(3, 4, 3, stride=2, dtype=tt.float64), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4, 10, dtype=tt.float64),
    )  # fmt: skip
    some = tensor(images[:9].astype(float)), labels[:9]
    expect_slopes(lambda: the_long_way(exact(some[0]), some[1]), exact.parameters())
    tt.manual_seed(0)
    sees = network(
        nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(216, 10),
    )  # fmt: skip
    looks = network(nn.Flatten(), nn.Linear(169, 32), nn.ReLU(), nn.Linear(32, 10))
    found = []
    for model in (sees, looks):
        optimizer = optim.Adam(model.parameters(), lr=5e-3)
        for _ in range(8):
            for x, t in batches(images, labels, batch_size=50, shuffle=True):
                optimizer.zero_grad()
                F.cross_entropy(model(tensor(x)), tensor(t)).backward()
                optimizer.step()
        with tt.no_grad():
            found.append(np.mean(array_of(model(tensor(unseen))).argmax(1) == answers))
    expect(
        found[0] > 0.85, "too few new digits are named rightly", expected="over 85%", got=f"{found[0]:.1%}"
    )
    expect(
        found[0] > found[1] + 0.1, "convolutions should help", got=f"{found[0]:.1%}, without {found[1]:.1%}"
    )
    print(
        f"{found[0]:.1%} of 1,000 new digits are named rightly, wherever they stand; without convolutions {found[1]:.1%}."
    )
