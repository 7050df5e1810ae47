"""The models: their sizes, what they compute beside PyTorch, and that they learn."""

import math
import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import tinytorch
from tinytorch import models

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

SWAPS = [  # where PyTorch has what a model file imports from the package
    (r"from \.\. import nn", "from torch import nn"),
    (r"from \.\.(ops|creation|autograd\.grad_mode) import", "from torch import"),
    (r"from \.\.nn", "from torch.nn"),
]


def with_torch(name: str):
    """A model file as a module that imports PyTorch instead: the two speak one language."""
    text = (Path(models.__file__).parent / f"{name}.py").read_text(encoding="utf-8")
    for pattern, swap in SWAPS:
        text = re.sub(pattern, swap, text)
    module = types.ModuleType(f"{name}_with_torch")
    sys.modules[module.__name__] = module
    exec(compile(text, f"{name}.py", "exec"), module.__dict__)
    return module


def pair(file: str, make):
    """The same model with both libraries, in float64 and with the same numbers."""
    ours = make(sys.modules[f"tinytorch.models.{file}"]).double()
    theirs = make(with_torch(file)).double()
    assert list(theirs.state_dict()) == list(ours.state_dict())
    theirs.load_state_dict({key: torch.tensor(value.numpy()) for key, value in ours.state_dict().items()})
    return theirs, ours


IMAGES = {
    "mlp": (lambda m: m.MLP(27, 8, 8, 4), (5, 3, 3, 3)),
    "lenet": (lambda m: m.lenet5(), (2, 1, 28, 28)),
    "lenet modern": (lambda m: m.lenet5_modern(), (2, 1, 28, 28)),
    "vgg": (lambda m: m.VGG([4, "M", 512, "M"], 3, batch_norm=True, cifar=True), (4, 3, 4, 4)),
    "resnet": (lambda m: m.ResNet(m.BasicBlock, [1, 1, 1, 1], 3), (2, 3, 32, 32)),
    "resnet bottleneck": (lambda m: m.ResNet(m.Bottleneck, [1, 1, 1, 1], 3, "cifar"), (2, 3, 4, 4)),
    "resnet9": (lambda m: m.ResNet9(width=4), (3, 3, 16, 16)),
    "unet": (lambda m: m.UNet(2, 3, width=4, depth=2), (2, 2, 12, 8)),
    "unet paper": (lambda m: m.UNet(1, 2, width=4, depth=1, padding=0, norm=False), (1, 1, 22, 20)),
    "vit": (lambda m: m.VisionTransformer(8, 4, 2, 2, 8, 16, num_classes=3), (2, 3, 8, 8)),
}


@pytest.mark.parametrize("name", IMAGES)
def test_beside_torch(name):
    make, shape = IMAGES[name]
    theirs, ours = pair(name.split()[0], make)
    x = np.random.default_rng(0).standard_normal(shape)
    if name == "vit":  # its head starts at zero
        for library, model in ((torch, theirs), (tinytorch, ours)):
            model.heads.head.weight.data = library.linspace(-1, 1, 24, dtype=library.float64).reshape(3, 8)
    found = []
    for library, model in ((torch, theirs), (tinytorch, ours)):
        out = model(library.tensor(x))
        (out * out.detach().sin()).sum().backward()
        model.eval()
        found.append([out, *[p.grad for p in model.parameters()], model(library.tensor(x))])
    for want, got in zip(*found):
        scale = max(1, want.abs().max().item())
        np.testing.assert_allclose(got.detach().numpy(), want.detach().numpy(), rtol=1e-6, atol=1e-8 * scale)


SIZES = {
    "resnet18": (11_689_512, models.resnet18),
    "resnet34": (21_797_672, models.resnet34),
    "resnet9": (6_573_120, models.resnet9),
    "lenet5": (61_706, models.lenet5),
    "vit_s_16": (22_050_664, models.vit_s_16),
    "gpt_tiny": (812_288, lambda: models.gpt_tiny(65)),
}
LARGE = {
    "resnet50": (25_557_032, models.resnet50),
    "vgg11": (132_863_336, models.vgg11),
    "vgg16": (138_357_544, models.vgg16),
    "unet_paper": (31_030_658, models.unet_paper),
    "vit_b_16": (86_567_656, models.vit_b_16),
    "gpt2": (124_439_808, models.gpt2),
}


