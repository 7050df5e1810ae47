"""What libraries built on PyTorch name beside tensors and layers: the same in both, or a clear refusal where it is not there."""

from __future__ import annotations

import numpy as np
import pytest

import tinytorch
from tests.programs_api.libraries import BOTH, part

# ---------------------------------------------------------------- to be named, not used

REFUSED = [
    ("fx.Graph", lambda x: x()),
    ("fx.symbolic_trace", lambda x: x(None)),
    ("fx.experimental.proxy_tensor.make_fx", lambda x: x(None)),
    ("export.export", lambda x: x(None, ())),
    ("export.Dim", lambda x: x("n")),
    ("nested.nested_tensor", lambda x: x([])),
    ("cuda.CUDAGraph", lambda x: x()),
    ("cuda.make_graphed_callables", lambda x: x(None, ())),
    ("ao.quantization.quantize_dynamic", lambda x: x(None)),
    ("quantization.ObserverBase", lambda x: x()),
    ("distributed.rpc.rpc_async", lambda x: x(None)),
    ("distributed.optim.ZeroRedundancyOptimizer", lambda x: x([])),
    ("distributed.tensor.DTensor", lambda x: x()),
    ("distributed.fsdp.FullyShardedDataParallel", lambda x: x(None)),
    ("distributed._composable.fsdp.fully_shard", lambda x: x(None)),
    ("distributed._tensor.experimental.implicit_replication", lambda x: x()),
    ("distributed.device_mesh.init_device_mesh", lambda x: x("cpu", (1,))),
    ("jit.CompilationUnit", lambda x: x("")),
    ("_subclasses.FakeTensor", lambda x: x()),
    ("SymInt", lambda x: x(1)),
    ("PyTorchFileReader", lambda x: x("f")),
    ("overrides.TorchFunctionMode", lambda x: x().__enter__()),
    ("overrides.resolve_name", lambda x: x(None)),
]


@pytest.mark.parametrize(("path", "use"), REFUSED, ids=[path for path, _ in REFUSED])
def test_what_is_not_here_says_so(path, use):
    value = tinytorch
    for name in path.split("."):
        value = getattr(value, name)
    with pytest.raises(NotImplementedError, match="tinytorch|numbers|torch"):
        use(value)
    if isinstance(value, type):
        assert not isinstance(3, value)


