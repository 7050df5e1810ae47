"""What PyTorch computes anew has memory of its own, also where nothing had to be moved: writing to it leaves the input alone."""

import pytest

import tinytorch as torch
import tinytorch.nn.functional as F

ANEW = {
    "repeat": lambda x: x.repeat(1, 1, 1),
    "repeat in front": lambda x: x.repeat(2, 1, 1, 1),
    "repeat of one": lambda x: x[:1].repeat(3, 1, 1),
    "tile": lambda x: x.tile(1),
    "nearest": lambda x: F.interpolate(x[None], size=(3, 3)),
    "bilinear": lambda x: F.interpolate(x[None], scale_factor=1.0, mode="bilinear"),
    "pixel_shuffle": lambda x: F.pixel_shuffle(x, 1),
    "reflect": lambda x: F.pad(x, (0, 0, 0, 0), mode="reflect"),
    "replicate": lambda x: F.pad(x, (0, 0, 0, 0), mode="replicate"),
}


@pytest.mark.parametrize("name", ANEW)
def test_writing_leaves_the_input_alone(name):
    x = torch.arange(18.0).reshape(2, 3, 3)
    before, out = x.clone(), ANEW[name](x)
    expected = out.clone()
    out[..., 0] *= 2
    expected[..., 0] = expected[..., 0] * 2
    assert torch.equal(x, before) and torch.equal(out, expected)


def test_a_batch_of_matrices_from_one_is_filled():
    batch = torch.eye(3)[None].repeat(2, 1, 1)
    batch[:, 0, 0] *= torch.tensor([2.0, 3.0])
    assert batch[:, 0, 0].tolist() == [2.0, 3.0] and batch.is_contiguous()


def test_gradients_of_repeats():
    x = torch.ones(1, 3, requires_grad=True)
    (x.repeat(4, 1) * torch.arange(12.0).reshape(4, 3)).sum().backward()
    assert x.grad.tolist() == [[18.0, 22.0, 26.0]]
