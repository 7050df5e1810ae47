"""Idioms of public PyTorch programs, each cut down to a few lines: the same in both libraries."""

from __future__ import annotations

import collections
import warnings
from typing import Optional

import pytest

import tinytorch
from tests.programs_api.libraries import BOTH, part

# ---------------------------------------------------------------- names on the way


@BOTH
def test_names_that_scripts_import_and_do_not_need(lib):
    assert int(part(lib, "nn.attention").SDPBackend.MATH) == 0
    with part(lib, "nn.attention").sdpa_kernel([part(lib, "nn.attention").SDPBackend.MATH]):
        pass
    assert callable(part(lib, "fx").wrap)
    assert issubclass(part(lib, "jit").ScriptModule, lib.nn.Module)
    assert not isinstance(lib.nn.Linear(1, 1), part(lib, "jit").ScriptModule)
    assert part(lib, "jit.annotations").List
    assert not part(lib, "xpu").is_available()
    assert not part(lib, "onnx").is_in_onnx_export()
    assert part(lib, "hub").tqdm and part(lib, "hub").HASH_REGEX.search("net-0a1b.pth")
    assert not part(lib, "_dynamo").is_compiling()
    handle = lib.nn.Linear(1, 1).register_forward_hook(print)
    assert isinstance(handle, part(lib, "utils.hooks").RemovableHandle)


@BOTH
def test_distribution_is_refused_only_when_it_is_used(lib):
    distributed = part(lib, "distributed")
    assert distributed.ReduceOp.SUM is not None
    if lib is tinytorch:
        for ask in (
            distributed.barrier,
            lambda: distributed.all_reduce(lib.ones(1)),
            distributed.destroy_process_group,
        ):
            with pytest.raises(ValueError, match="has not been initialized"):
                ask()


@BOTH
def test_progress_bars_of_hub(lib):
    bar = part(lib, "hub").tqdm(total=3, disable=True)
    bar.update(1)


@BOTH
def test_nests_of_tensors(lib):
    tree = part(lib, "utils._pytree")
    nest = {"a": lib.ones(2), "b": [lib.zeros(1), (3, None)]}
    leaves, spec = tree.tree_flatten(nest)
    assert len(leaves) == spec.num_leaves == 4
    again = tree.tree_unflatten(leaves, spec)
    assert again["b"][1] == (3, None) and again["a"] is nest["a"]
    doubled = tree.tree_map(lambda x: x * 2 if isinstance(x, lib.Tensor) else x, nest)
    assert doubled["a"].tolist() == [2.0, 2.0] and isinstance(doubled["b"], list)
    assert tree.tree_map_only(int, lambda n: n + 1, nest)["b"][1][0] == 4


@BOTH
def test_paths_through_nests(lib):
    tree = part(lib, "utils._pytree")
    Pair = collections.namedtuple("Pair", "left right")
    nest = {"a": [1, 2], "b": Pair(3, (4,))}
    found, _ = tree.tree_flatten_with_path(nest)
    assert [(tree.keystr(path), leaf) for path, leaf in found] == [
        ("['a'][0]", 1), ("['a'][1]", 2), ("['b'].left", 3), ("['b'].right[0]", 4),
    ]  # fmt: skip
    assert all(path[0].get(nest) is nest[path[0].key] for path, _ in found)
    mapped = tree.tree_map_with_path(lambda path, leaf: (len(path), leaf), nest)
    assert mapped["b"] == Pair((2, 3), ((3, 4),))
    assert tree.tree_is_leaf(1) and not tree.tree_is_leaf([])


@BOTH
def test_registered_nodes(lib):
    tree = part(lib, "utils._pytree")

    class Box(dict):
        pass

    tree.register_pytree_node(
        Box,
        tree._dict_flatten,
        lambda values, keys: Box(zip(keys, values)),
        flatten_with_keys_fn=tree._dict_flatten_with_keys,
    )
    assert type(tree.tree_map(lambda x: x + 1, Box(a=1))) is Box
    assert [tree.keystr(path) for path, _ in tree.tree_flatten_with_path(Box(a=[1, 2]))[0]] == [
        "['a'][0]",
        "['a'][1]",
    ]


@BOTH
def test_tensor_types_in_annotations(lib):
    kinds = lib.FloatTensor | None, None | lib.LongTensor, Optional[lib.FloatTensor]  # noqa: UP045
    assert [kind.__args__[0] for kind in kinds] == [lib.FloatTensor, type(None), lib.FloatTensor]


# ---------------------------------------------------------------- lazy layers