@pytest.mark.parametrize("name", [*SIZES, *[pytest.param(name, marks=pytest.mark.slow) for name in LARGE]])
def test_published_sizes(name):
    count, make = {**SIZES, **LARGE}[name]
    assert sum(p.numel() for p in make().parameters()) == count


def test_keys_are_torchvisions():
    keys = list(models.ResNet(models.resnet.Bottleneck, [1, 1, 1, 1]).state_dict())
    for key in (
        "conv1.weight",
        "bn1.running_mean",
        "layer1.0.conv3.weight",
        "layer2.0.downsample.1.bias",
        "fc.weight",
    ):
        assert key in keys
    keys = list(models.VGG([8, "M", 512], 3, cifar=True).state_dict())
    assert keys == [
        "features.0.weight",
        "features.0.bias",
        "features.3.weight",
        "features.3.bias",
        "classifier.weight",
        "classifier.bias",
    ]
    keys = list(models.vit_cifar().state_dict())
    for key in (
        "class_token",
        "conv_proj.weight",
        "encoder.pos_embedding",
        "encoder.layers.encoder_layer_5.mlp.3.bias",
    ):
        assert key in keys
    assert (
        "encoder.layers.encoder_layer_0.self_attention.in_proj_weight" in keys
        and keys[-1] == "heads.head.bias"
    )


def losses(model, steps: int, lr: float, loss) -> list[float]:
    optimizer = tinytorch.optim.Adam(model.parameters(), lr=lr)
    found = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        found.append(value.item())
    return found


