"""torchvision's data sets, grids and models, and a program that imports them."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinytorch
from tinytorch import torchvision
from tinytorch.torchvision import datasets, models, transforms, utils

Image = pytest.importorskip("PIL.Image")
REPOSITORY = Path(__file__).resolve().parents[2]


def write_idx(path: Path, array: np.ndarray) -> None:
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    with gzip.open(path, "wb") as file:
        file.write(header + array.tobytes())


@pytest.fixture
def mnist(tmp_path):
    """Torchvision's folders with six digits in them."""
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    images = np.arange(6 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(6, 28, 28)
    for part in ("train", "t10k"):
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", np.array([5, 0, 4, 1, 9, 2], np.uint8))
    return tmp_path, images


def test_mnist(mnist):
    root, images = mnist
    data = datasets.MNIST(str(root), train=True, download=True)
    image, label = data[2]
    assert isinstance(image, Image.Image) and (image.mode, image.size, label) == ("L", (28, 28), 4)
    assert np.array_equal(np.asarray(image), images[2])
    assert (data.data.dtype, tuple(data.data.shape), data.targets.tolist()) == (
        tinytorch.uint8,
        (6, 28, 28),
        [5, 0, 4, 1, 9, 2],
    )
    assert data.class_to_idx["4 - four"] == 4
    assert repr(data).splitlines()[:4] == [
        "Dataset MNIST",
        "    Number of datapoints: 6",
        f"    Root location: {root}",
        "    Split: Train",
    ]
    chain = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    loader = tinytorch.data.DataLoader(
        datasets.MNIST(root, train=False, transform=chain, target_transform=lambda y: y + 1), batch_size=3
    )
    x, y = next(iter(loader))
    assert tuple(x.shape) == (3, 1, 28, 28) and y.tolist() == [6, 1, 5]


def test_cifar10(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    pixels = np.arange(2 * 3072, dtype=np.uint32).astype(np.uint8).reshape(2, 3072)
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        with open(folder / name, "wb") as file:
            pickle.dump({b"data": pixels, b"labels": [3, 7]}, file, protocol=2)
    data = datasets.CIFAR10(str(tmp_path), train=True)
    image, label = data[1]
    assert (len(data), image.mode, image.size, label) == (10, "RGB", (32, 32), 7)
    assert np.array_equal(np.asarray(image), pixels[1].reshape(3, 32, 32).transpose(1, 2, 0))
    assert data.classes[3] == "cat" and data.class_to_idx["cat"] == 3 and data.targets[:2] == [3, 7]


def test_cifar100(tmp_path):
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    pixels = np.arange(2 * 3072, dtype=np.uint32).astype(np.uint8).reshape(2, 3072)
    batch = {b"data": pixels, b"fine_labels": [2, 0], b"coarse_labels": [1, 1]}
    meta = {b"fine_label_names": [b"apple", b"bee", b"can"]}
    for name, content in [("train", batch), ("test", batch), ("meta", meta)]:
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))
    for data in (datasets.CIFAR100(str(tmp_path)), tinytorch.data.CIFAR100(tmp_path)):
        assert len(data) == 2 and data[0][1] == 2 and list(data.classes) == ["apple", "bee", "can"]
    image, _ = datasets.CIFAR100(str(tmp_path), train=False)[1]
    assert np.array_equal(np.asarray(image), pixels[1].reshape(3, 32, 32).transpose(1, 2, 0))
    (folder / "meta").write_bytes(pickle.dumps([], protocol=2))
    with pytest.raises(ValueError, match="not CIFAR-100's class names"):
        datasets.CIFAR100(str(tmp_path))


def test_kmnist(mnist):
    root, images = mnist
    (root / "MNIST").rename(root / "KMNIST")
    image, label = datasets.KMNIST(str(root))[2]
    assert label == 4 and np.array_equal(np.asarray(image), images[2])
    assert datasets.KMNIST.classes[4] == "na"


