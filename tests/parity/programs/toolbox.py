"""The odds and ends of training scripts: hooks, custom functions, quantised weights, EMA, early stop, mixed loaders, resume."""
import argparse
import contextlib
import functools
import io
import os
import random
import sys
import tempfile
import time
import warnings
from collections import OrderedDict, defaultdict

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, MultiStepLR, OneCycleLR, SequentialLR
from torch.utils.data import (BatchSampler, ConcatDataset, DataLoader, Dataset, Sampler, SequentialSampler, Subset,
                              SubsetRandomSampler, TensorDataset, WeightedRandomSampler)
from torch.utils.checkpoint import checkpoint


def set_seed(seed):
    random.seed(seed)
    os.environ['PYTHONHASHSEED'] = str(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


class AverageMeter(object):
    def __init__(self, name, fmt=':f'):
        self.name, self.fmt = name, fmt
        self.reset()

    def reset(self):
        self.val = self.avg = self.sum = self.count = 0

    def update(self, val, n=1):
        self.val = val
        self.sum += val * n
        self.count += n
        self.avg = self.sum / self.count

    def __str__(self):
        return ('{name} {val' + self.fmt + '} ({avg' + self.fmt + '})').format(**self.__dict__)


def accuracy(output, target, topk=(1,)):
    with torch.no_grad():
        maxk = max(topk)
        batch_size = target.size(0)
        _, pred = output.topk(maxk, 1, True, True)
        pred = pred.t()
        correct = pred.eq(target.view(1, -1).expand_as(pred))
        res = []
        for k in topk:
            correct_k = correct[:k].reshape(-1).float().sum(0, keepdim=True)
            res.append(correct_k.mul_(100.0 / batch_size))
        return res


class STEQuantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, bits):
        ctx.save_for_backward(input)
        n = float(2 ** bits - 1)
        return torch.round(input.clamp(-1, 1) * n) / n

    @staticmethod
    def backward(ctx, grad_output):
        input, = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input.abs().gt(1)] = 0
        return grad_input, None


class QuantLinear(nn.Linear):
    def forward(self, x):
        return F.linear(x, STEQuantize.apply(self.weight, 3), self.bias)


class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)


class SEBlock(nn.Module):
    def __init__(self, c, r=2):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(c, c // r), nn.ReLU(inplace=True), nn.Linear(c // r, c), nn.Hardsigmoid())

    def forward(self, x):
        return x * self.fc(x)


class EMA:
    def __init__(self, model, decay):
        self.decay = decay
        self.shadow = {name: param.data.clone() for name, param in model.named_parameters() if param.requires_grad}

    def update(self, model):
        for name, param in model.named_parameters():
            if param.requires_grad:
                assert name in self.shadow
                new_average = (1.0 - self.decay) * param.data + self.decay * self.shadow[name]
                self.shadow[name] = new_average.clone()


class EarlyStopping:
    def __init__(self, patience=2, delta=0):
        self.patience, self.delta, self.best, self.counter, self.stop = patience, delta, None, 0, False

    def __call__(self, score):
        if self.best is None or score > self.best + self.delta:
            self.best, self.counter = score, 0
        else:
            self.counter += 1
            self.stop = self.counter >= self.patience


def timed(fn):
    @functools.wraps(fn)
    def inner(*args, **kwargs):
        start = time.time()
        out = fn(*args, **kwargs)
        assert time.time() >= start
        return out
    return inner


class Pairs(Dataset):
    def __init__(self, n=24, seed=0):
        g = np.random.RandomState(seed)
        self.x = g.randn(n, 6).astype(np.float32)
        self.y = (self.x.sum(1) > 0).astype(np.int64) + (self.x[:, 0] > 0.8).astype(np.int64)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i], {'index': i, 'weight': 1.0 / (1 + i % 3)}


class EverySecond(Sampler):
    def __init__(self, source):
        self.source = source

    def __iter__(self):
        return iter(range(0, len(self.source), 2))

    def __len__(self):
        return (len(self.source) + 1) // 2


