"""A module's state as a flat dictionary of tensors, and back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..autograd.grad_mode import no_grad
from ..tensor import Tensor
from .hooks import Hooks, RemovableHandle
from .parameter import Parameter

EXTRA = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """What load_state_dict returns."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class State(Hooks):
    """state_dict, load_state_dict and what surrounds them."""

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Any]
    _non_persistent_buffers_set: set[str]
    _version = 1  # of the layout of this class's state; goes into the state_dict's metadata

    def get_extra_state(self):
        """What the state_dict shall hold beside tensors; define it together with set_extra_state."""
        raise RuntimeError("Reached a code path in Module.get_extra_state() that should never be called.")

    def set_extra_state(self, state) -> None:
        """Take back what get_extra_state returned."""
        raise RuntimeError("Reached a code path in Module.set_extra_state() that should never be called.")

    def _named_state(self) -> Iterator[tuple[str, Tensor]]:
        """This module's own parameters and persistent buffers."""
        for name, tensor in (*self._parameters.items(), *self._buffers.items()):
            if tensor is not None and name not in self._non_persistent_buffers_set:
                yield name, tensor

    # ------------------------------------------------------------ saving

    def state_dict(self, *args, destination=None, prefix: str = "", keep_vars: bool = False):
        """Parameters and persistent buffers of this module and all below it, under their dotted names.

        The tensors share memory with the module; they are detached unless `keep_vars`.
        """
        if args:  # PyTorch still takes them by position
            settings = dict(destination=destination, prefix=prefix, keep_vars=keep_vars)
            return State.state_dict(self, **{**settings, **dict(zip(settings, args))})
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, child in self._modules.items():
            if child is not None:
                child.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._state_dict_hooks.values():
            result = hook(self, destination, prefix, metadata)
            if result is not None and getattr(hook, "_from_public_api", False):
                raise RuntimeError("state_dict post-hook must return None")
            destination = destination if result is None else result
        return destination

    def _save_to_state_dict(self, destination, prefix: str, keep_vars: bool) -> None:
        for name, tensor in self._named_state():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if type(self).get_extra_state is not State.get_extra_state:
            destination[prefix + EXTRA] = self.get_extra_state()

    # ------------------------------------------------------------ loading

    def load_state_dict(self, state_dict: Mapping[str, Tensor], strict: bool = True, assign: bool = False):
        """Copy the tensors of a state_dict into this module and all below it.

        `strict`: names that only one side has are an error. `assign`: take the given tensors themselves.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        metadata = getattr(state_dict, "_metadata", None) or {}
        keys = IncompatibleKeys([], [])
        errors: list[str] = []
        copied: Any = OrderedDict(state_dict)  # hooks may change it
        copied._metadata = metadata
        load(self, copied, "", metadata, assign, keys, errors)
        if strict:
            for what, names in (("Unexpected", keys.unexpected_keys), ("Missing", keys.missing_keys)):
                if names:
                    errors.insert(0, f"{what} key(s) in state_dict: {', '.join(map(quoted, names))}. ")
        if errors:
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(errors)
            )
        return keys

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ) -> None:
        """Load this module's own tensors; subclasses extend it to read older layouts."""
        for hook in self._load_state_dict_pre_hooks.values():
            hook(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        own = dict(self._named_state())
        for name, tensor in own.items():
            key = prefix + name
            if key in state_dict:
                self._load_tensor(name, tensor, key, state_dict[key], local_metadata, error_msgs)
            elif strict:
                missing_keys.append(key)
        takes_extra = type(self).set_extra_state is not State.set_extra_state
        if takes_extra and prefix + EXTRA in state_dict:
            self.set_extra_state(state_dict[prefix + EXTRA])
        elif takes_extra and strict:
            missing_keys.append(prefix + EXTRA)
        if strict:
            known = {*own, EXTRA} if takes_extra else own
            mine = [key for key in state_dict if key.startswith(prefix)]
            unexpected_keys += [key for key in mine if not self._expects(key[len(prefix) :], known)]

    def _expects(self, name: str, known) -> bool:
        first, dot, _ = name.partition(".")
        return first in self._modules if dot else first in known

    def _load_tensor(
        self, name: str, tensor: Tensor, key: str, source, local_metadata: dict, errors: list[str]
    ) -> None:
        if not isinstance(source, Tensor):
            errors.append(
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from checkpoint but'
                f" received {type(source)}"
            )
            return
        if tensor.array.ndim == 0 and source.array.shape == (1,):
            source = source[0]
        if source.array.shape != tensor.array.shape:
            errors.append(
                f"size mismatch for {key}: copying a param with shape {source.shape} from checkpoint, the shape in current"
                f" model is {tensor.shape}."
            )
            return
        try:
            if local_metadata.get("assign_to_params_buffers", False):
                self._assign(name, tensor, source)
            else:
                with no_grad():
                    tensor.copy_(source)
        except Exception as error:
            errors.append(
                f'While copying the parameter named "{key}", whose dimensions in the model are {tensor.shape} and whose'
                f" dimensions in the checkpoint are {source.shape}, an exception occurred : {error.args}."
            )

    def _assign(self, name: str, tensor: Tensor, source: Tensor) -> None:
        if isinstance(tensor, Parameter):
            source = source if isinstance(source, Parameter) else Parameter(source)
            source.requires_grad_(tensor.requires_grad)
        setattr(self, name, source)

    # ------------------------------------------------------------ hooks

    def register_state_dict_pre_hook(self, hook) -> RemovableHandle:
        """Call hook(module, prefix, keep_vars) before the module's state is collected."""
        return RemovableHandle(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook) -> RemovableHandle:
        """Call hook(module, state_dict, prefix, metadata) when the state is collected; it may change it in place."""
        hook._from_public_api = True
        return RemovableHandle(self._state_dict_hooks, hook)

    def _register_state_dict_hook(self, hook) -> RemovableHandle:
        """The same; what the hook returns replaces the state_dict."""
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was previously registered via"
                " register_state_dict_post_hook"
            )
        return RemovableHandle(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook) -> RemovableHandle:
        """Call hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        before the module's own tensors are loaded."""
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(self, hook, with_module: bool = False) -> RemovableHandle:
        return RemovableHandle(self._load_state_dict_pre_hooks, PreHook(hook, self if with_module else None))

    def register_load_state_dict_post_hook(self, hook) -> RemovableHandle:
        """Call hook(module, incompatible_keys) when this module and all below it are loaded; it may change the lists."""
        return RemovableHandle(self._load_state_dict_post_hooks, hook)


