"""The checkpoint of 14_embeddings: can I turn text into numbers, the numbers into vectors, and get the text back?"""

import itertools

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.nn import functional as F
from tinytorch.text import BytePairTokenizer
from tinytorch.utils.arrays import batches
from tito.checking import array_of, check, expect, expect_equal, expect_slopes, rng, tensor
from tito.material import the_long_way

WHO = "cat dog owl fox hen".split()
DOES = "sees", "hears", "chases", "follows"
HOW = "", "old ", "small ", "white "


class Reader(nn.Module):
    """Tokens to vectors, through an LSTM, to one score per animal."""

    def __init__(self, vocabulary, width, dtype=None):
        super().__init__()
        self.table = nn.Embedding(vocabulary, width, dtype=dtype)
        self.lstm = nn.LSTM(width, width, batch_first=True, dtype=dtype)
        self.head = nn.Linear(width, len(WHO), dtype=dtype)

    def forward(self, ids):
        return self.head(self.lstm(self.table(ids))[0][:, -1])


@check(of=["learn_merges", "row_sums", "add_rows", "lstm_cell", "BytePairTokenizer.decode"], seconds=240)
def test_who_is_seen_by_whom():
    """From sentences such as "the old cat sees the dog": who is the one that sees? 9 of 10 new sentences are understood, and all are written back."""
    made = [
        (f"the {one}{a} {verb} the {other}{b}", WHO.index(a))
        for a, b in itertools.permutations(WHO, 2) for verb in DOES for one in HOW for other in HOW
    ]  # fmt: skip
    order = rng(0).permutation(len(made))
    sentences, subjects = [made[i][0] for i in order], np.array([made[i][1] for i in order])
    tokenizer = BytePairTokenizer.train(" ".join(sentences), 300)
    coded = [tokenizer.encode(s) for s in sentences]
    expect_equal([tokenizer.decode(ids) for ids in coded], sentences, "the sentences written back")
    short = sum(map(len, coded)) / sum(map(len, sentences))
    expect(short < 0.5, "44 merges should halve the text", expected="below 50%", got=f"{short:.0%}")
    longest = max(map(len, coded))
    space = tokenizer.encode(" ")[0]
    ids = np.array([[space] * (longest - len(c)) + c for c in coded])
    tt.manual_seed(0)
    exact, some = Reader(300, 5, tt.float64), (tensor(ids[:6]), subjects[:6])
    expect_slopes(lambda: the_long_way(exact(some[0]), some[1]), exact.parameters())
    tt.manual_seed(0)
    model = Reader(300, 24)
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    train, test = slice(0, 900), slice(900, None)
    for _ in range(5):
        for x, t in batches(ids[train], subjects[train], batch_size=45, shuffle=True):
            loss = F.cross_entropy(model(tensor(x)), tensor(t))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    with tt.no_grad():
        right = np.mean(array_of(model(tensor(ids[test]))).argmax(1) == subjects[test])
    expect(right > 0.9, "too few new sentences are understood", expected="over 90%", got=f"{right:.1%}")
    print(f"{right:.1%} of {len(ids[test])} new sentences are understood, at {short:.2f} tokens a letter.")
