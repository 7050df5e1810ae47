"""`agree` to second order, also where an expression is linear."""

from tests.functional.agree import agree


def agree_twice(expression, *arrays) -> None:
    """Assert that values and gradients to second order of the squared result agree.

    A linear function's gradient is a constant, which PyTorch marks as requiring a gradient and tinytorch does not.
    """

    def curved(lib, *tensors):
        out = expression(lib, *tensors)
        return (out[0] ** 2, *out[1:]) if isinstance(out, tuple) else out**2

    agree(curved, *arrays, order=2)
