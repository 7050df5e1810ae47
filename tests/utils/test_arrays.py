import numpy as np
import pytest

from tinytorch.utils import arrays


def test_batches_walk_all_rows_in_step():
    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    got = list(arrays.batches(x, y, batch_size=4))
    assert [len(xb) for xb, _ in got] == [4, 4, 2]
    assert all((xb[:, 0] == 2 * yb).all() for xb, yb in got)
    assert [len(b) for (b,) in arrays.batches(y, batch_size=4, drop_last=True)] == [4, 4]
    assert list(arrays.batches(np.zeros((0, 3)), batch_size=2)) == []


def test_shuffled_batches_are_a_permutation_that_the_seed_decides():
    y = np.arange(100)
    first, again, other = (
        np.concatenate([b for (b,) in arrays.batches(y, batch_size=7, shuffle=True, rng=s)])
        for s in (1, 1, 2)
    )
    assert (first == again).all() and (first != other).any() and (np.sort(first) == y).all()


@pytest.mark.parametrize("N", [0, 1, 2, 9, 100])
def test_split_loses_and_repeats_nothing(N):
    parts = arrays.split(np.arange(N), fractions=(0.7, 0.2, 0.1), rng=0)
    assert sorted(np.concatenate([rows for (rows,) in parts]).tolist()) == list(range(N))


def test_stratified_split_keeps_the_shares():
    y = np.repeat([0, 1, 2], [100, 50, 10])
    train, val, test = arrays.split(np.arange(160), y, stratify=y, rng=0)
    for part, share in ((train, 0.8), (val, 0.1), (test, 0.1)):
        assert np.bincount(part[1], minlength=3).tolist() == [100 * share, 50 * share, 10 * share]
    assert len({*train[0], *val[0], *test[0]}) == 160


def test_split_and_batches_say_what_is_wrong():
    with pytest.raises(ValueError, match=r"must be non-negative and sum to 1, not 0.9"):
        arrays.split(np.arange(3), fractions=(0.5, 0.4))
    with pytest.raises(ValueError, match=r"one length, got \[3, 4\]"):
        list(arrays.batches(np.arange(3), np.arange(4), batch_size=1))
    with pytest.raises(ValueError, match=r"stratify has shape \(2,\), but there are 3 rows"):
        arrays.split(np.arange(3), stratify=[0, 1])


def test_one_hot():
    assert arrays.one_hot([2, 0]).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert arrays.one_hot(np.zeros((2, 3), int), 4).shape == (2, 3, 4)
    assert arrays.one_hot(1, 2).tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"labels from 0 to 3 do not fit 3 classes \(0 to 2\)"):
        arrays.one_hot([0, 3], 3)
    with pytest.raises(TypeError, match="must be integers, got float64"):
        arrays.one_hot([0.0])


def test_standardizer_uses_the_statistics_it_was_fitted_on():
    rng = np.random.default_rng(0)
    train = (rng.standard_normal((200, 3)) * [1, 10, 0] + [5, 0, 7]).astype("f4")
    scale = arrays.Standardizer.fit(train)
    z = scale(train)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(z.std(0), [1, 1, 0], atol=1e-5)
    np.testing.assert_allclose(scale.inverse(z), train, atol=1e-4)
    np.testing.assert_allclose(scale(train[:1] + 1)[0, 2], 1)  # the constant feature is only centred
    images = rng.integers(0, 255, (4, 3, 5, 5), dtype=np.uint8)
    assert arrays.Standardizer.fit(images, axis=(0, 2, 3)).mean.shape == (1, 3, 1, 1)


def test_check_shape():
    x = np.zeros((8, 3, 32, 32))
    assert arrays.check_shape(x, ("N", 3, "S", "S")) is x
    assert arrays.check_shape(x, (None, None, None, None)) is x
    with pytest.raises(
        ValueError,
        match=r"images: shape \(8, 3, 32, 32\) does not fit \(N, 1, any, any\): dimension 1 is 3, expected 1",
    ):
        arrays.check_shape(x, ("N", 1, None, None), "images")
    with pytest.raises(ValueError, match=r"dimension 1 is 5, expected 4"):
        arrays.check_shape(np.zeros((4, 5)), ("S", "S"))
    with pytest.raises(ValueError, match=r"has 1 dimensions, expected 2: \(N, any\)"):
        arrays.check_shape(np.zeros(4), ("N", None))


def test_pad_sequences():
    padded, lengths = arrays.pad_sequences([[1, 2, 3], [4], []], value=-1)
    assert padded.tolist() == [[1, 2, 3], [4, -1, -1], [-1, -1, -1]] and lengths.tolist() == [3, 1, 0]
    padded, lengths = arrays.pad_sequences([[1, 2, 3], [4]], side="left", length=2)
    assert padded.tolist() == [[2, 3], [0, 4]] and lengths.tolist() == [2, 1]
    padded, lengths = arrays.pad_sequences([np.ones((2, 5)), np.ones((1, 5))])
    assert padded.shape == (2, 2, 5) and padded[1, 1].sum() == 0
    assert arrays.pad_sequences([])[0].shape == (0, 0)
