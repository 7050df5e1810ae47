"""Metrics against cases computed by hand."""

import numpy as np
import pytest

import tinytorch
from tinytorch.utils import metrics

# three classes; confusion matrix by hand:      predicted 0  1  2
TRUE = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]  # true 0:            3  1  0
GUESS = [0, 0, 0, 1, 1, 1, 2, 2, 0, 1]  # true 1:           0  2  1
COUNTS = [[3, 1, 0], [0, 2, 1], [1, 1, 1]]  # true 2:       1  1  1


def test_accuracy_of_labels_and_of_scores():
    assert metrics.accuracy(GUESS, TRUE) == 0.6
    scores = np.eye(3)[GUESS]
    assert metrics.accuracy(scores, TRUE) == 0.6


def test_confusion_matrix_rows_are_true_classes():
    assert metrics.confusion_matrix(GUESS, TRUE).tolist() == COUNTS
    assert metrics.confusion_matrix([0], [0], num_classes=2).tolist() == [[1, 0], [0, 0]]
    with pytest.raises(ValueError, match=r"between 0 and 1.*highest: 2"):
        metrics.confusion_matrix([2], [0], num_classes=2)
    with pytest.raises(ValueError, match="between 0 and 1"):
        metrics.confusion_matrix([-1], [1])


def test_precision_recall_f1_by_hand():
    precision, recall, f1 = metrics.precision_recall_f1(GUESS, TRUE, average=None)
    np.testing.assert_allclose(precision, [3 / 4, 2 / 4, 1 / 2])
    np.testing.assert_allclose(recall, [3 / 4, 2 / 3, 1 / 3])
    np.testing.assert_allclose(f1, [3 / 4, 4 / 7, 2 / 5])
    macro = metrics.precision_recall_f1(GUESS, TRUE, average="macro")
    np.testing.assert_allclose(macro, [7 / 12, 7 / 12, (3 / 4 + 4 / 7 + 2 / 5) / 3])
    weighted = metrics.precision_recall_f1(GUESS, TRUE, average="weighted")
    np.testing.assert_allclose(
        weighted, [(4 * 0.75 + 3 * 0.5 + 3 * 0.5) / 10, 0.6, (4 * 0.75 + 3 * 4 / 7 + 3 * 0.4) / 10]
    )
    np.testing.assert_allclose(metrics.precision_recall_f1(GUESS, TRUE, average="micro"), [0.6, 0.6, 0.6])


def test_a_class_never_predicted_or_never_true():
    target, guess = [0, 0, 1], [0, 0, 0]  # class 1 is never predicted
    precision, recall, f1 = metrics.precision_recall_f1(guess, target, average=None)
    np.testing.assert_allclose([precision[1], recall[1], f1[1]], [0, 0, 0])
    assert metrics.precision_recall_f1(guess, target).precision == pytest.approx((2 / 3 + 0) / 2)
    assert metrics.precision_recall_f1(guess, target, zero_division=1.0).precision == pytest.approx(
        (2 / 3 + 1) / 2
    )
    assert metrics.precision_recall_f1(guess, target, zero_division=np.nan).precision == pytest.approx(2 / 3)


def test_a_class_that_occurs_nowhere_does_not_pull_the_macro_average_down():
    assert metrics.precision_recall_f1([0, 5], [0, 5]) == (1, 1, 1)


def test_unknown_average_is_refused():
    with pytest.raises(ValueError, match="average='mean' is not 'macro', 'micro', 'weighted' or None"):
        metrics.precision_recall_f1([0], [0], average="mean")


def test_top_k_accuracy():
    scores = np.array([[0.1, 0.5, 0.4], [0.8, 0.1, 0.1], [0.2, 0.3, 0.5]])
    assert metrics.top_k_accuracy(scores, [1, 0, 2], k=1) == 1
    assert metrics.top_k_accuracy(scores, [2, 0, 0], k=1) == pytest.approx(1 / 3)
    assert metrics.top_k_accuracy(scores, [2, 0, 0], k=2) == pytest.approx(2 / 3)
    assert metrics.top_k_accuracy(scores, [2, 0, 0], k=3) == 1
    assert metrics.top_k_accuracy(np.zeros((4, 3)), [0, 1, 2, 0], k=1) == 0, "a constant model knows nothing"
    with pytest.raises(ValueError, match="k=4 must be between 1 and the number of classes, 3"):
        metrics.top_k_accuracy(scores, [0, 0, 0], k=4)


def test_regression_by_hand():
    predicted, target = [2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]
    assert metrics.mse(predicted, target) == 0.375
    assert metrics.rmse(predicted, target) == np.sqrt(0.375)
    assert metrics.mae(predicted, target) == 0.5
    assert metrics.r2(predicted, target) == pytest.approx(
        0.9486081370449679
    )  # scikit-learn's documented example
    columns = metrics.r2([[0, 2], [-1, 2], [8, -5]], [[0.5, 1], [-1, 1], [7, -6]])
    assert columns == pytest.approx((1 - 1.25 / (217 / 6) + 1 - 3 / (98 / 3)) / 2)


def test_r2_of_a_constant_target():
    assert metrics.r2([2.0, 2.0], [2.0, 2.0]) == 1
    assert metrics.r2([2.0, 3.0], [2.0, 2.0]) == 0


def test_shapes_that_would_broadcast_are_refused():
    with pytest.raises(ValueError, match=r"predicted \(3, 1\) and target \(3,\) must have one shape"):
        metrics.mse(np.zeros((3, 1)), np.zeros(3))
    with pytest.raises(ValueError, match=r"predicted \(2,\) and target \(3,\) differ"):
        metrics.accuracy([0, 1], [0, 1, 2])
    with pytest.raises(ValueError, match="nothing to measure"):
        metrics.accuracy([], [])


def test_tensors_are_taken_too():
    assert metrics.accuracy(tinytorch.tensor(GUESS), tinytorch.tensor(TRUE)) == 0.6
    assert metrics.mse(tinytorch.tensor([1.0, 2.0]), tinytorch.tensor([1.0, 4.0])) == 2
    meter = metrics.RunningAverage()
    meter.update(tinytorch.tensor(2.0, requires_grad=True))
    assert meter.average == 2


def test_running_average_weighs_by_batch_size():
    meter = metrics.RunningAverage()
    assert np.isnan(meter.average)
    meter.update(1.0, n=30)
    meter.update(4.0, n=10)
    assert meter.average == 1.75
    assert repr(meter) == "RunningAverage(1.75 over 40)"
    meter.reset()
    assert meter.count == 0
