"""Short programs of the first tutorials: polynomials five ways, a sine by LSTM cells and LBFGS, forward-forward, a word model."""
import math
import random
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim import Adam

dtype = torch.float
device = torch.device("cpu")
x = torch.linspace(-math.pi, math.pi, 200, device=device, dtype=dtype)
y = torch.sin(x)

# by hand
a, b, c, d = (torch.full((), v, device=device, dtype=dtype) for v in (0.1, 0.2, -0.1, 0.05))
for t in range(200):
    y_pred = a + b * x + c * x ** 2 + d * x ** 3
    loss = (y_pred - y).pow(2).sum().item()
    grad_y_pred = 2.0 * (y_pred - y)
    a -= 1e-5 * grad_y_pred.sum()
    b -= 1e-5 * (grad_y_pred * x).sum()
    c -= 1e-5 * (grad_y_pred * x ** 2).sum()
    d -= 1e-5 * (grad_y_pred * x ** 3).sum()
print(f'Result: y = {a.item():.4f} + {b.item():.4f} x + {c.item():.4f} x^2 + {d.item():.4f} x^3')


class LegendrePolynomial3(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return 0.5 * (5 * input ** 3 - 3 * input)

    @staticmethod
    def backward(ctx, grad_output):
        input, = ctx.saved_tensors
        return grad_output * 1.5 * (5 * input ** 2 - 1)


a, b, c, d = (torch.full((), v, device=device, dtype=dtype, requires_grad=True) for v in (0.0, -1.0, 0.0, 0.3))
for t in range(100):
    P3 = LegendrePolynomial3.apply
    y_pred = a + b * P3(c + d * x)
    loss = (y_pred - y).pow(2).sum()
    loss.backward()
    with torch.no_grad():
        for v in (a, b, c, d):
            v -= 5e-6 * v.grad
            v.grad = None
print(f'Result: y = {a.item():.4f} + {b.item():.4f} * P3({c.item():.4f} + {d.item():.4f} x) loss {loss:.4f}')

p = torch.tensor([1, 2, 3])
xx = x.unsqueeze(-1).pow(p)
model = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Flatten(0, 1))
model[0].weight.data.fill_(0.1)
model[0].bias.data.zero_()
loss_fn = torch.nn.MSELoss(reduction='sum')
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
for t in range(100):
    loss = loss_fn(model(xx), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
linear_layer = model[0]
print(f'{linear_layer.bias.item():.4f} {linear_layer.weight[:, 0].item():.4f} {linear_layer.weight[:, 2].item():.4f} {loss.item():.4f}')


class DynamicNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d, self.e = (torch.nn.Parameter(torch.tensor(v)) for v in (0.1, 0.5, 0.0, -0.1, 0.001))

    def forward(self, x):
        y = self.a + self.b * x + self.c * x ** 2 + self.d * x ** 3
        for exp in range(4, random.randint(4, 6)):
            y = y + self.e * x ** exp
        return y

    def string(self):
        return f'y = {self.a.item():.3f} + {self.b.item():.3f} x + {self.e.item():.4f} x^4 ? + {self.e.item():.4f} x^5 ?'


random.seed(5)
model = DynamicNet()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-8, momentum=0.9)
for t in range(50):
    loss = torch.nn.MSELoss(reduction='sum')(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(model.string())


class Sequence(nn.Module):
    def __init__(self):
        super(Sequence, self).__init__()
        self.lstm1 = nn.LSTMCell(1, 9)
        self.lstm2 = nn.LSTMCell(9, 9)
        self.linear = nn.Linear(9, 1)

    def forward(self, input, future=0):
        outputs = []
        h_t = torch.zeros(input.size(0), 9, dtype=torch.double)
        c_t = torch.zeros(input.size(0), 9, dtype=torch.double)
        h_t2 = torch.zeros(input.size(0), 9, dtype=torch.double)
        c_t2 = torch.zeros(input.size(0), 9, dtype=torch.double)
        for input_t in input.split(1, dim=1):
            h_t, c_t = self.lstm1(input_t, (h_t, c_t))
            h_t2, c_t2 = self.lstm2(h_t, (h_t2, c_t2))
            output = self.linear(h_t2)
            outputs += [output]
        for i in range(future):
            h_t, c_t = self.lstm1(output, (h_t, c_t))
            h_t2, c_t2 = self.lstm2(h_t, (h_t2, c_t2))
            output = self.linear(h_t2)
            outputs += [output]
        outputs = torch.cat(outputs, dim=1)
        return outputs


data = np.sin((np.arange(25)[None] + np.array([[0], [7], [13], [20]])) / 4.0)
input, target = torch.from_numpy(data[1:, :-1]), torch.from_numpy(data[1:, 1:])
seq = Sequence()
seq.double()
for i, q in enumerate(seq.parameters()):
    q.data.copy_(torch.sin(torch.arange(q.numel()).double() + i).view_as(q) * 0.3)
criterion = nn.MSELoss()
optimizer = optim.LBFGS(seq.parameters(), lr=0.8, max_iter=6)
for i in range(2):
    def closure():
        optimizer.zero_grad()
        out = seq(input)
        loss = criterion(out, target)
        loss.backward()
        return loss
    print('loss: %.5f' % optimizer.step(closure).item())
with torch.no_grad():
    pred = seq(torch.from_numpy(data[:1, :-1]), future=10)
    print('test loss: %.5f' % criterion(pred[:, :-10], torch.from_numpy(data[:1, 1:])).item(), pred.detach().numpy()[0, -3:].round(3).tolist())


class Layer(nn.Linear):
    """Forward-forward: each layer trains itself on positive and negative data."""

    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None):
        super().__init__(in_features, out_features, bias, device, dtype)
        self.relu = torch.nn.ReLU()
        self.weight.data.copy_(torch.cos(torch.arange(self.weight.numel())).view_as(self.weight) * 0.4)
        self.bias.data.zero_()
        self.opt = Adam(self.parameters(), lr=0.03)
        self.threshold = 2.0

    def forward(self, x):
        x_direction = x / (x.norm(2, 1, keepdim=True) + 1e-4)
        return self.relu(torch.mm(x_direction, self.weight.T) + self.bias.unsqueeze(0))

    def train(self, x_pos, x_neg):
        for i in range(5):
            g_pos = self.forward(x_pos).pow(2).mean(1)
            g_neg = self.forward(x_neg).pow(2).mean(1)
            loss = torch.log(1 + torch.exp(torch.cat([-g_pos + self.threshold, g_neg - self.threshold]))).mean()
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
        return self.forward(x_pos).detach(), self.forward(x_neg).detach(), loss.item()


