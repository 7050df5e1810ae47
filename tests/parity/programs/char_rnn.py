"""Character-level recurrent language model, trained on one sentence and asked to continue it."""
import torch
import torch.nn as nn
from torch.autograd import Variable
import numpy as np
import string

all_characters = string.printable
n_characters = len(all_characters)
text = "the quick brown fox jumps over the lazy dog. " * 8


class CharRNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size, model="gru", n_layers=1):
        super(CharRNN, self).__init__()
        self.model = model.lower()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.output_size = output_size
        self.n_layers = n_layers

        self.encoder = nn.Embedding(input_size, hidden_size)
        if self.model == "gru":
            self.rnn = nn.GRU(hidden_size, hidden_size, n_layers)
        elif self.model == "lstm":
            self.rnn = nn.LSTM(hidden_size, hidden_size, n_layers)
        self.decoder = nn.Linear(hidden_size, output_size)

    def forward(self, input, hidden):
        batch_size = input.size(0)
        encoded = self.encoder(input)
        output, hidden = self.rnn(encoded.view(1, batch_size, -1), hidden)
        output = self.decoder(output.view(batch_size, -1))
        return output, hidden

    def init_hidden(self, batch_size):
        if self.model == "lstm":
            return (Variable(torch.zeros(self.n_layers, batch_size, self.hidden_size)),
                    Variable(torch.zeros(self.n_layers, batch_size, self.hidden_size)))
        return Variable(torch.zeros(self.n_layers, batch_size, self.hidden_size))


def char_tensor(string):
    tensor = torch.zeros(len(string)).long()
    for c in range(len(string)):
        try:
            tensor[c] = all_characters.index(string[c])
        except ValueError:
            continue
    return tensor


def random_training_set(rng, chunk_len, batch_size):
    inp = torch.LongTensor(batch_size, chunk_len)
    target = torch.LongTensor(batch_size, chunk_len)
    for bi in range(batch_size):
        start_index = int(rng.integers(0, len(text) - chunk_len - 1))
        chunk = text[start_index:start_index + chunk_len + 1]
        inp[bi] = char_tensor(chunk[:-1])
        target[bi] = char_tensor(chunk[1:])
    return Variable(inp), Variable(target)


def generate(decoder, prime_str="the", predict_len=20):
    hidden = decoder.init_hidden(1)
    prime_input = Variable(char_tensor(prime_str).unsqueeze(0))
    predicted = prime_str
    for p in range(len(prime_str) - 1):
        _, hidden = decoder(prime_input[:, p], hidden)
    inp = prime_input[:, -1]
    for p in range(predict_len):
        output, hidden = decoder(inp, hidden)
        output_dist = output.data.view(-1).div(0.8).exp()
        top_i = torch.max(output_dist, 0)[1]
        predicted_char = all_characters[top_i]
        predicted += predicted_char
        inp = Variable(char_tensor(predicted_char).unsqueeze(0))
    return predicted


for kind in ("gru", "lstm"):
    rng = np.random.default_rng(0)
    net = CharRNN(n_characters, 24, n_characters, model=kind, n_layers=2)
    for p in net.parameters():
        p.data = torch.from_numpy(rng.uniform(-0.3, 0.3, tuple(p.size()))).float()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    criterion = nn.CrossEntropyLoss()
    losses = []
    for epoch in range(12):
        inp, target = random_training_set(rng, 16, 4)
        hidden = net.init_hidden(4)
        net.zero_grad()
        loss = 0
        for c in range(16):
            output, hidden = net(inp[:, c], hidden)
            loss += criterion(output.view(4, -1), target[:, c])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5)
        optimizer.step()
        losses.append(loss.data.item() / 16)
    print(kind, " ".join("%.4f" % l for l in losses))
    print(repr(generate(net, "the")))
