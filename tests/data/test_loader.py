"""The loader: orders, batches, seeds; with and without workers the same."""

import os
import random
import subprocess
import sys

import numpy as np
import pytest

import tinytorch
from tinytorch.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    TensorDataset,
    WeightedRandomSampler,
    get_worker_info,
)


class Noisy(Dataset):
    """A sample is its index and a draw from each of the three generators."""

    def __init__(self, n=22):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        return index, random.random(), np.random.rand(), tinytorch.rand(2)


class Stream(IterableDataset):
    """0 ... n - 1, shared out among the workers by remainder, each with a random number."""

    def __init__(self, n=20):
        self.n = n

    def __iter__(self):
        info = get_worker_info()
        first, step = (info.id, info.num_workers) if info else (0, 1)
        for i in range(first, self.n, step):
            yield i, random.random()

    def __len__(self):
        return self.n


def as_list(sample):
    return sample


def double(batch):
    return [2 * index for index, *_ in batch]


def batches(loader):
    return [[part.tolist() if hasattr(part, "tolist") else part for part in batch] for batch in loader]


def epochs(num_workers, count=2, **options):
    tinytorch.manual_seed(11)
    loader = DataLoader(Noisy(), batch_size=4, shuffle=True, num_workers=num_workers, **options)
    return [batches(loader) for _ in range(count)]


# ---------------------------------------------------------------- batches


def test_sequential_batches():
    loader = DataLoader(Noisy(10), batch_size=4)
    assert [b[0] for b in batches(loader)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]] and len(loader) == 3
    loader = DataLoader(Noisy(10), batch_size=4, drop_last=True)
    assert [b[0] for b in batches(loader)] == [[0, 1, 2, 3], [4, 5, 6, 7]] and len(loader) == 2


@pytest.mark.parametrize("num_workers", [0, 2])
def test_without_batches_samples_are_converted(num_workers):
    loader = DataLoader(Noisy(3), batch_size=None, num_workers=num_workers)
    assert len(loader) == 3
    assert [sample[0] for sample in loader] == [0, 1, 2]
    assert isinstance(next(iter(loader))[3], tinytorch.Tensor)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_samplers_and_collate_fn_are_used(num_workers):
    order = WeightedRandomSampler([0, 0, 1], 6)
    assert list(
        DataLoader(Noisy(3), batch_size=4, sampler=order, collate_fn=double, num_workers=num_workers)
    ) == [[4] * 4, [4] * 2]
    chosen = DataLoader(Noisy(9), batch_sampler=[[8, 0], [3]], collate_fn=double, num_workers=num_workers)
    assert list(chosen) == [[16, 0], [6]] and len(chosen) == 2 and chosen.batch_size is None


def test_a_collate_fn_gets_a_list_of_samples_from_a_tensor_dataset():
    seen = []
    loader = DataLoader(
        TensorDataset(tinytorch.arange(4), tinytorch.zeros(4)), batch_size=4, collate_fn=seen.append
    )
    list(loader)
    assert isinstance(seen[0], list) and [x.item() for x, _ in seen[0]] == [0, 1, 2, 3]


def test_a_dataset_may_read_whole_batches():
    class Gathering(Noisy):
        def __getitems__(self, indices):
            return [(i, -i) for i in indices]

    assert batches(DataLoader(Gathering(4), batch_size=2)) == [[[0, 1], [0, -1]], [[2, 3], [-2, -3]]]


# ---------------------------------------------------------------- seeds


def test_the_same_numbers_with_any_number_of_workers():
    alone = epochs(0)
    assert alone[0] != alone[1]
    for num_workers in (1, 2, 4):
        assert epochs(num_workers) == alone
    assert epochs(2, persistent_workers=True) == alone
    assert epochs(3, prefetch_factor=5) == alone


def test_the_same_numbers_with_spawned_workers():
    assert epochs(2, multiprocessing_context="spawn") == epochs(0)


def test_batches_draw_different_numbers():
    draws = [value for batch in epochs(2, count=1)[0] for value in batch[1]]
    assert len(set(draws)) == len(draws) == 22


def test_reading_leaves_the_program_s_random_state_alone():
    def after(num_workers, read):
        tinytorch.manual_seed(5)
        iterator = iter(DataLoader(Noisy(), batch_size=4, num_workers=num_workers))
        for _ in range(read):
            next(iterator)
        return random.random(), np.random.rand(), np.random.randn(), tinytorch.rand(1).item()

    assert after(0, 1) == after(0, 6) == after(2, 6)


