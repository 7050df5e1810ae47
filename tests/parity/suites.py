"""The suites beside the table of functions: {suite: (cases, check)}; check(torch, ours, case) yields complaints."""

from tests.parity import (
    modules,
    optimizers,
    promotion,
    snippets,
    snippets_autograd,
    snippets_nn,
    snippets_rest,
    snippets_tensor,
)

SUITES = {
    "creation": (snippets_tensor.CREATION, snippets.check),
    "random": (snippets_tensor.RANDOM, snippets.check),
    "attributes": (snippets_tensor.ATTRIBUTES, snippets.check),
    "conversion": (snippets_tensor.CONVERSION, snippets.check),
    "repr": (snippets_tensor.REPR, snippets.check),
    "tensor programs": (snippets_tensor.PROGRAMS, snippets.check),
    "autograd": (snippets_autograd.PROGRAMS, snippets.check),
    "modules": (modules.CASES, modules.check),
    "nn programs": (snippets_nn.PROGRAMS, snippets.check),
    "optimizers": (optimizers.OPTIMIZER_CASES, optimizers.check_optimizer),
    "schedulers": (optimizers.SCHEDULER_CASES, optimizers.check_scheduler),
    "promotion": (promotion.CASES, promotion.check),
    "distributions": (snippets_rest.DISTRIBUTIONS, snippets.check),
    "extra": (snippets_tensor.EXTRA | snippets_rest.EXTRA, snippets.check_extra),
    "rest": (snippets_rest.PROGRAMS, snippets.check),
    "init": (snippets_nn.INIT, snippets.check),
    "spread": (snippets_nn.SPREAD, snippets.check_spread),
}
