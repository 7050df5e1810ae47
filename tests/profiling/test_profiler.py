"""The profiler counts what ran, and its pictures are files that open."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from importlib import import_module

import numpy as np
import pytest

import tinytorch as tt
from tinytorch.profiler import draw_graph, kept_bytes, loss_landscape, plot_roofline, profile
from tinytorch.profiler.flops import flops
from tinytorch.profiler.roofline import intensity


@pytest.fixture
def run():
    w = tt.randn(16, 32, requires_grad=True)
    x = tt.randn(64, 16)
    with profile() as p:
        (x @ w).tanh().sum().backward()
    return p


def test_every_op_is_counted_forward_and_backward(run):
    assert {(r.name, r.kind): r.calls for r in run.rows()} == {
        (n, k): 1 for n in ("matmul", "tanh", "sum") for k in ("forward", "backward")
    }


def test_flops_and_bytes_are_those_of_the_shapes(run):
    forward = next(e for e in run.events if (e.name, e.kind) == ("matmul", "forward"))
    backward = next(e for e in run.events if (e.name, e.kind) == ("matmul", "backward"))
    assert forward.flops == 2 * 64 * 16 * 32
    assert backward.flops == forward.flops, "x needs no gradient, so there is one product"
    assert (forward.bytes, backward.bytes) == (64 * 32 * 4, 16 * 32 * 4)
    assert (
        flops("convolution", ((8, 3, 32, 32), (16, 3, 3, 3), ()), (8, 16, 32, 32))
        == 2 * 8 * 16 * 32 * 32 * 27
    )
    assert flops("reshape_op", ((3, 4),), (12,)) == 0


def test_nothing_is_recorded_outside_the_block_and_times_add_up(run):
    before = len(run.events)
    tt.ones(2, requires_grad=True).exp().sum().backward()
    assert len(run.events) == before
    assert 0 < sum(e.seconds for e in run.events) <= run.elapsed


def test_table_shows_the_rows_in_the_order_asked_for(run):
    lines = run.table(sort_by="flops").splitlines()
    assert lines[1].startswith("matmul") and "GFLOP/s" in lines[0]
    with pytest.raises(ValueError, match="sort_by must be"):
        run.rows("colour")


def test_chrome_trace_has_one_complete_event_per_op(run, tmp_path):
    events = json.loads(run.export_chrome_trace(tmp_path / "trace.json").read_text())["traceEvents"]
    assert len(events) == len(run.events) and {e["ph"] for e in events} == {"X"}
    assert all(e["dur"] > 0 for e in events)


def test_pictures_are_written(run, tmp_path):
    roof = plot_roofline(run, tmp_path / "roof.png", machine=(100.0, 20.0))
    assert roof.read_bytes().startswith(b"\x89PNG")
    w = tt.ones(2, requires_grad=True)
    svg = draw_graph((w * w).sum(), tmp_path / "graph.svg", names={"weight": w})
    text = "".join(ElementTree.parse(svg).getroot().itertext())
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    assert "weight" in svg.read_text() or text  # matplotlib writes text as paths, with the text in comments
    with pytest.raises(ValueError, match="no history"):
        draw_graph(tt.ones(2), tmp_path / "nothing.png")


def test_loss_landscape_has_the_loss_in_its_middle_and_leaves_the_model_as_it_was(tmp_path):
    model = tt.nn.Linear(3, 1)
    x, y = tt.randn(20, 3), tt.randn(20, 1)
    loss = lambda: ((model(x) - y) ** 2).mean().item()
    before, weights = loss(), model.weight.detach().clone()
    _, grid = loss_landscape(model, loss, tmp_path / "landscape.png", points=5)
    assert grid.shape == (5, 5) and grid[2, 2] == pytest.approx(before)
    assert np.ptp(grid) > 0 and (tmp_path / "landscape.png").exists()
    assert tt.equal(model.weight.detach(), weights)


def test_kept_bytes_are_those_of_the_activations():
    x, w = tt.ones(64, 16), tt.ones(16, 32, requires_grad=True)
    loss = (x @ w).tanh().sum()
    assert kept_bytes(loss) == 64 * 16 * 4 + 64 * 32 * 4
    assert kept_bytes(loss, beside=[x]) == 64 * 32 * 4
    loss.backward()
    assert kept_bytes(loss) == kept_bytes(x) == 0


def test_a_schedule_records_its_steps_and_hands_each_trace_on(tmp_path):
    from tinytorch.profiler import ProfilerActivity, record_function, schedule, tensorboard_trace_handler

    seen = []
    write = tensorboard_trace_handler(str(tmp_path), use_gzip=True)
    x = tt.randn(4, 4)
    with profile(
        activities=[ProfilerActivity.CPU],
        schedule=schedule(wait=1, warmup=1, active=2, repeat=1),
        on_trace_ready=lambda p: (seen.append([r.key for r in p.key_averages()]), write(p)),
    ) as p:
        for step in range(6):
            with record_function("forward"):
                (x @ x) if step in (2, 3) else x.exp()
            p.step()
    assert [sorted(names) for names in seen] == [["forward", "matmul"]], "steps 2 and 3 and no others"
    assert {r.key: r.count for r in p.key_averages()} == {"forward": 2, "matmul": 2}
    assert "matmul" in p.key_averages().table(sort_by="self_cpu_time_total", row_limit=10)
    assert [f.name.endswith(".pt.trace.json.gz") for f in tmp_path.iterdir()] == [True]
    with tt.autograd.profiler.profile(use_cuda=False) as old:
        x.exp()
    assert [r.key for r in old.key_averages()] == ["exp"]


def events_of(run, name, kind):
    return [e for e in run.events if (e.name, e.kind) == (name, kind)]


def test_a_bias_is_no_product_and_the_gradient_is_read():
    layer, conv = tt.nn.Linear(16, 32), tt.nn.Conv2d(3, 8, 3)
    x, image = tt.randn(64, 16, requires_grad=True), tt.randn(2, 3, 10, 10)
    with profile() as p:
        layer(x).sum().backward()
        conv(image).sum().backward()
    (linear,), (convolution,) = events_of(p, "linear", "backward"), events_of(p, "convolution", "backward")
    assert linear.flops == 2 * (2 * 64 * 16 * 32)
    assert convolution.flops == 2 * 2 * 8 * 64 * 27, "the image needs no gradient"
    read = 64 * 32 + 64 * 16 + 32 * 16 + (32 if (32,) in linear.shapes else 0)
    assert intensity(linear) == linear.flops / (4 * read + linear.bytes)
    assert (2, 8, 8, 8) in convolution.shapes and (2, 3, 10, 10) in convolution.shapes


def test_products_are_counted_as_pytorch_counts_them():
    torch = pytest.importorskip("torch")

    def counted(T):
        model = T.nn.Sequential(
            T.nn.Conv2d(3, 8, 3, stride=2), T.nn.ReLU(), T.nn.Flatten(), T.nn.Linear(72, 5)
        )
        mode = import_module(f"{T.__name__}.utils.flop_counter").FlopCounterMode(display=False)
        with mode:
            model(T.randn(4, 3, 8, 8)).sum().backward()
        return mode.get_total_flops()

    assert counted(tt) == counted(torch) > 0
