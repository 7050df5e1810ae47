"""Questions that any milestone's script can be asked, because it has `build`, `loss`, `train` and `predict`.

They run beside the student's code and return arrays. A batch is a dict of rows of the training data.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np


def seed_everything(seed: int) -> None:
    import tinytorch

    tinytorch.manual_seed(seed)


def probe_train(work, arrays, seed: int = 0, told: bool = True) -> dict[str, Any]:
    """Train from scratch on the arrays given; the model stays with the session."""
    seed_everything(seed)
    work.seed, work.data, work.told = seed, arrays, told
    work.model = work.recipe.train(work)
    return {}


def probe_predict(work, arrays) -> dict[str, Any]:
    return {"predictions": np.asarray(work.recipe.predict(work.model, **arrays))}


def probe_gradients(work, arrays, seed: int = 0) -> dict[str, Any]:
    """The loss of a fresh model on one batch, the gradient of every parameter, and the parameter's size."""
    seed_everything(seed)
    work.fresh = work.recipe.build(work.knobs)
    parameters = learned(work.fresh)
    loss = loss_of(work, arrays, seed)
    loss.backward()
    gradients = [np.zeros(p.shape) if p.grad is None else np.asarray(p.grad.numpy()) for p in parameters]
    norms = [float(np.linalg.norm(p.detach().numpy())) for p in parameters]
    return {"loss": np.array(loss.item()), "norms": np.array(norms)} | {
        f"g{i}": g for i, g in enumerate(gradients)
    }


def probe_losses_along(work, arrays, which: int, step: float, seed: int = 0) -> dict[str, Any]:
    """The loss on the same batch after one parameter moved by +step and -step along each of the directions given."""
    directions = arrays["directions"]
    batch = {name: array for name, array in arrays.items() if name != "directions"}
    parameter = learned(work.fresh)[which]
    start = parameter.detach().numpy().copy()
    losses = np.zeros((len(directions), 2))
    for row, direction in enumerate(directions):
        for column, sign in enumerate((1, -1)):
            put(parameter, start + sign * step * direction)
            losses[row, column] = loss_of(work, batch, seed).item()
    put(parameter, start)
    return {"losses": losses}


def probe_values(work, arrays) -> dict[str, Any]:
    """The parameters of the model that gradients were asked of."""
    return {f"p{i}": np.asarray(p.detach().numpy()) for i, p in enumerate(learned(work.fresh))}


def probe_starts(work, arrays, seeds: list[int]) -> dict[str, Any]:
    """The parameters of fresh models, one for each seed."""
    values: dict[str, Any] = {}
    for n, seed in enumerate(seeds):
        seed_everything(seed)
        parameters = learned(work.recipe.build(work.knobs))
        values |= {f"s{n}p{i}": np.asarray(p.detach().numpy()) for i, p in enumerate(parameters)}
    return values


def probe_trained(work, arrays) -> dict[str, Any]:
    """The parameters of the model that was trained."""
    return {f"p{i}": np.asarray(p.detach().numpy()) for i, p in enumerate(learned(work.model))}


def probe_loss(work, arrays, seed: int = 0) -> dict[str, Any]:
    """The loss of the model that was placed, on one batch."""
    return {"loss": np.array(loss_of(work, arrays, seed).item())}


def probe_go_on(work, arrays, seed: int) -> dict[str, Any]:
    """The steps of a whole training, from parameters that were placed; where they lead."""
    recipe, knobs = work.recipe, work.knobs
    learn = recipe.learner(work.fresh, knobs, knobs.steps)
    rows = len(next(iter(arrays.values())))
    batches = recipe.shuffled(rows, knobs.batch_size, np.random.default_rng(seed))
    for _ in range(knobs.steps):
        some = next(batches)
        learn(**{name: array[some] for name, array in arrays.items()})
    return probe_values(work, {})


def probe_place(work, arrays, seed: int = 0) -> dict[str, Any]:
    """A fresh model with parameters made elsewhere."""
    seed_everything(seed)
    work.fresh = work.recipe.build(work.knobs)
    shapes, given = [tuple(p.shape) for p in learned(work.fresh)], [a.shape for a in arrays.values()]
    if shapes != given:
        raise AssertionError(f"the network's parameters have the shapes {given}, and should have {shapes}")
    for parameter, array in zip(learned(work.fresh), arrays.values()):
        put(parameter, array)
    return {}


