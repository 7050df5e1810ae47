"""dtypes that can be named and compared with, and not stored."""

import pickle

import pytest

import tinytorch

NAMES = (
    "complex32 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu qint8 quint8".split()
)


@pytest.mark.parametrize("name", NAMES)
def test_a_dtype_that_nothing_can_be_stored_in(name):
    torch = pytest.importorskip("torch")
    dtype, theirs = getattr(tinytorch, name), getattr(torch, name)
    for attribute in ("itemsize", "is_floating_point", "is_complex"):
        assert getattr(dtype, attribute) == getattr(theirs, attribute)
    assert repr(dtype) == repr(theirs)
    assert tinytorch.zeros(1).dtype != dtype
    assert pickle.loads(pickle.dumps(dtype)) is dtype
    with pytest.raises(TypeError, match=f"{name}: tinytorch has no tensors of this dtype"):
        tinytorch.zeros(2, dtype=dtype)
    with pytest.raises(TypeError, match=f"{name}: tinytorch has no tensors of this dtype"):
        tinytorch.zeros(2).to(dtype)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("float8")] + ["bfloat16"])
def test_their_limits(name):
    torch = pytest.importorskip("torch")
    ours, theirs = tinytorch.finfo(getattr(tinytorch, name)), torch.finfo(getattr(torch, name))
    assert repr(ours) == repr(theirs)
    for limit in ("bits", "min", "max", "eps", "tiny", "smallest_normal", "resolution"):
        assert getattr(ours, limit) == getattr(theirs, limit)
