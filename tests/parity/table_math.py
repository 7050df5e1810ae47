"""Elementwise functions: one number in, one number out, with broadcasting and promotion."""

from tests.parity.specs import (
    T,
    bools,
    cplx,
    expr,
    f,
    function_only,
    ints,
    nonzero,
    op,
    pos,
    s,
    span,
    unit,
    v,
)

EDGES = [-float("inf"), -2.5, -1.0, -0.5, -0.0, 0.0, 0.5, 1.5, 2.5, float("inf"), float("nan")]


def smooth(name, make=f, **flags):
    """A function of one tensor: the shapes every such function must take, and the edge values."""
    return op(
        name,
        s(make(3, 4)),
        s(make()),
        s(make(0, 3)),
        s(make(4, 3).T),
        s(make(3, 2).step),
        s(make(3, 2).wide),
        s(v(EDGES).fixed),
        function_only(input=make(2)),
        **flags,
    )


UNARY = [
    smooth("abs"),
    smooth("acos", lambda *n: span(*n, low=-0.9, high=0.9)),
    smooth("acosh", lambda *n: pos(*n, low=1.1, high=4)),
    smooth("asin", lambda *n: span(*n, low=-0.9, high=0.9)),
    smooth("asinh"),
    smooth("atan"),
    smooth("atanh", lambda *n: span(*n, low=-0.9, high=0.9)),
    smooth("ceil"),
    smooth("cos"),
    smooth("cosh"),
    smooth("erf"),
    smooth("exp"),
    smooth("exp2"),
    smooth("expm1"),
    smooth("floor"),
    smooth("isfinite"),
    smooth("isinf"),
    smooth("isnan"),
    smooth("log", pos),
    smooth("log10", pos),
    smooth("log1p", pos),
    smooth("log2", pos),
    smooth("logical_not", inplace=False),
    smooth("neg"),
    smooth("reciprocal", pos),
    smooth("rsqrt", pos),
    smooth("sigmoid"),
    smooth("sign"),
    smooth("sin"),
    smooth("sinc"),
    smooth("sinh"),
    smooth("sqrt", pos),
    smooth("square"),
    smooth("tan", lambda *n: span(*n, low=-1.2, high=1.2)),
    smooth("tanh"),
    smooth("trunc"),
    smooth("relu"),
    op(
        "logit",
        s(unit(3, 4)),
        s(f(3, 4), eps=0.1),
        s(unit(3), 1e-6),
        s(unit()),
        s(unit(0)),
        s(v(EDGES).fixed),
    ),
    op(
        "round",
        s(f(3, 4)),
        s(v([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])),
        s(f(3), decimals=1),
        s(f()),
        s(f(0)),
        s(v([123.0, 156.0]), decimals=-1),
    ),
    op(
        "nan_to_num",
        s(v(EDGES)),
        s(v(EDGES), nan=1.0),
        s(v(EDGES), 0.0, 2.0, -2.0),
        s(v(EDGES), nan=0.5, posinf=9.0, neginf=-9.0),
        s(ints(3)),
    ),
    op("clone", s(f(3, 4)), s(f(3, 4).T), s(ints(2)), s(f()), s(f(2), memory_format=T.contiguous_format)),
    op("sigmoid", s(ints(3)), s(bools(3))),
    op("square", s(ints(3)), s(bools(2))),
    op("abs", s(ints(3)), s(cplx(3)), inplace=False),
]

PAIRS = [
    (f(3, 4), f(3, 4)),
    (f(3, 4), f(4)),
    (f(3, 1), f(1, 4)),
    (f(), f(3)),
    (f(0, 3), f(3)),
    (f(2, 1, 3), f(4, 1)),
]
LAYOUTS = [(f(3, 4).T, f(4)), (f(3, 4).step, f(3, 4).T), (f(3, 2).wide, f(3, 2))]


def smooth_pairs(make):
    """The broadcasting pairs with another domain for the second operand."""
    return [s(a, make(*b.shape)) for a, b in PAIRS]


def binary(name, second=f, *more, numbers=True, **flags):
    """A function of two tensors or a tensor and a number."""
    scalars = (
        [s(f(3), 2), s(f(3), 1.5), s(nonzero(3), 2), s(nonzero(3), 1.5), s(f(2), True)] if numbers else []
    )
    forms = [function_only(input=f(3), other=second(3)), s(f(2), other=second(2))]
    errors = [s(f(3), second(4)), s(f(2, 3), second(3, 2))]
    mixed = [s(f(2), nonzero(2)), s(nonzero(2, dtype="int32"), nonzero(2)), s(nonzero(2), bools(2).fixed)]
    if second is not f:
        mixed = mixed[:2]
    return op(name, *smooth_pairs(second), *scalars, *forms, *errors, *mixed, *more, **flags)


