"""Reverse-mode differentiation: remember what was computed, then walk it backwards.

`record` is an interpreter: while it runs, every op on a tensor that requires a gradient leaves a Node behind. A Node knows
the nodes of its op's inputs and what the op's rules asked to keep. `walk` visits the nodes from the youngest to the oldest:
an op is younger than its inputs, so all consumers of a result come before the op that made it. What was kept is freed on the way.
"""

from __future__ import annotations

import weakref
from functools import partial
from heapq import heappop, heappush
from itertools import count
from sys import getrefcount
from typing import Any

import numpy as np

from .. import ops
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
    unusual,
)
from ..tensor import Tensor

ARG, SHAPE, SETTING, OUT, SAVED, NUMBER, ARGS, SHAPES, SETTINGS = range(9)
_new = object.__new__
_orders = count(0, -1)  # each new node gets the next lower number, so that the youngest comes first in a heap


# ---------------------------------------------------------------- what to keep

LABELS = {  # PyTorch's names for ops that have others here
    "matmul_op": "Mm", "reshape_op": "View", "concatenate": "Cat", "clamp_bounds": "Clamp", "where_between": "Where", "cast": "ToCopy",
    "norm2": "LinalgVectorNorm", "contiguous_op": "Clone", "softmax_cross_entropy": "NllLoss", "getitem_op": "Select",
    "linear_op": "Addmm", "dropout_op": "Mul", "logsigmoid_op": "LogSigmoid", "cross_entropy_of_bits": "BinaryCrossEntropy",
}  # fmt: skip


class Plan:
    """For one op and one set of arguments that need a gradient: the rules to run and what to keep for them."""

    __slots__ = ("all_args", "fetch", "node_class", "only_args", "op", "out_at", "positions", "rules")

    def __init__(self, op: Op, mask: int, count: int):
        self.op = op
        rules = {i: rule_for(op, i) for i in range(count) if mask >> i & 1}
        rules = {i: rule for i, rule in rules.items() if rule is not None}
        self.positions = list(rules)
        needs = {i: [locate(op, name, i) for name in rule.needs] for i, rule in rules.items()}
        self.fetch = sorted(dict.fromkeys(key for keys in needs.values() for key in keys))
        self.rules = [(rules[i].function, [self.fetch.index(key) for key in needs[i]]) for i in rules]
        if op.composed:
            self.fetch += [(ARGS, None), (SETTINGS, None)]
        self.out_at = self.fetch.index((OUT, 0)) if (OUT, 0) in self.fetch else None
        self.only_args = (
            [key for kind, key in self.fetch if kind == ARG]
            if all(kind == ARG for kind, _ in self.fetch)
            else None
        )
        self.all_args = self.only_args == list(range(count))
        label = LABELS.get(op.name) or "".join(
            part.title() for part in op.name.removesuffix("_op").split("_")
        )
        self.node_class = type(
            f"{label}Backward0", (Node,), {"__slots__": ()}
        )  # so that type(y.grad_fn).__name__ reads as in PyTorch


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


def fetch(kind: int, key, op: Op, args, kwargs, saved):
    """The rarer things that a rule may ask for."""
    if kind == SAVED:
        return saved
    if kind == SHAPES:
        return [shape_of(a) for a in args]
    if kind == SETTINGS:
        return {**op.settings, **kwargs}
    return args if kind == ARGS else key


def shape_of(value):
    return value.array.shape if isinstance(value, Value) else ()


# ---------------------------------------------------------------- nodes


