"""Spectral normalisation by a hook that computes the weight before each forward pass; `parametrizations` has the newer form."""

from __future__ import annotations

from ...autograd.grad_mode import no_grad
from ..module import Module
from ..parameter import Parameter
from .parametrizations import as_matrix, output_dim, random_vector, require_positive, unit
from .weight_norm import refuse_second, take_off


class SpectralNorm:
    """The hook."""

    version = 1

    def __init__(self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12):
        require_positive(n_power_iterations)
        self.name, self.n_power_iterations, self.dim, self.eps = name, n_power_iterations, dim, eps

    def compute_weight(self, module: Module, do_power_iteration: bool):
        weight, u, v = (getattr(module, self.name + suffix) for suffix in ("_orig", "_u", "_v"))
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(unit(matrix.t() @ u, self.eps))
                    u.copy_(unit(matrix @ v, self.eps))
        # copies: the next power iteration writes to u and v, and backward needs them as they are
        return weight / u.clone().dot(matrix @ v.clone())

    def __call__(self, module: Module, inputs) -> None:
        setattr(module, self.name, self.compute_weight(module, do_power_iteration=module.training))


class NoteVersion:
    """A state_dict hook: PyTorch wants to know which version of the buffers it finds."""

    def __init__(self, name: str):
        self.name = name

    def __call__(self, module, state_dict, prefix: str, local_metadata: dict) -> None:
        local_metadata.setdefault("spectral_norm", {})[self.name + ".version"] = SpectralNorm.version


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """weight divided by its largest singular value; the parameter is weight_orig, buffers are weight_u and weight_v."""
    refuse_second(module, SpectralNorm, "spectral_norm", name)
    weight = module._parameters[name]
    if weight is None:
        raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
    hook = SpectralNorm(name, n_power_iterations, output_dim(module) if dim is None else dim, eps)
    height, width = as_matrix(weight, hook.dim).shape
    delattr(module, name)
    module.register_parameter(name + "_orig", weight)
    setattr(module, name, weight.data)
    module.register_buffer(name + "_u", unit(random_vector(weight, height), eps))
    module.register_buffer(name + "_v", unit(random_vector(weight, width), eps))
    module.register_forward_pre_hook(hook)
    module._register_state_dict_hook(NoteVersion(name))
    return module


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Make the weight an ordinary parameter again."""
    hook = take_off(module._forward_pre_hooks, SpectralNorm, name)
    if hook is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    take_off(module._state_dict_hooks, NoteVersion, name)
    with no_grad():
        weight = hook.compute_weight(module, do_power_iteration=False)
    for suffix in ("", "_u", "_v", "_orig"):
        delattr(module, name + suffix)
    module.register_parameter(name, Parameter(weight.detach()))
    return module
