"""The checks of 02_autograd. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

import numpy as np

import tinytorch as tt
from tinytorch.autograd.engine import on_the_way, send, unbroadcast
from tinytorch.slopes import kept
from tinytorch.testing.gradcheck import GradcheckError, gradcheck, slope
from tito.checking import (
    array_of,
    arrays,
    check,
    expect,
    expect_close,
    expect_equal,
    expect_gradient,
    expect_raises,
    lent,
    numerical_gradient,
    rng,
    tensor,
)

GRAPH, RULES, SHAPES, ORDER, SWITCH, RIGHT = (
    "A program is a graph",
    "The rules",
    "Shapes",
    "The order of the walk",
    "Recording or not",
    "Is it right?",
)

# ---------------------------------------------------------------- adding up


class Place:
    """A node as far as adding up looks at it."""

    def __init__(self, *inputs, order=0):
        self.inputs, self.order = inputs, order


@check(of="send", section=GRAPH)
def test_gradients_add_up_at_a_root():
    """The first gradient waits for the node, the second is added; the node is on the heap once."""
    one, two = Place(order=-1), Place(order=-5)
    grads, heap, g = {}, [], lent(np.array([1.0, 2.0]))
    send(one, g, grads, heap)
    send(two, np.array([7.0]), grads, heap)
    send(one, np.array([10.0, 20.0]), grads, heap)
    expect_close(grads[one], [11.0, 22.0], "what waits for a node that got (1, 2) and (10, 20)")
    expect_close(grads[two], [7.0], "what waits for a node that got 7")
    expect_close(g, [1.0, 2.0], "the first gradient itself, which must not be written to")
    expect_equal(heap, [(-5, two), (-1, one)], "the heap")


@check(of="send", needs="gradients_add_up_at_a_root", section=GRAPH)
def test_backward_of_a_sum_of_uses():
    """x * x + x at 3: 7. A tensor that is used twice, or is a root twice, gets the sum."""
    x = tt.tensor(3.0, requires_grad=True)
    y = x + x + x
    y.backward()
    expect_close(x.grad, 3.0, "the gradient of x + x + x")
    x.grad = None
    y = x + 1.0
    tt.autograd.backward([y, y], [tt.tensor(2.0), tt.tensor(5.0)])
    expect_close(x.grad, 7.0, "the gradient from the roots y, y with the gradients 2 and 5")
    x.grad = None
    h = x
    for _ in range(3000):
        h = h + 1.0
    h.backward()
    expect_close(x.grad, 1.0, "the gradient through 3,000 additions")


# ---------------------------------------------------------------- rules


@check(of="ops.mul.vjps", needs="gradients_add_up_at_a_root", section=RULES)
def test_gradient_of_a_product():
    """For x = (2, 5), y = (3, 4) and g = (1, 10) the gradients are (3, 40) and (2, 50)."""
    x, y = (tt.tensor(v, requires_grad=True) for v in ([2.0, 5.0], [3.0, 4.0]))
    (x * y).backward(tt.tensor([1.0, 10.0]))
    expect_close(x.grad, [3.0, 40.0], "the gradient of x", dtype="float32")
    expect_close(y.grad, [2.0, 50.0], "the gradient of y", dtype="float32")
    expect_gradient(lambda a, b: a * b, *arrays((3, 4), (3, 4)), reference=lambda a, b: a * b)


@check(of="ops.tanh.vjps", needs="gradients_add_up_at_a_root", section=RULES)
def test_gradient_of_tanh():
    """The slope is 1 - tanh(x)²: 1 at 0, 0.75 where tanh(x) is 0.5, and 0 far out."""
    x = tensor([0.0, np.arctanh(0.5), 1000.0, -1000.0], requires_grad=True)
    tt.tanh(x).backward(tensor([2.0, 1.0, 1.0, 1.0]))
    expect_close(x.grad, [2.0, 0.75, 0.0, 0.0], "the gradient for g = (2, 1, 1, 1)")
    expect_gradient(tt.tanh, *arrays((3, 4), seed=1), reference=np.tanh)


@check(of="ops.matmul_op.vjps", needs="gradients_add_up_at_a_root", section=RULES)
def test_gradient_of_a_matrix_product():
    """g @ y.T for x and x.T @ g for y; for stacks of matrices too."""
    x, y = (tt.tensor(v, requires_grad=True) for v in ([[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]))
    (x @ y).backward(tt.tensor([[1.0, 10.0]]))
    expect_close(x.grad, [[43.0, 65.0]], "the gradient of x = (1, 2)")
    expect_close(y.grad, [[1.0, 10.0], [2.0, 20.0]], "the gradient of y")
    for one, other in [((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4))]:
        expect_gradient(
            lambda a, b: a @ b,
            *arrays(one, other, seed=2),
            reference=np.matmul,
            what=f"the gradient of {one} @ {other}",
        )


@check(
    of=["ops.mul.vjps", "ops.tanh.vjps", "ops.matmul_op.vjps"],
    needs=["gradient_of_a_product", "gradient_of_tanh", "gradient_of_a_matrix_product"],
    section=RULES,
)
def test_gradients_of_gradients():
    """x³ at 2 has the slopes 12 and 12; tanh and the matrix product can be differentiated twice too."""
    x = tt.tensor(2.0, requires_grad=True)
    (first,) = tt.autograd.grad(x * x * x, x, create_graph=True)
    expect_close(first.detach(), 12.0, "the first derivative of x³ at 2")
    expect_close(tt.autograd.grad(first, x)[0], 12.0, "the second derivative of x³ at 2")
    (values,) = arrays((4,), seed=3)
    t = tensor(values, requires_grad=True)
    (first,) = tt.autograd.grad(tt.tanh(t).sum(), t, create_graph=True)
    (second,) = tt.autograd.grad(first.sum(), t)
    expect_close(
        second, -2 * np.tanh(values) * (1 - np.tanh(values) ** 2), "the second derivative of tanh", rtol=1e-5
    )
    a, b = arrays((2, 3), (3, 2), seed=4)

    def size_of_the_slope(array):  # sum of (g @ b.T)² with g = a @ b: a function of a through the rule of a
        g = array @ b
        return np.sum((2 * g @ b.T) ** 2)

    x = tensor(a, requires_grad=True)
    z = x @ tensor(b)
    (slope,) = tt.autograd.grad((z * z).sum(), x, create_graph=True)
    (second,) = tt.autograd.grad((slope * slope).sum(), x)
    expect_close(
        second,
        numerical_gradient(size_of_the_slope, [a], np.ones(()), 0),
        "the gradient of the squared gradient of a matrix product",
        rtol=1e-4,
    )


# ---------------------------------------------------------------- shapes


@check(of="kept", section=SHAPES)
def test_reduced_dims_come_back():
    """(2,) after a sum of (2, 3) over dim 1 becomes (2, 1); all dims, several dims, and keepdim too."""
    g = np.array([10.0, 20.0])
    expect_close(kept(g, (2, 3), 1, False), [[10.0], [20.0]], "g = (10, 20) after a sum over dim 1 of (2, 3)")
    shape = (2, 3, 4)
    x = np.arange(24.0).reshape(shape)
    for dim in (0, 1, 2, -1, -3, (0, 2), [1], (-1, 0), (0, 1, 2), None, (), []):
        axis = None if dim is None or dim == () or dim == [] else tuple(dim) if isinstance(dim, list) else dim
        whole = x.sum(axis, keepdims=True)
        expect_close(kept(x.sum(axis), shape, dim, False), whole, f"kept after a sum over dim={dim}")
        expect_close(kept(whole, shape, dim, True), whole, f"kept with keepdim=True and dim={dim}")
    for dim in (None, 0, -1):
        expect_close(kept(np.asarray(3.0), (), dim, False), 3.0, f"kept for a single number and dim={dim}")


@check(of="kept", needs="reduced_dims_come_back", section=SHAPES)
def test_gradients_of_sums_and_means():
    """The gradient of a sum goes to every element that was added, that of a mean in equal parts."""
    for dim in (0, 1, -1, (0, 2), [1], None):
        axis = tuple(dim) if isinstance(dim, list) else dim
        for keepdim in (False, True):
            for f, numpy in ((tt.sum, np.sum), (tt.mean, np.mean)):
                expect_gradient(
                    lambda t, f=f, dim=dim, keepdim=keepdim: f(t, dim=dim, keepdim=keepdim),
                    *arrays((2, 3, 2), seed=5),
                    reference=lambda a, numpy=numpy, axis=axis, keepdim=keepdim: numpy(
                        a, axis, keepdims=keepdim
                    ),
                    what=f"the gradient of {numpy.__name__}(dim={dim}, keepdim={keepdim})",
                )
    x = tt.tensor(2.0, requires_grad=True)
    (x.sum(0) * 3).backward()
    expect_close(x.grad, 3.0, "the gradient of the sum of a single number")


@check(of="unbroadcast", section=SHAPES)
def test_broadcasting_is_undone():
    """(4, 2, 3) to (2, 1): the sum over dims 0 and 2. Every pair of shapes that broadcasts, for arrays and tensors."""
    for have, want in [
        ((4, 2, 3), (2, 1)),
        ((2, 3), (3,)),
        ((4, 2, 3), (3,)),
        ((4, 2, 3), (2, 3)),
        ((2, 3), (1, 3)),
        ((2, 3), (2, 1)),
        ((2, 3), (1, 1)),
        ((2, 3), ()),
        ((5, 1, 3), (1, 1)),
        ((5, 1, 3), (1, 3)),
        ((2, 1, 3), (1, 1, 3)),
        ((2, 3, 1), (2, 1, 1)),
        ((2, 3), (2, 3)),
        ((0, 3), (3,)),
        ((0, 3), (1, 3)),
        ((2, 0), (1,)),
    ]:
        (g,) = arrays(have, seed=6)
        ones, answer = (1,) * (len(have) - len(want)) + want, g
        for d, size in enumerate(ones):
            if size != have[d]:
                answer = answer.sum(d, keepdims=True)
        answer = answer.reshape(want) if answer.size else np.zeros(want)
        expect_close(unbroadcast(g, have, want), answer, f"g of shape {have} for an argument of shape {want}")
        expect_close(
            unbroadcast(tensor(g), have, want),
            answer,
            f"a tensor g of shape {have} for an argument of shape {want}",
        )


@check(of="unbroadcast", needs="broadcasting_is_undone", section=SHAPES)
def test_gradients_of_broadcast_arguments():
    """In x + b with (2, 3) and (3,) the gradient of b is the sum over the rows; products and stacks likewise."""
    x, b = tt.zeros(2, 3, requires_grad=True), tt.zeros(3, requires_grad=True)
    (x + b).backward(tt.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]))
    expect_close(b.grad, [11.0, 22.0, 33.0], "the gradient of b")
    for one, other in [((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 2)), ((4, 1, 2), (3, 1))]:
        expect_gradient(
            lambda a, b: a - b,
            *arrays(one, other, seed=7),
            reference=lambda a, b: a - b,
            what=f"the gradient of a difference of shapes {one} and {other}",
        )


# ---------------------------------------------------------------- the walk


def reach(root, target) -> bool:
    return any(p is target or reach(p, target) for p in root.inputs)


@check(of="on_the_way", section=ORDER)
def test_what_is_on_the_way():
    """z of a and x, a of x and y: for the target y the nodes a and z, for a only z; and in 20 random graphs."""
    x, y = Place(), Place()
    a = Place(x, y)
    z = Place(a, x)
    name = {x: "x", y: "y", a: "a", z: "z"}
    for targets, answer in [
        ((y,), "az"),
        ((x,), "az"),
        ((a,), "z"),
        ((z,), ""),
        ((a, y), "az"),
        ((Place(),), ""),
    ]:
        got = "".join(sorted(name[n] for n in on_the_way([z], dict.fromkeys(targets))))
        expect_equal(
            got,
            answer,
            f"what is on the way from z to {', '.join(name.get(t, 'a stranger') for t in targets)}",
        )
    expect_equal(on_the_way([a, z], {y: None}), {a, z}, "what is on the way from the roots a and z to y")
    generator = rng(8)
    for _ in range(20):
        nodes = []
        for k in range(12):
            count = min(k, int(generator.integers(0, 4)))
            nodes.append(Place(*[nodes[i] for i in generator.choice(k, count, replace=False)] if k else []))
        roots = [nodes[-1], nodes[7]]
        targets = [nodes[i] for i in generator.choice(8, 2, replace=False)]
        seen = {n for n in nodes if n in roots or any(reach(r, n) for r in roots)}
        answer = {n for n in seen if any(reach(n, t) for t in targets)}
        got = on_the_way(roots, dict.fromkeys(targets))
        expect(isinstance(got, set), "on_the_way should return a set", got=type(got).__name__)
        expect_equal(
            sorted(map(nodes.index, got)),
            sorted(map(nodes.index, answer)),
            "what is on the way in a random graph",
        )


@check(of="on_the_way", needs="what_is_on_the_way", section=ORDER)
def test_the_way_is_not_recursive():
    """A chain of 20,000 nodes, and a ladder with two to the power of 40 ways through it, are no trouble."""
    top = bottom = Place()
    for _ in range(20_000):
        top = Place(top)
    expect_equal(len(on_the_way([top], {bottom: None})), 20_000, "the nodes on the way down a chain")
    top = bottom = Place()
    for _ in range(40):
        top = Place(Place(top), Place(top))
    expect_equal(len(on_the_way([top], {bottom: None})), 120, "the nodes on the way down a ladder")


@check(of="on_the_way", needs="what_is_on_the_way", section=ORDER)
def test_gradients_of_chosen_inputs():
    """autograd.grad gives the gradients asked for, of inner results too, and leaves .grad alone."""
    x, y = (tt.tensor(v, requires_grad=True) for v in (2.0, 3.0))
    a = x - y
    z = a - x - x
    expect_close(tt.autograd.grad(z, [y], retain_graph=True)[0], -1.0, "dz/dy")
    expect_close(tt.autograd.grad(z, [x], retain_graph=True)[0], -1.0, "dz/dx")
    found = tt.autograd.grad(z, [a, x])
    expect_close(found[0], 1.0, "dz/da")
    expect_close(found[1], -1.0, "dz/dx beside dz/da")
    expect(x.grad is None and y.grad is None, ".grad should be left alone by autograd.grad")


# ---------------------------------------------------------------- switches


def records() -> bool:
    return (tt.ones(1, requires_grad=True) + 1).requires_grad


@check(of=["Switch.__enter__", "Switch.__exit__"], section=SWITCH)
def test_no_grad():
    """Nothing is recorded inside no_grad, everything after it, also when the block ends with an exception."""
    with tt.no_grad():
        expect_equal(records(), False, "whether ops are recorded inside no_grad")
        expect_equal(tt.is_grad_enabled(), False, "is_grad_enabled() inside no_grad")
    expect_equal(records(), True, "whether ops are recorded after no_grad")
    expect_raises(ZeroDivisionError, fails_inside, what="an exception inside no_grad")
    expect_equal(records(), True, "whether ops are recorded after a block that failed")
    expect_equal(tt.no_grad()(records)(), False, "whether a function decorated with no_grad records")
    expect_equal(records(), True, "whether ops are recorded after that function")


def fails_inside():
    with tt.no_grad():
        return 1 / 0


@check(of=["Switch.__enter__", "Switch.__exit__"], needs="no_grad", section=SWITCH)
def test_switches_nest():
    """Each block restores what was there before it, even one switch used within itself."""
    off, on = tt.no_grad(), tt.enable_grad()
    with off:
        with on:
            expect_equal(records(), True, "recording in enable_grad within no_grad")
            with off:
                expect_equal(records(), False, "recording in no_grad within enable_grad within no_grad")
            expect_equal(records(), True, "recording after the innermost block")
        expect_equal(records(), False, "recording after enable_grad within no_grad")
        with tt.no_grad():
            pass
        expect_equal(records(), False, "recording after no_grad within no_grad")
    expect_equal(records(), True, "recording after all blocks")


# ---------------------------------------------------------------- gradcheck


@check(of="slope", section=RIGHT)
def test_slopes_by_small_steps():
    """x² at 3 has the slope 6, every output gets its own, and the input is as it was afterwards."""
    x = tensor([3.0, 5.0])
    found = slope(lambda t: (t * t, t * 2.0, t), [x], x.array, (0,), 0.1)
    expect_equal(len(found), 3, "the number of slopes for three outputs")
    expect_close(found[0], [6.0, 0.0], "the slopes of (x², y²) when x = 3 moves", dtype="float64")
    expect_close(found[1], [2.0, 0.0], "the slopes of (2x, 2y) when x moves")
    expect_close(found[2], [1.0, 0.0], "the slopes of an output that is the input itself")
    expect_close(x, [3.0, 5.0], "the input afterwards")
    found = slope(lambda t: t * t * t, [x], x.array, (1,), 0.1)
    expect_close(found[0], [0.0, 75.01], "the central difference of y³ at 5 with a step of 0.1", rtol=1e-9)
    half = tensor(np.float32([2.0]))
    expect_close(
        slope(lambda t: t * 3.0, [half], half.array, (0,), 0.5)[0],
        [3.0],
        "the slope of float32",
        dtype="float64",
    )
    expect_raises(
        ZeroDivisionError,
        lambda: slope(lambda t: 1 / 0, [x], x.array, (0,), 0.1),
        what="a function that fails",
    )
    expect_close(x, [3.0, 5.0], "the input after a function that failed")


@check(of="slope", needs="slopes_by_small_steps", section=RIGHT)
def test_slopes_of_complex_numbers():
    """A step along the imaginary axis has the length of its absolute value; a complex output counts as two real ones."""
    z = tensor([1.0 + 2.0j])
    (found,) = slope(lambda t: t * (3.0 + 1.0j), [z], z.array, (0,), 0.5j)
    expect_close(found, [-1.0, 3.0], "the slopes of (3 + i) z along the imaginary axis", dtype="float64")


@check(
    of=["slope", "ops.mul.vjps"],
    needs=["slopes_by_small_steps", "gradient_of_a_product", "what_is_on_the_way"],
    section=RIGHT,
)
def test_gradcheck_tells_right_from_wrong():
    """gradcheck passes a right rule and refuses one that is off by a tenth."""

    class Scaled(tt.autograd.Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.factor = factor
            return x * 2.0

        @staticmethod
        def backward(ctx, g):
            return g * ctx.factor, None

    x = tensor([[0.5, -1.0, 2.0]], requires_grad=True)
    expect(gradcheck(lambda t: Scaled.apply(t, 2.0), [x]) is True, "gradcheck should pass a right rule")
    expect(gradcheck(lambda t: t * t - t, [x]) is True, "gradcheck should pass x² - x")
    expect_raises(
        GradcheckError,
        lambda: gradcheck(lambda t: Scaled.apply(t, 2.2), [x]),
        ["Jacobian mismatch", "numerical"],
        "a rule that is off by a tenth",
    )


# ---------------------------------------------------------------- the checkpoint


@check(
    of=[
        "ops.mul.vjps",
        "ops.tanh.vjps",
        "ops.matmul_op.vjps",
        "unbroadcast",
        "kept",
        "send",
        "Switch.__enter__",
    ],
    needs=[
        "gradient_of_a_matrix_product",
        "gradient_of_tanh",
        "gradients_of_broadcast_arguments",
        "gradients_of_sums_and_means",
        "no_grad",
    ],
    section="Why it matters",
)
def test_a_network_is_differentiated():
    """Two layers with biases and tanh, a mean of squares: all four gradients are right, and 300 steps fit a wave."""
    x = np.linspace(-2, 2, 24)[:, None]
    target = np.sin(2 * x)
    generator = rng(0)
    values = [generator.normal(size=s) for s in ((1, 8), (8,), (8, 1), (1,))]

    def plain(w1, b1, w2, b2):
        return np.mean((np.tanh(x @ w1 + b1) @ w2 + b2 - target) ** 2)

    inputs, wanted = tensor(x), tensor(target)

    def loss_of(w1, b1, w2, b2):
        error = tt.tanh(inputs @ w1 + b1) @ w2 + b2 - wanted
        return (error * error).mean()

    expect_gradient(loss_of, *values, reference=plain, what="the gradient of a weight or a bias")
    weights = [tensor(v, requires_grad=True) for v in values]
    for _ in range(300):
        loss = loss_of(*weights)
        loss.backward()
        with tt.no_grad():
            for w in weights:
                w -= 0.1 * w.grad
                w.grad = None
    first, last = plain(*values), plain(*map(array_of, weights))
    expect(
        last < 0.2 * first,
        "the loss does not go down",
        expected=f"below {0.2 * first:.4f}",
        got=f"{last:.4f}",
    )
