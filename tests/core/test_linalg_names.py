"""torch.linalg calls its matrix A, torch itself calls it input."""

import numpy as np
import pytest

import tinytorch


@pytest.mark.parametrize("name", ["det", "inv", "slogdet"])
def test_a_matrix_by_either_name(name):
    x = tinytorch.from_numpy(np.random.default_rng(0).standard_normal((3, 4, 4)))
    here, there = getattr(tinytorch.linalg, name)(A=x), getattr(tinytorch, name)(input=x)
    for a, b in zip(here, there) if name == "slogdet" else [(here, there)]:
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_an_error_names_what_was_called():
    with pytest.raises(RuntimeError, match=r"^add: shapes \(2,\) and \(3,\) do not broadcast"):
        tinytorch.zeros(2) + tinytorch.zeros(3)
    with pytest.raises(
        RuntimeError, match=r"^LSTM: input.size\(-1\) must be equal to input_size. Expected 3, got 5"
    ):
        tinytorch.nn.LSTM(3, 4)(tinytorch.zeros(2, 2, 5))
