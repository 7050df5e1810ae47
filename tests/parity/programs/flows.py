"""Density models: RealNVP coupling layers, a masked autoregressive net, a mixture of Gaussians by gradient, a VQ layer."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import distributions
from torch.nn.parameter import Parameter
import numpy as np

rng = np.random.RandomState(1)


def fill(net, scale=0.4):
    for p in net.parameters():
        if p.requires_grad:
            p.data = torch.from_numpy(rng.uniform(-scale, scale, p.size())).float()
    return net


class RealNVP(nn.Module):
    def __init__(self, nets, nett, mask, prior):
        super(RealNVP, self).__init__()
        self.prior = prior
        self.mask = nn.Parameter(mask, requires_grad=False)
        self.t = torch.nn.ModuleList([nett() for _ in range(len(mask))])
        self.s = torch.nn.ModuleList([nets() for _ in range(len(mask))])

    def g(self, z):
        x = z
        for i in range(len(self.t)):
            x_ = x * self.mask[i]
            s = self.s[i](x_) * (1 - self.mask[i])
            t = self.t[i](x_) * (1 - self.mask[i])
            x = x_ + (1 - self.mask[i]) * (x * torch.exp(s) + t)
        return x

    def f(self, x):
        log_det_J, z = x.new_zeros(x.shape[0]), x
        for i in reversed(range(len(self.t))):
            z_ = self.mask[i] * z
            s = self.s[i](z_) * (1 - self.mask[i])
            t = self.t[i](z_) * (1 - self.mask[i])
            z = (1 - self.mask[i]) * (z - t) * torch.exp(-s) + z_
            log_det_J -= s.sum(dim=1)
        return z, log_det_J

    def log_prob(self, x):
        z, logp = self.f(x)
        return self.prior.log_prob(z) + logp

    def sample(self, batchSize):
        z = self.prior.sample((batchSize, 1))
        return self.g(z.squeeze(1))


nets = lambda: nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(), nn.Linear(8, 2), nn.Tanh())
nett = lambda: nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(), nn.Linear(8, 2))
masks = torch.from_numpy(np.array([[0, 1], [1, 0]] * 2).astype(np.float32))
prior = distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
flow = fill(RealNVP(nets, nett, masks, prior))
moons = (rng.randn(32, 2) * 0.3 + np.array([1.0, -1.0]) * np.sign(rng.randn(32, 1))).astype(np.float32)
optimizer = torch.optim.Adam([p for p in flow.parameters() if p.requires_grad == True], lr=1e-2)
for t in range(6):
    loss = -flow.log_prob(torch.from_numpy(moons).float()).mean()
    optimizer.zero_grad()
    loss.backward(retain_graph=True)
    optimizer.step()
    print('iter %s:' % t, 'loss = %.4f' % loss)
z, _ = flow.f(torch.from_numpy(moons))
print(torch.allclose(flow.g(z), torch.from_numpy(moons), atol=1e-3), flow.sample(5).shape)
jac = torch.autograd.functional.jacobian(lambda v: flow.f(v[None])[0][0], torch.from_numpy(moons[0]))
print(round(torch.slogdet(jac)[1].item(), 4), round(flow.f(torch.from_numpy(moons[:1]))[1].item(), 4))


class MaskedLinear(nn.Linear):
    """Same as Linear except has a configurable mask on the weights."""

    def __init__(self, in_features, out_features, bias=True):
        super().__init__(in_features, out_features, bias)
        self.register_buffer('mask', torch.ones(out_features, in_features))

    def set_mask(self, mask):
        self.mask.data.copy_(torch.from_numpy(mask.astype(np.uint8).T))

    def forward(self, input):
        return F.linear(input, self.mask * self.weight, self.bias)


class MADE(nn.Module):
    def __init__(self, nin, hidden):
        super().__init__()
        self.net = nn.Sequential(MaskedLinear(nin, hidden), nn.ReLU(), MaskedLinear(hidden, nin))
        m0, m1 = np.arange(nin), rng.randint(0, nin - 1, size=hidden)
        self.net[0].set_mask(m0[:, None] <= m1[None, :])
        self.net[2].set_mask(m1[:, None] < m0[None, :])

    def forward(self, x):
        return self.net(x)


made = fill(MADE(6, 16))
x = torch.from_numpy((rng.rand(10, 6) > 0.5).astype('float32'))
opt = torch.optim.Adamax(made.parameters(), lr=0.02)
for _ in range(5):
    loss = F.binary_cross_entropy_with_logits(made(x), x, reduction="none").sum(-1).mean()
    opt.zero_grad(); loss.backward(); opt.step()
x = torch.randn(1, 6).zero_().requires_grad_()
order = [torch.autograd.grad(made(x)[0, i], x, retain_graph=True)[0][0].ne(0).sum().item() for i in range(6)]
print("%.4f" % loss.item(), order)

logits, mu, log_sigma = (nn.Parameter(torch.tensor(v)) for v in ([0.0, 0.1], [[-1.0, 0.0], [1.0, 0.5]], [[0.0, 0.0], [0.1, 0.0]]))
opt = torch.optim.Rprop([logits, mu, log_sigma]) if hasattr(torch.optim, "Rprop") and False else torch.optim.RMSprop([logits, mu, log_sigma], lr=0.02)
data = torch.from_numpy(moons)
for _ in range(10):
    component = distributions.Independent(distributions.Normal(mu, log_sigma.exp()), 1)
    log_prob = component.log_prob(data[:, None, :]) + F.log_softmax(logits, 0)
    loss = -torch.logsumexp(log_prob, 1).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
resp = F.softmax(log_prob.detach(), dim=1)
print("%.4f" % loss, resp.argmax(1).bincount(minlength=2).tolist() if hasattr(torch.Tensor, "bincount") else None)


class VectorQuantizer(nn.Module):
    def __init__(self, K, D, beta=0.25, decay=0.9):
        super().__init__()
        self.K, self.beta, self.decay = K, beta, decay
        self.embedding = nn.Embedding(K, D)
        self.embedding.weight.data.uniform_(-1 / K, 1 / K)
        self.embedding.weight.data.copy_(torch.linspace(-1, 1, K * D).view(K, D))
        self.register_buffer('cluster_size', torch.zeros(K))

    def forward(self, latents):
        latents = latents.permute(0, 2, 3, 1).contiguous()
        shape = latents.shape
        flat = latents.view(-1, shape[-1])
        dist = torch.sum(flat ** 2, dim=1, keepdim=True) + torch.sum(self.embedding.weight ** 2, dim=1) - \
            2 * torch.matmul(flat, self.embedding.weight.t())
        inds = torch.argmin(dist, dim=1).unsqueeze(1)
        one_hot = torch.zeros(inds.size(0), self.K, device=latents.device)
        one_hot.scatter_(1, inds, 1)
        quantized = torch.matmul(one_hot, self.embedding.weight).view(shape)
        if self.training:
            self.cluster_size.mul_(self.decay).add_(one_hot.sum(0), alpha=1 - self.decay)
        loss = F.mse_loss(quantized.detach(), latents) * self.beta + F.mse_loss(quantized, latents.detach())
        quantized = latents + (quantized - latents).detach()
        probs = one_hot.mean(0)
        perplexity = torch.exp(-torch.sum(probs * torch.log(probs + 1e-10)))
        return quantized.permute(0, 3, 1, 2).contiguous(), loss, perplexity


enc, vq, dec = fill(nn.Conv2d(1, 2, 4, 2, 1)), VectorQuantizer(5, 2), fill(nn.ConvTranspose2d(2, 1, 4, 2, 1))
images = torch.from_numpy(rng.rand(3, 1, 8, 8)).float()
opt = torch.optim.AdamW([*enc.parameters(), *vq.parameters(), *dec.parameters()], lr=1e-2, amsgrad=True)
for _ in range(5):
    q, vq_loss, perplexity = vq(enc(images))
    loss = F.mse_loss(dec(q), images) + vq_loss
    opt.zero_grad()
    loss.backward()
    opt.step()
print("%.4f %.4f %.3f" % (loss, perplexity, vq.cluster_size.sum()))