def away(*shape):
    return pos(*shape, low=0.5, high=2.0)


BINARY = [
    binary(
        "add",
        f,
        *[s(a, b) for a, b in LAYOUTS],
        s(f(3), f(3), alpha=2),
        s(f(3), 2, alpha=0.5),
        s(ints(3), ints(3), alpha=3),
        s(ints(3), ints(3), alpha=0.5),
        s(bools(3), bools(3)),
    ),
    binary("sub", f, s(f(3), f(3), alpha=2), s(f(3), 2, alpha=0.5), s(bools(3), bools(3))),
    binary("mul", f, *[s(a, b) for a, b in LAYOUTS], s(bools(3), bools(3)), s(cplx(3), cplx(3))),
    binary(
        "div",
        away,
        s(f(3, 4), away(4), rounding_mode="floor"),
        s(f(3, 4), away(4), rounding_mode="trunc"),
        s(ints(5), nonzero(5), rounding_mode="floor"),
        s(ints(5), nonzero(5), rounding_mode="trunc"),
        s(ints(5), -2, rounding_mode="floor"),
        s(f(3), 0.7, rounding_mode="floor"),
        s(f(3), away(3), rounding_mode="nothing"),
        s(v([1.0, -1.0, 0.0]).fixed, 0.0),
        s(ints(3), 0),
        s(ints(3), nonzero(3), rounding_mode=None),
    ),
    binary("true_divide", away),
    binary(
        "floor_divide", away, s(ints(6), -3), s(v([7.0, -7.0, 7.5]).fixed, -2.0), s(ints(3), v([0, 1, 2]))
    ),
    binary(
        "fmod", away, s(ints(6), -3), s(v([7.0, -7.0, 7.5, -7.5]), 2.0), s(v([7.0, -7.0]), v([-2.0, 3.0]))
    ),
    binary(
        "remainder",
        away,
        s(ints(6), -3),
        s(v([7.0, -7.0, 7.5, -7.5]), 2.0),
        s(v([7.0, -7.0]), v([-2.0, 3.0])),
    ),
    binary("atan2", f, numbers=False),
    binary(
        "maximum",
        f,
        s(v([1.0, 2.0]), v([1.0, 3.0])),
        s(v([1.0, float("nan")]).fixed, f(2).fixed),
        numbers=False,
    ),
    binary(
        "minimum",
        f,
        s(v([1.0, 2.0]), v([1.0, 3.0])),
        s(v([1.0, float("nan")]).fixed, f(2).fixed),
        numbers=False,
    ),
    binary("logaddexp", f, s(v([-float("inf"), 1.0]).fixed, v([-float("inf"), 2.0]).fixed), numbers=False),
    binary("xlogy", away, s(v([0.0, 1.0, 0.0]).fixed, v([0.0, 0.0, 2.0]).fixed), function_only(2, pos(3))),
    *[
        binary(name, f, s(v([1.0, 2.0, 3.0]), v([1.0, 3.0, 2.0])), inplace=False)
        for name in ("eq", "ge", "gt", "le", "lt", "ne")
    ],
    *[
        binary(name, f, s(bools(4), bools(4)), s(v([0.0, 1.0]), v([0.0, 0.0])), numbers=False, inplace=False)
        for name in ("logical_and", "logical_or", "logical_xor")
    ],
    op(
        "pow",
        s(pos(3, 4), f(3, 4)),
        s(pos(3, 4), f(4)),
        s(pos(3, 1), f(1, 4)),
        s(f(3), 2),
        s(f(3), 3),
        s(pos(3), 0.5),
        s(pos(3), -1),
        s(f(3), 0),
        s(f(3), 1),
        s(pos(3), 2.5),
        s(ints(3), 2),
        s(nonzero(3), 0.5),
        s(ints(3), -1),
        function_only(2, f(3)),
        function_only(2.5, f(3)),
        function_only(2, nonzero(3)),
        function_only(0.0, f(3)),
        s(pos(3), exponent=2),
        function_only(input=pos(3), exponent=f(3)),
        s(v([0.0, 0.0, 0.0]), 2),
        s(v([0.0, 1.0]), v([2.0, 0.0])),
        s(v([-2.0, -1.0]), 3),
        s(v([-2.0]).fixed, 0.5),
        s(f(0), 2),
        s(f(), 2),
        s(bools(3), 2),
        s(pos(3), f(4)),
    ),
]

