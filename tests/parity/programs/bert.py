"""A small BERT: three embeddings, masked words and next sentence, padding masks, its own GELU, warm-up; then distillation."""
import math
import random
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim import Adam
from torch.utils.data import DataLoader, Dataset

PAD, UNK, EOS, SOS, MASK = range(5)


class PositionalEmbedding(nn.Module):
    def __init__(self, d_model, max_len=64):
        super().__init__()
        pe = torch.zeros(max_len, d_model).float()
        pe.require_grad = False
        position = torch.arange(0, max_len).float().unsqueeze(1)
        div_term = (torch.arange(0, d_model, 2).float() * -(math.log(10000.0) / d_model)).exp()
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        self.register_buffer('pe', pe.unsqueeze(0))

    def forward(self, x):
        return self.pe[:, :x.size(1)]


class SegmentEmbedding(nn.Embedding):
    def __init__(self, embed_size=16):
        super().__init__(3, embed_size, padding_idx=0)


class TokenEmbedding(nn.Embedding):
    def __init__(self, vocab_size, embed_size=16):
        super().__init__(vocab_size, embed_size, padding_idx=0)


class GELU(nn.Module):
    def forward(self, x):
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * torch.pow(x, 3))))


class LayerNorm(nn.Module):
    "Construct a layernorm module (See citation for details)."

    def __init__(self, features, eps=1e-6):
        super(LayerNorm, self).__init__()
        self.a_2 = nn.Parameter(torch.ones(features))
        self.b_2 = nn.Parameter(torch.zeros(features))
        self.eps = eps

    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        std = x.std(-1, keepdim=True)
        return self.a_2 * (x - mean) / (std + self.eps) + self.b_2


class Attention(nn.Module):
    def forward(self, query, key, value, mask=None, dropout=None):
        scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(query.size(-1))
        if mask is not None:
            scores = scores.masked_fill(mask == 0, -1e9)
        p_attn = F.softmax(scores, dim=-1)
        if dropout is not None:
            p_attn = dropout(p_attn)
        return torch.matmul(p_attn, value), p_attn


class MultiHeadedAttention(nn.Module):
    def __init__(self, h, d_model, dropout=0.0):
        super().__init__()
        assert d_model % h == 0
        self.d_k, self.h = d_model // h, h
        self.linear_layers = nn.ModuleList([nn.Linear(d_model, d_model) for _ in range(3)])
        self.output_linear = nn.Linear(d_model, d_model)
        self.attention, self.dropout = Attention(), nn.Dropout(p=dropout)

    def forward(self, query, key, value, mask=None):
        batch_size = query.size(0)
        query, key, value = [l(x).view(batch_size, -1, self.h, self.d_k).transpose(1, 2)
                             for l, x in zip(self.linear_layers, (query, key, value))]
        x, attn = self.attention(query, key, value, mask=mask, dropout=self.dropout)
        x = x.transpose(1, 2).contiguous().view(batch_size, -1, self.h * self.d_k)
        return self.output_linear(x)


class SublayerConnection(nn.Module):
    def __init__(self, size, dropout):
        super(SublayerConnection, self).__init__()
        self.norm, self.dropout = LayerNorm(size), nn.Dropout(dropout)

    def forward(self, x, sublayer):
        return x + self.dropout(sublayer(self.norm(x)))


class TransformerBlock(nn.Module):
    def __init__(self, hidden, attn_heads, feed_forward_hidden, dropout):
        super().__init__()
        self.attention = MultiHeadedAttention(h=attn_heads, d_model=hidden)
        self.feed_forward = nn.Sequential(nn.Linear(hidden, feed_forward_hidden), GELU(), nn.Linear(feed_forward_hidden, hidden))
        self.input_sublayer = SublayerConnection(size=hidden, dropout=dropout)
        self.output_sublayer = SublayerConnection(size=hidden, dropout=dropout)
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, x, mask):
        x = self.input_sublayer(x, lambda _x: self.attention.forward(_x, _x, _x, mask=mask))
        x = self.output_sublayer(x, self.feed_forward)
        return self.dropout(x)


class BERT(nn.Module):
    def __init__(self, vocab_size, hidden=16, n_layers=2, attn_heads=4, dropout=0.0):
        super().__init__()
        self.hidden = hidden
        self.token = TokenEmbedding(vocab_size, hidden)
        self.position = PositionalEmbedding(hidden)
        self.segment = SegmentEmbedding(hidden)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(hidden, attn_heads, hidden * 4, dropout) for _ in range(n_layers)])

    def forward(self, x, segment_info):
        mask = (x > 0).unsqueeze(1).repeat(1, x.size(1), 1).unsqueeze(1)
        x = self.token(x) + self.position(x) + self.segment(segment_info)
        for transformer in self.transformer_blocks:
            x = transformer.forward(x, mask)
        return x


class BERTLM(nn.Module):
    def __init__(self, bert, vocab_size):
        super().__init__()
        self.bert = bert
        self.next_sentence, self.mask_lm = nn.Linear(bert.hidden, 2), nn.Linear(bert.hidden, vocab_size)
        self.softmax = nn.LogSoftmax(dim=-1)

    def forward(self, x, segment_label):
        x = self.bert(x, segment_label)
        return self.softmax(self.next_sentence(x[:, 0])), self.softmax(self.mask_lm(x))