@pytest.mark.parametrize("name", ["sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "jagged"])
@BOTH
def test_layouts_to_compare_with(lib, name):
    assert lib.zeros(2).layout != getattr(lib, name)
    assert repr(getattr(lib, name)) == f"torch.{name}"


@pytest.mark.parametrize("name", ["mps", "xpu"])
def test_devices_to_compare_with(name):
    other = tinytorch.device(name)
    assert other.type == name and other != tinytorch.zeros(1).device
    for put in (lambda: tinytorch.zeros(2, device=name), lambda: tinytorch.zeros(2).to(name)):
        with pytest.raises(RuntimeError, match=f"device '{name}': tinytorch has no tensors there"):
            put()
    with pytest.raises(RuntimeError, match="unknown type 'nowhere'"):
        tinytorch.device("nowhere")


@BOTH
def test_nobody_traces_or_takes_over(lib):
    assert lib._C._get_tracing_state() is None
    assert not part(lib, "fx.experimental.proxy_tensor").get_proxy_mode()
    assert not part(lib, "_subclasses.fake_tensor").is_fake(lib.ones(1))
    overrides = part(lib, "overrides")
    assert overrides.is_tensor_like(lib.ones(1)) and not overrides.is_tensor_like([1])
    assert not overrides.has_torch_function((lib.ones(1),))
    assert lib.torch is lib
    part(lib, "_dynamo").graph_break()
    with part(lib, "_dynamo._trace_wrapped_higher_order_op").TransformGetItemToIndex():
        assert lib.arange(3)[lib.tensor(1)] == 1


@BOTH
def test_the_arguments_of_to(lib):
    parse = lib._C._nn._parse_to
    assert parse("cpu", lib.float64)[:3] == (lib.device("cpu"), lib.float64, False)
    assert parse(lib.float16, non_blocking=True)[:3] == (None, lib.float16, True)
    assert parse(lib.ones(1))[:2] == (lib.device("cpu"), lib.float32)


@BOTH
def test_subclasses_of_tensor(lib):
    class Marked(lib.Tensor):
        mark = 3

    x = lib.ones(2)
    made = lib.Tensor._make_subclass(Marked, x, True)
    assert type(made) is Marked and made.mark == 3 and made.requires_grad and made.is_leaf
    made.sum().backward()
    assert made.grad.tolist() == [1.0, 1.0] and made.data_ptr() == x.data_ptr()
    y = (x.requires_grad_() * 2).as_subclass(Marked)
    assert type(y) is Marked and y.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


@BOTH
def test_autocast_of_devices_that_are_not_here(lib):
    assert not any(lib.is_autocast_enabled(name) for name in ("cpu", "cuda", "mps", "xpu"))


@BOTH
def test_an_optimizer_around_another(lib):
    """It has Optimizer's methods and has never called its __init__, as Lookahead is often written."""

    class Around(lib.optim.Optimizer):
        def __init__(self, inner):
            self.inner, self.param_groups, self.state = inner, inner.param_groups, {}

        def step(self, closure=None):
            return self.inner.step(closure)

    w = lib.ones(1, requires_grad=True)
    optimizer = Around(lib.optim.SGD([w], lr=0.5))
    (w * 2).sum().backward()
    optimizer.step()
    assert w.item() == 0.0


# ---------------------------------------------------------------- checks and sizes


@pytest.mark.filterwarnings("ignore:_check_is_size")
@BOTH
def test_checks_of_programs(lib):
    lib._check(True)
    lib._check_is_size(3)
    with pytest.raises(RuntimeError, match="Expected cond"):
        lib._check(False)
    for check, error in (
        (lib._check_index, IndexError),
        (lib._check_value, ValueError),
        (lib._check_type, TypeError),
    ):
        with pytest.raises(error, match="mine"):
            check(False, lambda: "mine")
    with pytest.raises(RuntimeError):
        lib._assert_async(lib.tensor(False))
    lib._assert_async(lib.tensor(True))
    assert lib.sym_max(2, 3) == 3 and lib.sym_min(2, 3) == 2 and lib.sym_int(2.0) == 2 and lib.sym_not(False)
    assert lib.sym_float(2) == 2.0 and lib.sym_ite(True, 1, 2) == 1


# ---------------------------------------------------------------- futures, forks


@pytest.mark.filterwarnings("ignore:`torch.jit")
@BOTH
def test_futures(lib):
    Future, seen = lib.futures.Future, []
    future = Future()
    after = future.then(lambda f: f.value() + 1)
    future.add_done_callback(lambda f: seen.append(f.value()))
    assert not future.done()
    future.set_result(1)
    assert (future.wait(), after.wait(), seen) == (1, 2, [1])
    with pytest.raises(RuntimeError):
        future.set_result(2)
    both = lib.futures.collect_all([future, after])
    assert [f.value() for f in both.wait()] == [1, 2] and lib.futures.wait_all([future, after]) == [1, 2]
    broken = Future()
    broken.set_exception(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        broken.wait()
    forked = part(lib, "jit").fork(lambda x: x * 2, lib.ones(2))
    assert part(lib, "jit").wait(forked).tolist() == [2.0, 2.0]


# ---------------------------------------------------------------- ops by their registered names


@BOTH
def test_aten_names(lib):
    aten, x = lib.ops.aten, lib.tensor([-1.0, 2.0])
    assert aten.relu.default(x).tolist() == [0.0, 2.0]
    assert aten.add.Tensor(x, x).tolist() == [-2.0, 4.0] and aten.mul.Scalar(x, 3).tolist() == [-3.0, 6.0]
    assert aten.clone(x).tolist() == x.tolist()


def test_an_aten_name_that_is_not_here():
    with pytest.raises(
        NotImplementedError, match=r"aten\._flash_attention_forward: tinytorch has no function"
    ):
        tinytorch.ops.aten._flash_attention_forward()
    with pytest.raises(AttributeError, match="near names: exp"):
        tinytorch.ops.expx  # noqa: B018


@BOTH
def test_ops_of_ones_own(lib):
    library, Tensor = part(lib, "library"), lib.Tensor

    def cube(x):
        return x * x * x

    cube.__annotations__ = {"x": Tensor, "return": Tensor}
    op = library.custom_op("tinytorch_tests::cube", cube, mutates_args=())
    op.register_fake(lambda x: lib.empty_like(x))
    op.register_autograd(
        lambda ctx, g: g * 3 * ctx.saved_tensors[0] ** 2,
        setup_context=lambda ctx, inputs, output: ctx.save_for_backward(inputs[0]),
    )
    x = lib.tensor([2.0], requires_grad=True)
    y = lib.ops.tinytorch_tests.cube(x)
    y.backward(lib.ones(1))
    assert (y.item(), x.grad.item()) == (8.0, 12.0)
    with lib.no_grad():
        assert op(x).item() == 8.0 and not op(x).requires_grad


# ---------------------------------------------------------------- autograd.graph


@BOTH
def test_hooks_of_several_gradients(lib):
    graph, seen = part(lib, "autograd.graph"), []
    a, b = (lib.tensor([k], requires_grad=True) for k in (2.0, 3.0))
    with graph.register_multi_grad_hook((a, b), lambda grads: seen.append([g.item() for g in grads])):
        (a * b).sum().backward()
    assert seen == [[3.0, 2.0]]
    (a * b).sum().backward()  # the hook is gone
    assert len(seen) == 1
    with graph.register_multi_grad_hook((a, b), lambda g: seen.append(g.item()), mode="any"):
        (a * b).sum().backward()
    assert len(seen) == 2
    with graph.save_on_cpu():
        (a * b).sum().backward()
    with pytest.raises(ValueError, match="mode"):
        graph.register_multi_grad_hook((a,), print, mode="some")


@BOTH
def test_an_announced_write_counts(lib):
    x = lib.ones(2, requires_grad=True)
    y = x.exp()
    part(lib, "autograd.graph").increment_version(y)
    with pytest.raises(RuntimeError, match="modified"):
        y.sum().backward()


# ---------------------------------------------------------------- attention by functions of positions


@pytest.mark.filterwarnings("ignore:flex_attention called without")
def test_flex_attention():
    """Beside PyTorch's, which computes it eagerly too when it is not compiled."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    q, k, v = (
        rng.standard_normal(shape).astype(np.float32) for shape in ((2, 4, 5, 8), (2, 2, 6, 8), (2, 2, 6, 8))
    )
    found = []
    for lib in (torch, tinytorch):
        flex = part(lib, "nn.attention.flex_attention")
        slopes = lib.tensor([0.1, 0.2, 0.3, 0.4])
        bias = lambda score, b, h, i, j, slopes=slopes: score + slopes[h] * (j - i)
        causal = lambda b, h, i, j: i >= j
        window = lambda b, h, i, j: i - j < 3
        mask = flex.create_block_mask(flex.and_masks(causal, window), None, None, 5, 6, device="cpu")
        either = flex.create_mask(flex.or_masks(causal, window), 1, 1, 5, 6, device="cpu")
        out = flex.flex_attention(
            *map(lib.tensor, (q, k, v)), score_mod=bias, block_mask=mask, enable_gqa=True
        )
        plain = flex.flex_attention(*(lib.tensor(x) for x in (k, k, v)), scale=0.5)
        found.append([out, plain, either, mask.to_dense()])
    for theirs, ours in zip(*found):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-4, atol=1e-5)


def test_flex_attention_of_a_query_that_sees_nobody():
    flex = part(tinytorch, "nn.attention.flex_attention")
    double = [tinytorch.randn(1, 1, 3, 2, dtype=tinytorch.float64, requires_grad=True) for _ in range(3)]
    upper = flex.create_block_mask(lambda b, h, i, j: i > j, None, None, 3, 3)
    assert tinytorch.autograd.gradcheck(lambda *x: flex.flex_attention(*x, block_mask=upper), double)
    x = tinytorch.randn(1, 1, 3, 4, requires_grad=True)
    mask = flex.create_block_mask(lambda b, h, i, j: i > j, None, None, 3, 3)
    out, aux = flex.flex_attention(x, x, x, block_mask=mask, return_aux=flex.AuxRequest(lse=True))
    out.sum().backward()
    assert out[0, 0, 0].tolist() == [0.0] * 4 and aux.lse[0, 0, 0] == -float("inf") and aux.max_scores is None
    assert x.grad.isfinite().all()


# ---------------------------------------------------------------- parts of other modules


@BOTH
def test_memory_of_another_library(lib):
    array = np.arange(3.0)
    dlpack = part(lib, "utils.dlpack")
    x = lib.from_dlpack(array)
    x[0] = 7
    assert array[0] == 7 and x.dtype == lib.float64
    assert dlpack.from_dlpack(dlpack.to_dlpack(lib.arange(3))).tolist() == [0, 1, 2]


def test_batches_for_several_devices():
    parallel = tinytorch.nn.parallel
    cut = parallel.scatter({"x": tinytorch.arange(4), "k": 1}, ["cpu", "cpu"])
    assert [(part["x"].tolist(), part["k"]) for part in cut] == [([0, 1], 1), ([2, 3], 1)]
    assert parallel.gather([part["x"] for part in cut], "cpu").tolist() == [0, 1, 2, 3]
    args, kwargs = parallel.scatter_kwargs((tinytorch.arange(2),), {}, ["cpu", "cpu"])
    assert [a[0].tolist() for a in args] == [[0], [1]] and kwargs == ({}, {})


@BOTH
def test_collating_a_class_of_ones_own(lib):
    collate = part(lib, "utils.data._utils.collate")

    class Word(str):
        __slots__ = ()

    assert collate.collate_tensor_fn([lib.ones(2), lib.zeros(2)]).tolist() == [[1.0, 1.0], [0.0, 0.0]]
    table = collate.default_collate_fn_map
    table[Word] = lambda batch, *, collate_fn_map=None: "-".join(batch)
    try:
        assert collate.default_collate([Word("a"), Word("b")]) == "a-b"
    finally:
        del table[Word]


@BOTH
def test_batches_in_order(lib):
    loader = lib.utils.data.DataLoader(lib.arange(4), batch_size=2, in_order=False)
    assert [batch.tolist() for batch in loader] == [[0, 1], [2, 3]] and not loader.in_order


@BOTH
def test_states_of_generators_for_checkpoints(lib):
    checkpoint = part(lib, "utils.checkpoint")
    assert checkpoint.get_device_states(lib.ones(2)) == ([], [])
    x = lib.ones(2, requires_grad=True)
    (y, other) = checkpoint.detach_variable((x * 2, 3))
    assert y.is_leaf and y.requires_grad and other == 3


def test_images_as_files(tmp_path):
    io = part(tinytorch, "torchvision.io")
    picture = tinytorch.randint(0, 256, (3, 5, 7), dtype=tinytorch.uint8)
    io.write_png(picture, str(tmp_path / "a.png"))
    assert io.read_image(str(tmp_path / "a.png")).tolist() == picture.tolist()
    assert io.read_image(str(tmp_path / "a.png"), io.ImageReadMode.GRAY).shape == (1, 5, 7)
    assert io.decode_image(io.encode_jpeg(picture)).shape == (3, 5, 7)
    with pytest.raises(RuntimeError, match="uint8"):
        io.write_png(picture.float(), str(tmp_path / "b.png"))


# ---------------------------------------------------------------- classes of results, and other names at the front


@BOTH
def test_classes_of_named_results(lib):
    x = lib.tensor([[3.0, 1.0], [2.0, 4.0]])
    kinds = lib.return_types
    assert isinstance(x.max(0), kinds.max) and isinstance(x.sort(), kinds.sort)
    assert isinstance(x.aminmax(), kinds.aminmax) and isinstance(lib.linalg.svd(x), kinds.linalg_svd)
    assert isinstance(lib.frexp(x), kinds.frexp) and isinstance(
        lib.slogdet(x), kinds.linalg_slogdet | kinds.slogdet
    )
    with pytest.raises(AttributeError):
        _ = kinds.no_such_function


@BOTH
def test_front_names(lib):
    x = lib.ones(2, 3)
    assert lib._shape_as_tensor(x).tolist() == [2, 3]
    assert lib.functional.split is lib.split
    assert lib.get_device_module("cuda") is lib.cuda
    lib._assert(True, "fine")
    with pytest.raises(AssertionError, match="wrong"):
        lib._assert(False, "wrong")
    assert not lib.is_inference_mode_enabled()
    with lib.inference_mode():
        assert lib.is_inference_mode_enabled()
        with lib.inference_mode(False):
            assert not lib.is_inference_mode_enabled()
        assert lib.is_inference_mode_enabled()
    with lib.no_grad():
        assert not lib.is_inference_mode_enabled()


@BOTH
@pytest.mark.filterwarnings("ignore:.*assert_allclose.*is deprecated:FutureWarning")
def test_assert_allclose(lib):
    lib.testing.assert_allclose(lib.ones(2), [1.0, 1.0])
    lib.testing.assert_allclose(lib.ones(2), np.ones(2))
    with pytest.raises(AssertionError, match="not close"):
        lib.testing.assert_allclose(lib.ones(2), lib.zeros(2))


@BOTH
@pytest.mark.filterwarnings("ignore:.*functional_call.*:FutureWarning")
def test_modules_without_initial_weights(lib):
    layer = lib.nn.utils.skip_init(lib.nn.Linear, 3, 2, bias=False)
    assert layer.weight.shape == (2, 3) and layer.bias is None
    with pytest.raises(RuntimeError, match="Expected a Module"):
        lib.nn.utils.skip_init(dict)
    with pytest.raises(RuntimeError, match="must support a 'device' arg"):
        lib.nn.utils.skip_init(lib.nn.ReLU)
    out = part(lib, "nn.utils.stateless").functional_call(layer, {"weight": lib.ones(2, 3)}, (lib.ones(3),))
    assert out.tolist() == [3.0, 3.0]


@BOTH
def test_benchmark_timers(lib):
    benchmark = part(lib, "utils.benchmark")
    x = lib.ones(4)
    timer = benchmark.Timer("x + x", globals={"x": x}, label="sums", sub_label="four", description="plus")
    m = timer.timeit(10)
    assert m.number_per_run == 10 and len(m.times) == 1 and 0 < m.median == m.mean < 1
    assert (m.label, m.sub_label, m.description, m.num_threads) == ("sums", "four", "plus", 1)
    assert "sums: four" in str(m) and "10 runs" in str(m) and "1 thread" in str(m)
    many = timer.blocked_autorange(min_run_time=0.01)
    assert sum(many.raw_times) >= 0.01 and many.times[0] == many.raw_times[0] / many.number_per_run
    assert timer.adaptive_autorange(max_run_time=0.1).median > 0
    other = benchmark.Timer("x * x", globals={"x": x}, label="sums", sub_label="four", description="times")
    table = benchmark.Compare([m, many, other.timeit(10)])
    table.trim_significant_figures()
    text = str(table)
    assert all(word in text for word in ("sums", "four", "plus", "times", "1 threads:"))
    assert [part.description for part in benchmark.Measurement.merge([m, many])] == ["plus"]
    with pytest.raises(ValueError, match="Expected an instance of"):
        benchmark.Compare([1])


@BOTH
@pytest.mark.parametrize("length", [1, 2, 5, 8])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_with_a_function_of_ones_own(lib, length, reverse):
    """h = a * h + b as selective state spaces compute it: pairs (a, b), combined."""
    scan = part(lib, "_higher_order_ops.associative_scan").associative_scan
    a, b = lib.linspace(0.1, 0.9, 2 * length).reshape(2, length), lib.arange(2.0 * length).reshape(2, length)
    b.requires_grad_()
    pair = lambda left, right: (left[0] * right[0], left[1] * right[0] + right[1])
    _, h = scan(pair, (a, b), 1, reverse=reverse, combine_mode="generic")
    order = range(length)[::-1] if reverse else range(length)
    state, states = lib.zeros(2), [None] * length
    for i in order:
        state = states[i] = a[:, i] * state + b[:, i]
    lib.testing.assert_close(h, lib.stack(states, 1))
    (wanted,) = lib.autograd.grad(lib.stack(states, 1).square().sum(), b)
    (given,) = lib.autograd.grad(h.square().sum(), b)
    lib.testing.assert_close(given, wanted)


MAKERS = {
    "zeros": lambda lib, **o: lib.zeros(2, 3, **o), "ones": lambda lib, **o: lib.ones((2, 3), **o), "empty": lambda lib, **o: lib.empty(2, 3, **o),
    "full": lambda lib, **o: lib.full((2, 3), 4.0, **o), "eye": lambda lib, **o: lib.eye(2, 3, **o), "arange": lambda lib, **o: lib.arange(1.0, 7.0, **o),
    "linspace": lambda lib, **o: lib.linspace(0, 1, 5, **o), "logspace": lambda lib, **o: lib.logspace(0, 1, 5, **o),
    "rand": lambda lib, **o: lib.rand(2, 3, **o), "randn": lambda lib, **o: lib.randn(size=(2, 3), **o), "randint": lambda lib, **o: lib.randint(high=9, size=(6,), **o),
    "randperm": lambda lib, **o: lib.randperm(6, **o),
}  # fmt: skip


@BOTH
@pytest.mark.parametrize("name", MAKERS)
def test_makers_write_to_out_and_refuse_words_that_mean_nothing(lib, name):
    make, out = MAKERS[name], lib.empty(0, dtype=lib.int64 if name == "randperm" else lib.float32)
    lib.manual_seed(3)
    made = make(lib, out=out)
    assert made is out
    lib.manual_seed(3)
    again = make(lib, layout=lib.strided, dtype=out.dtype)
    assert out.shape == again.shape and (name == "empty" or lib.equal(out, again))
    with pytest.raises(TypeError, match="dtpye|invalid combination"):
        make(lib, dtpye=lib.float64)


@BOTH
def test_new_tensors_take_their_size_by_name(lib):
    x = lib.zeros(1, dtype=lib.float64)
    for name in ("new_zeros", "new_ones", "new_empty"):
        assert getattr(x, name)(size=(2, 3)).shape == (2, 3) and getattr(x, name)(2).dtype == lib.float64
        with pytest.raises(TypeError, match="sise|invalid combination|must be|missing"):
            getattr(x, name)(sise=(2, 3))
    assert x.new_full(size=(2,), fill_value=3).tolist() == [3.0, 3.0]
