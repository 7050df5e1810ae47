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
    "half turn": lambda img: F.rotate(img, 180, expand=True),
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


# ---------------------------------------------------------------- colours, warps and policies

TONES = {
    "invert": F.invert,
    "posterize": lambda img: F.posterize(img, 3),
    "solarize": lambda img: F.solarize(img, 128),
    "autocontrast": F.autocontrast,
    "equalize": F.equalize,
    "gamma": lambda img: F.adjust_gamma(img, 0.7, 1.2),
}


@pytest.mark.parametrize("name", TONES)
def test_tones_of_pictures_and_of_tensors(name):
    pixels = (np.arange(32 * 32 * 3).reshape(32, 32, 3) % 97 + 40).astype(np.uint8)
    picture, tensor = Image.fromarray(pixels), tinytorch.from_numpy(pixels.transpose(2, 0, 1).copy())
    expected = F.pil_to_tensor(TONES[name](picture)).numpy().astype(int)
    apart = np.abs(TONES[name](tensor).numpy().astype(int) - expected)
    assert apart.max() <= 1  # Pillow cuts where tensors are rounded
    assert (expected != tensor.numpy()).any()


def test_tones_of_floats_and_what_they_refuse(tensor):
    x = tinytorch.tensor([[[0.2, 0.4], [0.6, 0.7]], [[0.5, 0.5], [0.5, 0.5]]])
    stretched = F.autocontrast(x)
    np.testing.assert_allclose(stretched[0].numpy(), [[0, 0.4], [0.8, 1]], atol=1e-6)
    assert tinytorch.equal(stretched[1], x[1])  # one value only
    np.testing.assert_allclose(F.solarize(x, 0.6)[0].numpy(), [[0.2, 0.4], [0.4, 0.3]], atol=1e-6)
    with pytest.raises(
        TypeError, match="Only torch.uint8 image tensors are supported, but found torch.float32"
    ):
        F.equalize(x)
    with pytest.raises(TypeError, match="Threshold should be less than bound of img"):
        F.solarize(x, 2)
    with pytest.raises(ValueError, match="Gamma should be a non-negative real number"):
        F.adjust_gamma(tensor, -1)


def test_sharpness(picture, tensor):
    for factor in (0.0, 1.0, 1.5):
        expected = F.pil_to_tensor(F.adjust_sharpness(picture, factor)).numpy()
        assert np.abs(F.adjust_sharpness(tensor, factor).numpy().astype(int) - expected).max() <= 1
    assert F.adjust_sharpness(tensor[:, :2], 0.0) is not None
    assert tinytorch.equal(F.adjust_sharpness(tensor[:, :2], 0.0), tensor[:, :2])  # nothing but border


CORNERS = [[0, 0], [4, 0], [4, 3], [0, 3]]


def test_seen_from_the_side(picture, tensor):
    moved = [[1, 0], [4, 0], [4, 3], [0, 2]]
    nearest = T.InterpolationMode.NEAREST
    assert same(F.perspective(picture, CORNERS, CORNERS, nearest), tensor)
    nearest = T.InterpolationMode.NEAREST
    assert same(
        F.perspective(picture, CORNERS, moved, nearest), F.perspective(tensor, CORNERS, moved, nearest)
    )
    x = tensor.float().requires_grad_()
    F.perspective(x, CORNERS, moved).sum().backward()
    assert float(x.grad.sum()) > 0
    assert tuple(T.RandomPerspective(p=1.0)(tensor).shape) == (3, 4, 5)


