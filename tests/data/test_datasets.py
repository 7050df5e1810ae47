"""Data sets, samplers and collation, held against PyTorch's where it has the same."""

import collections

import numpy as np
import pytest

import tinytorch
from tinytorch.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    random_split,
)


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")


class Squares(Dataset):
    def __init__(self, n=10):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if not 0 <= index < self.n:
            raise IndexError(index)
        return index * index


class Counting(IterableDataset):
    def __init__(self, start, stop):
        self.start, self.stop = start, stop

    def __iter__(self):
        return iter(range(self.start, self.stop))


def generator(seed=0):
    return tinytorch.Generator().manual_seed(seed)


# ---------------------------------------------------------------- data sets


def test_tensor_dataset_indexes_all_tensors_together():
    x, y = tinytorch.arange(12.0).reshape(6, 2), tinytorch.arange(6)
    data = TensorDataset(x, y)
    assert len(data) == 6
    row, label = data[4]
    assert row.tolist() == [8, 9] and label.item() == 4
    assert [t.tolist() for t in data[1:3]] == [[[2, 3], [4, 5]], [1, 2]]


def test_tensor_dataset_gathers_a_batch_that_reads_as_samples():
    data = TensorDataset(tinytorch.arange(12.0).reshape(6, 2), tinytorch.arange(6))
    rows = data.__getitems__([5, 0, 5])
    assert len(rows) == 3
    assert [label.item() for _, label in rows] == [5, 0, 5]
    x, _ = zip(*rows)
    assert tinytorch.stack(x).tolist() == [[10, 11], [0, 1], [10, 11]]
    with pytest.raises(IndexError):
        data.__getitems__([6])


def test_a_gathered_batch_is_a_copy():
    x = tinytorch.zeros(4, 2)
    (batch,) = next(iter(DataLoader(TensorDataset(x), batch_size=4)))
    batch.add_(1)
    assert x.sum().item() == 0


def test_tensor_dataset_keeps_gradients():
    x = tinytorch.ones(4, requires_grad=True)
    (batch,) = next(iter(DataLoader(TensorDataset(x), batch_size=2)))
    batch.sum().backward()
    assert x.grad.tolist() == [1, 1, 0, 0]


def test_tensor_dataset_refuses_different_lengths():
    with pytest.raises(AssertionError, match=r"first dimensions are \[3, 4\]"):
        TensorDataset(tinytorch.zeros(3), tinytorch.zeros(4))


def test_a_dataset_without_getitem_says_so():
    with pytest.raises(NotImplementedError, match=r"Nothing.*__getitem__"):
        type("Nothing", (Dataset,), {})()[0]


def test_concat_and_plus():
    both = Squares(3) + Squares(4)
    assert isinstance(both, ConcatDataset) and len(both) == 7
    assert [both[i] for i in range(7)] == [0, 1, 4, 0, 1, 4, 9]
    assert both[-1] == 9 and both[-7] == 0
    assert both.cumulative_sizes == [3, 7]
    for index in (7, -8):
        with pytest.raises(IndexError, match="7 samples"):
            both[index]
    with pytest.raises(AssertionError, match="empty"):
        ConcatDataset([])


def test_chain_and_plus():
    chain = Counting(0, 3) + Counting(7, 9)
    assert isinstance(chain, ChainDataset)
    assert list(chain) == [0, 1, 2, 7, 8]
    with pytest.raises(AssertionError, match="ChainDataset"):
        list(ChainDataset([Squares(2)]))


def test_stack():
    assert StackDataset(Squares(3), Squares(3))[2] == (4, 4)
    assert StackDataset(a=Squares(3), b=Squares(3))[1] == {"a": 1, "b": 1}
    with pytest.raises(ValueError, match=r"\[3, 4\]"):
        StackDataset(Squares(3), Squares(4))


def test_subset_reads_through():
    subset = Subset(Subset(Squares(10), [9, 8, 7]), [2, 0])
    assert len(subset) == 2 and [subset[i] for i in range(2)] == [49, 81]
    assert subset.__getitems__([1, 0]) == [81, 49]
    tensors = Subset(TensorDataset(tinytorch.arange(10)), [9, 3])
    (batch,) = next(iter(DataLoader(tensors, batch_size=2)))
    assert batch.tolist() == [9, 3]