set_seed(7)
device = torch.device('cuda:0') if torch.cuda.is_available() else torch.device('cpu')
dtype = torch.float32
model = nn.Sequential(OrderedDict([
    ('inp', QuantLinear(6, 8)),
    ('bn', nn.BatchNorm1d(8)),
    ('swish', Swish()),
    ('se', SEBlock(8)),
    ('norm', nn.utils.parametrizations.weight_norm(nn.Linear(8, 8))),
    ('act', nn.SiLU()),
    ('out', nn.Linear(8, 3)),
])).to(device=device, dtype=dtype)
for i, (name, p) in enumerate(model.named_parameters()):
    if 'bn' not in name:
        torch.nn.init.constant_(p, 0.0)
        with torch.no_grad():
            p += torch.from_numpy(np.random.RandomState(i).uniform(-0.5, 0.5, size=tuple(p.shape))).to(p)
            if name.endswith('original0'):
                p.abs_().add_(0.5)

activations, gradients = defaultdict(list), {}
handles = [m.register_forward_hook(lambda mod, i, o, n=n: activations[n].append(o.detach().mean().item()))
           for n, m in model.named_modules() if isinstance(m, (nn.Linear, nn.BatchNorm1d)) and n != 'se.fc.0']
model.out.register_full_backward_hook(lambda m, gi, go: gradients.update(out=go[0].norm().item()))
model.out.weight.register_hook(lambda g: g * 1.5)

full = Pairs()
weights = 1.0 / torch.bincount(torch.as_tensor(full.y)).float() if hasattr(torch, 'bincount') else torch.ones(3)
train_set, valid_set = Subset(full, range(16)), Subset(full, range(16, 24))
train_loader = DataLoader(ConcatDataset([train_set, Subset(full, [0, 1])]), batch_size=6, drop_last=False)
valid_loader = DataLoader(valid_set, batch_size=4, sampler=EverySecond(valid_set))
print(len(train_loader), len(valid_loader), len(list(BatchSampler(SequentialSampler(full), 5, True))),
      sorted(SubsetRandomSampler([2, 0])), len(list(WeightedRandomSampler([1.0] * 4, 6))))

bias = [p for n, p in model.named_parameters() if n.endswith('bias')]
rest = [p for n, p in model.named_parameters() if not n.endswith('bias')]
optimizer = torch.optim.SGD([{'params': bias, 'weight_decay': 0, 'lr': 0.2}, {'params': rest}], lr=0.1, momentum=0.9,
                            weight_decay=1e-3, nesterov=True)
warm = LinearLR(optimizer, start_factor=0.25, total_iters=4)
scheduler = SequentialLR(optimizer, [warm, CosineAnnealingLR(optimizer, T_max=8)], milestones=[4])
criterion = nn.CrossEntropyLoss(weight=weights, reduction='none').to(device)
ema, stopper, history = EMA(model, 0.8), EarlyStopping(), []
accumulate, scaler = 2, torch.amp.GradScaler(device.type, enabled=False)


@timed
def train_epoch():
    model.train()
    losses = AverageMeter('Loss', ':.4f')
    for i, (x, y, info) in enumerate(train_loader):
        x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
        with contextlib.nullcontext():
            logits = model.out(checkpoint(lambda h: model.act(model.norm(h)), model.se(model.swish(model.bn(model.inp(x)))),
                                          use_reentrant=False))
            loss = (criterion(logits, y) * info['weight'].float()).mean() / accumulate
        scaler.scale(loss).backward()
        if (i + 1) % accumulate == 0 or i + 1 == len(train_loader):
            scaler.unscale_(optimizer)
            norm = nn.utils.clip_grad_norm_(model.parameters(), 2.0, norm_type=2)
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
            scheduler.step()
            ema.update(model)
        losses.update(loss.item() * accumulate, x.size(0))
    return losses, norm


@torch.no_grad()
def validate():
    was = model.training
    model.eval()
    outputs, targets = zip(*((model(x), y) for x, y, _ in valid_loader))
    outputs, targets = torch.cat(outputs), torch.cat(targets)
    model.train(was)
    return [a.item() for a in accuracy(outputs, targets, topk=(1, 2))] + [F.cross_entropy(outputs, targets).item()]


