"""Reverse-mode differentiation: remember what was computed, then walk it backwards.

`record` is an interpreter: while it runs, every op on a tensor that requires a gradient leaves a Node behind. A Node knows
the nodes of its op's inputs and what the op's rules asked to keep. `run` walks the nodes from the result to the leaves,
each one once all its consumers are done, and frees what was kept as it goes.
"""

from __future__ import annotations

import weakref
from sys import getrefcount

import numpy as np

from .. import ops
from ..op import Counter, Op, Value, compute, evaluate, install, local, ndarray, quietly, unusual
from ..tensor import Tensor

ARG, SHAPE, SETTING, OUT, SAVED, NUMBER, ARGS, SHAPES, SETTINGS = range(9)
_new = object.__new__


# ---------------------------------------------------------------- what to keep

LABELS = {  # PyTorch's names for ops that have others here
    "matmul_op": "Mm", "reshape_op": "View", "concatenate": "Cat", "clamp_bounds": "Clamp", "where_between": "Where", "cast": "ToCopy",
    "norm2": "LinalgVectorNorm", "contiguous_op": "Clone", "softmax_cross_entropy": "NllLoss", "getitem_op": "Select",
}  # fmt: skip



class Plan:
    """For one op and one set of arguments that need a gradient: the rules to run and what to keep for them."""

    __slots__ = ("all_args", "fetch", "keeps_out", "node_class", "only_args", "op", "positions", "rules")

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
        self.keeps_out = (OUT, 0) in self.fetch
        self.only_args = [key for kind, key in self.fetch if kind == ARG] if all(kind == ARG for kind, _ in self.fetch) else None
        self.all_args = self.only_args == list(range(count))
        label = LABELS.get(op.name) or "".join(part.title() for part in op.name.removesuffix("_op").split("_"))
        self.node_class = type(f"{label}Backward0", (Node,), {})  # so that type(y.grad_fn).__name__ reads as in PyTorch


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
    return {"out": (OUT, 0), "saved": (SAVED, 0), "shapes": (SHAPES, 0), "i": (NUMBER, i), op.variadic: (ARGS, 0)}[name]


def fetch(kind: int, key, op: Op, args, kwargs, saved):
    """What a rule may ask for beside the values of arguments and the result."""
    if kind == SHAPE:
        return shape_of(args[key])
    if kind == SETTING:
        return kwargs[key] if key in kwargs else op.settings[key]
    if kind == SHAPES:
        return [shape_of(a) for a in args]
    if kind == SAVED:
        return saved
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

    hooks = ()
    line = None  # where the op was called, under detect_anomaly
    counter = None  # of writes to the result, where a rule needs it

    @property
    def op_name(self) -> str:
        return self.plan.op.name

    def name(self) -> str:
        """The op's name as PyTorch writes it."""
        return type(self).__name__

    saved = ()  # None once it was freed

    def pull(self, g, create_graph: bool) -> list:
        """The gradients of the inputs, from the gradient of the result."""
        kept = self.unpack(create_graph)
        if create_graph and self.plan.op.composed:
            return self.pull_composed(g, *kept[-2:])
        gradients = []
        for function, picks in self.plan.rules:
            if len(picks) == 1:
                gradients.append(function(g, kept[picks[0]]))
            else:
                gradients.append(function(g, *[kept[k] for k in picks]) if picks else function(g))
        return gradients

    def unpack(self, create_graph: bool) -> list:
        """What was saved: arrays for a first-order pass, tensors with their history otherwise."""
        if self.saved is None:
            raise RuntimeError(
                f"Trying to backward through the graph a second time: what '{self.op_name}' had kept for the backward pass was freed by"
                " the first one. Use retain_graph=True there if you need to walk the graph again"
            )
        if self.counter is not None and self.counter.last > self.time:
            raise Overwritten(self.op_name)
        kept = []
        for v in self.saved:
            if isinstance(v, Value):
                if v._counter is not None and v._counter.last > self.time:
                    raise Overwritten(self.op_name)
                if not create_graph:
                    v = v.array
            elif type(v) is tuple and not create_graph:
                v = plain(v)
            kept.append(v)
        if create_graph and self.plan.keeps_out:
            kept[self.plan.fetch.index((OUT, 0))] = self.as_output()
        return kept

    def as_output(self) -> Tensor:
        """The op's result as a tensor with this node for its history."""
        out = Tensor.wrap(self.saved[self.plan.fetch.index((OUT, 0))])
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
            before.node, before._leaf, before._requires_grad = tensor.node, tensor._leaf, tensor._requires_grad
            self.saved = [before if v is tensor else v for v in self.saved]

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


