"""The checkpoint of 15_attention: can I let every token look at every other one?"""

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.nn import functional as F
from tito.checking import array_of, check, expect, expect_close, expect_slopes, rng, tensor
from tito.material import the_long_way

KEYS, VALUES, PAIRS = 8, 6, 4


def questions(n, seed):
    """Rows such as `c=3 a=1 f=5 b=3 a?`, a pair one token, the question the last; and the answers."""
    generator = rng(seed)
    keys = np.array([generator.permutation(KEYS)[:PAIRS] for _ in range(n)])
    values = generator.integers(0, VALUES, (n, PAIRS))
    asked = generator.integers(0, PAIRS, n)
    rows = np.arange(n)
    tokens = np.concatenate([keys * VALUES + values, (KEYS * VALUES + keys[rows, asked])[:, None]], 1)
    return tokens, values[rows, asked], asked


class Finder(nn.Module):
    """The question looks at the pairs, with two heads, and says what it finds."""

    def __init__(self, width=24, dtype=None):
        super().__init__()
        self.table = nn.Embedding(KEYS * VALUES + KEYS, width, dtype=dtype)
        self.look = nn.MultiheadAttention(width, 2, batch_first=True, dtype=dtype)
        self.norm = nn.LayerNorm(width, dtype=dtype)
        self.head = nn.Linear(width, VALUES, dtype=dtype)

    def forward(self, tokens):
        x = self.table(tokens)
        found, weights = self.look(x[:, -1:], x[:, :-1], x[:, :-1], average_attn_weights=False)
        return self.head(self.norm(found)[:, 0]), weights


@check(of=["attention_forward", "split_heads", "merge_heads"], seconds=240)
def test_a_question_finds_its_answer():
    """Among four pairs such as c=3 a=1 f=5 b=3 the question a? finds 1: new rows, 9 of 10 right, and one of the heads looks at the pair that counts."""
    tt.manual_seed(0)
    exact, (some, answers, _) = Finder(6, tt.float64), questions(8, 0)
    expect_slopes(lambda: the_long_way(exact(tensor(some))[0], answers), exact.parameters())
    tt.manual_seed(0)
    model = Finder()
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    for step in range(300):
        tokens, answers, _ = questions(64, step)
        optimizer.zero_grad()
        F.cross_entropy(model(tensor(tokens))[0], tensor(answers)).backward()
        optimizer.step()
    tokens, answers, asked = questions(500, 1000)
    with tt.no_grad():
        scores, weights = map(array_of, model.eval()(tensor(tokens)))
    expect_close(weights.sum(-1), np.ones((500, 2, 1)), "the sums of the weights", rtol=1e-4)
    right = np.mean(scores.argmax(1) == answers)
    there = np.mean(weights[:, :, 0].max(1).argmax(1) == asked)
    expect(right > 0.9, "too few answers are right", expected="over 90%", got=f"{right:.1%}")
    expect(there > 0.8, "no head looks at the pair that counts", expected="in over 80%", got=f"{there:.1%}")
    print(f"{right:.1%} of 500 new questions are answered; in {there:.1%} a head looks at the right pair.")
