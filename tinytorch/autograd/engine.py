"""Reverse-mode differentiation: remember what was computed, then walk it backwards.

`record` is an interpreter: while it runs, every op on a tensor that requires a gradient leaves a Node behind. A Node knows
the nodes of its op's inputs and what the op's rules asked to keep. `walk` visits the nodes from the youngest to the oldest:
an op is younger than its inputs, so all consumers of a result come before the op that made it. What was kept is freed on the way.
"""

from __future__ import annotations

import weakref
from functools import partial
from heapq import heappop, heappush, heappushpop
from itertools import count
from sys import getrefcount
from typing import Any

import numpy as np

from .. import backend, ops
from ..op import (
    NOTHING,
    Counter,
    Op,
    Value,
    as_array,
    compute,
    evaluate,
    install,
    local,
    ndarray,
    quietly,
)
from ..ops.arithmetic import LARGE
from ..tensor import Handle, Tensor

ARG, SHAPE, SETTING, OUT, SAVED, NUMBER, ARGS, SHAPES, SETTINGS = range(9)
MAY_BE_TENSORS = {ARG, ARGS}
_new = object.__new__
_orders = count(0, -1)  # each new node gets the next lower number, so that the youngest comes first in a heap


# ---------------------------------------------------------------- what to keep

LABELS = {  # PyTorch's names for ops that have others here
    "matmul_op": "Mm", "reshape_op": "View", "concatenate": "Cat", "clamp_bounds": "Clamp", "where_between": "Where", "cast": "ToCopy",
    "norm2": "LinalgVectorNorm", "contiguous_op": "Clone", "softmax_cross_entropy": "NllLoss", "getitem_op": "Select",
    "linear_op": "Addmm", "dropout_op": "Mul", "logsigmoid_op": "LogSigmoid", "cross_entropy_of_bits": "BinaryCrossEntropy",
}  # fmt: skip


class Plan:
    """For one op and one set of arguments that need a gradient: which get one, the class of its nodes, and how one is made.

    `fetch` lists what the rules ask to keep as (kind, key).
    """

    __slots__ = ("attach", "fetch", "node_class", "op", "out_at", "positions", "pull", "rules")

    def __init__(self, op: Op, mask: int, count: int, same_shape: bool = False):
        self.op = op
        rules = {i: rule_for(op, i) for i in range(count) if mask >> i & 1}
        rules = {i: rule for i, rule in rules.items() if rule is not None}
        self.positions = list(rules)
        needs = {i: [locate(op, name, i) for name in rule.needs] for i, rule in rules.items()}
        self.fetch = sorted(dict.fromkeys(key for keys in needs.values() for key in keys))
        self.rules = [(rules[i].function, [self.fetch.index(key) for key in needs[i]]) for i in rules]
        tensors = [k for k, (kind, key) in enumerate(self.fetch) if kind == ARG and mask >> key & 1]
        if op.composed:
            self.fetch += [(ARGS, None), (SETTINGS, None)]
        self.out_at = self.fetch.index((OUT, 0)) if (OUT, 0) in self.fetch else None
        self.pull: Any = puller(self.rules, self.fetch, tensors)
        label = LABELS.get(op.name) or "".join(
            part.title() for part in op.name.removesuffix("_op").split("_")
        )
        self.node_class = type(
            f"{label}Backward0",  # so that type(y.grad_fn).__name__ reads as in PyTorch
            (Node,),
            {
                "__slots__": (),
                "plan": self,
                "same_shape": same_shape,
                "keeps_result": self.out_at is not None,
                "pull": self.pull,
                **{f"_saved_{name}": saved_property(k) for name, k in saved_names(op, self.fetch).items()},
            },
        )
        self.attach = attacher(self, mask, count)


# PyTorch's names for what its nodes keep, where they are not self (the first operand), other (the second) or the argument's own.
SAVED_AS = {("pow", 1): "exponent", ("matmul_op", 1): "mat2"}


