"""Denoising diffusion on a toy image set: noise schedules, time embedding, a residual net with attention, EMA, sampling."""
import math
import copy
from inspect import isfunction
from functools import partial

import torch
from torch import nn, einsum
import torch.nn.functional as F
import numpy as np


def exists(x):
    return x is not None


def default(val, d):
    if exists(val):
        return val
    return d() if isfunction(d) else d


class Residual(nn.Module):
    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, x, *args, **kwargs):
        return self.fn(x, *args, **kwargs) + x


class SinusoidalPositionEmbeddings(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, time):
        device = time.device
        half_dim = self.dim // 2
        embeddings = math.log(10000) / (half_dim - 1)
        embeddings = torch.exp(torch.arange(half_dim, device=device) * -embeddings)
        embeddings = time[:, None] * embeddings[None, :]
        return torch.cat((embeddings.sin(), embeddings.cos()), dim=-1)


class WeightStandardizedConv2d(nn.Conv2d):
    def forward(self, x):
        eps = 1e-5 if x.dtype == torch.float32 else 1e-3
        weight = self.weight
        mean = weight.mean(dim=(1, 2, 3), keepdim=True)
        var = torch.var(weight, dim=(1, 2, 3), unbiased=False, keepdim=True)
        normalized_weight = (weight - mean) / (var + eps).rsqrt()
        return F.conv2d(x, normalized_weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Block(nn.Module):
    def __init__(self, dim, dim_out, time_dim, groups=2):
        super().__init__()
        self.mlp = nn.Sequential(nn.SiLU(), nn.Linear(time_dim, dim_out * 2))
        self.proj = WeightStandardizedConv2d(dim, dim_out, 3, padding=1)
        self.norm = nn.GroupNorm(groups, dim_out)
        self.act = nn.SiLU()
        self.res = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()

    def forward(self, x, t):
        scale, shift = self.mlp(t)[..., None, None].chunk(2, dim=1)
        h = self.norm(self.proj(x)) * (scale + 1) + shift
        return self.act(h) + self.res(x)


class Attention(nn.Module):
    def __init__(self, dim, heads=2, dim_head=4):
        super().__init__()
        self.scale = dim_head**-0.5
        self.heads = heads
        self.norm = nn.GroupNorm(1, dim)
        self.to_qkv = nn.Conv2d(dim, dim_head * heads * 3, 1, bias=False)
        self.to_out = nn.Conv2d(dim_head * heads, dim, 1)

    def forward(self, x):
        b, c, h, w = x.shape
        qkv = self.to_qkv(self.norm(x)).chunk(3, dim=1)
        q, k, v = map(lambda t: t.reshape(b, self.heads, -1, h * w), qkv)
        sim = einsum("b h d i, b h d j -> b h i j", q * self.scale, k)
        sim = sim - sim.amax(dim=-1, keepdim=True).detach()
        out = einsum("b h i j, b h d j -> b h i d", sim.softmax(dim=-1), v)
        return self.to_out(out.permute(0, 1, 3, 2).reshape(b, -1, h, w))


class Net(nn.Module):
    def __init__(self, dim=4, channels=1):
        super().__init__()
        self.time = nn.Sequential(SinusoidalPositionEmbeddings(8), nn.Linear(8, 8), nn.GELU())
        self.init_conv = nn.Conv2d(channels, dim, 3, padding=1)
        self.downs = nn.ModuleList([Block(dim, dim, 8), Block(dim, dim * 2, 8)])
        self.pool = nn.Conv2d(dim * 2, dim * 2, 4, 2, 1)
        self.mid = Residual(Attention(dim * 2))
        self.up = nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(dim * 2, dim * 2, 3, padding=1))
        self.last = Block(dim * 4, dim, 8)
        self.out = nn.Conv2d(dim, channels, 1)

    def forward(self, x, time):
        t = self.time(time)
        x = self.init_conv(x)
        for block in self.downs:
            x = block(x, t)
        h = self.mid(self.pool(x))
        return self.out(self.last(torch.cat((self.up(h), x), dim=1), t))


def linear_beta_schedule(timesteps):
    return torch.linspace(0.0001, 0.02, timesteps)