@pytest.mark.parametrize("lengths", [[3, 7], [0.3, 0.7], [0.33, 0.33, 0.34], [10, 0], [0.5, 0.25, 0.25]])
@pytest.mark.filterwarnings("ignore:.*Length of split")
def test_random_split_has_pytorchs_lengths_and_loses_nothing(lengths, torch):
    ours = random_split(Squares(10), lengths, generator(1))
    theirs = torch.utils.data.random_split(range(10), lengths)
    assert [len(part) for part in ours] == [len(part) for part in theirs]
    assert sorted(i for part in ours for i in part.indices) == list(range(10))
    again = random_split(Squares(10), lengths, generator(1))
    assert [part.indices for part in again] == [part.indices for part in ours]


def test_random_split_explains_lengths_that_do_not_fit():
    with pytest.raises(ValueError, match=r"\[3, 4\] sum to 7, not 10"):
        random_split(Squares(10), [3, 4])
    with pytest.raises(ValueError, match="index 0 is not between 0 and 1"):
        random_split(Squares(10), [-0.5, 1.5])
    with pytest.warns(UserWarning, match="index 1 is 0"):
        random_split(Squares(2), [0.999, 0.001])


# ---------------------------------------------------------------- samplers


def test_orders():
    assert list(SequentialSampler(Squares(4))) == [0, 1, 2, 3]
    assert sorted(RandomSampler(Squares(50), generator=generator())) == list(range(50))
    assert sorted(SubsetRandomSampler([3, 5, 9], generator())) == [3, 5, 9]
    assert list(RandomSampler(Squares(50), generator=generator(1))) != list(
        RandomSampler(Squares(50), generator=generator(2))
    )


def test_random_sampler_shuffles_anew_each_time_and_repeats_under_a_seed():
    sampler = RandomSampler(Squares(50))
    tinytorch.manual_seed(3)
    first, second = list(sampler), list(sampler)
    assert first != second
    tinytorch.manual_seed(3)
    assert list(sampler) == first


def test_random_sampler_uses_one_number_of_the_global_stream():
    tinytorch.manual_seed(0)
    list(RandomSampler(Squares(5)))
    after_five = tinytorch.rand(1).item()
    tinytorch.manual_seed(0)
    list(RandomSampler(Squares(5000)))
    assert tinytorch.rand(1).item() == after_five


def test_random_sampler_with_replacement_and_more_samples_than_data():
    draws = list(RandomSampler(Squares(4), replacement=True, num_samples=1000, generator=generator()))
    assert len(draws) == 1000 and set(draws) == {0, 1, 2, 3}
    endless = DataLoader(
        Squares(4),
        batch_size=3,
        sampler=RandomSampler(Squares(4), replacement=True, num_samples=int(1e10)),
    )
    assert len(endless) == 3_333_333_334 and len(next(iter(endless))) == 3
    more = list(RandomSampler(Squares(4), num_samples=10, generator=generator()))
    assert len(more) == 10 and sorted(more[:4]) == sorted(more[4:8]) == [0, 1, 2, 3]
    assert len(RandomSampler(Squares(4), num_samples=10)) == 10


def test_weighted_sampler_follows_the_weights():
    draws = list(WeightedRandomSampler([1, 0, 3], 8000, generator=generator()))
    counts = np.bincount(draws, minlength=3) / 8000
    assert counts[1] == 0 and abs(counts[2] - 0.75) < 0.02
    assert sorted(WeightedRandomSampler([1.0, 2.0, 3.0], 3, replacement=False, generator=generator())) == [
        0,
        1,
        2,
    ]
    with pytest.raises(ValueError, match=r"shape \(1, 2\)"):
        WeightedRandomSampler([[1, 2]], 2)


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("n", [0, 1, 6, 7])
def test_batch_sampler_as_pytorch(n, drop_last, torch):
    ours, theirs = BatchSampler(range(n), 3, drop_last), torch.utils.data.BatchSampler(range(n), 3, drop_last)
    assert list(ours) == list(theirs) and len(ours) == len(theirs)


