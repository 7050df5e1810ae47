"""The checks of 14_embeddings. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

from collections import Counter

import numpy as np

import tinytorch as tt
from tinytorch import nn
from tinytorch.nn import functional as F
from tinytorch.nn.functional.embedding import add_rows, row_sums
from tinytorch.nn.functional.lstm import lstm_cell
from tinytorch.text import (
    BytePairTokenizer,
    CharTokenizer,
    apply_rotary,
    rotary_positions,
    sinusoidal_positions,
)
from tinytorch.text.tokenizers import learn_merges, merge
from tito.checking import (
    array_of,
    arrays,
    check,
    expect,
    expect_close,
    expect_equal,
    expect_gradient,
    expect_raises,
    rng,
    tensor,
)

CHARACTERS, PAIRS, TABLE = "Characters", "Byte pairs", "A table of vectors"
STANDS, ORDER = "Where a token stands", "Reading in order"

# ---------------------------------------------------------------- characters


@check(of="CharTokenizer.encode", section=CHARACTERS)
def test_characters_to_ids():
    """Trained on "hello", "hole" is 1, 3, 2, 0: places in e, h, l, o."""
    t = CharTokenizer.train("hello")
    expect_equal(t.encode("hole"), [1, 3, 2, 0], "the ids of 'hole'")
    expect_equal(t.encode(""), [], "the ids of no text")
    text = "naïve — 日本 👩\n\tx"
    t = CharTokenizer.train(text)
    expect_equal(t.decode(t.encode(text * 2)), text * 2, "a text encoded and decoded")


@check(of="CharTokenizer.encode", needs="characters_to_ids", section=CHARACTERS)
def test_unknown_characters():
    """A character without an id is an error that names it and its place, or becomes `unknown` if there is one."""
    t = CharTokenizer.train("hello")
    expect_raises(
        ValueError,
        lambda: t.encode("hello world"),
        ["' '", "position 5", "4 known", "unknown"],
        "a space for a tokenizer that has seen 'hello'",
    )
    t = CharTokenizer.train("hello", unknown="?")
    expect_equal(t.encode("hey, lol"), [1, 0, 4, 4, 4, 2, 3, 2], "the ids with unknown='?'")
    expect_equal(t.decode(t.encode("hey, lol")), "he???lol", "what comes back")


# ---------------------------------------------------------------- byte pairs


@check(of="merge", section=PAIRS)
def test_merging_a_pair():
    """Each occurrence is replaced, from the left: 7, 7, 7 with (7, 7) is new, 7."""
    for ids, pair, answer in [
        ([7, 7, 7], (7, 7), [99, 7]),
        ([7, 7, 7, 7], (7, 7), [99, 99]),
        ([1, 2, 3, 1, 2], (1, 2), [99, 3, 99]),
        ([1, 2, 1], (2, 1), [1, 99]),
        ([3, 1, 2, 2], (1, 2), [3, 99, 2]),
        ([1, 3, 2], (1, 2), [1, 3, 2]),
        ([1, 1], (1, 2), [1, 1]),
        ([2, 2, 1], (1, 2), [2, 2, 1]),
        ([1], (1, 1), [1]),
        ([], (1, 2), []),
    ]:
        kept = list(ids)
        expect_equal(merge(ids, pair, 99), answer, f"merge({ids}, {pair}, 99)")
        expect_equal(ids, kept, f"the list that was given to merge({kept}, ...)")


@check(of="learn_merges", needs="merging_a_pair", section=PAIRS)
def test_merges_by_hand():
    """low 3 times, lower twice, new 4 times: the merges are lo, low, ew, new."""
    expect_equal(
        learn_merges({b"low": 3, b"lower": 2, b"new": 4}, 4),
        [(108, 111), (256, 119), (101, 119), (110, 258)],
        "the merges",
    )
    expect_equal(learn_merges({b"low": 3, b"lower": 2, b"new": 4}, 1), [(108, 111)], "the first merge alone")
    expect_equal(
        learn_merges({b"aaabdaaabac": 1}, 3), [(97, 97), (97, 98), (256, 257)], "3 merges of aaabdaaabac"
    )
    expect_equal(learn_merges({b"ab": 1}, 5), [(97, 98)], "5 merges where there is one")
    expect_equal(learn_merges({b"a": 9}, 5), [], "merges of a single letter")
    expect_equal(learn_merges({}, 5), [], "merges of no text")
    expect_equal(learn_merges({b"abab": 2}, 0), [], "no merges")


def slow_merges(counts, number):
    words, times, merges = [list(w) for w in counts], list(counts.values()), []
    while len(merges) < number:
        pairs = Counter()
        for word, n in zip(words, times):
            for pair in zip(word, word[1:]):
                pairs[pair] += n
        if not pairs:
            break
        best = min(pairs, key=lambda p: (-pairs[p], p))
        new, merged = 256 + len(merges), []
        for word in words:
            out = []
            for token in word:
                if out and (out[-1], token) == best:
                    out[-1] = new
                else:
                    out.append(token)
            merged.append(out)
        words = merged
        merges.append(best)
    return merges


@check(of="learn_merges", needs="merges_by_hand", section=PAIRS)
def test_merges_of_random_words():
    """Words of few letters, with many ties and overlaps: pair counts stay right after every merge."""
    for seed in range(25):
        generator = rng(seed)
        counts = {}
        for _ in range(int(generator.integers(1, 12))):
            word = bytes(generator.integers(97, 100, generator.integers(1, 12)).astype(np.uint8))
            counts[word] = int(generator.integers(1, 6))
        expect_equal(learn_merges(counts, 40), slow_merges(counts, 40), f"the merges of {counts}")


@check(of="BytePairTokenizer._encode_word", needs="merging_a_pair", section=PAIRS)
def test_encoding_replays_the_merges():
    """With (b, c) learned before (a, b), abc is a, bc and not ab, c."""
    t = BytePairTokenizer([(98, 99), (97, 98)])
    expect_equal(t.encode("abc"), [97, 256], "abc")
    expect_equal(t.encode("abab"), [257, 257], "abab")
    expect_equal(t.encode("bcab"), [256, 257], "bcab")
    t = BytePairTokenizer([(97, 97), (97, 98), (256, 257)])
    expect_equal(t.encode("aaabdaaabac"), [258, 100, 258, 97, 99], "aaabdaaabac")
    expect_equal(t.encode("aaab"), [258], "aaab, a single token")
    expect_equal(t.encode("aaaa"), [256, 256], "aaaa")
    expect_equal(t.encode("a"), [97], "a")
    expect_equal(BytePairTokenizer([]).encode("é"), [195, 169], "é without any merge")
    expect_equal(
        BytePairTokenizer.train("new new low low", 260, ["<end>"]).encode("new<end>"),
        [*BytePairTokenizer.train("new new low low", 259).encode("new"), 259],
        "a special token after a word",
    )


@check(of="BytePairTokenizer.decode", section=PAIRS)
def test_decoding():
    """Bytes one after the other are the text; half a character is U+FFFD, an id that does not exist an error."""
    t = BytePairTokenizer([(108, 111), (256, 119), (195, 169)])
    expect_equal(t.decode([257, 32, 256, 258]), "low loé", "decode([257, 32, 256, 258])")
    expect_equal(t.decode([195, 169]), "é", "é from two tokens")
    expect_equal(t.decode(tt.tensor([257, 101])), "lowe", "decode of a tensor")
    expect_equal(t.decode([257, 195]), "low\ufffd", "low and half a character")
    expect_equal(t.decode([]), "", "decode([])")
    expect_raises(ValueError, lambda: t.decode([97, 259]), ["259", "position 1"], "the id 259 of 259")
    expect_raises(ValueError, lambda: t.decode([-1]), "-1", "the id -1")


@check(
    of=["BytePairTokenizer.decode", "BytePairTokenizer._encode_word"],
    needs=["decoding", "encoding_replays_the_merges", "merges_by_hand"],
    section=PAIRS,
)
def test_any_text_comes_back():
    """Trained on English, every text comes back as it was: other scripts, emoji, control characters, lone surrogates."""
    t = BytePairTokenizer.train("the cat sat on the mat, the rat sat on the cat " * 3, 300)
    expect("the" in {t.decode([i]).strip() for i in t.encode(" the")}, "' the' should be one token of 300")
    for text in (
        "the cat",
        "日本語、改行\n\n",
        "👩‍👩‍👧 é e\u0301",
        "\x00\x7f\u0080\uffff\U0010ffff",
        "lone \ud800 end",
        "  spaces  ",
    ):
        expect_equal(t.decode(t.encode(text)), text, f"{text!r} encoded and decoded")


# ---------------------------------------------------------------- the table


@check(of="row_sums", section=TABLE)
def test_rows_that_come_twice_add_up():
    """Row 2, named twice, gets both contributions; rows that are not named stay 0; the dtype stays."""
    g = np.array([[1, 2], [10, 20], [100, 200]], np.float32)
    out = row_sums(g, np.array([2, 0, 2]), 4)
    expect_close(out, [[10, 20], [0, 0], [101, 202], [0, 0]], "row_sums", dtype="float32")
    expect_close(
        row_sums(g.astype(np.float16), np.array([1, 1, 1]), 2),
        [[0, 0], [111, 222]],
        "one row three times",
        dtype="float16",
    )
    expect_close(row_sums(np.zeros((0, 3)), np.zeros(0, np.int64), 2), np.zeros((2, 3)), "no vectors")
    many = row_sums(np.ones((3000, 2), np.float16), np.arange(3000) % 11, 11)
    expect_close(
        many, [[273] * 2] * 8 + [[272] * 2] * 3, "3000 vectors of ones in half precision", dtype="float16"
    )
    for n, rows, width in ((50, 7, 3), (3000, 11, 5), (40, 3, 200), (4096, 2, 1), (1, 3, 5000)):
        (values,) = arrays((n, width), seed=n)
        index = rng(n).integers(0, rows, n)
        answer = (np.arange(rows)[:, None] == index).astype(float) @ values
        for kind, rtol in (("float64", 1e-9), ("float32", 1e-3)):
            expect_close(
                row_sums(values.astype(kind), index, rows),
                answer,
                f"{n} vectors of {width} numbers in {rows} rows",
                rtol=rtol,
                atol=1e-3 if kind == "float32" else 1e-9,
                dtype=kind,
            )


@check(of="add_rows", needs="rows_that_come_twice_add_up", section=TABLE)
def test_embedding_gradient():
    """Tokens of any shape: each vector of the gradient is added to its token's row."""
    table = tt.zeros(4, 2, requires_grad=True)
    F.embedding(tt.tensor([2, 0, 2]), table).backward(tt.tensor([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]]))
    expect_close(table.grad, [[10, 20], [0, 0], [101, 202], [0, 0]], "the gradient by hand", dtype="float32")
    for shape in ((), (0,), (5,), (3, 4), (2, 1, 3)):
        index = rng(1).integers(0, 6, shape)
        (weight,) = arrays((6, 3), seed=2)
        expect_gradient(
            lambda w, index=index: F.embedding(tensor(index), w),
            weight,
            reference=lambda w, index=index: w[index],
            what=f"the gradient of the table for tokens of shape {shape}",
        )


