"""What an op is made of."""

import functools

import tinytorch
from tinytorch.op import op


def counted(calls):
    def decorate(function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            calls.append(function.__name__)
            return function(*args, **kwargs)

        return call

    return decorate


def test_an_op_under_another_decorator_keeps_its_arguments():
    calls = []

    @op
    @counted(calls)
    def grown(x, y, *, factor=2.0):
        return x * factor + y

    grown.vjps(x=lambda g, factor: g * factor, y=lambda g: g)
    x = tinytorch.tensor([1.0, 2.0], requires_grad=True)
    y = grown(x, tinytorch.ones(2), factor=3.0)
    y.sum().backward()
    assert y.tolist() == [4.0, 7.0] and x.grad.tolist() == [3.0, 3.0] and calls == ["grown"]
