"""torch.utils._pytree: nests of tuples, lists and dicts taken apart into leaves and put together again."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """How one type of node is taken apart (into children and what else is needed) and put together."""

    flatten: Callable[[Any], tuple[list, Any]]
    unflatten: Callable[[Iterable, Any], Any]


def of_dict(d: dict) -> tuple[list, list]:
    return list(d.values()), list(d)


KINDS: dict[type, Kind] = {
    tuple: Kind(lambda t: (list(t), None), lambda children, _: tuple(children)),
    list: Kind(lambda t: (t, None), lambda children, _: list(children)),
    dict: Kind(of_dict, lambda children, keys: dict(zip(keys, children))),
    OrderedDict: Kind(of_dict, lambda children, keys: OrderedDict(zip(keys, children))),
    defaultdict: Kind(
        lambda d: (list(d.values()), (d.default_factory, list(d))),
        lambda children, context: defaultdict(context[0], zip(context[1], children)),
    ),
    deque: Kind(lambda d: (list(d), d.maxlen), lambda children, length: deque(children, maxlen=length)),
}
NAMED = Kind(lambda t: (list(t), type(t)), lambda children, kind: kind(*children))


def register_pytree_node(cls: type, flatten_fn: Callable, unflatten_fn: Callable, **names) -> None:
    """From now on objects of this class are nodes, no longer leaves."""
    KINDS[cls] = Kind(flatten_fn, unflatten_fn)


def kind_of(tree) -> Kind | None:
    return NAMED if isinstance(tree, tuple) and hasattr(tree, "_fields") else KINDS.get(type(tree))


class TreeSpec(NamedTuple):
    """The shape of a nest: what kind of node, what it needs beside its children, and their specs. A leaf has no kind."""

    kind: Kind | None
    context: Any = None
    children_specs: tuple[TreeSpec, ...] = ()

    @property
    def num_leaves(self) -> int:
        return 1 if self.kind is None else sum(child.num_leaves for child in self.children_specs)

    def is_leaf(self) -> bool:
        return self.kind is None


def tree_flatten(tree, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list, TreeSpec]:
    """The leaves from left to right, and the spec from which `tree_unflatten` builds the nest again."""
    kind = None if is_leaf is not None and is_leaf(tree) else kind_of(tree)
    if kind is None:
        return [tree], TreeSpec(None)
    children, context = kind.flatten(tree)
    parts = [tree_flatten(child, is_leaf) for child in children]
    return [leaf for leaves, _ in parts for leaf in leaves], TreeSpec(
        kind, context, tuple(spec for _, spec in parts)
    )


def tree_unflatten(leaves: Iterable, treespec: TreeSpec):
    """The nest of that shape with these leaves."""
    leaves = list(leaves)
    if len(leaves) != treespec.num_leaves:
        raise ValueError(f"tree_unflatten: {len(leaves)} leaves given, the spec has {treespec.num_leaves}")
    rest = iter(leaves)
    return build(rest, treespec)


def build(leaves, spec: TreeSpec):
    if spec.kind is None:
        return next(leaves)
    return spec.kind.unflatten([build(leaves, child) for child in spec.children_specs], spec.context)


def tree_leaves(tree, is_leaf=None) -> list:
    return tree_flatten(tree, is_leaf)[0]


tree_iter = tree_leaves


def tree_structure(tree, is_leaf=None) -> TreeSpec:
    return tree_flatten(tree, is_leaf)[1]


def tree_map(func: Callable, tree, *rests, is_leaf=None):
    """func of the leaves that stand at the same place of the nests, in a nest of the first one's shape."""
    leaves, spec = tree_flatten(tree, is_leaf)
    return tree_unflatten(map(func, leaves, *(tree_flatten(rest, is_leaf)[0] for rest in rests)), spec)


def tree_map_(func: Callable, tree, *rests, is_leaf=None):
    """Call func for its effect; the nest itself comes back."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def tree_map_only(type_or_types, func: Callable, tree, is_leaf=None):
    """func of the leaves of these types; the others stay."""
    return tree_map(
        lambda leaf: func(leaf) if isinstance(leaf, type_or_types) else leaf, tree, is_leaf=is_leaf
    )


def tree_all(pred: Callable, tree, is_leaf=None) -> bool:
    return all(map(pred, tree_leaves(tree, is_leaf)))


def tree_any(pred: Callable, tree, is_leaf=None) -> bool:
    return any(map(pred, tree_leaves(tree, is_leaf)))