class Node:
    """One recorded op: how gradients get from its result to its inputs.

    `inputs` are the nodes that the inputs came from, `saved` what the rules asked for, `time` the count of in-place writes when
    they were saved. A node must not hold its own result: the two would keep each other, and all that was saved, alive.
    """

    # `hooks` see the gradient of the result; `line` is where the op was called (under detect_anomaly), `counter` counts the
    # writes to the result where a rule needs it, `order` is lower the younger the node.
    __slots__ = (
        "__weakref__",
        "counter",
        "dtype",
        "hooks",
        "inputs",
        "line",
        "order",
        "plan",
        "saved",
        "shape",
        "time",
    )
    plan: Plan
    inputs: Any
    saved: Any
    shape: Any
    dtype: Any
    hooks: Any
    line: str | None
    counter: Counter | None
    time: int
    order: int

    @property
    def op_name(self) -> str:
        return self.plan.op.name

    def name(self) -> str:
        """The op's name as PyTorch writes it."""
        return type(self).__name__

    def pull(self, g, create_graph: bool) -> list:
        """The gradients of the inputs, from the gradient of the result: arrays from arrays, or tensors from tensors."""
        saved = self.saved
        if saved is None:
            raise RuntimeError(
                f"Trying to backward through the graph a second time: what '{self.op_name}' had kept for the backward pass was freed by"
                " the first one. Use retain_graph=True there if you need to walk the graph again"
            )
        if (
            Counter.now != self.time
        ):  # something was written in place since: was it something that is kept here?
            self.refuse_overwritten()
        if create_graph:
            return self.pull_tensors(g)
        gradients = []
        for function, picks in self.plan.rules:
            if not picks:
                gradients.append(function(g))
            elif len(picks) == 1:
                v = saved[picks[0]]
                gradients.append(
                    function(g, v.array if isinstance(v, Value) else v if type(v) is not tuple else plain(v))
                )
            else:
                kept = [saved[k] for k in picks]
                gradients.append(
                    function(
                        g,
                        *[
                            v.array if isinstance(v, Value) else v if type(v) is not tuple else plain(v)
                            for v in kept
                        ],
                    )
                )
        return gradients

    def pull_tensors(self, g) -> list:
        """The same with tensors that have a history, so that the gradients can be differentiated again."""
        if self.plan.op.composed:
            return self.pull_composed(g, *self.saved[-2:])
        kept = list(self.saved)
        if self.plan.out_at is not None:
            kept[self.plan.out_at] = self.as_output()
        return [function(g, *[kept[k] for k in picks]) for function, picks in self.plan.rules]

    def refuse_overwritten(self) -> None:
        counters = [self.counter] + [v._counter for v in self.saved if isinstance(v, Value)]
        if any(c is not None and c.last > self.time for c in counters):
            raise RuntimeError(
                f"one of the variables needed for gradient computation has been modified by an inplace operation: '{self.op_name}' kept"
                " a value for the backward pass, and it was overwritten since. Clone it before the in-place operation"
            )

    def as_output(self) -> Tensor:
        """The op's result as a tensor with this node for its history."""
        out = Tensor.wrap(self.saved[self.plan.out_at])
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

    @property
    def next_functions(self):
        """The edges, under PyTorch's name."""
        return tuple((p, 0) for p in self.inputs)

    def __repr__(self) -> str:
        return f"<{self.name()} object>"


def plain(values: tuple) -> tuple:
    return tuple([v.array if isinstance(v, Value) else v for v in values])


def blank_node(node: Node) -> Node:
    node.hooks = node.saved = ()
    node.line = node.counter = None
    node.order = next(_orders)
    return node


class ComplexNode(Node):
    """An op with complex results. Gradients are conjugate (Wirtinger) derivatives, so one conjugation in and one out make the
    rules for real numbers right for complex ones too."""

    def pull(self, g, create_graph: bool) -> list:
        return [None if p is None else ops.conj(p) for p in super().pull(ops.conj(g), create_graph)]


