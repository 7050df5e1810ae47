"""The engine: what it keeps, what it frees, in which order it walks, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
import weakref

import numpy as np
import pytest

import tinytorch as tt
from tinytorch.autograd import AnomalyError, detect_anomaly, grad
from tinytorch.autograd.engine import record_few
from tinytorch.op import interpret, op

# ---------------------------------------------------------------- walking


def test_a_chain_of_100_000_adds_walks_forward_and_back_without_recursion():
    x = tt.ones(2, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    assert y.tolist() == [100_001.0, 100_001.0]


def test_a_long_chain_that_is_never_walked_is_dropped_without_recursion():
    x = tt.ones(2, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    del y  # a recursive deallocation would overflow the C stack here
    assert x.grad is None


def test_each_node_is_visited_once_however_many_paths_lead_to_it():
    visits = []
    x = tt.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(30):  # 2**30 paths
        y = y + y
    y.register_hook(lambda g: visits.append(g.item()))
    y.backward()
    assert x.grad.item() == 2.0**30
    assert visits == [1.0]


def test_a_leaf_used_early_and_late_gets_one_sum_before_its_hook():
    seen = []
    x = tt.tensor([2.0], requires_grad=True)
    x.register_hook(lambda g: seen.append(g.tolist()))
    (x * (x.exp() * 0 + 1) * x).sum().backward()
    assert seen == [[4.0]]


def test_gradients_of_two_leaves_do_not_share_memory():
    x, y = tt.ones(3, requires_grad=True), tt.ones(3, requires_grad=True)
    (x + y).sum().backward()
    x.grad.mul_(5)
    assert y.grad.tolist() == [1.0, 1.0, 1.0]


def test_an_operand_without_a_gradient_gets_none():
    """Its rule is None; the other operand's gradient is not handed to it. Without any rule there is no node."""
    plus = op(lambda x, y: x + y)
    plus.vjps(x=None, y=lambda g: g * 3)
    x, y = tt.ones(2, requires_grad=True), tt.ones(2, requires_grad=True)
    record_few(plus, x, y).sum().backward()
    assert x.grad is None and y.grad.tolist() == [3.0, 3.0]
    plus.vjps(y=None)
    assert not record_few(plus, x, y).requires_grad


# ---------------------------------------------------------------- memory


LOOP = """
import gc, tracemalloc
import tinytorch as torch
weights, x = [(torch.randn(16, 16) * 0.1).requires_grad_() for _ in range(4)], torch.randn(8, 16)
def step():
    h = x
    for w in weights:
        h = torch.tanh(h @ w)
    h.square().mean().backward()
    for w in weights:
        w.data.sub_(w.grad, alpha=0.01)
        w.grad = None
gc.collect()
gc.disable()
tracemalloc.start()
for _ in range(20):
    step()
before = tracemalloc.get_traced_memory()[0]
for _ in range(1000):
    step()
print(tracemalloc.get_traced_memory()[0] - before)
"""


def test_memory_of_a_training_loop_is_flat_without_the_garbage_collector():
    """In a process of its own: threads that other tests left behind would be counted too."""
    done = subprocess.run([sys.executable, "-c", LOOP], capture_output=True, text=True, check=True)
    grown = int(done.stdout)
    assert grown < 20_000, f"1,000 steps left {grown} bytes behind: something is part of a cycle"


