"""Readers of published formats: on files made here, on damaged and hostile ones, and on the real sets where they are."""

import gzip
import hashlib
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

import tinytorch
from tinytorch.data import (
    BCCD,
    CIFAR10,
    MNIST,
    DataLoader,
    FashionMNIST,
    Planetoid,
    VOCDetection,
    read_text,
    tiny_shakespeare,
)
from tinytorch.data.idx import read_idx
from tinytorch.data.unpickle import read_pickle
from tinytorch.data.voc import read_boxes


def real(folder: str):
    """Run the test where the real files are."""
    base = os.environ.get("TINYTORCH_DATA")
    there = base is not None and (Path(base) / folder).exists()
    return pytest.mark.skipif(not there, reason=f"needs TINYTORCH_DATA to point at a folder with {folder}")


# ---------------------------------------------------------------- IDX


def idx(array: np.ndarray, code: int, dtype: str) -> bytes:
    return (
        struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
        + array.astype(dtype).tobytes()
    )


@pytest.mark.parametrize(
    "code,dtype", [(8, "u1"), (9, "i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")]
)
@pytest.mark.parametrize("shape", [(5,), (2, 3, 4), (0, 3)])
@pytest.mark.parametrize("packed", [False, True])
def test_idx_of_every_type(tmp_path, code, dtype, shape, packed):
    array = np.arange(np.prod(shape)).reshape(shape)
    content = idx(array, code, dtype)
    (tmp_path / "a").write_bytes(gzip.compress(content) if packed else content)
    out = read_idx(tmp_path / "a")
    assert out.shape == shape and out.dtype.isnative and out.flags.writeable
    np.testing.assert_array_equal(out, array)


GOOD = idx(np.zeros((2, 3)), 8, "u1")
PACKED = gzip.compress(
    GOOD, mtime=0
)  # else two processes that collect this file a second apart know its cases by other names


@pytest.mark.parametrize(
    "content,text",
    [
        (b"", "not an IDX file"),
        (b"\x00\x01\x08\x01", "not an IDX file: it starts with 00 01 08 01"),
        (b"\x00\x00\x07\x01" + bytes(8), "not an IDX file"),
        (GOOD[:6], "truncated inside its header of 2 dimensions"),
        (GOOD[:-1], r"shape \(2, 3\) needs 6 bytes of values, there are 5"),
        (GOOD + b"x", "bytes are left"),
        (PACKED[:-9], "damaged gzip"),
        (PACKED[:10] + b"\xff" * 20, "damaged gzip"),
        (PACKED[:-8] + bytes(8), "damaged gzip"),
        (struct.pack(">BBBB3I", 0, 0, 8, 3, *[2**32 - 1] * 3), "truncated: shape"),
    ],
)
def test_damaged_idx_files_are_explained(tmp_path, content, text):
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(ValueError, match=text) as caught:
        read_idx(tmp_path / "a.gz")
    assert "a.gz" in str(caught.value)


def lay_mnist(root, n=30, folder="MNIST/raw", part="train", labels=None):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (n, 28, 28)), np.arange(n) % 10 if labels is None else labels
    (root / folder).mkdir(parents=True, exist_ok=True)
    for name, array in ((f"{part}-images-idx3", images), (f"{part}-labels-idx1", labels)):
        (root / folder / f"{name}-ubyte.gz").write_bytes(gzip.compress(idx(array, 8, "u1")))
    return images, labels


def test_mnist(tmp_path):
    images, labels = lay_mnist(tmp_path)
    data = MNIST(tmp_path)
    assert (
        len(data) == 30
        and data.data.shape == (30, 1, 28, 28)
        and data.data.dtype == np.uint8
        and data.targets.dtype == np.int64
    )
    image, label = data[7]
    assert isinstance(image, tinytorch.Tensor) and image.dtype == tinytorch.float32 and label == 7
    np.testing.assert_allclose(image.numpy()[0], images[7] / 255, rtol=1e-6)
    x, y = next(iter(DataLoader(data, batch_size=8)))
    assert x.shape == (8, 1, 28, 28) and y.dtype == tinytorch.int64 and y.tolist() == labels[:8].tolist()
    np.testing.assert_array_equal(x[7].numpy(), image.numpy())
    assert len(FashionMNIST(lay_mnist(tmp_path, folder="FashionMNIST/raw") and tmp_path)) == 30


def test_transforms_of_the_image_sets(tmp_path):
    lay_mnist(tmp_path)
    seen = []
    data = MNIST(
        tmp_path,
        transform=lambda image: seen.append(image) or image.mean(),
        target_transform=lambda label: label + 100,
    )
    assert data[3][1] == 103 and seen[0].shape == (1, 28, 28) and seen[0].dtype == np.uint8
    x, y = next(iter(DataLoader(data, batch_size=4)))
    assert x.shape == (4,) and y.tolist() == [100, 101, 102, 103]