def learned(model) -> list:
    return [p for p in model.parameters() if p.requires_grad]


def loss_of(work, batch, seed: int):
    seed_everything(seed)  # whatever a forward pass draws, it draws again
    return work.recipe.loss(work.fresh, **batch)


def put(parameter, array) -> None:
    """Write an array into a parameter, in place."""
    import tinytorch

    with tinytorch.no_grad():
        parameter[...] = tinytorch.tensor(np.asarray(array, parameter.detach().numpy().dtype))


def probe_restore(work, arrays, checkpoint: str, seed: int) -> dict[str, Any]:
    """The model of a checkpoint."""
    from pathlib import Path  # here: it brings urllib, and most runs need neither

    work.seed, work.data = seed, arrays
    work.model = work.recipe.restore(work, Path(checkpoint))
    return {}


def probe_replay(work, arrays, checkpoint: str, steps: int, seed: int) -> dict[str, Any]:
    """Go on from a stored point for some steps; the losses, and the weights before and after."""
    from pathlib import Path  # here: it brings urllib, and most runs need neither

    work.seed, work.data = seed, arrays
    before = weights_of(work.recipe.restore(work, Path(checkpoint)))
    losses, model = work.recipe.replay(work, Path(checkpoint), steps)
    return {"losses": np.array(losses, np.float64), "weights": weights_of(model), "before": before}


def probe_weights(work, arrays) -> dict[str, Any]:
    return {"weights": weights_of(work.model)}


def weights_of(model):
    return np.concatenate([np.array(p.detach().numpy(), np.float64).ravel() for p in model.parameters()])


def probe_overfit(work, arrays, steps: int, seed: int = 0) -> dict[str, Any]:
    """Train a fresh model on one small batch only; its outputs on that batch afterwards."""
    seed_everything(seed)
    model, losses = work.recipe.build(work.knobs), []
    learn = work.recipe.learner(model, work.knobs, steps)
    for _ in range(steps):
        losses.append(learn(**arrays))
    inputs = {name: array for name, array in arrays.items() if name != "labels"}
    return {"losses": np.array(losses), "predictions": np.asarray(work.recipe.predict(model, **inputs))}


def probe_step(work, arrays, backend: str, repeats: int, seed: int = 0) -> dict[str, Any]:
    """Forward and backward through a fresh network, with the bodies of one backend; tito holds the clock."""
    from tinytorch.backend import kernels

    seed_everything(seed)
    work.fresh = work.recipe.build(work.knobs)
    with kernels(backend):
        losses = [loss_and_gradients(work, arrays, seed) for _ in range(repeats)]
    return {"losses": np.array(losses)}


def loss_and_gradients(work, arrays, seed: int) -> float:
    for parameter in learned(work.fresh):
        parameter.grad = None
    loss = loss_of(work, arrays, seed)
    loss.backward()
    return loss.item()


def probe_activations(work, arrays, seed: int = 0) -> dict[str, Any]:
    """The share of units that are zero for the whole batch after each relu of a fresh network."""
    seed_everything(seed)
    work.fresh = work.recipe.build(work.knobs)
    shares: dict[str, Any] = {}

    def note(module, inputs, output):
        fires = (np.asarray(output.detach().numpy()) > 0).any(axis=0)
        shares[f"layer{len(shares):02}"] = np.array(1.0 - fires.mean())

    for module in work.fresh.modules():
        if type(module).__name__ == "ReLU":
            module.register_forward_hook(note)
    loss_of(work, arrays, seed)
    return shares


def probe_sweep(work, arrays, rates: list[float], steps: int, seed: int = 0) -> dict[str, Any]:
    """The loss after some steps on one batch, at multiples of the script's learning rate."""
    ends = []
    for rate in rates:
        seed_everything(seed)
        model = work.recipe.build(work.knobs)
        learn = work.recipe.learner(
            model, dataclasses.replace(work.knobs, lr=work.knobs.lr * rate), 10 * steps
        )
        losses = [learn(**arrays) for _ in range(steps)]
        ends.append(losses[-1])
    return {"losses": np.array(ends, np.float64)}
