"""Snippets about nn.Module and what belongs to it: registration, state, hooks, containers, init, utils, optimizers' API."""

from tests.parity.snippets import blocks, lines

PROGRAMS = blocks("""
# a module of one's own
class Net(nn.Module):
    def __init__(self, n, hidden=3):
        super(Net, self).__init__()
        self.fc1 = nn.Linear(n, hidden)
        self.act = nn.ReLU()
        self.fc2 = nn.Linear(hidden, 1, bias=False)
    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))
net = Net(2)
for p in net.parameters():
    nn.init.constant_(p, 0.5)
repr(net), list(net.state_dict()), [n for n, _ in net.named_parameters()], [type(m).__name__ for m in net.modules()], net(torch.ones(1, 2)), sum(p.numel() for p in net.parameters())

# super() without arguments, nested
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(2, 2)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block() for _ in range(2)])
        self.head = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())
        self.names = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.Identity()})
net = Net()
repr(net), list(net.state_dict()), [n for n, _ in net.named_modules()], [n for n, _ in net.named_children()]

# forgetting super().__init__
class Net(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(1, 1)
Net()

# parameters and buffers
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(2))
        self.register_buffer("steps", torch.zeros(1, dtype=torch.int64))
        self.register_buffer("cache", torch.zeros(3), persistent=False)
        self.register_parameter("b", None)
        self.register_parameter("c", nn.Parameter(torch.zeros(1)))
        self.plain = torch.ones(4)
        self.register_buffer("none", None)
net = Net()
list(net.state_dict()), [n for n, _ in net.named_buffers()], [n for n, _ in net.named_parameters()], net.b, net.none, net.steps, isinstance(net.w, nn.Parameter), net.w.requires_grad

# nn.Buffer
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.seen = nn.Buffer(torch.zeros(2))
list(Net().state_dict())

# assigning over a parameter
net = nn.Linear(2, 2)
net.weight = nn.Parameter(torch.zeros(3, 2))
net.extra = nn.Parameter(torch.ones(1))
net.weight.shape, list(net.state_dict())

# assigning a tensor over a parameter
net = nn.Linear(2, 2)
net.weight = torch.zeros(2, 2)
net

# deleting a parameter
net = nn.Linear(2, 2)
del net.bias
list(net.state_dict()), hasattr(net, "bias")

# a missing attribute
nn.Linear(2, 2).nothing

# calling without forward
class Net(nn.Module):
    pass
Net()(torch.ones(1))

# state_dict shares and load_state_dict copies
a, b = nn.Linear(2, 1), nn.Linear(2, 1)
a.load_state_dict(b.state_dict())
before = torch.equal(a.weight, b.weight)
b.weight.data.add_(1)
before, torch.equal(a.weight, b.weight), type(a.state_dict()).__name__

# load_state_dict's answer
net = nn.Linear(2, 1)
answer = net.load_state_dict({"weight": torch.ones(1, 2), "other": torch.ones(1)}, strict=False)
answer.missing_keys, answer.unexpected_keys, str(net.load_state_dict(net.state_dict()))

# load_state_dict with missing and unexpected keys
net = nn.Linear(2, 1)
try:
    net.load_state_dict({"weight": torch.ones(1, 2), "other": torch.ones(1)})
    text = ""
except RuntimeError as error:
    text = str(error)
'Missing key(s) in state_dict: "bias"' in text, 'Unexpected key(s) in state_dict: "other"' in text, "Linear" in text

# load_state_dict of a wrong shape
net = nn.Linear(2, 1)
try:
    net.load_state_dict({"weight": torch.ones(2, 2), "bias": torch.ones(1)})
    text = ""
except RuntimeError as error:
    text = str(error)
"size mismatch for weight" in text, "torch.Size([2, 2])" in text

# load_state_dict with a prefix
state = {"module.weight": torch.ones(1, 2), "module.bias": torch.zeros(1)}
net = nn.Linear(2, 1)
net.load_state_dict({k.replace("module.", ""): v for k, v in state.items()})
net.weight

# partial loading by update
net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
state = net.state_dict()
state.update({"1.bias": torch.tensor([7.0])})
net.load_state_dict(state)
net[1].bias

# load keeps dtype
net = nn.Linear(2, 1)
net.load_state_dict({"weight": torch.ones(1, 2, dtype=torch.float64), "bias": torch.ones(1)})
net.weight.dtype, net.weight.requires_grad

# save and load a state_dict
net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
opt = optim.Adam(net.parameters(), lr=0.01)
net(torch.tensor([[1.0, 2.0], [3.0, 5.0]])).sum().backward()
opt.step()
path = os.path.join(tempfile.mkdtemp(), "model.pt")
torch.save({"epoch": 3, "model": net.state_dict(), "optimizer": opt.state_dict(), "loss": 0.5}, path)
checkpoint = torch.load(path, map_location="cpu")
other = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
other.load_state_dict(checkpoint["model"])
opt2 = optim.Adam(other.parameters(), lr=1.0)
opt2.load_state_dict(checkpoint["optimizer"])
checkpoint["epoch"], checkpoint["loss"], all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), other.state_dict().values())), opt2.param_groups[0]["lr"]

# save and load tensors
path = os.path.join(tempfile.mkdtemp(), "x.pt")
torch.save([torch.arange(3), {"a": torch.ones(2, dtype=torch.float64)}], path)
torch.load(path, weights_only=True)

# save and load one tensor
path = os.path.join(tempfile.mkdtemp(), "x.pt")
torch.save(torch.arange(3), path)
torch.load(path)

# load what is not there
torch.load("/nothing/there.pt")

# train and eval
net = nn.Sequential(nn.Dropout(0.5), nn.Sequential(nn.BatchNorm1d(2)))
a = net.training
b = net.eval() is net
c = [m.training for m in net.modules()]
net.train()
net[1].eval()
a, b, c, [m.training for m in net.modules()], net.train(False).training

# to, double, half
net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
net.double()
a = [v.dtype for v in net.state_dict().values()]
net.to("cpu").to(torch.float32)
b = net.to(torch.device("cpu")) is net
a, b, net[0].weight.dtype, net.float()[0].weight.dtype, next(net.parameters()).device.type

# to keeps the parameter objects
net = nn.Linear(2, 2)
opt = optim.SGD(net.parameters(), lr=1.0)
p = net.weight
net.to("cpu")
net.double()
p is net.weight, p.dtype

# requires_grad_ freezes
net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
net[0].requires_grad_(False)
for p in net[1].parameters():
    p.requires_grad = False
net[1].bias.requires_grad = True
net(torch.ones(1, 2)).sum().backward()
[p.grad is None for p in net.parameters()], [n for n, p in net.named_parameters() if p.requires_grad]

# zero_grad
net = nn.Linear(2, 1)
net(torch.ones(1, 2)).sum().backward()
net.zero_grad()
a = net.weight.grad
net(torch.ones(1, 2)).sum().backward()
net.zero_grad(set_to_none=False)
a, net.weight.grad

# apply an initialiser
def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.constant_(m.weight, 0.1)
        m.bias.data.fill_(0.01)
    elif isinstance(m, nn.BatchNorm1d):
        m.weight.data.normal_(1.0, 0.0)
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        nn.init.zeros_(m.weight)
net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Conv1d(1, 1, 1))
net.apply(init_weights) is net, [p for p in net.parameters()][:4]

# forward hooks
seen = []
net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
nn.init.ones_(net[0].weight); nn.init.zeros_(net[0].bias)
handle = net[0].register_forward_hook(lambda m, args, out: seen.append((type(m).__name__, len(args), out.detach().clone())))
changed = net[1].register_forward_hook(lambda m, args, out: out * 2)
a = net(torch.ones(1, 2))
handle.remove(); changed.remove()
b = net(torch.ones(1, 2))
a, b, seen

# forward pre hooks
net = nn.Linear(2, 1, bias=False)
nn.init.ones_(net.weight)
h = net.register_forward_pre_hook(lambda m, args: (args[0] * 3,))
a = net(torch.ones(1, 2))
h.remove()
a, net(torch.ones(1, 2))

# hooks with keyword arguments
class Net(nn.Module):
    def forward(self, x, scale=1.0):
        return x * scale
net = Net()
seen = []
net.register_forward_hook(lambda m, args, kwargs, out: seen.append(kwargs["scale"]), with_kwargs=True)
net(torch.ones(1), scale=2.0), seen

# backward hooks
seen = []
net = nn.Linear(2, 1, bias=False)
nn.init.constant_(net.weight, 2.0)
net.register_full_backward_hook(lambda m, gi, go: seen.append((gi[0], go[0])))
x = torch.ones(1, 2, requires_grad=True)
net(x).sum().backward()
seen, x.grad

# feature extraction by hook and grad cam
features = {}
net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2))
for p in net.parameters():
    nn.init.constant_(p, 0.1)
def hook(module, input, output):
    features["maps"] = output
    output.register_hook(lambda g: features.__setitem__("grad", g))
net[1].register_forward_hook(hook)
net(torch.ones(1, 1, 5, 5))[0, 1].backward()
weights = features["grad"].mean(dim=(2, 3), keepdim=True)
F.relu((weights * features["maps"]).sum(1))

# Sequential of an OrderedDict
net = nn.Sequential(collections.OrderedDict([("conv", nn.Linear(2, 2)), ("act", nn.ReLU())]))
repr(net), net.conv.weight.shape, list(net.state_dict()), len(net), type(net[0]).__name__, type(net[-1]).__name__, [type(m).__name__ for m in net]

# Sequential slices, append, insert, add_module
net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
net.append(nn.Tanh())
net.add_module("last", nn.Sigmoid())
net[1] = nn.Tanh()
part = net[:2]
del net[-1]
repr(net), repr(part), type(part).__name__, len(net)

# Sequential by star
layers = []
for i in range(2):
    layers += [nn.Linear(2, 2), nn.ReLU(True)]
repr(nn.Sequential(*layers))

# ModuleList
m = nn.ModuleList([nn.Linear(1, 2)])
m.append(nn.ReLU())
m.extend([nn.Tanh(), nn.Tanh()])
m.insert(0, nn.Identity())
m += [nn.Sigmoid()]
repr(m), len(m), [type(x).__name__ for x in m], type(m[-1]).__name__, list(m.state_dict()), repr(m[1:3]), repr(nn.ModuleList([nn.ReLU() for _ in range(3)]))

# calling a ModuleList
nn.ModuleList([nn.ReLU()])(torch.ones(1))

# ModuleDict
m = nn.ModuleDict({"a": nn.Linear(1, 2)})
m["b"] = nn.ReLU()
m.update({"c": nn.Tanh()})
repr(m), list(m.keys()), "a" in m, len(m), [k for k in m], [type(x).__name__ for x in m.values()], list(m.items())[0][0], list(m.state_dict())

# ParameterList and ParameterDict
p = nn.ParameterList([nn.Parameter(torch.ones(2)), nn.Parameter(torch.zeros(1, 2))])
p.append(nn.Parameter(torch.ones(1)))
d = nn.ParameterDict({"w": nn.Parameter(torch.ones(2))})
repr(p), len(p), list(p.state_dict()), [x.shape for x in p], list(d.state_dict()), repr(d)

# weight tying
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(3, 2)
        self.head = nn.Linear(2, 3, bias=False)
        self.head.weight = self.embed.weight
net = Net()
nn.init.ones_(net.embed.weight)
net.head(net.embed(torch.tensor([1]))).sum().backward()
len(list(net.parameters())), list(net.state_dict()), [n for n, _ in net.named_parameters()], net.embed.weight.grad, net.head.weight is net.embed.weight

# deepcopy for a target network
net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
target = copy.deepcopy(net)
target.load_state_dict(net.state_dict())
same = all(torch.equal(a, b) for a, b in zip(net.parameters(), target.parameters()))
tau = 0.1
net[0].weight.data.add_(1)
for t, s in zip(target.parameters(), net.parameters()):
    t.data.copy_(tau * s.data + (1.0 - tau) * t.data)
same, net[0].weight is target[0].weight, (net[0].weight - target[0].weight)

# extra_repr and __repr__
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(1, 1)
    def extra_repr(self):
        return "hello=1"
class Leaf(nn.Module):
    def extra_repr(self):
        return "x=2"
repr(Net()), repr(Leaf()), repr(nn.Module()), str(nn.Sequential(Leaf(), Net()))

# get_submodule and get_parameter
net = nn.Sequential(nn.Sequential(nn.Linear(2, 1)))
type(net.get_submodule("0.0")).__name__, net.get_parameter("0.0.weight").shape, net.get_submodule("") is net

# named_parameters with a prefix, recurse off
net = nn.Sequential(nn.Linear(2, 1))
[n for n, _ in net.named_parameters(prefix="x")], list(net.parameters(recurse=False)), [n for n, _ in net.named_modules(prefix="m")]

# getattr by path
net = nn.Sequential(nn.Linear(2, 1))
getattr(net, "0").weight.shape, net._modules["0"].weight.shape, "weight" in net[0]._parameters, list(net[0]._buffers)

# setattr
net = nn.Module()
setattr(net, "layer1", nn.Linear(1, 1))
net.add_module("layer2", nn.Linear(1, 1))
net.register_module("layer3", nn.ReLU())
[n for n, _ in net.named_children()]

# type checks
[isinstance(nn.Linear(1, 1), nn.Module), isinstance(nn.Conv2d(1, 1, 1), (nn.Conv2d, nn.Linear)), issubclass(nn.LSTM, nn.Module), nn.Linear(1, 1).__class__.__name__, isinstance(nn.BatchNorm2d(1), nn.modules.batchnorm._BatchNorm)]

# attributes of layers
c = nn.Conv2d(3, 8, 3, stride=2, padding=1)
l = nn.Linear(2, 3)
[c.in_channels, c.out_channels, c.kernel_size, c.stride, c.padding, c.dilation, c.groups, c.weight.shape, l.in_features, l.out_features, nn.Embedding(3, 4).embedding_dim, nn.BatchNorm2d(3).num_features, nn.Dropout(0.3).p, nn.LSTM(2, 3, 2).num_layers, nn.LSTM(2, 3).hidden_size]

# reset_parameters
net = nn.Linear(3, 2)
before = net.weight.clone()
net.reset_parameters()
torch.equal(before, net.weight)

# Embedding.from_pretrained
e = nn.Embedding.from_pretrained(torch.arange(6.0).view(3, 2))
e(torch.tensor([1])), e.weight.requires_grad, nn.Embedding.from_pretrained(torch.ones(2, 2), freeze=False).weight.requires_grad

# Embedding's weight by data
e = nn.Embedding(3, 2)
e.weight.data.copy_(torch.from_numpy(np.ones((3, 2), dtype=np.float32)))
e.weight.data.uniform_(-0.0, 0.0)
e.weight

# Parameter of a tensor
p = nn.Parameter(torch.arange(3.0))
q = nn.Parameter(torch.empty(2, 2))
[p.requires_grad, p.is_leaf, isinstance(p, torch.Tensor), type(p + 1) is torch.Tensor, type(p.data) is torch.Tensor, nn.Parameter(torch.ones(1), requires_grad=False).requires_grad, q.shape, type(p.detach()) is torch.Tensor]

# Parameter of integers
nn.Parameter(torch.arange(3))

# buffers move and save
bn = nn.BatchNorm1d(2)
bn(torch.tensor([[1.0, 2.0], [3.0, 6.0]]))
bn.running_mean, bn.running_var, bn.num_batches_tracked

# running statistics in eval mode stay
bn = nn.BatchNorm1d(2).eval()
bn(torch.tensor([[1.0, 2.0], [3.0, 6.0]]))
bn.running_mean, bn.num_batches_tracked

# dropout keeps the expectation
drop = nn.Dropout(0.25)
y = drop(torch.ones(8000))
sorted(set(round(float(x), 4) for x in y.unique())), abs(float(y.mean()) - 1) < 0.1, drop.eval()(torch.ones(3))

# dropout2d drops channels
y = nn.Dropout2d(0.5)(torch.ones(4, 8, 3, 3))
y.view(4, 8, -1).std(-1).max()

# LSTM initial weights are uniform
w = nn.LSTM(5, 16).weight_hh_l0
float(w.abs().max()) <= 0.25, [n for n, _ in nn.LSTM(2, 3, 2, bidirectional=True).named_parameters()]

# LSTM with a state of zeros
lstm = nn.LSTM(2, 3, batch_first=True)
h0, c0 = torch.zeros(1, 4, 3), torch.zeros(1, 4, 3)
out, (h, c) = lstm(torch.ones(4, 5, 2), (h0, c0))
out.shape, h.shape, c.shape, torch.allclose(out[:, -1], h[0])

# flatten_parameters
lstm = nn.LSTM(2, 3)
lstm.flatten_parameters()

# packed sequences
pack = nn.utils.rnn.pack_padded_sequence
x = torch.arange(24.0).view(2, 4, 3)
p = pack(x, [4, 2], batch_first=True)
y, lengths = nn.utils.rnn.pad_packed_sequence(p, batch_first=True)
p.data, p.batch_sizes, y, lengths

# packed sequences, not sorted
x = torch.arange(12.0).view(2, 3, 2)
p = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([1, 3]), batch_first=True, enforce_sorted=False)
y, n = nn.utils.rnn.pad_packed_sequence(p, batch_first=True, padding_value=-1.0, total_length=4)
p.data, p.batch_sizes, p.sorted_indices, p.unsorted_indices, y, n

# packed sequences must be sorted
nn.utils.rnn.pack_padded_sequence(torch.ones(2, 3, 2), [1, 3], batch_first=True)

# packed sequences through an LSTM
torch.manual_seed(0)
lstm = nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True)
for i, p in enumerate(lstm.parameters()):
    p.data.copy_(torch.sin(torch.arange(p.numel()).float() + i).view(p.shape) * 0.3)
x = torch.cos(torch.arange(24.0)).view(2, 4, 3)
p = nn.utils.rnn.pack_padded_sequence(x, [2, 4], batch_first=True, enforce_sorted=False)
out, (h, c) = lstm(p)
y, n = nn.utils.rnn.pad_packed_sequence(out, batch_first=True)
y.sum().backward()
y, n, h, c, lstm.weight_ih_l0.grad.sum()

# packed sequences through a GRU
gru = nn.GRU(2, 3)
for i, p in enumerate(gru.parameters()):
    p.data.copy_(torch.sin(torch.arange(p.numel()).float() + i).view(p.shape) * 0.3)
out, h = gru(nn.utils.rnn.pack_sequence([torch.ones(3, 2), torch.ones(1, 2)]))
out.data, h, type(out).__name__

# pad_sequence
xs = [torch.ones(3), torch.ones(1) * 2]
nn.utils.rnn.pad_sequence(xs), nn.utils.rnn.pad_sequence(xs, batch_first=True, padding_value=-1), nn.utils.rnn.unpad_sequence(nn.utils.rnn.pad_sequence(xs), torch.tensor([3, 1]))

# clip_grad_norm_
net = nn.Linear(2, 2)
for p in net.parameters():
    p.grad = torch.ones_like(p) * 2
norm = nn.utils.clip_grad_norm_(net.parameters(), 1.0)
norm, [p.grad for p in net.parameters()]

# clip_grad_norm_ below the bound, other norms, one tensor
p = nn.Parameter(torch.ones(3))
p.grad = torch.tensor([3.0, 4.0, 0.0])
a = nn.utils.clip_grad_norm_(p, max_norm=10.0)
b = nn.utils.clip_grad_norm_([p], 1.0, norm_type=float("inf"))
c = nn.utils.clip_grad_norm_([p], 0.5, norm_type=1)
a, b, c, p.grad

# clip_grad_value_
p = nn.Parameter(torch.ones(3))
p.grad = torch.tensor([3.0, -4.0, 0.5])
nn.utils.clip_grad_value_([p], clip_value=1.0)
p.grad

# clip_grad_norm_ without gradients
nn.utils.clip_grad_norm_([nn.Parameter(torch.ones(2))], 1.0)

# parameters_to_vector
net = nn.Linear(2, 1)
nn.init.ones_(net.weight); nn.init.zeros_(net.bias)
v = nn.utils.parameters_to_vector(net.parameters())
nn.utils.vector_to_parameters(v * 2 + 1, net.parameters())
v, net.weight, net.bias

# weight_norm's parts
net = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
[n for n, _ in net.named_parameters()], hasattr(net, "parametrizations"), nn.utils.parametrize.is_parametrized(net)

# Module.__call__ with keywords and many results
class Net(nn.Module):
    def forward(self, x, *, y=None, **rest):
        return {"a": x, "b": [y, rest]}
Net()(torch.ones(1), y=2, z=3)

# modules are hashable and compare by identity
a = nn.Linear(1, 1)
{a: 1}[a], a == nn.Linear(1, 1), a in [a]

# dir and vars
net = nn.Linear(2, 1)
"weight" in dir(net), "forward" in dir(net)

# pickling a module
net = nn.Linear(2, 1)
torch.equal(pickle.loads(pickle.dumps(net)).weight, net.weight)

# jit and compile are guarded
net = nn.Linear(2, 1)
compiled = torch.compile(net) if hasattr(torch, "compile") and torch.cuda.is_available() else net
hasattr(compiled, "forward")

# DataParallel is guarded
net = nn.Linear(2, 1)
if torch.cuda.device_count() > 1:
    net = nn.DataParallel(net)
net(torch.ones(1, 2)).shape

# generate_square_subsequent_mask
nn.Transformer.generate_square_subsequent_mask(3)

# CrossEntropyLoss as an attribute and by weight buffer
loss = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0]))
list(loss.state_dict()), loss.weight, repr(loss), loss.reduction, loss.ignore_index

# loss.item() and logging
loss = F.mse_loss(torch.ones(2), torch.zeros(2))
total = 0.0
total += loss.item() * 2
f"loss {total:.4f} {loss:.3f} {loss.detach().numpy():.2f}"

# functional dropout in eval mode
class Net(nn.Module):
    def forward(self, x):
        return F.dropout(x, p=0.9, training=self.training)
Net().eval()(torch.ones(3))

# functional names that programs use
[F.log_softmax(torch.ones(1, 2), dim=1), F.softmax(torch.ones(2), dim=0), torch.sigmoid(torch.zeros(1)), F.tanh(torch.zeros(1)), torch.tanh(torch.zeros(1)), F.relu(torch.tensor([-1.0])), torch.relu(torch.tensor([-1.0])), torch.softmax(torch.ones(2), 0), torch.nn.functional.normalize(torch.ones(1, 4))]

# softmax without dim
F.softmax(torch.ones(2, 3)), F.log_softmax(torch.ones(2, 3)), nn.Softmax()(torch.ones(2, 3))

# add a hook to all layers
shapes = []
net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
for name, layer in net.named_modules():
    if not list(layer.children()):
        layer.register_forward_hook(lambda m, i, o, name=name: shapes.append((name, tuple(i[0].shape), tuple(o.shape))))
net(torch.ones(4, 2))
shapes
""")