def test_labels_that_no_class_has(tmp_path):
    lay_mnist(tmp_path, labels=np.full(30, 12))
    with pytest.raises(ValueError, match="labels from 12 to 12, but there are 10 classes"):
        MNIST(tmp_path)


# ---------------------------------------------------------------- pickles


def cifar_batch(n=4, **changes):
    data = np.random.default_rng(0).integers(0, 256, (n, 3072), dtype=np.uint8)
    return {
        b"data": data,
        b"labels": list(range(n)),
        b"filenames": [b"x"] * n,
        b"batch_label": b"l",
        **changes,
    }


def lay_cifar(root, **changes):
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True, exist_ok=True)
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        (folder / name).write_bytes(pickle.dumps(cifar_batch(**changes), protocol=2))
    return folder


def test_cifar10(tmp_path):
    lay_cifar(tmp_path)
    train, test = CIFAR10(tmp_path), CIFAR10(tmp_path, train=False)
    assert train.data.shape == (20, 3, 32, 32) and len(test) == 4 and test.targets.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(test.data[1, 2, 5], cifar_batch()[b"data"][1, 2048 + 160 : 2048 + 192])
    assert train.classes[3] == "cat"


def test_a_batch_written_by_python_2(tmp_path):
    """The published files: strings without encoding, numpy.core, dtype states as byte strings."""
    data = bytes(range(256)) * 24
    written = (
        b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87Rq\x05"
        b"(K\x01K\x02M\x00\x0c\x86cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        b"T" + struct.pack("<i", len(data)) + data + b"tbU\x06labelsq\x08]q\x09(K\x03K\x07eu."
    )
    folder = lay_cifar(tmp_path)
    (folder / "test_batch").write_bytes(written)
    out = CIFAR10(tmp_path, train=False)
    assert out.targets.tolist() == [3, 7] and out.data.reshape(-1).tobytes() == data


@pytest.mark.parametrize(
    "changes,text",
    [
        ({b"data": None}, "must be a uint8 array of shape"),
        ({b"data": np.zeros((4, 3071), np.uint8)}, r"shape \(4, 3072\)"),
        ({b"data": np.zeros((4, 3072))}, "uint8"),
        ({b"labels": [0, 1, 2, 10]}, "labels from 0 to 10"),
    ],
)
def test_cifar_batches_that_do_not_fit(tmp_path, changes, text):
    folder = lay_cifar(tmp_path)
    (folder / "test_batch").write_bytes(pickle.dumps({**cifar_batch(), **changes}, protocol=2))
    with pytest.raises(ValueError, match=text):
        CIFAR10(tmp_path, train=False)


class Hostile:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