class ManyNode(Node):
    """An op with several results. Its rules get a tuple of gradients, with zeros where a result was not used."""

    def pull(self, parts: Parts, create_graph: bool):
        some = next(iter(parts.values()))
        wrapped = some.wrap if isinstance(some, Value) else lambda array: array
        g = tuple(parts[i] if i in parts else wrapped(np.zeros(*kind)) for i, kind in enumerate(self.dtype))
        return super().pull(g, create_graph)

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

    def pull(self, g, create_graph: bool):
        return [Parts({self.index: g})]


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
        self.tensor, self.inputs, self.order = weakref.ref(tensor), (), next(_orders)
        self.shape, self.dtype = tensor.array.shape, tensor.array.dtype

    op_name = "accumulate_grad"
    saved = ()

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    @property
    def variable(self):
        return self.tensor()

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
    dtype = None
    mixed = False
    mask, bit = 0, 1
    for a in args:
        if isinstance(a, Value):
            if a._base is not None and a._seen != a._counter.writes:
                renew(a)
            if a._requires_grad:
                mask |= bit
            wrap = a.wrap
            a = a.array
            if dtype is None:
                dtype = a.dtype
            elif a.dtype is not dtype:
                mixed = True
        elif type(a) is not float and type(a) is not int:
            mixed = unusual(op, a)
        arrays.append(a)
        bit += bit
    out = compute(op, args, kwargs, arrays, dtype, mixed, wrap)
    if op.saves:
        saved = out.__dict__.pop("_saved", None)
    if not mask or not op.grad:
        return out
    plan = op.plans.get(mask | bit)  # the highest bit tells how many arguments there are
    if plan is None:
        plan = op.plans[mask | bit] = Plan(op, mask, len(args))
    if type(out) is tuple:
        return record_many(plan, args, kwargs, out)
    if plan.positions:
        array = out.array
        dtype = array.dtype
        node = _new(plan.node_class if dtype.kind != "c" else ComplexNode)
        node.plan, node.time = plan, Counter.now
        node.shape, node.dtype = array.shape, dtype
        node.hooks = node.saved = ()
        node.line = node.counter = None
        node.inputs = inputs = []
        for i in plan.positions:
            a = args[i]
            inputs.append(a.node or a._leaf or leaf(a))
        node.order = next(_orders)  # after its inputs, one of which may be a new leaf
        if plan.only_args:
            node.saved = args if plan.all_args else [args[i] for i in plan.only_args]
        elif plan.fetch:
            save(node, plan, args, kwargs, out, saved if op.saves else None)
        out.node, out._requires_grad = node, True
    return out


def record_pair(op: Op, x, y):
    """`record` for what is tiny and frequent, x + y on tensors of one float dtype or with a number: the same without loops.

    Half the time per op, which is all there is to gain in a small network (benchmarks/overhead.py). Anything else, errors
    among it, goes the long way.
    """
    a = x.array
    dtype = a.dtype
    if type(y) is float or type(y) is int:
        b, mask = y, 4 | x._requires_grad
    elif isinstance(y, Value) and y._base is None and y.array.dtype is dtype:
        b, mask = y.array, 4 | x._requires_grad | y._requires_grad << 1
    else:
        return record(op, (x, y), NOTHING)
    if dtype.kind != "f" or x._base is not None or not local.grad:
        return record(op, (x, y), NOTHING)
    try:
        array = op.forward(a, b)
    except (ValueError, TypeError, RuntimeWarning):
        return record(op, (x, y), NOTHING)
    out = _new(Tensor)
    out.array = array if type(array) is ndarray else as_array(array)
    out.node = out._leaf = out._base = out._counter = None
    out._requires_grad = False
    if mask == 4 or not op.grad:
        return out
    plan = op.plans.get(mask)
    if plan is None:
        plan = op.plans[mask] = Plan(op, mask & 3, 2)
    if plan.positions:
        node = _new(plan.node_class)
        node.plan, node.time = plan, Counter.now
        node.shape, node.dtype = array.shape, dtype
        node.hooks = node.saved = ()
        node.line = node.counter = None
        if len(plan.positions) == 2:
            node.inputs = (x.node or x._leaf or leaf(x), y.node or y._leaf or leaf(y))
        else:
            a = (x, y)[plan.positions[0]]
            node.inputs = (a.node or a._leaf or leaf(a),)
        node.order = next(_orders)
        if plan.all_args:
            node.saved = (x, y)
        elif plan.fetch:
            save(node, plan, (x, y), NOTHING, out, None)
        out.node, out._requires_grad = node, True
    return out


