"""PyTorch's module paths lead to the same objects, imported or by attribute."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import tinytorch
from tinytorch import as_torch, nn

PATHS = {
    "torch.nn.modules.conv.Conv2d": nn.Conv2d,
    "torch.nn.modules.Linear": nn.Linear,
    "torch.nn.modules.module.Module": nn.Module,
    "torch.nn.modules.batchnorm._BatchNorm": nn.BatchNorm2d.__mro__[1],
    "torch.nn.modules.instancenorm.InstanceNorm2d": nn.InstanceNorm2d,
    "torch.nn.modules.normalization.LayerNorm": nn.LayerNorm,
    "torch.nn.modules.pooling.MaxPool2d": nn.MaxPool2d,
    "torch.nn.modules.activation.ReLU": nn.ReLU,
    "torch.nn.modules.activation.MultiheadAttention": nn.MultiheadAttention,
    "torch.nn.modules.rnn.LSTMCell": nn.LSTMCell,
    "torch.nn.modules.container.Sequential": nn.Sequential,
    "torch.nn.modules.dropout.Dropout": nn.Dropout,
    "torch.nn.modules.flatten.Flatten": nn.Flatten,
    "torch.nn.modules.loss._Loss": nn.MSELoss.__mro__[1],
    "torch.nn.modules.padding.ZeroPad2d": nn.ZeroPad2d,
    "torch.nn.modules.pixelshuffle.PixelShuffle": nn.PixelShuffle,
    "torch.nn.modules.rnn.LSTM": nn.LSTM,
    "torch.nn.modules.sparse.Embedding": nn.Embedding,
    "torch.nn.modules.transformer.TransformerEncoder": nn.TransformerEncoder,
    "torch.nn.modules.upsampling.Upsample": nn.Upsample,
    "torch.nn.parallel.DataParallel": nn.DataParallel,
    "torch.nn.parameter.Parameter": nn.Parameter,
    "torch.nn.utils.rnn.pack_padded_sequence": nn.utils.rnn.pack_padded_sequence,
    "torch.nn.utils.clip_grad.clip_grad_norm_": nn.utils.clip_grad_norm_,
    "torch.nn.init.xavier_uniform_": nn.init.xavier_uniform_,
    "torch.nn.functional.relu": nn.functional.relu,
    "torch.optim.sgd.SGD": tinytorch.optim.SGD,
    "torch.optim.optimizer.Optimizer": tinytorch.optim.Optimizer,
    "torch.optim.lr_scheduler.StepLR": tinytorch.optim.lr_scheduler.StepLR,
    "torch.utils.data.DataLoader": tinytorch.data.DataLoader,
    "torch.utils.data.dataset.Dataset": tinytorch.data.Dataset,
    "torch.utils.data.dataloader.default_collate": tinytorch.data.default_collate,
    "torch.utils.data.sampler.Sampler": tinytorch.data.Sampler,
    "torch.utils.checkpoint.checkpoint": tinytorch.utils.checkpoint.checkpoint,
    "torch.utils.tensorboard.writer.SummaryWriter": tinytorch.utils.tensorboard.SummaryWriter,
    "torch.optim.adamw.AdamW": tinytorch.optim.AdamW,
    "torch.optim.adadelta.Adadelta": tinytorch.optim.Adadelta,
    "torch.optim.adamax.Adamax": tinytorch.optim.Adamax,
    "torch.optim.nadam.NAdam": tinytorch.optim.NAdam,
    "torch.optim.radam.RAdam": tinytorch.optim.RAdam,
    "torch.optim.rprop.Rprop": tinytorch.optim.Rprop,
    "torch.functional.einsum": tinytorch.einsum,
    "torch.utils.tensorboard.SummaryWriter": tinytorch.utils.tensorboard.SummaryWriter,
    "torch.autograd.function.Function": tinytorch.autograd.Function,
    "torch.autograd.variable.Variable": tinytorch.autograd.Variable,
    "torch.distributions.normal.Normal": tinytorch.distributions.Normal,
    "torch.distributions.categorical.Categorical": tinytorch.distributions.Categorical,
    "torch.distributions.kl.kl_divergence": tinytorch.distributions.kl_divergence,
    "torch.distributions.transforms.TanhTransform": tinytorch.distributions.TanhTransform,
    "torch.cuda.amp.autocast": tinytorch.cuda.amp.autocast,
    "torch.amp.autocast_mode.autocast": tinytorch.amp.autocast,
    "torch.amp.grad_scaler.GradScaler": tinytorch.amp.GradScaler,
    "torch.backends.cudnn.is_available": tinytorch.backends.cudnn.is_available,
    "torch.linalg.inv": tinytorch.linalg.inv,
    "torch.random.manual_seed": tinytorch.manual_seed,
    "torch.version.__version__": tinytorch.__version__,
    "torch.jit.script": tinytorch.jit.script,
    "torch.multiprocessing.spawn": tinytorch.multiprocessing.spawn,
    "torch.func.functional_call": tinytorch.func.functional_call,
    "torch.sparse.mm": tinytorch.sparse.mm,
    "torch.special.expit": tinytorch.special.expit,
    "torch.fft.rfft": tinytorch.fft.rfft,
}


@pytest.mark.parametrize("path", PATHS)
def test_paths(path):
    parent, _, name = path.rpartition(".")
    assert getattr(as_torch.module_for(parent), name) is PATHS[path]
    value = tinytorch
    for part in path.split(".")[1:]:  # as `import tinytorch as torch` reaches it
        value = getattr(value, part)
    assert value is PATHS[path]


def test_sizes():
    from tinytorch.nn.modules.utils import _ntuple, _pair

    assert _pair(3) == (3, 3) and _pair((1, 2)) == (1, 2) and _ntuple(3)([1, 2, 3]) == (1, 2, 3)


def test_data_parallel():
    net = nn.DataParallel(nn.Linear(2, 3))
    x = tinytorch.ones(4, 2)
    assert net(x).shape == (4, 3)
    assert list(net.state_dict()) == ["module.weight", "module.bias"]
    assert tinytorch.equal(nn.parallel.data_parallel(net.module, x), net(x))
    with pytest.raises(ValueError, match="Default process group has not been initialized"):
        nn.parallel.DistributedDataParallel(net.module)


def test_every_file_of_the_package_can_be_imported():
    import pkgutil

    for module in pkgutil.walk_packages(tinytorch.__path__, "tinytorch."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def test_a_module_has_one_object_whatever_path_leads_to_it():
    import tinytorch.backends.cudnn as by_import
    from tinytorch.jit.annotations import Optional
    from tinytorch.nn.modules.conv import Conv2d

    import tinytorch.compat.backends.cudnn as by_place

    assert by_import is by_place is tinytorch.backends.cudnn
    assert importlib.import_module("tinytorch.hub") is tinytorch.hub
    assert Conv2d is nn.Conv2d and Optional
    with pytest.raises(ModuleNotFoundError, match="tinytorch.hubb"):
        importlib.import_module("tinytorch.hubb")


SHADOWED = """
from torch.nn.utils.weight_norm import WeightNorm
from torch.nn.utils.spectral_norm import spectral_norm
from torch.nn.parallel.data_parallel import DataParallel
from torch.autograd.gradcheck import gradcheck
from torch.nn import _reduction
from torch.utils.cpp_extension import CUDA_HOME
import torch.cpu.amp
import torch
with torch.cpu.amp.autocast():
    print(torch.__name__, torch.nn.utils.weight_norm(torch.nn.Linear(2, 3)).weight_g.shape, torch.cpu.device_count())
print(callable(torch.nn.utils.spectral_norm), callable(torch.autograd.gradcheck), callable(torch.nn.parallel.data_parallel))
print(_reduction.get_enum("sum"), _reduction.legacy_get_string(None, False, emit_warning=False), CUDA_HOME)
"""


def test_files_that_share_a_name_with_a_function(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(SHADOWED, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "tinytorch", str(path)], capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == [
        "torch torch.Size([3, 1]) 1",
        "True True True",
        "2 none None",
    ]