TERNARY = [
    op(
        "clamp",
        s(f(3, 4), -0.5, 0.5),
        s(f(3), min=-0.5),
        s(f(3), max=0.5),
        s(f(3), min=0),
        s(f(3), f(3), pos(3)),
        s(f(3), min=f(3)),
        s(f(2, 3), max=f(3)),
        s(f(3), 1.0, -1.0),
        s(ints(5), -1, 2),
        s(ints(5), min=-0.5),
        s(f()),
        s(f(0), 0, 1),
        s(v([-1.0, 0.0, 0.5, 1.0]), 0.0, 1.0),
        s(v([float("nan")]), 0, 1),
        s(f(2, 3).T, 0.0),
    ),
    op("clamp_max", s(f(3, 4), 0.5), s(f(3), f(3)), s(ints(3), 1), s(f(3), max=0.5)),
    op("clamp_min", s(f(3, 4), 0.5), s(f(3), f(3)), s(ints(3), 1), s(f(3), min=0)),
    op(
        "lerp",
        s(f(3, 4), f(3, 4), 0.3),
        s(f(3, 4), f(4), f(3, 4)),
        s(f(3), f(3), weight=0.9),
        s(f(3), f(3), f()),
        s(f(3), f(4), 0.5),
        s(f(3), f(1), weight=f(3)),
        sweep=False,
    ),
    op(
        "addcdiv",
        s(f(3, 4), f(3, 4), away(3, 4)),
        s(f(3, 1), f(4), away(3, 4), value=0.5),
        s(f(3), f(3), away(3), value=-2),
        s(f(0), f(0), away(0)),
    ),
    op(
        "addcmul",
        s(f(3, 4), f(3, 4), f(3, 4)),
        s(f(3, 1), f(4), f(3, 4), value=0.5),
        s(f(3), f(3), f(3), value=-2),
        s(f(0), f(0), f(0)),
        s(ints(3), ints(3), ints(3), value=2),
    ),
    op(
        "where",
        function_only(bools(3, 4), f(3, 4), f(3, 4)),
        function_only(bools(3, 1), f(4), f(3, 4)),
        function_only(bools(3), f(3), 0.0),
        function_only(bools(3), 1.0, f(3)),
        function_only(bools(3), 1.0, 2.0),
        function_only(bools(3), 1, 0),
        function_only(bools(3), f(3), ints(3)),
        function_only(bools(3), ints(3), 1.5),
        function_only(bools(3), f(3), f()),
        function_only(bools(0), f(0), f(0)),
        function_only(bools(3, 4)),
        function_only(condition=bools(3), input=f(3), other=f(3)),
        function_only(bools(3), f(4), f(3)),
        function_only(bools(), f(), f()),
    ),
    expr("where", lambda T, x, y: x.where(x > 0, y), s(f(3), f(3)), s(f(3, 4), f(4)), s(f(3), 0.0)),
    expr("where", lambda T, x: T.where(x > 0, x, T.zeros_like(x)), s(f(3, 4))),
    op(
        "isclose",
        s(f(3), f(3)),
        s(v([1.0, 2.0]), v([1.0, 2.00001])),
        s(v([1.0, float("nan")]), v([1.1, float("nan")]), rtol=0.2, equal_nan=True),
        s(v([1.0, float("inf")]), v([1.0 + 1e-6, float("inf")]), 1e-5, 1e-8),
        s(ints(3), ints(3)),
    ),
    op(
        "allclose",
        s(f(3), f(3)),
        s(v([1.0, 2.0]), v([1.0, 2.00001])),
        s(v([1.0, 2.0]), v([1.0, 2.00001]), atol=1e-3),
        s(v([float("nan")]), v([float("nan")]), equal_nan=True),
        s(f(2, 3), f(3)),
        sweep=False,
    ),
    op("fill", s(f(3, 4), 2), s(f(3, 4), 2.5), s(ints(3), 2.5), s(f(3), f()), s(f(3), value=1), s(f(0), 1)),
]