def test_samplers_name_bad_arguments():
    for bad in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match=f"batch_size={bad}"):
            BatchSampler(range(3), bad, False)
        with pytest.raises(ValueError, match=f"num_samples={bad}"):
            RandomSampler(Squares(3), num_samples=bad)
    with pytest.raises(ValueError, match="drop_last=1"):
        BatchSampler(range(3), 2, 1)


@pytest.mark.parametrize(
    "n,replicas,drop_last", [(10, 3, False), (10, 3, True), (2, 4, False), (12, 4, False)]
)
def test_distributed_sampler_shares_out_as_pytorch(n, replicas, drop_last, torch):
    for rank in range(replicas):
        settings = dict(num_replicas=replicas, rank=rank, shuffle=False, drop_last=drop_last)
        theirs = torch.utils.data.DistributedSampler(range(n), **settings)
        assert list(DistributedSampler(range(n), **settings)) == list(theirs)
    shuffled = [list(DistributedSampler(range(12), 3, rank)) for rank in range(3)]
    assert sorted(i for part in shuffled for i in part) == list(range(12))


# ---------------------------------------------------------------- collation

Point = collections.namedtuple("Point", "x y")


def samples(module):
    """The same batches of samples for tinytorch and PyTorch."""
    t = module.tensor
    return {
        "tensors": [t([1.0, 2.0]), t([3.0, 4.0])],
        "scalars": [t(1), t(2)],
        "arrays": [np.ones((2, 3), np.float32), np.zeros((2, 3), np.float32)],
        "numpy numbers": [np.float32(1.5), np.float32(2.5)],
        "numpy doubles": [np.float64(1.5), np.float64(2.5)],
        "floats": [1.5, 2.5],
        "ints": [1, 2, 3],
        "bools": [True, False],
        "strings": ["a", "bc"],
        "bytes": [b"a", b"bc"],
        "tuples": [(1, t([0.0])), (2, t([1.0]))],
        "lists": [[1, 2.0, "x"], [3, 4.0, "y"]],
        "dicts": [{"a": 1, "b": [t(1), "s"]}, {"a": 2, "b": [t(2), "t"]}],
        "ordered dicts": [collections.OrderedDict(b=1, a=2.0), collections.OrderedDict(b=3, a=4.0)],
        "named tuples": [Point(1, np.zeros(2)), Point(2, np.ones(2))],
        "nested": [((1, 2), {"k": (3.0, "s")}), ((4, 5), {"k": (6.0, "t")})],
        "empty arrays": [np.zeros((0, 3)), np.zeros((0, 3))],
        "ranges": [range(3), range(3)],
    }


def plain(value):
    """A value with its types, without regard to which library made it."""
    if type(value).__name__ == "Tensor":
        return ("tensor", str(value.dtype), tuple(value.shape), value.tolist())
    if isinstance(value, dict):
        return (type(value).__name__, {key: plain(v) for key, v in value.items()})
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, [plain(v) for v in value])
    return value


@pytest.mark.parametrize("name", list(samples(tinytorch)))
def test_default_collate_as_pytorch(name, torch):
    ours, theirs = (
        default_collate(samples(tinytorch)[name]),
        torch.utils.data.default_collate(samples(torch)[name]),
    )
    assert plain(ours) == plain(theirs)


@pytest.mark.parametrize("name", list(samples(tinytorch)))
def test_default_convert_as_pytorch(name, torch):
    ours, theirs = (
        default_convert(samples(tinytorch)[name]),
        torch.utils.data.default_convert(samples(torch)[name]),
    )
    assert plain(ours) == plain(theirs)


def test_collate_explains_what_it_cannot_do():
    with pytest.raises(RuntimeError, match=r"\[2\] at entry 0 and \[3\] at entry 1"):
        default_collate([np.zeros(2), np.zeros(3)])
    with pytest.raises(RuntimeError, match="sample 0 has 2 parts and sample 1 has 3"):
        default_collate([[1, 2], [1, 2, 3]])
    with pytest.raises(TypeError, match="object"):
        default_collate([object()])
    with pytest.raises(TypeError, match="U1"):
        default_collate([np.array(["a"])])