def cosine_beta_schedule(timesteps, s=0.008):
    x = torch.linspace(0, timesteps, timesteps + 1)
    alphas_cumprod = torch.cos(((x / timesteps) + s) / (1 + s) * torch.pi * 0.5) ** 2
    alphas_cumprod = alphas_cumprod / alphas_cumprod[0]
    betas = 1 - (alphas_cumprod[1:] / alphas_cumprod[:-1])
    return torch.clip(betas, 0.0001, 0.9999)


def extract(a, t, x_shape):
    batch_size = t.shape[0]
    out = a.gather(-1, t.cpu())
    return out.reshape(batch_size, *((1,) * (len(x_shape) - 1))).to(t.device)


timesteps = 20
rng = np.random.default_rng(8)
print(cosine_beta_schedule(5))
betas = linear_beta_schedule(timesteps=timesteps)
alphas = 1. - betas
alphas_cumprod = torch.cumprod(alphas, axis=0)
alphas_cumprod_prev = F.pad(alphas_cumprod[:-1], (1, 0), value=1.0)
sqrt_recip_alphas = torch.sqrt(1.0 / alphas)
sqrt_alphas_cumprod = torch.sqrt(alphas_cumprod)
sqrt_one_minus_alphas_cumprod = torch.sqrt(1. - alphas_cumprod)
posterior_variance = betas * (1. - alphas_cumprod_prev) / (1. - alphas_cumprod)


def q_sample(x_start, t, noise=None):
    noise = default(noise, lambda: torch.randn_like(x_start))
    return extract(sqrt_alphas_cumprod, t, x_start.shape) * x_start + \
        extract(sqrt_one_minus_alphas_cumprod, t, x_start.shape) * noise


def p_losses(model, x_start, t, noise, loss_type):
    predicted_noise = model(q_sample(x_start=x_start, t=t, noise=noise), t)
    losses = {"l1": F.l1_loss, "l2": F.mse_loss, "huber": F.smooth_l1_loss}
    return losses[loss_type](noise, predicted_noise)


@torch.no_grad()
def p_sample(model, x, t, t_index):
    betas_t = extract(betas, t, x.shape)
    mean = extract(sqrt_recip_alphas, t, x.shape) * (
        x - betas_t * model(x, t) / extract(sqrt_one_minus_alphas_cumprod, t, x.shape))
    if t_index == 0:
        return mean
    return mean + torch.sqrt(extract(posterior_variance, t, x.shape)) * torch.from_numpy(rng.standard_normal(x.shape)).float()


model = Net()
for i, p in enumerate(model.parameters()):
    with torch.no_grad():
        if p.dim() > 1:
            p.copy_(torch.from_numpy(np.random.default_rng(i).normal(0, 0.2, p.shape)))
        else:
            p.fill_(0.05 * (i % 5))
ema = copy.deepcopy(model).eval().requires_grad_(False)
optimizer = torch.optim.NAdam(model.parameters(), lr=2e-3)
images = torch.from_numpy(rng.uniform(-1, 1, (8, 1, 8, 8)).astype("f4"))
for step, kind in enumerate(["huber", "l1", "l2", "huber", "l2"]):
    optimizer.zero_grad()
    t = torch.from_numpy(rng.integers(0, timesteps, 8)).long()
    noise = torch.from_numpy(rng.standard_normal(images.shape)).to(images.dtype)
    loss = p_losses(model, images, t, noise, kind)
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for a, b in zip(ema.parameters(), model.parameters()):
            a.mul_(0.9).add_(b, alpha=0.1)
        for a, b in zip(ema.buffers(), model.buffers()):
            a.copy_(b)
    print(kind, f"{loss.item():.4f}")
img = torch.from_numpy(rng.standard_normal((2, 1, 8, 8))).float()
for i in reversed(range(0, timesteps)):
    img = p_sample(ema, img, torch.full((2,), i, dtype=torch.long), i)
img = (img.clamp(-1, 1) + 1) * 0.5
print((img * 255).round().to(torch.uint8).float().mean().item() > 0, f"{img.mean():.3f} {img.std():.3f}")