def save(node: Node, plan: Plan, args, kwargs, out, saved) -> None:
    """Keep what the rules asked for, where that is more than arguments."""
    op = plan.op
    node.saved = kept = []
    for kind, key in plan.fetch:
        if kind == SHAPE:
            kept.append(shape_of(args[key]))
        elif kind == SETTING:
            kept.append(kwargs[key] if key in kwargs else op.settings[key])
        elif kind == ARG:
            kept.append(args[key])
        elif kind == OUT:  # the array, not the tensor, and the count of writes to it
            kept.append(out.array)
            if out._counter is None:
                out._counter = Counter()
            node.counter = out._counter
        else:
            kept.append(fetch(kind, key, op, args, kwargs, saved))


def record_many(plan: Plan, args, kwargs, outputs: tuple):
    """An op with several results: one node for it, and one for each of them."""
    if plan.positions:
        bundle = Tensor.wrap(tuple(o.array for o in outputs))
        inputs = [node_of(args[i]) for i in plan.positions]
        node = blank_node(_new(ManyNode))
        node.plan, node.time, node.shape = plan, Counter.now, None
        node.dtype = [(o.array.shape, o.array.dtype) for o in outputs]
        node.inputs = inputs
        save(node, plan, args, kwargs, bundle, None)
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
    try:
        while heap:
            node = heappop(heap)[1]
            g = grads.pop(node)
            if node.hooks:
                g = run_hooks(node, g, create_graph)
            if targets is not None:
                if node in targets:
                    targets[node] = as_tensor(g)
                if node not in useful:
                    continue
            if type(node) is Leaf:
                deposit(node, g)
                continue
            try:
                pulled = (
                    node.pull(g, create_graph)
                    if watch is None
                    else watch(node, partial(node.pull, g, create_graph))
                )
            except RuntimeWarning:  # as in `compute`
                pulled = quietly(node.pull, g, create_graph)
            if node.line is not None:
                refuse_nan(node, g, pulled)
            if not retain_graph and node.saved:
                node.saved = None
            for p, gp in zip(node.inputs, pulled):
                if gp is None or (useful is not None and p not in useful and p not in targets):
                    continue
                if p.shape is not None and (create_graph or gp.shape != p.shape or gp.dtype is not p.dtype):
                    gp = fit(gp, p)
                have = grads.get(p)
                if have is None:
                    grads[p] = gp
                    heappush(heap, (p.order, p))
                else:
                    grads[p] = have + gp
            pulled = gp = g = have = None  # nothing but `grads` and the leaves may hold a gradient now
    finally:
        local.grad = before


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


def run_hooks(node, g, create_graph: bool):
    """Let each hook see the gradient, and replace it if it returns one."""
    if isinstance(g, Parts):
        return g
    for hook in list(node.hooks):
        result = hook(as_tensor(g))
        if result is not None:
            g = result if create_graph else result.array
    return g


def deposit(leaf: Leaf, g) -> None:
    """Add a gradient to a leaf's `.grad`."""
    tensor: Any = leaf.tensor()
    if tensor is None:
        return
    if isinstance(g, Value):
        tensor._grad = g if tensor._grad is None else tensor._grad + g
    elif tensor._grad is None:
        # A rule may hand the same array to two inputs, or a view: `.grad` must be memory of its own, since users write to it.
        if type(g) is np.ndarray and (g.base is not None or getrefcount(g) > 3 or not g.flags.writeable):
            g = g.copy()
        tensor._grad = Tensor.wrap(np.asarray(g) if isinstance(g, np.generic) else g)
    elif tensor._grad._requires_grad:
        tensor._grad = tensor._grad + Tensor.wrap(g)
    else:
        tensor._grad.array += g  # in place: who holds `.grad` sees the sum, as in PyTorch
    for hook in tensor._post_hooks:
        hook(tensor)


install(record, record_pair)