def saved_names(op: Op, fetch) -> dict[str, int]:
    """Under what names a node of this op shows what it keeps: `y.grad_fn._saved_result`."""
    names = {}
    for k, (kind, key) in enumerate(fetch):
        if kind == OUT:
            names["result"] = k
        elif kind == SETTING:
            names[key] = k
        elif kind == ARG:
            names[SAVED_AS.get((op.name, key)) or ("self", "other", op.data[key])[min(key, 2)]] = k
    return names


def saved_property(k: int) -> property:
    """The k-th thing that a node keeps, as a tensor with its history if it is one; an error once it has been freed."""

    def get(node):
        node.refuse_stale()
        return node.as_output() if k == node.plan.out_at else node.saved[k]

    return property(get)


def attacher(plan: Plan, mask: int, count: int):
    """A function that makes a node for what its op has just returned, and hangs it on the result.

    It is composed as text, one line per field, so that nothing is decided or counted while a program runs.
    """
    names = "".join(f"a{i}, " for i in range(count))
    inputs = "".join(f"a{i}.node or a{i}._leaf or leaf(a{i}), " for i in plan.positions)
    if plan.op.variadic:  # there may be hundreds
        names, inputs = "*_,", "*[node_of(args[i]) for i in positions],"
    texts = {
        ARG: "args[{0}]", SHAPE: "shape_of(args[{0}])", SETTING: "settings.get('{0}', default_{0})", OUT: "array", SAVED: "saved",
        NUMBER: "{0}", ARGS: "args", SHAPES: "[shape_of(a) for a in args]", SETTINGS: "{{**defaults, **settings}}",
    }  # fmt: skip
    sure = lambda kind, key: kind == SHAPE and mask >> key & 1  # it needs a gradient, so it is a tensor
    kept = ", ".join(
        f"args[{key}].array.shape" if sure(kind, key) else texts[kind].format(key) for kind, key in plan.fetch
    )
    everything = plan.fetch == [(ARG, i) for i in range(count)]
    lines = [
        "def attach(node, out, array, args, settings, saved):",
        f"    {names} = args",
        "    node.shape = array.shape",
        "    node.dtype = array.dtype",
        "    node.time = Counter.now",
        "    node.notes = None",
        f"    node.saved = {'args' if everything else f'[{kept}]' if kept else '()'}",
        f"    node.inputs = ({inputs})",
        "    node.order = next(orders)  # after its inputs, one of which may be a new leaf",
        "    out.node = node",
        "    out._requires_grad = True",
    ]
    known = {f"default_{name}": value for name, value in plan.op.settings.items()}
    known |= {"Counter": Counter, "leaf": leaf, "node_of": node_of, "orders": _orders, "shape_of": shape_of}
    known |= {"defaults": plan.op.settings, "positions": plan.positions}
    return composed("attach", "\n".join(lines), known)


def puller(rules, fetch, tensors):
    """How a node gets from the gradient of its result to those of its inputs, both arrays: run each rule on what it picks of `saved`.

    `tensors` are the places in `saved` that hold tensors for sure. Composed as text too.
    """

    def text(k):
        kept = f"saved[{k}]"
        return (
            f"{kept}.array" if k in tensors else f"plain({kept})" if fetch[k][0] in MAY_BE_TENSORS else kept
        )

    calls = "".join(f"rule{n}({', '.join(['g', *map(text, picks)])}), " for n, (_, picks) in enumerate(rules))
    known = {"plain": plain} | {f"rule{n}": rule for n, (rule, _) in enumerate(rules)}
    saved = "\n    saved = node.saved" if "saved" in calls else ""
    return composed("pull", f"def pull(node, g):{saved}\n    return ({calls})", known)


def composed(name: str, text: str, known: dict):
    """The function that the text defines, with the names it knows."""
    exec(text, known)
    return known[name]


def plain(value):
    """What was kept, with arrays in the place of tensors."""
    if isinstance(value, Value):
        return value.array
    return tuple(map(plain, value)) if type(value) is tuple else value


