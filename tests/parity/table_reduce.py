"""Functions that reduce, scan, sort or search along dimensions."""

import math

from tests.parity.specs import T, bools, expr, f, function_only, ints, op, pos, s, unit, v

NAN = float("nan")
TIES = v([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])


def dims(*more, make=f, empty=True):
    """Every form of dim and keepdim that a reduction takes."""
    forms = [
        s(make(3, 4)),
        s(make()),
        s(make(3, 4), 0),
        s(make(3, 4), dim=1),
        s(make(2, 3, 4), -1, True),
        s(make(2, 3, 4), dim=-2, keepdim=True),
        s(make(4, 3).T, dim=0),
        s(make(4, 3).step, dim=1),
        s(make(3), dim=0),
        s(make(), dim=0),
        s(make(), dim=-1),
        s(make(0, 3), dim=1),
        function_only(input=make(2, 2), dim=1),
        s(make(3, 4), dim=2),
        s(make(3, 4), dim=-3),
        s(make(3, 4), axis=1),
        s(make(3, 4), axis=1, keepdims=True),
    ]
    if empty:
        forms += [s(make(0)), s(make(0, 3), dim=0), s(make(0, 3))]
    return [*forms, *more]


MANY = [
    s(f(2, 3, 4), dim=(0, 2)),
    s(f(2, 3, 4), (1, 2), keepdim=True),
    s(f(2, 3, 4), dim=[0, -1]),
    s(f(2, 3, 4), dim=None),
    s(f(2, 3, 4), dim=None, keepdim=True),
    s(f(2, 3), dim=(0, 0)),
    s(f(2, 3), dim=()),
]
DTYPES = [s(ints(3, 4), dim=1), s(ints(3)), s(bools(3, 4)), s(bools(3, 4), dim=0)]
AS_DOUBLE = [s(f(3), dtype=T.float64), s(ints(3, 4), dim=0, dtype=T.float32), s(f(3), dtype=T.int64)]

SUMS = [
    op("sum", *dims(*MANY, *DTYPES, *AS_DOUBLE)),
    op("mean", *dims(*MANY, *AS_DOUBLE[:2], s(ints(3)), s(bools(3)))),
    op(
        "nansum",
        *dims(*MANY[:3], s(v([1.0, NAN, 2.0])), s(v([[NAN, NAN], [1.0, 2.0]]), dim=1), *AS_DOUBLE[:2]),
    ),
    op("nanmean", *dims(*MANY[:3], s(v([1.0, NAN, 2.0])), s(v([[NAN, 3.0], [1.0, 2.0]]), dim=1))),
    op(
        "prod",
        *dims(*DTYPES, *AS_DOUBLE[:2]),
        s(v([1.0, 0.0, 3.0])),
        s(v([[0.0, 0.0, 3.0], [1.0, 2.0, 0.0], [1.0, 2.0, 3.0]]), dim=1),
    ),
    op(
        "logsumexp",
        *dims(empty=False)[2:],
        s(f(2, 3, 4), dim=(0, 2)),
        s(f(2, 3, 4), (1, 2), keepdim=True),
        s(v([-math.inf, -math.inf]).fixed, 0),
        s(v([math.inf, 1.0]).fixed, 0),
        s(v([1000.0, 1000.0]), 0),
        s(ints(3), 0),
        sweep=False,
    ),
    *[
        op(
            name,
            *dims(*MANY[:-1]),
            s(f(3, 4), dim=1, unbiased=False),
            s(f(3, 4), unbiased=False),
            s(f(3, 4), False),
            s(f(3, 4), 1, False),
            s(f(3, 4), 1, False, True),
            s(f(3, 4), dim=1, correction=0),
            s(f(3, 4), correction=2),
            s(f(3, 4), dim=(0, 1), correction=0, keepdim=True),
            s(f(1)),
            s(ints(3)),
        )
        for name in ("std", "var", "std_mean", "var_mean")
    ],
    op(
        "all",
        *dims(s(bools(3, 4)), s(bools(3, 4), dim=1), s(ints(3, 4), dim=0), s(bools(2, 3, 4), dim=(0, 1))),
    ),
    op(
        "any",
        *dims(s(bools(3, 4)), s(bools(3, 4), dim=1), s(ints(3, 4), dim=0), s(bools(2, 3, 4), dim=(0, 1))),
    ),
    op(
        "count_nonzero",
        s(ints(3, 4)),
        s(ints(3, 4), dim=1),
        s(ints(2, 3, 4), dim=(0, 2)),
        s(bools(3, 4), 0),
        s(f(3)),
        s(f(0)),
        s(v([0.0, NAN, 1.0])),
    ),
]

