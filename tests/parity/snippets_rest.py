"""Snippets about distributions, data, amp, seeds and the small print."""

from tests.parity.snippets import blocks, lines

DISTRIBUTIONS = lines("""
torch.distributions.Normal(0.0, 1.0).log_prob(torch.tensor([0.5, -1.0]))
torch.distributions.Normal(torch.zeros(2), torch.tensor([1.0, 2.0])).log_prob(torch.tensor([0.5, -1.0]))
torch.distributions.Normal(loc=torch.zeros(2), scale=2.0).entropy()
torch.distributions.Normal(torch.tensor([1.0, 2.0]), torch.ones(2)).mean
torch.distributions.Normal(torch.zeros(2), torch.tensor([1.0, 2.0])).variance
torch.distributions.Normal(torch.zeros(2), torch.tensor([1.0, 2.0])).stddev
torch.distributions.Normal(0.0, 1.0).cdf(torch.tensor([0.5, -1.0]))
torch.distributions.Normal(0.0, 1.0).icdf(torch.tensor([0.5, 0.1]))
torch.distributions.Normal(0.0, 1.0).sample().shape
torch.distributions.Normal(torch.zeros(2), torch.ones(2)).sample((3,)).shape
torch.distributions.Normal(torch.zeros(2), torch.ones(2)).sample(torch.Size([3, 1])).shape
torch.distributions.Normal(torch.zeros(2, requires_grad=True), torch.ones(2)).rsample().requires_grad
torch.distributions.Normal(torch.zeros(2, requires_grad=True), torch.ones(2)).sample().requires_grad
torch.distributions.Normal(torch.zeros(2, 3), torch.ones(2, 3)).batch_shape
torch.distributions.Normal(torch.zeros(2), torch.ones(2)).event_shape
torch.distributions.Normal(0.0, -1.0)
torch.distributions.Normal(torch.tensor([float("nan")]), 1.0)
torch.distributions.Normal(0.0, 1.0).has_rsample
torch.distributions.Normal(0.0, 2.0).mode
torch.distributions.Normal(0.0, 2.0).loc, torch.distributions.Normal(0.0, 2.0).scale
torch.distributions.Normal(torch.zeros(1), torch.ones(1)).expand((3,)).batch_shape
repr(torch.distributions.Normal(0.0, 1.0))
repr(torch.distributions.Normal(torch.zeros(2), torch.ones(2)))
torch.distributions.normal.Normal(0.0, 1.0).perplexity()
torch.distributions.Categorical(torch.tensor([0.2, 0.8])).log_prob(torch.tensor([0, 1]))
torch.distributions.Categorical(probs=torch.tensor([1.0, 3.0])).probs
torch.distributions.Categorical(logits=torch.tensor([[1.0, 3.0], [0.0, 0.0]])).logits
torch.distributions.Categorical(logits=torch.tensor([[1.0, 3.0], [0.0, 0.0]])).probs
torch.distributions.Categorical(logits=torch.tensor([[1.0, 3.0], [0.0, 0.0]])).log_prob(torch.tensor([1, 0]))
torch.distributions.Categorical(logits=torch.tensor([[1.0, 3.0], [0.0, 0.0]])).entropy()
torch.distributions.Categorical(torch.tensor([[0.5, 0.5], [1.0, 0.0]])).entropy()
torch.distributions.Categorical(torch.tensor([0.0, 1.0])).sample()
torch.distributions.Categorical(torch.tensor([0.0, 1.0])).sample((2, 3))
torch.distributions.Categorical(torch.ones(4, 5)).sample().shape
torch.distributions.Categorical(torch.ones(4, 5)).sample((2,)).shape
torch.distributions.Categorical(torch.ones(4, 5)).sample().dtype
torch.distributions.Categorical(torch.ones(4, 5)).batch_shape
torch.distributions.Categorical(torch.ones(2)).mean
torch.distributions.Categorical(torch.ones(2)).mode
torch.distributions.Categorical(torch.ones(3)).log_prob(torch.tensor(5))
torch.distributions.Categorical(torch.tensor([-1.0, 1.0]))
torch.distributions.Categorical(torch.ones(3)).enumerate_support()
torch.distributions.Categorical(torch.ones(3)).param_shape
torch.distributions.Categorical(probs=torch.ones(2), logits=torch.ones(2))
repr(torch.distributions.Categorical(torch.ones(3)))
torch.distributions.Bernoulli(0.3).log_prob(torch.tensor([1.0, 0.0]))
torch.distributions.Bernoulli(torch.tensor([0.3, 0.6])).entropy()
torch.distributions.Bernoulli(logits=torch.tensor([0.3, -0.6])).log_prob(torch.tensor([1.0, 0.0]))
torch.distributions.Bernoulli(logits=torch.tensor([0.3, -0.6])).probs
torch.distributions.Bernoulli(torch.tensor([0.3, 0.6])).logits
torch.distributions.Bernoulli(torch.tensor([0.0, 1.0])).sample()
torch.distributions.Bernoulli(torch.tensor([0.3, 0.6])).mean
torch.distributions.Bernoulli(torch.tensor([0.3, 0.6])).variance
torch.distributions.Bernoulli(0.5).sample((3,)).shape
torch.distributions.Bernoulli(1.5)
torch.distributions.Uniform(0.0, 2.0).log_prob(torch.tensor([0.5, 1.0]))
torch.distributions.Uniform(torch.zeros(2), torch.tensor([1.0, 4.0])).entropy()
torch.distributions.Uniform(torch.zeros(2), torch.tensor([1.0, 4.0])).mean
torch.distributions.Uniform(0.0, 4.0).variance
torch.distributions.Uniform(0.0, 4.0).rsample((2,)).shape
torch.distributions.Uniform(0.0, 4.0).cdf(torch.tensor([1.0]))
torch.distributions.Uniform(2.0, 1.0)
torch.distributions.Uniform(0.0, 1.0).log_prob(torch.tensor(2.0))
torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2)).log_prob(torch.tensor([0.5, -1.0]))
torch.distributions.MultivariateNormal(torch.zeros(2), torch.tensor([[2.0, 0.5], [0.5, 1.0]])).log_prob(torch.tensor([[0.5, -1.0], [0.0, 0.0]]))
torch.distributions.MultivariateNormal(torch.zeros(2), covariance_matrix=torch.tensor([[2.0, 0.5], [0.5, 1.0]])).entropy()
torch.distributions.MultivariateNormal(torch.zeros(2), scale_tril=torch.tensor([[2.0, 0.0], [0.5, 1.0]])).covariance_matrix
torch.distributions.MultivariateNormal(torch.zeros(2), precision_matrix=torch.tensor([[2.0, 0.5], [0.5, 1.0]])).covariance_matrix
torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2)).variance
torch.distributions.MultivariateNormal(torch.zeros(3, 2), torch.eye(2)).rsample((4,)).shape
torch.distributions.MultivariateNormal(torch.zeros(3, 2), torch.eye(2)).event_shape
torch.distributions.MultivariateNormal(torch.zeros(2), torch.tensor([[1.0, 2.0], [2.0, 1.0]]))
torch.distributions.Independent(torch.distributions.Normal(torch.zeros(3, 2), torch.ones(3, 2)), 1).log_prob(torch.ones(3, 2))
torch.distributions.Independent(torch.distributions.Normal(torch.zeros(3, 2), torch.ones(3, 2)), 1).entropy()
torch.distributions.Independent(torch.distributions.Normal(torch.zeros(3, 2), torch.ones(3, 2)), 1).event_shape
torch.distributions.Independent(torch.distributions.Normal(torch.zeros(3, 2), torch.ones(3, 2)), 1).sample((4,)).shape
torch.distributions.Independent(torch.distributions.Normal(torch.zeros(3), torch.ones(3)), 2)
torch.distributions.kl_divergence(torch.distributions.Normal(0.0, 1.0), torch.distributions.Normal(1.0, 2.0))
torch.distributions.kl_divergence(torch.distributions.Categorical(torch.tensor([0.3, 0.7])), torch.distributions.Categorical(torch.tensor([0.5, 0.5])))
torch.distributions.kl_divergence(torch.distributions.Bernoulli(0.3), torch.distributions.Bernoulli(0.5))
torch.distributions.kl_divergence(torch.distributions.Uniform(0.0, 1.0), torch.distributions.Uniform(-1.0, 2.0))
torch.distributions.kl_divergence(torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2)), torch.distributions.MultivariateNormal(torch.ones(2), 2 * torch.eye(2)))
torch.distributions.kl_divergence(torch.distributions.Independent(torch.distributions.Normal(torch.zeros(2), torch.ones(2)), 1), torch.distributions.Independent(torch.distributions.Normal(torch.ones(2), torch.ones(2)), 1))
torch.distributions.kl.kl_divergence(torch.distributions.Normal(torch.zeros(2), 1.0), torch.distributions.Normal(torch.ones(2), 2.0))
torch.distributions.kl_divergence(torch.distributions.Normal(0.0, 1.0), torch.distributions.Bernoulli(0.5))
""")