buffer = io.BytesIO()
for epoch in range(4):
    losses, norm = train_epoch()
    top1, top2, val = validate()
    stopper(-val)
    history.append(val)
    print(epoch, losses, f'{norm:.4f} {top2:.1f} {val:.4f}', [round(g['lr'], 5) for g in optimizer.param_groups])
    if epoch == 1:
        path = os.path.join(tempfile.gettempdir(), f'toolbox_{os.getpid()}.pt')
        torch.save({'model': model.state_dict(), 'optimizer': optimizer.state_dict(),
                    'scheduler': scheduler.state_dict(), 'epoch': epoch, 'args': {'lr': 0.1, 'name': 'x'}}, path)
        reference = None
    if stopper.stop:
        break
after = [p.detach().clone() for p in model.parameters()]

# resume at epoch 1 and run the same epochs again
saved = torch.load(path, map_location=device)
os.remove(path)
model.load_state_dict(saved['model'])
optimizer.load_state_dict(saved['optimizer'])
scheduler.load_state_dict(saved['scheduler'])
for epoch in range(saved['epoch'] + 1, len(history)):
    train_epoch()
print('resumed', all(torch.allclose(a, b, atol=1e-6) for a, b in zip(after, model.parameters())), saved['args'])
print({k: round(float(np.mean(v)), 3) for k, v in sorted(activations.items())}, round(gradients['out'], 4))
print(round(sum(v.abs().sum().item() for v in ema.shadow.values()), 3))
for handle in handles:
    handle.remove()

# surgery: freeze, replace a head, count, summarise
for param in model.parameters():
    param.requires_grad = False
model.out = nn.Linear(model.out.in_features, 5)
model.out.weight.data.fill_(0.1), model.out.bias.data.zero_()
trainable = list(filter(lambda p: p.requires_grad, model.parameters()))
print(sum(p.numel() for p in trainable), sum(p.numel() for p in model.parameters()), model.out)
backbone = nn.Sequential(*list(model.children())[:-1]).eval()
features = torch.cat([backbone(x) for x, *_ in DataLoader(full, batch_size=10)], dim=0)
print(tuple(features.shape), features.requires_grad, f'{features.sum():.3f}')

# linear algebra and statistics on features
centred = features - features.mean(dim=0, keepdim=True)
cov = centred.t() @ centred / (features.size(0) - 1)
values, vectors = torch.linalg.eigh(cov)
projected = centred @ vectors[:, -2:]
print([round(v, 4) for v in values.flip(0)[:3].tolist()], f'{projected.var(dim=0, unbiased=True).sum():.4f}')
fisher = {n: torch.zeros_like(p) for n, p in model.named_parameters() if p.requires_grad}
for x, y, _ in DataLoader(Subset(full, range(5))):
    model.zero_grad()
    F.nll_loss(F.log_softmax(model.eval()(x), dim=1), y).backward()
    for n, p in model.named_parameters():
        if p.grad is not None:
            fisher[n] += p.grad.detach() ** 2 / 5
print({n: round(f.sum().item(), 4) for n, f in fisher.items()})

# k-means, knn and a confusion matrix without loops
points = torch.from_numpy(full.x)
centres = points[:3].clone()
for _ in range(5):
    labels = torch.cdist(points, centres).argmin(dim=1)
    centres = torch.stack([points[labels == k].mean(0) if (labels == k).any() else centres[k] for k in range(3)])
knn = torch.cdist(points, points).fill_diagonal_(float('inf')).topk(3, largest=False).indices
vote = torch.mode(torch.as_tensor(full.y)[knn], dim=1).values if hasattr(torch, 'mode') else None
table = torch.zeros(3, 3, dtype=torch.int64)
table.index_put_((torch.as_tensor(full.y), labels), torch.ones(24, dtype=torch.int64), accumulate=True)
print(labels.tolist(), table.tolist(), round(centres.norm().item(), 4))
adversarial = points[:4].clone().requires_grad_(True)
F.cross_entropy(model(adversarial), torch.tensor([0, 1, 2, 0])).backward()
with torch.no_grad():
    perturbed = torch.clamp(adversarial + 0.1 * adversarial.grad.sign(), -2, 2)
print(round((perturbed - points[:4]).abs().max().item(), 4))
one_cycle = OneCycleLR(torch.optim.Adam(trainable, lr=1e-3), max_lr=0.1, total_steps=6)
rates = []
for _ in range(5):
    one_cycle.optimizer.step()
    one_cycle.step()
    rates.append(round(one_cycle.get_last_lr()[0], 5))
print(rates)
