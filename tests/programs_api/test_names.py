"""Names that programs touch on their way, though they mean little or nothing here."""

from __future__ import annotations

import importlib
import multiprocessing
import pickle
import typing
from typing import Optional

import pytest

import tinytorch
from tests.programs_api.in_a_process import add_ones

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("lib", [torch, tinytorch], ids=["torch", "tinytorch"])


@BOTH
def test_versions_compare_as_versions(lib):
    version = lib.__version__
    assert isinstance(version, str)
    assert version >= "2.2" and version > "1.10.0" and version >= (1, 8) and version < "3"
    assert not version < "2.13"
    assert tuple(map(int, version.split("+")[0].split("."))) == (2, 13, 0)
    assert version.startswith(lib.version.__version__[:4])
    assert lib.version.cuda is None


@BOTH
def test_settings(lib):
    threads = lib.get_num_threads()
    lib.set_num_threads(1)
    assert lib.get_num_threads() == 1
    lib.set_num_threads(threads)
    with pytest.raises(RuntimeError, match="positive integer"):
        lib.set_num_threads(0)
    with pytest.raises(RuntimeError, match="expects an int, but got float"):
        lib.set_num_threads(1.5)
    lib.set_float32_matmul_precision("high")
    assert lib.get_float32_matmul_precision() == "high"
    lib.set_float32_matmul_precision("highest")
    lib.use_deterministic_algorithms(True, warn_only=True)
    assert lib.are_deterministic_algorithms_enabled()
    lib.use_deterministic_algorithms(False)
    assert lib.backends.cuda.matmul.allow_tf32 is False
    assert not lib.backends.mps.is_available()
    if getattr(
        lib.backends, "flags_frozen", lambda: False
    )():  # torch's own test tools, which parity tests use, forbid it
        return
    lib.backends.cudnn.benchmark = True
    assert lib.backends.cudnn.benchmark and not lib.backends.cudnn.is_available()
    lib.backends.cudnn.benchmark = False


@BOTH
def test_questions(lib):
    x = lib.ones(2, 3)
    assert lib.is_tensor(x) and not lib.is_tensor([1])
    assert lib.is_floating_point(x) and not lib.is_floating_point(x.long())
    assert lib.is_complex(x + 1j) and not lib.is_complex(x)
    assert lib.numel(x) == 6
    assert lib.typename(x) == "torch.FloatTensor" and lib.typename([1]) == "list"
    assert lib.is_nonzero(lib.tensor(2.0)) and not lib.is_nonzero(lib.tensor([0]))
    assert lib.result_type(lib.tensor([1]), 2.0) is lib.float32
    assert lib.can_cast(lib.int64, lib.float32) and not lib.can_cast(lib.float32, lib.int64)
    assert x.layout is lib.strided and repr(lib.channels_last) == "torch.channels_last"
    assert isinstance(lib.strided, lib.layout) and isinstance(lib.preserve_format, lib.memory_format)
    assert isinstance(lib.autograd.Variable(x), lib.Tensor) and isinstance(x, lib.autograd.Variable)
    assert lib.autograd.Variable(x, requires_grad=True).requires_grad
    with pytest.warns(UserWarning, match="volatile was removed and now has no effect"):
        assert not lib.autograd.Variable(x, volatile=True).requires_grad
    with (
        pytest.warns(UserWarning, match="volatile"),
        pytest.raises(ValueError, match="can't be volatile and require_grad"),
    ):
        lib.autograd.Variable(x, requires_grad=True, volatile=True)
    assert str(lib.get_default_device()) == "cpu"
    assert (lib.pi, lib.inf, lib.e, lib.newaxis) == (3.141592653589793, float("inf"), 2.718281828459045, None)


@BOTH
@pytest.mark.filterwarnings("ignore:.*set_default_tensor_type.* is deprecated")
def test_default_tensor_type(lib):
    lib.set_default_tensor_type(lib.DoubleTensor)
    assert lib.ones(1).dtype is lib.float64
    lib.set_default_tensor_type("torch.FloatTensor")
    assert lib.ones(1).dtype is lib.float32