class Missing:
    """Stands for the rule that nobody wrote: an error when it is needed, not before."""

    needs = ()

    def __init__(self, op: Op, name: str):
        self.message = f"op '{op.name}' has no gradient rule for its argument '{name}'; give it one with {op.name}.vjps({name}=...)"

    def function(self, g):
        raise NotImplementedError(self.message)


def rule_for(op: Op, i: int):
    """The rule of the i-th argument; None where it was declared to have no gradient."""
    name = op.variadic or op.data[i]
    return op.rules[name] if name in op.rules else Missing(op, name)


def locate(op: Op, name: str, i: int):
    """Where the thing a rule calls `name` is found when the op runs."""
    if name in op.settings:
        return SETTING, name
    if name in op.data:
        return ARG, op.data.index(name)
    if name.endswith("_shape") and name[:-6] in op.data:
        return SHAPE, op.data.index(name[:-6])
    return {
        "out": (OUT, 0),
        "saved": (SAVED, 0),
        "shapes": (SHAPES, 0),
        "i": (NUMBER, i),
        op.variadic: (ARGS, 0),
    }[name]


def shape_of(value):
    return value.array.shape if isinstance(value, Value) else ()


# ---------------------------------------------------------------- nodes


class Notes:
    """What few nodes have: hooks that see the gradient of the result, and hooks that see those of the inputs as well, the line where
    the op was called (under detect_anomaly), the count of writes to the result where a rule needs it."""

    __slots__ = ("counter", "hooks", "line", "posts")

    def __init__(self):
        self.hooks, self.posts, self.line, self.counter = (), (), None, None


def noted(name: str) -> property:
    """A field of a node's notes, which are made when there is something to write down."""
    default = getattr(Notes(), name)

    def get(node):
        return default if node.notes is None else getattr(node.notes, name)

    def put(node, value):
        node.notes = node.notes or Notes()
        setattr(node.notes, name, value)

    return property(get, put)


