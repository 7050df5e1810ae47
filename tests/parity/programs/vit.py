"""Vision transformer by hand: patches by unfold and by strided convolution, class token, warm-up by LambdaLR."""
import math
from functools import partial
from collections import OrderedDict

import numpy as np
import torch
from torch import nn, einsum
import torch.nn.functional as F


def exists(val):
    return val is not None


def pair(t):
    return t if isinstance(t, tuple) else (t, t)


class PreNorm(nn.Module):
    def __init__(self, dim, fn):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fn = fn

    def forward(self, x, **kwargs):
        return self.fn(self.norm(x), **kwargs)


class FeedForward(nn.Module):
    def __init__(self, dim, hidden_dim, dropout=0.):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(dim, hidden_dim), nn.GELU(), nn.Dropout(dropout),
            nn.Linear(hidden_dim, dim), nn.Dropout(dropout))

    def forward(self, x):
        return self.net(x)


class Attention(nn.Module):
    def __init__(self, dim, heads=2, dim_head=4, dropout=0.):
        super().__init__()
        inner_dim = dim_head * heads
        project_out = not (heads == 1 and dim_head == dim)
        self.heads = heads
        self.scale = dim_head ** -0.5
        self.to_qkv = nn.Linear(dim, inner_dim * 3, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner_dim, dim), nn.Dropout(dropout)) if project_out else nn.Identity()

    def forward(self, x):
        b, n, _, h = *x.shape, self.heads
        qkv = self.to_qkv(x).chunk(3, dim=-1)
        q, k, v = map(lambda t: t.reshape(b, n, h, -1).permute(0, 2, 1, 3), qkv)
        dots = einsum('b h i d, b h j d -> b h i j', q, k) * self.scale
        attn = dots.softmax(dim=-1)
        out = einsum('b h i j, b h j d -> b h i d', attn, v)
        out = out.transpose(1, 2).reshape(b, n, -1)
        return self.to_out(out)


class DropPath(nn.Module):
    def __init__(self, drop_prob=0.0):
        super().__init__()
        self.drop_prob = drop_prob

    def forward(self, x):
        if self.drop_prob == 0. or not self.training:
            return x
        keep_prob = 1 - self.drop_prob
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        random_tensor = x.new_empty(shape).bernoulli_(keep_prob)
        return x * random_tensor.div_(keep_prob)


class Transformer(nn.Module):
    def __init__(self, dim, depth, mlp_dim, norm_layer=partial(nn.LayerNorm, eps=1e-6)):
        super().__init__()
        self.layers = nn.ModuleList([])
        dpr = [x.item() for x in torch.linspace(0, 0.0, depth)]
        for i in range(depth):
            self.layers.append(nn.ModuleList([
                PreNorm(dim, Attention(dim)),
                PreNorm(dim, FeedForward(dim, mlp_dim)),
                DropPath(dpr[i])]))
        self.norm = norm_layer(dim)

    def forward(self, x):
        for attn, ff, drop in self.layers:
            x = drop(attn(x)) + x
            x = drop(ff(x)) + x
        return self.norm(x)


class ViT(nn.Module):
    def __init__(self, *, image_size, patch_size, num_classes, dim, depth, mlp_dim, pool='cls', channels=3, conv=False):
        super().__init__()
        ih, iw = pair(image_size)
        self.ph, self.pw = pair(patch_size)
        num_patches = (ih // self.ph) * (iw // self.pw)
        self.conv = conv
        if conv:
            self.patch = nn.Conv2d(channels, dim, kernel_size=patch_size, stride=patch_size)
        else:
            self.patch = nn.Linear(channels * self.ph * self.pw, dim)
        self.pos_embedding = nn.Parameter(torch.randn(1, num_patches + 1, dim))
        self.cls_token = nn.Parameter(torch.randn(1, 1, dim))
        self.transformer = Transformer(dim, depth, mlp_dim)
        self.pool = pool
        self.mlp_head = nn.Sequential(OrderedDict([('norm', nn.LayerNorm(dim)), ('fc', nn.Linear(dim, num_classes))]))
        nn.init.trunc_normal_(self.pos_embedding, std=.02)

    def forward(self, img):
        p = self.ph
        if self.conv:
            x = self.patch(img).flatten(2).transpose(1, 2)
        else:
            x = img.unfold(2, p, p).unfold(3, p, p)
            x = x.permute(0, 2, 3, 1, 4, 5).contiguous().view(img.shape[0], -1, img.shape[1] * p * p)
            x = self.patch(x)
        b, n, _ = x.shape
        cls_tokens = self.cls_token.expand(b, -1, -1)
        x = torch.cat((cls_tokens, x), dim=1)
        x += self.pos_embedding[:, :(n + 1)]
        x = self.transformer(x)
        x = x.mean(dim=1) if self.pool == 'mean' else x[:, 0]
        return self.mlp_head(x)


class LabelSmoothing(nn.Module):
    def __init__(self, smoothing=0.1):
        super(LabelSmoothing, self).__init__()
        self.confidence = 1.0 - smoothing
        self.smoothing = smoothing

    def forward(self, x, target):
        logprobs = F.log_softmax(x, dim=-1)
        nll_loss = -logprobs.gather(dim=-1, index=target.unsqueeze(1)).squeeze(1)
        smooth_loss = -logprobs.mean(dim=-1)
        return (self.confidence * nll_loss + self.smoothing * smooth_loss).mean()


rng = np.random.default_rng(11)
images = torch.tensor(rng.normal(size=(12, 3, 8, 8)), dtype=torch.float)
targets = torch.tensor(rng.integers(0, 4, 12))
for conv, pool in ((False, 'cls'), (True, 'mean')):
    net = ViT(image_size=8, patch_size=4, num_classes=4, dim=8, depth=2, mlp_dim=16, pool=pool, conv=conv)
    with torch.no_grad():
        for name, p in net.named_parameters():
            if 'norm' not in name:
                p.set_(torch.tensor(rng.normal(0, 0.2, p.shape), dtype=p.dtype)) if False else p.copy_(
                    torch.tensor(rng.normal(0, 0.2, p.shape)))
    decay, no_decay = [], []
    for name, p in net.named_parameters():
        if not p.requires_grad:
            continue
        (no_decay if p.ndim <= 1 or name.endswith(".bias") or 'token' in name else decay).append(p)
    optimizer = torch.optim.AdamW([{'params': no_decay, 'weight_decay': 0.}, {'params': decay, 'weight_decay': 0.05}],
                                  lr=5e-3)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lr_lambda=lambda s: (s + 1) / 3 if s < 3 else 0.5 * (1 + math.cos(math.pi * (s - 3) / 7)))
    criterion, soft = LabelSmoothing(0.1), nn.CrossEntropyLoss(label_smoothing=0.1)
    for step in range(8):
        lam, index = 0.7, torch.arange(12).roll(1)
        mixed = lam * images + (1 - lam) * images[index, :]
        out = net(mixed)
        loss = lam * criterion(out, targets) + (1 - lam) * soft(out, targets[index])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        scheduler.step()
        if step % 2:
            print(f'{step} {loss.item():.4f} {optimizer.param_groups[0]["lr"]:.6f}')
    net.eval()
    with torch.inference_mode():
        probs = net(images).softmax(-1)
    top = probs.topk(2, dim=-1)
    print(probs.max().item(), top.values.sum().item(), sum(map(torch.numel, net.parameters())))