EXTREMES = [
    *[
        op(
            name,
            *dims(empty=False),
            s(f(0)),
            s(f(0, 3), dim=0),
            s(f(0, 3), dim=1),
            s(TIES),
            s(ints(3, 4), dim=1),
            s(v([1.0, NAN, 2.0]).fixed),
            s(v([[1.0, NAN], [2.0, 3.0]]).fixed, dim=1),
            s(f(3, 4), f(3, 4)),
            s(f(3, 4), f(4)),
            s(bools(3)),
            s(v([[1.0, 3.0], [4.0, 2.0]]), 1, keepdim=True),
        )
        for name in ("max", "min")
    ],
    *[
        op(
            name,
            *dims(empty=False),
            s(f(2, 3, 4), dim=(0, 2)),
            s(f(2, 3, 4), (1, 2), keepdim=True),
            s(TIES),
            s(TIES, dim=1),
            s(f(0)),
            s(f(0, 3), dim=0),
            s(ints(3, 4), dim=1),
            s(v([1.0, NAN]).fixed),
            s(f(3), dim=()),
        )
        for name in ("amax", "amin")
    ],
    *[
        op(name, *dims(empty=False), s(f(0)), s(f(0, 3), dim=0), s(ints(5)), s(TIES, dim=None, keepdim=True))
        for name in ("argmax", "argmin")
    ],
    op(
        "median",
        *dims(empty=False),
        s(f(4)),
        s(f(3, 5), dim=1),
        s(v([1.0, NAN, 2.0]).fixed),
        s(f(0)),
        s(ints(5)),
    ),
    op(
        "kthvalue",
        s(f(5), 2),
        s(f(3, 4), 1),
        s(f(3, 4), 3, dim=0),
        s(f(3, 4), k=2, dim=1, keepdim=True),
        s(f(3), 4),
        s(f(3), 0),
        s(ints(4, low=0, high=100), 2),
        s(f(3, 4), 1, 2),
        function_only(input=f(3), k=1),
        sweep=False,
    ),
    op(
        "quantile",
        s(f(7), 0.3),
        s(f(3, 4), 0.5, dim=1),
        s(f(3, 4), v([0.1, 0.5, 0.9]).fixed, dim=0),
        s(f(3, 4), v([0.25, 0.75]).fixed),
        s(f(3, 4), 0.5, dim=1, keepdim=True),
        s(f(3, 4), v([0.25, 0.75]).fixed, dim=1, keepdim=True),
        *[s(f(6), 0.37, interpolation=way) for way in ("linear", "lower", "higher", "midpoint", "nearest")],
        s(f(3), 1.5),
        s(ints(3), 0.5),
        s(v([1.0, NAN]).fixed, 0.5),
        s(f(3), q=0.5, dim=0),
        s(f(3), 0.0),
        s(f(3), 1.0),
        sweep=False,
    ),
]

