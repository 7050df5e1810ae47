"""A small training run for test_checkpoint.py: `python resumable_run.py FOLDER STEPS [PAUSE]` goes on where FOLDER stands.

It draws from every source of random numbers, so that a state that is not restored shows in the weights.
"""

import hashlib
import random
import sys
import time

import numpy as np

import tinytorch as torch
from tinytorch.checkpoint import checkpoint_path, latest, load_checkpoint, save_checkpoint
from tinytorch.logging import MetricsWriter


class Model:
    def __init__(self):
        self.w1, self.w2 = (
            (torch.randn(8, 16) * 0.3).requires_grad_(),
            (torch.randn(16, 1) * 0.3).requires_grad_(),
        )

    def __call__(self, x):
        hidden = (x @ self.w1).tanh()
        return (hidden * (torch.rand(hidden.shape) > 0.1)) @ self.w2  # dropout from tinytorch's stream

    def state_dict(self):
        return {"w1": self.w1.detach(), "w2": self.w2.detach()}

    def load_state_dict(self, state):
        with torch.no_grad():
            self.w1.copy_(state["w1"]), self.w2.copy_(state["w2"])


class Momentum:
    def __init__(self, parameters, lr):
        self.parameters, self.lr, self.v = (
            parameters,
            lr,
            {i: torch.zeros_like(p) for i, p in enumerate(parameters)},
        )

    def step(self):
        with torch.no_grad():
            for i, p in enumerate(self.parameters):
                self.v[i] = self.v[i] * 0.9 + p.grad
                p -= self.v[i] * self.lr
                p.grad = None

    def state_dict(self):
        return {"v": self.v, "lr": self.lr}

    def load_state_dict(self, state):
        self.v, self.lr = state["v"], state["lr"]


class HalvingSchedule:
    def __init__(self, optimizer):
        self.optimizer, self.calls = optimizer, 0

    def step(self):
        self.calls += 1
        self.optimizer.lr *= 0.5 if self.calls % 20 == 0 else 1.0

    def state_dict(self):
        return {"calls": self.calls}

    def load_state_dict(self, state):
        self.calls = state["calls"]


class Loader:
    """Rows in an order drawn anew for each epoch from a generator of its own; knows where it stands."""

    def __init__(self, x, y):
        self.x, self.y, self.generator, self.order = x, y, torch.Generator().manual_seed(7), []

    def next_batch(self):
        if not self.order:
            self.order = torch.randperm(len(self.x), generator=self.generator).tolist()
        rows, self.order = self.order[:8], self.order[8:]
        noise = np.random.standard_normal((len(rows), 8)).astype("f4") * random.random() * 0.01
        return self.x[rows] + torch.from_numpy(noise), self.y[rows]


def main(folder, steps: int, pause: float = 0.0):
    torch.manual_seed(0)
    x = torch.randn(50, 8)
    loader = Loader(x, x.sum(1, keepdim=True).sin())
    model = Model()
    optimizer = Momentum([model.w1, model.w2], lr=0.05)
    scheduler = HalvingSchedule(optimizer)
    run = dict(model=model, optimizer=optimizer, scheduler=scheduler, generators={"loader": loader.generator})
    start = 0
    if path := latest(folder):
        checkpoint = load_checkpoint(path, **run)
        start, loader.order = checkpoint.step, checkpoint.extra
    with MetricsWriter(f"{folder}/metrics.jsonl", resume_step=start) as metrics:
        for step in range(start + 1, steps + 1):
            xb, yb = loader.next_batch()
            loss = ((model(xb) - yb) ** 2).mean()
            loss.backward()
            optimizer.step()
            scheduler.step()
            metrics.write(step=step, loss=loss.item(), lr=optimizer.lr)
            time.sleep(pause)
            if step % 5 == 0:
                save_checkpoint(checkpoint_path(folder, step), **run, step=step, extra=loader.order, keep=2)
    print(
        hashlib.sha256(model.w1.detach().numpy().tobytes() + model.w2.detach().numpy().tobytes()).hexdigest()
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *map(float, sys.argv[3:]))