INIT = lines("""
nn.init.constant_(torch.empty(2, 3), 0.3)
nn.init.ones_(torch.empty(2))
nn.init.zeros_(torch.empty(2))
nn.init.eye_(torch.empty(2, 3))
nn.init.dirac_(torch.empty(2, 2, 3))
nn.init.dirac_(torch.empty(4, 2, 3, 3), groups=2)
nn.init.eye_(torch.empty(3))
nn.init.xavier_uniform_(torch.empty(3))
[nn.init.calculate_gain(n) for n in ("linear", "conv2d", "sigmoid", "tanh", "relu", "selu", "leaky_relu")]
nn.init.calculate_gain("leaky_relu", 0.2)
nn.init.calculate_gain("wrong")
nn.init._calculate_fan_in_and_fan_out(torch.empty(4, 3, 2, 2))
(x := torch.empty(2)) is nn.init.zeros_(x)
nn.init.uniform_(torch.empty(3), 2.0, 2.0)
nn.init.normal_(torch.empty(3), 1.0, 0.0)
nn.init.zeros_(nn.Parameter(torch.ones(2))).requires_grad
nn.init.normal_(nn.Linear(2, 2).weight, mean=0.0, std=0.02).is_leaf
torch.allclose((w := nn.init.orthogonal_(torch.empty(3, 5))) @ w.t(), torch.eye(3), atol=1e-5)
torch.allclose((w := nn.init.orthogonal_(torch.empty(5, 3), gain=2)).t() @ w, 4 * torch.eye(3), atol=1e-4)
(nn.init.sparse_(torch.empty(10, 4), sparsity=0.3) == 0).sum(0)
nn.init.kaiming_uniform_(torch.empty(2, 0))
nn.init.xavier_normal(torch.empty(2, 2)).shape
nn.init.kaiming_normal_(torch.empty(2, 2), mode="wrong")
""")

