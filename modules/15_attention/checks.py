"""The checks of 15_attention. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

import math

import numpy as np

import tinytorch as tt
from tinytorch import nn
from tinytorch.models.seq2seq import Attention, Seq2Seq, padding
from tinytorch.nn import functional as F
from tinytorch.nn.functional.attention import (
    added_mask,
    attention_backward,
    attention_forward,
    later_keys,
    weigh_and_mix,
)
from tinytorch.nn.functional.multi_head import merge_heads, merged, split_heads
from tito.checking import (
    array_of,
    arrays,
    check,
    expect,
    expect_close,
    expect_equal,
    expect_gradient,
    expect_raises,
    numerical_gradient,
    rng,
    tensor,
)

MEAN, AHEAD, FRUGAL = "A weighted mean", "Not looking ahead", "Without the table of weights"
HEADS, ACROSS = "Several heads", "Looking at another sequence"
INF = np.inf


def np_weights(q, k, mask=None, scale=1.0, causal=False):
    """The weights (..., T, S), and the logarithms of the denominators."""
    s = scale * q @ np.swapaxes(k, -1, -2)
    if causal:
        s = np.where(np.arange(s.shape[-1]) > np.arange(s.shape[-2])[:, None], -INF, s)
    if mask is not None:
        s = s + mask
    top = np.max(s, -1, keepdims=True, initial=-INF)
    e = np.exp(s - np.where(np.isfinite(top), top, 0))
    total = e.sum(-1, keepdims=True)
    with np.errstate(divide="ignore"):
        logs = np.where(total == 0, INF, np.log(total) + top)
    return e / np.where(total == 0, 1, total), logs


def np_attention(q, k, v, mask=None, scale=1.0, causal=False):
    return np_weights(q, k, mask, scale, causal)[0] @ v


def with_holes(shape, seed):
    """A mask of 0 and -inf; the first query may look at nothing."""
    mask = np.where(rng(seed).random(shape) < 0.4, -INF, 0.0)
    mask[..., 0, :] = -INF
    return mask


# ---------------------------------------------------------------- the causal mask


@check(of="later_keys", section=AHEAD)
def test_the_causal_mask():
    """Row r has -inf at the keys after query `first` + r and 0 elsewhere, also where there are more keys than queries."""
    like = np.zeros((), np.float32)
    expect_close(
        later_keys(like, 3, 3),
        [[0, -INF, -INF], [0, 0, -INF], [0, 0, 0]],
        "3 queries, 3 keys",
        dtype="float32",
    )
    expect_close(later_keys(like, 2, 4), [[0, -INF, -INF, -INF], [0, 0, -INF, -INF]], "2 queries, 4 keys")
    expect_close(later_keys(like, 2, 4, 2), [[0, 0, 0, -INF], [0, 0, 0, 0]], "queries 2 and 3 of 4 keys")
    expect_close(later_keys(like, 3, 1), [[0], [0], [0]], "3 queries, 1 key")
    expect_close(later_keys(np.zeros(2), 1, 2), [[0, -INF]], "in double precision", dtype="float64")


# ---------------------------------------------------------------- the weighted mean


@check(of="weigh_and_mix", section=MEAN)
def test_the_mean_by_hand():
    """q = (1, 0), keys (1, 0) and (0, 1), values 10 and 20: weights 0.670 and 0.330, answer 13.30."""
    q, k, v = tt.tensor([[1.0, 0.0]]), tt.tensor([[1.0, 0.0], [0.0, 1.0]]), tt.tensor([[10.0], [20.0]])
    expect_close(weigh_and_mix(q, k, v, scale=1 / math.sqrt(2)), [[13.302385]], "the answer", rtol=1e-4)
    expect_close(weigh_and_mix(q * 0, k, v, scale=1.0), [[15.0]], "the answer of a query of zeros")
    for lead, T, S in (((), 3, 5), ((2,), 4, 4), ((2, 3), 2, 3), ((2, 2), 1, 4)):
        q, k, v = arrays((*lead, T, 4), (*lead, S, 4), (*lead, S, 3), seed=T)
        for scale in (1.0, 0.3):
            expect_close(
                weigh_and_mix(tensor(q), tensor(k), tensor(v), scale=scale),
                np_attention(q, k, v, scale=scale),
                f"{T} queries, {S} keys, leading dims {lead}, scale {scale}",
            )


@check(of="weigh_and_mix", needs=["the_mean_by_hand", "the_causal_mask"], section=AHEAD)
def test_the_mean_with_masks():
    """Causal and masked; a query that may look at nothing gets 0, and no NaN into its gradient."""
    q, k, v = arrays((2, 4, 3), (2, 4, 3), (2, 4, 2), seed=1)
    mask = with_holes((2, 4, 4), 2)
    for causal in (False, True):
        for m in (None, mask, arrays((4, 4), seed=3)[0]):
            name = f"causal={causal}, {'no mask' if m is None else f'a mask of shape {m.shape}'}"
            out = weigh_and_mix(
                *map(tensor, (q, k, v)), None if m is None else tensor(m), scale=0.7, is_causal=causal
            )
            expect_close(out, np_attention(q, k, v, m, 0.7, causal), name)
            expect_gradient(
                lambda a, b, c, m=m, causal=causal: weigh_and_mix(
                    a, b, c, None if m is None else tensor(m), scale=0.7, is_causal=causal
                ),
                q,
                k,
                v,
                reference=lambda a, b, c, m=m, causal=causal: np_attention(a, b, c, m, 0.7, causal),
                what=f"a gradient, {name}",
            )
    (bias,) = arrays((4, 4), seed=4)
    expect_gradient(
        lambda m: weigh_and_mix(*map(tensor, (q, k, v)), m, scale=0.7),
        bias,
        reference=lambda m: np_attention(q, k, v, m, 0.7),
        what="the gradient of a mask",
    )


@check(of="weigh_and_mix", needs="the_mean_by_hand", section=MEAN)
def test_dropped_weights():
    """With dropout_p = 0.5 each weight is 0 or doubled, and what is dropped is different for each query."""
    tt.manual_seed(0)
    q, k = arrays((20, 4), (30, 4), seed=5)
    out = array_of(
        weigh_and_mix(tensor(q), tensor(k), tt.eye(30, dtype=tt.float64), scale=1.0, dropout_p=0.5)
    )
    weights = np_weights(q, k)[0]
    kept = out != 0
    expect(
        0.4 < kept.mean() < 0.6, "about half of the weights stay", expected="0.5", got=f"{kept.mean():.3f}"
    )
    expect_close(out, np.where(kept, 2 * weights, 0), "the weights that stayed")
    expect(len({row.tobytes() for row in kept}) > 15, "each query drops its own weights")


@check(of="added_mask", section=AHEAD)
def test_masks_become_numbers():
    """True becomes 0 and False -inf, in the query's dtype; numbers are converted; None stays None."""
    query = tt.zeros(2, 3)
    expect_equal(added_mask(None, query), None, "added_mask(None)")
    mask = tt.tensor([[True, False, True]])
    expect_close(added_mask(mask, query), [[0, -INF, 0]], "True, False, True", dtype="float32")
    expect_close(added_mask(mask, query.double()), [[0, -INF, 0]], "for double queries", dtype="float64")
    numbers = added_mask(tt.tensor([[0.5, -INF, 2.0]]), query.double())
    expect_close(numbers, [[0.5, -INF, 2.0]], "numbers for double queries", dtype="float64")
    out = F.scaled_dot_product_attention(query, tt.ones(3, 3), tt.tensor([[1.0], [50.0], [3.0]]), mask)
    expect_close(out, [[2.0], [2.0]], "the mean of values 1, 50, 3 without the second")


