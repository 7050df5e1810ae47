"""Random numbers: one seed for Python, NumPy, tinytorch and CuPy, and generators of one's own."""

from __future__ import annotations

import os
import random as python_random
import sys

import numpy as np

from . import backend


class Generator:
    """A stream of random numbers that depends on nothing but its seed."""

    def __init__(self, device="cpu"):
        self.device = backend.device(device)
        self.seed()

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream that belongs to this seed."""
        self._seed, self._stream = int(seed), None
        return self

    @property
    def numpy(self):
        """NumPy's generator behind this one, made when the first number is drawn."""
        if self._stream is None:
            self._stream = np.random.Generator(np.random.PCG64(self._seed % 2**64))
        return self._stream

    def seed(self) -> int:
        """Start a stream from the system's entropy; returns the seed it chose."""
        return self.manual_seed(int.from_bytes(os.urandom(8), "little") >> 1)._seed

    def initial_seed(self) -> int:
        return self._seed

    def get_state(self) -> dict:
        """Everything needed to continue the stream from here: plain numbers and strings."""
        return {"seed": self._seed, **self.numpy.bit_generator.state}

    def set_state(self, state: dict) -> None:
        state = dict(state)
        self._seed = state.pop("seed")
        self.numpy.bit_generator.state = state

    def clone_state(self) -> Generator:
        other = Generator(self.device)
        other.set_state(self.get_state())
        return other


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Seed Python's, NumPy's, tinytorch's and, where it is in use, CuPy's random numbers in one call."""
    seed = int(seed)
    python_random.seed(seed)
    for library in array_libraries():
        library.random.seed(seed % 2**32)
    return default_generator.manual_seed(seed)


def array_libraries() -> list:
    """NumPy, and CuPy where somebody uses it."""
    return [np, backend.cupy()] if "cupy" in sys.modules else [np]


def seed() -> int:
    return default_generator.seed()


def initial_seed() -> int:
    return default_generator.initial_seed()


def get_rng_state() -> dict:
    return default_generator.get_state()


def set_rng_state(state: dict) -> None:
    default_generator.set_state(state)


class fork_rng:
    """`with fork_rng():` leaves the random state as it found it."""

    def __init__(self, devices=(), enabled: bool = True):
        self.enabled = enabled

    def __enter__(self):
        self.state = get_rng_state()

    def __exit__(self, *error) -> None:
        if self.enabled:
            set_rng_state(self.state)


# ---------------------------------------------------------------- arrays of random numbers


def stream(generator: Generator | None):
    return (generator or default_generator).numpy


def uniform(shape, dtype, generator=None, low=0.0, high=1.0, where=backend.CPU):
    if where.type == "cuda":
        return drawn_there(shape, dtype, "uniform", low, high, generator, where)
    draw = np.float32 if dtype in (np.float16, np.float32) else np.float64
    unit = stream(generator).random(shape, dtype=draw)
    return np.asarray(unit if (low, high) == (0.0, 1.0) else unit * draw(high - low) + draw(low), dtype)


def normal(shape, dtype, generator=None, mean=0.0, std=1.0, where=backend.CPU):
    if where.type == "cuda":
        return drawn_there(shape, dtype, "normal", mean, std, generator, where)
    draw = np.float32 if dtype in (np.float16, np.float32) else np.float64
    unit = stream(generator).standard_normal(shape, dtype=draw)
    return np.asarray(unit if (mean, std) == (0.0, 1.0) else unit * draw(std) + draw(mean), dtype)


def drawn_there(shape, dtype, kind: str, a: float, b: float, generator, where):
    """Random numbers drawn on a GPU; those of a seed differ from the CPU's, as in PyTorch."""
    xp = backend.cupy()
    with xp.cuda.Device(where.index or 0):
        out = xp.empty(shape, dtype)
        fill(out, kind, a, b, stream(generator))
    return out


@backend.kernel
def fill(out, kind: str, a: float, b: float, rng) -> None:
    """Random numbers into an array: "uniform" from a to b, "normal" with mean a and deviation b."""
    drawn = rng.uniform(a, b, out.shape) if kind == "uniform" else rng.normal(a, b, out.shape)
    out[...] = backend.module_of(out).asarray(drawn.astype(out.dtype))


def integers(low: int, high: int, shape, dtype, generator=None):
    if low >= high:
        raise RuntimeError(
            f"randint: from {low} to {high} there is none: low must be less than high, which is itself excluded"
        )
    return np.asarray(stream(generator).integers(low, high, shape, dtype=np.int64), dtype)


def key(rng) -> tuple[int, int]:
    """Two numbers below 2**32 from the stream, for `hashed`."""
    bits = rng.bit_generator.random_raw()
    return bits >> 32, bits & 0xFFFFFFFF


def hashed(counters, key: tuple[int, int]):
    """A random number (uint32) for each counter (uint32): always the same for the same counter and key.

    A stream has to be drawn in order; this can be computed anywhere, by any number of threads. Each round multiplies and
    folds the high bits down until every bit of the counter has moved every bit of the result; between the rounds the key's
    second half comes in, so that two keys never give the same numbers in another order.
    """
    first, second = np.uint32(key[0]), np.uint32(key[1])
    return mixed(mixed(counters ^ first) ^ second)


def mixed(h):
    """One round, reversible: multipliers and shifts by C. Wellons' search for those with the least bias."""
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x21F0AAAD)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0xD35A2D97)
    return h ^ (h >> np.uint32(15))


def permutation(n: int, generator=None):
    return stream(generator).permutation(n)


def bernoulli(probability, shape, dtype, generator=None):
    if backend.is_array(probability) and backend.device_of(probability).type == "cuda":
        points = uniform(shape, np.float32, generator, where=backend.device_of(probability))
        return (points < probability).astype(dtype)
    return np.asarray(stream(generator).random(shape) < probability, dtype)


def multinomial(weights, count: int, replacement: bool, generator=None):
    """Indices drawn in proportion to the weights, for each row of weights."""
    rows = np.atleast_2d(np.asarray(weights, np.float64))
    if not np.isfinite(rows).all() or (rows < 0).any() or (rows.sum(-1) <= 0).any():
        raise RuntimeError(
            "multinomial: probabilities must be finite, not negative, and not all zero in a row"
        )
    if not replacement and count > rows.shape[-1]:
        raise RuntimeError(f"multinomial: cannot draw {count} of {rows.shape[-1]} without replacement")
    rng = stream(generator)
    if replacement:
        edges = np.cumsum(rows, axis=-1)
        points = rng.random((len(rows), count)) * edges[:, -1:]
        out = np.stack([np.searchsorted(e, p, side="right") for e, p in zip(edges, points)])
        out = np.minimum(out, rows.shape[-1] - 1)
    else:
        # Exponential races: the k that finish first are a weighted sample without replacement.
        with np.errstate(divide="ignore"):
            finish = rng.exponential(size=rows.shape) / rows
        out = np.argsort(finish, axis=-1, kind="stable")[:, :count]
    return out if np.ndim(weights) == 2 else out[0]
