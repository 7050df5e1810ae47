"""The checkpoint of 08_normalization: can I train a deep network without choosing its numbers with tweezers?"""

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.nn import functional as F
from tito.checking import array_of, check, expect, expect_close, expect_slopes, tensor
from tito.material import digits, the_long_way


def deep(normalised, width=6, depth=5, scale=0.1, dtype=None, bend=nn.ReLU):
    """Convolutions on convolutions, whose weights start a tenth as large as they should, or at another scale."""
    layers = []
    for n in range(depth):
        convolution = nn.Conv2d(width if n else 1, width, 3, padding=1, bias=False, dtype=dtype)
        with tt.no_grad():
            convolution.weight *= scale
        layers += [convolution, *([nn.BatchNorm2d(width, dtype=dtype)] if normalised else []), bend()]
        layers += [nn.MaxPool2d(2)] if n in (1, 3) else []
    norm = [nn.LayerNorm(9 * width, dtype=dtype)] if normalised else []
    return nn.Sequential(*layers, nn.Flatten(), *norm, nn.Linear(9 * width, 10, dtype=dtype))


@check(of=["batch_norm_op", "batch_norm_backward", "by_running_stats", "layer_norm_backward"], seconds=240)
def test_depth_is_no_danger():
    """Five convolutions with weights ten times too small: with normalization 85 of 100 new digits are named, without it hardly any."""
    (images, labels), (unseen, answers) = digits(600, 0), digits(300, 1)
    tt.manual_seed(0)
    exact, some = deep(True, 2, 4, 1.0, tt.float64, nn.GELU), (tensor(images[:12].astype(float)), labels[:12])
    expect_slopes(lambda: the_long_way(exact(some[0]), some[1]), exact.parameters())
    found = []
    for normalised in (True, False):
        tt.manual_seed(0)
        model = deep(normalised)
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        for _ in range(8 if normalised else 3):
            for x, t in DataLoader(
                TensorDataset(tensor(images), tensor(labels)), batch_size=50, shuffle=True
            ):
                optimizer.zero_grad()
                F.cross_entropy(model(x), t).backward()
                optimizer.step()
        model.eval()
        with tt.no_grad():
            scores = array_of(model(tensor(unseen)))
            alone = np.concatenate([array_of(model(tensor(unseen[i : i + 1]))) for i in range(5)])
        expect_close(
            alone, scores[:5], "the scores of digits that are looked at one by one", rtol=1e-3, atol=1e-4
        )
        found.append(np.mean(scores.argmax(1) == answers))
    expect(found[0] > 0.85, "the deep network does not learn", expected="over 85%", got=f"{found[0]:.1%}")
    expect(
        found[1] < 0.5,
        "without normalization it should not learn",
        expected="below 50%",
        got=f"{found[1]:.1%}",
    )
    print(
        f"{found[0]:.1%} of 300 new digits are named rightly by a deep network; without normalization {found[1]:.1%}."
    )
