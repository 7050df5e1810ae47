"""Data that needs no download: drawn images and the texts that come with Python."""

import ast
import hashlib
import time

import numpy as np
import pytest

import tinytorch
from tinytorch.data import DataLoader, DrawnDigits, DrawnShapes, TokenBlocks, english, python_source
from tinytorch.data.drawn import OUTLINES, WAYS, draw
from tinytorch.data.raster import arc, closed, distances, inside, line, pieces_of
from tinytorch.data.text import library_files, read_text


@pytest.mark.parametrize("kind,shape", [(DrawnDigits, (1, 28, 28)), (DrawnShapes, (3, 32, 32))])
def test_drawn_sets(kind, shape):
    data = kind(n=1200)
    assert (
        data.data.shape == (1200, *shape) and data.data.dtype == np.uint8 and data.targets.dtype == np.int64
    )
    assert np.bincount(data.targets, minlength=10).min() > 80 and len(kind.classes) == 10
    image, _ = data[5]
    assert (
        image.shape == shape
        and image.dtype == tinytorch.float32
        and 0 <= image.min().item() <= image.max().item() <= 1
    )
    x, y = next(iter(DataLoader(data, batch_size=16)))
    assert x.shape == (16, *shape) and y.tolist() == data.targets[:16].tolist()


@pytest.mark.parametrize("kind", [DrawnDigits, DrawnShapes])
def test_drawn_sets_depend_on_the_seed_and_nothing_else(kind):
    first = kind(n=600)
    tinytorch.manual_seed(99)
    draw.cache_clear()
    np.testing.assert_array_equal(kind(n=600).data, first.data)
    np.testing.assert_array_equal(kind(n=30).data, first.data[:30])  # fewer images are the first of more
    assert not np.array_equal(kind(n=30, seed=1).data, first.data[:30])
    assert not np.array_equal(kind(n=30, train=False).data, first.data[:30])


def test_drawn_sets_are_drawn_once_and_cannot_be_spoiled():
    first = DrawnDigits(n=500)
    assert DrawnDigits(n=500).data is first.data
    with pytest.raises(ValueError, match="read-only"):
        first.data[0] = 0
    with pytest.raises(ValueError, match="n=0"):
        DrawnDigits(n=0)


def test_ten_thousand_digits_take_a_few_seconds():
    draw.cache_clear()
    started = time.perf_counter()
    DrawnDigits(n=10_000)
    assert time.perf_counter() - started < 10  # 0.7 s on one core of the machine it was written on


def test_a_nearest_mean_is_far_from_enough():
    """A cheap linear model as a guard; the docstrings have the measured ones."""
    for kind in (DrawnDigits, DrawnShapes):
        train, test = kind(n=4000), kind(train=False, n=1000)
        x, y = train.data.reshape(4000, -1) / 255.0, test.data.reshape(1000, -1) / 255.0
        means = np.stack([x[train.targets == k].mean(0) for k in range(10)])
        scores = y @ means.T - 0.5 * (means**2).sum(1)
        assert (scores.argmax(1) == test.targets).mean() < 0.8


def test_every_digit_and_shape_is_within_its_square():
    for strokes in [way for ways in WAYS for way in ways] + OUTLINES:
        points = np.concatenate(strokes)
        assert np.abs(points).max() < 1.1


def test_outlines_are_closed():
    for outline in OUTLINES:
        for contour in outline:
            np.testing.assert_allclose(contour[0], contour[-1], atol=1e-9)


def test_distance_and_inside_of_a_square():
    square = pieces_of([closed(line((2, 2), (8, 2), (8, 8), (2, 8)))])[None]
    away, within = distances(square, 10)[0], inside(square, 10)[0]
    centre = np.arange(10) + 0.5
    x, y = np.meshgrid(centre, centre)
    np.testing.assert_array_equal(within, (x > 2) & (x < 8) & (y > 2) & (y < 8))
    outside = np.hypot(np.maximum(np.abs(x - 5) - 3, 0), np.maximum(np.abs(y - 5) - 3, 0))
    np.testing.assert_allclose(away[~within], outside[~within], atol=1e-5)
    np.testing.assert_allclose(
        away[within], (3 - np.maximum(np.abs(x - 5), np.abs(y - 5)))[within], atol=1e-5
    )


def test_distance_of_a_circle():
    circle = pieces_of([arc(5, 5, 3, 3, 0, 1, 200)])[None]
    x, y = np.meshgrid(np.arange(10) + 0.5, np.arange(10) + 0.5)
    np.testing.assert_allclose(distances(circle, 10)[0], np.abs(np.hypot(x - 5, y - 5) - 3), atol=2e-3)


# ---------------------------------------------------------------- text


def test_english():
    text = english()
    assert len(text) > 300_000 and " statement" in text and text is english()
    assert sum(c.isascii() for c in text) / len(text) > 0.99


def test_python_source():
    text = python_source(200_000)
    assert len(text) == 200_000 and "def " in text and python_source(1000) == text[:1000]
    names = [path.as_posix() for path in library_files()]
    assert names == sorted(names) and len(names) > 300
    assert not any("/test/" in name or "site-packages" in name or "_sysconfigdata" in name for name in names)
    assert (
        hashlib.sha256(text.encode()).hexdigest()
        == hashlib.sha256(python_source(200_000).encode()).hexdigest()
    )


def test_python_source_is_python():
    for path in library_files()[:20]:
        ast.parse(path.read_bytes())


def test_read_text_explains(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="not UTF-8 text"):
        read_text(tmp_path / "a.txt")


def test_token_blocks():
    data = TokenBlocks(range(20), block_size=4, stride=3)
    assert len(data) == 6
    x, y = data[2]
    assert x.tolist() == [6, 7, 8, 9] and y.tolist() == [7, 8, 9, 10]
    x, y = next(iter(DataLoader(data, batch_size=3)))
    assert x.shape == (3, 4) and x.dtype == tinytorch.int64 and y[2].tolist() == [7, 8, 9, 10]
    with pytest.raises(ValueError, match="block of 20"):
        TokenBlocks(range(20), 20)
    with pytest.raises(ValueError, match="stride=0"):
        TokenBlocks(range(20), 4, stride=0)