@check(of="merged", section=AHEAD)
def test_two_masks_in_one():
    """key_padding_mask (B, S) holds for all heads and queries of its sequence; the sum of two masks forbids what either does."""
    k = tt.zeros(2, 4, 3, 5)
    pad = np.array([[0.0, 0, -INF], [0, -INF, -INF]])
    attn = np.triu(np.full((3, 3), -INF), 1).reshape(1, 1, 3, 3)
    expect_equal(merged(None, None, k), None, "merged(None, None)")
    expect_close(merged(tensor(attn), None, k), attn, "attn_mask alone")
    expect_close(merged(None, tensor(pad), k), pad.reshape(2, 1, 1, 3), "key_padding_mask alone")
    expect_close(merged(tensor(attn), tensor(pad), k), attn + pad[:, None, None], "both")
    for shape in ((3, 2), (2, 4), (2, 5)):
        expect_raises(
            AssertionError,
            lambda shape=shape: merged(None, tt.zeros(shape), k),
            ["key_padding_mask", "(2, 3)", str(shape[0]), str(shape[1])],
            f"a key_padding_mask of shape {shape} for 2 sequences of 3 keys",
        )


# ---------------------------------------------------------------- without the weights


def cases():
    """name, q, k, v, mask, scale, causal"""
    for seed, (B, H, T, S) in enumerate(
        [(1, 1, 1, 2), (2, 3, 4, 5), (1, 2, 5, 3), (2, 1, 3, 3), (3, 2, 2, 1)]
    ):
        q, k, v = arrays((B, H, T, 4), (B, H, S, 4), (B, H, S, 3), seed=seed)
        for causal in (False, True):
            for mask in (None, with_holes((B, H, T, S), seed + 10), arrays((B, H, T, S), seed=seed + 20)[0]):
                kind = "no mask" if mask is None else "holes" if np.isinf(mask).any() else "numbers as a mask"
                yield f"B, H, T, S = {B, H, T, S}, causal={causal}, {kind}", q, k, v, mask, 0.6, causal


