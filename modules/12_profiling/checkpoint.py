"""The checkpoint of 12_profiling: can I say where the time and the memory of a training step go?"""

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.nn import functional as F
from tinytorch.profiler import kept_bytes, profile
from tito.checking import array_of, check, expect, expect_equal, tensor
from tito.material import digits, expect_sound_gradients


def setting():
    tt.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(200, 10)
    )  # fmt: skip
    return model, optim.AdamW(model.parameters(), lr=5e-3)


def epoch(model, optimizer, loader):
    losses = []
    for x, t in loader:
        loss = F.cross_entropy(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@check(of=["profile._forward", "profile.rows", "kept_bytes", "flops"], seconds=120)
def test_a_training_is_taken_apart():
    """Watched or not, a training on digits gives the same numbers; most of its work is the convolution's, to the last multiplication."""
    expect_sound_gradients()
    data = TensorDataset(*map(tensor, digits(600, 0)))
    loader = DataLoader(data, batch_size=50)
    model, optimizer = setting()
    plain = [epoch(model, optimizer, loader) for _ in range(5)]
    watched, optimizer = setting()
    with profile() as p:
        seen = epoch(watched, optimizer, loader)
    more = [epoch(watched, optimizer, loader) for _ in range(4)]
    expect_equal([seen, *more], plain, "the losses of the training that was watched")
    work = {(r.name, r.kind): r.flops for r in p.rows()}
    multiplied = 600 * 8 * 121 * 9
    expect_equal(work["convolution", "forward"], 2 * multiplied, "FLOP of the convolution, forwards")
    expect_equal(work["linear", "forward"], 2 * 600 * 10 * 200, "FLOP of the linear layer, forwards")
    for kind in ("forward", "backward"):
        most = max((name for name, k in work if k == kind), key=lambda name: work[name, kind])
        expect_equal(most, "convolution", f"what works most, {kind}")
    expect(sum(r.seconds for r in p.rows()) <= p.elapsed, "the ops take longer than everything together")
    x, t = next(iter(loader))
    kept = [kept_bytes(F.cross_entropy(model(x[:n]), t[:n]), model.parameters()) for n in (10, 50)]
    expect(kept[0] < kept[1] / 3, "what a step keeps should grow with the batch", got=kept)
    expect(kept[1] >= 50 * 8 * 121 * 4, "the convolution's result should be among what is kept", got=kept[1])
    unseen, answers = digits(300, 1)
    with tt.no_grad():
        right = np.mean(array_of(watched.eval()(tensor(unseen))).argmax(1) == answers)
    expect(right > 0.85, "too few new digits are named rightly", expected="over 85%", got=f"{right:.1%}")
    share = work["convolution", "forward"] + work["convolution", "backward"]
    print(
        f"{share / sum(work.values()):.0%} of an epoch's work is the convolution's; a step keeps {kept[1] / 1000:.0f} kB."
    )