def operator(text, second=f, *more, number=2):
    """An infix operator between tensors and with numbers on either side."""
    both = eval(f"lambda T, x, y: x {text} y")
    return expr(
        f"operator {text}",
        both,
        *smooth_pairs(second),
        s(f(3), number),
        s(f(3), 1.5),
        s(number, second(3)),
        s(1.5, second(3)),
        s(ints(3), number),
        s(nonzero(3), 1.5),
        s(number, nonzero(3)),
        s(nonzero(3), nonzero(3)),
        s(nonzero(3, dtype="int32"), second(3)),
        s(second(3), True),
        s(second(2, 3), second(4)),
        *more,
    )


OPERATORS = [
    operator("+", f, s(bools(3), bools(3)), s(bools(3), 1), s("x", f(2)), s(f(2), None), s(f(2), [1, 2])),
    operator("-", f, s(bools(3), bools(3))),
    operator("*", f, s(bools(3), 2.0), s(bools(3), bools(3)), s(f(2), "x")),
    operator("/", away, s(ints(3), 0), s(1, v([0.0, 1.0]).fixed)),
    operator("//", away, s(ints(4), -2), s(-7, nonzero(4))),
    operator("%", away, s(ints(4), -3), s(-7, nonzero(4))),
    expr(
        "operator **",
        lambda T, x, y: x**y,
        s(pos(3, 4), f(4)),
        s(f(3), 2),
        s(2, f(3)),
        s(2.5, f(3)),
        s(ints(3), 2),
        s(2, nonzero(3)),
        s(pos(3), -0.5),
    ),
    *[operator(text, f) for text in ("<", ">", "<=", ">=")],
    operator("==", f, s(f(2), None), s(f(2), "x")),
    operator("!=", f, s(f(2), None)),
    *[
        expr(
            f"operator {text}",
            eval(f"lambda T, x, y: x {text} y"),
            s(bools(3), bools(3)),
            s(ints(3), ints(3)),
            s(bools(2, 3), bools(3)),
            s(ints(3), 3),
            s(3, ints(3)),
            s(bools(3), True),
            s(bools(3), ints(3)),
            s(f(3), f(3)),
        )
        for text in ("&", "|", "^")
    ],
    expr("operator ~", lambda T, x: ~x, s(bools(3)), s(ints(3)), s(f(3)), s(ints(3, low=0, dtype="uint8"))),
    expr("operator -", lambda T, x: -x, s(f(3)), s(ints(3)), s(bools(3))),
    expr("operator +", lambda T, x: +x, s(f(3)), s(ints(3))),
    expr("operator abs", lambda T, x: abs(x), s(f(3)), s(ints(3))),
    expr(
        "operator @",
        lambda T, x, y: x @ y,
        s(f(3, 4), f(4, 2)),
        s(f(3, 4), f(4)),
        s(f(4), f(4)),
        s(f(4), f(4, 2)),
        s(f(2, 3, 4), f(4, 2)),
        s(f(2, 3, 4), f(2, 4, 5)),
        s(f(3, 4), f(3, 4)),
        s(f(3), 2),
    ),
    expr("operator <<", lambda T, x, y: x << y, s(ints(3), 2), s(ints(3), nonzero(3)), s(1, nonzero(3))),
    expr("operator >>", lambda T, x, y: x >> y, s(ints(3), 1), s(ints(3), nonzero(3))),
    expr("operator chain", lambda T, x: 1 / (1 + T.exp(-x)) ** 2 - x / 3, s(f(3, 4)), s(f()), s(f(0))),
]

INPLACE_OPERATORS = []
for text in ("+", "-", "*", "/", "//", "%", "**", "&", "|", "^"):
    scope: dict = {}
    exec(f"def run(T, x, y):\n    x = x.clone()\n    z = x\n    z {text}= y\n    return x, z is x", scope)
    small = [
        s(pos(3, 4), pos(4)),
        s(pos(3), 2),
        s(nonzero(3), 2),
        s(nonzero(3), nonzero(3)),
        s(nonzero(3), 1.5),
    ]
    more = [s(bools(3), bools(3)), s(nonzero(3), pos(3)), s(pos(3), pos(2, 3)), s(pos(3), nonzero(3))]
    INPLACE_OPERATORS.append(expr(f"operator {text}=", scope["run"], *small, *more))

TABLE = UNARY + BINARY + TERNARY + OPERATORS + INPLACE_OPERATORS