@BOTH
def test_lazy_layers_become_ordinary_ones(lib):
    nn = lib.nn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = nn.Sequential(
            nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(5)
        )
    assert repr(net[4]) == "LazyLinear(in_features=0, out_features=5, bias=True)"
    assert repr(net[4].weight) == "<UninitializedParameter>"
    with pytest.raises(RuntimeError, match="uninitialized parameter"):
        net[0].weight.shape  # noqa: B018
    optimizer, weight = lib.optim.SGD(net.parameters(), lr=0.1), net[4].weight
    net(lib.ones(2, 3, 6, 6)).sum().backward()
    optimizer.step()
    assert [type(layer) for layer in net][::4] == [nn.Conv2d, nn.Linear] and type(net[1]) is nn.BatchNorm2d
    assert net[4].weight is weight and tuple(weight.shape) == (5, 64) and type(weight) is nn.Parameter
    assert net[0].in_channels == 3 and net[1].num_features == 4


@BOTH
def test_lazy_layers_take_shapes_from_a_state_dict(lib):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lazy = lib.nn.LazyLinear(2)
    lazy.load_state_dict(lib.nn.Linear(3, 2).state_dict())
    assert tuple(lazy.weight.shape) == (2, 3) and tuple(lazy(lib.ones(1, 3)).shape) == (1, 2)


@BOTH
def test_fused_convolution_and_batch_norm(lib):
    conv, norm = lib.nn.Conv2d(2, 3, 2).eval(), lib.nn.BatchNorm2d(3).eval()
    norm.running_mean.fill_(0.5)
    norm.running_var.fill_(4.0)
    x = lib.ones(1, 2, 3, 3)
    fused = lib.nn.utils.fusion.fuse_conv_bn_eval(conv, norm)
    assert lib.allclose(fused(x), norm(conv(x)), atol=1e-6)


# ---------------------------------------------------------------- tensors


@BOTH
@pytest.mark.filterwarnings("ignore:TypedStorage")
def test_views_have_one_storage(lib):
    x = lib.zeros(3, 4)
    assert x[1].untyped_storage().data_ptr() == x.untyped_storage().data_ptr() == x.data_ptr()
    assert x.t()[1:].untyped_storage().nbytes() == 48 and len(x.storage()) == 12
    assert x.storage().dtype == lib.float32 and lib.is_storage(x.untyped_storage())


@BOTH
@pytest.mark.filterwarnings("ignore:A window was not provided")
def test_spectrograms_and_back(lib):
    x = lib.arange(40.0).sin()
    window = lib.hann_window(8)
    spectrum = lib.stft(x, 8, 4, window=window, return_complex=True)
    assert tuple(spectrum.shape) == (5, 11) and spectrum.dtype == lib.complex64
    assert lib.allclose(lib.istft(spectrum, 8, 4, window=window), x, atol=1e-5)
    assert tuple(lib.view_as_real(x.stft(8, return_complex=True)).shape) == (5, 21, 2)
    with pytest.raises(RuntimeError, match="requires the return_complex parameter"):
        lib.stft(x, 8)


def test_sparse_methods_are_there_from_the_start():
    import subprocess
    import sys

    subprocess.run([sys.executable, "-c", "import tinytorch; tinytorch.eye(2).to_sparse()"], check=True)


@BOTH
@pytest.mark.filterwarnings("ignore:This overload of addc:UserWarning")
def test_lists_of_tensors_and_writing_functions(lib):
    xs, ys = [lib.ones(2), lib.full((3,), 4.0)], [lib.full((2,), 2.0), lib.ones(3)]
    assert [x.tolist() for x in lib._foreach_mul(xs, ys)] == [[2, 2], [4, 4, 4]]
    assert [x.tolist() for x in lib._foreach_add(xs, ys, alpha=2)] == [[5, 5], [6, 6, 6]]
    assert [x.item() for x in lib._foreach_norm(xs)] == pytest.approx([2**0.5, 48**0.5])
    assert lib._foreach_lerp_(xs, ys, 0.5)[0] is xs[0] and xs[0].tolist() == [1.5, 1.5]
    lib._foreach_addcdiv_(xs, ys, ys, [1.0, 2.0])
    lib._foreach_sqrt_(xs)
    assert xs[0].tolist() == pytest.approx([2.5**0.5] * 2) and xs[1].tolist() == pytest.approx([4.5**0.5] * 3)
    x = lib.zeros(2)
    assert lib.exp_(x) is x and x.tolist() == [1, 1] and x.is_cpu
    assert x.addcmul_(0.5, lib.ones(2), lib.full((2,), 4.0)).tolist() == [3, 3]


@BOTH
def test_build_settings(lib):
    """Programs look for a library's name in this text before they use it."""
    assert "USE_MKL=" in lib.__config__.show()
    assert ("USE_MKL=OFF" in lib.__config__.show()) or lib is not tinytorch