@check(of="add_rows", needs="embedding_gradient", section=TABLE)
def test_padding_and_frequency():
    """The padding row gets nothing; with scale_grad_by_freq a row's gradient is divided by how often it was named."""
    index, g = np.array([[2, 0], [2, 1]]), np.array([[[1.0, 2], [10, 20]], [[100, 200], [7, 9]]])
    expect_close(
        add_rows(g, index, rows=4, padding_idx=2), [[10, 20], [7, 9], [0, 0], [0, 0]], "with padding_idx=2"
    )
    expect_close(
        add_rows(g, index, rows=4, padding_idx=0), [[0, 0], [7, 9], [101, 202], [0, 0]], "with padding_idx=0"
    )
    expect_close(
        add_rows(g.astype("f"), index, rows=4, scale_grad_by_freq=True),
        [[10, 20], [7, 9], [50.5, 101], [0, 0]],
        "with scale_grad_by_freq",
        dtype="float32",
    )
    layer = nn.Embedding(5, 3, padding_idx=1)
    layer(tensor(np.array([1, 4, 1, 4]))).sum().backward()
    expect_close(layer.weight.grad, [[0] * 3, [0] * 3, [0] * 3, [0] * 3, [2] * 3], "nn.Embedding's gradient")


@check(of="add_rows", needs="embedding_gradient", section=TABLE)
def test_embedding_second_gradient():
    """add_rows is an op: the gradient of a gradient looks rows up again."""
    w = tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    index = tt.tensor([2, 0, 2])
    (first,) = tt.autograd.grad((F.embedding(index, w) ** 3).sum(), w, create_graph=True)
    first.sum().backward()
    answer = np.array([[1.0], [0.0], [2.0]]) * 6 * np.arange(6.0).reshape(3, 2)
    expect_close(w.grad, answer, "the second derivative of the sum of cubes")


