"""embedding and embedding_bag with all their arguments, beside PyTorch."""

import itertools
from functools import partial

import numpy as np
import pytest

import tinytorch
from tests.sequences.beside_torch import LIBRARIES, hold

rng = np.random.default_rng(0)
WEIGHT = rng.standard_normal((6, 3)) * 2
INDICES = {
    "matrix": np.array([[1, 2, 1], [1, 1, 3]]),
    "vector": np.array([0, 5, 5, 2], np.int32),
    "scalar": np.array(3),
    "out of range": np.array([1, 6]),
    "negative": np.array([-1]),
    "floats": np.array([1.0]),
}


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES.keys())
@pytest.mark.parametrize("padding_idx", [None, 1, -1, 9])
@pytest.mark.parametrize("max_norm", [None, 1.0])
def test_embedding(index, padding_idx, max_norm):
    def look_up(library, weight, **settings):
        table = weight * 1  # max_norm writes to it
        return library.nn.functional.embedding(
            library.tensor(index), table, padding_idx, max_norm, **settings
        )

    for norm_type, by_freq in itertools.product((2.0, 1.0), (False, True)):
        hold(partial(look_up, norm_type=norm_type, scale_grad_by_freq=by_freq), WEIGHT, order=2)


BAGS = {
    "matrix": (np.array([[1, 2, 1], [1, 1, 3]]), None),
    "offsets": (np.array([0, 5, 5, 2, 1]), np.array([0, 2, 2, 5])),
    "empty": (np.zeros(0, np.int64), np.array([0, 0])),
    "late start": (np.array([0, 5]), np.array([1])),
    "both": (np.array([[1, 2]]), np.array([0])),
    "neither": (np.array([1, 2]), None),
}


@pytest.mark.parametrize("index, offsets", BAGS.values(), ids=BAGS.keys())
@pytest.mark.parametrize("mode", ["sum", "mean", "max", "median"])
def test_embedding_bag(index, offsets, mode):
    def add_up(library, weight, *per_sample, **settings):
        tensors = [None if a is None else library.tensor(a) for a in (index, offsets)]
        given = {"per_sample_weights": per_sample[0]} if per_sample else {}
        return library.nn.functional.embedding_bag(
            tensors[0], weight * 1, tensors[1], mode=mode, **given, **settings
        )

    choices = itertools.product((None, 1, -1, 9), (False, True), (None, 1.5))
    for padding_idx, include_last_offset, max_norm in choices:
        settings = {
            "padding_idx": padding_idx,
            "include_last_offset": include_last_offset,
            "max_norm": max_norm,
        }
        hold(partial(add_up, **settings), WEIGHT)
        hold(partial(add_up, **settings), WEIGHT, rng.standard_normal(index.shape))


def test_bags_scale_gradients_by_frequency():
    # PyTorch 2.13 divides by the count of another row where an earlier row of the table occurs twice.
    weight = tinytorch.tensor(WEIGHT, requires_grad=True)
    bags = tinytorch.tensor([[1, 2, 1], [1, 1, 3]])
    tinytorch.nn.functional.embedding_bag(bags, weight, mode="sum", scale_grad_by_freq=True).sum().backward()
    assert weight.grad[:, 0].tolist() == [0, 1, 1, 1, 0, 0]


def test_many_rows_take_the_fast_way():
    index, g = rng.integers(0, 50, 3000), rng.standard_normal((3000, 8))
    weight = tinytorch.zeros(50, 8, dtype=tinytorch.float64, requires_grad=True)
    tinytorch.nn.functional.embedding(tinytorch.tensor(index), weight).backward(tinytorch.tensor(g))
    want = np.zeros((50, 8))
    np.add.at(want, index, g)
    np.testing.assert_allclose(weight.grad.numpy(), want)


def test_max_norm_shortens_the_table_itself():
    for library in LIBRARIES:
        layer = library.nn.Embedding(
            3, 2, max_norm=1.0, _weight=library.tensor([[3.0, 4.0], [0.3, 0.4], [6.0, 8.0]])
        )
        layer(library.tensor([0, 1]))
        assert layer.weight.norm(dim=1).tolist() == pytest.approx([1.0, 0.5, 10.0])


def test_from_pretrained():
    for library in LIBRARIES:
        weight = library.ones(3, 2)
        frozen = library.nn.Embedding.from_pretrained(weight, padding_idx=-1)
        assert frozen.padding_idx == 2 and not frozen.weight.requires_grad
        assert library.nn.EmbeddingBag.from_pretrained(weight, freeze=False, mode="sum").weight.requires_grad
        with pytest.raises(AssertionError, match="2-dimensional"):
            library.nn.Embedding.from_pretrained(weight[0])
        with pytest.raises(AssertionError, match="Shape of weight"):
            library.nn.Embedding(4, 2, _weight=weight)
