"""torch.utils._pytree: nests of tuples, lists and dicts taken apart into leaves and put together again."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

PyTree = Any
Context = Any


class SequenceKey(NamedTuple):
    """The way from a list or tuple to a child."""

    idx: int

    def __str__(self) -> str:
        return f"[{self.idx!r}]"

    def get(self, sequence):
        return sequence[self.idx]


class MappingKey(NamedTuple):
    """The way from a dict to a child."""

    key: Any

    def __str__(self) -> str:
        return f"[{self.key!r}]"

    def get(self, mapping):
        return mapping[self.key]


class GetAttrKey(NamedTuple):
    """The way from a named tuple to a child."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"

    def get(self, obj):
        return getattr(obj, self.name)


def keystr(path) -> str:
    """A path as Python writes it: `['layers'][0]`."""
    return "".join(map(str, path))


@dataclass(frozen=True)
class Kind:
    """How one type of node is taken apart (into children and what else is needed) and put together."""

    flatten: Callable[[Any], tuple[list, Any]]
    unflatten: Callable[[Iterable, Any], Any]
    flatten_with_keys: Callable[[Any], tuple[list, Any]] | None = None

    @property
    def flatten_fn(self):
        """PyTorch's name."""
        return self.flatten

    @property
    def unflatten_fn(self):
        return self.unflatten


def _dict_flatten(d: dict) -> tuple[list, list]:
    return list(d.values()), list(d)


def _dict_unflatten(values: Iterable, keys: list) -> dict:
    return dict(zip(keys, values))


def _dict_flatten_with_keys(d: dict) -> tuple[list, list]:
    return [(MappingKey(key), value) for key, value in d.items()], list(d)


def _list_flatten(items: list) -> tuple[list, None]:
    return items, None


def _list_unflatten(values: Iterable, context) -> list:
    return list(values)


def _list_flatten_with_keys(items) -> tuple[list, None]:
    return [(SequenceKey(i), item) for i, item in enumerate(items)], None


KINDS: dict[type, Kind] = {
    tuple: Kind(lambda t: (list(t), None), lambda children, _: tuple(children), _list_flatten_with_keys),
    list: Kind(_list_flatten, _list_unflatten, _list_flatten_with_keys),
    dict: Kind(_dict_flatten, _dict_unflatten, _dict_flatten_with_keys),
    OrderedDict: Kind(
        _dict_flatten, lambda children, keys: OrderedDict(zip(keys, children)), _dict_flatten_with_keys
    ),
    defaultdict: Kind(
        lambda d: (list(d.values()), (d.default_factory, list(d))),
        lambda children, context: defaultdict(context[0], zip(context[1], children)),
        _dict_flatten_with_keys,
    ),
    deque: Kind(
        lambda d: (list(d), d.maxlen),
        lambda children, length: deque(children, maxlen=length),
        _list_flatten_with_keys,
    ),
}
SUPPORTED_NODES = KINDS  # PyTorch's name
NAMED = Kind(
    lambda t: (list(t), type(t)),
    lambda children, kind: kind(*children),
    lambda t: ([(GetAttrKey(name), value) for name, value in zip(t._fields, t)], type(t)),
)


KINDS[namedtuple] = NAMED  # type: ignore[index]  # as PyTorch has it: the function stands for all classes it makes


def _get_node_type(tree) -> Any:
    return namedtuple if isinstance(tree, tuple) and hasattr(tree, "_fields") else type(tree)


def register_pytree_node(
    cls: type,
    flatten_fn: Callable,
    unflatten_fn: Callable,
    *,
    flatten_with_keys_fn: Callable | None = None,
    **names,
) -> None:
    """From now on objects of this class are nodes, no longer leaves."""
    KINDS[cls] = Kind(flatten_fn, unflatten_fn, flatten_with_keys_fn)


_register_pytree_node = register_pytree_node


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


LeafSpec = partial(TreeSpec, None)


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
    kind = spec.kind if isinstance(spec.kind, Kind) else KINDS[spec.kind]  # of a spec that a program made
    return kind.unflatten([build(leaves, child) for child in spec.children_specs], spec.context)


def tree_is_leaf(tree, is_leaf=None) -> bool:
    """Whether nothing is to be taken apart here."""
    return (is_leaf is not None and is_leaf(tree)) or kind_of(tree) is None


def tree_flatten_with_path(tree, is_leaf=None) -> tuple[list, TreeSpec]:
    """[(path, leaf), ...] and the spec; a path is a tuple of the keys that lead to the leaf."""
    return list(leaves_with_paths(tree, is_leaf)), tree_flatten(tree, is_leaf)[1]


def leaves_with_paths(tree, is_leaf, path=()):
    if tree_is_leaf(tree, is_leaf):
        yield path, tree
        return
    kind: Any = kind_of(tree)
    if kind.flatten_with_keys is None:
        raise ValueError(
            f"Did not find a flatten_with_keys_fn for type {type(tree)}: register one with the node"
        )
    for key, child in kind.flatten_with_keys(tree)[0]:
        yield from leaves_with_paths(child, is_leaf, (*path, key))


def tree_leaves_with_path(tree, is_leaf=None) -> list:
    return tree_flatten_with_path(tree, is_leaf)[0]


def tree_map_with_path(func: Callable, tree, *rests, is_leaf=None):
    """func(path, leaf, ...) of the leaves, in a nest of the first one's shape."""
    leaves, spec = tree_flatten_with_path(tree, is_leaf)
    others = [tree_flatten(rest, is_leaf)[0] for rest in rests]
    return tree_unflatten((func(path, leaf, *rest) for (path, leaf), *rest in zip(leaves, *others)), spec)


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