# ---------------------------------------------------------------- traces of Jacobians, distributions of one's own


@BOTH
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_batch_of_gradients_at_once(lib, create_graph):
    x, unused = lib.tensor([1.0, 2.0, 3.0], requires_grad=True), lib.ones(1, requires_grad=True)
    found, none = lib.autograd.grad(
        [x**3, x.prod()], [x, unused], [lib.eye(3), lib.arange(3.0)], create_graph=create_graph, allow_unused=True,
        is_grads_batched=True,
    )  # fmt: skip
    assert none is None and found.requires_grad == create_graph
    assert found.tolist() == [[3, 0, 0], [6, 15, 2], [12, 6, 31]]
    if create_graph:
        (second,) = lib.autograd.grad(found.sum(), x)
        assert second.tolist() == [21, 24, 27]


@BOTH
def test_a_distribution_of_ones_own_expands(lib):
    Distribution = lib.distributions.Distribution

    class Shifted(Distribution):
        arg_constraints = {}

        def __init__(self, base):
            self.base = base
            super().__init__(base.batch_shape, validate_args=False)

        def expand(self, batch_shape, _instance=None):
            new = self._get_checked_instance(Shifted, _instance)
            new.base = self.base.expand(batch_shape)
            Distribution.__init__(new, new.base.batch_shape, validate_args=False)
            return new

    class Other(Shifted):
        def __init__(self):
            super().__init__(lib.distributions.Normal(0.0, 1.0))

    wide = Shifted(lib.distributions.Normal(0.0, 1.0)).expand((2, 3))
    assert type(wide) is Shifted and wide.batch_shape == wide.base.batch_shape == (2, 3)
    with pytest.raises(NotImplementedError, match=r"must also define a custom \.expand\(\) method"):
        Other().expand((2,))


@BOTH
def test_operators_leave_classes_of_ones_own_to_them(lib):
    class Pair(tuple):
        def __rmul__(self, other):
            return Pair(other * x for x in self)

    class Unit:
        __radd__ = __rsub__ = __rtruediv__ = __rpow__ = lambda self, other: other

    x = lib.tensor(2.0)
    assert [float(part) for part in x * Pair([lib.tensor(1.0), lib.tensor(3.0)])] == [2, 6]
    assert x + Unit() is x and x - Unit() is x and x / Unit() is x and x ** Unit() is x
    with pytest.raises(TypeError, match="unsupported operand type"):
        x * Unit()


def test_sizes_stay_sizes():
    size = tinytorch.zeros(2, 3).shape
    for shape in ((1,) + size, size * 2, 2 * size, tinytorch.broadcast_shapes(size, (1,))):
        assert type(shape) is tinytorch.Size and shape[-2:].numel() == 6


def test_a_distribution_of_ones_own_starts_as_a_distribution():
    class Lazy(tinytorch.distributions.MultivariateNormal):
        def __init__(self, mean):
            self.loc = mean
            super(tinytorch.distributions.MultivariateNormal, self).__init__(
                mean.shape[:-1], mean.shape[-1:], validate_args=False
            )

    assert Lazy(tinytorch.zeros(2, 3)).event_shape == (3,)


def test_the_weights_of_an_lstm_can_be_told_again():
    lstm = tinytorch.nn.LSTM(2, 3)
    lstm._flat_weights = [getattr(lstm, name) for name in lstm._flat_weights_names]
    assert lstm._flat_weights[0] is lstm.weight_ih_l0


def test_a_transform_that_is_a_module():
    class Scaling(tinytorch.distributions.Transform, tinytorch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = tinytorch.nn.Parameter(tinytorch.ones(2))

    scaling = Scaling()
    assert [name for name, _ in scaling.named_parameters()] == ["scale"]
    assert scaling.scale._cdata == next(scaling.parameters())._cdata != tinytorch.ones(2)._cdata


def test_many_gradients_as_one_vector():
    from tinytorch.compat._utils import _flatten_dense_tensors, _unflatten_dense_tensors

    tensors = [tinytorch.ones(2, 3).t(), tinytorch.arange(2.0)]
    flat = _flatten_dense_tensors(tensors)
    assert flat.tolist() == [1] * 6 + [0, 1]
    assert [t.shape for t in _unflatten_dense_tensors(flat, tensors)] == [(3, 2), (2,)]


def test_the_kind_of_a_loaders_dataset():
    from tinytorch.utils.data.dataloader import _DatasetKind, _SingleProcessDataLoaderIter

    loader = tinytorch.utils.data.DataLoader([1, 2, 3], batch_size=2)
    assert loader._dataset_kind == _DatasetKind.Map and loader._auto_collation
    assert [batch.tolist() for batch in _SingleProcessDataLoaderIter(loader)] == [[1, 2], [3]]