class Node:
    """One recorded op: how gradients get from its result to its inputs.

    `inputs` are the nodes that the inputs came from, `saved` what the rules asked for, `time` the count of in-place writes when
    they were saved, `order` is lower the younger the node. A node must not hold its own result: the two would keep each other, and
    all that was saved, alive. `pull` takes arrays to arrays; `same_shape` promises that they fit the inputs as they are.
    """

    __slots__ = ("__weakref__", "dtype", "inputs", "notes", "order", "saved", "shape", "time")
    plan: Plan
    inputs: Any
    saved: Any
    shape: Any
    dtype: Any
    notes: Notes | None
    time: int
    order: int
    pull: Any
    same_shape = keeps_result = False
    hooks, posts, line, counter = noted("hooks"), noted("posts"), noted("line"), noted("counter")

    @property
    def op_name(self) -> str:
        return self.plan.op.name

    def name(self) -> str:
        """The op's name as PyTorch writes it."""
        return type(self).__name__

    def refuse_stale(self) -> None:
        """An error if what was kept is there no more, or is not what it was."""
        if self.saved is None:
            raise RuntimeError(
                f"Trying to backward through the graph a second time: what '{self.op_name}' had kept for the backward pass was freed by"
                " the first one. Use retain_graph=True there if you need to walk the graph again"
            )
        counters = [v._counter for v in self.saved if isinstance(v, Value)]
        if self.keeps_result:
            counters.append(self.counter)
        if any(c is not None and c.last > self.time for c in counters):
            raise RuntimeError(
                f"one of the variables needed for gradient computation has been modified by an inplace operation: '{self.op_name}' kept"
                " a value for the backward pass, and it was overwritten since. Clone it before the in-place operation"
            )

    def pull_tensors(self, g) -> list:
        """`pull` with tensors that have a history, so that the gradients can be differentiated again."""
        if self.plan.op.composed:
            return self.pull_composed(g, *self.saved[-2:])
        kept = list(self.saved)
        if self.plan.out_at is not None:
            kept[self.plan.out_at] = self.as_output()
        return [function(g, *[kept[k] for k in picks]) for function, picks in self.plan.rules]

    def as_output(self) -> Tensor:
        """The op's result as a tensor with this node for its history."""
        out = Tensor.wrap(self.saved[self.plan.out_at])
        out._counter = self.counter or Counter()
        out.node, out._requires_grad = self, True
        return out

    def pull_composed(self, g, args, settings) -> list:
        """Gradients that can be differentiated again: those of the same function built from plain ops."""
        tracked = [a.view_as(a) if isinstance(a, Value) and a._requires_grad else a for a in args]
        out = self.plan.op.composed(*tracked, **settings)
        return run_for([out], [g], [tracked[i] for i in self.plan.positions], True, True)

    def keep_copy_of(self, tensor: Tensor) -> None:
        """`tensor` is about to be overwritten with this node's result: what the rules need of it is kept as it was."""
        if any(v is tensor for v in self.saved):
            before = Tensor.wrap(tensor.array.copy())
            before.node, before._leaf, before._requires_grad = (
                tensor.node,
                tensor._leaf,
                tensor._requires_grad,
            )
            self.saved = [before if v is tensor else v for v in self.saved]

    def keep_result_in(self, tensor: Tensor) -> None:
        """`tensor` has been overwritten with this node's result: a rule that needs only the result finds it there, not in a copy."""
        at = self.plan.out_at
        if (
            at is not None
            and self.saved[at].dtype == tensor.array.dtype
            and not any(isinstance(v, Value) for v in self.saved)
        ):
            self.saved[at], self.counter, self.time = tensor.array, tensor._counter, Counter.now

    def adopt(self, tensor: Tensor, new: Tensor) -> None:
        """`tensor` has been overwritten with `new` and takes over its history (with None, that of its base)."""
        from .inplace import history_from_base, take_history

        history_from_base(tensor) if new is None else take_history(tensor, new)

    def backward(self, root, gradient, retain_graph: bool, create_graph: bool, inputs) -> None:
        """What `Tensor.backward` calls."""
        if inputs is None:
            return run([self], [gradient], retain_graph, create_graph)
        inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
        for x, g in zip(inputs, run_for([root], [gradient], inputs, create_graph, retain_graph)):
            if g is not None:
                x.grad = g if x.grad is None else x.grad + g

    def register_prehook(self, fn) -> Handle:
        """Call fn((gradient of the result,)) before the node's step; a tuple that it returns takes the place of that one."""

        def hook(g):
            found = fn((g,))
            return None if found is None else found[0]

        self.hooks = [*self.hooks, hook]
        return Handle(self, hook, "hooks")

    def register_hook(self, fn) -> Handle:
        """Call fn(gradients of the inputs, (gradient of the result,)) after the node's step; what it returns replaces the former."""
        self.posts = [*self.posts, fn]
        return Handle(self, fn, "posts")

    @property
    def next_functions(self):
        """The edges, under PyTorch's name."""
        return tuple((p, 0) for p in self.inputs)

    def __repr__(self) -> str:
        return f"<{self.name()} object>"


def blank_node(node: Node) -> Node:
    node.saved, node.notes, node.time = (), None, Counter.now
    node.order = next(_orders)
    return node


class ComplexNode(Node):
    """An op with complex results. Gradients are conjugate (Wirtinger) derivatives, so one conjugation in and one out make the
    rules for real numbers right for complex ones too."""

    __slots__ = ("plan",)
    keeps_result = property(lambda self: self.plan.out_at is not None)

    def pull(self, g):
        return [None if p is None else ops.conj(p) for p in self.plan.pull(self, ops.conj(g))]

    def pull_tensors(self, g) -> list:
        return [None if p is None else ops.conj(p) for p in super().pull_tensors(ops.conj(g))]


