"""The checkpoint of 09_schedulers: can I steer a long training, and survive a bad batch?"""

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.nn import functional as F
from tito.checking import array_of, check, expect, expect_close, tensor
from tito.material import digits, expect_sound_gradients

EPOCHS, RATE = 6, 0.2


def network():
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(216, 10)
    )  # fmt: skip


@check(of=["WarmupCosineLR.get_lr", "get_total_norm", "clip_grads_with_norm_"], seconds=240)
def test_a_training_with_a_bad_batch_in_it():
    """Warm-up, cosine and clipping: one batch that counts a million times does no harm, and 9 of 10 new digits are named."""
    (images, labels), (unseen, answers) = digits(600, 0), digits(300, 1)
    expect_sound_gradients()
    loader = DataLoader(TensorDataset(tensor(images), tensor(labels)), batch_size=50, shuffle=True)
    found, rates = {}, []
    for clipped in (True, False):
        tt.manual_seed(0)
        model = network()
        optimizer = optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
        schedule = optim.lr_scheduler.WarmupCosineLR(optimizer, 10, EPOCHS * len(loader))
        lengths = []
        for epoch in range(EPOCHS):
            for n, (x, t) in enumerate(loader):
                factor = 1e6 if (epoch, n) == (2, 3) else 1.0
                optimizer.zero_grad()
                (factor * F.cross_entropy(model(x), t)).backward()
                lengths.append(nn.utils.clip_grad_norm_(model.parameters(), 1.0 if clipped else 1e12).item())
                optimizer.step()
                rates += [optimizer.param_groups[0]["lr"]] if clipped else []
                schedule.step()
        with tt.no_grad():
            model.eval()
            found[clipped] = np.mean(array_of(model(tensor(unseen))).argmax(1) == answers)
        expect(
            max(lengths) > 1e3,
            "the bad batch should show in the gradients' length",
            got=f"{max(lengths):.1f}",
        )
    expect(found[True] > 0.9, "the bad batch was not survived", expected="over 90%", got=f"{found[True]:.1%}")
    expect(found[False] < found[True], "without clipping it should do harm", got=f"{found[False]:.1%}")
    expect_close(max(rates), RATE, "the largest rate")
    expect(np.argmax(rates) == 10, "the rate should be largest after 10 steps", got=int(np.argmax(rates)))
    expect(
        rates[0] < RATE / 5 and rates[-1] < RATE / 50, "the rate should begin and end small", got=rates[::71]
    )
    print(
        f"{found[True]:.1%} of 300 new digits are named rightly in spite of a bad batch; unclipped {found[False]:.1%}."
    )