SPREADS = """
nn.init.uniform_(torch.empty(100, 60))
nn.init.uniform_(torch.empty(100, 60), -0.1, 0.1)
nn.init.normal_(torch.empty(100, 60))
nn.init.normal_(torch.empty(100, 60), 0.5, 0.02)
nn.init.trunc_normal_(torch.empty(100, 60))
nn.init.trunc_normal_(torch.empty(100, 60), std=0.02)
nn.init.trunc_normal_(torch.empty(100, 60), mean=1.0, std=1.0, a=0.0, b=1.5)
nn.init.xavier_uniform_(torch.empty(100, 60))
nn.init.xavier_uniform_(torch.empty(100, 60), gain=2.0)
nn.init.xavier_uniform_(torch.empty(20, 30, 3, 3), nn.init.calculate_gain("relu"))
nn.init.xavier_normal_(torch.empty(100, 60))
nn.init.xavier_normal_(torch.empty(20, 30, 3, 3))
nn.init.kaiming_uniform_(torch.empty(100, 60))
nn.init.kaiming_uniform_(torch.empty(100, 60), a=math.sqrt(5))
nn.init.kaiming_uniform_(torch.empty(20, 30, 3, 3), mode="fan_out", nonlinearity="relu")
nn.init.kaiming_normal_(torch.empty(100, 60))
nn.init.kaiming_normal_(torch.empty(20, 30, 3, 3), mode="fan_out", nonlinearity="relu")
nn.init.kaiming_normal_(torch.empty(100, 60), a=0.2, nonlinearity="leaky_relu")
nn.init.kaiming_normal_(torch.empty(100, 60), nonlinearity="tanh")
nn.init.sparse_(torch.empty(100, 60), sparsity=0.5, std=0.3)
nn.init.orthogonal_(torch.empty(100, 60))
nn.Linear(60, 100).weight
nn.Linear(60, 2000).bias
nn.Conv2d(30, 20, 3).weight
nn.Conv2d(30, 3000, 3).bias
nn.Conv1d(30, 50, 5).weight
nn.ConvTranspose2d(20, 30, 3).weight
nn.ConvTranspose2d(20, 3000, 2).bias
nn.Embedding(100, 60).weight
nn.EmbeddingBag(100, 60).weight
nn.Bilinear(20, 30, 10).weight
nn.RNN(60, 64).weight_ih_l0
nn.LSTM(60, 64).weight_hh_l0
nn.GRU(60, 64).bias_ih_l0
nn.GRUCell(60, 64).weight_ih
nn.MultiheadAttention(64, 4).in_proj_weight
nn.MultiheadAttention(64, 4).out_proj.weight
nn.MultiheadAttention(64, 4).out_proj.bias
nn.MultiheadAttention(64, 4, kdim=32, vdim=16).k_proj_weight
nn.TransformerEncoderLayer(64, 4, 128).linear1.weight
nn.Transformer(64, 4, 1, 1, 128).encoder.layers[0].linear1.weight
nn.BatchNorm2d(50).weight
nn.LayerNorm(50).weight
nn.PReLU(50).weight
torch.randn(100, 60)
torch.rand(100, 60)
torch.zeros(6000).exponential_(2.0)
torch.zeros(6000).uniform_(-2, 3)
torch.zeros(6000).normal_(1, 3)
torch.randn(6000).half()
F.gumbel_softmax(torch.zeros(3000, 2))
torch.distributions.Normal(1.0, 2.0).sample((6000,))
torch.distributions.Uniform(-1.0, 2.0).sample((6000,))
torch.distributions.Bernoulli(0.3).sample((6000,))
torch.distributions.Categorical(torch.tensor([0.2, 0.3, 0.5])).sample((6000,)).float()
torch.multinomial(torch.tensor([0.2, 0.3, 0.5]), 6000, replacement=True).float()
torch.randint(0, 10, (6000,)).float()
torch.bernoulli(torch.full((6000,), 0.3))
"""
# mean, deviation and range of a large sample: eight standard errors of a mean over 6000 numbers are a tenth of a deviation
SPREAD = {
    line: f"torch.manual_seed(1)\nx = ({line}).detach().double().flatten()\ns = float(x.std()) + 1e-9\n"
    "[round(float(x.mean()) / s * 2), s, float(x.min()) / s, float(x.max()) / s]"
    for line in SPREADS.strip().splitlines()
}