class ManyNode(Node):
    """An op with several results. Its rules get a tuple of gradients, with zeros where a result was not used."""

    __slots__ = ("plan",)

    def pull(self, parts: Parts):
        return self.plan.pull(self, self.complete(parts, lambda array: array))

    def pull_tensors(self, parts: Parts) -> list:
        return super().pull_tensors(self.complete(parts, Tensor.wrap))

    def complete(self, parts: Parts, wrap) -> tuple:
        some = next(iter(parts.values()))
        xp = backend.module_of(some.array if isinstance(some, Value) else some)
        return tuple(parts[i] if i in parts else wrap(xp.zeros(*kind)) for i, kind in enumerate(self.dtype))

    def as_output(self):
        """The results as tensors, each with its own place in this node."""
        return tuple(output_tensor(self, i, array) for i, array in enumerate(self.saved[self.plan.out_at]))


def output_tensor(node: ManyNode, i: int, array) -> Tensor:
    out = Tensor.wrap(array)
    out.node, out._requires_grad = Output(node, i, array), True
    return out


class Output(Node):
    """One of several results: hands its gradient to the op's node, in its place."""

    def __init__(self, node: Node, index: int, array):
        blank_node(self)
        self.of, self.index, self.inputs = node, index, [node]
        self.shape, self.dtype = array.shape, array.dtype

    @property
    def op_name(self) -> str:
        return self.of.op_name

    def name(self) -> str:
        return self.of.plan.node_class.__name__

    def pull(self, g):
        return [Parts({self.index: g})]

    pull_tensors = pull


class Parts(dict):
    """Gradients of some of an op's results, by number."""

    def __add__(self, other):
        merged = Parts(self)
        for i, g in other.items():
            merged[i] = merged[i] + g if i in merged else g
        return merged


class Leaf(Node):
    """The place where a leaf's gradients arrive; holds the tensor weakly, since the tensor holds it."""

    def __init__(self, tensor: Tensor):
        blank_node(self)
        self.tensor, self.inputs = weakref.ref(tensor), ()
        self.shape, self.dtype = tensor.array.shape, tensor.array.dtype

    op_name = "accumulate_grad"
    saved = ()

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    @property
    def variable(self):
        return self.tensor()

    def there(self) -> Tensor:
        tensor = self.tensor()
        if tensor is None:
            raise RuntimeError("the tensor whose gradients arrive here is gone")
        return tensor

    def register_prehook(self, fn) -> Handle:
        return self.there().register_hook(lambda g: (fn((g,)) or (None,))[0])

    def register_hook(self, fn) -> Handle:
        """Call fn((), (the leaf's `.grad`,)) when the gradient has been added to it."""
        return self.there().register_post_accumulate_grad_hook(lambda leaf: fn((), (leaf.grad,)))

    @property
    def hooks(self):
        tensor = self.tensor()
        return () if tensor is None else tensor._hooks


def leaf(tensor: Tensor) -> Leaf:
    """The tensor's place in the graph, made when it is first used."""
    tensor._leaf = place = Leaf(tensor)
    return place


def node_of(tensor: Tensor) -> Node:
    return tensor.grad_fn or tensor._leaf or leaf(tensor)


# ---------------------------------------------------------------- recording


def record(op: Op, args, kwargs):
    """The interpreter of this module: what `evaluate` does, and remember it if a gradient will be wanted."""
    if not local.grad:
        return evaluate(op, args, kwargs)
    arrays = []
    mask, bit = 0, 1
    for a in args:
        if isinstance(a, Value):
            if a._base is not None and a._seen != a._counter.writes:
                renew(a)
            if a._requires_grad:
                mask |= bit
            wrap = a.wrap
            a = a.array
        arrays.append(a)
        bit += bit
    out = compute(op, args, kwargs, arrays, wrap)
    saved = out.__dict__.pop("_saved", None) if op.saves else None
    if not mask or not op.grad:
        return out
    plan = op.plans.get(mask | bit)  # the highest bit tells how many arguments there are
    if plan is None:
        plan = op.plans[mask | bit] = Plan(op, mask, len(args))
    if type(out) is tuple:
        return record_many(plan, args, kwargs, out)
    if plan.positions:
        node: Any = plan.node_class()
        if out.array.dtype.kind == "c":
            node = _new(ComplexNode)
            node.plan = plan
        plan.attach(node, out, out.array, args, kwargs, saved)
        if plan.out_at is not None and out._counter is not None:
            node.counter = (
                out._counter
            )  # the count of writes to the result, if they are counted yet: see `counted`
    return out


