"""What one tiny recorded op costs, forward and backward, beside PyTorch eager in the same process.

    python benchmarks/overhead.py

Blocks of both alternate, so that a clock that drifts or a neighbour that wakes up hits both alike; medians of the blocks'
times and of their ratios are shown, with the quartiles of the ratios.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import torch

import tinytorch


def chain(T):
    """41 ops on 8 numbers: h * b + b, twenty times, and a sum."""
    w, b = T.ones(8, requires_grad=True), T.ones(8, requires_grad=True)

    def run():
        w.grad = b.grad = None
        h = w
        for _ in range(20):
            h = h * b + b
        h.sum().backward()

    return run, 41


def layer(T):
    """(x * w + b).relu().sum(): four ops, two of them with broadcasting."""
    x, w, b = T.ones(4, 8), T.ones(8, requires_grad=True), T.ones(8, requires_grad=True)

    def run():
        w.grad = b.grad = None
        (x * w + b).relu().sum().backward()

    return run, 4


def xor_step(T):
    """One step of SGD on XOR with a 2-8-1 network, written with modules as a user would."""
    model = T.nn.Sequential(T.nn.Linear(2, 8), T.nn.Tanh(), T.nn.Linear(8, 1))
    optimizer = T.optim.SGD(model.parameters(), lr=0.5)
    x, y = T.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), T.tensor([[0.0], [1.0], [1.0], [0.0]])
    loss_fn = T.nn.BCEWithLogitsLoss()

    def run():
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()

    return run, 1


def seconds(run, times: int) -> float:
    begun = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - begun) / times


def compare(case, blocks: int = 41, times: int = 100):
    """Median seconds of ours and of PyTorch's, and the quartiles of the blocks' ratios."""
    (ours, ops), (theirs, _) = case(tinytorch), case(torch)
    for run in (ours, theirs):
        seconds(run, times)  # warm-up
    pairs = [(seconds(ours, times), seconds(theirs, times)) for _ in range(blocks)]
    ratios = statistics.quantiles([a / b for a, b in pairs], n=4)
    return statistics.median(a for a, _ in pairs) / ops, statistics.median(b for _, b in pairs) / ops, ratios


def import_seconds(name: str) -> float:
    """The time a fresh process takes to import a package, without Python's own start."""
    script = f"import time; t = time.perf_counter(); import {name}; print(time.perf_counter() - t)"
    times = [
        float(
            subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        )
        for _ in range(9)
    ]
    return statistics.median(times)


def main() -> None:
    torch.set_num_threads(2)
    print(
        f"tinytorch {tinytorch.__version__} and PyTorch {torch.__version__}, microseconds (an op, or the whole step)"
    )
    print(f"{'case':12} {'ours':>8} {'PyTorch':>8}   ratio (quartiles)")
    for case in (chain, layer, xor_step):
        ours, theirs, (low, middle, high) = compare(case)
        print(
            f"{case.__name__:12} {ours * 1e6:8.2f} {theirs * 1e6:8.2f}   {middle:.2f} ({low:.2f} to {high:.2f})  {case.__doc__.splitlines()[0]}"
        )
    numpy, ours = import_seconds("numpy"), import_seconds("tinytorch")
    print(f"import: numpy {numpy * 1e3:.0f} ms, tinytorch {ours * 1e3:.0f} ms: {ours / numpy:.2f} times")


if __name__ == "__main__":
    main()
