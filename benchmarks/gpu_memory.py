"""How much of a GPU's memory one training step takes at most.

    python -m benchmarks.gpu_memory

On a machine with a GPU the step runs there and CuPy's pool is asked. Without one, the arrays are those of the tests' stand-in
for CuPy, which counts bytes as the pool does (in blocks of 512), and kernels are left out: what they would write is not needed to
count it. Not counted are the CUDA context and cuBLAS (some 200 to 300 MiB), nor what is lost between blocks.
"""

from __future__ import annotations

import sys

import numpy as np

import tinytorch as torch
from tinytorch import backend, nn
from tinytorch.models import GPT, GPTConfig, ResNet9, resnet18
from tinytorch.nn import functional as F


def images(model: nn.Module, batch: int):
    x, y = torch.rand(batch, 3, 32, 32, device="cuda"), torch.randint(10, (batch,), device="cuda")
    return model.cuda(), lambda m: F.cross_entropy(m(x), y)


def text(batch: int, **settings):
    model = GPT(GPTConfig(**settings)).cuda()
    x = torch.randint(model.config.vocab_size, (batch, model.config.block_size), device="cuda")
    return model, lambda m: m(x, x)[1]


# What the milestones train, and what one may want to try on a card with 6 GB.
STEPS = {
    "ResNet-9 (width 64), CIFAR-10, batch 128": lambda: images(ResNet9(width=64), 128),
    "ResNet-9 (width 64), CIFAR-10, batch 512": lambda: images(ResNet9(width=64), 512),
    "ResNet-18, CIFAR-10, batch 128": lambda: images(resnet18(10, stem="cifar"), 128),
    "GPT 4 x 128, 64 tokens, batch 32": lambda: text(
        32, vocab_size=65, block_size=64, n_layer=4, n_head=4, n_embd=128
    ),
    "GPT 6 x 384, 256 tokens, batch 64": lambda: text(
        64, vocab_size=65, block_size=256, n_layer=6, n_head=6, n_embd=384
    ),
    "GPT-2 (124M), 256 tokens, batch 4": lambda: text(
        4, vocab_size=50257, block_size=256, n_layer=12, n_head=12, n_embd=768
    ),
}


def peak_of(make) -> int:
    """Bytes in use at the worst moment of the second step, when the optimizer has its state."""
    model, loss_of = make()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    for _ in range(2):
        torch.cuda.reset_peak_memory_stats()
        optimizer.zero_grad()
        loss = loss_of(model)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return torch.cuda.max_memory_allocated()


def counted_on_a_stand_in() -> None:
    """Put the stand-in in CuPy's place, with kernels that do nothing."""
    from tests.device import standin

    class Silent:
        def __init__(self, *, code: str, options: tuple = ()):
            pass

        def get_function(self, name: str):
            return lambda grid, block, args: None

    standin.RawModule = Silent
    sys.modules["cupy"] = standin


def main() -> None:
    where = "counted on a stand-in, no GPU here"
    if backend.cuda_available():
        where = torch.cuda.get_device_name()
    else:
        counted_on_a_stand_in()
    print(f"peak memory of a training step ({where})")
    with np.errstate(all="ignore"):  # without kernels the numbers mean nothing
        for name, make in STEPS.items():
            print(f"  {name:42} {peak_of(make) / 2**20:8.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
