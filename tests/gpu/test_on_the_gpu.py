"""Kernels, both tables of ops and training, on a real GPU; the same cases run on a stand-in in tests/device."""

from __future__ import annotations

import numpy as np
import pytest

import tinytorch as torch
from tests.device.on_device import ENTRIES, OP_ROWS, check_entry, check_row
from tests.device.test_kernels import CASES, hold
from tinytorch import nn
from tinytorch.nn import functional as F

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_kernel_computes_what_its_reference_does(cupy, case):
    hold(case, cupy)


@pytest.mark.parametrize(("op", "row"), OP_ROWS)
def test_an_op_is_what_it_is_on_the_cpu(cupy, op, row):
    check_row(op, row)


@pytest.mark.parametrize("name, entries", ENTRIES.items(), ids=ENTRIES.keys())
def test_a_function_is_what_it_is_on_the_cpu(cupy, name, entries):
    wrong = [finding for entry in entries for finding in check_entry(entry)]
    assert not wrong, f"{name}: " + "\n".join(wrong[:5])


def test_the_products_of_matrices_are_float32_through_and_through(cupy):
    """No TF32 unless it is asked for: 10 bits of mantissa would show at once."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((256, 256)).astype(np.float32) for _ in range(2))
    found = (torch.tensor(a).cuda() @ torch.tensor(b).cuda()).cpu().numpy()
    np.testing.assert_allclose(found, a.astype(float) @ b.astype(float), atol=2e-4)


def test_a_copy_from_pinned_memory_arrives(cupy):
    x = torch.randn(1000, 1000).pin_memory()
    assert x.is_pinned()
    y = x.to("cuda", non_blocking=True)
    torch.cuda.synchronize()
    np.testing.assert_array_equal(y.cpu().numpy(), x.numpy())


def test_more_than_there_is(cupy):
    _, total = torch.cuda.mem_get_info()
    with pytest.raises(torch.cuda.OutOfMemoryError, match="Tried to allocate"):
        torch.empty(total // 2, device="cuda")


@pytest.mark.parametrize("kind", ["convolutional", "transformer"])
def test_training_follows_the_cpu(cupy, kind):
    losses = {}
    for device in ("cpu", "cuda"):
        torch.manual_seed(0)
        model, x, y = (images if kind == "convolutional" else tokens)()
        model, x, y = model.to(device), x.to(device), y.to(device)
        optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
        losses[device] = []
        for _ in range(20):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses[device].append(loss.item())
    assert losses["cuda"] == pytest.approx(losses["cpu"], rel=5e-3)
    assert losses["cuda"][-1] < 0.8 * losses["cuda"][0]


def images():
    model = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.AvgPool2d(4), nn.Flatten(), nn.Linear(256, 10),
    )  # fmt: skip
    return model, torch.randn(32, 3, 32, 32), torch.randint(10, (32,))


def tokens():
    layer = nn.TransformerEncoderLayer(64, 4, 128, dropout=0.0, activation="gelu", batch_first=True)
    model = nn.Sequential(
        nn.Embedding(50, 64), nn.TransformerEncoder(layer, 2), nn.Flatten(0, 1), nn.Linear(64, 50)
    )
    x = torch.randint(50, (8, 32))
    return model, x, x.flatten()
