"""transforms.v2: boxes and masks change as their picture does. Values were compared with torchvision 0.28."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tinytorch
from tinytorch.torchvision import tv_tensors
from tinytorch.torchvision.transforms import v2
from tinytorch.torchvision.transforms.v2 import functional as F

Image = pytest.importorskip("PIL.Image")

H, W = 24, 31


def boxes(*corners, format="XYXY", dtype=tinytorch.float32):
    return tv_tensors.BoundingBoxes(list(corners), format=format, canvas_size=(H, W), dtype=dtype)


@pytest.fixture
def picture():
    """A bright rectangle on black, its mask and its box."""
    pixels = tinytorch.zeros(3, H, W, dtype=tinytorch.uint8)
    pixels[:, 5:12, 8:20] = 200
    return tv_tensors.Image(pixels)


@pytest.fixture
def target(picture):
    mask = tv_tensors.Mask((picture[:1] > 0).to(tinytorch.uint8))
    return {"boxes": boxes([8, 5, 20, 12]), "masks": mask, "labels": tinytorch.tensor([4]), "name": "a.png"}


MOVES = {
    "flip": v2.RandomHorizontalFlip(1.0),
    "upside down": v2.RandomVerticalFlip(1.0),
    "crop": v2.RandomCrop((20, 28), padding=2),
    "resized crop": v2.RandomResizedCrop((30, 40), scale=(0.9, 1.0)),
    "larger": v2.Resize((48, 62)),
    "border": v2.Pad([1, 2, 3, 4]),
    "middle": v2.CenterCrop((22, 29)),
    "moved": v2.RandomAffine(0, translate=(0.1, 0.1)),
    "zoom out": v2.RandomZoomOut(p=1.0),
    "jitter": v2.ScaleJitter((30, 40), (0.9, 1.1)),
}


@pytest.mark.parametrize("name", MOVES)
def test_the_box_stays_around_the_thing(name, picture, target):
    tinytorch.manual_seed(1)
    image, new = MOVES[name](picture, target)
    assert isinstance(image, tv_tensors.Image) and isinstance(new["masks"], tv_tensors.Mask)
    assert new["labels"] is target["labels"] and new["name"] == "a.png"
    assert new["boxes"].canvas_size == tuple(image.shape[-2:]) == tuple(new["masks"].shape[-2:])
    rows, columns = np.nonzero(new["masks"][0].numpy())
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(new["boxes"][0].numpy(), seen, atol=1)


def test_a_turn_has_the_upright_box_around_it():
    out = F.rotate(boxes([2, 3, 10, 12]), 20, expand=True)
    np.testing.assert_allclose(out.numpy(), [[2.9054, 10.0015, 13.5012, 21.1949]], atol=1e-3)
    whole = F.rotate(tv_tensors.Mask(np.zeros((1, H, W), np.uint8)), 20, expand=True)
    assert out.canvas_size == tuple(F.get_size(whole))
    moved = F.affine(boxes([2, 3, 10, 12]), 0, [3, -1], 1.0, [0, 0])
    assert moved.tolist() == [[5, 2, 13, 11]]


def test_formats_and_dtypes_of_boxes():
    middle = F.convert_bounding_box_format(boxes([2, 3, 10, 13]), new_format="CXCYWH")
    assert middle.tolist() == [[6, 8, 8, 10]] and middle.format is tv_tensors.BoundingBoxFormat.CXCYWH
    assert F.hflip(middle).tolist() == [[W - 6, 8, 8, 10]]
    whole = boxes([2, 3, 10, 13], dtype=tinytorch.int64)
    assert F.resize(whole, (12, 62)).tolist() == [[4, 1, 20, 6]]
    assert F.clamp_bounding_boxes(boxes([-3, 2, 40, 9])).tolist() == [[0, 2, 31, 9]]


def test_boxes_that_are_nothing_are_left_out(target):
    target = {
        **target,
        "boxes": boxes([8, 5, 20, 12], [3, 3, 3, 9], [20, 20, 60, 22]),
        "labels": tinytorch.tensor([4, 5, 6]),
        "masks": tv_tensors.Mask(np.zeros((3, H, W), np.uint8)),
    }
    out = v2.SanitizeBoundingBoxes()(target)
    assert (
        out["boxes"].tolist() == [[8, 5, 20, 12]]
        and out["labels"].tolist() == [4]
        and out["masks"].shape[0] == 1
    )
    assert isinstance(out["boxes"], tv_tensors.BoundingBoxes)
    with pytest.raises(ValueError, match="No bounding boxes were found"):
        v2.SanitizeBoundingBoxes()({"labels": 3})


def test_a_part_that_shows_enough(picture, target):
    tinytorch.manual_seed(0)
    sizes = set()
    for _ in range(10):
        image, new = v2.RandomIoUCrop()(picture, target)
        assert new["boxes"].canvas_size == tuple(image.shape[-2:])
        sizes.add(new["boxes"].canvas_size)
    assert len(sizes) > 1
    with pytest.raises(TypeError, match="requires input sample to contain bounding boxes"):
        v2.RandomIoUCrop()(picture)


def test_colours_leave_boxes_and_masks(picture, target):
    chain = v2.Compose(
        [v2.RandomPhotometricDistort(p=1.0), v2.RandomInvert(1.0), v2.RandAugment(), v2.RandomErasing(1.0)]
    )
    _, new = chain(picture, target)
    assert tinytorch.equal(new["boxes"], target["boxes"]) and tinytorch.equal(new["masks"], target["masks"])


def test_what_counts_as_a_picture():
    plain, other = tinytorch.zeros(3, 4, 4), tinytorch.zeros(3, 4, 4)
    image, label = v2.RandomInvert(1.0)(plain, 3)
    assert label == 3 and float(image.min()) == 1
    first, second = v2.RandomInvert(1.0)(plain, other)  # only the first tensor is one
    assert float(first.min()) == 1 and second is other
    pil = Image.fromarray(np.zeros((4, 4, 3), np.uint8))
    changed, kept = v2.RandomInvert(1.0)(pil, plain)
    assert kept is plain and np.asarray(changed).min() == 255


def test_from_a_picture_to_numbers():
    pil = Image.fromarray(np.full((4, 5, 3), 51, np.uint8))
    chain = v2.Compose(
        [v2.ToImage(), v2.ToDtype(tinytorch.float32, scale=True), v2.Normalize([0.5] * 3, [0.5] * 3)]
    )
    out = chain(pil)
    assert isinstance(out, tv_tensors.Image) and out.shape == (3, 4, 5)
    np.testing.assert_allclose(out.numpy(), -0.6, rtol=1e-6)
    assert type(v2.ToPureTensor()(out)) is tinytorch.Tensor
    assert v2.ToImage()(np.zeros((4, 5, 3), np.uint8)).shape == (3, 4, 5)
    kinds = {tv_tensors.Image: tinytorch.float32, tv_tensors.Mask: tinytorch.int64, "others": None}
    mask = tv_tensors.Mask(np.ones((1, 4, 5), np.uint8))
    image, new = v2.ToDtype(kinds, scale=True)(v2.ToImage()(pil), mask)
    assert image.dtype is tinytorch.float32 and new.dtype is tinytorch.int64 and int(new.max()) == 1
    assert v2.ToPILImage()(out).size == (5, 4) and v2.RGB()(tinytorch.zeros(1, 2, 2)).shape == (3, 2, 2)


def test_a_fill_for_each_kind(picture, target):
    fill = {tv_tensors.Image: 9, "others": 3}
    image, new = v2.Pad(1, fill=fill)(picture, target)
    assert int(image[0, 0, 0]) == 9 and int(new["masks"][0, 0, 0]) == 3


def test_mixed_batches():
    tinytorch.manual_seed(0)
    x = tinytorch.stack([tinytorch.full((3, 8, 8), float(k)) for k in range(4)])
    labels = tinytorch.arange(4)
    for mix in (v2.MixUp(num_classes=5), v2.CutMix(num_classes=5)):
        images, shares = mix(x, labels)
        assert shares.shape == (4, 5) and tinytorch.allclose(shares.sum(1), tinytorch.ones(4))
        own = float(shares[1, 1])
        np.testing.assert_allclose(images[1].mean().item(), own * 1 + (1 - own) * 0, atol=1e-5)
    with pytest.raises(ValueError, match="num_classes must be passed if the labels are index-based"):
        v2.MixUp()(x, labels)
    with pytest.raises(ValueError, match="Expected a batched input"):
        v2.MixUp(num_classes=4)(x[0], labels)


class Darker(v2.Transform):
    def make_params(self, flat_inputs):
        return {"by": 2}

    def transform(self, inpt, params):
        return inpt // params["by"] if isinstance(inpt, tv_tensors.Image) else inpt


def test_a_transform_of_ones_own(picture, target):
    image, new = Darker()(picture, target)
    assert int(image.max()) == 100 and new["boxes"] is target["boxes"]


def test_choices(picture):
    flip, still = v2.RandomHorizontalFlip(1.0), v2.Identity()
    assert tinytorch.equal(v2.RandomChoice([flip], p=[1.0])(picture), F.hflip(picture))
    assert tinytorch.equal(v2.RandomOrder([flip, flip, still])(picture), picture)
    assert tinytorch.equal(v2.RandomApply([flip], p=1.0)(picture), F.hflip(picture))
    out, label = v2.RandomApply([flip], p=0.0)(picture, 3)
    assert out is picture and label == 3
    assert v2.Lambda(lambda x: x + 1, int)(picture, 3)[1] == 4


def test_kinds_are_kept_when_copied(target):
    for again in (copy.deepcopy(target), pickle.loads(pickle.dumps(target))):
        assert again["boxes"].canvas_size == (H, W) and isinstance(again["masks"], tv_tensors.Mask)
    assert type(target["boxes"] + 1) is tinytorch.Tensor  # what is computed is a plain tensor
    back = tv_tensors.wrap(target["boxes"] + 1, like=target["boxes"], canvas_size=(5, 5))
    assert back.canvas_size == (5, 5) and "canvas_size=(5, 5)" in repr(back)
    with pytest.raises(ValueError, match=r"Expected a tensor of shape \(N, 4\), got \(1, 3\)"):
        boxes([1, 2, 3])
    pickle.loads(pickle.dumps(v2.Compose([v2.RandomCrop(3), v2.ToImage()])))


def test_what_they_say_of_themselves():
    assert repr(v2.MixUp(num_classes=3)) == "MixUp(alpha=1.0, num_classes=3, labels_getter=default)"
    assert repr(v2.RandomZoomOut()) == "RandomZoomOut(fill=0, side_range=(1.0, 4.0), p=0.5)"
    crop = v2.RandomResizedCrop(8)
    assert repr(crop).startswith(
        "RandomResizedCrop(size=(8, 8), scale=(0.08, 1.0)"
    ) and "interpolation=bilinear" in repr(crop)
    assert (
        repr(v2.Compose([v2.ToImage(), v2.ToPureTensor()]))
        == "Compose(\n      ToImage()\n      ToPureTensor()\n)"
    )
