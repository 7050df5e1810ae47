"""What a program with `device="cuda"` meets, on CuPy's stand-in: where tensors are, how they move, what waits, how much they take."""

from __future__ import annotations

import numpy as np
import pytest

import tinytorch as torch
from tinytorch import nn
from tinytorch.nn import functional as F

# ---------------------------------------------------------------- tensors


def test_tensors_are_made_where_one_says(gpu):
    made = [
        torch.zeros(2, device="cuda"), torch.ones(2, 3, device="cuda:0"), torch.full((2,), 3.0, device="cuda"), torch.eye(3, device="cuda"),
        torch.empty(2, device=torch.device("cuda")), torch.arange(5, device="cuda"), torch.linspace(0, 1, 3, device="cuda"),
        torch.tensor([1, 2], device="cuda"), torch.rand(3, device="cuda"), torch.randn(3, device="cuda"), torch.randint(9, (3,), device="cuda"),
        torch.randperm(4, device="cuda"), torch.zeros(2).cuda(), torch.zeros(2).to("cuda"), torch.zeros(2).to(0), torch.cuda.FloatTensor(2),
    ]  # fmt: skip
    made += [
        torch.zeros_like(made[0]),
        torch.rand_like(made[1]),
        made[0].new_zeros(2),
        made[5].new_tensor([1.0]),
    ]
    for x in made:
        assert x.is_cuda and x.device == torch.device("cuda", 0) and x.get_device() == 0
    with torch.device("cuda"):
        assert torch.zeros(2).is_cuda and torch.tensor(1.0).is_cuda


def test_the_way_back(gpu):
    x = torch.randn(2, 3)
    y = x.cuda()
    assert y.cuda() is y and x.cpu() is x
    np.testing.assert_array_equal(y.cpu().numpy(), x.numpy())
    assert y.to(torch.float64).is_cuda and y.to("cpu", torch.float64).dtype is torch.float64
    with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
        y.numpy()
    with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
        np.asarray(y)
    assert y.tolist() == x.tolist() and y.sum().item() == pytest.approx(x.sum().item(), rel=1e-6)
    assert "device='cuda:0'" in repr(y)


def test_gradients_cross_over(gpu):
    x = torch.randn(3, requires_grad=True)
    (x.cuda() * 2).sum().backward()
    assert not x.grad.is_cuda and x.grad.tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    "mix",
    [lambda a, b: a + b, lambda a, b: a @ b, lambda a, b: torch.cat([a, b]), lambda a, b: F.linear(a, b)],
)
def test_devices_do_not_mix(gpu, mix):
    with pytest.raises(RuntimeError, match="expected all tensors on one device, but found"):
        mix(torch.ones(2, 2), torch.ones(2, 2, device="cuda"))


def test_an_index_may_come_from_the_cpu_but_not_go_there(gpu):
    x = torch.arange(4.0, device="cuda")
    assert x[torch.tensor([1, 3])].tolist() == [1, 3] and x[[0, 2]].tolist() == [0, 2] and x[1].item() == 1
    with pytest.raises(RuntimeError, match="indices should be either on cpu or on the same device"):
        x.cpu()[torch.tensor([0], device="cuda")]


def test_no_such_device(gpu):
    with pytest.raises(RuntimeError, match="invalid device ordinal"):
        torch.zeros(1).to("cuda:7")


# ---------------------------------------------------------------- modules, optimizers, files


def small() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(32, 4),
    )  # fmt: skip


@pytest.mark.parametrize("make", [
    lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=1e-3, nesterov=True), lambda p: torch.optim.Adam(p, 1e-2, amsgrad=True),
    lambda p: torch.optim.AdamW(p, 1e-2), lambda p: torch.optim.RMSprop(p, 1e-2),
], ids="sgd adam adamw rmsprop".split())  # fmt: skip
def test_a_model_learns_what_it_learns_on_the_cpu(gpu, make):
    losses = {}
    for device in ("cpu", "cuda"):
        torch.manual_seed(0)
        model = small().to(device)
        optimizer = make(model.parameters())
        x, y = torch.randn(6, 3, 8, 8).to(device), torch.randint(4, (6,)).to(device)
        losses[device] = []
        for _ in range(4):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses[device].append(loss.item())
        assert all(p.device.type == device and p.grad.device.type == device for p in model.parameters())
        assert all(
            s.device.type == device
            for s in optimizer.state[model[0].weight].values()
            if isinstance(s, torch.Tensor) and s.ndim
        )
    assert losses["cuda"] == pytest.approx(losses["cpu"], rel=2e-4)
    assert losses["cuda"][-1] < losses["cuda"][0]


