"""The checkpoint of 13_kernels: can I make the slow op fast, and prove that it is still the same op?"""

import time

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.backend import kernels
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.nn import functional as F
from tito.checking import array_of, check, expect, expect_close, rng, tensor
from tito.material import digits, expect_sound_gradients


def train(which, data):
    """Ten steps of a network of convolutions, norms and a softmax, with one kind of bodies."""
    with kernels(which):
        tt.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(288, 64),
            nn.LayerNorm(64), nn.GELU(), nn.Linear(64, 10),
        )  # fmt: skip
        optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        losses = []
        for x, t in DataLoader(data, batch_size=64, drop_last=True):
            p = F.softmax(model(x), 1)
            loss = F.nll_loss(p.log(), t) + 0.1 * (p * p).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses, array_of(model[0].weight)


@check(of=["along_rows", "softmax_rows", "multiply_rows", "sum_rows"], seconds=240)
def test_the_same_training_twice():
    """Ten steps on digits with NumPy's bodies and ten with the compiled ones: the same losses and filters; your softmax is timed."""
    expect_sound_gradients()
    data = TensorDataset(*map(tensor, digits(640, 0)))
    (slow, weight), (fast, compiled) = train("reference", data), train("numba", data)
    expect(slow[-1] < slow[0], "the loss should go down", got=slow)
    expect_close(fast, slow, "the losses with compiled bodies", rtol=1e-3)
    expect_close(compiled, weight, "the filters after 10 steps", rtol=1e-2, atol=1e-4)
    x, seconds = tensor(rng(1).normal(size=(4096, 512)).astype(np.float32)), {}
    for which in ("reference", "numba"):
        with kernels(which), tt.no_grad():
            F.softmax(x, 1)
            times = []
            for _ in range(5):
                start = time.perf_counter()
                F.softmax(x, 1)
                times.append(time.perf_counter() - start)
            seconds[which] = min(times)
    ratio = seconds["reference"] / seconds["numba"]
    print(f"The same training either way; your softmax takes 1/{ratio:.1f} of NumPy's time on 4096 x 512.")
