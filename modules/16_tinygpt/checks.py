"""The checks of 16_tinygpt. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

import math

import numpy as np

import tinytorch as tt
from tinytorch import nn
from tinytorch.models.gpt import GPT, Cache, CausalSelfAttention, GPTConfig
from tinytorch.text import CharTokenizer, filter_logits, sample_next, top_k_filter, top_p_filter
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

BLOCK, LOSS, WRITING, CHOOSING = "The block", "From tokens to a loss", "Writing", "Choosing the next token"
INF = np.inf


def small(seed=0, **settings):
    """A GPT with weights large enough that every one of them matters, in float64."""
    tt.manual_seed(seed)
    config = GPTConfig(
        **{"vocab_size": 11, "block_size": 8, "n_layer": 2, "n_head": 2, "n_embd": 6} | settings
    )
    model = GPT(config).double()
    generator = rng(seed)
    for p in model.parameters():
        p.data.copy_(tensor(generator.normal(size=tuple(p.shape)) * 0.5))
    return model


def weights_of(model):
    return {name: array_of(p) for name, p in model.named_parameters()}


# ---------------------------------------------------------------- the model in NumPy


def np_norm(x, weight, bias):
    centered = x - x.mean(-1, keepdims=True)
    return centered / np.sqrt((centered**2).mean(-1, keepdims=True) + 1e-5) * weight + bias


def np_attention(x, w, prefix, heads=2):
    """x (T, C)"""
    parts = np.split(x @ w[f"{prefix}c_attn.weight"].T + w[f"{prefix}c_attn.bias"], 3, -1)
    out = []
    for q, k, v in zip(*(np.split(part, heads, -1) for part in parts)):
        s = q @ k.T / math.sqrt(q.shape[-1])
        s = np.where(np.arange(len(x)) > np.arange(len(x))[:, None], -INF, s)
        e = np.exp(s - s.max(-1, keepdims=True))
        out.append(e / e.sum(-1, keepdims=True) @ v)
    return np.concatenate(out, -1) @ w[f"{prefix}c_proj.weight"].T + w[f"{prefix}c_proj.bias"]


def np_block(x, w, prefix):
    x = x + np_attention(np_norm(x, w[f"{prefix}ln_1.weight"], w[f"{prefix}ln_1.bias"]), w, f"{prefix}attn.")
    y = np_norm(x, w[f"{prefix}ln_2.weight"], w[f"{prefix}ln_2.bias"])
    y = y @ w[f"{prefix}mlp.c_fc.weight"].T + w[f"{prefix}mlp.c_fc.bias"]
    y = 0.5 * y * (1 + np.tanh(np.sqrt(2 / np.pi) * (y + 0.044715 * y**3)))
    return x + y @ w[f"{prefix}mlp.c_proj.weight"].T + w[f"{prefix}mlp.c_proj.bias"]


def np_features(tokens, w, layers=2):
    """tokens (T,) -> (T, C)"""
    x = w["transformer.wte.weight"][tokens] + w["transformer.wpe.weight"][: len(tokens)]
    for i in range(layers):
        x = np_block(x, w, f"transformer.h.{i}.")
    return np_norm(x, w["transformer.ln_f.weight"], w["transformer.ln_f.bias"])


def np_logits(tokens, w):
    return np_features(tokens, w) @ w["transformer.wte.weight"].T


def random_tokens(shape, seed=0):
    return rng(seed).integers(0, 11, shape)


# ---------------------------------------------------------------- the block


@check(of="CausalSelfAttention.forward", section=BLOCK)
def test_causal_attention():
    """Each token looks at itself and those before it, in two heads; values and gradients."""
    layer = small().transformer.h[0].attn
    w = weights_of(layer)
    for B, T in ((1, 1), (2, 4), (3, 7)):
        (x,) = arrays((B, T, 6), seed=T)
        expect_close(layer(tensor(x)), np.stack([np_attention(row, w, "") for row in x]), f"B, T = {B, T}")
    expect_gradient(
        layer, *arrays((2, 3, 6), seed=4), reference=lambda x: np.stack([np_attention(r, w, "") for r in x])
    )


@check(of="CausalSelfAttention.forward", needs="causal_attention", section=BLOCK)
def test_dropout_in_attention():
    """In training weights are dropped, and so are features at the end; in evaluation neither."""
    tt.manual_seed(0)
    layer = CausalSelfAttention(GPTConfig(11, 8, 1, 2, 6, dropout=0.5), 0).eval()
    (x,) = arrays((1, 8, 6), seed=1)
    x = tensor(x.astype("f"))
    calm = layer(x)
    expect_close(layer(x), array_of(calm), "evaluation, twice")
    layer.train()
    layer.resid_dropout.p = 0.0
    expect(
        not np.allclose(array_of(layer(x)), array_of(layer(x))), "in training attention weights are dropped"
    )
    layer.resid_dropout.p, layer.dropout = 1.0, 0.0
    expect_close(layer(x), np.zeros((1, 8, 6)), "with resid_dropout.p = 1 nothing comes out")


@check(of="Block.forward", needs="causal_attention", section=BLOCK)
def test_the_block():
    """x + attention(norm(x)), then x + mlp(norm(x)), each with its own norm."""
    block = small(1).transformer.h[1]
    w = weights_of(block)
    (x,) = arrays((2, 5, 6), seed=2)
    expect_close(block(tensor(x)), np.stack([np_block(row, w, "") for row in x]), "two sequences")
    for p in block.parameters():
        p.data.zero_()
    expect_close(block(tensor(x)), x, "a block whose weights are 0 lets x pass as it is")


# ---------------------------------------------------------------- the model


@check(of="GPT.features", needs="the_block", section=LOSS)
def test_features():
    """Rows of wte and wpe, the blocks in their order, the last norm; no more than block_size tokens."""
    model = small(2)
    w = weights_of(model)
    for B, T in ((1, 1), (2, 5), (1, 8)):
        tokens = random_tokens((B, T), T)
        expect_close(
            model.features(tensor(tokens)),
            np.stack([np_features(row, w) for row in tokens]),
            f"B, T = {B, T}",
        )
    expect_raises(
        ValueError,
        lambda: model.features(tensor(random_tokens((1, 9)))),
        ["9 tokens", "block_size=8"],
        "9 tokens in a model of block_size=8",
    )
    dropped = small(2, dropout=1.0)
    tokens = random_tokens((1, 4))
    zero = tt.zeros(1, 4, 6, dtype=tt.float64)
    for block in dropped.transformer.h:
        zero = block(zero)
    expect_close(
        dropped.features(tensor(tokens)),
        array_of(dropped.transformer.ln_f(zero)),
        "with dropout 1 in training, tokens and places are dropped",
    )


@check(of="GPT.forward", needs="features", section=LOSS)
def test_logits_and_loss():
    """Logits at every place, scores of the rows of wte; the mean of -log p of the targets, -1 left out."""
    model = small(3)
    w = weights_of(model)
    tokens, targets = random_tokens((3, 6), 1), random_tokens((3, 6), 2)
    answer = np.stack([np_logits(row, w) for row in tokens])
    logits, loss = model(tensor(tokens))
    expect_close(logits, answer, "the logits")
    expect_equal(loss, None, "the loss without targets")
    top = answer.max(-1, keepdims=True)
    logs = answer - top - np.log(np.exp(answer - top).sum(-1, keepdims=True))
    each = -np.take_along_axis(logs, targets[..., None], -1)[..., 0]
    logits, loss = model(tensor(tokens), tensor(targets))
    expect_close(logits, answer, "the logits, with targets")
    expect_close(loss, each.mean(), "the loss")
    kept = np.ones((3, 6), bool)
    kept[0, 2:] = kept[1, 0] = False
    _, loss = model(tensor(tokens), tensor(np.where(kept, targets, -1)))
    expect_close(loss, each[kept].mean(), "the loss with targets of -1")


@check(of="GPT.forward", needs="logits_and_loss", section=LOSS)
def test_a_new_model_knows_nothing():
    """At first the loss is near log(V); every parameter gets a gradient; no place sees a later token."""
    tt.manual_seed(0)
    model = GPT(GPTConfig(65, 16, n_layer=2, n_head=2, n_embd=32))
    tokens = rng(0).integers(0, 65, (8, 17))
    _, loss = model(tensor(tokens[:, :-1]), tensor(tokens[:, 1:]))
    expect(abs(loss.item() - math.log(65)) < 0.2, "the first loss", expected="4.17", got=f"{loss.item():.3f}")
    loss.backward()
    for name, p in model.named_parameters():
        expect(p.grad is not None and array_of(p.grad).any(), f"{name} gets no gradient")
    changed = tokens[:, :-1].copy()
    changed[:, 9:] = (changed[:, 9:] + 1) % 65
    one, other = (array_of(model(tensor(t))[0]) for t in (tokens[:, :-1], changed))
    expect_close(other[:, :9], one[:, :9], "logits before the first token that was changed", atol=1e-5)
    expect(not np.allclose(other[:, 9:], one[:, 9:]), "logits after a token that was changed stay the same")


# ---------------------------------------------------------------- writing


@check(of="Cache.extend", section=WRITING)
def test_the_cache():
    """New keys and values stand behind the old ones, in each layer for itself; the length stays."""
    cache = Cache(GPTConfig(11, 5, n_layer=2, n_head=2, n_embd=6), 1, dtype=tt.float64)
    k, v = arrays((2, 1, 2, 5, 3), (2, 1, 2, 5, 3), seed=1)
    for start, end in ((0, 2), (2, 3), (3, 5)):
        cache.length = start
        for layer in (0, 1):
            keys, values = cache.extend(
                layer, tensor(k[layer, :, :, start:end]), tensor(v[layer, :, :, start:end])
            )
            expect_close(
                keys, k[layer, :, :, :end], f"keys of layer {layer}, {start} old and {end - start} new"
            )
            expect_close(values, v[layer, :, :, :end], f"values of layer {layer}, {start} old")
        expect_equal(cache.length, start, "the length, which GPT.features counts")


@check(
    of=["CausalSelfAttention.forward", "Cache.extend", "GPT.features"],
    needs=["the_cache", "logits_and_loss"],
    section=WRITING,
)
def test_the_cache_changes_nothing():
    """Tokens in pieces with a cache give the logits that they give at once."""
    model = small(4).eval()
    tokens = random_tokens((2, 8), 5)
    answer = np.stack([np_logits(row, weights_of(model)) for row in tokens])
    for pieces in ((8,), (1,) * 8, (3, 1, 4), (4, 2, 2), (5, 3), (1, 6, 1)):
        cache, start = model.new_cache(2), 0
        with tt.no_grad():
            for n in pieces:
                logits, _ = model(tensor(tokens[:, start : start + n]), cache=cache)
                expect_close(logits, answer[:, start : start + n], f"places {start} and on, pieces {pieces}")
                start += n
                expect_equal(cache.length, start, f"cache.length after {start} tokens, pieces {pieces}")
    cache = model.new_cache(1)
    with tt.no_grad():
        model(tensor(tokens[:1, :6]), cache=cache)
        expect_raises(
            ValueError,
            lambda: model(tensor(tokens[:1, :3]), cache=cache),
            "9 tokens",
            "6 tokens and 3 more of 8",
        )


def np_greedy(model, tokens, count, block=8):
    """The likeliest token each time, everything computed anew."""
    w = weights_of(model)
    rows = [list(row) for row in tokens]
    for row in rows:
        for _ in range(count):
            row.append(int(np_logits(np.array(row[-block:]), w)[-1].argmax()))
    return np.array(rows)


@check(of="GPT.generate", needs=["the_cache_changes_nothing", "dice", "filters_together"], section=WRITING)
def test_writing_the_likeliest():
    """At temperature 0 each token is the likeliest after those before it, also beyond block_size and for long beginnings."""
    model = small(5)
    for B, T, count in ((1, 1, 5), (2, 3, 5), (2, 3, 20), (1, 8, 3), (1, 12, 9), (2, 4, 0)):
        tokens = random_tokens((B, T), T)
        out = model.generate(tensor(tokens), count, temperature=0)
        expect_close(out, np_greedy(model, tokens, count), f"{count} tokens after {T}", dtype="int64")
    few = model.generate(tensor(random_tokens((1, 2)).astype(np.int32)), 3, temperature=0)
    expect_close(few, np_greedy(model, random_tokens((1, 2)), 3), "3 tokens after 2 of int32", dtype="int32")
    expect(model.training, "a model in training is in training afterwards")
    model.eval()
    model.generate(tensor(random_tokens((1, 2))), 1)
    expect(not model.training, "a model in evaluation is in evaluation afterwards")


@check(of="GPT.generate", needs="writing_the_likeliest", section=WRITING)
def test_each_token_passes_once():
    """After 3 tokens at once only the one drawn last goes through the model, as long as the cache is not full."""
    model, passed = small(5), []
    model.transformer.wte.register_forward_hook(lambda module, given, out: passed.append(given[0].shape[1]))
    model.generate(tensor(random_tokens((1, 3))), 5, temperature=0)
    expect_equal(passed, [3, 1, 1, 1, 1], "tokens that went through the model at each step")


@check(of="GPT.generate", needs="writing_the_likeliest", section=WRITING)
def test_writing_by_chance():
    """Drawn tokens follow the seed, the temperature and the filters; dropout is off, and no gradients are kept."""
    model = small(6, dropout=0.5)
    start = tensor(random_tokens((3, 2)))

    def draw(seed, count=12, **settings):
        tt.manual_seed(seed)
        return array_of(model.generate(start, count, **settings))

    expect_close(draw(1), draw(1), "the same seed twice")
    expect(not np.array_equal(draw(1), draw(2)), "two seeds should differ")
    expect_close(draw(1, top_k=1), draw(2, temperature=0), "top_k=1")
    expect_close(draw(1, top_p=1e-9), draw(2, temperature=0), "top_p of nearly 0")
    expect_close(draw(1, temperature=1e-6), draw(2, temperature=0), "a temperature of nearly 0")
    many = tensor(np.full((4000, 1), 3))
    tt.manual_seed(0)
    drawn = array_of(model.generate(many, 1))[:, 1]
    logits = np_logits(np.array([3]), weights_of(model))[-1]
    p = np.exp(logits - logits.max())
    expect_close(
        np.bincount(drawn, minlength=11) / 4000,
        p / p.sum(),
        "how often each token is drawn",
        atol=0.03,
        rtol=0,
    )
    generator = tt.Generator().manual_seed(7)
    one = array_of(model.generate(start, 8, generator=generator))
    generator = tt.Generator().manual_seed(7)
    expect_close(model.generate(start, 8, generator=generator), one, "the same generator twice")
    expect(not model.generate(start, 2).requires_grad, "what is written has no history")


# ---------------------------------------------------------------- choosing


@check(of="top_k_filter", section=CHOOSING)
def test_top_k():
    """The k largest stay, and what ties with the smallest of them; the rest is -inf, in the same dtype."""
    x = np.float32([2, 1, 0, -1])
    expect_close(top_k_filter(x, 2), [2, 1, -INF, -INF], "top 2 of 2, 1, 0, -1", dtype="float32")
    expect_close(top_k_filter(x[::-1], 1), [-INF, -INF, -INF, 2], "top 1 of -1, 0, 1, 2")
    expect_close(top_k_filter(x, 3), [2, 1, 0, -INF], "top 3")
    for k in (4, 5, 99):
        expect_close(top_k_filter(x, k), x, f"top {k} of 4")
    expect_close(top_k_filter(np.array([1.0, 2, 2, 0]), 1), [-INF, 2, 2, -INF], "a tie at the first place")
    batch = np.array([[0.0, 5, 3], [9, 1, 4]])
    expect_close(
        top_k_filter(tensor(batch), 2), [[-INF, 5, 3], [9, -INF, 4]], "rows, as a tensor", dtype="float64"
    )
    many = arrays((3, 300), seed=2)[0]
    for k in (1, 7, 150, 299):
        answer = np.where(many >= -np.sort(-many)[:, k - 1, None], many, -INF)
        expect_close(top_k_filter(many, k), answer, f"top {k} of 300")
    for k in (0, -1):
        expect_raises(ValueError, lambda k=k: top_k_filter(x, k), [f"top_k={k}", "at least 1"], f"top_k={k}")
    expect_close(top_k_filter(np.zeros((0, 3)), 2), np.zeros((0, 3)), "no rows")


@check(of="top_p_filter", section=CHOOSING)
def test_top_p():
    """Of 0.5, 0.3, 0.15, 0.05, p = 0.7 keeps two and p = 0.85 three; always at least one; of equals the first."""
    x = np.log(np.float32([0.05, 0.5, 0.15, 0.3]))
    for p, kept in (
        (0.01, [1]),
        (0.4, [1]),
        (0.7, [1, 3]),
        (0.85, [1, 2, 3]),
        (0.99, [0, 1, 2, 3]),
        (1.0, [0, 1, 2, 3]),
    ):
        answer = np.full(4, -INF)
        answer[kept] = x[kept]
        expect_close(top_p_filter(x, p), answer, f"top_p={p}", dtype="float32")
    expect_close(top_p_filter(np.zeros(4), 0.5), [0, 0, -INF, -INF], "p = 0.5 of four equal ones")
    expect_close(top_p_filter(np.zeros(4), 0.51), [0, 0, 0, -INF], "p = 0.51 of four equal ones")
    batch = np.log(np.array([[0.6, 0.3, 0.1], [0.1, 0.2, 0.7]]))
    expect_close(
        np.isfinite(top_p_filter(tensor(batch), 0.65)), [[True, True, False], [False, False, True]], "rows"
    )
    expect_close(top_p_filter(np.array([1.0, -INF, 1.0]), 1.0), [1, -INF, 1], "p = 1 with a forbidden token")
    expect_close(top_p_filter(np.array([0.0, -100.0]), 1), [0, -100], "p = 1 with a token of e**-100")
    for p in (0, -0.5, 1.5):
        expect_raises(ValueError, lambda p=p: top_p_filter(x, p), [f"top_p={p}", "above 0"], f"top_p={p}")


@check(of="filter_logits", needs=["top_k", "top_p"], section=CHOOSING)
def test_filters_together():
    """Temperature divides first, then top-k, then top-p; temperature 0 leaves the first of the largest."""
    x = np.float32([0, 2, 1, 2])
    expect_close(filter_logits(x), x, "as they are", dtype="float32")
    expect_close(filter_logits(x, temperature=0.5), [0, 4, 2, 4], "temperature 0.5", dtype="float32")
    expect_close(filter_logits(x, 0), [-INF, 2, -INF, -INF], "temperature 0", dtype="float32")
    expect_close(filter_logits(x, 0, top_k=3, top_p=0.9), [-INF, 2, -INF, -INF], "temperature 0 with filters")
    expect_close(
        filter_logits(np.stack([x, x[::-1]]), 0), [[-INF, 2, -INF, -INF], [2, -INF, -INF, -INF]], "two rows"
    )
    expect_close(filter_logits(x, top_k=3), [-INF, 2, 1, 2], "top_k=3")
    expect_close(filter_logits(x, top_p=0.5), [-INF, 2, -INF, 2], "top_p=0.5")
    p = np.log(np.array([0.4, 0.3, 0.2, 0.1]))
    expect_close(np.isfinite(filter_logits(p, top_p=0.65)), [1, 1, 0, 0], "top_p=0.65 alone")
    expect_close(
        np.isfinite(filter_logits(p, 0.25, top_p=0.65)), [1, 0, 0, 0], "top_p after the temperature of 0.25"
    )
    expect_close(
        np.isfinite(filter_logits(p, 1.0, 3, 0.75)), [1, 1, 0, 0], "top_p of what top_k=3 left, renormalised"
    )
    expect_raises(
        ValueError, lambda: filter_logits(x, -1.0), ["temperature=-1", "negative"], "temperature -1"
    )
    expect_raises(ValueError, lambda: filter_logits(x, top_k=0), "top_k=0", "top_k=0")


class Darts:
    """A generator that throws the darts it is given."""

    def __init__(self, values):
        self.values, self.shapes = values, []

    def random(self, shape=None):
        self.shapes.append(shape)
        return np.broadcast_to(np.asarray(self.values, float), shape).copy()


@check(of="sample_next", section=CHOOSING)
def test_dice():
    """For 0.2, 0.5, 0.3, darts below 0.2 mean token 0, below 0.7 token 1, others 2; impossible tokens never come."""
    x = np.log(np.array([0.2, 0.5, 0.3]))
    for dart, token in ((0.0, 0), (0.19, 0), (0.21, 1), (0.6, 1), (0.71, 2), (0.999999, 2), (1 - 1e-16, 2)):
        expect_equal(int(sample_next(x, Darts(dart))), token, f"the token for a dart at {dart}")
    holes = np.array([-INF, 0.0, -INF, 0.0, -INF])
    for dart, token in ((0.0, 1), (0.49, 1), (0.5, 3), (1 - 1e-16, 3)):
        expect_equal(int(sample_next(holes, Darts(dart))), token, f"a dart at {dart} with forbidden tokens")
    for seed in range(40):
        (many,) = arrays((60,), seed=seed)
        token = int(sample_next(many, Darts(np.nextafter(1, 0))))
        expect(token < 60, "the dart flew past the last border", expected="a token below 60", got=token)
    darts = Darts([[0.1, 0.5], [0.9, 0.3]])
    out = sample_next(np.broadcast_to(x, (2, 2, 3)), darts)
    expect_close(out, [[0, 1], [2, 1]], "four rows")
    expect_equal(darts.shapes, [(2, 2)], "the calls of rng.random for four rows")
    expect_equal(int(sample_next(x, Darts(0.1), top_k=1)), 1, "a dart at 0.1 with top_k=1")
    expect_equal(int(sample_next(x, Darts(0.1), top_p=0.6)), 1, "a dart at 0.1 with top_p=0.6")
    expect_equal(int(sample_next(x, Darts(0.1), temperature=0.5)), 0, "a dart at 0.1, temperature 0.5")
    expect_equal(int(sample_next(x, Darts(0.15), temperature=0.5)), 1, "a dart at 0.15, temperature 0.5")
    drawn = sample_next(np.broadcast_to(x, (20000, 3)), rng(0))
    expect_close(np.bincount(drawn) / 20000, [0.2, 0.5, 0.3], "how often", rtol=0, atol=0.02)


# ---------------------------------------------------------------- the checkpoint


@check(
    of=["GPT.forward", "GPT.generate", "Block.forward", "sample_next"],
    needs=["a_new_model_knows_nothing", "writing_by_chance"],
    section="A model that writes",
    seconds=60,
)
def test_it_writes():
    """Your GPT learns a rhyme, character by character, says it from its first word, and says only its words when it draws."""
    text = "Twinkle, twinkle, little star,\nHow I wonder what you are!\n"
    tokenizer = CharTokenizer.train(text)
    ids = np.array(tokenizer.encode(text * 3))
    tt.manual_seed(1)
    generator = rng(0)
    model = GPT(GPTConfig(tokenizer.vocab_size, 24, n_layer=2, n_head=2, n_embd=32, bias=False))
    optimizer = tt.optim.AdamW(model.parameter_groups(0.0), lr=5e-3)
    steps = 250
    schedule = tt.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, 2 * (1 - step / steps)))
    for _ in range(steps):
        starts = generator.integers(0, len(text), 8)
        batch = tensor(np.stack([ids[s : s + 25] for s in starts]))
        _, loss = model(batch[:, :-1], batch[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    expect(loss.item() < 0.4, "the loss stays too high", expected="below 0.4", got=f"{loss.item():.3f}")
    beginning = tensor(ids[None, :9])
    said = tokenizer.decode(array_of(model.generate(beginning, len(text) - 9, temperature=0))[0])
    expect_equal(said, text, "what the model says at temperature 0")
    tt.manual_seed(0)
    drawn = tokenizer.decode(array_of(model.generate(beginning, 200, temperature=0.8, top_k=5, top_p=0.9))[0])
    known = sum(word in text.split() for word in drawn.split()[:-1]) / len(drawn.split()[:-1])
    expect(
        known > 0.8,
        "drawn words should be words of the rhyme",
        expected="over 80 %",
        got=f"{known:.0%}: {drawn!r}",
    )