PEAK = """
import resource, sys
import {library} as torch
torch.manual_seed(0)
{threads}
width, batch = 256, 4096
weights = [(torch.randn(width, width) * 0.05).requires_grad_() for _ in range(20)]
x = torch.randn(batch, width)
def step(x):
    h = x
    for w in weights:
        h = torch.tanh(h @ w)
    h.square().mean().backward()
    for w in weights:
        w.data.sub_(w.grad, alpha=0.01)
        w.grad = None
step(x[:64])  # libraries make their own buffers at the first step
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in range(3):
    step(x)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def peak_of_a_deep_mlp(library: str) -> int:
    """How many KiB a process grows by over steps of a 20-layer MLP whose activations take 4 MiB each."""
    threads = "torch.set_num_threads(1)" if library == "torch" else ""
    script = PEAK.format(library=library, threads=threads)
    return int(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    )


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units elsewhere")
def test_peak_memory_of_a_deep_mlp_is_within_1_2_of_pytorchs():
    pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare with")
    assert peak_of_a_deep_mlp("tinytorch") <= 1.2 * peak_of_a_deep_mlp("torch")


def test_activations_are_freed_while_backward_walks():
    alive = []
    x = tt.randn(50, requires_grad=True)
    first = x.exp()
    watched = weakref.ref(first.node)
    last = first.sin().sin()
    x.register_hook(lambda g: alive.append(watched().saved))
    total = last.sum()
    del first, last
    total.backward()
    assert alive == [None]


def test_a_rule_keeps_only_what_it_asks_for():
    big = tt.randn(100, requires_grad=True)
    other = tt.randn(100)
    assert (big + other).node.saved == ()
    assert [v is other for v in (big * other).node.saved] == [True], "d(xy)/dx needs y, not x"


# ---------------------------------------------------------------- going twice, going deeper


def test_a_second_backward_needs_retain_graph():
    x = tt.ones(2, requires_grad=True)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4.0, 4.0]
    with pytest.raises(RuntimeError, match="backward through the graph a second time.*retain_graph=True"):
        y.backward()


def test_create_graph_gives_gradients_of_any_order():
    x = tt.tensor(2.0, dtype=tt.float64, requires_grad=True)
    y = x**5
    for expected in (80.0, 160.0, 240.0, 240.0, 120.0):
        (y,) = grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(expected)


def test_grad_leaves_other_leaves_alone_and_skips_what_does_not_lead_to_the_input():
    visited = []
    x, y = tt.ones(2, requires_grad=True), tt.ones(2, requires_grad=True)
    aside = y.exp()
    aside.register_hook(lambda g: visited.append("aside"))
    (gx,) = grad((x * aside).sum(), x)
    assert np.allclose(gx.numpy(), np.e)
    assert y.grad is None and visited == []


def test_an_unused_input_is_an_error_unless_allowed():
    x, y = tt.ones(1, requires_grad=True), tt.ones(1, requires_grad=True)
    with pytest.raises(RuntimeError, match="not have been used in the graph: input 1"):
        grad((x * 2).sum(), [x, y])
    assert grad((x * 2).sum(), [x, y], allow_unused=True)[1] is None


# ---------------------------------------------------------------- in-place writes


def test_overwriting_what_backward_needs_is_an_error_that_names_the_op():
    x = tt.ones(3, requires_grad=True)
    y = x * 2
    z = (y * y).sum()
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation: 'mul'"):
        z.backward()


def test_overwriting_through_a_view_is_noticed_too():
    x = tt.ones(4, requires_grad=True)
    y = x.exp()
    y.view(2, 2)[0].zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_overwriting_what_backward_does_not_need_is_fine():
    x = tt.ones(3, requires_grad=True)
    y = x + 1
    y.mul_(3)
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0, 3.0]


def test_writing_to_a_view_changes_the_history_of_its_base_and_of_its_other_views():
    x = tt.tensor([1.0, 2.0], requires_grad=True)
    base = x * 1
    row, other = base[0], base[:1]
    row.mul_(10)
    (base.sum() + other.sum()).backward()
    assert x.grad.tolist() == [20.0, 1.0]


def test_a_leaf_that_requires_grad_is_not_written_in_place_outside_no_grad():
    x = tt.ones(2, requires_grad=True)
    with pytest.raises(
        RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"
    ):
        x.add_(1)
    with tt.no_grad():
        x.add_(1)
    assert x.tolist() == [2.0, 2.0] and x.is_leaf


# ---------------------------------------------------------------- hooks and anomalies


def test_hooks_replace_gradients_and_can_be_removed():
    x = tt.ones(2, requires_grad=True)
    y = x * 3
    handle = y.register_hook(lambda g: g * 100)
    y.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [300.0, 300.0]
    handle.remove()
    x.grad = None
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_detect_anomaly_names_the_op_that_made_the_first_nan_and_the_line_that_called_it():
    x = tt.tensor([0.0, 1.0], requires_grad=True)
    with (
        detect_anomaly(),
        pytest.raises(AnomalyError, match=r"'log'.*NaN(.|\n)*test_engine\.py:\d+(.|\n)*this line makes it"),
    ):
        (x - 1).log().sum()  # this line makes it


def test_detect_anomaly_finds_a_nan_that_only_the_backward_pass_makes():
    x = tt.tensor([0.0], requires_grad=True)
    with (
        detect_anomaly(),
        pytest.raises(AnomalyError, match=r"backward pass of op 'sqrt'|backward pass of op 'mul'"),
    ):
        (x.sqrt() * 0).sum().backward()  # 0 * inf


# ---------------------------------------------------------------- ops and interpreters


def test_an_op_without_a_rule_says_so_when_its_gradient_is_wanted():
    @op
    def double(x):
        return x * 2

    x = tt.ones(2, requires_grad=True)
    y = double(x)
    with pytest.raises(NotImplementedError, match=r"op 'double' has no gradient rule for its argument 'x'"):
        y.sum().backward()


def test_a_rule_that_asks_for_what_is_not_there_is_refused_when_it_is_given():
    @op
    def double(x):
        return x * 2

    with pytest.raises(TypeError, match="a rule asks for 'w'"):
        double.vjps(x=lambda g, w: g)
    with pytest.raises(TypeError, match="no data argument 'y'"):
        double.vjps(y=lambda g: g)


def test_an_interpreter_sees_every_op_within_its_block_and_none_after():
    seen = []

    def spy(op, args, kwargs, below):
        seen.append(op.name)
        return below(op, args, kwargs)

    x = tt.ones(2)
    with interpret(spy):
        (x + x).exp()
    x * x
    assert seen == ["add_op", "exp"]


def test_errors_name_the_op_both_shapes_and_the_rule():
    with pytest.raises(
        RuntimeError,
        match=r"add: shapes \(2, 3\) and \(4,\) do not broadcast: sizes 3 and 4 differ at dimension 1",
    ):
        tt.ones(2, 3) + tt.ones(4)
    with pytest.raises(RuntimeError, match=r"\(3, 4\) @ \(5, 6\): inner sizes 4 and 5 differ"):
        tt.ones(3, 4) @ tt.ones(5, 6)


# ---------------------------------------------------------------- nodes, as PyTorch's tutorials look at them


def of_nodes(t, x):
    """What nodes keep under PyTorch's names, and what their hooks see and change."""
    x = x.detach().requires_grad_()
    y, z = x.pow(2), x.exp()
    seen = [
        y.grad_fn._saved_self is x,
        y.grad_fn._saved_exponent,
        z.grad_fn._saved_result.tolist() == z.tolist(),
    ]
    seen += [(x * x).grad_fn._saved_other is x, x.softmax(0).grad_fn._saved_dim % 2**64 % x.ndim]
    seen += [t.mm(x[None], x[:, None]).grad_fn._saved_mat2.shape == (len(x), 1)]
    b = (y + t.ones(2, len(x))).sum()
    add = b.grad_fn.next_functions[0][0]
    handle = add.register_hook(lambda g_in, g_out: (g_in[0] * 10, *g_in[1:]))
    add.register_prehook(lambda g_out: seen.append([tuple(g.shape) for g in g_out]))
    b.grad_fn.register_prehook(lambda g_out: (g_out[0] * 3,))
    b.backward(retain_graph=True)
    seen.append(x.grad.tolist())
    handle.remove()
    seen.append(t.autograd.grad(b, x)[0].tolist())
    accumulate = x.expand_as(x).grad_fn.next_functions[0][0]
    seen.append(accumulate.variable is x)
    accumulate.register_hook(lambda *_: seen.append("accumulated"))
    (x * 1).sum().backward()
    return seen


def test_nodes_show_what_they_keep_and_take_hooks():
    torch = pytest.importorskip("torch")
    ours, theirs = (of_nodes(t, t.tensor([0.5, -1.0, 2.0])) for t in (tt, torch))
    for mine, other in zip(ours, theirs, strict=True):
        assert mine == (pytest.approx(other) if type(other) is list and type(other[0]) is float else other)


def test_what_a_node_kept_is_gone_after_backward():
    x = tt.ones(2, requires_grad=True)
    y = x.exp()
    y.sum().backward()
    with pytest.raises(RuntimeError, match="a second time"):
        _ = y.grad_fn._saved_result
