"""Transforms of whole batches against the same done image by image."""

import numpy as np
import pytest

import tinytorch
from tinytorch.data import DataLoader, DrawnShapes
from tinytorch.data.transforms import (
    Compose,
    Cutout,
    Normalize,
    PerImage,
    RandomCrop,
    RandomHorizontalFlip,
    ToFloat,
)

X = np.random.default_rng(0).integers(1, 256, (300, 3, 12, 10), dtype=np.uint8)
ALL = [
    ToFloat(),
    Normalize((0.5, 0.4, 0.3), (0.2, 0.3, 0.4)),
    RandomCrop(8, padding=2),
    RandomHorizontalFlip(),
    Cutout(4),
]


@pytest.mark.parametrize("transform", ALL, ids=lambda t: type(t).__name__)
def test_one_image_a_tensor_and_an_empty_batch(transform):
    before = X.copy()
    batch = transform(X[:4])
    assert transform(X[0]).shape == batch.shape[1:] and transform(X[0]).dtype == batch.dtype
    of_tensor = transform(tinytorch.from_numpy(X[:4]))
    assert isinstance(of_tensor, tinytorch.Tensor) and of_tensor.shape == batch.shape
    assert transform(X[:0]).shape == (0, *batch.shape[1:])
    np.testing.assert_array_equal(X, before)
    with pytest.raises(ValueError, match=r"got shape \(12, 10\)"):
        transform(X[0, 0])


def test_to_float_and_normalize():
    np.testing.assert_allclose(ToFloat()(X), X / 255, rtol=1e-6)
    mean, std = np.array([0.5, 0.4, 0.3])[:, None, None], np.array([0.2, 0.3, 0.4])[:, None, None]
    normalize = Normalize((0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
    np.testing.assert_allclose(normalize(X), (X / 255 - mean) / std, atol=1e-5)
    np.testing.assert_allclose(normalize(ToFloat()(X)), normalize(X), atol=1e-5)
    assert Normalize(0.5, 0.5)(X).dtype == np.float32
    with pytest.raises(ValueError, match=r"2 means.*3 channels"):
        Normalize((0, 0), (1, 1))(X)
    with pytest.raises(ValueError, match="must not be zero"):
        Normalize(0, 0)


@pytest.mark.parametrize("mode", ["constant", "reflect"])
def test_random_crop_takes_windows_of_the_padded_image(mode):
    out = RandomCrop((12, 10), padding=2, mode=mode)(X)
    padded = np.pad(X, ((0, 0), (0, 0), (2, 2), (2, 2)), mode)
    places = []
    for image, source in zip(out, padded):
        found = [
            (i, j)
            for i in range(5)
            for j in range(5)
            if np.array_equal(image, source[:, i : i + 12, j : j + 10])
        ]
        assert len(found) == 1
        places += found
    assert len(set(places)) == 25  # every place, both borders included
    with pytest.raises(ValueError, match=r"size=\(20, 20\) does not fit images of 12 x 10"):
        RandomCrop(20)(X)


def test_flip():
    out = RandomHorizontalFlip()(X)
    flipped = np.array([np.array_equal(a, b[:, :, ::-1]) for a, b in zip(out, X)])
    kept = np.array([np.array_equal(a, b) for a, b in zip(out, X)])
    assert (flipped ^ kept).all() and 0.35 < flipped.mean() < 0.65
    np.testing.assert_array_equal(RandomHorizontalFlip(1)(X), X[..., ::-1])
    np.testing.assert_array_equal(RandomHorizontalFlip(0)(X), X)
    with pytest.raises(ValueError, match="p=2"):
        RandomHorizontalFlip(2)


def test_cutout():
    out = Cutout(4)(X)
    hole = (out == 0).all(1)
    np.testing.assert_array_equal(
        out[~np.broadcast_to(hole[:, None], X.shape)], X[~np.broadcast_to(hole[:, None], X.shape)]
    )
    areas = hole.sum((1, 2))
    assert areas.max() == 16 and areas.min() == 4  # whole in the middle, a quarter of it in a corner
    for one in hole:  # a rectangle without gaps
        rows, columns = one.any(1), one.any(0)
        assert one.sum() == rows.sum() * columns.sum()


def test_compose_is_the_same_as_by_hand():
    steps = [RandomCrop(8, 2), RandomHorizontalFlip(), Normalize(0.5, 0.5), Cutout(3)]
    tinytorch.manual_seed(1)
    by_hand = X
    for step in steps:
        by_hand = step(by_hand)
    tinytorch.manual_seed(1)
    np.testing.assert_array_equal(Compose(steps)(X), by_hand)
    assert "RandomCrop(size=(8, 8), padding=2" in repr(Compose(steps))
    with pytest.raises(TypeError, match="PerImage"):
        Compose([lambda image: image])
    np.testing.assert_array_equal(Compose([PerImage(lambda image: image[:, ::-1])])(X), X[:, :, ::-1])


def test_a_generator_of_one_s_own():
    make = lambda: RandomCrop(8, 2, generator=tinytorch.Generator().manual_seed(3))
    first = make()(X)
    tinytorch.rand(5)
    np.testing.assert_array_equal(make()(X), first)


def test_the_loader_augments_the_same_with_any_number_of_workers():
    data = DrawnShapes(
        n=200, transform=Compose([RandomCrop(32, 4), RandomHorizontalFlip(), Cutout(8), ToFloat()])
    )

    def epoch(num_workers):
        tinytorch.manual_seed(0)
        return np.concatenate(
            [x.numpy() for x, _ in DataLoader(data, batch_size=32, shuffle=True, num_workers=num_workers)]
        )

    alone = epoch(0)
    for num_workers in (1, 2, 4):
        np.testing.assert_array_equal(epoch(num_workers), alone)