PROGRAMS = blocks("""
# policy gradient through Categorical
logits = torch.tensor([[0.1, 0.5, -0.2]], requires_grad=True)
m = torch.distributions.Categorical(F.softmax(logits, dim=-1))
loss = (-m.log_prob(torch.tensor([1])) * 2.0 - 0.01 * m.entropy()).sum()
loss.backward()
loss, logits.grad

# gradients through Normal.log_prob and the KL
mu, std = torch.tensor([0.5], requires_grad=True), torch.tensor([1.5], requires_grad=True)
d = torch.distributions.Normal(mu, std)
(d.log_prob(torch.tensor([1.0])) + torch.distributions.kl_divergence(d, torch.distributions.Normal(0.0, 1.0)) + d.entropy()).sum().backward()
mu.grad, std.grad

# rsample's gradient
mu = torch.zeros(3, requires_grad=True)
torch.distributions.Normal(mu, torch.ones(3)).rsample((2,)).sum().backward()
mu.grad

# TensorDataset and DataLoader
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.arange(10.0).view(5, 2), torch.arange(5))
loader = DataLoader(data, batch_size=2)
len(data), data[1], len(loader), [(x, y) for x, y in loader], len(DataLoader(data, batch_size=2, drop_last=True)), data[1:3], [type(b) is list for b in loader]

# TensorDataset of different lengths
torch.utils.data.TensorDataset(torch.ones(2), torch.ones(3))

# a Dataset of one's own
class Squares(torch.utils.data.Dataset):
    def __init__(self, n):
        self.n = n
    def __len__(self):
        return self.n
    def __getitem__(self, i):
        return {"x": np.float32(i), "y": i**2, "name": str(i), "t": torch.tensor([i])}
[batch for batch in torch.utils.data.DataLoader(Squares(5), batch_size=3, shuffle=False, num_workers=0)]

# shuffling covers everything
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.arange(10)), batch_size=3, shuffle=True)
sorted(int(i) for x, in loader for i in x), [len(x) for x, in loader]

# shuffling by a generator repeats
def order():
    g = torch.Generator()
    g.manual_seed(3)
    loader = torch.utils.data.DataLoader(torch.arange(20), batch_size=20, shuffle=True, generator=g)
    return next(iter(loader)).tolist()
order() == order()

# a list as a data set
loader = torch.utils.data.DataLoader([(i, float(i)) for i in range(4)], batch_size=2)
list(loader)

# collate_fn
loader = torch.utils.data.DataLoader(["ab", "c", "def"], batch_size=3, collate_fn=lambda batch: sorted(len(s) for s in batch))
list(loader)

# batch_size None and batch_sampler
data = torch.arange(4.0)
list(torch.utils.data.DataLoader(data, batch_size=None)), list(torch.utils.data.DataLoader(data, batch_sampler=[[0, 2], [1]]))

# IterableDataset
class Stream(torch.utils.data.IterableDataset):
    def __iter__(self):
        return iter(range(5))
[b for b in torch.utils.data.DataLoader(Stream(), batch_size=2)], torch.utils.data.get_worker_info()

# Subset, ConcatDataset, random_split
from torch.utils import data
base = data.TensorDataset(torch.arange(6))
sub = data.Subset(base, [4, 1])
both = data.ConcatDataset([sub, base])
plus = sub + base
a, b = data.random_split(base, [4, 2], generator=torch.Generator().manual_seed(0))
c, d = data.random_split(range(10), [0.8, 0.2])
sub[0], len(both), both[0], both[-1], len(plus), len(a), len(b), sorted(int(x[0]) for part in (a, b) for x in part), len(c), len(d), sub.indices

# random_split that does not add up
torch.utils.data.random_split(range(10), [4, 2])

# samplers
from torch.utils import data
[list(data.SequentialSampler(range(3))), sorted(data.RandomSampler(range(4))), list(data.BatchSampler(data.SequentialSampler(range(5)), 2, False)), list(data.BatchSampler(data.SequentialSampler(range(5)), batch_size=2, drop_last=True)), list(data.WeightedRandomSampler([0.0, 1.0], 3)), len(data.RandomSampler(range(4), replacement=True, num_samples=7)), sorted(data.SubsetRandomSampler([3, 1]))]

# sampler and shuffle exclude each other
torch.utils.data.DataLoader([1, 2], shuffle=True, sampler=[0, 1])

# default_collate
torch.utils.data.default_collate([(1, 2.0, "a", np.ones(2), {"k": torch.ones(1)}), (3, 4.0, "b", np.zeros(2), {"k": torch.zeros(1)})])

# default_collate of different shapes
torch.utils.data.default_collate([torch.ones(2), torch.ones(3)])

# enumerate, next(iter), tqdm-like use
loader = torch.utils.data.DataLoader(torch.arange(4), 2)
[(i, b) for i, b in enumerate(loader, 1)], next(iter(loader)), len(loader.dataset), loader.batch_size

# an index error of the data set
class Bad(torch.utils.data.Dataset):
    def __len__(self):
        return 2
    def __getitem__(self, i):
        raise ValueError("broken")
list(torch.utils.data.DataLoader(Bad()))

# amp on the cpu
scaler = torch.amp.GradScaler("cpu", enabled=False)
w = nn.Parameter(torch.ones(2))
opt = optim.SGD([w], lr=0.1)
with torch.autocast("cpu", enabled=False):
    loss = (w * w).sum()
scaler.scale(loss).backward()
scaler.unscale_(opt)
scaler.step(opt)
scaler.update()
w, scaler.get_scale()

# cuda.amp is guarded
use_cuda = torch.cuda.is_available()
scaler = torch.cuda.amp.GradScaler(enabled=use_cuda)
with torch.cuda.amp.autocast(enabled=use_cuda):
    y = torch.ones(2) * 2
y, scaler.is_enabled()

# optimizer programs
w = nn.Parameter(torch.tensor([1.0, 2.0]))
opt = optim.SGD([w], lr=0.1)
loss = (w**2).sum()
opt.zero_grad()
loss.backward()
opt.step()
a = w.detach().clone()
for group in opt.param_groups:
    group["lr"] = 0.5
opt.zero_grad(set_to_none=False)
b = w.grad.clone()
opt.zero_grad()
opt.add_param_group({"params": [nn.Parameter(torch.ones(1))], "lr": 3.0})
a, b, w.grad, len(opt.param_groups), opt.param_groups[1]["lr"], opt.param_groups[0]["params"][0] is w, opt.defaults["lr"]

# an optimizer skips what has no gradient
a, b = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
opt = optim.Adam([a, b], lr=0.1, weight_decay=0.5)
(a * 2).sum().backward()
opt.step()
a, b

# step with a closure returns the loss
w = nn.Parameter(torch.ones(2))
opt = optim.SGD([w], lr=0.1)
def closure():
    opt.zero_grad()
    loss = (w**2).sum()
    loss.backward()
    return loss
opt.step(closure), w

# an optimizer of one's own
class Sign(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, dict(lr=lr))
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                state["n"] = state.get("n", 0) + 1
                p.add_(p.grad.sign(), alpha=-group["lr"])
w = nn.Parameter(torch.tensor([1.0, -1.0]))
opt = Sign([w])
(w**2).sum().backward()
opt.step()
w, opt.state[w], len(opt.state_dict()["state"])

# scheduler with print and get_last_lr
opt = optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
sched = optim.lr_scheduler.StepLR(opt, step_size=2, gamma=0.1)
seen = []
for epoch in range(5):
    opt.step()
    sched.step()
    seen.append((sched.get_last_lr()[0], opt.param_groups[0]["lr"], sched.last_epoch))
seen

# a scheduler of one's own
class Half(optim.lr_scheduler.LRScheduler):
    def get_lr(self):
        return [base / 2**self.last_epoch for base in self.base_lrs]
opt = optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
sched = Half(opt)
seen = []
for _ in range(3):
    opt.step()
    sched.step()
    seen.append(opt.param_groups[0]["lr"])
seen

# optimizer repr holds its options
text = repr(optim.SGD([nn.Parameter(torch.ones(1))], lr=0.5))
"SGD" in text and "lr: 0.5" in text

# seeds repeat
torch.manual_seed(0)
a = [torch.rand(2), torch.randn(2), torch.randperm(5), nn.Linear(2, 2).weight.detach()]
torch.manual_seed(0)
b = [torch.rand(2), torch.randn(2), torch.randperm(5), nn.Linear(2, 2).weight.detach()]
all(torch.equal(x, y) for x, y in zip(a, b))

# module paths that programs import
import torch.nn.functional as F2
import torch.optim.lr_scheduler as sched
from torch.nn import Module, Parameter, init
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.nn.parameter import Parameter as P2
from torch.nn.modules.module import Module as M2
from torch.utils.data import Dataset, DataLoader
from torch.utils.data.dataset import random_split
from torch.utils.data.sampler import SubsetRandomSampler
from torch.distributions import Categorical, Normal
from torch.optim import Adam
from torch.optim.lr_scheduler import LambdaLR
from torch.autograd import Variable, grad, Function
from torch.optim.optimizer import Optimizer
from torch import nn as nn2, optim as optim2, Tensor
from torch.nn.init import xavier_uniform_
[P2 is Parameter, M2 is Module, Variable(torch.ones(1)), Optimizer is optim.Optimizer]

# backends and switches
torch.cuda.manual_seed(0)
torch.cuda.manual_seed_all(0)
torch.use_deterministic_algorithms(False)
torch.set_num_threads(1)
torch.autograd.set_detect_anomaly(False)
torch.set_float32_matmul_precision("high")
torch.get_num_threads()

# cuda is absent or guarded
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
if torch.cuda.is_available():
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
isinstance(torch.cuda.device_count(), int)

# default device context
with torch.device("cpu"):
    x = torch.ones(2)
x

# type annotations
from typing import Optional
def f(x: torch.Tensor, mask: Optional[torch.Tensor] = None, dtype: torch.dtype = torch.float32, device: torch.device = None) -> torch.Tensor:
    return x if mask is None else x * mask
f(torch.ones(1))

# Size arithmetic
x = torch.ones(2, 3, 4)
b, *rest = x.shape
x.view(*x.shape[:-1], 2, 2).shape, x.size()[:-1] + (8,), torch.Size([*rest, 5]), x.shape[-1] // 2, b

# a tensor as a dictionary key and in sets
x = torch.ones(1)
{x: "a"}[x], x is x, len({x, x})

# tensors in boolean context
x = torch.tensor(3)
"yes" if x > 2 else "no", not x, bool(x == 3), x == 3 and True, any(torch.tensor([False, True])), all(torch.ones(2))

# numpy interplay
x = torch.ones(2, 2)
np.allclose(x, np.ones((2, 2))), np.argmax(torch.tensor([1, 5, 2])), np.concatenate([x, x]).shape, np.stack([t.numpy() for t in [x, x]]).shape, isinstance(x.mean().item(), float)

# writing scalars to a list
xs = []
for x in torch.arange(3.0):
    xs.append(x.item())
xs.extend(torch.ones(2).tolist())
xs

# SummaryWriter
from torch.utils.tensorboard import SummaryWriter
folder = tempfile.mkdtemp()
with SummaryWriter(folder) as writer:
    writer.add_scalar("loss/train", 0.5, 1)
    writer.add_scalars("both", {"a": 1.0, "b": 2.0}, 1)
    writer.add_histogram("w", torch.randn(10), 1)
    writer.add_text("note", "hello")
    writer.flush()
len(os.listdir(folder)) > 0
""")

# beyond the promise
EXTRA = lines("""
torch.distributions.Exponential(2.0).log_prob(torch.tensor([0.5]))
torch.distributions.Beta(2.0, 3.0).log_prob(torch.tensor([0.5]))
torch.distributions.Laplace(0.0, 1.0).log_prob(torch.tensor([0.5]))
torch.distributions.Gamma(2.0, 3.0).log_prob(torch.tensor([0.5]))
torch.distributions.Dirichlet(torch.tensor([1.0, 2.0])).log_prob(torch.tensor([0.3, 0.7]))
torch.distributions.Poisson(2.0).log_prob(torch.tensor([1.0]))
torch.distributions.LogNormal(0.0, 1.0).log_prob(torch.tensor([0.5]))
torch.distributions.OneHotCategorical(torch.tensor([0.3, 0.7])).log_prob(torch.tensor([0.0, 1.0]))
torch.distributions.RelaxedOneHotCategorical(torch.tensor(0.5), torch.tensor([0.3, 0.7])).rsample().shape
torch.distributions.TransformedDistribution(torch.distributions.Normal(0.0, 1.0), torch.distributions.TanhTransform()).log_prob(torch.tensor([0.5]))
""")
