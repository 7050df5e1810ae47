import numpy as np
import pytest

import tinytorch
from tinytorch.text import filter_logits, next_token_probabilities, sample_next, top_k_filter, top_p_filter

INF = np.inf
LOGITS = np.log(np.array([0.1, 0.4, 0.2, 0.3])).astype("f4")


def kept(logits):
    return np.isfinite(logits).astype(int).tolist()


def test_top_k_keeps_the_largest():
    assert kept(top_k_filter(LOGITS, 1)) == [0, 1, 0, 0]
    assert kept(top_k_filter(LOGITS, 3)) == [0, 1, 1, 1]
    assert kept(top_k_filter(LOGITS, 99)) == [1, 1, 1, 1]
    assert kept(top_k_filter(np.float32([1, 2, 2, 0]), 1)) == [0, 1, 1, 0], "ties stay"
    batch = top_k_filter(np.stack([LOGITS, LOGITS[::-1]]), 2)
    assert kept(batch) == [[0, 1, 0, 1], [1, 0, 1, 0]] and batch.dtype == np.float32


def test_top_p_keeps_the_fewest_that_reach_p():
    assert kept(top_p_filter(LOGITS, 0.3)) == [0, 1, 0, 0]
    assert kept(top_p_filter(LOGITS, 0.5)) == [0, 1, 0, 1]
    assert kept(top_p_filter(LOGITS, 0.8)) == [0, 1, 1, 1]
    assert kept(top_p_filter(LOGITS, 1.0)) == [1, 1, 1, 1]
    assert kept(top_p_filter(LOGITS, 1e-9)) == [0, 1, 0, 0], "never nothing"
    assert kept(top_p_filter(np.stack([LOGITS, LOGITS[::-1]]), 0.5)) == [[0, 1, 0, 1], [1, 0, 1, 0]]


def test_filters_combine_and_temperature_sharpens():
    assert kept(filter_logits(LOGITS, temperature=0)) == [0, 1, 0, 0]
    assert kept(filter_logits(np.zeros(3), temperature=0)) == [1, 0, 0]
    assert kept(filter_logits(LOGITS, top_k=3, top_p=0.5)) == [0, 1, 0, 1]
    np.testing.assert_allclose(next_token_probabilities(LOGITS), [0.1, 0.4, 0.2, 0.3], rtol=1e-6)
    np.testing.assert_allclose(next_token_probabilities(LOGITS, top_k=2), [0, 4 / 7, 0, 3 / 7], rtol=1e-6)
    np.testing.assert_allclose(
        next_token_probabilities(LOGITS, temperature=0.5), np.array([1, 16, 4, 9]) / 30, rtol=1e-6
    )


def test_samples_follow_the_probabilities():
    rng = np.random.default_rng(0)
    drawn = sample_next(np.broadcast_to(LOGITS, (40_000, 4)), rng)
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 40_000, [0.1, 0.4, 0.2, 0.3], atol=0.01)
    assert set(sample_next(np.broadcast_to(LOGITS, (2000, 4)), rng, top_k=2).tolist()) == {1, 3}
    assert sample_next(LOGITS, rng).shape == ()


def test_a_token_of_probability_zero_is_never_drawn():
    class Zero:
        random = staticmethod(np.zeros)

    class AlmostOne:
        random = staticmethod(lambda shape: np.full(shape, 1 - 2**-53))

    for rng, expected in ((Zero, 1), (AlmostOne, 2)):
        assert sample_next(np.float32([-INF, 0, 0, -INF]), rng) == expected


def test_tensors_are_taken_too():
    logits = tinytorch.from_numpy(LOGITS).requires_grad_()
    np.testing.assert_array_equal(filter_logits(logits, top_k=2), filter_logits(LOGITS, top_k=2))


@pytest.mark.parametrize("settings, message", [
    (dict(top_k=0), "top_k=0 must be at least 1"),
    (dict(top_p=0.0), "top_p=0.0 must be above 0 and at most 1"),
    (dict(temperature=-1), "temperature=-1 must not be negative"),
])  # fmt: skip
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        filter_logits(LOGITS, **settings)
