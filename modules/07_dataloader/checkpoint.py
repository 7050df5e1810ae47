"""The checkpoint of 07_dataloader: can I feed a network from files on disk, shuffled and varied?"""

import gzip
import struct
import tempfile
from pathlib import Path

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.data import Compose, DataLoader, Normalize, RandomCrop, TensorDataset, random_split
from tinytorch.data.idx import read_idx
from tinytorch.nn import functional as F
from tito.checking import array_of, check, expect, expect_close, tensor
from tito.material import digits, expect_sound_gradients


def write_idx(path, array):
    """Bytes with the header that MNIST's files have, compressed."""
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes(), 1))


@check(
    of=["read_header", "random_split", "default_collate", "LocalIterator.__next__", "RandomCrop.apply"],
    seconds=120,
)
def test_from_files_to_a_network_that_sees():
    """Digits go to disk as MNIST's files and come back; shuffled and shifted they teach a network to find digits that stand elsewhere."""
    expect_sound_gradients(normalised=False)
    images, labels = digits(800, 0)
    pixels = np.clip(255 * (images + 1) / 3, 0, 255).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "images.gz", Path(folder) / "labels.gz"
        for file, array in zip(files, (pixels, labels.astype(np.uint8))):
            write_idx(file, array)
        read = [read_idx(file) for file in files]
    expect_close(read[0], pixels, "the images read back")
    data = TensorDataset(tensor(read[0].astype(np.float32) / 255), tensor(read[1].astype(np.int64)))
    train, held = random_split(data, [0.75, 0.25])
    shifted, answers = digits(400, 1, stray=1)
    vary, settle = Compose([RandomCrop(13, padding=1), Normalize([0.4], [0.2])]), Normalize([0.4], [0.2])

    def first_batches():
        """The sums of a few batches as the network would get them."""
        tt.manual_seed(5)
        return [array_of(vary(x)).sum() + array_of(t).sum() for x, t in DataLoader(train, 50, shuffle=True)]

    orders = [
        np.concatenate([array_of(t) for _, t in DataLoader(train, 50, shuffle=s)]) for s in (True, False)
    ]
    expect((orders[0] != orders[1]).any(), "shuffle=True gives the order of the file")
    expect_close(np.sort(orders[0]), np.sort(orders[1]), "the labels of a shuffled pass, sorted")
    expect_close(
        first_batches(), first_batches(), "the batches of a second pass from the same seed", rtol=0, atol=0
    )
    tt.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(200, 48), nn.ReLU(), nn.Linear(48, 10)
    )  # fmt: skip
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(12):
        for x, t in DataLoader(train, batch_size=50, shuffle=True, drop_last=True):
            optimizer.zero_grad()
            F.cross_entropy(model(vary(x)), t).backward()
            optimizer.step()
    with tt.no_grad():
        pairs = [
            (array_of(model(settle(x))).argmax(1), array_of(t)) for x, t in DataLoader(held, batch_size=64)
        ]
        elsewhere = tensor(np.clip((shifted + 1) / 3, 0, 1).astype(np.float32))
        moved = np.mean(array_of(model(settle(elsewhere))).argmax(1) == answers)
    expect(sum(len(t) for _, t in pairs) == 200, "the loader should give every held-out digit once")
    right = np.mean(np.concatenate([p == t for p, t in pairs]))
    expect(right > 0.9, "too few held-out digits are named rightly", expected="over 90%", got=f"{right:.1%}")
    expect(moved > 0.7, "shifting the pictures did not help", expected="over 70%", got=f"{moved:.1%}")
    print(f"{right:.1%} of 200 held-out digits are named rightly, {moved:.1%} of 400 that stand elsewhere.")
