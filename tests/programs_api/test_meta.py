"""Device "meta": shapes and dtypes without numbers, to be filled later."""

import pytest

import tinytorch as tt
from tinytorch import nn


def test_a_network_is_made_there_and_filled_here():
    with tt.device("meta"):
        net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Embedding(5, 2))
    assert all(t.is_meta and t.device == tt.device("meta") for t in net.state_dict().values())
    assert sum(p.numel() for p in net.parameters()) == 12 + 4 + 8 + 10
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor; no data!"):
        net.to("cpu")
    weight = net[0].weight
    assert net.to_empty(device="cpu") is net and net[0].weight is weight
    assert {t.device.type for t in net.state_dict().values()} == {"cpu"}
    nn.init.ones_(weight)
    assert weight.sum().item() == 12


def test_weights_are_taken_as_they_are():
    with tt.device("meta"):
        net = nn.Linear(3, 4)
    given = nn.Linear(3, 4)
    net.load_state_dict(given.state_dict(), assign=True)
    x = tt.rand(2, 3)
    assert not net.weight.is_meta and tt.equal(net(x), given(x))


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: x @ x,
        lambda x: x.view(2, -1)[0],
        lambda x: nn.functional.relu(x) + 1,
        lambda x: nn.functional.softmax(x, -1),
        lambda x: nn.Linear(8, 4, device="meta")(x),
        lambda x: nn.Conv2d(3, 4, 3, device="meta")(x),
        lambda x: nn.LayerNorm(8, device="meta")(x),
        lambda x: tt.zeros_like(x, dtype=tt.float16),
        lambda x: x.sum(),
    ],
)
def test_what_is_computed_has_the_same_shape_there(compute):
    x = tt.empty(2, 3, 8, 8, device="meta")
    out = compute(x)
    assert out.is_meta and not x.is_cpu
    with tt.device("cpu"):
        here = tt.zeros(2, 3, 8, 8)
    if not isinstance(out, tt.Tensor) or out.dim() == 0:
        with pytest.raises(RuntimeError, match=r"item\(\) cannot be called on meta tensors"):
            out.item()
    assert tt.empty_like(out, device="cpu").shape == out.shape and here.to("meta").is_meta


def test_it_is_shown_without_numbers():
    assert repr(tt.empty(2, 3, device="meta")) == "tensor(..., device='meta', size=(2, 3))"
