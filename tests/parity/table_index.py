"""Indexing, gathering and scattering."""

from tests.parity.specs import bools, expr, f, ints, op, s, v

ROWS = v([2, 0, 2])
AT = ints(2, 3, low=0, high=3)
MASK = v([True, False, True])


def get(key):
    return expr("getitem", lambda T, x, *k: x[k if len(k) > 1 else k[0]], *key)


GETS = [
    get(
        [
            s(f(3, 4), 0),
            s(f(3, 4), -1),
            s(f(3, 4), 1, 2),
            s(f(3, 4), -1, -1),
            s(f(3, 4), slice(1, 3)),
            s(f(3, 4), slice(None, None, 2)),
            s(f(3, 4), slice(None), 1),
            s(f(3, 4), slice(None), slice(1, -1)),
            s(f(3, 4), slice(5, 9)),
            s(f(3, 4), slice(2, 1)),
            s(f(3, 4), slice(None, None, -1)),
            s(f(3, 4), None),
            s(f(3, 4), slice(None), None),
            s(f(3, 4), ..., None),
            s(f(2, 3, 4), ..., 0),
            s(f(2, 3, 4), 0, ...),
            s(f(2, 3, 4), 0, ..., 1),
            s(f(2, 3, 4), ..., slice(0, 2)),
            s(f(2, 3, 4), None, ..., None, 1),
            s(f(3, 4), ...),
            s(f(3, 4), ()),
            s(f(), ...),
            s(f(), None),
            s(f(), ()),
            s(f(), 0),
            s(f(3, 4), 3),
            s(f(3, 4), 0, 4),
            s(f(3, 4), 0, 0, 0),
            s(f(3, 4), "a"),
            s(f(3, 4), 1.0),
            s(f(3, 4), True),
            s(f(3, 4), v(1)),
            s(f(3, 4), v(1), v(2)),
            s(f(3, 4), slice(v(1), v(3))),
        ]
    ),
    get(
        [
            s(f(3, 4), ROWS),
            s(f(3, 4), [2, 0, 2]),
            s(f(3, 4), ROWS, ROWS),
            s(f(3, 4), [0, 1], [2, 3]),
            s(f(3, 4), slice(None), ROWS),
            s(f(3, 4), slice(None), [0, 0]),
            s(f(3, 4), ROWS, slice(1, 3)),
            s(f(3, 4), v([[0, 1], [2, 2]])),
            s(f(3, 4), v([[0], [2]]), v([[1, 3]])),
            s(f(2, 3, 4), slice(None), ROWS, ROWS),
            s(f(2, 3, 4), v([0, 1]), slice(None), v([2, 3])),
            s(f(2, 3, 4), 0, slice(None), v([2, 3])),
            s(f(2, 3, 4), slice(None), 0, v([2, 3])),
            s(f(2, 3, 4), ..., v([2, 3])),
            s(f(2, 3, 4), v([0, 1]), ..., 1),
            s(f(2, 3, 4), v([0, 1]), None, v([2, 0])),
            s(f(3, 4), v([-1, -3])),
            s(f(3, 4), v([0, 3])),
            s(f(3, 4), ROWS, v([0, 1])),
            s(f(3, 4), v([], "int64")),
            s(f(3, 4), []),
            s(f(0, 4), v([], "int64")),
            s(f(3, 4), v([0, 2], "int32")),
            s(f(3, 4), v([0.0, 2.0])),
            s(f(4, 3).T, ROWS),
            s(f(3, 4), range(2)),
            s(f(3, 4), (v([0, 1]), v([1, 2]))),
        ]
    ),
    get(
        [
            s(f(3, 4), bools(3, 4)),
            s(f(3, 4), MASK),
            s(f(3, 4), slice(None), v([True, False, False, True])),
            s(f(3, 4), MASK, 1),
            s(f(3, 4), MASK, slice(1, 3)),
            s(f(3, 4), MASK, v([0, 1])),
            s(f(3, 4), v([False, False, False])),
            s(f(3, 4), [True, False, True]),
            s(f(2, 3, 4), bools(2, 3)),
            s(f(2, 3, 4), 0, MASK),
            s(f(2, 3, 4), slice(None), MASK, None),
            s(f(2, 3, 4), ..., v([True, False, True, True])),
            s(f(3, 4), v([True, False])),
            s(f(), v(True)),
            s(f(3), v(True)),
            s(f(3, 4), v([1, 0, 1], "uint8")),
        ]
    ),
    expr("getitem", lambda T, x: x[x > 0], s(f(3, 4)), s(f())),
    expr("getitem", lambda T, x: x[T.arange(3), T.tensor([1, 0, 3])], s(f(3, 4))),
    expr("getitem", lambda T, x: x[:, T.randperm(4).argsort() * 0, ...], s(f(3, 4))),
    expr("getitem", lambda T, x: x[x.argmax(0)], s(f(3, 4))),
    expr("getitem", lambda T, x: (x[1:] - x[:-1]).pow(2).sum() + x[..., 0].prod(), s(f(4, 2))),
    expr("getitem", lambda T, x: [row * 2 for row in x], s(f(3, 2))),
    expr("getitem", lambda T, x: x.T[1:3, ::2], s(f(3, 4))),
]