def test_bent(picture, tensor):
    still = tinytorch.zeros(1, 4, 5, 2)
    assert tinytorch.equal(F.elastic_transform(tensor, still), tensor)
    assert same(F.elastic_transform(picture, still), tensor)
    right = still.clone()
    right[..., 0] = 2 / 5  # a pixel, told in halves of the width
    out = F.elastic_transform(tensor, right, fill=9)
    assert tinytorch.equal(out[..., :-1], tensor[..., 1:]) and out[..., -1].unique().tolist() == [9]
    with pytest.raises(ValueError, match=r"displacement shape should be \(1, 4, 5, 2\), got \(1, 4, 4, 2\)"):
        F.elastic_transform(tensor, still[:, :, 1:])
    assert tuple(T.ElasticTransform(alpha=20.0, sigma=0.2)(tensor).shape) == (3, 4, 5)


def test_five_and_ten_parts(tensor):
    parts = T.FiveCrop((2, 3))(tensor)
    places = [(0, 0), (0, 2), (2, 0), (2, 2), (1, 1)]
    for part, (top, left) in zip(parts, places, strict=True):
        assert tinytorch.equal(part, tensor[:, top : top + 2, left : left + 3])
    ten = T.TenCrop(2)(tensor)
    assert len(ten) == 10 and tinytorch.equal(ten[5], tensor.flip(-1)[:, :2, :2])
    assert tinytorch.equal(T.TenCrop(2, vertical_flip=True)(tensor)[5], tensor.flip(-2)[:, :2, :2])
    with pytest.raises(ValueError, match=r"Requested crop size \(9, 9\) is bigger than input size \(4, 5\)"):
        T.FiveCrop(9)(tensor)


def test_whitening(tensor):
    x = tensor.float()
    double = T.LinearTransformation(tinytorch.eye(60) * 2, tinytorch.ones(60))
    assert tinytorch.equal(double(x), (x - 1) * 2)
    with pytest.raises(ValueError, match="transformation_matrix should be square"):
        T.LinearTransformation(tinytorch.zeros(2, 3), tinytorch.zeros(2))
    with pytest.raises(ValueError, match="incompatible shape"):
        double(x[:, :2])


@pytest.mark.parametrize("policy", [*T.AutoAugmentPolicy, "rand", "trivial", "mix"])
def test_policies(policy, picture, tensor):
    made = {"rand": T.RandAugment, "trivial": T.TrivialAugmentWide, "mix": T.AugMix}
    transform = made[policy]() if isinstance(policy, str) else T.AutoAugment(policy)
    tinytorch.manual_seed(0)
    changed = [transform(tensor) for _ in range(20)]
    assert all(x.shape == tensor.shape and x.dtype is tensor.dtype for x in changed)
    assert any(not tinytorch.equal(x, tensor) for x in changed)
    assert transform(picture).size == picture.size
    tinytorch.manual_seed(0)
    assert tinytorch.equal(transform(tensor), changed[0])


def test_learned_policies_are_25_pairs():
    for policy in T.AutoAugmentPolicy:
        assert len(T.AutoAugment(policy).policies) == 25
    first = T.AutoAugment().policies[0]
    assert first == (("Posterize", 0.4, 8), ("Rotate", 0.6, 9))
    assert str(T.RandAugment(fill=3)).startswith("RandAugment(num_ops=2, magnitude=9, num_magnitude_bins=31")


def test_what_was_drawn_can_be_asked_for(picture):
    tinytorch.manual_seed(0)
    order, *factors = T.ColorJitter.get_params((0.5, 1.5), None, (1, 2), None)
    assert sorted(order.tolist()) == [0, 1, 2, 3] and [f is None for f in factors] == [
        False,
        True,
        False,
        True,
    ]
    angle, moved, scale, shear = T.RandomAffine.get_params((-10, 10), (0.5, 0.5), (1, 2), None, (100, 50))
    assert (
        -10 <= angle <= 10
        and abs(moved[0]) <= 50
        and abs(moved[1]) <= 25
        and 1 <= scale <= 2
        and shear == (0, 0)
    )
    top, left, height, width = T.RandomCrop.get_params(picture, (2, 3))
    assert (height, width) == (2, 3) and 0 <= top <= 2 and 0 <= left <= 2