@pytest.mark.parametrize(
    "call",
    [
        (os.system, "touch /tmp/tinytorch-was-here"),
        (eval, "1"),
        (getattr, "", "join"),
        (__import__, "os"),
        (np.load, "/etc/passwd"),
        (bytearray, 10),
        (np.fromfile, "/etc/passwd"),
        (map, len, ["a"]),
    ],
    ids=lambda call: call[0].__name__,
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_hostile_pickles_are_refused(tmp_path, call, protocol):
    (tmp_path / "evil").write_bytes(pickle.dumps({b"data": Hostile(*call)}, protocol=protocol))
    with pytest.raises(ValueError, match="evil: refused, because it asks for"):
        read_pickle(tmp_path / "evil", encoding="bytes")
    assert not os.path.exists("/tmp/tinytorch-was-here")


def test_codecs_may_only_make_bytes(tmp_path):
    import _codecs

    (tmp_path / "evil").write_bytes(pickle.dumps(Hostile(_codecs.encode, "x", "rot13"), protocol=2))
    with pytest.raises(ValueError, match="codec 'rot13'"):
        read_pickle(tmp_path / "evil")


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_pickles_of_plain_things_are_read(tmp_path, protocol):
    thing = {
        "a": [1, 2.5, None, True],
        "b": (b"bytes", "text"),
        "c": np.arange(6.0).reshape(2, 3),
        "d": np.float32(2),
    }
    if protocol == 5:
        thing.pop("c")  # an array in the newest form: no data set is published so
    (tmp_path / "good").write_bytes(pickle.dumps(thing, protocol=protocol))
    np.testing.assert_equal(read_pickle(tmp_path / "good"), thing)


@pytest.mark.parametrize("cut", [0, 1, 10, 100, -1])
def test_damaged_pickles_are_explained(tmp_path, cut):
    (tmp_path / "bad").write_bytes(pickle.dumps(cifar_batch(), protocol=2)[:cut])
    with pytest.raises(ValueError, match="bad: damaged or not a pickle"):
        read_pickle(tmp_path / "bad", encoding="bytes")


# ---------------------------------------------------------------- Planetoid


def lay_planetoid(root, **changes):
    """A graph of seven nodes: x 2, allx 4, test nodes 5 and 6 stored in the other order, 4 missing as in CiteSeer."""
    sparse = pytest.importorskip("scipy.sparse")
    folder = root / "cora"
    folder.mkdir(parents=True)
    eye = np.eye(7, 3, dtype=np.float32)
    one_hot = np.eye(2, dtype=np.int32)
    parts = {
        "x": sparse.csr_matrix(eye[:2]),
        "allx": sparse.csr_matrix(eye[:4] + 1),
        "tx": sparse.csr_matrix(np.array([[6, 6, 0], [5, 0, 5]], np.float32)),
        "y": one_hot[[0, 1]],
        "ally": one_hot[[0, 1, 1, 0]],
        "ty": one_hot[[1, 0]],
        "graph": {0: [1, 1, 0], 1: [0], 6: [2], 5: []},
        **changes,
    }
    for name, part in parts.items():
        (folder / f"ind.cora.{name}").write_bytes(pickle.dumps(part, protocol=2))
    (folder / "ind.cora.test.index").write_text("6\n5\n")
    return root


def test_planetoid(tmp_path):
    data = Planetoid("Cora", lay_planetoid(tmp_path))
    graph = data[0]
    assert len(data) == 1 and graph.x.shape == (7, 3) and data.num_classes == 2 and data.num_features == 3
    assert (
        graph.x[6].tolist() == [6, 6, 0]
        and graph.x[5].tolist() == [5, 0, 5]
        and graph.x[4].tolist() == [0, 0, 0]
    )
    assert graph.x[1].tolist() == [1, 2, 1]
    assert graph.y.tolist() == [0, 1, 1, 0, 0, 0, 1]
    assert graph.edge_index.tolist() == [[0, 1, 2, 6], [1, 0, 6, 2]]
    assert graph.train_mask.tolist() == [True, True] + [False] * 5 and graph.test_mask.tolist() == [
        False
    ] * 5 + [True, True]


def test_planetoid_files_that_do_not_fit(tmp_path):
    with pytest.raises(ValueError, match=r"ind\.cora\.graph: an edge between nodes 0 and 9, but there are 7"):
        Planetoid("cora", lay_planetoid(tmp_path / "a", graph={0: [9]}))
    with pytest.raises(ValueError, match="do not belong together"):
        Planetoid("cora", lay_planetoid(tmp_path / "b", ally=np.eye(2)))
    with pytest.raises(ValueError, match="name='reddit'"):
        Planetoid("reddit")


def test_a_sparse_matrix_that_points_outside(tmp_path):
    sparse = pytest.importorskip("scipy.sparse")
    wrong = sparse.csr_matrix(np.eye(4, 3, dtype=np.float32))
    wrong.indices = wrong.indices + 100
    with pytest.raises(ValueError, match=r"ind\.cora\.allx: a sparse matrix of shape \(4, 3\) does not fit"):
        Planetoid("cora", lay_planetoid(tmp_path, allx=wrong))


@pytest.mark.parametrize("content", [b"\x8e\xff", b"<html>404</html>", b"6\n5.5\n", b"9" * 40])
def test_a_damaged_list_of_test_nodes(tmp_path, content):
    (lay_planetoid(tmp_path) / "cora" / "ind.cora.test.index").write_bytes(content)
    with pytest.raises(ValueError, match=r"ind\.cora\.test\.index: not a list of numbers"):
        Planetoid("cora", tmp_path)


# ---------------------------------------------------------------- VOC

XML = """<annotation><filename>../../etc/passwd</filename><object><name>b</name><difficult>1</difficult>
<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3.5</xmax><ymax>4</ymax></bndbox></object></annotation>"""


def lay_voc(root, xml=XML, names="one\n"):
    image = pytest.importorskip("PIL.Image")
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    image.new("RGB", (8, 6), (255, 0, 0)).save(root / "JPEGImages" / "one.jpg")
    (root / "Annotations" / "one.xml").write_text(xml)
    (root / "ImageSets" / "Main" / "train.txt").write_text(names)
    return root


def test_voc(tmp_path):
    data = VOCDetection(lay_voc(tmp_path), classes=("a", "b"))
    image, target = data[0]
    assert image.shape == (3, 6, 8) and image[0].mean().item() > 0.98 and image[2].mean().item() < 0.02
    assert target["boxes"].tolist() == [[1, 2, 3.5, 4]] and target["labels"].tolist() == [1]
    assert target["difficult"].tolist() == [True] and target["name"] == "one"
    assert VOCDetection(tmp_path, ("a", "b"), transforms=lambda i, t: (i.shape, len(t)))[0] == ((3, 6, 8), 4)


def test_an_image_without_objects(tmp_path):
    target = VOCDetection(lay_voc(tmp_path, "<annotation/>"), classes=("a",)).target(0)
    assert target["boxes"].shape == (0, 4) and target["labels"].shape == (0,)


@pytest.mark.parametrize("damage", [lambda b: b[:-30], lambda b: b"", lambda b: b[:20], lambda b: b"<html>"])
def test_a_damaged_image_is_named(tmp_path, damage):
    data = VOCDetection(lay_voc(tmp_path), classes=("a", "b"))
    file = tmp_path / "JPEGImages" / "one.jpg"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError, match=r"one\.jpg: not read as an image"):
        data[0]


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><annotation>&b;</annotation>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><annotation>&a;</annotation>'