ALONE = object()  # in place of a second operand


def record_few(op: Op, x, y=ALONE):
    """`record` for what is small and frequent: exp(x), x + y and the like on tensors of one float dtype, or with a number.

    Half the time per op, which is all there is to gain in a small network (`tito benchmark --only overhead`). Anything else, errors
    among it, goes the long way.
    """
    a = x.array
    dtype, mask, same_shape = a.dtype, x._requires_grad, False
    args: Any
    if y is ALONE:
        args, key = (x,), 2 | mask
    elif isinstance(y, Value):
        b = y.array
        if y._base is not None or b.dtype is not dtype:
            return record(op, (x, y), NOTHING)
        args, mask = (x, y), mask | y._requires_grad << 1
        same_shape = op.dtypes is not None and a.shape == b.shape
        key = 12 | mask if same_shape else 4 | mask  # operands of one shape have a plan of their own
    elif type(y) is float or type(y) is int:
        args, key, b, same_shape = (x, y), 12 | mask, y, True
    else:
        return record(op, (x, y), NOTHING)
    if dtype.kind != "f" or x._base is not None or not local.grad or op.special:
        return record(op, args, NOTHING)
    try:
        forward = op.small if a.size < LARGE else op.forward
        array = forward(a) if y is ALONE else forward(a, b)
    except (ValueError, TypeError, IndexError, MemoryError, RuntimeWarning):
        return record(op, args, NOTHING)
    if type(array) is not ndarray:
        array = as_array(array)
        if type(array) is tuple:
            op.special = True
            return record(op, args, NOTHING)
    out = _new(Tensor)
    out.array = array
    out.node = out._leaf = out._base = out._counter = None
    out._requires_grad = False
    if mask and op.grad:
        if array.dtype is not dtype:  # real numbers became complex ones
            return record(op, args, NOTHING)
        plan = op.plans.get(key)
        if plan is None:
            plan = op.plans[key] = Plan(op, mask, len(args), same_shape)
        if plan.positions:  # an operand that wants a gradient may have a rule that says it has none
            plan.attach(plan.node_class(), out, array, args, NOTHING, None)
    return out


class Results(tuple):
    """The arrays that an op with several results returned, kept together."""

    shape = None
    dtype = property(lambda self: [(array.shape, array.dtype) for array in self])


def record_many(plan: Plan, args, kwargs, outputs: tuple):
    """An op with several results: one node for it, and one for each of them."""
    if plan.positions:
        node: Any = _new(ManyNode)
        node.plan = plan
        together = Results([o.array for o in outputs])
        plan.attach(node, Tensor.wrap(together), together, args, kwargs, None)
        for i, out in enumerate(outputs):
            if out.array.dtype.kind in "fc":
                out.node, out._requires_grad = Output(node, i, out.array), True
    return outputs


def renew(view) -> None:
    """A view whose memory was written under another name gets the history that memory has now."""
    from .inplace import history_from_base

    history_from_base(view)


# ---------------------------------------------------------------- walking back


def run(roots, gradients, retain_graph: bool, create_graph: bool) -> None:
    """From the roots' gradients (tensors) to every leaf's `.grad`."""
    walk(roots, gradients, None, None, retain_graph, create_graph)