@check(of="attention_forward", needs="the_causal_mask", section=FRUGAL)
def test_attention_and_its_denominators():
    """out is softmax(scale * q @ k.T + mask) @ v, and exp(score - denominator) gives each weight."""
    for name, q, k, v, mask, scale, causal in cases():
        weights, logs = np_weights(q, k, mask, scale, causal)
        out, denominators = attention_forward(q, k, v, mask, scale, causal)
        expect_close(out, weights @ v, f"out, {name}", dtype="float64")
        expect_close(denominators, logs, f"the logarithms of the denominators, {name}", dtype="float64")
    q, k, v = (x.astype("f") for x in arrays((1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3, 4), seed=7))
    out, denominators = attention_forward(q, k, v, None, 0.5, True)
    expect_close(out, np_attention(q, k, v, None, 0.5, True), "out in float32", rtol=1e-4, dtype="float32")
    expect_equal(denominators.dtype.name, "float32", "the dtype of the denominators of float32 arrays")


@check(of="attention_forward", needs="attention_and_its_denominators", section=FRUGAL)
def test_attention_at_the_edges():
    """Scores of 1000 do not overflow; without keys the answer is 0; without queries it is empty."""
    q = np.full((1, 1, 2, 1), 1000.0)
    k, v = np.array([[[[1.0], [0.999]]]]), np.array([[[[1.0], [2.0]]]])
    out, logs = attention_forward(q, k, v, None, 1.0, False)
    share = 1 / (1 + np.exp(-1.0))
    expect_close(out, [[[[2 - share]] * 2]], "scores of 1000 and 999")
    expect_close(logs, [[[[1000 + np.log1p(np.exp(-1.0))]] * 2]], "their denominators' logarithms")
    out, logs = attention_forward(-q, k, v, None, 1.0, False)
    expect_close(out, [[[[1 + share]] * 2]], "scores of -1000 and -999")
    for far in (np.array([[[[1.0], [0.0]]]]), np.array([[[[1.0], [-1.0]]]])):
        out, logs = attention_forward(q, far, v, None, 1.0, False)
        expect_close(out, [[[[1.0]] * 2]], "scores of 1000 and of 0 or -1000")
        expect_close(logs, [[[[1000.0]] * 2]], "their denominators' logarithms")
    out, logs = attention_forward(q, k[:, :, :0], v[:, :, :0], None, 1.0, False)
    expect_close(out, np.zeros((1, 1, 2, 1)), "out without keys")
    expect_close(logs, np.full((1, 1, 2, 1), INF), "the denominators without keys")
    out, logs = attention_forward(q[:, :, :0], k, v, None, 1.0, True)
    expect_equal((out.shape, logs.shape), ((1, 1, 0, 1), (1, 1, 0, 1)), "the shapes without queries")


