"""What is measured: the same program, written as a user writes it, for whichever of the two packages it is given.

A case is a function of the package `T` (torch or tinytorch) that returns what to run, a function without arguments. Its docstring is
its title; `work` counts floating-point operations where a roofline is to be drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any


@dataclass(frozen=True)
class Case:
    """One thing to measure. `goal` is the ratio to reach; `work` the floating-point operations of one run, `moved` its bytes."""

    group: str
    name: str
    make: Callable[[Any], Callable[[], Any]]
    goal: float | None = None
    work: float = 0.0
    moved: float = 0.0


# ---------------------------------------------------------------- single kernels


def images(T, *shape):
    T.manual_seed(0)
    return T.randn(*shape)


def both_ways(T, module, x):
    """One forward and one backward pass of a module, with the gradients of its input and its parameters."""
    x.requires_grad_()
    g = T.ones_like(module(x).detach())
    parameters = list(module.parameters())

    def run():
        x.grad = None
        for p in parameters:
            p.grad = None
        module(x).backward(g)

    return run


def conv(T, n, cin, cout, size, kernel=3, transposed=False, order="contiguous_format", **settings):
    kind = T.nn.ConvTranspose2d if transposed else T.nn.Conv2d
    order = getattr(T, order)  # tinytorch chooses its memory order itself, whatever it is told
    layer, x = kind(cin, cout, kernel, **settings), images(T, n, cin, size, size)
    return both_ways(T, layer.to(memory_format=order), x.to(memory_format=order))


def conv_case(name, n, cin, cout, size, kernel=3, goal=1.0, **settings) -> Case:
    stride, groups = settings.get("stride", 1), settings.get("groups", 1)
    pad = settings.get("padding", 0)
    places = size**2 if settings.get("transposed") else ((size + 2 * pad - kernel) // stride + 1) ** 2
    work = 3 * 2 * n * places * cout * cin // groups * kernel**2  # forward and the two gradients
    moved = 4 * 3 * n * (cin * size**2 + cout * places)
    make = partial(conv, n=n, cin=cin, cout=cout, size=size, kernel=kernel, **settings)
    return Case("convolution", name, make, goal, work, moved)


def layer_case(group, name, layer, *shape, goal=0.6) -> Case:
    """A module without much arithmetic: what it costs is mostly memory."""
    moved = 4 * 6 * math.prod(shape)
    return Case(group, name, lambda T: both_ways(T, layer(T.nn), images(T, *shape)), goal, 0, moved)


def matmul_case(n, k, m) -> Case:
    def make(T):
        a, b = images(T, n, k), images(T, k, m)

        def run():
            with T.no_grad():
                a @ b

        return run

    return Case("matmul", f"{n} x {k} x {m}", make, None, 2 * n * k * m, 4 * (n * k + k * m + n * m))


def cross_entropy(T, n, classes):
    scores, target = images(T, n, classes).requires_grad_(), T.randint(0, classes, (n,))

    def run():
        scores.grad = None
        T.nn.functional.cross_entropy(scores, target).backward()

    return run


def attention(T, batch, heads, length, size):
    q, k, v = (images(T, batch, heads, length, size).requires_grad_() for _ in range(3))
    g = T.ones(batch, heads, length, size)

    def run():
        q.grad = k.grad = v.grad = None
        T.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True).backward(g)

    return run


def optimizer_step(T, make):
    """One step over twenty tensors, 2.1 million numbers in all."""
    T.manual_seed(0)
    parameters = [T.nn.Parameter(T.randn(*shape)) for shape in [(512, 400), (400,)] * 10]
    for p in parameters:
        p.grad = T.randn(*p.shape)
    optimizer = make(T.optim, parameters)
    return optimizer.step


LONG_SUM = "a sum of two arrays of 64 MB"


def long_sum(T):
    """What memory gives when nothing fits into a cache."""
    x, y = images(T, 1 << 24), images(T, 1 << 24)

    def run():
        with T.no_grad():
            y.add_(x)

    return run


LAYERS = {
    "3x3, 32 to 32 at 32x32": (32, 32),
    "3x3, 64 to 64 at 16x16": (64, 16),
    "3x3, 128 to 128 at 8x8": (128, 8),
}

KERNELS = [
    *(conv_case(f"{name}, b128", 128, c, c, size, padding=1, goal=0.6) for name, (c, size) in LAYERS.items()),
    *(
        conv_case(f"{name}, channels last", 128, c, c, size, padding=1, goal=0.7, order="channels_last")
        for name, (c, size) in LAYERS.items()
    ),
    conv_case("LeNet 5x5, 1 to 6 at 28x28, b64", 64, 1, 6, 28, 5, padding=2),
    conv_case("LeNet 5x5, 6 to 16 at 14x14, b64", 64, 6, 16, 14, 5),
    conv_case("1x1, 64 to 128 at 16x16, b64", 64, 64, 128, 16, 1),
    conv_case("3x3 stride 2, 64 to 128 at 16x16, b64", 64, 64, 128, 16, stride=2, padding=1),
    conv_case("depthwise 3x3, 64 at 32x32, b32", 32, 64, 64, 32, padding=1, groups=64),
    conv_case(
        "transposed 2x2 stride 2, 64 to 32 at 16x16, b32", 32, 64, 32, 16, 2, stride=2, transposed=True
    ),
    layer_case("pooling", "max 2x2, 64 at 32x32, b64", lambda nn: nn.MaxPool2d(2), 64, 64, 32, 32),
    layer_case(
        "pooling", "mean 2x2, 64 at 32x32, b64", lambda nn: nn.AvgPool2d(2), 64, 64, 32, 32, goal=None
    ),
    layer_case(
        "norms", "batch norm, 32 at 32x32, b128", lambda nn: nn.BatchNorm2d(32), 128, 32, 32, 32, goal=0.9
    ),
    layer_case("norms", "layer norm, 2048 x 128", lambda nn: nn.LayerNorm(128), 2048, 128, goal=0.9),
    layer_case("elementwise", "GELU, 2048 x 512", lambda nn: nn.GELU(), 2048, 512, goal=None),
    layer_case("elementwise", "dropout, 2048 x 512", lambda nn: nn.Dropout(0.1), 2048, 512),
    layer_case("elementwise", "ReLU, 2048 x 512", lambda nn: nn.ReLU(), 2048, 512, goal=None),
    Case("elementwise", LONG_SUM, long_sum, moved=3 * 4 * (1 << 24)),
    Case("losses", "softmax and cross-entropy, 64 x 10", partial(cross_entropy, n=64, classes=10), 0.6),
    Case("losses", "softmax and cross-entropy, 2048 x 65", partial(cross_entropy, n=2048, classes=65), 0.6),
    Case(
        "attention",
        "causal, 32 x 4 heads x 64 x 32",
        partial(attention, batch=32, heads=4, length=64, size=32),
    ),
    Case(
        "attention",
        "causal, 4 x 4 heads x 512 x 32",
        partial(attention, batch=4, heads=4, length=512, size=32),
    ),
    Case(
        "optimizers", "SGD, momentum", partial(optimizer_step, make=lambda o, p: o.SGD(p, 0.01, momentum=0.9))
    ),
    Case("optimizers", "Adam", partial(optimizer_step, make=lambda o, p: o.Adam(p)), 0.6),
    Case("optimizers", "AdamW", partial(optimizer_step, make=lambda o, p: o.AdamW(p)), 0.6),
    *(matmul_case(*s) for s in ((64, 784, 128), (256, 256, 256), (2048, 128, 512), (1024, 1024, 1024))),
]

# ---------------------------------------------------------------- whole training steps


def step(T, model, loss, optimizer):
    def run():
        optimizer.zero_grad()
        loss(model).backward()
        optimizer.step()

    return run


def classifier(T, model, x, classes=10):
    target = T.randint(0, classes, (len(x),))
    criterion = T.nn.CrossEntropyLoss()
    return step(
        T, model, lambda model: criterion(model(x), target), T.optim.Adam(model.parameters(), lr=1e-3)
    )


def xor(T):
    nn = T.nn
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    x, y = T.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), T.tensor([[0.0], [1], [1], [0]])
    criterion = nn.BCEWithLogitsLoss()
    return step(T, model, lambda model: criterion(model(x), y), T.optim.SGD(model.parameters(), lr=0.5))


def mlp(T):
    nn = T.nn
    return classifier(
        T, nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)), images(T, 64, 784)
    )


def lenet(T):
    nn = T.nn
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip
    return classifier(T, model, images(T, 64, 1, 28, 28))


def resnet9(T, n=128):
    nn = T.nn

    def block(cin, cout, pool=False):
        layers = [nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU()]
        return nn.Sequential(*layers, *([nn.MaxPool2d(2)] if pool else []))

    class Residual(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.first, self.second = block(width, width), block(width, width)

        def forward(self, x):
            return x + self.second(self.first(x))

    model = nn.Sequential(
        block(3, 32), block(32, 32, pool=True), Residual(32), block(32, 64, pool=True), block(64, 128, pool=True), Residual(128),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip
    return classifier(T, model, images(T, n, 3, 32, 32))


def gpt(T, layers=4, width=128, heads=4, length=64, n=32, vocabulary=65):
    nn, F = T.nn, T.nn.functional

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

        def forward(self, x):
            B, L, C = x.shape
            q, k, v = self.qkv(self.ln1(x)).split(C, dim=2)
            q, k, v = (t.view(B, L, heads, C // heads).transpose(1, 2) for t in (q, k, v))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).contiguous().view(B, L, C))
            return x + self.mlp(self.ln2(x))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
            self.blocks = nn.ModuleList([Block() for _ in range(layers)])
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

        def forward(self, ids):
            x = self.tokens(ids) + self.places(T.arange(ids.shape[1]))
            for block in self.blocks:
                x = block(x)
            return self.head(self.norm(x))

    T.manual_seed(0)
    model, ids = GPT(), T.randint(0, vocabulary, (n, length + 1))
    loss = lambda model: F.cross_entropy(model(ids[:, :-1]).reshape(-1, vocabulary), ids[:, 1:].reshape(-1))
    return step(T, model, loss, T.optim.AdamW(model.parameters(), lr=1e-3))


STEPS = [
    Case("steps", "XOR, 2-8-1, b4", xor, 0.4),
    Case("steps", "MNIST MLP, 784-128-10, b64", mlp, 0.4),
    Case("steps", "LeNet, b64", lenet, 0.4),
    Case("steps", "ResNet-9, CIFAR-10, b128", resnet9, 0.55),
    Case("steps", "GPT, 4 layers x 128, T 64, b32", gpt, 0.95),
]

# ---------------------------------------------------------------- the cost of recording


def chain(T):
    w, b = T.ones(8, requires_grad=True), T.ones(8, requires_grad=True)

    def run():
        w.grad = b.grad = None
        h = w
        for _ in range(20):
            h = h * b + b
        h.sum().backward()

    return run


def affine(T):
    x, w, b = T.ones(4, 8), T.ones(8, requires_grad=True), T.ones(8, requires_grad=True)

    def run():
        w.grad = b.grad = None
        (x * w + b).relu().sum().backward()

    return run


OVERHEAD = [
    Case("overhead", "41 ops on 8 numbers, and back", chain, 0.6),
    Case("overhead", "(x * w + b).relu().sum(), and back", affine, 0.6),
]

CASES = OVERHEAD + KERNELS + STEPS