LEARNERS = {
    "mlp_mnist": (models.mlp_mnist, (16, 1, 28, 28), 1e-3),
    "lenet5": (models.lenet5, (16, 1, 28, 28), 3e-3),
    "resnet9": (lambda: models.ResNet9(width=4), (16, 3, 16, 16), 1e-2),
    "vgg": (
        lambda: models.VGG([8, "M", 16, "M", 512, "M"], 10, batch_norm=True, cifar=True),
        (16, 3, 8, 8),
        1e-3,
    ),
    "resnet": (
        lambda: models.ResNet(models.resnet.BasicBlock, [1, 1, 1, 1], 10, "cifar"),
        (8, 3, 8, 8),
        1e-3,
    ),
    "vit_cifar": (
        lambda: models.VisionTransformer(16, 4, 2, 2, 32, 64, num_classes=10),
        (16, 3, 16, 16),
        3e-3,
    ),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_images_are_learned(name):
    make, shape, lr = LEARNERS[name]
    model, x = make(), tinytorch.randn(shape)
    y = tinytorch.arange(shape[0]) % 10
    steps = 4 if name == "resnet" else 12
    found = losses(model, steps, lr, lambda: tinytorch.nn.functional.cross_entropy(model(x), y))
    assert found[-1] < 0.7 * found[0]


def test_pixels_are_learned():
    model, x = models.UNet(1, 2, width=4, depth=2), tinytorch.randn(2, 1, 16, 16)
    y = (x[:, 0] > 0).long()
    found = losses(model, 20, 1e-2, lambda: tinytorch.nn.functional.cross_entropy(model(x), y))
    assert found[-1] < 0.7 * found[0]


def test_unet_says_which_sizes_fit():
    with pytest.raises(ValueError, match="multiples of 4, got"):
        models.UNet(1, 2, width=2, depth=2)(tinytorch.zeros(1, 1, 10, 12))


# ---------------------------------------------------------------- sequence to sequence


def test_seq2seq_beside_torch():
    theirs, ours = pair("seq2seq", lambda m: m.Seq2Seq(11, 13, dim=4, hidden=6, dropout=0.0))
    rng = np.random.default_rng(0)
    source, target, lengths = rng.integers(0, 11, (3, 5)), rng.integers(0, 13, (3, 4)), np.array([5, 2, 4])
    found = []
    for library, model in ((torch, theirs), (tinytorch, ours)):
        given = [library.tensor(x) for x in (source, lengths, target)]
        out = model(*given)
        (out * out.detach().sin()).sum().backward()
        tokens, weights = model.translate(*given[:2], begin=1, end=2, max_length=6)
        found.append([out, *[p.grad for p in model.parameters()], tokens, weights])
    for want, got in zip(*found):
        np.testing.assert_allclose(got.detach().numpy(), want.detach().numpy(), atol=1e-10)


def test_seq2seq_learns_to_reverse():
    begin, end = 0, 1
    source = tinytorch.randint(2, 8, (32, 4))
    lengths = tinytorch.full((32,), 4)
    answer = tinytorch.cat([source.flip(1), tinytorch.full((32, 1), end)], dim=1)
    seen = tinytorch.cat([tinytorch.full((32, 1), begin), answer[:, :-1]], dim=1)
    model = models.Seq2Seq(8, 8, dim=16, hidden=32, dropout=0.0)

    def loss():
        return tinytorch.nn.functional.cross_entropy(
            model(source, lengths, seen).flatten(0, 1), answer.flatten()
        )

    found = losses(model, 120, 1e-2, loss)
    assert found[-1] < 0.1 * found[0]
    tokens, weights = model.translate(source, lengths, begin, end, max_length=5)
    assert (tokens == answer).float().mean() > 0.9
    assert weights.shape == (32, 5, 4) and weights.sum(-1).allclose(tinytorch.ones(32, 5))


def test_seq2seq_does_not_look_at_padding():
    model = models.Seq2Seq(9, 9, dim=4, hidden=6).eval()
    lengths, target = tinytorch.tensor([3, 5]), tinytorch.tensor([[1, 2], [3, 4]])
    source = tinytorch.tensor([[1, 2, 3, 0, 0], [1, 2, 3, 4, 5]])
    other = tinytorch.tensor([[1, 2, 3, 7, 8], [1, 2, 3, 4, 5]])
    assert model(source, lengths, target).equal(model(other, lengths, target))


# ---------------------------------------------------------------- GPT


def small_gpt(**settings):
    config = models.GPTConfig(vocab_size=17, block_size=12, n_layer=2, n_head=2, n_embd=8, **settings)
    model = models.GPT(config).double()
    for p in model.parameters():
        tinytorch.nn.init.normal_(p, std=0.4)
    return model


def gpt_in_torch(w, tokens, layers: int, heads: int):
    """GPT-2's forward pass, written down once more with PyTorch's functions."""
    F = torch.nn.functional
    x = w["transformer.wte.weight"][tokens] + w["transformer.wpe.weight"][: tokens.shape[1]]
    B, T, C = x.shape
    norm = lambda x, name: F.layer_norm(x, (C,), w[f"{name}.weight"], w[f"{name}.bias"])
    linear = lambda x, name: F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])
    for i in range(layers):
        at = f"transformer.h.{i}"
        q, k, v = (
            y.view(B, T, heads, -1).transpose(1, 2)
            for y in linear(norm(x, f"{at}.ln_1"), f"{at}.attn.c_attn").split(C, 2)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, C)
        x = x + linear(y, f"{at}.attn.c_proj")
        y = F.gelu(linear(norm(x, f"{at}.ln_2"), f"{at}.mlp.c_fc"), approximate="tanh")
        x = x + linear(y, f"{at}.mlp.c_proj")
    return norm(x, "transformer.ln_f") @ w["lm_head.weight"].T


def test_gpt_beside_torch():
    model = small_gpt()
    tokens = np.random.default_rng(0).integers(0, 17, (3, 12))
    weights = {key: torch.tensor(value.numpy()) for key, value in model.state_dict().items()}
    weights["lm_head.weight"] = weights["transformer.wte.weight"]  # tied
    for w in weights.values():
        w.requires_grad_()
    want = gpt_in_torch(weights, torch.tensor(tokens), 2, 2)
    torch.nn.functional.cross_entropy(
        want[:, :-1].flatten(0, 1), torch.tensor(tokens[:, 1:]).flatten()
    ).backward()
    logits, none = model(tinytorch.tensor(tokens))
    _, loss = model(tinytorch.tensor(tokens[:, :-1]), tinytorch.tensor(tokens[:, 1:]))
    loss.backward()
    assert none is None
    np.testing.assert_allclose(logits.detach().numpy(), want.detach().numpy(), atol=1e-10)
    for name, p in model.named_parameters():
        np.testing.assert_allclose(p.grad.numpy(), weights[name].grad.numpy(), atol=1e-10)