def test_what_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="images-idx3-ubyte"):
        datasets.MNIST(str(tmp_path), download=False)


def test_folders_of_pictures(tmp_path):
    for name in ("dogs/a.png", "cats/b.png", "cats/inside/c.jpg", "cats/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".txt":
            path.touch()
        else:
            Image.fromarray(np.full((4, 4), 7, np.uint8)).save(path)
    data = datasets.ImageFolder(str(tmp_path), transform=transforms.ToTensor())
    assert data.classes == ["cats", "dogs"] and data.targets == [0, 0, 1]
    assert tuple(data[0][0].shape) == (3, 4, 4)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="Found no valid file for the classes empty"):
        datasets.ImageFolder(str(tmp_path))


def test_fake_data_is_the_same_every_time():
    data = datasets.FakeData(3, (1, 6, 5), num_classes=4)
    assert (data[1][0].mode, data[1][0].size) == ("L", (5, 6))
    assert np.array_equal(np.asarray(data[1][0]), np.asarray(datasets.FakeData(3, (1, 6, 5))[1][0]))
    with pytest.raises(IndexError):
        data[3]


def test_grids(tmp_path):
    images = tinytorch.arange(5.0).reshape(5, 1, 1, 1).expand(5, 1, 2, 2)
    grid = utils.make_grid(images, nrow=3, padding=1, pad_value=9.0)
    assert tuple(grid.shape) == (3, 7, 10)
    assert grid[0, 1].tolist() == [9, 0, 0, 9, 1, 1, 9, 2, 2, 9]
    assert grid[2, 4].tolist() == [9, 3, 3, 9, 4, 4, 9, 9, 9, 9]
    normalized = utils.make_grid(images, normalize=True)
    assert (normalized.min().item(), normalized.max().item()) == (0, 1)
    assert tuple(utils.make_grid([images[0], images[1]]).shape) == (3, 6, 10)
    assert tuple(utils.make_grid(images[0]).shape) == (3, 2, 2)
    with pytest.raises(TypeError, match="tensor or list of tensors expected"):
        utils.make_grid("images")
    utils.save_image(images / 4, tmp_path / "grid.png", nrow=5, padding=0)
    assert np.asarray(Image.open(tmp_path / "grid.png"))[0, ::2, 0].tolist() == [0, 64, 128, 191, 255]
    buffer = io.BytesIO()
    utils.save_image(images[0], buffer, format="png")
    assert buffer.getvalue().startswith(b"\x89PNG")


def test_models():
    net = models.resnet18(num_classes=10)
    assert isinstance(net, models.resnet.ResNet)
    assert list(net.state_dict()) == list(tinytorch.models.resnet18(10).state_dict())
    assert models.vgg11_bn.__name__ == "vgg11_bn"
    with pytest.raises(AttributeError, match="no attribute 'resnet19'; near names: resnet1?"):
        models.resnet19  # noqa: B018


def test_version():
    assert torchvision.__version__.split(".")[0] == "0"


PROGRAM = """
import torch
import torchvision
import torchvision.transforms as T
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets
from torchvision.utils import save_image

chain = T.Compose([T.RandomCrop(8, padding=1), T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize((0.5,) * 3, (0.5,) * 3)])
loader = DataLoader(datasets.FakeData(12, (3, 8, 8), 10, chain), batch_size=6, shuffle=True, num_workers=2)
net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 10))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for x, y in loader:
    loss = nn.functional.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
save_image(x, "out.png", normalize=True)
print(torchvision.__name__, loss.item() > 0)
"""


def test_a_program(tmp_path):
    (tmp_path / "train.py").write_text(PROGRAM)
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "tinytorch", "train.py"]
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert (result.returncode, result.stdout) == (0, "tinytorch.torchvision True\n"), result.stderr
    assert (tmp_path / "out.png").is_file()