@check(of="attention_backward", needs="attention_and_its_denominators", section=FRUGAL)
def test_the_gradient_by_hand():
    """For the example, g = 1: dv = (0.670, 0.330), dq = (-1.56, 1.56)."""
    q, k = np.array([[[[1.0, 0.0]]]]), np.array([[[[1.0, 0.0], [0.0, 1.0]]]])
    v, scale = np.array([[[[10.0], [20.0]]]]), 1 / math.sqrt(2)
    weights, logs = np_weights(q, k, None, scale)
    dq, dk, dv = attention_backward(np.ones((1, 1, 1, 1)), q, k, v, None, weights @ v, logs, scale, False)
    expect_close(dv, [[[[0.669761], [0.330239]]]], "dv", rtol=1e-4)
    expect_close(dq, [[[[-1.563997, 1.563997]]]], "dq", rtol=1e-4)
    expect_close(dk, [[[[-1.563997, 0], [1.563997, 0]]]], "dk", rtol=1e-4)


@check(of="attention_backward", needs="the_gradient_by_hand", section=FRUGAL)
def test_the_gradients():
    """dq, dk and dv agree with finite differences, with every kind of mask; queries that look at nothing get 0."""
    for name, q, k, v, mask, scale, causal in cases():
        weights, logs = np_weights(q, k, mask, scale, causal)
        g = rng(1).uniform(0.5, 1.5, (*q.shape[:-1], v.shape[-1]))
        found = attention_backward(g, q, k, v, mask, weights @ v, logs, scale, causal)
        reference = lambda a, b, c, rest=(mask, scale, causal): np_attention(a, b, c, *rest)
        for i, (letter, got) in enumerate(zip("qkv", found)):
            expect_close(
                got,
                numerical_gradient(reference, (q, k, v), g, i),
                f"d{letter}, {name}",
                rtol=1e-4,
                dtype="float64",
            )


@check(of=["attention_forward", "attention_backward"], needs="the_gradients", section=FRUGAL)
def test_long_sequences():
    """300 causal queries and 1100 tokens, worked off in several tiles or not: results and gradients stay right."""
    for H, T, causal in ((2, 300, True), (1, 1100, False)):
        q, k, v, g = arrays(*[(1, H, T, 4)] * 4, seed=H)
        weights, logs = np_weights(q, k, None, 0.5, causal)
        out, denominators = attention_forward(q, k, v, None, 0.5, causal)
        expect_close(out, weights @ v, f"out for {T} tokens")
        expect_close(denominators, logs, f"the denominators for {T} tokens")
        dw = g @ v.swapaxes(-1, -2)
        ds = 0.5 * weights * (dw - (dw * weights).sum(-1, keepdims=True))
        answers = ds @ k, ds.swapaxes(-1, -2) @ q, weights.swapaxes(-1, -2) @ g
        for letter, got, answer in zip(
            "qkv", attention_backward(g, q, k, v, None, out, denominators, 0.5, causal), answers
        ):
            expect_close(got, answer, f"d{letter} for {T} tokens")


# ---------------------------------------------------------------- heads


@check(of="split_heads", section=HEADS)
def test_features_into_heads():
    """With E = 4 and two heads, features 0 and 1 go to head 0, 2 and 3 to head 1; first parts, then heads."""
    x = np.arange(8.0).reshape(1, 2, 4)
    (out,) = split_heads(x, parts=1, heads=2, batch_first=True)
    expect_close(out, [[[[0, 1], [4, 5]], [[2, 3], [6, 7]]]], "two tokens of 4 features")
    B, T, H, D = 2, 3, 2, 5
    for parts in (1, 2, 3):
        x = arrays((B, T, parts * H * D), seed=parts)[0]
        for batch_first in (True, False):
            given = x if batch_first else x.swapaxes(0, 1)
            out = split_heads(tensor(given), parts=parts, heads=H, batch_first=batch_first)
            expect_equal(len(out), parts, f"the number of results for parts={parts}")
            for p in range(parts):
                answer = np.empty((B, H, T, D))
                for h in range(H):
                    answer[:, h] = x[:, :, (p * H + h) * D : (p * H + h + 1) * D]
                expect_close(out[p], answer, f"part {p} of {parts}, batch_first={batch_first}")