def assign(T, x, key, value):
    """x[key] = value on a copy in the middle of a graph; the copy is the result."""
    y = x * 1
    y[key] = value
    return y


def put(*samples):
    return expr("setitem", assign, *samples)


SETS = [
    put(
        s(f(3, 4), 0, 1.5),
        s(f(3, 4), 0, f(4)),
        s(f(3, 4), -1, f()),
        s(f(3, 4), (1, 2), 7),
        s(f(3, 4), (slice(None), 1), f(3)),
        s(f(3, 4), (slice(None), slice(1, 3)), f(3, 1)),
        s(f(3, 4), slice(None, None, 2), 0.0),
        s(f(3, 4), slice(5, 9), 0.0),
        s(f(3, 4), ..., f(3, 4)),
        s(f(3, 4), slice(None), f(1, 4)),
        s(f(2, 3, 4), (..., 0), f(2, 3)),
        s(f(2, 3, 4), (0, ..., slice(0, 2)), 1.0),
        s(f(3, 4), (slice(None), None, 0), f(3, 1)),
        s(f(3, 4), 0, ints(4)),
        s(ints(3, 4), 0, f(4)),
        s(ints(3, 4), 0, 2.7),
        s(bools(3), 0, True),
        s(f(), ..., 3.0),
        s(f(), (), 3.0),
        s(f(3, 4), 0, f(3)),
        s(f(3, 4), 3, 0.0),
        s(f(3, 4), slice(0, 2), f(1, 2, 4)),
        s(f(3, 4), 0, True),
    ),
    put(
        s(f(3, 4), v([2, 0]), 1.5),
        s(f(3, 4), v([2, 0]), f(2, 4)),
        s(f(3, 4), v([2, 0]), f(4)),
        s(f(3, 4), [2, 0], f(2, 1)),
        s(f(3, 4), (v([0, 1]), v([2, 3])), f(2)),
        s(f(3, 4), (slice(None), v([0, 2])), f(3, 2)),
        s(f(3, 4), (v([[0], [2]]), v([[1, 3]])), f(2, 2)),
        s(f(3, 4), (1, v([0, 2])), f(2)),
        s(f(2, 3, 4), (v([0, 1]), slice(None), v([2, 3])), f(2, 3)),
        s(f(2, 3, 4), (slice(None), v([0, 1]), v([2, 3])), f(2, 2)),
        s(f(3, 4), v([0, 5]), 1.0),
        s(f(3, 4), v([0, 1]), f(3, 4)),
        s(f(3, 4), v([-1]), 0.0),
        s(f(3, 4), v([0, 1]), f()),
    ),
    put(
        s(f(3, 4), v([[True, False, False, True]] * 3), 0.0),
        s(f(3, 4), v([[True, False, False, True]] * 3), f(6)),
        s(f(3, 4), MASK, f(2, 4)),
        s(f(3, 4), MASK, f(4)),
        s(f(3, 4), MASK, 2),
        s(f(3, 4), (slice(None), v([True, False, False, True])), f(3, 2)),
        s(f(3, 4), (MASK, 1), 5.0),
        s(f(3, 4), (MASK, slice(0, 2)), f(2, 2)),
        s(f(3, 4), v([True, False]), 0.0),
        s(f(3, 4), MASK, f(3, 4)),
        s(f(3, 4), v([False, False, False]), 1.0),
        s(f(3), v(True), 1.0),
        s(f(3), v(False), 1.0),
    ),
]

PICKS = [
    op(
        "gather",
        s(f(3, 3), 0, AT),
        s(f(2, 3), 1, ints(2, 2, low=0, high=3)),
        s(f(2, 3, 4), -1, ints(2, 3, 1, low=0, high=4)),
        s(f(3), 0, v([2, 2, 0, 1])),
        s(f(2, 3), dim=1, index=v([[0, 0], [1, 2]])),
        s(f(), 0, v(0)),
        s(f(3), 0, v([], "int64")),
        s(f(3), 0, v([3])),
        s(f(3), 0, v([-1])),
        s(f(3), 1, v([0])),
        s(f(2, 3), 0, v([0])),
        s(f(3), 0, v([0.0])),
        s(f(2, 2), 1, ints(3, 1, low=0, high=2)),
    ),
    op(
        "index_select",
        s(f(3, 4), 0, ROWS),
        s(f(3, 4), 1, v([0, 0, 3])),
        s(f(3, 4), dim=-1, index=v([1], "int32")),
        s(f(3), 0, v([], "int64")),
        s(f(3), 0, v([3])),
        s(f(3), 0, v(1)),
        s(f(3), 1, v([0])),
        s(f(3, 4), 0, v([[0]])),
        s(f(4, 3).T, 0, ROWS),
    ),
    op(
        "masked_select", s(f(3, 4), bools(3, 4)), s(f(3, 4), bools(4)), s(f(4), bools(3, 4)), s(f(3), ints(3))
    ),
    op(
        "take",
        s(f(3, 4), v([0, 11, 5])),
        s(f(3, 4), v([[0, 1], [1, -1]])),
        s(f(3), v([3])),
        s(f(3, 4).T, v([1, 2])),
    ),
    op(
        "take_along_dim",
        s(f(3, 4), ints(3, 1, low=0, high=4), 1),
        s(f(3, 4), ints(3, 4, low=0, high=4), dim=1),
        s(f(3, 4), v([11, 0])),
        s(f(2, 3), v([[1]]), dim=0),
    ),
]