SORTS = [
    op(
        "sort",
        s(f(6)),
        s(f(3, 4)),
        s(f(3, 4), 0),
        s(f(3, 4), dim=-1, descending=True),
        s(f(3, 4), 0, True),
        s(TIES, dim=1, stable=True),
        s(TIES, stable=True, dim=1, descending=True),
        s(f()),
        s(f(0)),
        s(f(2, 0), dim=0),
        s(f(3, 4), dim=2),
        s(v([2.0, NAN, 1.0]).fixed),
        s(v([2.0, NAN, 1.0]).fixed, descending=True),
        s(bools(1)),
        s(f(3, 4).T, dim=0),
        function_only(input=f(3), descending=True),
        sweep=False,
    ),
    op(
        "argsort",
        s(f(6)),
        s(f(3, 4), 0),
        s(f(3, 4), dim=-1, descending=True),
        s(TIES, dim=1, stable=True),
        s(f()),
        s(f(0)),
        s(f(3, 4), dim=2),
        sweep=False,
    ),
    op("msort", s(f(6)), s(f(3, 4)), s(f()), s(f(0))),
    op(
        "topk",
        s(f(6), 3),
        s(f(3, 4), 2),
        s(f(3, 4), 2, 0),
        s(f(3, 4), k=2, dim=1, largest=False),
        s(f(3, 4), 4, -1, True, True),
        s(f(3, 4), 0),
        s(f(3), 4),
        s(f(3), -1),
        s(f(3), 1, dim=1),
        s(f(), 1),
        s(f(3, 4).T, 2),
        sweep=False,
    ),
    op(
        "unique",
        s(ints(10)),
        s(ints(10), return_inverse=True),
        s(ints(10), return_counts=True),
        s(ints(3, 4), return_inverse=True, return_counts=True),
        s(ints(10), sorted=True),
        s(ints(10), True, True, True),
        s(v([[1, 2], [1, 2], [0, 5]]), dim=0),
        s(v([[1, 2], [1, 2], [0, 5]]), dim=0, return_inverse=True, return_counts=True),
        s(v([[1, 1, 2], [3, 3, 4]]), dim=1, return_inverse=True),
        s(f(0).fixed),
        s(bools(5)),
        s(v([2.0, 1.0, 2.0]).fixed),
    ),
    op(
        "nonzero",
        s(ints(3, 4, low=0, high=2)),
        s(bools(3, 4), as_tuple=True),
        s(f()),
        s(v(0.0)),
        s(f(0)),
        s(bools(2, 2, 3), as_tuple=False),
        s(v([0.0, 2.0, NAN])),
    ),
]

SCANS = [
    *[
        op(
            name,
            s(f(5), 0),
            s(f(3, 4), dim=0),
            s(f(3, 4), -1),
            s(f(), 0),
            s(f(0), 0),
            s(f(2, 0), 1),
            s(f(3, 4).T, 1),
            s(f(3), 1),
            s(ints(4), 0),
            s(bools(4), 0),
            s(ints(4), 0, dtype=T.float64),
            s(f(4), dim=0, dtype=T.float64),
            function_only(input=f(3), dim=0),
        )
        for name in ("cumsum", "cumprod")
    ],
    op("cumprod", s(v([1.0, 0.0, 3.0, 2.0]), 0), s(v([[0.0, 2.0], [3.0, 0.0], [2.0, 5.0]]), 0)),
    op(
        "logcumsumexp",
        s(f(5), 0),
        s(f(3, 4), dim=0),
        s(f(3, 4), -1),
        s(f(), 0),
        s(f(0), 0),
        s(f(3), 1),
        sweep=False,
    ),
    op("logcumsumexp", s(v([-math.inf, 1.0, 500.0]).fixed, 0), s(v([1000.0, 1000.0]), 0), sweep=False),
    op(
        "cummax",
        s(f(5), 0),
        s(f(3, 4), dim=0),
        s(f(3, 4), -1),
        s(f(), 0),
        s(f(0), 0),
        s(f(3), 1),
        s(v([1.0, 3.0, 3.0, 2.0]), 0),
        s(ints(5), 0),
    ),
    op(
        "diff",
        s(f(5)),
        s(f(3, 4)),
        s(f(3, 4), dim=0),
        s(f(5), n=2),
        s(f(5), 2, 0),
        s(f(3), n=4),
        s(f(3), n=0),
        s(f(3), prepend=f(1), append=f(2)),
        s(ints(3)),
        s(bools(3)),
        s(f(1)),
        s(f()),
    ),
    op(
        "trapezoid",
        s(f(5)),
        s(f(3, 4)),
        s(f(3, 4), dx=0.5),
        s(f(3, 4), dim=0),
        s(f(4), f(4)),
        s(f(3, 4), f(4)),
        s(f(3, 4), f(3, 4), dim=0),
        s(f(1)),
        sweep=False,
        inplace=False,
    ),
]