@pytest.mark.parametrize(
    "xml,text",
    [
        (BOMB, "has a document type"),
        (OUTSIDE, "has a document type"),
        ("<annotation>", "no element found"),
        ("<html>404</html>", "its root is <html>, not <annotation>"),
        (XML.replace("<name>b", "<name>z"), "of a class other than a, b"),
        (XML.replace("<xmin>1</xmin>", ""), "without a complete bndbox"),
        (XML.replace("<xmin>1", "<xmin>left"), "without a complete bndbox"),
    ],
)
def test_annotations_that_are_refused(tmp_path, xml, text):
    (tmp_path / "a.xml").write_text(xml)
    with pytest.raises(ValueError, match=text):
        read_boxes(tmp_path / "a.xml", ("a", "b"))


def test_a_document_type_cannot_hide_in_another_encoding(tmp_path):
    (tmp_path / "a.xml").write_bytes(BOMB.encode("utf-16"))
    with pytest.raises(ValueError, match="not read as an annotation"):
        read_boxes(tmp_path / "a.xml", ("a", "b"))


def test_names_that_lead_elsewhere_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"'../one' is not the name of an image"):
        VOCDetection(lay_voc(tmp_path, names="../one\n"), classes=("a", "b"))


# ---------------------------------------------------------------- the real sets


@real("MNIST/raw")
def test_real_mnist():
    train, test = MNIST(download=False), MNIST(train=False, download=False)
    assert train.data.shape == (60_000, 1, 28, 28) and len(test) == 10_000
    assert train.targets[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert np.bincount(test.targets).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert abs(train.data.mean() / 255 - 0.1307) < 1e-4 and abs(train.data.std() / 255 - 0.3081) < 1e-4


@real("cifar-10-batches-py")
def test_real_cifar10():
    train, test = CIFAR10(download=False), CIFAR10(train=False, download=False)
    assert train.data.shape == (50_000, 3, 32, 32) and np.bincount(test.targets).tolist() == [1000] * 10
    assert np.bincount(train.targets).tolist() == [5000] * 10
    np.testing.assert_allclose(train.data.mean((0, 2, 3)) / 255, [0.4914, 0.4822, 0.4465], atol=2e-3)


@real("tinyshakespeare")
def test_real_shakespeare():
    text = tiny_shakespeare(download=False)
    assert hashlib.sha256(text.encode()).hexdigest().startswith("86c4e6aa") and len(set(text)) == 65


def test_half_a_shakespeare_is_an_error_and_a_text_of_ones_own_is_not(tmp_path):
    (tmp_path / "tinyshakespeare").mkdir()
    mine = tmp_path / "tinyshakespeare" / "input.txt"
    mine.write_text("First Citizen:\nBefore we pro")
    with pytest.raises(
        ValueError, match=r"input\.txt: has 28 bytes, the published file 1115394: .*Delete it"
    ):
        tiny_shakespeare(tmp_path, download=False)
    assert read_text(mine) == "First Citizen:\nBefore we pro"


@real("cora")
def test_real_cora():
    graph = Planetoid("cora", download=False)[0]
    assert graph.x.shape == (2708, 1433) and graph.edge_index.shape == (2, 10556)
    assert [int(mask.sum().item()) for mask in (graph.train_mask, graph.val_mask, graph.test_mask)] == [
        140,
        500,
        1000,
    ]
    assert graph.x.sum().item() == 49216 and graph.y[:10].tolist() == [3, 4, 4, 0, 3, 2, 0, 3, 3, 2]


@real("bccd/BCCD")
def test_real_bccd():
    pytest.importorskip("PIL")
    sets = [BCCD(image_set=name, download=False) for name in ("train", "val", "test")]
    assert [len(data) for data in sets] == [205, 87, 72]
    counts = sum(
        np.bincount(data.target(i)["labels"], minlength=3) for data in sets for i in range(len(data))
    )
    assert counts.tolist() == [4155, 372, 361]
    images, targets = next(
        iter(DataLoader(sets[1], batch_size=2, collate_fn=lambda batch: tuple(zip(*batch))))
    )
    assert images[0].shape == (3, 480, 640) and targets[0]["boxes"].shape[1] == 4