def test_a_generator_of_one_s_own_decides_alone():
    def run(num_workers, seed):
        generator = tinytorch.Generator().manual_seed(seed)
        return batches(
            DataLoader(Noisy(), batch_size=4, shuffle=True, num_workers=num_workers, generator=generator)
        )

    tinytorch.manual_seed(1)
    first = run(0, 7)
    tinytorch.manual_seed(2)
    assert run(2, 7) == first != run(0, 8)


def seed_is(rank):
    info = get_worker_info()
    assert info.id == rank and info.num_workers == 2
    np.random.seed(tinytorch.initial_seed() % 2**32)
    info.dataset.n = 100 + rank  # each worker has its own copy


class Asking(Dataset):
    n = 0

    def __len__(self):
        return 4

    def __getitem__(self, index):
        info = get_worker_info()
        return index, self.n, info.id if info else -1, info.seed if info else -1


def test_worker_info_and_init_fn():
    assert get_worker_info() is None
    result = batches(DataLoader(Asking(), batch_size=1, num_workers=2, worker_init_fn=seed_is))
    assert [[b[0][0], b[1][0], b[2][0]] for b in result] == [
        [0, 100, 0],
        [1, 101, 1],
        [2, 100, 0],
        [3, 101, 1],
    ]
    assert result[1][3][0] == result[0][3][0] + 1
    assert get_worker_info() is None


# ---------------------------------------------------------------- streams


def test_a_stream_in_batches():
    loader = DataLoader(Stream(10), batch_size=4)
    assert [b[0] for b in batches(loader)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]] and len(loader) == 3
    assert len(batches(DataLoader(Stream(10), batch_size=4, drop_last=True))) == 2
    assert [sample[0] for sample in DataLoader(Stream(3), batch_size=None)] == [0, 1, 2]


@pytest.mark.parametrize(
    "options",
    [{}, {"persistent_workers": True}, {"prefetch_factor": 4}, {"multiprocessing_context": "spawn"}],
)
def test_a_stream_shared_out_among_workers(options):
    loader = DataLoader(Stream(20), batch_size=3, num_workers=3, **options)
    tinytorch.manual_seed(0)
    first = batches(loader)
    assert [b[0] for b in first] == [
        [0, 3, 6],
        [1, 4, 7],
        [2, 5, 8],
        [9, 12, 15],
        [10, 13, 16],
        [11, 14, 17],
        [18],
        [19],
    ]
    tinytorch.manual_seed(0)
    assert batches(loader) == first


def test_one_worker_draws_what_none_draws_on_a_stream():
    def run(num_workers):
        tinytorch.manual_seed(0)
        return batches(DataLoader(Stream(9), batch_size=2, num_workers=num_workers))

    assert run(0) == run(1)


def test_a_stream_that_ends_for_one_worker_early():
    class Uneven(IterableDataset):
        def __iter__(self):
            rank = get_worker_info().id
            return iter([rank] * (7 if rank else 1))

    for _ in range(3):
        loader = DataLoader(Uneven(), batch_size=1, num_workers=3, prefetch_factor=3)
        assert [b.item() for b in loader] == [0, 1, 2] + [1, 2] * 6


def test_a_stream_takes_no_order():
    for option in ({"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}):
        with pytest.raises(ValueError, match="IterableDataset"):
            DataLoader(Stream(), **option)


# ---------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    "options,text",
    [
        ({"sampler": [0], "shuffle": True}, "sampler option is mutually exclusive with shuffle"),
        ({"batch_sampler": [[0]], "batch_size": 2}, "batch_sampler option is mutually exclusive"),
        ({"batch_size": None, "drop_last": True}, "mutually exclusive with drop_last"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"num_workers": -1}, "num_workers=-1"),
        ({"timeout": -1}, "timeout=-1"),
        ({"prefetch_factor": 2}, "prefetch_factor=2 needs num_workers > 0"),
        ({"persistent_workers": True}, "persistent_workers=True needs num_workers > 0"),
        ({"num_workers": 1, "prefetch_factor": 0}, "prefetch_factor=0"),
    ],
)
def test_arguments_are_checked(options, text):
    with pytest.raises(ValueError, match=text):
        DataLoader(Noisy(), **options)


def test_pytorch_s_paths():
    from tinytorch.utils.data import DataLoader as theirs
    from tinytorch.utils.data.dataloader import default_collate
    from tinytorch.utils.data.dataset import Dataset as base
    from tinytorch.utils.data.sampler import Sampler

    assert (theirs, base) == (DataLoader, Dataset)
    assert default_collate is tinytorch.data.default_collate and Sampler is tinytorch.data.Sampler


def test_importing_data_loads_nothing_heavy():
    code = "import sys, tinytorch.data; print(sorted({'scipy', 'matplotlib', 'rich', 'multiprocessing', 'yaml', 'PIL'} & set(sys.modules)))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert out.stdout.strip() == "[]"