@BOTH
def test_tensor_types_in_annotations(lib):
    for union in (lib.LongTensor | None, None | lib.FloatTensor, Optional[lib.BoolTensor]):  # noqa: UP045
        assert type(None) in typing.get_args(union)


@BOTH
def test_cuda_without_a_gpu(lib):
    cuda = lib.cuda
    if cuda.is_available():
        pytest.skip("there is a GPU here")
    cuda.manual_seed(1)
    cuda.manual_seed_all(1)
    cuda.empty_cache()
    assert cuda.device_count() == cuda.memory_allocated() == cuda.max_memory_allocated() == 0
    assert cuda.get_rng_state_all() == [] and not cuda.is_initialized()
    assert not lib.accelerator.is_available() and lib.accelerator.current_accelerator() is None
    with cuda.device(-1), cuda.stream(None):
        pass
    with pytest.raises((RuntimeError, AssertionError)):
        cuda.get_device_name()
    with pytest.raises((RuntimeError, AssertionError)):
        cuda.current_device()
    with pytest.raises((RuntimeError, AssertionError)):
        lib.ones(1).cuda()


def test_events_fall_back_to_the_clock():
    start, end = (tinytorch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    end.record()
    end.synchronize()
    assert 0 <= start.elapsed_time(end) < 1000


def test_compilers_hand_back_what_they_are_given():
    def f(x):
        return x

    assert tinytorch.compile(f, mode="max-autotune") is f
    assert tinytorch.compile(fullgraph=True)(f) is f
    assert tinytorch.compiler.disable(f) is f
    assert tinytorch.jit.script(f) is f and tinytorch.jit.trace(f, (1,)) is f
    assert tinytorch.jit.ignore(f) is f and tinytorch.jit.ignore(drop=True)(f) is f
    assert not tinytorch.jit.is_scripting() and not tinytorch.compiler.is_compiling()
    with pytest.raises(NotImplementedError, match=r"torch\.jit\.load"):
        tinytorch.jit.load("model.pt")


def test_no_group():
    dist = tinytorch.distributed
    assert not dist.is_available() and not dist.is_initialized()
    with pytest.raises(ValueError, match="environment variable WORLD_SIZE expected"):
        dist.init_process_group("nccl")
    with pytest.raises(RuntimeError, match="trains in one process, and this program asks for 2"):
        dist.init_process_group("gloo", world_size=2, rank=0)
    for ask in (dist.get_rank, dist.barrier, lambda: dist.all_reduce(tinytorch.ones(2))):
        with pytest.raises(ValueError, match="Default process group has not been initialized"):
            ask()


def test_a_group_of_one(monkeypatch):
    dist = tinytorch.distributed
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    dist.init_process_group("gloo")
    try:
        assert dist.is_available() and dist.is_initialized() and dist.get_backend() == "gloo"
        assert (dist.get_rank(), dist.get_world_size()) == (0, 1)
        with pytest.raises(ValueError, match="twice"):
            dist.init_process_group("gloo")
        x, out, objects = tinytorch.arange(3.0), [tinytorch.zeros(3)], [None]
        assert dist.all_reduce(x, op=dist.ReduceOp.AVG, async_op=True).wait() and x.tolist() == [0, 1, 2]
        dist.all_gather(out, x)
        dist.all_gather_object(objects, {"loss": 1.0})
        assert out[0].tolist() == [0, 1, 2] and objects == [{"loss": 1.0}]
        whole, part = tinytorch.zeros(1, 3), tinytorch.zeros(3)
        dist.all_gather_into_tensor(whole, x)
        dist.reduce_scatter_tensor(part, whole)
        dist.scatter(out[0], [x + 1])
        assert part.tolist() == [0, 1, 2] and out[0].tolist() == [1, 2, 3]
        with pytest.raises(RuntimeError, match="no other process"):
            dist.send(x, 1)
        ddp = tinytorch.nn.parallel.DistributedDataParallel(tinytorch.nn.Linear(3, 2))
        assert list(ddp.state_dict()) == ["module.weight", "module.bias"]
        with ddp.no_sync():
            assert not ddp.require_backward_grad_sync and ddp(x).shape == (2,)
        assert ddp.require_backward_grad_sync and dist.nn.all_reduce(x) is x
    finally:
        dist.destroy_process_group()
    assert not dist.is_initialized()


def test_published_weights_have_to_be_here(tmp_path):
    url = "https://example.org/models/net-1234.pth"
    with pytest.raises(
        FileNotFoundError, match="Fetch https://example.org/models/net-1234.pth and put it at"
    ):
        tinytorch.hub.load_state_dict_from_url(url, model_dir=str(tmp_path))
    tinytorch.save({"weight": tinytorch.ones(2)}, tmp_path / "net-1234.pth")
    loaded = tinytorch.utils.model_zoo.load_url(url, model_dir=str(tmp_path))
    assert loaded["weight"].tolist() == [1.0, 1.0]
    with pytest.raises(NotImplementedError, match="runs no code from the network"):
        tinytorch.hub.load("owner/repository", "model")
    with pytest.raises(NotImplementedError, match="ONNX"):
        tinytorch.onnx.export(None, None, "model.onnx")


def fill(x):
    x.fill_(7)


@pytest.mark.filterwarnings(
    "ignore:.*use of fork:DeprecationWarning"
)  # Python 3.12 on processes with threads
def test_shared_memory_is_shared_with_forked_processes():
    x = tinytorch.zeros(3).share_memory_()
    assert x.is_shared() and not tinytorch.zeros(3).is_shared()
    process = multiprocessing.get_context("fork").Process(target=fill, args=(x,))
    process.start()
    process.join()
    assert x.tolist() == [7, 7, 7]


def test_shared_memory_is_shared_with_spawned_processes():
    layer = tinytorch.nn.Linear(2, 3).share_memory()
    x = tinytorch.zeros(2, 4, dtype=tinytorch.int64).share_memory_()
    process = multiprocessing.get_context("spawn").Process(
        target=add_ones, args=(layer, x[:, 1:].t(), tinytorch.zeros(1))
    )
    before = layer.weight.tolist()
    process.start()
    process.join()
    assert process.exitcode == 0
    assert x.tolist() == [[0, 1, 1, 1]] * 2 and x.is_shared()
    assert tinytorch.allclose(layer.weight, tinytorch.tensor(before) + 1)
    assert pickle.loads(pickle.dumps(x)).is_shared() is False, "a pickle holds the numbers"


def test_formats_survive_pickling():
    assert pickle.loads(pickle.dumps(tinytorch.strided)) is tinytorch.strided


@BOTH
@pytest.mark.filterwarnings("ignore:.*torch.cuda.amp.*is deprecated")
def test_private_names_that_libraries_import(lib):
    def part(path):
        return importlib.import_module(f"{lib.__name__}.{path}")

    assert part("_C")._get_tracing_state() is None
    assert not hasattr(getattr(part("_C"), "_CudaDeviceProperties", None), "no_such_size")
    part("_C")._jit_set_profiling_mode(False)
    assert part("autograd.function").FunctionCtx is not None
    assert part("serialization").MAP_LOCATION is not None
    assert part("nn.modules.transformer")._get_activation_fn("gelu") is lib.nn.functional.gelu
    summed = part("distributions.utils")._sum_rightmost(lib.ones(2, 3, 4), 2)
    assert summed.tolist() == [12.0, 12.0]
    scaler = part("cuda.amp.grad_scaler").GradScaler
    assert scaler is lib.cuda.amp.GradScaler and scaler(enabled=False).get_scale() == 1.0
    assert part("cuda.amp.autocast_mode").autocast is lib.cuda.amp.autocast