def test_what_is_saved_on_the_gpu_loads_on_the_cpu(gpu, tmp_path):
    model = small().cuda()
    torch.save(model.state_dict(), tmp_path / "model.pt")
    back = torch.load(tmp_path / "model.pt", map_location="cpu")
    assert not any(t.is_cuda for t in back.values())
    there = torch.load(tmp_path / "model.pt", map_location="cuda")
    assert all(t.is_cuda for t in there.values())
    other = small()
    other.load_state_dict(there)
    assert not any(p.is_cuda for p in other.parameters())
    np.testing.assert_array_equal(other[0].weight.detach().numpy(), model[0].weight.detach().cpu().numpy())


# ---------------------------------------------------------------- random numbers


def test_a_seed_governs_the_gpu_too(gpu):
    draws = []
    for _ in range(2):
        torch.manual_seed(3)
        draws.append(
            [torch.randn(5, device="cuda").tolist(), F.dropout(torch.ones(20, device="cuda")).tolist()]
        )
    assert draws[0] == draws[1]
    state = torch.cuda.get_rng_state()
    first = torch.rand(4, device="cuda").tolist()
    torch.cuda.set_rng_state(state)
    assert torch.rand(4, device="cuda").tolist() == first


def test_dropout_drops_the_same_on_both(gpu):
    torch.manual_seed(1)
    cpu = F.dropout(torch.ones(100), 0.4)
    torch.manual_seed(1)
    assert F.dropout(torch.ones(100, device="cuda"), 0.4).tolist() == cpu.tolist()


# ---------------------------------------------------------------- copies, memory, streams


def test_pinned_batches(gpu):
    data = torch.utils.data.TensorDataset(torch.arange(6.0).reshape(6, 1), torch.arange(6))
    for x, y in torch.utils.data.DataLoader(data, batch_size=4, pin_memory=True):
        assert x.is_pinned() and y.is_pinned()
        gpu.counters.waits.clear()
        there = x.to("cuda", non_blocking=True)
        assert not gpu.counters.waits, "an asynchronous copy waited"
        assert there.is_cuda and there.tolist() == x.tolist()
    assert not torch.zeros(2).is_pinned()
    with pytest.raises(RuntimeError, match="cannot pin"):
        there.pin_memory()


def test_memory_is_counted_and_its_end_explained(gpu):
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    x = torch.zeros(1000, 1000, device="cuda")
    assert torch.cuda.memory_allocated() - before >= 4_000_000
    del x
    assert torch.cuda.memory_allocated() == before
    assert torch.cuda.max_memory_allocated() >= before + 4_000_000
    with gpu.memory_of(gpu.counters.used + 2**20):
        with pytest.raises(
            torch.cuda.OutOfMemoryError, match=r"Tried to allocate 4\.00 MiB.*1\.00 MiB are free"
        ):
            torch.zeros(2**20, device="cuda")
        with pytest.raises(RuntimeError, match="out of memory"):  # as programs catch it
            torch.zeros(2**20, device="cuda")


def test_questions_about_the_card(gpu):
    assert torch.cuda.is_available() and torch.cuda.device_count() == 1 and torch.cuda.current_device() == 0
    assert torch.cuda.get_device_name() == "stand-in for a GPU" and torch.cuda.get_device_capability() == (
        6,
        1,
    )
    free, total = torch.cuda.mem_get_info()
    assert 0 < free <= total == torch.cuda.get_device_properties(0).total_memory
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    with torch.cuda.stream(torch.cuda.Stream()):
        torch.zeros(2, device="cuda")
    end.record()
    torch.cuda.synchronize()
    assert start.elapsed_time(end) > 0
    torch.cuda.empty_cache()


# ---------------------------------------------------------------- waiting