class Pairs(Dataset):
    def __init__(self, n, vocab, seq_len=14):
        self.rng = random.Random(2)
        self.vocab, self.seq_len = vocab, seq_len
        self.lines = [[[self.rng.randrange(5, vocab) for _ in range(self.rng.randrange(2, 6))] for _ in range(2)] for _ in range(n)]

    def __len__(self):
        return len(self.lines)

    def __getitem__(self, item):
        (t1, t2), is_next = self.lines[item], item % 2
        t1, l1 = self.mask([SOS] + t1 + [EOS])
        t2, l2 = self.mask(t2 + [EOS])
        segment = ([1] * len(t1) + [2] * len(t2))[:self.seq_len]
        words, labels = (t1 + t2)[:self.seq_len], (l1 + l2)[:self.seq_len]
        padding = [PAD] * (self.seq_len - len(words))
        words.extend(padding), labels.extend(padding), segment.extend(padding)
        output = {"bert_input": words, "bert_label": labels, "segment_label": segment, "is_next": is_next}
        return {key: torch.tensor(value) for key, value in output.items()}

    def mask(self, tokens):
        labels = [t if i % 3 == 1 else 0 for i, t in enumerate(tokens)]
        return [MASK if i % 3 == 1 else t for i, t in enumerate(tokens)], labels


class ScheduledOptim():
    def __init__(self, optimizer, d_model, n_warmup_steps):
        self._optimizer, self.n_warmup_steps, self.n_current_steps = optimizer, n_warmup_steps, 0
        self.init_lr = np.power(d_model, -0.5)

    def step_and_update_lr(self):
        self.n_current_steps += 1
        lr = self.init_lr * np.min([np.power(self.n_current_steps, -0.5), np.power(self.n_warmup_steps, -1.5) * self.n_current_steps])
        for param_group in self._optimizer.param_groups:
            param_group['lr'] = lr
        self._optimizer.step()

    def zero_grad(self):
        self._optimizer.zero_grad()


def fill(net, scale):
    for i, p in enumerate(net.parameters()):
        if p.dim() > 1:
            p.data = torch.from_numpy(np.random.RandomState(i).normal(0, scale, p.shape)).to(p.dtype)
        elif p.abs().sum() > 0 and not torch.equal(p, torch.ones_like(p)):
            nn.init.zeros_(p)
    return net


cuda_condition = torch.cuda.is_available() and False
device = torch.device("cuda:0" if cuda_condition else "cpu")
model = fill(BERTLM(BERT(24), 24), 0.15).to(device)
if cuda_condition and torch.cuda.device_count() > 1:
    model = nn.DataParallel(model)
optim = ScheduledOptim(Adam(model.parameters(), lr=1e-4, betas=(0.9, 0.98), weight_decay=0.01), 16, n_warmup_steps=6)
criterion = nn.NLLLoss(ignore_index=0)
print("Total Parameters:", sum([p.nelement() for p in model.parameters()]))
for epoch in range(2):
    for i, batch in enumerate(DataLoader(Pairs(12, 24), batch_size=6)):
        batch = {key: value.to(device) for key, value in batch.items()}
        next_sent_output, mask_lm_output = model.forward(batch["bert_input"], batch["segment_label"])
        next_loss = nn.NLLLoss()(next_sent_output, batch["is_next"])
        mask_loss = criterion(mask_lm_output.transpose(1, 2), batch["bert_label"])
        loss = next_loss + mask_loss
        optim.zero_grad()
        loss.backward()
        optim.step_and_update_lr()
        correct = next_sent_output.argmax(dim=-1).eq(batch["is_next"]).sum().item()
        print("EP%d iter %d loss %.4f mask %.4f" % (epoch, i, loss.item(), mask_loss.item()))
file_path = Path(tempfile.mkdtemp()) / "bert.ep"
torch.save(model.bert.cpu().state_dict(), str(file_path) + ".ep%d" % epoch)
model.bert.to(device)

teacher = model.bert.eval()
student = fill(BERT(24, n_layers=1, attn_heads=2), 0.1)
shared = {k: v for k, v in torch.load(str(file_path) + ".ep1").items() if k in student.state_dict() and v.shape == student.state_dict()[k].shape}
print(len(shared), student.load_state_dict(shared, strict=False))
optimizer = torch.optim.AdamW(filter(lambda p: p.requires_grad, student.parameters()), lr=5e-3)
for step in range(4):
    with torch.no_grad():
        t = teacher(batch["bert_input"], batch["segment_label"])
    s = student(batch["bert_input"], batch["segment_label"])
    mask = batch["bert_input"].ne(PAD)
    kd = F.kl_div(F.log_softmax(s[mask] / 2.0, dim=-1), F.softmax(t[mask] / 2.0, dim=-1), reduction="batchmean") * 4.0
    cos = F.cosine_embedding_loss(s[mask], t[mask], torch.ones(int(mask.sum())))
    loss = kd + cos + 0.1 * F.mse_loss(s[:, 0], t[:, 0])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print("%.4f %.4f" % (kd, cos))