# ---------------------------------------------------------------- positions


@check(of="sinusoidal_positions", section=STANDS)
def test_waves():
    """For D = 4, position 1 is (sin 1, cos 1, sin 0.01, cos 0.01); any length, width and base."""
    expect_close(
        sinusoidal_positions(2, 4),
        [[0, 1, 0, 1], [0.841471, 0.540302, 0.01, 0.99995]],
        "positions 0 and 1",
        rtol=1e-4,
        dtype="float32",
    )
    for length, dim, base in ((7, 2, 10000.0), (30, 10, 10000.0), (12, 6, 100.0), (0, 4, 10.0)):
        t, i = np.arange(length)[:, None], np.arange(dim)[None]
        angle = t / base ** (2 * (i // 2) / dim)
        answer = np.where(i % 2 == 0, np.sin(angle), np.cos(angle))
        table = sinusoidal_positions(length, dim, base=base, dtype=tt.float64)
        expect_close(table, answer, f"{length} positions of {dim} features, base {base:g}", dtype="float64")
    expect_raises(ValueError, lambda: sinusoidal_positions(4, 3), ["even", "3"], "an odd number of features")


@check(of="apply_rotary", section=STANDS)
def test_turning_pairs():
    """(1, 0) turned by an angle is (cos, sin), and (0, 1) is (-sin, cos); halves or neighbours are the pairs."""
    cos, sin = tensor([[0.8], [0.6]]), tensor([[0.6], [0.8]])
    x = tensor([[1.0, 0.0], [0.0, 1.0]])
    for interleaved in (False, True):
        out = apply_rotary(x, cos, sin, interleaved=interleaved)
        expect_close(out, [[0.8, 0.6], [-0.8, 0.6]], f"one pair, interleaved={interleaved}")
    for shape in ((5, 6), (2, 5, 6), (2, 3, 5, 6)):
        (a,) = arrays(shape, seed=3)
        cos, sin = rotary_positions(5, 6, dtype=tt.float64)
        turn = array_of(cos) + 1j * array_of(sin)
        z = (a[..., :3] + 1j * a[..., 3:]) * turn
        expect_close(
            apply_rotary(tensor(a), cos, sin),
            np.concatenate([z.real, z.imag], -1),
            f"halves of shape {shape}",
        )
        z = (a[..., 0::2] + 1j * a[..., 1::2]) * turn
        expect_close(
            apply_rotary(tensor(a), cos, sin, interleaved=True),
            np.stack([z.real, z.imag], -1).reshape(shape),
            f"neighbours of shape {shape}",
        )
    for interleaved in (False, True):
        expect_raises(
            ValueError,
            lambda i=interleaved: apply_rotary(tt.ones(5, 8), cos, sin, interleaved=i),
            ["8 features", "need 4, not 3"],
            "8 features with 3 angles",
        )


@check(of="apply_rotary", needs="turning_pairs", section=STANDS)
def test_products_depend_on_the_distance():
    """Two vectors at 3 and 1 have the product they have at 7 and 5; gradients are turned back."""
    cos, sin = rotary_positions(12, 8, dtype=tt.float64)
    q, k = arrays((8,), (8,), seed=5)
    for interleaved in (False, True):
        turned = [
            apply_rotary(tensor(np.tile(v, (12, 1))), cos, sin, interleaved=interleaved) for v in (q, k)
        ]
        scores = array_of(turned[0] @ turned[1].t())
        for distance in (-7, 0, 2):
            diagonal = np.diagonal(scores, distance)
            expect_close(
                diagonal, np.full(len(diagonal), diagonal[0]), f"products at the distance {distance}"
            )
        expect_gradient(
            lambda t, i=interleaved: apply_rotary(t, cos[:3], sin[:3], interleaved=i),
            *arrays((3, 8), seed=6),
            what="the gradient",
        )


# ---------------------------------------------------------------- the LSTM's step


def np_lstm(x, h, c, w_hh):
    sigmoid = lambda v: 1 / (1 + np.exp(-v))
    i, f, g, o = np.split(x + h @ w_hh.T, 4, -1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@check(of="lstm_cell", section=ORDER)
def test_lstm_step():
    """With all shares 0 and c = 1: c' = 0.5 and h' = 0.231; the gates come in the order i, f, g, o."""
    h, c = lstm_cell(tt.zeros(1, 4), tt.zeros(1, 1), tt.ones(1, 1), tt.zeros(4, 1))
    expect_close(c, [[0.5]], "c' by hand")
    expect_close(h, [[0.231059]], "h' by hand", rtol=1e-4)
    for seed, (B, H) in enumerate([(1, 1), (3, 2), (4, 5)]):
        inputs = arrays((B, 4 * H), (B, H), (B, H), (4 * H, H), seed=seed)
        for name, got, answer in zip(("h'", "c'"), lstm_cell(*map(tensor, inputs)), np_lstm(*inputs)):
            expect_close(got, answer, f"{name} for {B} rows and {H} features")
    x, h, c, w, r = arrays((3, 8), (3, 2), (3, 2), (8, 2), (2, 2), seed=9)
    got = lstm_cell(*map(tensor, (x, h, c, w, r)))
    answer = np_lstm(x, h, c, w)
    expect_close(got[0], answer[0] @ r.T, "h' with a projection")
    expect_close(got[1], answer[1], "c' with a projection")


@check(of="lstm_cell", needs="lstm_step", section=ORDER)
def test_lstm_gradients():
    """Its gradients follow from the ops, and step after step it is what nn.LSTM computes for the sequence."""
    inputs = arrays((2, 12), (2, 3), (2, 3), (12, 3), seed=11)
    for k, name in enumerate(("h'", "c'")):
        expect_gradient(
            lambda *v, k=k: lstm_cell(*v)[k],
            *inputs,
            reference=lambda *v, k=k: np_lstm(*v)[k],
            what=f"a gradient of {name}",
        )
    tt.manual_seed(0)
    layer = nn.LSTM(4, 3, batch_first=True)
    x = tt.randn(2, 6, 4)
    h, c = tt.zeros(2, 3), tt.zeros(2, 3)
    for t in range(6):
        share = F.linear(x[:, t], layer.weight_ih_l0, layer.bias_ih_l0 + layer.bias_hh_l0)
        h, c = lstm_cell(share, h, c, layer.weight_hh_l0)
    _, (last, cell) = layer(x)
    expect_close(h, array_of(last)[0], "h after 6 steps, beside nn.LSTM's")
    expect_close(c, array_of(cell)[0], "c after 6 steps, beside nn.LSTM's")


# ---------------------------------------------------------------- the checkpoint


@check(
    of=["learn_merges", "row_sums", "add_rows", "lstm_cell", "BytePairTokenizer.decode"],
    needs=["any_text_comes_back", "embedding_gradient", "lstm_gradients", "products_depend_on_the_distance"],
    section="Why it matters",
)
def test_a_network_reads():
    """Tokens, vectors and your LSTM step learn a rhyme, and say it back from its first token."""
    text = "row, row, row your boat, gently down the stream; merrily, merrily, merrily, life is but a dream"
    tokenizer = BytePairTokenizer.train(text, 280)
    ids = np.array(tokenizer.encode(text))
    expect(len(ids) < 0.75 * len(text), "24 merges should shorten the rhyme", got=f"{len(ids)} tokens")
    tt.manual_seed(1)
    embedding, share, head = nn.Embedding(280, 24), nn.Linear(24, 128), nn.Linear(32, 280)
    w_hh = nn.Parameter(tt.randn(128, 32) * 0.2)
    layers = nn.ModuleList([embedding, share, head])
    optimizer = tt.optim.Adam([*layers.parameters(), w_hh], lr=0.02)

    def step(token, h, c):
        return lstm_cell(share(embedding(tensor(np.array([token])))), h, c, w_hh)

    inputs, target = tensor(ids[:-1]), tensor(ids[1:])
    losses = []
    for _ in range(60):
        h, c = tt.zeros(1, 32), tt.zeros(1, 32)
        outputs, shares = [], share(embedding(inputs))
        for t in range(len(inputs)):
            h, c = lstm_cell(shares[t : t + 1], h, c, w_hh)
            outputs.append(h)
        loss = F.cross_entropy(head(tt.cat(outputs)), target)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([*layers.parameters(), w_hh], 1.0)
        optimizer.step()
        losses.append(loss.item())
    expect(
        losses[-1] < 0.3,
        "the loss stays too high",
        expected="below 0.3 after 60 steps",
        got=f"{losses[-1]:.3f} (it began at {losses[0]:.3f})",
    )
    said, h, c = [int(ids[0])], tt.zeros(1, 32), tt.zeros(1, 32)
    with tt.no_grad():
        while len(said) < len(ids):
            h, c = step(said[-1], h, c)
            said.append(head(h).argmax(1).item())
    expect_equal(tokenizer.decode(said), text, "what the network says")