def run_for(outputs, gradients, inputs, create_graph: bool, retain_graph: bool) -> list:
    """The gradients of the outputs with respect to the inputs alone; None where there is no path."""
    roots, wanted = [node_of(out) for out in outputs], [node_of(x) for x in inputs]
    targets = dict.fromkeys(wanted)
    walk(roots, gradients, targets, on_the_way(roots, targets), retain_graph, create_graph)
    return [targets[node] for node in wanted]


def on_the_way(roots, targets) -> set:
    """The nodes from which a target can be reached: the others need not be visited."""
    users: dict = {root: [] for root in roots}
    stack = list(users)
    while stack:
        node = stack.pop()
        for p in node.inputs:
            if p not in users:
                users[p] = []
                stack.append(p)
            users[p].append(node)
    useful, stack = set(), [t for t in targets if t in users]
    while stack:
        for node in users[stack.pop()]:
            if node not in useful:
                useful.add(node)
                stack.append(node)
    return useful


def walk(roots, gradients, targets: Any, useful: Any, retain_graph: bool, create_graph: bool) -> None:
    """Hand gradients from the roots down. What arrives at a target stays there; without targets, leaves add what arrives
    to their `.grad`."""
    grads: dict = {}
    heap: list = []
    for root, g in zip(roots, gradients):
        send(root, g if create_graph else g.array, grads, heap)
    before, local.grad = local.grad, create_graph
    watch = local.watch
    plainly = targets is None and not create_graph
    following: Any = None  # a node that need not go through the heap: graphs are chains for the most part
    try:
        while heap or following is not None:
            if following is None:
                node = heappop(heap)[1]
            elif heap and heap[0][0] < following.order:
                node = heappushpop(heap, (following.order, following))[1]
            else:
                node = following
            following = None
            g = grads.pop(node)
            if type(node) is Leaf:
                if targets is None:
                    deposit(node.tensor(), g)
                    continue
                g = run_hooks(node.hooks, g)
            elif node.notes is not None:
                g = run_hooks(node.hooks, g)
            if targets is not None:
                if node in targets:
                    targets[node] = as_tensor(g)
                if node not in useful:
                    continue
            saved = node.saved
            if saved is None or Counter.now != node.time:  # freed, or something was written in place since
                node.refuse_stale()
            try:
                if create_graph or watch is not None:
                    pulled = pull_watched(node, g, create_graph, watch)
                else:
                    pulled = node.pull(g)
            except RuntimeWarning:  # as in `compute`
                pulled = quietly(node.pull_tensors if create_graph else node.pull, g)
            if node.notes is not None:
                if node.line is not None:
                    refuse_nan(node, g, pulled)
                if node.posts:
                    pulled = run_posts(node, g, pulled)
            if saved and not retain_graph:
                node.saved = saved = None
            fits = plainly and node.same_shape
            i = 0
            for p in node.inputs:  # with a counter: `zip` would take as long as all the rest here
                gp = pulled[i]
                i += 1
                if not fits:
                    if gp is None or (useful is not None and p not in useful and p not in targets):
                        continue
                    if p.shape is not None and (
                        create_graph or gp.shape != p.shape or gp.dtype is not p.dtype
                    ):
                        gp = fit(gp, p)
                waiting = grads.get(p)
                if waiting is not None:
                    small = type(gp) is ndarray and gp.size < LARGE
                    grads[p] = waiting + gp if small else added(waiting, gp)
                    continue
                grads[p] = gp
                if following is None:
                    following = p
                else:
                    heappush(heap, (p.order, p))
            # Nothing but `grads` and the leaves may hold a gradient now.
            pulled = waiting = gp = g = saved = None
    finally:
        local.grad = before


def added(g, more):
    """The sum of two gradients of one result: arrays, tensors or parts."""
    if type(g) is ndarray and g.size >= LARGE:
        return ops.add_op.forward(g, more)
    return g + more


def pull_watched(node: Node, g, create_graph: bool, watch):
    """A node's step for a graph that is to be differentiated again, or under a profiler."""
    pull = node.pull_tensors if create_graph else node.pull
    return pull(g) if watch is None else watch(node, partial(pull, g))


