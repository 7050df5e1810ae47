"""How good predictions are, on arrays. The order is that of PyTorch's losses: what was predicted, then what is true.

"Predicted" is labels of the targets' shape or, for classification, scores (N, C), whose largest column counts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# ---------------------------------------------------------------- classification


def accuracy(predicted, target) -> float:
    """Share of right answers."""
    predicted, target = labels(predicted, target)
    return float(np.mean(predicted == target))


def top_k_accuracy(scores, target, k: int = 5) -> float:
    """Share of rows whose true class is among the k largest scores. A tie at the border counts against the model."""
    scores, target = np.asarray(scores), np.asarray(target)
    if scores.ndim != 2 or target.shape != scores.shape[:1]:
        raise ValueError(
            f"top_k_accuracy: scores must be (N, C) and target (N,), got {scores.shape} and {target.shape}"
        )
    if not 1 <= k <= scores.shape[1]:
        raise ValueError(
            f"top_k_accuracy: k={k} must be between 1 and the number of classes, {scores.shape[1]}"
        )
    true_score = scores[np.arange(len(target)), target][:, None]  # (N, 1)
    at_least_as_good = np.sum(scores >= true_score, axis=1)  # counts the true class itself
    return float(np.mean(at_least_as_good <= k))


def confusion_matrix(predicted, target, num_classes: int | None = None) -> np.ndarray:
    """(C, C) counts: row = true class, column = predicted class."""
    predicted, target = labels(predicted, target)
    highest = int(max(predicted.max(), target.max()))
    C = num_classes or highest + 1
    if highest >= C or min(predicted.min(), target.min()) < 0:
        raise ValueError(
            f"confusion_matrix: labels must be between 0 and {C - 1}, got one outside (highest: {highest})"
        )
    return np.bincount(target.ravel() * C + predicted.ravel(), minlength=C * C).reshape(C, C)


class Scores(NamedTuple):
    precision: float | np.ndarray
    recall: float | np.ndarray
    f1: float | np.ndarray


def precision_recall_f1(
    predicted, target, average: str | None = "macro", zero_division: float = 0.0
) -> Scores:
    """Precision tp/(tp+fp), recall tp/(tp+fn), F1 2tp/(2tp+fp+fn).

    `average`: "macro" (every class that occurs weighs the same), "weighted" (by how often it is true), "micro" (all
    decisions pooled), None (one value per class). `zero_division` stands where a class was never predicted (precision)
    or is never true (recall); nan leaves that class out of the average.
    """
    counts = confusion_matrix(predicted, target)
    tp, predicted_count, true_count = np.diag(counts), counts.sum(0), counts.sum(1)
    if average == "micro":
        tp, predicted_count, true_count = (c.sum(keepdims=True) for c in (tp, predicted_count, true_count))
    f1_count = predicted_count + true_count  # 2tp + fp + fn
    per_class = [
        divide(tp, predicted_count, zero_division),
        divide(tp, true_count, zero_division),
        divide(2 * tp, f1_count, zero_division),
    ]
    if average is None:
        return Scores(*per_class)
    weights = class_weights(average, occurs=f1_count > 0, true_count=true_count)
    return Scores(*(weighted_mean(values, weights) for values in per_class))


def class_weights(average: str, occurs: np.ndarray, true_count: np.ndarray) -> np.ndarray:
    if average not in ("macro", "weighted", "micro"):
        raise ValueError(
            f"precision_recall_f1: average={average!r} is not 'macro', 'micro', 'weighted' or None"
        )
    return true_count if average == "weighted" else occurs


def divide(numerator: np.ndarray, denominator: np.ndarray, otherwise: float) -> np.ndarray:
    return np.where(denominator > 0, numerator / np.maximum(denominator, 1), otherwise)


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> float:
    """The mean over what is not nan; nan if nothing is left."""
    keep = ~np.isnan(values) & (weights > 0)
    return float(np.average(values[keep], weights=weights[keep])) if keep.any() else float("nan")


def labels(predicted, target) -> tuple[np.ndarray, np.ndarray]:
    """Both as integer labels of one shape; scores become the label of the largest."""
    predicted, target = np.asarray(predicted), np.asarray(target)
    if predicted.ndim == target.ndim + 1 and predicted.shape[:-1] == target.shape:
        predicted = predicted.argmax(-1)
    if predicted.shape != target.shape:
        raise ValueError(
            f"metrics: predicted {predicted.shape} and target {target.shape} differ; "
            f"predicted must be labels {target.shape} or scores {(*target.shape, 'C')}"
        )
    if target.size == 0:
        raise ValueError("metrics: there is nothing to measure, target is empty")
    return predicted, target


# ---------------------------------------------------------------- regression


def mse(predicted, target) -> float:
    return float(np.mean(errors(predicted, target) ** 2))


def rmse(predicted, target) -> float:
    return float(np.sqrt(mse(predicted, target)))


def mae(predicted, target) -> float:
    return float(np.mean(np.abs(errors(predicted, target))))


def r2(predicted, target) -> float:
    """1 - squared error / squared distance from the mean, averaged over output columns.

    A column whose target never changes has no variance to explain: 1 if it is predicted exactly, else 0.
    """
    unexplained = np.sum(errors(predicted, target) ** 2, axis=0)
    target = np.asarray(target, np.float64)
    total = np.sum((target - target.mean(axis=0)) ** 2, axis=0)
    constant = total == 0
    explained = 1 - unexplained / np.where(constant, 1, total)
    return float(np.mean(np.where(constant, unexplained == 0, explained)))


def errors(predicted, target) -> np.ndarray:
    predicted, target = np.asarray(predicted, np.float64), np.asarray(target, np.float64)
    if predicted.shape != target.shape:  # (N, 1) against (N,) would silently broadcast to (N, N)
        raise ValueError(
            f"metrics: predicted {predicted.shape} and target {target.shape} must have one shape"
        )
    if target.size == 0:
        raise ValueError("metrics: there is nothing to measure, target is empty")
    return predicted - target


# ---------------------------------------------------------------- over many batches


class RunningAverage:
    """The mean of everything seen, where a batch of n counts n times."""

    def __init__(self):
        self.reset()

    def reset(self) -> None:
        self.total, self.count = 0.0, 0

    def update(self, value, n: int = 1) -> None:
        self.total += float(value) * n
        self.count += n

    @property
    def average(self) -> float:
        return self.total / self.count if self.count else float("nan")

    def __repr__(self) -> str:
        return f"RunningAverage({self.average:.6g} over {self.count})"