def test_gpt_is_causal():
    model = small_gpt().eval()
    tokens = tinytorch.randint(0, 17, (1, 12))
    logits, _ = model(tokens)
    for t in (1, 6, 11):
        changed = tokens.clone()
        changed[0, t] = (tokens[0, t] + 1) % 17
        other, _ = model(changed)
        assert other[:, :t].equal(logits[:, :t]) and not other[:, t].equal(logits[:, t])


@pytest.mark.parametrize("pieces", [[12], [5, 7], [1] * 12, [4, 1, 1, 3, 3]], ids=str)
def test_gpt_with_a_cache_is_gpt(pieces):
    model = small_gpt().eval()
    tokens = tinytorch.randint(0, 17, (2, 12))
    want, _ = model(tokens)
    with tinytorch.no_grad():
        cache = model.new_cache(2)
        got = [model(piece, cache=cache)[0] for piece in tokens.split(pieces, dim=1)]
        np.testing.assert_allclose(tinytorch.cat(got, dim=1).numpy(), want.detach().numpy(), atol=1e-12)
        with pytest.raises(ValueError, match="block_size=12"):
            model(tokens[:, :1], cache=cache)


def without_cache(model, tokens, count: int):
    """The likeliest tokens, with a full forward pass for each."""
    for _ in range(count):
        logits, _ = model(tokens[:, -model.config.block_size :])
        tokens = tinytorch.cat([tokens, logits[:, -1].argmax(-1, keepdim=True)], dim=1)
    return tokens


def test_gpt_generates():
    model = small_gpt(dropout=0.3)
    start = tinytorch.tensor([[1, 2, 3], [4, 5, 6]])
    greedy = model.generate(start, 20, temperature=0)  # past the block as well
    assert model.training
    model.eval()
    assert greedy.equal(without_cache(model, start, 20))
    drawn = []
    for seed in (1, 1, 2):
        tinytorch.manual_seed(seed)
        drawn.append(model.generate(start, 15, temperature=0.9, top_k=10, top_p=0.95))
    assert drawn[0].equal(drawn[1]) and not drawn[0].equal(drawn[2])
    assert model.generate(start, 8, top_k=1).equal(greedy[:, :11])
    own = [model.generate(start, 8, generator=tinytorch.Generator().manual_seed(3)) for _ in range(2)]
    assert own[0].equal(own[1])


def test_gpt_starts_as_gpt2_does():
    model = models.gpt_tiny(65)
    assert model.lm_head.weight is model.transformer.wte.weight
    for name, p in model.named_parameters():
        if p.dim() < 2:
            assert p.eq(1 if name.endswith("weight") else 0).all()
            continue
        std = 0.02 / math.sqrt(8) if name.endswith("c_proj.weight") else 0.02
        assert p.std().item() == pytest.approx(std, rel=0.1)
    tokens = tinytorch.randint(0, 65, (4, 32))
    _, loss = model(tokens, tinytorch.randint(0, 65, (4, 32)))
    assert loss.item() == pytest.approx(math.log(65), rel=0.05)


def test_gpt_parameter_groups():
    model = small_gpt()
    decay, rest = model.parameter_groups(0.1)
    assert decay["weight_decay"] == 0.1 and rest["weight_decay"] == 0
    assert all(p.dim() >= 2 for p in decay["params"]) and all(p.dim() == 1 for p in rest["params"])
    assert len(decay["params"]) + len(rest["params"]) == len(list(model.parameters()))


def test_gpt_learns():
    tokens = tinytorch.arange(13).repeat(8, 1)
    model = models.GPT(models.GPTConfig(vocab_size=17, block_size=12, n_layer=2, n_head=2, n_embd=16))
    found = losses(model, 40, 1e-2, lambda: model(tokens[:, :-1], tokens[:, 1:])[1])
    assert found[-1] < 0.2 * found[0]
    assert model.generate(tokens[:1, :1], 11, temperature=0).tolist() == [list(range(12))]
