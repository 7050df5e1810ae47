"""The word-level classics: skip-gram with negative sampling, an LSTM tagger, a text CNN, a bag of embeddings, a CRF step."""
import random
from collections import Counter
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import numpy as np

random.seed(3)


def init(module, scale=0.4):
    for i, p in enumerate(module.parameters()):
        p.data.copy_(scale * torch.sin(torch.arange(1, p.numel() + 1, dtype=torch.float) * (i + 1.1)).view(p.size()))
    return module


training_data = [
    ("The dog ate the apple".split(), ["DET", "NN", "V", "DET", "NN"]),
    ("Everybody read that book".split(), ["NN", "V", "DET", "NN"]),
]
word_to_ix = {}
for sent, tags in training_data:
    for word in sent:
        if word not in word_to_ix:
            word_to_ix[word] = len(word_to_ix)
tag_to_ix = {"DET": 0, "NN": 1, "V": 2}


def prepare_sequence(seq, to_ix):
    return torch.tensor([to_ix[w] for w in seq], dtype=torch.long)


class LSTMTagger(nn.Module):
    def __init__(self, embedding_dim, hidden_dim, vocab_size, tagset_size):
        super(LSTMTagger, self).__init__()
        self.hidden_dim = hidden_dim
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim)
        self.hidden2tag = nn.Linear(hidden_dim, tagset_size)

    def forward(self, sentence):
        embeds = self.word_embeddings(sentence)
        lstm_out, _ = self.lstm(embeds.view(len(sentence), 1, -1))
        tag_space = self.hidden2tag(lstm_out.view(len(sentence), -1))
        return F.log_softmax(tag_space, dim=1)


model = init(LSTMTagger(6, 6, len(word_to_ix), len(tag_to_ix)))
loss_function = nn.NLLLoss()
optimizer = optim.SGD(model.parameters(), lr=0.1)
with torch.no_grad():
    print(model(prepare_sequence(training_data[0][0], word_to_ix)))
for epoch in range(20):
    for sentence, tags in training_data:
        model.zero_grad()
        loss = loss_function(model(prepare_sequence(sentence, word_to_ix)), prepare_sequence(tags, tag_to_ix))
        loss.backward()
        optimizer.step()
with torch.no_grad():
    print(model(prepare_sequence(training_data[0][0], word_to_ix)))


class SkipGramNeg(nn.Module):
    def __init__(self, n_vocab, n_embed):
        super().__init__()
        self.in_embed = nn.Embedding(n_vocab, n_embed, sparse=False)
        self.out_embed = nn.Embedding(n_vocab, n_embed)
        self.in_embed.weight.data.uniform_(-1, 1)
        self.out_embed.weight.data.uniform_(-1, 1)

    def forward(self, center, context, negatives):
        v = self.in_embed(center)
        pos = F.logsigmoid((v * self.out_embed(context)).sum(1))
        neg = F.logsigmoid(-torch.bmm(self.out_embed(negatives), v.unsqueeze(2)).squeeze(2)).sum(1)
        return -(pos + neg).mean()


tokens = "a b a c a b d a e b a c".split()
counts = Counter(tokens)
vocab = {w: i for i, (w, _) in enumerate(counts.most_common())}
freqs = torch.tensor([c for _, c in counts.most_common()], dtype=torch.float).pow(0.75)
noise = freqs / freqs.sum()
assert torch.multinomial(noise, 12, replacement=True).view(4, 3).max() < len(vocab)
net = init(SkipGramNeg(len(vocab), 4))
opt = optim.Adam(net.parameters(), lr=0.05)
pairs = torch.tensor([[vocab[tokens[i]], vocab[tokens[i + 1]]] for i in range(len(tokens) - 1)])
for step in range(5):
    center, context = pairs.t()
    negatives = (center[:, None] + torch.arange(1, 4)) % len(vocab)
    loss = net(center, context, negatives)
    opt.zero_grad(); loss.backward(); opt.step()
emb = F.normalize(net.in_embed.weight.detach())
similar = torch.mm(emb, emb.t())
print("%.4f" % loss.item(), (-similar[0]).argsort()[1:3].tolist(), "%.4f" % similar.triu(1).sum())


