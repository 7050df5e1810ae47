"""Modules saved whole, as `torch.save(model, path)` does, and what a file may not ask for."""

import functools
import io
import json
import zipfile
from dataclasses import dataclass

import pytest

import tinytorch
from tinytorch import load, nn, save
from tinytorch.nn import functional as F
from tinytorch.serialization import SerializationError


@dataclass
class Sizes:
    hidden: int = 4


class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        norm = functools.partial(nn.LayerNorm, eps=1e-3)
        self.sizes = sizes
        self.embed = nn.Embedding(7, sizes.hidden)
        self.encoder = nn.TransformerEncoderLayer(sizes.hidden, 2, 8, dropout=0.0, activation=F.gelu)
        self.norm, self.norm_of, self.squash = norm(sizes.hidden), norm, tinytorch.tanh
        self.head = nn.Linear(sizes.hidden, 7, bias=False)
        self.head.weight = self.embed.weight
        self.register_buffer("scale", tinytorch.full((1,), 0.5), persistent=False)
        self.owner = [self]

    def forward(self, x):
        return self.head(self.squash(self.norm(self.encoder(self.embed(x)))) * self.scale)


def again(obj):
    file = io.BytesIO()
    save(obj, file)
    file.seek(0)
    return load(file)


def test_a_model_comes_back_whole():
    net = Net(Sizes()).eval()
    copy = again(net)
    x = tinytorch.tensor([[1, 2, 6]])
    assert type(copy) is Net and copy.sizes == Sizes(4) and not copy.training
    assert (copy(x) == net(x)).all()
    assert copy.head.weight is copy.embed.weight and isinstance(copy.head.weight, nn.Parameter)
    assert copy.owner[0] is copy and list(copy.state_dict()) == list(net.state_dict())
    copy(x).sum().backward()
    assert net.embed.weight.grad is None and copy.embed.weight.grad is not None


def test_models_in_checkpoints_and_layers_of_all_kinds():
    layers = nn.Sequential(
        nn.Conv2d(1, 2, 3),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.utils.spectral_norm(nn.Linear(8, 3)),
    )
    found = again({"epoch": 3, "models": [layers, nn.GRU(2, 3, num_layers=2)], "also": layers})
    layers.eval(), found["also"].eval()
    x = tinytorch.randn(2, 1, 4, 4)
    assert found["also"] is found["models"][0] and repr(found["also"]) == repr(layers)
    assert (found["also"](x) == layers(x)).all()
    found["models"][1].flatten_parameters()


def test_what_a_name_does_not_lead_to_is_refused():
    class Local(nn.Module):
        pass

    with pytest.raises(TypeError, match=r"Local, .*save its state_dict\(\) instead"):
        save(Local(), io.BytesIO())
    odd = nn.Linear(1, 1)
    odd.after = lambda x: x
    with pytest.raises(TypeError, match=r"obj\['after'\] is a builtins.function"):
        save(odd, io.BytesIO())


def forged(content) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("structure.json", json.dumps({"tinytorch": 1, "content": content}))
    file.seek(0)
    return file


def state(name: str) -> dict:
    return {"object": {"class": name, "number": 0, "state": {"dict": {}}}}


@pytest.mark.parametrize(
    "content, message",
    [
        (
            state("subprocess:Popen"),
            "a subprocess.Popen, and this program has no Module or dataclass of that name",
        ),
        (state("__main__:NoSuchNet"), "define or import the class before loading"),
        (state("not_imported.models:Net"), "no Module or dataclass"),
        ({"named": "os:system"}, "os.system, which is neither a class .* nor a function on tensors"),
        ({"named": "tinytorch:load"}, "nor a function on tensors"),
        ({"named": "tinytorch.nn.functional.linear:np.fromfile"}, "nor a function on tensors"),
        ({"partial": [{"named": "builtins:exec"}, ["1"], {"dict": {}}]}, "nor a function on tensors"),
        (
            {
                "object": {
                    "class": f"{__name__}:Sizes",
                    "number": 0,
                    "state": {"dict": {"__class__": {"named": f"{__name__}:Net"}}},
                }
            },
            "another __class__",
        ),
        ({"partial": [3, [], {"dict": {}}]}, "damaged"),
        ({"seen": 4}, "damaged"),
    ],
)
def test_a_file_chooses_only_among_models(content, message):
    with pytest.raises(SerializationError, match=message):
        load(forged(content))