@check(of="merge_heads", section=HEADS)
def test_heads_side_by_side():
    """Heads and parts go back to where split_heads took them from, sequences first or tokens first."""
    (x,) = arrays((2, 3, 4, 5), seed=1)
    answer = np.concatenate([x[:, h] for h in range(3)], axis=-1)
    expect_close(merge_heads(tensor(x), batch_first=True), answer, "(2, 3, 4, 5) merged")
    expect_close(merge_heads(tensor(x), batch_first=False), answer.swapaxes(0, 1), "tokens first")
    both = merge_heads(tensor(x), tensor(2 * x), batch_first=True)
    expect_close(both, np.concatenate([answer, 2 * answer], -1), "two parts")


@check(of=["split_heads", "merge_heads"], needs=["features_into_heads", "heads_side_by_side"], section=HEADS)
def test_split_and_merged():
    """Each undoes the other, and is the other's gradient."""
    for batch_first in (True, False):
        (x,) = arrays((2, 3, 12), seed=3)
        parts = split_heads(x, parts=3, heads=2, batch_first=batch_first)
        expect_close(merge_heads(*parts, batch_first=batch_first), x, "split and merged")
        g = arrays(*[parts[0].shape] * 3, seed=4)
        t = tensor(x, requires_grad=True)
        out = split_heads(t, parts=3, heads=2, batch_first=batch_first)
        sum((a * tensor(b)).sum() for a, b in zip(out, g)).backward()
        expect_close(t.grad, merge_heads(*g, batch_first=batch_first), "the gradient of split_heads")
        expect_gradient(
            lambda a, b, bf=batch_first: merge_heads(a, b, batch_first=bf), *g[:2], what="that of merge_heads"
        )


# ---------------------------------------------------------------- across


@check(of="padding", section=ACROSS)
def test_behind_the_end():
    """For lengths 2 and 3 of 3 places: the last place of the first sequence is outside."""
    out = padding(tt.zeros(2, 3, dtype=tt.int64), tt.tensor([2, 3]))
    expect_close(out, [[[False, False, True]], [[False, False, False]]], "lengths 2 and 3 of 3", dtype="bool")
    out = padding(tt.zeros(3, 4, dtype=tt.int64), tt.tensor([1, 4, 3]))
    expect_close(out, np.arange(4) >= np.array([1, 4, 3])[:, None, None], "lengths 1, 4 and 3 of 4")


@check(of="Attention.forward", section=ACROSS)
def test_looking_across():
    """score = h W_a s, nothing for what is outside, tanh(W_c [context, h]); values, weights and gradients."""
    tt.manual_seed(0)
    layer = Attention(3, 5).double()
    h, s = arrays((2, 4, 3), (2, 6, 5), seed=6)
    outside = np.arange(6) >= np.array([6, 2])[:, None, None]
    W_a, W_c = array_of(layer.W_a.weight), array_of(layer.W_c.weight)

    def reference(h, s):
        weights = np_weights(h, s @ W_a.T, np.where(outside, -INF, 0.0))[0]
        return np.tanh(np.concatenate([weights @ s, h], -1) @ W_c.T), weights

    out, weights = layer(tensor(h), tensor(s), tensor(outside))
    answer = reference(h, s)
    expect_close(weights, answer[1], "the weights")
    expect_close(out, answer[0], "the output")
    expect_gradient(
        lambda a, b: layer(a, b, tensor(outside))[0],
        h,
        s,
        reference=lambda a, b: reference(a, b)[0],
        what="a gradient",
    )


def np_heads(x, weight, bias):
    """(B, T, E) projected, in two heads: (B, 2, T, E / 2)."""
    return np.stack(np.split(x @ weight.T + bias, 2, -1), 1)


