"""The checks of 07_dataloader. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

import collections
import gzip
import io
import itertools
import random as python_random
import struct
import tempfile
from pathlib import Path

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.data import (
    BatchSampler,
    Compose,
    DataLoader,
    Dataset,
    DrawnDigits,
    IterableDataset,
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    RandomSampler,
    Subset,
    TensorDataset,
    default_collate,
    random_split,
)
from tinytorch.data.dataset import Rows
from tinytorch.data.fetch import own_randomness
from tinytorch.data.idx import read_header, read_idx
from tinytorch.nn import functional as F
from tito.checking import (
    array_of,
    check,
    expect,
    expect_close,
    expect_equal,
    expect_raises,
    rng,
)

BYTES, SAMPLE, ORDER = "Bytes on disk", "Sample i", "In which order"
BATCH, WALK, VARIETY = "From samples to a batch", "The walk", "A little variety"

# ---------------------------------------------------------------- bytes on disk


def idx_bytes(array) -> bytes:
    """An array in the IDX format."""
    code = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}[array.dtype.str[1:]]
    head = bytes([0, 0, code, array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def header(content: bytes):
    return read_header(io.BytesIO(content), Path("digits.idx"))


@check(of="read_header", section=BYTES)
def test_idx_header():
    """00 00 08 01 00 00 ea 60 announces 60,000 unsigned bytes; the reader stands at the first value then."""
    file = io.BytesIO(bytes.fromhex("00000801 0000ea60 0500"))
    dtype, shape = read_header(file, Path("labels.idx"))
    expect_equal(np.dtype(dtype).str, "|u1", "the dtype of type 08")
    expect_equal(shape, (60000,), "the shape")
    expect_equal(file.read(), b"\x05\x00", "what is left to read")
    dtype, shape = header(bytes.fromhex("00000d03 00000002 00010000 00000003"))
    expect_equal(
        (np.dtype(dtype).str, shape), (">f4", (2, 65536, 3)), "dtype and shape of three dims of floats"
    )
    expect(all(type(n) is int for n in shape), "the sizes are plain ints", got=str([type(n) for n in shape]))


@check(of="read_header", needs="idx_header", section=BYTES)
def test_idx_files():
    """Arrays of every type and number of dims come back as they were written, gzipped or not."""
    with tempfile.TemporaryDirectory() as folder:
        for number, kind in enumerate(["u1", "i1", "i2", "i4", "f4", "f8"]):
            shape = (3, 2, 4)[: 1 + number % 3]
            array = rng(number).integers(0, 100, shape).astype(kind)
            path = Path(folder) / f"{kind}.idx"
            path.write_bytes(gzip.compress(idx_bytes(array)) if number % 2 else idx_bytes(array))
            expect_close(read_idx(path), array, f"the {kind} of shape {shape}", dtype=kind)


@check(of="read_header", needs="idx_header", section=BYTES)
def test_idx_refuses_other_files():
    """A web page, an unknown type, or a file that breaks off in its header is refused, with its first bytes."""
    for content, text in [
        (b"<html>", "starts with 3c 68 74 6d"),
        (bytes.fromhex("00000701 00000001 00"), "starts with 00 00 07 01"),
        (bytes.fromhex("01000801 00000001 00"), "starts with 01 00 08 01"),
        (bytes.fromhex("00010801 00000001 00"), "starts with 00 01 08 01"),
        (bytes.fromhex("0000"), "starts with 00 00,"),
        (bytes.fromhex("000008"), "starts with 00 00 08,"),
        (b"", "not an IDX file"),
    ]:
        expect_raises(
            ValueError,
            lambda c=content: header(c),
            ["digits.idx", "not an IDX file", text],
            f"a file {content!r}",
        )
    for content in (
        bytes.fromhex("00000803 00000001 0000"),
        bytes.fromhex("00000801"),
        bytes.fromhex("00000801 000000"),
    ):
        expect_raises(
            ValueError,
            lambda c=content: header(c),
            ["digits.idx", "truncated inside its header", f"of {content[3]} dim"],
            f"a header cut off: {content.hex(' ')}",
        )


# ---------------------------------------------------------------- data sets


@check(of="TensorDataset", section=SAMPLE)
def test_tensor_dataset():
    """A sample is row i of each tensor; the length is the number of rows."""
    data = TensorDataset(tt.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([0, 1, 2]))
    expect_equal(len(data), 3, "the length")
    sample = data[1]
    expect(type(sample) is tuple, "a sample is a tuple", expected="a tuple", got=type(sample).__name__)
    expect_close(sample[0], [3, 4], "the first part of sample 1")
    expect_close(sample[1], 1, "the second part of sample 1")
    expect_close(data[-1][0], [5, 6], "the last sample")
    expect(all(isinstance(t, tt.Tensor) for t in data.tensors), "an array was not made a tensor")
    expect(
        type(data.tensors) is tuple, "tensors is a tuple", expected="a tuple", got=type(data.tensors).__name__
    )


@check(of="TensorDataset", needs="tensor_dataset", section=SAMPLE)
def test_tensor_dataset_gathers():
    """Asked for the rows 2, 0, 2 it answers with whole columns."""
    data = TensorDataset(tt.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), tt.tensor([0, 1, 2]))
    rows = data.__getitems__([2, 0, 2])
    expect(isinstance(rows, Rows), "__getitems__ gathers", expected="Rows", got=type(rows).__name__)
    expect_equal(len(rows.columns), 2, "the number of columns")
    expect_close(rows.columns[0], [[5, 6], [1, 2], [5, 6]], "the first column", dtype="float32")
    expect_close(rows.columns[1], [2, 0, 2], "the second column", dtype="int64")


@check(of="TensorDataset", needs="tensor_dataset", section=SAMPLE)
def test_tensor_dataset_refuses_lengths_that_differ():
    """Three pictures and two labels are an error that names the lengths."""
    expect_raises(
        AssertionError,
        lambda: TensorDataset(tt.zeros(3, 2), tt.zeros(2), tt.zeros(3)),
        ["Size mismatch", "[3, 2, 3]"],
        "lengths that differ",
    )


@check(of="random_split", section=SAMPLE)
def test_random_split():
    """Of 10 samples (7, 3) are two subsets without a sample in common; fractions and seeds work."""
    data = TensorDataset(tt.arange(10))
    parts = random_split(data, [7, 3])
    expect_equal([len(p) for p in parts], [7, 3], "the lengths")
    expect(
        all(isinstance(p, Subset) for p in parts),
        "the parts are Subsets",
        got=str([type(p).__name__ for p in parts]),
    )
    indices = [i for p in parts for i in p.indices]
    expect_equal(sorted(indices), list(range(10)), "all indices of both, sorted")
    expect(all(type(i) is int for i in indices), "indices are plain ints", got=str(type(indices[0])))
    values = [int(part[i][0]) for part in parts for i in range(len(part))]
    expect_equal(values, indices, "the samples of the parts, one after another")
    parts = random_split(data, [0.25, 0.25, 0.5])
    expect_equal([len(p) for p in parts], [3, 2, 5], "the lengths for 0.25, 0.25, 0.5")
    expect_equal([len(p) for p in random_split(data, [0.1] * 10)], [1] * 10, "ten parts of 0.1")
    parts = random_split(data, [10])
    expect_equal(len(parts[0]), 10, "a single part")
    one, two, other = (
        random_split(TensorDataset(tt.arange(50)), [0.5, 0.5], tt.Generator().manual_seed(s))[0].indices
        for s in (1, 1, 2)
    )
    expect_equal(list(one), list(two), "the same seed twice")
    expect(list(one) != list(other), "two seeds give one split", got=str(one[:8]))
    expect(list(one) != sorted(one), "nothing was shuffled", got=str(one[:8]))


@check(of="random_split", needs="random_split", section=SAMPLE)
def test_random_split_refuses_what_does_not_add_up():
    """Lengths that sum to something else, and fractions that do not sum to 1, are errors."""
    data = TensorDataset(tt.arange(10))
    for lengths, total in [([7, 2], 9), ([7, 4], 11), ([0.5, 0.4], 0.9), ([0.5, 0.5 + 2**-52], 1 + 2**-52)]:
        expect_raises(
            ValueError,
            lambda n=lengths: random_split(data, n),
            ["Sum of input lengths does not equal", str(lengths), f"sum to {total}", "not 10"],
            f"random_split(10 samples, {lengths})",
        )


# ---------------------------------------------------------------- samplers


class Length:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n


@check(of="RandomSampler.__iter__", section=ORDER)
def test_a_shuffle_has_every_sample_once():
    """Each pass has every index exactly once, in another order."""
    tt.manual_seed(0)
    sampler = RandomSampler(Length(50))
    one, two = list(sampler), list(sampler)
    for name, order in (("first", one), ("second", two)):
        expect_equal(sorted(order), list(range(50)), f"the indices of the {name} pass, sorted")
        expect(order != list(range(50)), f"the {name} pass is not shuffled", got=str(order[:8]))
        expect(all(type(i) is int for i in order), "indices are plain ints", got=str(type(order[0])))
    expect(one != two, "two passes have one order", got=str(two[:8]))


@check(of="RandomSampler.__iter__", needs="a_shuffle_has_every_sample_once", section=ORDER)
def test_as_many_samples_as_asked_for():
    """num_samples below N is the beginning of a shuffle, above N several shuffles; with replacement they are draws."""
    tt.manual_seed(0)
    few = list(RandomSampler(Length(50), num_samples=20))
    expect_equal((len(few), len(set(few))), (20, 20), "20 samples of 50: how many, and how many different")
    many = list(RandomSampler(Length(10), num_samples=25))
    expect_equal(len(many), 25, "25 samples of 10")
    for start in (0, 10):
        expect_equal(
            sorted(many[start : start + 10]), list(range(10)), f"samples {start} to {start + 9} of them"
        )
    expect_equal(len(set(many[20:])), 5, "the last 5 of them: how many different")
    expect(many[:10] != many[10:20], "the second round repeats the first", got=str(many))
    drawn = list(RandomSampler(Length(1000), replacement=True))
    expect_equal(len(drawn), 1000, "1000 draws with replacement")
    expect(
        560 < len(set(drawn)) < 700,
        "draws with replacement",
        expected="about 632 different",
        got=len(set(drawn)),
    )
    expect(
        min(drawn) >= 0 and 900 < max(drawn) < 1000,
        "draws with replacement",
        expected="from all of 0 to 999",
        got=f"{min(drawn)} to {max(drawn)}",
    )
    pair = list(RandomSampler(Length(2), replacement=True, num_samples=40))
    expect_equal((len(pair), sorted(set(pair))), (40, [0, 1]), "40 draws of 2")


@check(of="RandomSampler.__iter__", needs="a_shuffle_has_every_sample_once", section=ORDER)
def test_seeds_of_a_shuffle():
    """The same seed gives the same order; a pass moves the global generator by one draw, however long it is."""
    orders = []
    for _ in range(2):
        tt.manual_seed(7)
        orders.append(list(RandomSampler(Length(30))))
    expect_equal(orders[0], orders[1], "the order after manual_seed(7), twice")
    mine = [list(RandomSampler(Length(30), generator=tt.Generator().manual_seed(3))) for _ in range(2)]
    expect_equal(mine[0], mine[1], "the order with a generator of one's own, twice")
    after = []
    for n in (5, 500):
        tt.manual_seed(1)
        list(RandomSampler(Length(n)))
        after.append(tt.rand(1).item())
    expect_equal(after[0], after[1], "the next random number after a pass over 5 and over 500 samples")


@check(of="BatchSampler.__iter__", section=ORDER)
def test_batches_of_indices():
    """10 indices in batches of 4 are 4, 4 and 2, or 4 and 4 with drop_last."""
    expect_equal(list(BatchSampler(range(10), 4, False)), [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]], "10 by 4")
    expect_equal(list(BatchSampler(range(10), 4, True)), [[0, 1, 2, 3], [4, 5, 6, 7]], "10 by 4, drop_last")
    expect_equal(list(BatchSampler(range(8), 4, False)), [[0, 1, 2, 3], [4, 5, 6, 7]], "8 by 4")
    expect_equal(list(BatchSampler(range(8), 4, True)), [[0, 1, 2, 3], [4, 5, 6, 7]], "8 by 4, drop_last")
    expect_equal(list(BatchSampler([], 4, False)), [], "no indices")
    sampler = BatchSampler(range(3), 2, False)
    expect_equal([list(sampler) for _ in range(2)], [[[0, 1], [2]]] * 2, "two passes")


@check(of="BatchSampler.__iter__", needs="batches_of_indices", section=ORDER)
def test_batches_of_an_endless_sampler():
    """Only as many indices are read as the next batch needs."""
    source = itertools.count()
    batches = iter(BatchSampler(source, 3, False))
    expect_equal([next(batches), next(batches)], [[0, 1, 2], [3, 4, 5]], "two batches of an endless sampler")
    expect_equal(next(source), 6, "the index that comes next")


# ---------------------------------------------------------------- collate

Point = collections.namedtuple("Point", "x y")


@check(of="default_collate", section=BATCH)
def test_numbers_tensors_and_arrays_are_stacked():
    """Tensors and arrays get a batch dim in front; floats become float64, ints int64, bools bool."""
    expect_close(
        default_collate([tt.tensor([1.0, 2.0]), tt.tensor([3.0, 4.0])]),
        [[1, 2], [3, 4]],
        "two tensors",
        dtype="float32",
    )
    expect_close(
        default_collate([np.array([1, 2], np.int16), np.array([3, 4], np.int16)]),
        [[1, 2], [3, 4]],
        "two arrays",
        dtype="int16",
    )
    for samples, dtype in [
        ([0.5, 1.5], "float64"),
        ([1, 2], "int64"),
        ([True, False], "bool"),
        ([np.float32(0.5), np.float32(2)], "float32"),
        ([np.float64(0.1), np.float64(2)], "float64"),
        ([np.int8(1), np.int8(2)], "int8"),
    ]:
        out = default_collate(samples)
        expect(
            isinstance(out, tt.Tensor),
            f"{samples} become a tensor",
            expected="a Tensor",
            got=type(out).__name__,
        )
        expect_close(out, samples, f"the numbers {samples}", dtype=dtype)
    expect_equal(default_collate(["a", "b"]), ["a", "b"], "two strings")
    expect_equal(default_collate([b"a", b"b"]), [b"a", b"b"], "two bytes")


@check(of="default_collate", needs="numbers_tensors_and_arrays_are_stacked", section=BATCH)
def test_containers_keep_their_form():
    """Pairs become a list of two, dicts and named tuples keep their names, at any depth."""
    pairs = default_collate([(tt.tensor([1.0]), 5), (tt.tensor([2.0]), 6)])
    expect(type(pairs) is list and len(pairs) == 2, "pairs become a list of two", got=str(pairs))
    expect_close(pairs[0], [[1], [2]], "the first parts")
    expect_close(pairs[1], [5, 6], "the second parts", dtype="int64")
    deep = default_collate(
        [{"image": np.zeros(3), "at": Point(1, [2.0])}, {"image": np.ones(3), "at": Point(3, [4.0])}]
    )
    expect_equal(sorted(deep), ["at", "image"], "the keys")
    expect_close(deep["image"], [[0, 0, 0], [1, 1, 1]], "the images")
    expect(
        isinstance(deep["at"], Point),
        "the named tuple",
        expected="Point(x, y)",
        got=type(deep["at"]).__name__,
    )
    expect_close(deep["at"].x, [1, 3], "its x")
    expect_close(deep["at"].y[0], [2.0, 4.0], "its y", dtype="float64")


@check(of="default_collate", needs="containers_keep_their_form", section=BATCH)
def test_gathered_rows_are_taken_as_they_are():
    """Rows come out column by column."""
    image, label = tt.zeros(2, 3), np.array([1, 2])
    out = default_collate(Rows([image, label]))
    expect_equal(len(out), 2, "the number of columns")
    expect(out[0] is image, "a column that is a tensor is handed on as it is")
    expect(
        isinstance(out[1], tt.Tensor), "a column that is an array becomes a tensor", got=type(out[1]).__name__
    )
    expect_close(out[1], [1, 2], "the second column")


@check(of="default_collate", needs="containers_keep_their_form", section=BATCH)
def test_collate_refuses_what_makes_no_batch():
    """Other objects, arrays of text, and samples of different sizes are errors that say so."""
    expect_raises(
        TypeError,
        lambda: default_collate([object(), object()]),
        ["must contain tensors", "object"],
        "objects",
    )
    expect_raises(TypeError, lambda: default_collate([{1, 2}]), ["must contain tensors", "set"], "a set")
    text = [np.array(["a"]), np.array(["b"])]
    expect_raises(TypeError, lambda: default_collate(text), "must contain tensors", "arrays of text")
    expect_raises(
        RuntimeError,
        lambda: default_collate([tt.zeros(2), tt.zeros(3)]),
        ["equal size", "[2] at entry 0", "[3] at entry 1"],
        "tensors of different sizes",
    )
    expect_raises(
        RuntimeError,
        lambda: default_collate([(1, 2), (3,)]),
        "should be of equal size",
        "a pair and a single one",
    )


# ---------------------------------------------------------------- the walk


class Noisy(Dataset):
    """A sample is its index and a draw from each of the three generators."""

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return index, python_random.random(), np.random.rand(), tt.rand(1).item()


class Stream(IterableDataset):
    """Draws from here on."""

    def __iter__(self):
        return iter([(i, np.random.rand()) for i in range(5)])


@check(of="LocalIterator.__next__", needs=["batches_of_indices", "containers_keep_their_form"], section=WALK)
def test_an_epoch():
    """10 samples in batches of 4 come as 4, 4 and 2; each epoch starts anew."""
    loader = DataLoader(TensorDataset(tt.arange(10), tt.arange(10) * 2.0), batch_size=4)
    for epoch in ("first", "second"):
        batches = list(loader)
        expect_equal(len(batches), 3, f"the batches of the {epoch} epoch")
        for batch, numbers in zip(batches, ([0, 1, 2, 3], [4, 5, 6, 7], [8, 9])):
            expect_close(batch[0], numbers, f"a batch of the {epoch} epoch")
            expect_close(batch[1], np.array(numbers) * 2.0, f"its second part, {epoch} epoch")
    stream = [array_of(index).tolist() for index, _ in DataLoader(Stream(), batch_size=2)]
    expect_equal(stream, [[0, 1], [2, 3], [4]], "the batches of a stream")


@check(of="LocalIterator.__next__", needs="an_epoch", section=WALK)
def test_each_batch_has_its_own_seed():
    """Batch k draws from the seed (epoch, k), with every generator, and leaves the generators as they were."""
    tt.manual_seed(5)
    data = Noisy()
    walk = iter(DataLoader(data, batch_size=4))
    before = python_random.getstate(), np.random.get_state()[1].tolist(), tt.get_rng_state().tolist()
    batches = list(walk)
    after = python_random.getstate(), np.random.get_state()[1].tolist(), tt.get_rng_state().tolist()
    expect(
        before == after,
        "walking moved the generators",
        expected="the state they had before",
        got="another state",
    )
    for k, batch in enumerate(batches):
        with own_randomness(walk.base_seed, k):
            answer = default_collate([data[i] for i in range(4 * k, min(4 * k + 4, 10))])
        for part, expected, name in zip(batch, answer, ("indices", "Python's", "NumPy's", "tinytorch's")):
            expect_close(part, array_of(expected), f"{name} numbers in batch {k}")


@check(of="LocalIterator.__next__", needs="each_batch_has_its_own_seed", section=WALK)
def test_seeds_of_a_loader():
    """The same seed gives the same epochs, two epochs are not the same, and a stream's batches are seeded as worker 0's."""
    runs = []
    for _ in range(2):
        tt.manual_seed(9)
        loader = DataLoader(Noisy(), batch_size=5, shuffle=True)
        runs.append([[array_of(part).tolist() for part in batch] for _ in range(2) for batch in loader])
    expect_equal(runs[0], runs[1], "two epochs after manual_seed(9), twice")
    expect(runs[0][:2] != runs[0][2:], "the second epoch repeats the first", got=str(runs[0][2][0]))

    class Drawing(IterableDataset):
        def __iter__(self):
            for _ in range(4):
                yield np.random.rand()

    walk = iter(DataLoader(Drawing(), batch_size=2))
    for k, batch in enumerate(walk):
        with own_randomness(walk.base_seed, 0, k):
            answer = [np.random.rand(), np.random.rand()]
        expect_close(batch, answer, f"the draws of batch {k} of a stream")


# ---------------------------------------------------------------- transforms


@check(of="Normalize.apply", section=VARIETY)
def test_normalize():
    """255 with mean 0.5 and std 0.25 is 2; one number per channel, or one for all."""
    pixels = np.array([0, 255], np.uint8).reshape(1, 1, 1, 2)
    out = Normalize([0.5], [0.25])(pixels)
    expect_close(out, [[[[-2.0, 2.0]]]], "0 and 255 with mean 0.5 and std 0.25", dtype="float32")
    x = rng(0).random((4, 3, 5, 6))
    mean, std = np.array([0.1, 0.5, 0.9]), np.array([0.5, 0.25, 2.0])
    answer = (x - mean[:, None, None]) / std[:, None, None]
    expect_close(Normalize(mean, std)(x), answer, "three channels of float64", dtype="float32", rtol=1e-4)
    expect_close(Normalize(mean, std)(x[0]), answer[0], "one picture", rtol=1e-4)
    expect_close(
        Normalize([0.5], std)(x), (x - 0.5) / std[:, None, None], "one mean, three stds", rtol=1e-4, atol=1e-5
    )
    expect_close(
        Normalize(mean, [2])(x), (x - mean[:, None, None]) / 2, "three means, one std", rtol=1e-4, atol=1e-5
    )
    tensor_out = Normalize(mean, std)(tt.tensor(x))
    expect(
        isinstance(tensor_out, tt.Tensor), "a tensor comes back as a tensor", got=type(tensor_out).__name__
    )
    kept = x.astype(np.float32)
    copy = kept.copy()
    Normalize(mean, std)(kept)
    expect_close(kept, copy, "x afterwards")


@check(of="Normalize.apply", needs="normalize", section=VARIETY)
def test_normalize_refuses_other_channels():
    """Two means for three channels are an error, and so are two deviations."""
    x = np.zeros((1, 3, 2, 2), np.float32)
    for mean, std in (([0, 0], [1, 1, 1]), ([0, 0, 0], [1, 1])):
        expect_raises(
            ValueError,
            lambda m=mean, s=std: Normalize(m, s)(x),
            [f"{len(mean)} means and {len(std)} stds", "3 channels"],
            f"{len(mean)} means and {len(std)} stds for 3 channels",
        )


@check(of="RandomHorizontalFlip.apply", section=VARIETY)
def test_flip():
    """Each picture by itself, left for right, with probability p; the pictures that came in stay as they are."""
    x = rng(1).random((400, 2, 3, 4)).astype(np.float32)
    kept = x.copy()
    expect_close(RandomHorizontalFlip(1.0)(x), x[..., ::-1], "p=1: all flipped", dtype="float32")
    expect_close(RandomHorizontalFlip(0.0)(x), x, "p=0: none flipped")
    tt.manual_seed(0)
    for p in (0.5, 0.2):
        out = RandomHorizontalFlip(p)(x)
        flipped = (out == x[..., ::-1]).all((1, 2, 3))
        expect(
            (flipped | (out == x).all((1, 2, 3))).all(),
            "a picture is neither the old one nor its mirror image",
        )
        expect(
            abs(flipped.mean() - p) < 0.1,
            f"how many of 400 are flipped, p={p}",
            expected=f"about {400 * p:.0f}",
            got=int(flipped.sum()),
        )
    expect_close(x, kept, "the pictures that came in, afterwards")
    both = [RandomHorizontalFlip(generator=tt.Generator().manual_seed(4))(x) for _ in range(2)]
    expect_close(both[0], both[1], "the same seed twice")


@check(of="RandomCrop.apply", section=VARIETY)
def test_crop():
    """Each picture is a window of its own, at every place that fits; all channels at the same place."""
    numbers = np.arange(30.0).reshape(5, 6)
    x = np.stack([numbers, numbers + 100])[None].repeat(400, 0)
    tt.manual_seed(0)
    out = RandomCrop((3, 2))(x)
    expect_equal(out.shape, (400, 2, 3, 2), "the shape of 400 crops of (3, 2)")
    tops, lefts = np.divmod(out[:, 0, 0, 0].astype(int), 6)
    answer = np.stack([x[0, :, t : t + 3, v : v + 2] for t, v in zip(tops, lefts)])
    expect_close(out, answer, "each crop is the window that starts at its first pixel")
    expect_equal(
        (sorted(set(tops.tolist())), sorted(set(lefts.tolist()))),
        ([0, 1, 2], [0, 1, 2, 3, 4]),
        "tops and lefts that came up",
    )
    expect_equal(len({*zip(tops.tolist(), lefts.tolist())}), 15, "different places among 400 crops")
    for name, starts, count in (("top", tops, 3), ("left", lefts, 5)):
        often = int(np.bincount(starts, minlength=count).max())
        expect(
            often < 1.35 * 400 / count,
            f"one {name} comes up more often than the others",
            expected=f"each of {count} about {400 // count} times in 400",
            got=f"one of them {often} times",
        )
    expect_close(RandomCrop((5, 6))(x), x, "a crop as large as the picture")


@check(of="RandomCrop.apply", needs="crop", section=VARIETY)
def test_crop_with_padding():
    """Padding by 2 lets the picture move by 2 in each direction, with zeros or a mirror image around it."""
    x = 1 + np.arange(16.0).reshape(1, 1, 4, 4).repeat(300, 0)
    tt.manual_seed(0)
    for mode in ("constant", "reflect"):
        padded = np.pad(x[0, 0], 2, mode)
        allowed = {padded[t : t + 4, v : v + 4].tobytes() for t in range(5) for v in range(5)}
        found = {crop.tobytes() for crop in RandomCrop(4, padding=2, mode=mode)(x)[:, 0]}
        expect(found <= allowed, f"a crop that is no window of the padded picture, mode={mode!r}")
        expect_equal(len(found), 25, f"different crops among 300, mode={mode!r}")
    both = [RandomCrop(4, 2, generator=tt.Generator().manual_seed(4))(x) for _ in range(2)]
    expect_close(both[0], both[1], "the same seed twice")
    for size in ((5, 4), (4, 5), 9):
        expect_raises(
            ValueError,
            lambda s=size: RandomCrop(s)(x),
            ["does not fit images of 4 x 4"],
            f"a crop of {size} from 4 x 4",
        )


# ---------------------------------------------------------------- the whole module


@check(
    of=[
        "read_header",
        "TensorDataset",
        "random_split",
        "default_collate",
        "LocalIterator.__next__",
        "RandomCrop.apply",
    ],
    needs=[
        "idx_files",
        "random_split",
        "seeds_of_a_loader",
        "crop_with_padding",
        "normalize",
        "as_many_samples_as_asked_for",
    ],
    section="Where it goes next",
    seconds=60,
)
def test_a_network_fed_from_files():
    """600 digits written to IDX files, split, shuffled and shifted: a small network learns more than half of the unseen ones in 6 epochs."""
    digits = DrawnDigits(n=600)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.idx.gz" for name in ("images", "labels")]
        for path, array in zip(paths, (digits.data, digits.targets.astype(np.uint8))):
            path.write_bytes(gzip.compress(idx_bytes(array), 1))
        images, labels = map(read_idx, paths)
    expect_close(images, digits.data, "the images read back")
    tt.manual_seed(0)
    train, test = random_split(
        TensorDataset(tt.tensor(images), tt.tensor(labels.astype(np.int64))), [0.8, 0.2]
    )
    prepare = Normalize([0.15], [0.3])
    vary = Compose([RandomCrop(28, padding=1), prepare])
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(6):
        for batch, answers in DataLoader(train, batch_size=32, shuffle=True, drop_last=True):
            loss = F.cross_entropy(model(vary(batch)), answers)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    right = 0
    with tt.no_grad():
        for batch, answers in DataLoader(test, batch_size=50):
            right += int((model(prepare(batch)).argmax(1) == answers).sum())
    expect(
        right > 60,
        "the network did not learn from what the loader gave it",
        expected="more than 60 of 120 new digits named rightly",
        got=f"{right} (the last loss is {loss.item():.3f})",
    )