NORMS = [
    op(
        "norm",
        s(f(3, 4)),
        s(f(3, 4), 1),
        s(f(3, 4), p=2, dim=1),
        s(f(3, 4), 2, 0, True),
        s(f(3, 4), p="fro"),
        s(f(3, 4), p="fro", dim=(0, 1)),
        s(f(3, 4), p=math.inf, dim=1),
        s(f(3, 4), p=-math.inf),
        s(f(3, 4), p=0.5, dim=0),
        s(f(3, 4), p=3),
        s(f(3, 4), p=0, dim=1),
        s(f(3, 4), "nuc"),
        s(f(2, 3, 4), dim=(1, 2)),
        s(f(2, 3, 4), p=2, dim=-1, keepdim=True),
        s(f()),
        s(f(0)),
        s(v([0.0, 0.0])),
        s(f(3), dtype=T.float64),
        s(f(3, 4), dim=2),
        s(ints(3)),
        s(f(3, 4).T, dim=0),
        sweep=False,
        rtol=3,
        why="p-norms go through pow",
    ),
    op(
        "dist",
        s(f(3, 4), f(3, 4)),
        s(f(3), f(3), 1),
        s(f(3), f(3), p=3),
        s(f(3, 4), f(4)),
        s(f(3), f(3), math.inf),
    ),
    op(
        "cdist",
        s(f(3, 4), f(5, 4)),
        s(f(2, 3, 4), f(2, 5, 4)),
        s(f(3, 4), f(5, 4), p=1),
        s(f(3, 4), f(5, 4), p=3.0),
        s(f(3, 4), f(5, 4), p=math.inf),
        s(f(3, 4), f(5, 4), compute_mode="donot_use_mm_for_euclid_dist"),
        s(f(0, 4), f(5, 4)),
        s(f(2, 1, 3, 4), f(5, 4)),
        s(f(3, 4), f(5, 3)),
        order=1,
        rtol=20,
        why="the distance of near points cancels",
        sweep=False,
    ),
    *[
        op(
            name,
            s(f(3, 4), dim=1),
            s(f(3, 4), 0),
            s(f(2, 3, 4), -2),
            s(f(), 0),
            s(f(0, 3), 1),
            s(f(0, 3), 0),
            s(f(3), dim=1),
            s(f(3, 4), dim=-1, dtype=T.float64),
            s(ints(3), 0),
            s(ints(3), 0, dtype=T.float32),
            s(v([1000.0, 0.0, -1000.0]), 0),
            s(v([-math.inf, 0.0, 1.0]).fixed, 0),
            s(v([-math.inf, -math.inf]).fixed, 0),
            function_only(input=f(2, 3), dim=1),
            s(f(3, 4).T, dim=0),
            sweep=False,
        )
        for name in ("softmax", "log_softmax")
    ],
    expr("entropy", lambda T, x: -(x.softmax(-1) * x.log_softmax(-1)).sum(-1).mean(), s(f(3, 4))),
    expr("standardise", lambda T, x: (x - x.mean(0)) / (x.std(0) + 1e-8), s(f(5, 3))),
    expr("running", lambda T, x: x.sum(dim=(0, 1)) / x.size(0), s(f(2, 3, 4))),
    expr("max fields", lambda T, x: (x.max(1).values, x.max(1)[1], x.min(dim=0).indices), s(f(3, 4))),
    expr("sort fields", lambda T, x: (x.sort(0).values, x.topk(2).indices, x.median(0).values), s(f(3, 4))),
    expr("pos", lambda T, x: x.log().sum(), s(pos(3))),
    expr("unit", lambda T, x: (x * x.log() + (1 - x) * (1 - x).log()).mean(-1), s(unit(3, 2))),
]

TABLE = SUMS + EXTREMES + SORTS + SCANS + NORMS