class Overwritten(RuntimeError):
    """Something that a rule needs is not what it was."""

    def __init__(self, name: str):
        super().__init__(
            f"one of the variables needed for gradient computation has been modified by an inplace operation: '{name}' kept a value"
            " for the backward pass, and it was overwritten since. Clone it before the in-place operation"
        )


def plain(values: tuple) -> tuple:
    return tuple([v.array if isinstance(v, Value) else v for v in values])


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
        return tuple(output_tensor(self, i, array) for i, array in enumerate(self.saved[self.plan.fetch.index((OUT, 0))]))


def output_tensor(node: ManyNode, i: int, array) -> Tensor:
    out = Tensor.wrap(array)
    out.node, out._requires_grad = Output(node, i, array), True
    return out


class Output(Node):
    """One of several results: hands its gradient to the op's node, in its place."""

    def __init__(self, node: Node, index: int, array):
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

    inputs = ()

    def __init__(self, tensor: Tensor):
        self.tensor = weakref.ref(tensor)
        self.shape, self.dtype = tensor.array.shape, tensor.array.dtype

    op_name = "accumulate_grad"

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
        node.inputs = inputs = []
        for i in plan.positions:
            a = args[i]
            inputs.append(a.node or a._leaf or leaf(a))
        if plan.only_args:
            node.saved = args if plan.all_args else [args[i] for i in plan.only_args]
        elif plan.fetch:
            save(node, plan, args, kwargs, out, saved if op.saves else None)
        out.node, out._requires_grad = node, True
    return out


def save(node: Node, plan: Plan, args, kwargs, out, saved) -> None:
    """Keep what the rules asked for, where that is more than arguments."""
    if plan.keeps_out:  # the array, not the tensor, and the count of writes to it
        if out._counter is None:
            out._counter = Counter()
        node.counter = out._counter
    node.saved = [
        args[key] if kind == ARG else out.array if kind == OUT else fetch(kind, key, plan.op, args, kwargs, saved)
        for kind, key in plan.fetch
    ]


def record_many(plan: Plan, args, kwargs, outputs: tuple):
    """An op with several results: one node for it, and one for each of them."""
    if plan.positions:
        bundle = Tensor.wrap(tuple(o.array for o in outputs))
        node = _new(ManyNode)
        node.plan, node.time, node.shape = plan, Counter.now, None
        node.dtype = [(o.array.shape, o.array.dtype) for o in outputs]
        node.inputs = [node_of(args[i]) for i in plan.positions]
        save(node, plan, args, kwargs, bundle, None)
        for i, out in enumerate(outputs):
            if out.array.dtype.kind in "fc":
                out.node, out._requires_grad = Output(node, i, out.array), True
    return outputs


def renew(view: Tensor) -> None:
    """A view whose memory was written under another name gets the history that memory has now."""
    from .inplace import history_from_base

    history_from_base(view)


# ---------------------------------------------------------------- walking back


def run(roots, gradients, retain_graph: bool, create_graph: bool) -> None:
    """From the roots' gradients (tensors) to every leaf's `.grad`."""
    walk(roots, gradients, consumers(roots), None, retain_graph, create_graph)


def run_for(outputs, gradients, inputs, create_graph: bool, retain_graph: bool) -> list:
    """The gradients of the outputs with respect to the inputs alone; None where there is no path."""
    roots, wanted = [node_of(out) for out in outputs], [node_of(x) for x in inputs]
    targets = dict.fromkeys(wanted)
    walk(roots, gradients, consumers_towards(roots, targets), targets, retain_graph, create_graph)
    return [targets[node] for node in wanted]


def consumers(roots) -> dict:
    """How many recorded ops will send a gradient to each node."""
    counts = dict.fromkeys(roots, 0)
    stack = list(counts)
    while stack:
        for p in stack.pop().inputs:
            if p in counts:
                counts[p] += 1
            else:
                counts[p] = 1
                stack.append(p)
    return counts


def consumers_towards(roots, targets) -> dict:
    """The same, counting only what lies on a path to a target: the rest need not be visited."""
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
    return {node: sum(by in useful for by in users[node]) for node in users if node in useful or node in targets}


