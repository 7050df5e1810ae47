"""Tensors print as PyTorch prints them, character for character."""

import numpy as np
import pytest

from tinytorch import printing

torch = pytest.importorskip("torch")

DTYPES = [
    "float32",
    "float64",
    "float16",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint8",
    "bool",
    "complex64",
    "complex128",
]
SHAPES = [
    (),
    (1,),
    (3,),
    (7,),
    (40,),
    (0,),
    (0, 3),
    (2, 0, 4),
    (2, 3),
    (4, 1),
    (2, 2, 3),
    (2, 1, 2, 2),
    (1001,),
    (30, 40),
]
SHAPES += [(3, 500), (7, 8, 20), (6, 200), (1, 1, 1100)]


def special_values(rng, shape):
    return rng.choice([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 3.0, 1e-5, 123456.0], size=shape)


DOMAINS = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "wide": lambda rng, shape: rng.standard_normal(shape) * 10.0 ** rng.integers(-8, 9, shape),
    "whole": lambda rng, shape: rng.integers(-2000, 2000, shape).astype(float),
    "whole and huge": lambda rng, shape: rng.integers(-5, 5, shape) * 10.0 ** rng.integers(0, 10, shape),
    "near the sci limit": lambda rng, shape: rng.choice([1e-4, 0.1, 0.1001, 1e-1, 100.0, 100.1], size=shape),
    "special": special_values,
    "zeros": lambda rng, shape: np.zeros(shape),
    "not finite": lambda rng, shape: rng.choice([np.nan, np.inf, -np.inf, 0.0], size=shape),
}


def draw(rng, domain, shape, dtype):
    values = np.asarray(DOMAINS[domain](rng, shape))
    with np.errstate(all="ignore"):
        if dtype.startswith("complex"):
            values = values + 1j * np.asarray(DOMAINS[domain](rng, shape))
        elif not dtype.startswith("float"):
            values = (
                np.nan_to_num(values, posinf=99, neginf=-99) % 100
                if dtype in ("uint8", "int8")
                else np.nan_to_num(values, posinf=9)
            )
        return np.asarray(values).astype(dtype)


def expect_same(array, **suffixes):
    tensor = (
        torch.from_numpy(array)
        if array.ndim
        else torch.tensor(array.item(), dtype=getattr(torch, array.dtype.name))
    )
    ours = printing.tensor_repr(array, **suffixes)
    assert ours == repr(tensor.requires_grad_(suffixes.get("requires_grad", False)))


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_shape_prints_as_in_pytorch(domain, dtype):
    rng = np.random.default_rng(0)
    for shape in SHAPES:
        array = draw(rng, domain, shape, dtype)
        expect_same(array)
        if array.dtype.kind in "fc":
            expect_same(array, requires_grad=True)


def test_many_small_arrays_print_as_in_pytorch():
    rng = np.random.default_rng(1)
    for _ in range(1500):
        shape = tuple(rng.integers(1, 6, rng.integers(0, 4)))
        domain, dtype = rng.choice(list(DOMAINS)), rng.choice(DTYPES)
        expect_same(draw(rng, domain, shape, str(dtype)))


@pytest.fixture
def same_options():
    """Set the same options here and in PyTorch; both are put back after the test."""

    def set_both(**changes):
        printing.set_printoptions(**changes)
        torch.set_printoptions(**changes)

    yield set_both
    set_both(profile="default")


@pytest.mark.parametrize(
    "changes",
    [
        dict(profile="full"),
        dict(profile="short"),
        dict(precision=2),
        dict(precision=8, linewidth=120),
        dict(threshold=5),
        dict(threshold=5, edgeitems=1),
        dict(threshold=0, edgeitems=0),
        dict(linewidth=20),
        dict(sci_mode=True),
        dict(sci_mode=False),
        dict(profile="short", precision=6),
    ],
    ids=str,
)
def test_print_options_mean_what_they_mean_in_pytorch(same_options, changes):
    same_options(**changes)
    rng = np.random.default_rng(2)
    for shape in [(), (5,), (12,), (3, 4), (9, 9), (2, 8, 3), (0, 2), (30, 40)]:
        for domain in ("normal", "wide", "whole", "special"):
            for dtype in ("float32", "float64", "int64", "complex64"):
                expect_same(draw(rng, domain, shape, dtype))


def test_the_name_of_the_node_is_shown_and_long_suffixes_go_to_a_new_line():
    assert (
        printing.tensor_repr(np.float32([1, 2]), grad_fn="AddBackward0")
        == "tensor([1., 2.], grad_fn=<AddBackward0>)"
    )
    for columns in range(3, 13):
        x = torch.full((columns,), 0.5, requires_grad=True)
        assert printing.tensor_repr(x.detach().numpy(), grad_fn="AddBackward0") == repr(x + 0)


def test_device_and_the_name_of_a_subclass():
    x = np.float32([1, 2])
    assert printing.tensor_repr(x, device="cuda:0") == "tensor([1., 2.], device='cuda:0')"
    assert printing.tensor_repr(x, name="Buffer") == "Buffer([1., 2.])"


def test_default_dtype_decides_which_dtype_is_shown():
    x = np.ones(2)
    assert printing.tensor_repr(x, default_dtype="float64") == "tensor([1., 1.])"
    assert (
        printing.tensor_repr(x.astype("f4"), default_dtype="float64")
        == "tensor([1., 1.], dtype=torch.float32)"
    )
    assert printing.tensor_repr(x + 0j, default_dtype="float64") == "tensor([1.+0.j, 1.+0.j])"


def test_options_come_back_after_a_with_block():
    before = printing.get_printoptions()
    with printing.printoptions(precision=1):
        assert printing.tensor_repr(np.float32([0.25, 0.5])) == "tensor([0.2, 0.5])"
    assert printing.get_printoptions() == before


def test_an_unknown_profile_is_refused():
    with pytest.raises(ValueError, match="profile='tiny' is not one of 'default', 'short', 'full'"):
        printing.set_printoptions(profile="tiny")