def test_pictures_in_files(tmp_path):
    from tinytorch.torchvision import io as files

    picture = tinytorch.arange(2 * 3 * 4).reshape(1, 6, 4).to(tinytorch.uint8)
    colours = tinytorch.cat([picture, picture * 2, picture * 3])
    files.write_png(colours, tmp_path / "a.png")
    assert files.read_image(tmp_path / "a.png").tolist() == colours.tolist()
    assert files.read_image(str(tmp_path / "a.png"), files.ImageReadMode.GRAY).shape == (1, 6, 4)
    assert files.decode_image(files.read_file(tmp_path / "a.png"), mode="RGB_ALPHA").shape == (4, 6, 4)
    assert files.decode_png(files.encode_png(picture)).tolist() == picture.tolist()
    files.write_jpeg(picture, tmp_path / "a.jpg", quality=95)
    near = files.decode_jpeg(files.read_file(tmp_path / "a.jpg")).int() - picture.int()
    assert near.abs().max() < 4
    with Image.open(tmp_path / "a.png") as image:
        image.convert("P").save(tmp_path / "palette.png")
    assert files.read_image(tmp_path / "palette.png").shape == (3, 6, 4)
    with pytest.raises(RuntimeError, match=r"uint8 \(1 or 3, H, W\), got torch.float32"):
        files.write_png(colours.float(), tmp_path / "b.png")


def test_boxes_drawn_on_a_picture():
    black = tinytorch.zeros(3, 20, 30, dtype=tinytorch.uint8)
    boxes = tinytorch.tensor([[2.0, 3, 10, 12], [12, 5, 28, 18]])
    out = utils.draw_bounding_boxes(black, boxes, colors=["red", (1, 2, 3)])
    assert out[:, 3, 5].tolist() == [255, 0, 0] and out[:, 18, 20].tolist() == [1, 2, 3]
    assert not out[:, 7, 5].any() and not black.any()
    assert int(utils.draw_bounding_boxes(black, boxes[:1], colors="red", fill=True)[0, 7, 5]) == 100
    named = utils.draw_bounding_boxes(black.float(), boxes, labels=["a", None], colors="white")
    assert (
        named.dtype is tinytorch.float32
        and 0 < float(named[:, 4:11, 4:9].sum()) <= named[:, 4:11, 4:9].numel()
    )
    with pytest.raises(ValueError, match=r"number of boxes \(2\) and labels \(1\) mismatch"):
        utils.draw_bounding_boxes(black, boxes, labels=["a"])
    with pytest.raises(ValueError, match=r"Boxes need to be in \(xmin, ymin, xmax, ymax\) format"):
        utils.draw_bounding_boxes(black, boxes.flip(1))


def test_masks_and_points_drawn_on_a_picture():
    gray = tinytorch.full((3, 4, 5), 100, dtype=tinytorch.uint8)
    masks = tinytorch.zeros(2, 4, 5, dtype=tinytorch.bool)
    masks[0, 0, :3] = True
    masks[1, 0, 2:] = True
    out = utils.draw_segmentation_masks(gray, masks, alpha=0.5, colors=["red", "blue"])
    assert out[:, 0, 0].tolist() == [177, 50, 50] and out[:, 0, 4].tolist() == [50, 50, 177]
    assert out[:, 0, 2].tolist() == [50, 50, 50] and out[:, 1, 1].tolist() == [100, 100, 100]
    with pytest.raises(ValueError, match="The masks must be of dtype bool"):
        utils.draw_segmentation_masks(gray, masks.int())
    black = tinytorch.zeros(3, 20, 20, dtype=tinytorch.uint8)
    points = tinytorch.tensor([[[5.0, 5], [15, 5], [10, 15]]])
    seen = tinytorch.tensor([[True, True, False]])
    drawn = utils.draw_keypoints(black, points, [(0, 1), (1, 2)], "red", radius=2, width=1, visibility=seen)
    assert drawn[:, 5, 4].tolist() == [255, 0, 0] and drawn[:, 5, 10].tolist() == [255, 255, 255]
    assert not drawn[:, 15, 10].any() and not drawn[:, 10, 12].any()