WRITES = [
    op(
        "masked_fill",
        s(f(3, 4), bools(3, 4), 0.0),
        s(f(3, 4), bools(4), -float("inf")),
        s(f(3, 1), bools(1, 4), 2),
        s(f(3), bools(3), f()),
        s(f(3), mask=bools(3), value=1e9),
        s(ints(3), bools(3), 1),
        s(ints(3), v([True, False, True]), 1.5),
        s(f(3), bools(4), 0.0),
        s(f(3), ints(3), 0.0),
        s(f(), bools(), 1.0),
        s(f(3), bools(3), f(2)),
    ),
    op(
        "index_fill",
        s(f(3, 4), 0, v([0, 2]), 1.0),
        s(f(3, 4), 1, v([0, 0]), 2),
        s(f(3), dim=0, index=v([1]), value=-1.0),
        s(f(3), 0, v([1]), f()),
        s(f(3), 0, v([5]), 1.0),
        sweep=False,
    ),
    op(
        "index_add",
        s(f(3, 4), 0, ROWS, f(3, 4)),
        s(f(3, 4), 1, v([0, 0]), f(3, 2)),
        s(f(3, 4), 0, ROWS, f(3, 4), alpha=2),
        s(f(3), dim=0, index=v([1, 1]), source=f(2)),
        s(f(3), 0, v([3]), f(1)),
        s(f(3, 4), 0, v([0]), f(2, 4)),
        s(ints(3), 0, v([0, 0]), ints(2)),
    ),
    op(
        "index_copy",
        s(f(3, 4), 0, v([2, 0]), f(2, 4)),
        s(f(3, 4), 1, v([1]), f(3, 1)),
        s(f(3), dim=0, index=v([1]), source=f(1)),
    ),
    op(
        "scatter",
        s(f(3, 4), 0, v([[0, 1, 2, 0]]), f(1, 4)),
        s(f(3, 4), 1, v([[0], [1], [3]]), f(3, 1)),
        s(f(3, 4), 1, v([[0], [1], [3]]), 1.0),
        s(f(3, 4), 1, v([[0], [1], [3]]), value=2),
        s(f(3, 4), dim=1, index=v([[0], [1]]), src=f(3, 4)),
        s(f(3, 4), 1, v([[0], [1], [3]]), 2.0, reduce="add"),
        s(f(3, 4).fixed, 1, v([[0], [1], [3]]), f(3, 1).fixed, reduce="multiply"),
        s(f(3), 0, v([1]), f(1)),
        s(f(3), 0, v([3]), f(1)),
        s(f(3, 4), 0, v([1]), f(1)),
        s(f(3), 0, v([0, 1]), f(1)),
        s(ints(3), 0, v([0, 1]), 1),
        s(f(2, 3), -1, v([[0, 1]]), f(1, 2)),
        sweep=False,
    ),
    op(
        "scatter_add",
        s(f(3, 4), 0, v([[0, 1, 2, 0], [0, 1, 1, 1]]), f(2, 4)),
        s(f(3, 4), 1, v([[0, 0], [1, 1], [3, 3]]), f(3, 2)),
        s(f(3), dim=0, index=v([1, 1, 1]), src=f(3)),
        s(f(3), 0, v([1, 1]), f(4)),
        s(f(3), 0, v([3]), f(1)),
        s(ints(3), 0, v([0, 0]), ints(2)),
        s(f(5, 2), 0, v([[0, 0], [4, 4], [0, 1]]), f(3, 2)),
        sweep=False,
    ),
    expr(
        "scatter_add_",
        lambda T, src: T.zeros(4, 2, dtype=src.dtype).scatter_add_(
            0, T.tensor([[0, 1], [0, 3], [2, 3]]), src
        ),
        s(f(3, 2)),
    ),
    expr("one hot", lambda T, y: T.zeros(3, 5).scatter_(1, y.unsqueeze(1), 1), s(v([0, 4, 2]))),
    expr(
        "index_put_",
        lambda T, x, y: (x * 1).index_put_((T.tensor([0, 0]), T.tensor([1, 1])), y, accumulate=True),
        s(f(3, 4), f(2)),
    ),
    expr(
        "masked_fill_ in a chain", lambda T, x, m: (x * 2).masked_fill_(m, 0).sum(0), s(f(2, 3), bools(2, 3))
    ),
]

TABLE = GETS + SETS + PICKS + WRITES
