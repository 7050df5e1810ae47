"""The state of random numbers as bytes, which programs keep in checkpoints."""

import numpy as np
import pytest

import tinytorch as tt


def test_the_state_is_bytes_and_goes_through_a_file(tmp_path):
    state = tt.get_rng_state()
    assert state.dtype == tt.uint8 and state.dim() == 1
    drawn = tt.rand(3)
    tt.save({"rng": state}, tmp_path / "state.pt")
    loaded = tt.load(tmp_path / "state.pt", map_location="cpu")["rng"]
    tt.set_rng_state(loaded.cpu().byte())
    assert tt.equal(tt.rand(3), drawn)


def test_the_other_form_is_taken_too():
    state = tt.random.get_rng_state()
    drawn = tt.rand(3)
    tt.set_rng_state(state)
    assert tt.equal(tt.rand(3), drawn)


@pytest.mark.parametrize("state", [tt.zeros(3, dtype=tt.uint8), tt.tensor(np.arange(9, dtype=np.uint8))])
def test_bytes_of_another_generator(state):
    with pytest.raises(RuntimeError, match="no state that tinytorch's get_rng_state gave"):
        tt.set_rng_state(state)


def test_what_is_no_bytes():
    with pytest.raises(TypeError, match="must be a torch.ByteTensor"):
        tt.set_rng_state(tt.zeros(3))