def send(node: Node, g, grads: dict, heap: list) -> None:
    """Add a gradient to what waits for this node."""
    if node in grads:
        grads[node] = grads[node] + g
    else:
        grads[node] = g
        heappush(heap, (node.order, node))


def as_tensor(g):
    return g if isinstance(g, Value) else Tensor.wrap(np.asarray(g) if isinstance(g, np.generic) else g)


class AnomalyError(RuntimeError):
    """A NaN where there was none before: what `detect_anomaly` raises."""


def refuse_nan(node: Node, g, pulled) -> None:
    nan = lambda x: (
        x is not None
        and not isinstance(x, Parts)
        and bool(np.isnan(x.array if isinstance(x, Value) else x).any())
    )
    if not nan(g) and any(map(nan, pulled)):
        raise AnomalyError(
            f"the backward pass of op '{node.op_name}' returned a NaN, and there was none in its gradient\n  forward called at {node.line}"
        )


def fit(g, target: Node):
    """The gradient in the shape and dtype of what it is the gradient of: broadcasting undone, once for all ops."""
    shape, dtype = target.shape, target.dtype
    array = g.array if isinstance(g, Value) else g
    if array.shape != shape:
        g = unbroadcast(g, array.shape, shape)
    if array.dtype is not dtype and array.dtype != dtype:
        g = ops.cast(g, dtype=dtype)
    return g


def unbroadcast(g, have, want):
    """Sum over the dims that broadcasting added or stretched."""
    lead = len(have) - len(want)
    if lead and have[lead:] == want and type(g) is ndarray:
        return ops.sum_leading(g, lead)
    dims = tuple(range(lead)) + tuple(
        [lead + i for i, s in enumerate(want) if s == 1 and have[lead + i] != 1]
    )
    return ops.reshape_op(ops.sum(g, dim=dims) if dims else g, shape=want)


def run_hooks(hooks, g):
    """Let each hook see the gradient, and replace it if it returns one."""
    if not hooks or isinstance(g, Parts):
        return g
    for hook in list(hooks):
        result = hook(as_tensor(g))
        if result is not None:
            g = result if isinstance(g, Value) else result.array
    return g


def run_posts(node: Node, g, pulled):
    """Let each hook see the gradients that the node hands on, and replace them if it returns some."""
    found = [None if p is None else as_tensor(fit(p, to)) for p, to in zip(pulled, node.inputs)]
    for hook in list(node.posts):
        result = hook(tuple(found), (as_tensor(g),))
        if result is not None:
            found = list(result)
    plain_ones = not isinstance(g, Value)
    return [p.array if plain_ones and isinstance(p, Value) else p for p in found]


def owns(view) -> bool:
    """Whether nobody else holds the memory of this view: it is all of an array that was but reshaped."""
    base = view.base
    return type(base) is ndarray and base.base is None and base.size == view.size and getrefcount(base) == 3


def deposit(tensor: Any, g) -> None:
    """Add a gradient to a leaf's `.grad`; nowhere, if the leaf is gone."""
    if tensor is None:
        return
    if tensor._hooks:
        g = run_hooks(tensor._hooks, g)
    grad = tensor._grad
    if isinstance(g, Value):
        tensor._grad = g if grad is None else grad + g
    elif grad is None:
        # A rule may hand the same array to two inputs, or a view: `.grad` must be memory of its own, since users write to it.
        if type(g) is not ndarray:  # NumPy's scalars, CuPy's arrays
            g = as_array(g)
        if getrefcount(g) > 3 or (g.base is not None and not owns(g)) or not backend.writable(g):
            g = g.copy()
        tensor._grad = Tensor.wrap(g)
    elif grad._requires_grad:
        tensor._grad = grad + Tensor.wrap(g)
    else:
        grad.array += g  # in place: who holds `.grad` sees the sum, as in PyTorch
    for hook in tensor._post_hooks:
        hook(tensor)


install(record, record_few)