class PreHook:
    """A hook with its module for a first argument; unlike a closure it is copied and pickled along with the module."""

    def __init__(self, hook, module):
        self.hook, self.module = hook, module

    def __call__(self, *args):
        return self.hook(*args) if self.module is None else self.hook(self.module, *args)


def load(
    module: State,
    state_dict,
    prefix: str,
    metadata: Mapping,
    assign: bool,
    keys: IncompatibleKeys,
    errors: list[str],
) -> None:
    """Load the part of the state_dict under `prefix` into the module and all below it."""
    local_metadata = dict(metadata.get(prefix[:-1], {}))
    if assign:
        local_metadata["assign_to_params_buffers"] = True
    module._load_from_state_dict(state_dict, prefix, local_metadata, True, *keys, errors)
    for name, child in module._modules.items():
        if child is not None:
            below = f"{prefix}{name}."
            load(
                child,
                {k: v for k, v in state_dict.items() if k.startswith(below)},
                below,
                metadata,
                assign,
                keys,
                errors,
            )
    for hook in module._load_state_dict_post_hooks.values():
        if hook(module, keys) is not None:
            raise AssertionError(
                "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new values, if"
                " incompatible_keys need to be modified, it should be done inplace."
            )


def quoted(name: str) -> str:
    return f'"{name}"'
