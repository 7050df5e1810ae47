"""Model-agnostic meta-learning on sinusoids: inner steps kept in the graph, and the same by swapping parameters."""
import torch
from torch import nn, autograd
from torch.nn import functional as F
import numpy as np
from copy import deepcopy
from collections import OrderedDict

rng = np.random.RandomState(2)


class Learner(nn.Module):
    """The functional net: its parameters are a list that may be replaced."""

    def __init__(self, config):
        super(Learner, self).__init__()
        self.config = config
        self.vars = nn.ParameterList()
        for name, param in self.config:
            if name == 'linear':
                w = nn.Parameter(torch.ones(*param))
                torch.nn.init.kaiming_normal_(w)
                w.data.copy_(torch.from_numpy(rng.randn(*param) / np.sqrt(param[1])))
                self.vars.append(w)
                self.vars.append(nn.Parameter(torch.zeros(param[0])))
            elif name in ['tanh', 'relu']:
                continue
            else:
                raise NotImplementedError

    def forward(self, x, vars=None):
        if vars is None:
            vars = self.vars
        idx = 0
        for name, param in self.config:
            if name == 'linear':
                w, b = vars[idx], vars[idx + 1]
                x = F.linear(x, w, b)
                idx += 2
            elif name == 'relu':
                x = F.relu(x, inplace=param[0])
            elif name == 'tanh':
                x = F.tanh(x)
        assert idx == len(vars)
        return x

    def parameters(self):
        return self.vars


def tasks(n, k=5):
    for _ in range(n):
        amplitude, phase = rng.uniform(0.5, 2), rng.uniform(0, np.pi)
        x = rng.uniform(-3, 3, (2 * k, 1))
        y = amplitude * np.sin(x + phase)
        x, y = torch.FloatTensor(x), torch.FloatTensor(y)
        yield x[:k], y[:k], x[k:], y[k:]


net = Learner([('linear', [16, 1]), ('tanh', []), ('linear', [16, 16]), ('relu', [True]), ('linear', [1, 16])])
meta_optim = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(4):
    losses_q = [0, 0, 0]
    for x_spt, y_spt, x_qry, y_qry in tasks(3):
        loss = F.mse_loss(net(x_spt, vars=None), y_spt)
        grad = torch.autograd.grad(loss, net.parameters(), create_graph=True)
        fast_weights = list(map(lambda p: p[1] - 0.05 * p[0], zip(grad, net.parameters())))
        with torch.no_grad():
            losses_q[0] += F.mse_loss(net(x_qry, net.parameters()), y_qry).item()
        losses_q[1] += F.mse_loss(net(x_qry, fast_weights), y_qry).item()
        loss = F.mse_loss(net(x_spt, fast_weights), y_spt)
        grad = torch.autograd.grad(loss, fast_weights, create_graph=True)
        fast_weights = list(map(lambda p: p[1] - 0.05 * p[0], zip(grad, fast_weights)))
        losses_q[2] = losses_q[2] + F.mse_loss(net(x_qry, fast_weights), y_qry)
    loss_q = losses_q[-1] / 3
    meta_optim.zero_grad()
    loss_q.backward()
    meta_optim.step()
    print("%.4f %.4f %.4f" % (losses_q[0] / 3, losses_q[1] / 3, loss_q))


class Sine(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(OrderedDict([
            ('l1', nn.Linear(1, 12)), ('relu1', nn.ReLU()), ('l2', nn.Linear(12, 12)), ('gelu', nn.GELU()), ('l3', nn.Linear(12, 1))]))

    def forward(self, x):
        return self.net(x)

    def argforward(self, x, weights):
        x = F.relu(F.linear(x, weights[0], weights[1]))
        x = F.gelu(F.linear(x, weights[2], weights[3]))
        return F.linear(x, weights[4], weights[5])


model = Sine()
for i, w in enumerate(model.parameters()):
    w.data = torch.from_numpy(np.random.RandomState(i).uniform(-0.7, 0.7, w.shape)).type(torch.FloatTensor)
weights = list(model.parameters())
opt = torch.optim.SGD(weights, 0.05)
for step in range(3):
    metaloss = 0
    for xs, ys, xq, yq in tasks(2):
        temp_weights = [w.clone() for w in weights]
        for inner in range(2):
            loss = F.mse_loss(model.argforward(xs, temp_weights), ys)
            grad = autograd.grad(loss, temp_weights, create_graph=True)
            temp_weights = [w - 0.02 * g for w, g in zip(temp_weights, grad)]
        metaloss = metaloss + F.smooth_l1_loss(model.argforward(xq, temp_weights), yq)
    metagrads = torch.autograd.grad(metaloss, weights)
    for w, g in zip(weights, metagrads):
        w.grad = g
    opt.step()
    print(f"{metaloss.item():.4f} {sum(g.norm() ** 2 for g in metagrads) ** 0.5:.4f}")

# Reptile: first order, by copies of the module
for epoch in range(2):
    before = deepcopy(model.state_dict())
    for xs, ys, xq, yq in tasks(1):
        inner = torch.optim.SGD(model.parameters(), lr=0.05)
        for _ in range(3):
            inner.zero_grad()
            (model(xs) - ys).pow(2).mean().backward()
            inner.step()
    after = model.state_dict()
    model.load_state_dict({name: before[name] + (after[name] - before[name]) * 0.5 for name in before})
print(round(float(model(torch.linspace(-3, 3, 7)[:, None]).sum()), 4))