def overlay_y_on_x(x, y, classes=4):
    x_ = x.clone()
    x_[:, :classes] *= 0.0
    x_[range(x.shape[0]), y] = x.max()
    return x_


rng = np.random.RandomState(3)
pixels, labels = torch.from_numpy(rng.rand(10, 12)).float(), torch.from_numpy(rng.randint(0, 4, 10))
h_pos, h_neg = overlay_y_on_x(pixels, labels), overlay_y_on_x(pixels, (labels + 1) % 4)
layers = [Layer(12, 16), Layer(16, 16)]
for i, layer in enumerate(layers):
    h_pos, h_neg, loss = layer.train(h_pos, h_neg)
    print('training layer', i, '%.4f' % loss)
goodness_per_label = []
for label in range(4):
    h = overlay_y_on_x(pixels, label)
    goodness = []
    for layer in layers:
        h = layer(h)
        goodness += [h.pow(2).mean(1)]
    goodness_per_label += [sum(goodness).unsqueeze(1)]
print(torch.cat(goodness_per_label, 1).sum(0).tolist())


class RNNModel(nn.Module):
    def __init__(self, rnn_type, ntoken, ninp, nhid, nlayers, dropout=0.0, tie_weights=False):
        super(RNNModel, self).__init__()
        self.ntoken = ntoken
        self.drop = nn.Dropout(dropout)
        self.encoder = nn.Embedding(ntoken, ninp)
        if rnn_type in ['LSTM', 'GRU']:
            self.rnn = getattr(nn, rnn_type)(ninp, nhid, nlayers, dropout=dropout)
        else:
            nonlinearity = {'RNN_TANH': 'tanh', 'RNN_RELU': 'relu'}[rnn_type]
            self.rnn = nn.RNN(ninp, nhid, nlayers, nonlinearity=nonlinearity, dropout=dropout)
        self.decoder = nn.Linear(nhid, ntoken)
        if tie_weights:
            self.decoder.weight = self.encoder.weight
        self.rnn_type, self.nhid, self.nlayers = rnn_type, nhid, nlayers
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, input, hidden):
        emb = self.drop(self.encoder(input))
        output, hidden = self.rnn(emb, hidden)
        decoded = self.decoder(self.drop(output)).view(-1, self.ntoken)
        return F.log_softmax(decoded, dim=1), hidden

    def init_hidden(self, bsz):
        weight = next(self.parameters())
        if self.rnn_type == 'LSTM':
            return (weight.new_zeros(self.nlayers, bsz, self.nhid), weight.new_zeros(self.nlayers, bsz, self.nhid))
        return weight.new_zeros(self.nlayers, bsz, self.nhid)


def repackage_hidden(h):
    """Wraps hidden states in new Tensors, to detach them from their history."""
    if isinstance(h, torch.Tensor):
        return h.detach()
    return tuple(repackage_hidden(v) for v in h)


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    data = data.narrow(0, 0, nbatch * bsz)
    return data.view(bsz, -1).t().contiguous()


def get_batch(source, i, bptt=5):
    seq_len = min(bptt, len(source) - 1 - i)
    return source[i:i + seq_len], source[i + 1:i + 1 + seq_len].view(-1)


corpus = batchify(torch.from_numpy(rng.randint(0, 9, 64)).type(torch.int64), 4)
for kind in ('LSTM', 'GRU', 'RNN_TANH', 'RNN_RELU'):
    model = RNNModel(kind, 9, 8, 8, 2, tie_weights=True)
    for i, q in enumerate(model.parameters()):
        q.data.copy_(torch.sin(torch.arange(q.numel()).float() * 0.9 + i).view_as(q) * 0.2)
    hidden, lr, total = model.init_hidden(4), 2.0, 0.0
    for batch, i in enumerate(range(0, corpus.size(0) - 1, 5)):
        data, targets = get_batch(corpus, i)
        model.zero_grad()
        hidden = repackage_hidden(hidden)
        output, hidden = model(data, hidden)
        loss = nn.NLLLoss()(output, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        for q in model.parameters():
            q.data.add_(q.grad, alpha=-lr)
        total += loss.item()
    print(kind, '%.4f ppl %.3f' % (total, math.exp(total / (batch + 1))))