class CNN_Text(nn.Module):
    def __init__(self, V, D, C, Co=3, Ks=(2, 3)):
        super(CNN_Text, self).__init__()
        self.embed = nn.Embedding(V, D, padding_idx=0)
        self.convs = nn.ModuleList([nn.Conv2d(1, Co, (K, D)) for K in Ks])
        self.dropout = nn.Dropout(0.0)
        self.fc1 = nn.Linear(len(Ks) * Co, C)

    def forward(self, x):
        x = self.embed(x).unsqueeze(1)
        x = [F.relu(conv(x)).squeeze(3) for conv in self.convs]
        x = [F.max_pool1d(i, i.size(2)).squeeze(2) for i in x]
        return self.fc1(self.dropout(torch.cat(x, 1)))


x = torch.from_numpy(np.random.RandomState(0).randint(1, 9, (4, 7)))
x[1:, 5:] = 0
y = torch.tensor([0, 1, 1, 0])
cnn = init(CNN_Text(9, 5, 2))
opt = optim.Adadelta(cnn.parameters(), rho=0.9)
for _ in range(4):
    opt.zero_grad()
    logit = cnn(x)
    loss = F.cross_entropy(logit, y)
    loss.backward()
    opt.step()
corrects = (torch.max(logit, 1)[1].view(y.size()).data == y.data).sum()
print("%.4f" % loss, int(corrects), cnn.embed.weight.grad[0].abs().sum().item())


class TextClassificationModel(nn.Module):
    def __init__(self, vocab_size, embed_dim, num_class):
        super(TextClassificationModel, self).__init__()
        self.embedding = nn.EmbeddingBag(vocab_size, embed_dim, sparse=False)
        self.fc = nn.Linear(embed_dim, num_class)

    def forward(self, text, offsets):
        return self.fc(self.embedding(text, offsets))


bag = init(TextClassificationModel(9, 4, 3))
lengths = [3, 2, 4]
offsets = torch.tensor([0] + lengths[:-1]).cumsum(dim=0)
text = torch.cat([x[i, :n] for i, n in enumerate(lengths)])
criterion = torch.nn.CrossEntropyLoss()
opt = torch.optim.SGD(bag.parameters(), lr=0.5)
scheduler = torch.optim.lr_scheduler.StepLR(opt, 1, gamma=0.1)
for _ in range(3):
    loss = criterion(bag(text, offsets), torch.LongTensor([0, 2, 1]))
    opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(bag.parameters(), 0.1)
    opt.step()
    scheduler.step()
print(f"{loss.item():.4f}")


def crf_forward(feats, transitions, mask):
    """Log partition function of a linear chain, batched."""
    alpha = feats[:, 0]
    for i in range(1, feats.size(1)):
        score = alpha.unsqueeze(2) + transitions.unsqueeze(0) + feats[:, i].unsqueeze(1)
        alpha = torch.where(mask[:, i].unsqueeze(1), torch.logsumexp(score, dim=1), alpha)
    return torch.logsumexp(alpha, dim=1)


def viterbi(feats, transitions):
    best, back = feats[0], []
    for feat in feats[1:]:
        best, idx = (best.unsqueeze(1) + transitions).max(0)
        best = best + feat
        back.append(idx)
    path = [best.argmax().item()]
    for idx in reversed(back):
        path.append(idx[path[-1]].item())
    return path[::-1]


feats = torch.sin(torch.arange(24.0)).view(2, 4, 3).requires_grad_()
transitions = nn.Parameter(torch.cos(torch.arange(9.0)).view(3, 3))
mask = torch.tensor([[True] * 4, [True, True, False, False]])
z = crf_forward(feats, transitions, mask)
gold = feats.gather(2, torch.tensor([[[0], [1], [2], [0]]] * 2)).squeeze(2).masked_fill(~mask, 0.0).sum(1)
(z - gold).mean().backward()
print(z.tolist(), transitions.grad.sum().item(), feats.grad.norm().item(), viterbi(feats[0].detach(), transitions.detach()))