def step_of(model, optimizer, loss_of, clip=None):
    optimizer.zero_grad()
    loss = loss_of(model)
    loss.backward()
    if clip:
        nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss


def test_a_training_step_of_a_convolutional_network_never_waits(gpu):
    model = small().cuda()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, nesterov=True)
    x, y = torch.randn(6, 3, 8, 8, device="cuda"), torch.randint(4, (6,), device="cuda")
    step_of(model, optimizer, lambda m: F.cross_entropy(m(x), y))
    gpu.counters.waits.clear()
    loss = step_of(model, optimizer, lambda m: F.cross_entropy(m(x), y))
    assert gpu.counters.waits == []
    loss.item()
    assert len(gpu.counters.waits) == 1  # so that we know it counts


def test_a_training_step_of_a_gpt_never_waits(gpu):
    from tinytorch.models.gpt import GPT, GPTConfig

    model = GPT(GPTConfig(block_size=8, vocab_size=11, n_layer=2, n_head=2, n_embd=16, dropout=0.1)).cuda()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    x, y = torch.randint(11, (3, 8), device="cuda"), torch.randint(11, (3, 8), device="cuda")
    loss_of = lambda m: F.cross_entropy(
        m(x)[0].flatten(0, 1) if isinstance(m(x), tuple) else m(x).flatten(0, 1), y.flatten()
    )
    step_of(model, optimizer, loss_of, clip=1.0)
    gpu.counters.waits.clear()
    step_of(model, optimizer, loss_of, clip=1.0)
    assert gpu.counters.waits == []


def test_an_optimizer_starts_one_kernel_for_all_parameters(gpu, monkeypatch):
    from tinytorch.kernels.cuda.optimizer import optimizer as source

    started = []
    run = type(source).run
    monkeypatch.setattr(
        type(source), "run", lambda self, name, *args: (started.append(name), run(self, name, *args))
    )
    model = small().cuda()
    adam = torch.optim.AdamW(model.parameters(), 1e-3)
    step_of(model, adam, lambda m: m(torch.ones(2, 3, 8, 8, device="cuda")).sum(), clip=1.0)
    assert started.count("adam") == 1 and started.count("squares") == 1


def test_wrong_numbers_are_looked_for_only_when_asked(gpu, monkeypatch):
    scores, wrong = torch.zeros(2, 3, device="cuda"), torch.tensor([1, 7], device="cuda")
    losses = F.cross_entropy(scores, wrong, reduction="none").tolist()
    assert losses[0] == pytest.approx(np.log(3)) and np.isnan(losses[1])
    table = torch.zeros(4, 2, device="cuda")
    monkeypatch.setenv("CUDA_LAUNCH_BLOCKING", "1")
    with pytest.raises(IndexError, match="Target 7 is out of bounds"):
        F.cross_entropy(scores, wrong)
    with pytest.raises(IndexError, match="index out of range: 7"):
        F.embedding(wrong, table)


@pytest.mark.parametrize("loss_of", [
    lambda out, y: F.cross_entropy(out, y, label_smoothing=0.1), lambda out, y: F.nll_loss(F.log_softmax(out, 1), y),
    lambda out, y: F.binary_cross_entropy(out.sigmoid(), F.one_hot(y, 4).float()), lambda out, y: F.mse_loss(out, F.one_hot(y, 4).float()),
], ids="smoothed nll bce mse".split())  # fmt: skip
def test_losses_never_wait(gpu, loss_of):
    model = small().cuda()
    x, y = torch.randn(6, 3, 8, 8, device="cuda"), torch.randint(4, (6,), device="cuda")
    gpu.counters.waits.clear()
    loss_of(model(x), y).backward()
    assert gpu.counters.waits == []


def test_a_scaled_step_waits_for_one_answer(gpu):
    model = small().cuda()
    optimizer, scaler = torch.optim.SGD(model.parameters(), 0.1), torch.amp.GradScaler("cuda")
    x = torch.randn(6, 3, 8, 8, device="cuda")
    scaler.scale(model(x).sum()).backward()
    scaler.unscale_(optimizer)
    gpu.counters.waits.clear()
    scaler.step(optimizer)
    assert gpu.counters.waits == []
