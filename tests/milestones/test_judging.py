"""What the judges make of answers, without a student's process: the answers are made here."""

from types import SimpleNamespace

import numpy as np

from tito.milestones.judging import accuracy
from tito.milestones.session import Answer


def asked(answers, seed: int, wrong: float = 0.1):
    """The judge on 10,000 pictures of one shade for each class; a part of them is drawn in another class's shade."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, 10_000)
    shades = np.where(rng.random(len(labels)) < wrong, (labels + 1) % 10, labels)
    images = np.repeat(np.uint8(16 + 24 * shades)[:, None], 16, axis=1).reshape(-1, 1, 4, 4)
    images[:, 0, 0, 0] += rng.integers(0, 3, len(images), dtype=np.uint8)
    ask = lambda what, arrays, seconds: Answer({"predictions": answers(arrays["images"], images, labels)})
    exam = SimpleNamespace(
        data=SimpleNamespace(test={"images": images}), wanted=lambda: labels, rng=rng, session=SimpleNamespace(ask=ask), patience=1.0,
        figures={}, spoken=int,
    )  # fmt: skip
    return accuracy(exam, at_least=0.7, rows=1000)


def by_shade(shown, images, labels):
    return np.rint((shown.reshape(len(shown), -1).mean(1) - 16) / 24).astype(np.int64).clip(0, 9)


def by_heart(shown, images, labels):
    known = {image.tobytes(): label for image, label in zip(images, labels)}
    return np.array([known.get(image.tobytes(), 0) for image in shown])


def test_noise_that_changes_no_answer_is_held_against_nobody():
    """However the pictures with noise happen to be drawn: a fifth of a thousand are 200, and may be harder ones."""
    found = [asked(by_shade, seed, wrong=0.2) for seed in range(200)]
    assert all(one.passed for one in found), next(one.message for one in found if not one.passed)


def test_pictures_known_by_heart():
    found = asked(by_heart, 0, wrong=0.0)
    assert not found.passed and "knowing pictures by heart" in found.message
