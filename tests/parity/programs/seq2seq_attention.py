"""Sequence to sequence with attention on reversing digits: one sentence at a time, then packed batches."""
from __future__ import unicode_literals, print_function, division
import random
import torch
import torch.nn as nn
from torch import optim
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
import numpy as np

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
SOS_token, EOS_token, MAX_LENGTH, VOCAB = 0, 1, 8, 8
random.seed(4)


class EncoderRNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super(EncoderRNN, self).__init__()
        self.hidden_size = hidden_size
        self.embedding = nn.Embedding(input_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size)

    def forward(self, input, hidden):
        embedded = self.embedding(input).view(1, 1, -1)
        output = embedded
        output, hidden = self.gru(output, hidden)
        return output, hidden

    def initHidden(self):
        return torch.zeros(1, 1, self.hidden_size, device=device)


class AttnDecoderRNN(nn.Module):
    def __init__(self, hidden_size, output_size, dropout_p=0.0, max_length=MAX_LENGTH):
        super(AttnDecoderRNN, self).__init__()
        self.hidden_size = hidden_size
        self.embedding = nn.Embedding(output_size, self.hidden_size)
        self.attn = nn.Linear(self.hidden_size * 2, max_length)
        self.attn_combine = nn.Linear(self.hidden_size * 2, self.hidden_size)
        self.dropout = nn.Dropout(dropout_p)
        self.gru = nn.GRU(self.hidden_size, self.hidden_size)
        self.out = nn.Linear(self.hidden_size, output_size)

    def forward(self, input, hidden, encoder_outputs):
        embedded = self.embedding(input).view(1, 1, -1)
        embedded = self.dropout(embedded)
        attn_weights = F.softmax(self.attn(torch.cat((embedded[0], hidden[0]), 1)), dim=1)
        attn_applied = torch.bmm(attn_weights.unsqueeze(0), encoder_outputs.unsqueeze(0))
        output = torch.cat((embedded[0], attn_applied[0]), 1)
        output = self.attn_combine(output).unsqueeze(0)
        output = F.relu(output)
        output, hidden = self.gru(output, hidden)
        output = F.log_softmax(self.out(output[0]), dim=1)
        return output, hidden, attn_weights


def fill(module, seed):
    g = np.random.default_rng(seed)
    for p in module.parameters():
        p.data.copy_(torch.from_numpy(g.uniform(-0.4, 0.4, p.shape)))
    return module


def tensorFromNumbers(numbers):
    indexes = list(numbers)
    indexes.append(EOS_token)
    return torch.tensor(indexes, dtype=torch.long, device=device).view(-1, 1)


pairs = []
for _ in range(6):
    n = [random.randint(2, VOCAB - 1) for _ in range(random.randint(2, 5))]
    pairs.append((tensorFromNumbers(n), tensorFromNumbers(n[::-1])))


def train(input_tensor, target_tensor, encoder, decoder, encoder_optimizer, decoder_optimizer, criterion, teacher):
    encoder_hidden = encoder.initHidden()
    encoder_optimizer.zero_grad()
    decoder_optimizer.zero_grad()
    input_length = input_tensor.size(0)
    target_length = target_tensor.size(0)
    encoder_outputs = torch.zeros(MAX_LENGTH, encoder.hidden_size, device=device)
    loss = 0
    for ei in range(input_length):
        encoder_output, encoder_hidden = encoder(input_tensor[ei], encoder_hidden)
        encoder_outputs[ei] = encoder_output[0, 0]
    decoder_input = torch.tensor([[SOS_token]], device=device)
    decoder_hidden = encoder_hidden
    for di in range(target_length):
        decoder_output, decoder_hidden, decoder_attention = decoder(decoder_input, decoder_hidden, encoder_outputs)
        loss += criterion(decoder_output, target_tensor[di])
        if teacher:
            decoder_input = target_tensor[di]
        else:
            topv, topi = decoder_output.topk(1)
            decoder_input = topi.squeeze().detach()
            if decoder_input.item() == EOS_token:
                break
    loss.backward()
    encoder_optimizer.step()
    decoder_optimizer.step()
    return loss.item() / target_length


encoder = fill(EncoderRNN(VOCAB, 12).to(device), 0)
decoder = fill(AttnDecoderRNN(12, VOCAB).to(device), 1)
encoder_optimizer = optim.SGD(encoder.parameters(), lr=0.05)
decoder_optimizer = optim.SGD(decoder.parameters(), lr=0.05)
criterion = nn.NLLLoss()
for i in range(9):
    a, b = pairs[i % len(pairs)]
    print("%.4f" % train(a, b, encoder, decoder, encoder_optimizer, decoder_optimizer, criterion, i % 3 != 2))


class BatchEncoder(nn.Module):
    def __init__(self, vocab, emb, hid):
        super().__init__()
        self.embed = nn.Embedding(vocab, emb, padding_idx=0)
        self.rnn = nn.LSTM(emb, hid, num_layers=2, batch_first=True, bidirectional=True, dropout=0.0)
        self.bridge = nn.Linear(2 * hid, hid)

    def forward(self, src, lengths):
        packed = pack_padded_sequence(self.embed(src), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, (h, c) = self.rnn(packed)
        out, _ = pad_packed_sequence(out, batch_first=True)
        h = h.view(2, 2, src.size(0), -1)[-1]
        return out, torch.tanh(self.bridge(torch.cat([h[0], h[1]], dim=-1)))


class Bahdanau(nn.Module):
    def __init__(self, enc, hid):
        super().__init__()
        self.W = nn.Linear(enc, hid, bias=False)
        self.U = nn.Linear(hid, hid)
        self.v = nn.Parameter(torch.rand(hid))

    def forward(self, query, keys, mask):
        energy = torch.tanh(self.W(keys) + self.U(query).unsqueeze(1))
        scores = torch.einsum("bth,h->bt", energy, self.v)
        weights = scores.masked_fill(~mask, -1e10).softmax(dim=-1)
        return torch.bmm(weights.unsqueeze(1), keys).squeeze(1), weights


src = pad_sequence([a.flatten() for a, _ in pairs], batch_first=True)
tgt = pad_sequence([b.flatten() for _, b in pairs], batch_first=True, padding_value=0)
lengths = torch.as_tensor([len(a) for a, _ in pairs])
mask = torch.arange(src.size(1))[None, :] < lengths[:, None]
enc, att = fill(BatchEncoder(VOCAB, 6, 5), 2), fill(Bahdanau(10, 5), 3)
cell, head = fill(nn.GRUCell(6 + 10, 5), 4), fill(nn.Linear(5, VOCAB), 5)
params = [p for m in (enc, att, cell, head) for p in m.parameters()]
opt = optim.Adam(params, lr=0.02)
sched = optim.lr_scheduler.ExponentialLR(opt, gamma=0.95)
for step in range(5):
    keys, h = enc(src, lengths)
    inp, logits = torch.zeros(len(pairs), dtype=torch.long), []
    for t in range(tgt.shape[1]):
        context, w = att(h, keys, mask)
        h = cell(torch.cat((enc.embed(inp), context), dim=1), h)
        logits.append(head(h))
        inp = tgt[:, t]
    logits = torch.stack(logits, dim=1)
    loss = F.cross_entropy(logits.transpose(1, 2), tgt, ignore_index=0)
    opt.zero_grad()
    loss.backward()
    total = nn.utils.clip_grad_norm_(params, max_norm=1.0)
    opt.step()
    sched.step()
    print(f"{loss:.4f} {total.item():.4f} {w.sum().item():.2f} {sched.get_last_lr()[0]:.5f}")
