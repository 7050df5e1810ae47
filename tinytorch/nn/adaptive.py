"""A softmax over many classes that spends its work on the frequent ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..ops import argmax, cat
from ..tensor import Tensor
from .container import ModuleList, Sequential
from .functional.softmax import log_softmax
from .linear import Linear
from .module import Module


class ASMoutput(NamedTuple):
    """The log-probability of each target, and the loss: minus their mean."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Classes in order of frequency, cut into a shortlist and clusters; the head chooses among the shortlist's and the clusters.

    log p(class) = log p(cluster) + log p(class | cluster). The i-th cluster sees the input in in_features / div_value^(i+1)
    numbers. Grave et al. 2017 (arXiv:1609.04309).
    """

    def __init__(
        self, in_features: int, n_classes: int, cutoffs: Sequence[int], div_value: float = 4.0, head_bias: bool = False,
        device=None, dtype=None,
    ):  # fmt: skip
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if cutoffs != sorted({int(c) for c in cutoffs}) or cutoffs[0] <= 0 or cutoffs[-1] > n_classes - 1:
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each"
                f" value is between 1 and n_classes-1, got {cutoffs} for {n_classes} classes"
            )
        self.in_features, self.n_classes, self.cutoffs = in_features, n_classes, [*cutoffs, n_classes]
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size, self.n_clusters = cutoffs[0], len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        kind = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **kind)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(self.clusters()):
            inner = int(in_features // div_value ** (i + 1))
            self.tail.append(
                Sequential(
                    Linear(in_features, inner, bias=False, **kind),
                    Linear(inner, high - low, bias=False, **kind),
                )
            )

    def clusters(self) -> list[tuple[int, int]]:
        """The first class of each cluster, and the one after its last."""
        return list(zip(self.cutoffs, self.cutoffs[1:]))

    def reset_parameters(self) -> None:
        self.head.reset_parameters()
        for cluster in self.tail.children():
            for layer in cluster.children():
                layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> ASMoutput:
        """(N, in_features), (N,) -> output (N,) and loss; or one sample without the N."""
        if target_.dim() > 1 or input_.dim() != target_.dim() + 1 or input_.shape[:-1] != target_.shape:
            raise RuntimeError(
                "Input and target should have the same size in the batch dimension: (N, in_features) and (N,), or"
                f" (in_features,) and (); got {tuple(input_.shape)} and {tuple(target_.shape)}"
            )
        batched = target_.dim() == 1
        x, target = (input_, target_) if batched else (input_.unsqueeze(0), target_.unsqueeze(0))
        if target.numel() and not 0 <= target.min().item() <= target.max().item() < self.n_classes:
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range"
                f" [{target.min().item()}, {target.max().item()}] were found. "
            )
        place = target.clone()  # which of the head's outputs stands for each target
        for i, (low, high) in enumerate(self.clusters()):
            place[(target >= low) & (target < high)] = self.shortlist_size + i
        output = log_softmax(self.head(x), dim=1).gather(1, place.unsqueeze(1)).squeeze(1)
        for i, (low, _) in enumerate(self.clusters()):
            rows = (place == self.shortlist_size + i).nonzero().squeeze(1)
            if rows.numel():
                inside = log_softmax(self.tail[i](x[rows]), dim=1)
                output = output.index_add(
                    0, rows, inside.gather(1, (target[rows] - low).unsqueeze(1)).squeeze(1)
                )
        loss = -output.mean()
        return ASMoutput(output if batched else output.squeeze(0), loss)

    def log_prob(self, input: Tensor) -> Tensor:
        """(N, in_features) -> the log-probabilities of all classes (N, n_classes)."""
        head = log_softmax(self.head(input), dim=1)
        parts = [
            log_softmax(part(input), dim=1) + head[:, self.shortlist_size + i, None]
            for i, part in enumerate(self.tail)
        ]
        return cat([head[:, : self.shortlist_size], *parts], dim=1)

    def predict(self, input: Tensor) -> Tensor:
        """(N, in_features) -> the likeliest classes (N,). Where the head prefers a class of the shortlist, that one.

        The clusters are computed only for the others.
        """
        best = argmax(self.head(input), dim=1)
        rows = (best >= self.shortlist_size).nonzero().squeeze(1)
        if rows.numel():
            best[rows] = argmax(self.log_prob(input[rows]), dim=1)
        return best
