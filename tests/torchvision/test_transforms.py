"""Transforms of pictures. Values, texts and sizes were compared with torchvision 0.29 when this was written."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import tinytorch
from tinytorch.torchvision import transforms as T
from tinytorch.torchvision.transforms import functional as F

Image = pytest.importorskip("PIL.Image")

PIXELS = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3) * 4


@pytest.fixture
def picture():
    return Image.fromarray(PIXELS)


@pytest.fixture
def tensor():
    return tinytorch.from_numpy(np.ascontiguousarray(PIXELS.transpose(2, 0, 1)))


def same(picture, tensor) -> bool:
    """A picture and a tensor with the same numbers."""
    return np.array_equal(F.pil_to_tensor(picture).numpy(), tensor.numpy())


def test_there_and_back(picture):
    x = T.ToTensor()(picture)
    assert (x.dtype, tuple(x.shape)) == (tinytorch.float32, (3, 4, 5))
    assert np.array_equal(x.numpy(), PIXELS.transpose(2, 0, 1).astype(np.float32) / 255)
    assert np.array_equal(np.asarray(T.ToPILImage()(T.PILToTensor()(picture))), PIXELS)
    assert np.array_equal(np.asarray(T.ToPILImage()(x)), PIXELS)
    gray = Image.fromarray(PIXELS[..., 0])
    assert tuple(T.ToTensor()(gray).shape) == (1, 4, 5)
    assert T.ToTensor()(np.ones((2, 3), np.float32)).tolist() == [[[1, 1, 1], [1, 1, 1]]]
    with pytest.raises(TypeError, match=r"pic should be PIL Image or ndarray\. Got <class 'list'>"):
        T.ToTensor()([1])


def test_normalize(tensor):
    x = tensor.float() / 255
    out = T.Normalize((0.5, 0.4, 0.3), (0.2, 0.3, 0.5))(x)
    expected = (x.numpy() - np.float32([0.5, 0.4, 0.3])[:, None, None]) / np.float32([0.2, 0.3, 0.5])[
        :, None, None
    ]
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-6)
    with pytest.raises(TypeError, match=r"Input tensor should be a float tensor\. Got torch\.uint8"):
        T.Normalize((0.5,), (0.5,))(tensor)
    with pytest.raises(ValueError, match="leading to division by zero"):
        T.Normalize((0.5,), (0.0,))(x)


SAME_FOR_BOTH = {
    "hflip": F.hflip,
    "vflip": F.vflip,
    "pad": T.Pad((1, 2), fill=7),
    "pad by reflection": T.Pad(2, padding_mode="reflect"),
    "center": T.CenterCrop(3),
    "center of more than there is": T.CenterCrop((7, 3)),
    "crop": lambda img: F.crop(img, 1, 2, 2, 2),
    "crop outside": lambda img: F.crop(img, -1, -2, 7, 9),
    "quarter turn": lambda img: F.rotate(img, 90, expand=True),
    "nearest": T.Resize((8, 10), interpolation=T.InterpolationMode.NEAREST),
}


@pytest.mark.parametrize("name", SAME_FOR_BOTH)
def test_pictures_and_tensors_agree(name, picture, tensor):
    assert same(SAME_FOR_BOTH[name](picture), SAME_FOR_BOTH[name](tensor))


def test_values(picture, tensor):
    assert np.array_equal(F.hflip(tensor).numpy(), PIXELS.transpose(2, 0, 1)[..., ::-1])
    assert np.asarray(T.Pad(1, fill=9)(picture))[0].tolist() == [[9, 9, 9]] * 7
    assert np.array_equal(np.asarray(F.crop(picture, 1, 2, 2, 3)), PIXELS[1:3, 2:5])
    assert np.asarray(T.Grayscale()(picture))[0, 0] == round(0.299 * 0 + 0.587 * 4 + 0.114 * 8)
    assert T.Grayscale(3)(tensor).shape == (3, 4, 5)
    assert F.erase(tensor, 1, 1, 2, 2, 0).numpy()[:, 1:3, 1:3].sum() == 0
    assert np.array_equal(np.asarray(F.adjust_brightness(picture, 0.5)), PIXELS // 2)
    assert np.array_equal(F.adjust_brightness(tensor, 0.5).numpy(), PIXELS.transpose(2, 0, 1) // 2)
    assert np.abs(np.asarray(F.adjust_hue(picture, 0.0)).astype(int) - PIXELS).max() <= 4


def test_blur_and_affine(picture):
    flat = tinytorch.full((1, 5, 5), 0.25)
    tinytorch.testing.assert_close(F.gaussian_blur(flat, 3, 1.0), flat)
    assert np.array_equal(np.asarray(F.affine(picture, 0.0, [1, 0], 1.0, [0.0, 0.0]))[:, 1:], PIXELS[:, :-1])


def test_second_version(picture, tensor):
    from tinytorch.torchvision.transforms import v2

    chain = v2.Compose([v2.ToImage(), v2.ToDtype(tinytorch.float32, scale=True)])
    assert tinytorch.equal(chain(picture), T.ToTensor()(picture))
    assert tinytorch.equal(chain(PIXELS), chain(tensor))


@pytest.mark.parametrize(
    ("size", "shape"), [(2, (2, 2)), (8, (8, 10)), ((3, 7), (3, 7)), ([6], (6, 7)), (4, (4, 5))]
)
def test_sizes(size, shape, picture, tensor):
    assert T.Resize(size)(picture).size == shape[::-1]
    assert T.Resize(size)(tensor).shape == (3, *shape)
    assert T.Resize(size)(tensor.float()).dtype is tinytorch.float32


def test_a_limit_for_the_longer_side():
    assert F.resized(2, 20, 5, max_size=30) == (3, 30)
    with pytest.raises(ValueError, match="max_size = 5 must be strictly greater than the requested size"):
        F.resized(2, 20, 5, max_size=5)


REPRS = {
    "ToTensor()": T.ToTensor(),
    "Normalize(mean=(0.5,), std=(0.5,))": T.Normalize((0.5,), (0.5,)),
    "Lambda()": T.Lambda(lambda x: x),
    "RandomCrop(size=(32, 32), padding=4)": T.RandomCrop(32, padding=4),
    "RandomHorizontalFlip(p=0.5)": T.RandomHorizontalFlip(),
    "CenterCrop(size=(10, 10))": T.CenterCrop(10),
    "Resize(size=10, interpolation=bilinear, max_size=None, antialias=True)": T.Resize(10),
    "RandomRotation(degrees=[-10.0, 10.0], interpolation=nearest, expand=False, fill=0)": T.RandomRotation(
        10
    ),
    "RandomAffine(degrees=[-10.0, 10.0], scale=(0.5, 1.0))": T.RandomAffine(10, scale=(0.5, 1.0)),
    "GaussianBlur(kernel_size=(3, 3), sigma=(0.1, 2.0))": T.GaussianBlur(3),
    "Pad(padding=2, fill=0, padding_mode=constant)": T.Pad(2),
    "RandomErasing(p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0, inplace=False)": T.RandomErasing(),
    "ColorJitter(brightness=(0.9, 1.1), contrast=None, saturation=None, hue=(-0.1, 0.1))": T.ColorJitter(
        0.1, hue=0.1
    ),
    "Compose(\n    ToTensor()\n    Normalize(mean=[0.5], std=[0.5])\n)": T.Compose(
        [T.ToTensor(), T.Normalize([0.5], [0.5])]
    ),
    "RandomResizedCrop(size=(10, 10), scale=(0.08, 1.0), ratio=(0.75, 1.3333), interpolation=bilinear, antialias=True)": (
        T.RandomResizedCrop(10)
    ),
}


@pytest.mark.parametrize("text", REPRS)
def test_texts(text):
    assert repr(REPRS[text]) == text


RANDOM = {
    "crop": T.RandomCrop(3, padding=2),
    "crop of less": T.RandomCrop(9, pad_if_needed=True),
    "horizontal flip": T.RandomHorizontalFlip(),
    "vertical flip": T.RandomVerticalFlip(),
    "resized crop": T.RandomResizedCrop(6),
    "rotation": T.RandomRotation(40),
    "affine": T.RandomAffine(20, translate=(0.2, 0.2), scale=(0.8, 1.2), shear=10),
    "blur": T.GaussianBlur(3),
    "gray": T.RandomGrayscale(0.5),
    "jitter": T.ColorJitter(0.4, 0.4, 0.4, 0.2),
    "apply": T.RandomApply([T.ColorJitter(0.4)], 0.5),
    "choice": T.RandomChoice([T.RandomHorizontalFlip(1.0), T.Pad(1)]),
    "erasing": T.Compose([T.ToTensor(), T.RandomErasing(0.9, value="random")]),
}


@pytest.mark.parametrize("name", RANDOM)
def test_chance_is_seeded_and_pictures_keep_their_kind(name, picture):
    transform = RANDOM[name]
    tinytorch.manual_seed(1)
    first = [np.asarray(transform(picture)) for _ in range(12)]
    tinytorch.manual_seed(1)
    again = [np.asarray(transform(picture)) for _ in range(12)]
    assert all(np.array_equal(a, b) for a, b in zip(first, again))
    assert any(a.shape != first[0].shape or not np.array_equal(a, first[0]) for a in first)
    if name != "erasing":
        assert isinstance(transform(picture), Image.Image)
        assert isinstance(transform(F.pil_to_tensor(picture)), tinytorch.Tensor)
        pickle.dumps(transform)


def test_probabilities(picture):
    tinytorch.manual_seed(0)
    flipped = sum(
        np.asarray(T.RandomHorizontalFlip(0.3)(picture))[0, 0, 0] != PIXELS[0, 0, 0] for _ in range(1000)
    )
    assert 250 < flipped < 350
    corners = {np.asarray(T.RandomCrop(2)(picture))[0, 0, 0] for _ in range(300)}
    assert corners == set(PIXELS[:3, :4, 0].ravel())


def test_what_they_refuse(picture):
    with pytest.raises(
        ValueError, match=r"Required crop size \(9, 9\) is larger than input image size \(4, 5\)"
    ):
        T.RandomCrop(9)(picture)
    with pytest.raises(ValueError, match="single number, it must be non negative"):
        T.ColorJitter(brightness=-1)
    with pytest.raises(TypeError, match="Argument lambd should be callable"):
        T.Lambda(3)
    with pytest.raises(TypeError, match=r"img should be PIL Image or Tensor\. Got <class 'str'>"):
        F.hflip("picture.png")