@check(
    of=["attention_forward", "split_heads", "merge_heads", "merged"],
    needs=["the_gradients", "split_and_merged", "two_masks_in_one", "masks_become_numbers"],
    section="How PyTorch does it",
)
def test_the_layer():
    """nn.MultiheadAttention with your parts: to itself and to another sequence, causal, with filling, weights asked for or not."""
    tt.manual_seed(1)
    for batch_first in (True, False):
        layer = nn.MultiheadAttention(6, 2, batch_first=batch_first).double()
        W, b = array_of(layer.in_proj_weight), rng(0).normal(size=18)
        thirds = slice(0, 6), slice(6, 12), slice(12, 18)
        layer.in_proj_bias.data.copy_(tensor(b))
        x, y = arrays((3, 4, 6), (3, 5, 6), seed=8)
        pad = np.arange(5) >= np.array([5, 2, 4])[:, None]
        causal = np.triu(np.ones((4, 4), bool), 1)
        for name, other, mask, filling in (
            ("itself", x, None, None),
            ("itself, causal", x, causal, None),
            ("another sequence", y, None, None),
            ("another sequence with filling", y, None, pad),
        ):
            q, k, v = (np_heads(a, W[rows], b[rows]) for a, rows in zip((x, other, other), thirds))
            add = np.zeros((1, 1, 1, 1))
            if mask is not None:
                add = add + np.where(mask, -INF, 0.0)
            if filling is not None:
                add = add + np.where(filling, -INF, 0.0)[:, None, None]
            weights = np_weights(q, k, add, 1 / math.sqrt(3))[0]
            mixed = np.concatenate(np.split(weights @ v, 2, 1), -1)[:, 0]
            answer = mixed @ array_of(layer.out_proj.weight).T
            turn = (lambda a: a) if batch_first else (lambda a: a.swapaxes(0, 1))
            q = tensor(turn(x))
            k = q if other is x else tensor(turn(other))
            for need in (False, True):
                out, looks = layer(
                    q,
                    k,
                    k,
                    key_padding_mask=None if filling is None else tensor(filling),
                    attn_mask=None if mask is None else tensor(mask),
                    need_weights=need,
                )
                expect_close(out, turn(answer), f"attention to {name}, batch_first={batch_first}")
                if need:
                    expect_close(looks, weights.mean(1), f"the weights, averaged over heads, {name}")


@check(
    of=["Attention.forward", "padding"],
    needs=["looking_across", "behind_the_end", "the_layer"],
    section=ACROSS,
    seconds=30,
)
def test_a_model_learns_where_to_look():
    """A sequence-to-sequence model learns to write words of 3 to 5 letters backwards, new words too, and looks from the end to the beginning."""
    tt.manual_seed(0)
    generator = rng(0)
    begin, end = 0, 1

    def words(n):
        """Words of 3 to 5 letters, filled up; what to write, and what has been written before."""
        lengths = generator.integers(3, 6, n)
        source = generator.integers(2, 10, (n, 5))
        answer = np.full((n, 6), end)
        for i, length in enumerate(lengths):
            source[i, length:] = end
            answer[i, :length] = source[i, :length][::-1]
        seen = np.concatenate([np.full((n, 1), begin), answer[:, :-1]], 1)
        return lengths, *map(tensor, (source, answer, seen))

    model = Seq2Seq(10, 10, dim=16, hidden=24, dropout=0.0)
    optimizer = tt.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(150):
        lengths, source, answer, seen = words(64)
        loss = F.cross_entropy(model(source, tensor(lengths), seen).flatten(0, 1), answer.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    lengths, source, answer, _ = words(100)
    tokens, looks = model.eval().translate(source, tensor(lengths), begin, end, max_length=6)
    right = np.mean(array_of(tokens) == array_of(answer)[:, : tokens.shape[1]])
    expect(right > 0.9, "too few letters are right", expected="over 90 %", got=f"{right:.1%}")
    looks = array_of(looks)
    for i, length in enumerate(lengths):
        expect(not looks[i, :, length:].any(), "the model looks at the filling", got=looks[i])
