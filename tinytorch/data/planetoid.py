"""Citation graphs in the format of Planetoid: Cora, CiteSeer, PubMed. Yang et al. 2016, arXiv:1603.08861."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from ..tensor import Tensor
from ..tensor_data import from_numpy
from .dataset import Dataset
from .locate import locate
from .unpickle import SparseParts, read_pickle

VALIDATION = 500  # nodes after the training nodes, as in the paper


@dataclass
class Graph:
    """A graph with features and classes on its nodes."""

    x: Tensor  # (N, F) float32
    y: Tensor  # (N,) int64
    edge_index: Tensor  # (2, E) int64: each edge in both directions, sorted, without loops
    train_mask: Tensor  # (N,) bool
    val_mask: Tensor
    test_mask: Tensor

    @property
    def num_nodes(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        return f"Graph({', '.join(f'{f.name}={list(getattr(self, f.name).shape)}' for f in fields(self))})"


class Planetoid(Dataset[Graph]):
    """A data set of one graph, `Planetoid("cora")[0]`, with the public split: 20 training nodes per class."""

    def __init__(self, name: str = "cora", root=None, transform=None, download: bool = True):
        self.name = name.lower()
        if self.name not in ("cora", "citeseer", "pubmed"):
            raise ValueError(f"Planetoid: name={name!r} is none of 'cora', 'citeseer', 'pubmed'")
        self.folder = locate(self.name, root, download)
        self.graph = read_planetoid(self.folder, self.name)
        self.transform = transform
        self.num_features = self.graph.x.shape[1]
        self.num_classes = int(self.graph.y.max().item()) + 1

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Graph:
        if index not in (0, -1):
            raise IndexError(f"Planetoid: index {index} of a data set with one graph")
        return self.graph if self.transform is None else self.transform(self.graph)


def read_planetoid(folder: Path, name: str) -> Graph:
    def part(kind: str):
        file = folder / f"ind.{name}.{kind}"
        content = read_pickle(file)
        try:
            return content.toarray() if isinstance(content, SparseParts) else content
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from error

    allx, tx, ally, ty, y = (part(kind) for kind in ("allx", "tx", "ally", "ty", "y"))
    test = read_numbers(folder / f"ind.{name}.test.index")
    if len(test) != len(tx) or len(allx) != len(ally) or len(tx) != len(ty):
        raise ValueError(
            f"{folder}: the files do not belong together: {len(allx)}, {len(ally)}, {len(tx)}, {len(ty)} rows, "
            f"{len(test)} test nodes in ind.{name}.test.index"
        )
    if test.min() < len(allx):
        raise ValueError(f"{folder}: test node {test.min()} is among the {len(allx)} training nodes")
    # CiteSeer: test nodes without an edge are missing from the files; their rows stay zero.
    N = test.max() + 1
    x, labels = np.zeros((N, allx.shape[1]), np.float32), np.zeros((N, ally.shape[1]), np.int64)
    x[: len(allx)], labels[: len(ally)] = allx, ally
    x[test], labels[test] = tx, ty  # the test rows are stored in the order of test.index
    masks = [
        mask_of(range(len(y)), N),
        mask_of(range(len(y), min(len(y) + VALIDATION, len(ally))), N),
        mask_of(test, N),
    ]
    edges = edges_of(read_pickle(folder / f"ind.{name}.graph"), N, folder / f"ind.{name}.graph")
    return Graph(*(from_numpy(array) for array in (x, labels.argmax(1), edges, *masks)))


def read_numbers(path: Path) -> np.ndarray:
    """int64, one a line."""
    try:
        return np.array(path.read_text(encoding="ascii").split(), np.int64)
    except (UnicodeDecodeError, ValueError, OverflowError) as error:
        raise ValueError(f"{path}: not a list of numbers, one a line: {error}") from error


def mask_of(nodes, N: int) -> np.ndarray:
    mask = np.zeros(N, bool)
    mask[np.asarray(nodes)] = True
    return mask


def edges_of(neighbours: dict, N: int, path: Path) -> np.ndarray:
    """(2, E) from {node: [nodes]}: both directions, each once, no loops."""
    pairs = np.array([(a, b) for a, others in neighbours.items() for b in others], np.int64).reshape(-1, 2)
    if pairs.size and not 0 <= pairs.min() <= pairs.max() < N:
        raise ValueError(
            f"{path}: an edge between nodes {pairs.min()} and {pairs.max()}, but there are {N} nodes"
        )
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    return np.ascontiguousarray(np.unique(both, axis=0).T)