def walk(roots, gradients, waiting: dict, targets: dict | None, retain_graph: bool, create_graph: bool) -> None:
    """Visit each node when all its consumers have been. What arrives at a target stays there; without targets, leaves
    add what arrives to their `.grad`."""
    grads: dict = {}
    for root, g in zip(roots, gradients):
        g = g if create_graph else g.array
        grads[root] = grads[root] + g if root in grads else g
    ready = [node for node in dict.fromkeys(roots) if waiting.get(node) == 0]
    before, local.grad = local.grad, create_graph
    try:
        while ready:
            node = ready.pop()
            g = grads.pop(node, None)
            if g is not None and node.hooks:
                g = run_hooks(node, g, create_graph)
            if targets is not None and node in targets:
                targets[node] = g if g is None or isinstance(g, Value) else Tensor.wrap(np.asarray(g) if isinstance(g, np.generic) else g)
            if type(node) is Leaf:
                if targets is None and g is not None:
                    deposit(node, g)
                continue
            if g is None or targets is not None and not goes_on(node, waiting):
                pulled = [None] * len(node.inputs)  # no gradient came, so none goes on, but the inputs need not wait
            else:
                try:
                    pulled = node.pull(g, create_graph)
                except RuntimeWarning:  # as in `compute`
                    pulled = quietly(node.pull, g, create_graph)
                if node.line is not None:
                    refuse_nan(node, g, pulled)
                if not retain_graph and node.saved:
                    node.saved = None
            for p, gp in zip(node.inputs, pulled):
                if targets is not None and p not in waiting:
                    continue
                if gp is not None:
                    if p.shape is not None and (create_graph or gp.shape != p.shape or gp.dtype is not p.dtype):
                        gp = fit(gp, p)
                    have = grads.get(p)
                    grads[p] = gp if have is None else have + gp
                waiting[p] = left = waiting[p] - 1
                if not left:
                    ready.append(p)
            pulled = gp = g = None  # nothing but `grads` and the leaves may hold a gradient now
    finally:
        local.grad = before


def goes_on(node, waiting) -> bool:
    """Whether a target lies behind this node."""
    return any(p in waiting for p in node.inputs)


class AnomalyError(RuntimeError):
    """A NaN where there was none before: what `detect_anomaly` raises."""


def refuse_nan(node: Node, g, pulled) -> None:
    nan = lambda x: x is not None and not isinstance(x, Parts) and bool(np.isnan(x.array if isinstance(x, Value) else x).any())  # noqa: E731
    if not nan(g) and any(map(nan, pulled)):
        raise AnomalyError(f"the backward pass of op '{node.op_name}' returned a NaN, and there was none in its gradient\n  forward called at {node.line}")


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
    dims = tuple(range(lead)) + tuple([lead + i for i, s in enumerate(want) if s == 1 and have[lead + i] != 1])
    if type(g) is ndarray:
        return np.add.reduce(g, dims).reshape(want) if dims else g.reshape(want)
    return ops.reshape_op(ops.sum(g, dim=dims) if dims else g, shape=want)


def run_hooks(node, g, create_graph: bool):
    """Let each hook see the gradient, and replace it if it returns one."""
    if isinstance(g, Parts):
        return g
    for hook in list(node.hooks):
        result = hook(g if isinstance(g, Value) else Tensor.wrap(np.asarray(g)))
        if result is not None:
            g = result if create_graph else result.array
    return g


def deposit(leaf: Leaf, g) -> None:
    """Add a gradient to a leaf's `.grad`."""
    tensor = leaf.tensor()
    if tensor is None:
        return
    if isinstance(g, Value):
        tensor.grad = g if tensor.grad is None else tensor.grad + g
    elif tensor.grad is None:
        # A rule may hand the same array to two inputs, or a view: `.grad` must be memory of its own, since users write to it.
        if type(g) is np.ndarray and (g.base is not None or getrefcount(g) > 3 or not g.flags.writeable):
            g = g.copy()
        tensor.grad = Tensor.wrap(np.asarray(g) if isinstance(g, np.generic) else g)
    elif tensor.grad._requires_grad:
        tensor.grad = tensor.grad + Tensor.wrap(g)
    else:
        tensor.grad.array += g  # in place: who holds `.grad` sees the sum, as in PyTorch
    for hook in tensor._post_hooks:
        hook(tensor)


install(record)
