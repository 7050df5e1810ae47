"""torchvision.datasets that read published formats: each from small files drawn here in that format."""

from __future__ import annotations

import bz2
import gzip
import json
import struct

import numpy as np
import pytest
from scipy.io import savemat

import tinytorch
from tinytorch.torchvision import datasets
from tinytorch.torchvision.datasets import folder, utils
from tinytorch.torchvision.datasets.mnist import read_image_file

Image = pytest.importorskip("PIL.Image")

PIXELS = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)


def idx(array: np.ndarray) -> bytes:
    return (
        struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()
    )


def draw(path, pixels=PIXELS, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def test_folders_of_anything(tmp_path):
    for name in ("dog/b.npy", "cat/a.npy", "cat/deep/c.npy"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / name, np.array([len(name)]))
    (tmp_path / "cat" / "notes.txt").write_text("no sample")
    data = datasets.DatasetFolder(str(tmp_path), np.load, extensions=(".npy",))
    assert data.classes == ["cat", "dog"] and data.targets == [0, 0, 1] and data[2][0].tolist() == [9]
    assert folder.find_classes(tmp_path)[1] == {"cat": 0, "dog": 1}
    assert len(folder.make_dataset(tmp_path, {"dog": 4}, ".npy")) == 1
    with pytest.raises(FileNotFoundError, match=r"classes cat, dog. Supported extensions are: .jpg"):
        datasets.DatasetFolder(tmp_path, np.load, extensions=(".jpg",))
    with pytest.raises(ValueError, match="cannot be None or not None at the same time"):
        folder.make_dataset(tmp_path)


class Renamed(datasets.ImageFolder):
    def find_classes(self, directory):
        return ["only"], {"only": 7}


def test_folders_of_pictures(tmp_path):
    draw(tmp_path / "only" / "a.PNG")
    (tmp_path / "only" / "a.txt").write_text("")
    data = Renamed(tmp_path, transform=np.asarray, target_transform=lambda y: y + 1)
    assert data.imgs == data.samples and data[0][1] == 8 and np.array_equal(data[0][0], PIXELS)
    assert "StandardTransform" in repr(data)
    data.transform = None  # what a program changes later counts
    assert data[0][0].size == (5, 4)


def test_emnist(tmp_path):
    raw = tmp_path / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    images, labels = np.arange(2 * 9).reshape(2, 3, 3), np.array([1, 26])
    (raw / "emnist-letters-train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
    (raw / "emnist-letters-train-labels-idx1-ubyte").write_bytes(idx(labels))
    data = datasets.EMNIST(str(tmp_path), split="letters", train=True, transform=np.asarray)
    assert (
        data.classes[26] == "z" and data.targets.tolist() == [1, 26] and np.array_equal(data[1][0], images[1])
    )
    assert [len(datasets.EMNIST.of_split[s]) for s in ("byclass", "bymerge", "balanced")] == [62, 47, 47]
    (raw / "plain").write_bytes(idx(images))
    assert read_image_file(raw / "plain").shape == (2, 3, 3)
    with pytest.raises(
        RuntimeError, match="EMNIST: dataset not found or incomplete: .*emnist-digits-train-images"
    ):
        datasets.EMNIST(str(tmp_path), split="digits")
    with pytest.raises(ValueError, match="Unknown value 'all' for argument split"):
        datasets.EMNIST(str(tmp_path), split="all")


def test_svhn(tmp_path):
    pixels = np.arange(32 * 32 * 3 * 2).reshape(32, 32, 3, 2).astype(np.uint8)
    savemat(tmp_path / "test_32x32.mat", {"X": pixels, "y": np.array([[10], [3]])})
    data = datasets.SVHN(str(tmp_path), split="test", transform=np.asarray)
    assert data.labels.tolist() == [0, 3] and data.data.shape == (2, 3, 32, 32)
    assert np.array_equal(data[1][0], pixels[..., 1]) and data[0][1] == 0
    with pytest.raises(RuntimeError, match="tinytorch does not download it; fetch it from http://ufldl"):
        datasets.SVHN(str(tmp_path), split="train", download=True)


def test_stl10(tmp_path):
    base = tmp_path / "stl10_binary"
    base.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (3, 3, 96, 96)).astype(np.uint8)
    pixels.transpose(0, 1, 3, 2).tofile(base / "train_X.bin")
    np.array([1, 10, 2], np.uint8).tofile(base / "train_y.bin")
    pixels[:1].transpose(0, 1, 3, 2).tofile(base / "unlabeled_X.bin")
    (base / "class_names.txt").write_text("airplane\nbird\n")
    (base / "fold_indices.txt").write_text("0 2\n1\n")
    data = datasets.STL10(str(tmp_path), transform=np.asarray)
    assert data.labels.tolist() == [0, 9, 1] and np.array_equal(data[1][0], pixels[1].transpose(1, 2, 0))
    assert datasets.STL10(str(tmp_path), folds=0).labels.tolist() == [0, 1]
    assert datasets.STL10(str(tmp_path), split="train+unlabeled").labels.tolist() == [0, 9, 1, -1]
    assert "Split: train" in repr(data) and data.classes == ["airplane", "bird"]


def test_usps(tmp_path):
    values = " ".join(f"{k}:{-1 if k % 2 else 1}" for k in range(1, 257))
    (tmp_path / "usps.t.bz2").write_bytes(bz2.compress(f"10 {values}\n1 {values}\n".encode()))
    data = datasets.USPS(str(tmp_path), train=False, transform=np.asarray)
    assert data.targets == [9, 0] and data[0][0].shape == (16, 16) and data[0][0][0, :2].tolist() == [0, 255]


def test_celeba(tmp_path):
    base = tmp_path / "celeba"
    for k in (1, 2, 3):
        draw(base / "img_align_celeba" / f"00000{k}.jpg", PIXELS + k)
    table = lambda row: "".join(f"00000{k}.jpg {row(k)}\n" for k in (1, 2, 3))
    (base / "list_eval_partition.txt").write_text(table(lambda k: k - 1 and 2))
    (base / "list_attr_celeba.txt").write_text(
        "3\nBald Young\n" + table(lambda k: f"-1  {1 if k > 1 else -1}")
    )
    (base / "identity_CelebA.txt").write_text(table(lambda k: 100 + k))
    data = datasets.CelebA(str(tmp_path), split="test", target_type=["attr", "identity"])
    image, (attributes, person) = data[1]
    assert len(data) == 2 and image.size == (5, 4) and attributes.tolist() == [0, 1] and int(person) == 103
    assert data.attr_names == ["Bald", "Young"]
    assert datasets.CelebA(str(tmp_path), split="train")[0][1].tolist() == [0, 0]


XML = """<annotation><filename>a.jpg</filename><size><width>5</width><height>4</height></size>
<object><name>dog</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object></annotation>"""


def test_voc(tmp_path):
    base = tmp_path / "VOCdevkit" / "VOC2007"
    draw(base / "JPEGImages" / "a.jpg")
    draw(base / "SegmentationClass" / "a.png", np.array([[0, 255]], np.uint8))
    (base / "Annotations").mkdir()
    (base / "Annotations" / "a.xml").write_text(XML)
    for task in ("Main", "Segmentation"):
        (base / "ImageSets" / task).mkdir(parents=True)
        (base / "ImageSets" / task / "train.txt").write_text("a\n")
    image, target = datasets.VOCDetection(str(tmp_path), year="2007")[0]
    assert image.size == (5, 4) and target["annotation"]["size"] == {"width": "5", "height": "4"}
    assert target["annotation"]["object"] == [
        {"name": "dog", "bndbox": dict(xmin="1", ymin="2", xmax="3", ymax="4")}
    ]
    both = datasets.VOCSegmentation(
        str(tmp_path), year="2007", transforms=lambda x, y: (np.asarray(x), np.asarray(y))
    )
    assert both[0][1].tolist() == [[0, 255]]
    with pytest.raises(
        RuntimeError, match=r"VOCDetection: dataset not found or incomplete: .*val.txt is not there"
    ):
        datasets.VOCDetection(str(tmp_path), year="2007", image_set="val")


def test_coco(tmp_path):
    for name in ("a.jpg", "b.jpg"):
        draw(tmp_path / name)
    content = {
        "images": [{"id": 9, "file_name": "b.jpg"}, {"id": 2, "file_name": "a.jpg"}],
        "annotations": [
            {"id": 1, "image_id": 9, "bbox": [1, 2, 3, 4], "category_id": 5, "caption": "a field"},
            {"id": 2, "image_id": 9, "bbox": [0, 0, 1, 1], "category_id": 5, "caption": "green"},
        ],
        "categories": [{"id": 5, "name": "thing"}],
    }
    (tmp_path / "all.json").write_text(json.dumps(content))
    data = datasets.CocoDetection(str(tmp_path), str(tmp_path / "all.json"))
    assert (
        data.ids == [2, 9]
        and data[0][1] == []
        and [a["bbox"] for a in data[1][1]] == [[1, 2, 3, 4], [0, 0, 1, 1]]
    )
    assert datasets.CocoCaptions(tmp_path, tmp_path / "all.json")[1][1] == ["a field", "green"]


def test_files_looked_at_and_unpacked(tmp_path):
    import shutil

    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "a.txt").write_text("hello")
    packed = shutil.make_archive(str(tmp_path / "packed"), "gztar", inside)
    assert utils.check_integrity(inside / "a.txt", "5d41402abc4b2a76b9719d911017c592")
    assert not utils.check_integrity(inside / "a.txt", "0" * 32) and not utils.check_integrity(
        tmp_path / "no"
    )
    utils.extract_archive(packed, tmp_path / "out")
    assert (tmp_path / "out" / "a.txt").read_text() == "hello"
    assert utils.list_dir(tmp_path) and utils.list_files(inside, ".txt") == ["a.txt"]
    utils.download_and_extract_archive("http://x.org/packed.tar.gz", tmp_path, tmp_path / "again")
    assert (tmp_path / "again" / "a.txt").exists()
    with pytest.raises(NotImplementedError, match="downloads only the data sets that it knows"):
        utils.download_url("http://x.org/a.zip", tmp_path)


def test_older_names_of_mnist(tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        (raw / f"{part}-images-idx3-ubyte").write_bytes(idx(np.zeros((2, 28, 28))))
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.array([3, 4])))
    data = datasets.MNIST(str(tmp_path))
    assert data.train_labels.tolist() == [3, 4] and data.train_data.shape == (2, 28, 28)
    assert data.raw_folder == str(raw) and tinytorch.equal(data.test_data, data.data)
