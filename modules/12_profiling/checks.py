"""The checks of 12_profiling. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

import gzip
import json
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

import tinytorch as tt
from tinytorch import nn
from tinytorch.nn import functional as F
from tinytorch.profiler import kept_bytes, profile
from tinytorch.profiler.flops import convolution, flops, matmul
from tinytorch.profiler.profile import Event
from tinytorch.profiler.roofline import attainable, best_of, intensity
from tito.checking import check, expect, expect_close, expect_equal, expect_raises, tensor

CLOCK, COUNTING, ROOFS = "A clock on every op", "Counting the arithmetic", "The two roofs"
KEPT, TRACE = "What is kept until the backward pass", "Reading a trace"


def event(name="matmul", kind="forward", start=0.0, seconds=1.0, made=0, work=0, shapes=(), thread=1):
    return Event(name, kind, start, seconds, made, work, shapes, thread)


def profiled(*events):
    """A profile that holds these events."""
    p = profile()
    p.events.extend(events)
    return p


# ---------------------------------------------------------------- flops


@check(of="matmul", section=COUNTING)
def test_flops_of_a_product():
    """(2, 3) @ (3, 4) costs 48 FLOP: each of the 8 numbers is 3 products and 3 sums; stacks count all results."""
    for one, other, out, answer in [
        ((2, 3), (3, 4), (2, 4), 48),
        ((7, 2, 3), (3, 4), (7, 2, 4), 336),
        ((5, 1, 2, 3), (6, 3, 4), (5, 6, 2, 4), 1440),
        ((0, 3), (3, 4), (0, 4), 0),
    ]:
        expect_equal(matmul((one, other), out), answer, f"the FLOP of {one} @ {other}")


@check(of="convolution", section=COUNTING)
def test_flops_of_a_convolution():
    """Two 3x3 filters over a 5x5 image cost 324 FLOP; with groups a filter sees fewer channels."""
    for x, weight, out, answer in [
        ((1, 1, 5, 5), (2, 1, 3, 3), (1, 2, 3, 3), 324),
        ((8, 3, 32, 32), (16, 3, 3, 3), (8, 16, 32, 32), 2 * 8 * 16 * 32 * 32 * 27),
        ((1, 4, 6, 6), (4, 1, 3, 3), (1, 4, 4, 4), 2 * 64 * 9),
        ((2, 3, 10), (5, 3, 4), (2, 5, 7), 2 * 70 * 12),
    ]:
        expect_equal(convolution((x, weight, ()), out), answer, f"the FLOP of a {weight} filter over {x}")


@check(of="flops", needs=["flops_of_a_product", "flops_of_a_convolution"], section=COUNTING)
def test_flops_of_any_op():
    """Formulas where there are some, 0 for what only moves numbers, else one per element of the largest array."""
    for name, shapes, out, answer in [
        ("matmul_op", ((2, 3), (3, 4)), (2, 4), 48),
        ("matmul", ((2, 3), (3, 4)), (2, 4), 48),
        ("convolution", ((1, 1, 5, 5), (2, 1, 3, 3), ()), (1, 2, 3, 3), 324),
        ("reshape_op", ((3, 4),), (12,), 0),
        ("transpose", ((3, 4),), (4, 3), 0),
        ("tanh", ((3, 4),), (3, 4), 12),
        ("relu_op", ((3, 4),), (3, 4), 12),
        ("sum", ((64, 32),), (), 2048),
        ("add", ((4, 1), (1, 5)), (4, 5), 20),
        ("mul", ((3, 4), ()), (3, 4), 12),
        ("add", ((0, 3), ()), (0, 3), 0),
    ]:
        expect_equal(flops(name, shapes, out), answer, f"flops({name!r}, {shapes}, {out})")


# ---------------------------------------------------------------- the interpreter


@check(of="profile._forward", needs="flops_of_any_op", section=CLOCK)
def test_every_op_leaves_an_event():
    """x @ w, tanh, sum: three events in their order, with names, shapes, bytes made and FLOPs; results unchanged."""
    x, w = tt.ones(64, 16), tt.ones(16, 32)
    with profile() as p:
        out = (x @ w).tanh().sum()
    expect_close(out, 2048.0, "the result under the profiler", rtol=1e-3)
    expect_equal(
        [(e.name, e.kind, e.shapes, e.bytes, e.flops) for e in p.events],
        [
            ("matmul", "forward", ((64, 16), (16, 32)), 8192, 65536),
            ("tanh", "forward", ((64, 32),), 8192, 2048),
            ("sum", "forward", ((64, 32),), 4, 2048),
        ],
        "what the profiler saw (name, kind, shapes, bytes, FLOPs)",
    )
    x + x
    expect_equal(len(p.events), 3, "the number of events after one more op, outside the block")


@check(of="profile._forward", needs="every_op_leaves_an_event", section=CLOCK)
def test_times_are_those_of_the_ops():
    """Each op begins after the one before it has ended, and takes more than no time: starts and seconds are on the profile's own clock."""
    x = tt.ones(200, 200)
    with profile() as p:
        x @ x
        time.sleep(0.05)
        x @ x
        x @ x
    one, two, three = p.events
    expect(
        one.start >= 0 and one.start + one.seconds + 0.04 < two.start,
        "an op should begin after the one before it ended, and the 0.05 s between them are no op's",
        expected=f"0 <= start and {one.start:.4f} + {one.seconds:.4f} < {two.start:.4f} - 0.04",
        got=f"start {one.start:.4f}",
    )
    expect(two.start + two.seconds <= three.start, "the third op begins before the second ended")
    for e in p.events:
        expect(
            0 < e.seconds <= p.elapsed,
            "an op takes more than no time and less than the block",
            expected=f"between 0 and {p.elapsed:.6f}",
            got=f"{e.seconds:.6f}",
        )


@check(of="profile._forward", needs="every_op_leaves_an_event", section=CLOCK)
def test_numbers_views_and_several_results():
    """A Python number has the shape (), a view makes no bytes, several results count together."""
    x = tt.ones(8, 6)
    with profile() as p:
        x * 2.0
        x.t()
        parts = tt.linalg.qr(x)
    expect_equal((p.events[0].shapes, p.events[0].flops), (((8, 6), ()), 48), "shapes and FLOP of x * 2.0")
    expect_equal((p.events[1].bytes, p.events[1].flops), (0, 0), "bytes and FLOP of a transpose")
    made = {e.name: e.bytes for e in p.events}["qr"]
    expect_equal(made, sum(part.array.nbytes for part in parts), "the bytes made by linalg.qr")


@check(of="profile._forward", needs="every_op_leaves_an_event", section=CLOCK)
def test_gradients_under_the_profiler():
    """The interpreter hands on what `below` returned, so gradients are recorded, and settings arrive."""
    x = tt.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True)
    with profile() as p:
        (x * x).sum(dim=0).backward(tt.ones(2))
    expect_close(x.grad, [[2.0, 4.0], [6.0, 10.0]], "the gradient of the sum of squares")
    expect_equal(
        {(r.name, r.kind) for r in p.rows()},
        {(n, k) for n in ("mul", "sum") for k in ("forward", "backward")},
        "ops and directions seen",
    )


# ---------------------------------------------------------------- rows


@check(of="profile.rows", section=CLOCK)
def test_rows_add_up():
    """Calls of one op in one direction are one row; rows are sorted, largest first, by what is asked for."""
    p = profiled(
        event("relu", "forward", seconds=5.0, made=10, work=100),
        event("matmul", "forward", seconds=30.0, made=3, work=70),
        event("matmul", "backward", seconds=40.0, made=7, work=5),
        event("matmul", "forward", seconds=20.0, made=4, work=80),
    )
    seen = [(r.name, r.kind, r.calls, r.seconds, r.bytes, r.flops) for r in p.rows()]
    expect_equal(
        seen,
        [
            ("matmul", "forward", 2, 50.0, 7, 150),
            ("matmul", "backward", 1, 40.0, 7, 5),
            ("relu", "forward", 1, 5.0, 10, 100),
        ],
        "the rows (name, kind, calls, seconds, bytes, flops), by seconds",
    )
    expect_equal([r.calls for r in p.rows("calls")], [2, 1, 1], "calls, sorted by calls")
    expect_equal([r.bytes for r in p.rows("bytes")], [10, 7, 7], "bytes, sorted by bytes")
    expect_equal([r.flops for r in p.rows("flops")], [150, 100, 5], "flops, sorted by flops")
    expect_equal(profiled().rows(), [], "the rows of an empty profile")


@check(of="profile.rows", section=CLOCK)
def test_rows_refuse_an_unknown_order():
    """Sorting by something that a row does not add up is an error that says what there is."""
    expect_raises(
        ValueError,
        lambda: profiled().rows("colour"),
        ["sort_by must be", "'flops'", "'colour'"],
        "rows('colour')",
    )
    expect_raises(ValueError, lambda: profiled().rows("name"), "'name'", "rows('name')")


# ---------------------------------------------------------------- roofs


@check(of="intensity", section=ROOFS)
def test_intensity():
    """(64, 16) @ (16, 32) moves 14336 bytes for 65536 FLOP: 4.57 FLOP per byte; relu has 0.125."""
    product = event(work=65536, made=8192, shapes=((64, 16), (16, 32)))
    expect_close(intensity(product), 65536 / 14336, "the intensity of the product")
    expect_close(intensity(event(work=10**6, made=4 * 10**6, shapes=((10**6,),))), 0.125, "that of a relu")
    expect_close(intensity(event(work=12, made=48, shapes=((3, 4), ()))), 0.12, "that of x * 2.0")
    expect_close(intensity(event(work=3, made=0, shapes=((0, 3),))), 3.0, "that of an op that moves nothing")


@check(of="attainable", section=ROOFS)
def test_attainable():
    """Under 100 GFLOP/s and 20 GB/s: 2.5 at 0.125 FLOP per byte, 100 at 5 and everywhere beyond."""
    expect_close(attainable(0.125, 100.0, 20.0), 2.5, "attainable(0.125, 100, 20)")
    expect_close(
        attainable(np.array([1.0, 4.0, 5.0, 167.0]), 100.0, 20.0),
        [20.0, 80.0, 100.0, 100.0],
        "at 1, 4, 5 and 167 FLOP per byte",
    )


@check(of="best_of", section=ROOFS)
def test_best_of():
    """Five calls unless told otherwise; the time of the fastest, though the first and the last are slow."""
    calls = []

    def run():
        calls.append(1)
        time.sleep(0.3 if len(calls) in (1, 3) else 0.02)

    expect(
        0.019 < (seconds := best_of(run, times=3)) < 0.25,
        "best_of is wrong for calls of 0.3, 0.02 and 0.3 seconds",
        expected="0.02",
        got=f"{seconds:.4f}",
    )
    expect_equal(len(calls), 3, "the number of calls for times=3")
    best_of(lambda: calls.append(1))
    expect_equal(len(calls), 8, "the number of calls after five more")


# ---------------------------------------------------------------- memory


@check(of="kept_bytes", section=KEPT)
def test_kept_bytes_by_hand():
    """(x @ w).tanh().sum() keeps x and the result of tanh: 4096 + 8192 bytes, 8192 with x beside."""
    x, w = tt.ones(64, 16), tt.ones(16, 32, requires_grad=True)
    expect_equal(kept_bytes((x @ w).tanh().sum()), 12288, "what is kept")
    expect_equal(kept_bytes((x @ w).tanh().sum(), beside=[x]), 8192, "what is kept beside x")
    expect_equal(kept_bytes((x @ w).tanh().sum(), [w, x]), 8192, "what is kept beside w and x")
    x.requires_grad_()
    expect_equal(kept_bytes(x @ w), 4096 + 2048, "what x @ w keeps when both need gradients")
    expect_equal(kept_bytes(x @ w, beside=[w]), 4096, "the same beside w")


@check(of="kept_bytes", needs="kept_bytes_by_hand", section=KEPT)
def test_kept_bytes_counts_memory_once():
    """Two ops that keep one array, or views of it, keep its memory once."""
    x = tt.ones(100, requires_grad=True)
    y = x * 2.0
    expect_equal(kept_bytes(y.square() + y.sin() + y * y), 400, "three ops that keep y")
    m = tt.ones(10, 10, requires_grad=True) * 2.0
    expect_equal(kept_bytes(m @ m.t()), 400, "m @ m.t()")
    part = m[2:4]
    expect_equal(kept_bytes(part * part), 400, "a slice keeps all of the memory that it is a view of")
    deep = y
    for _ in range(40):  # 2 ** 40 ways through the graph, 41 nodes
        deep = deep + deep
    expect_equal(kept_bytes(deep.square()), 400, "a graph with many ways through it")


@check(of="kept_bytes", needs="kept_bytes_by_hand", section=KEPT)
def test_nothing_is_kept_without_gradients():
    """Without gradients nothing is kept, and after backward() everything is freed."""
    x = tt.ones(100)
    expect_equal(kept_bytes(x.tanh().sum()), 0, "kept where nothing needs a gradient")
    x.requires_grad_()
    expect_equal(kept_bytes(x), 0, "kept by a leaf")
    with tt.no_grad():
        expect_equal(kept_bytes(x.tanh().sum()), 0, "kept under no_grad")
    out = x.tanh().sum()
    expect_equal(kept_bytes(out), 400, "kept before backward()")
    out.backward()
    expect_equal(kept_bytes(out), 0, "kept after backward()")


# ---------------------------------------------------------------- the trace


@check(of="profile.export_chrome_trace", section=TRACE)
def test_chrome_trace():
    """One complete event per op, times in microseconds, threads numbered in the order they appear."""
    p = profiled(
        event("matmul", start=0.00012, seconds=0.0000355, made=8, work=9, shapes=((1, 2), (2, 4)), thread=77),
        event("relu", "backward", start=0.5, seconds=0.25, shapes=((3,), ()), thread=5),
        event("relu", start=1.0, thread=77),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = p.export_chrome_trace(f"{folder}/trace.json")
        expect_equal(path, Path(folder) / "trace.json", "what export_chrome_trace returned")
        trace = json.loads(path.read_text())
        packed = p.export_chrome_trace(Path(folder) / "trace.json.gz").read_bytes()
    expect_equal(packed[:2], b"\x1f\x8b", "how a file named .gz begins")
    expect_equal(json.loads(gzip.decompress(packed)), trace, "what a file named .gz holds")
    expect_equal(sorted(trace), ["displayTimeUnit", "traceEvents"], "the keys of the file")
    expect_equal(trace["displayTimeUnit"], "ms", "displayTimeUnit")
    one, two, three = trace["traceEvents"]
    expect_close([one["ts"], one["dur"]], [120.0, 35.5], "ts and dur of an op at 0.12 ms that took 35.5 us")
    expect_close([two["ts"], two["dur"]], [500000.0, 250000.0], "ts and dur at 0.5 s, taking 0.25 s")
    expect_equal(
        {k: v for k, v in one.items() if k not in ("ts", "dur")},
        {
            "name": "matmul",
            "cat": "forward",
            "ph": "X",
            "pid": 0,
            "tid": 0,
            "args": {"shapes": [[1, 2], [2, 4]], "bytes": 8, "flops": 9},
        },
        "the first event",
    )
    expect_equal((two["name"], two["cat"]), ("relu", "backward"), "name and cat of the second")
    expect_equal([e["tid"] for e in (one, two, three)], [0, 1, 0], "the threads' numbers")


@check(
    of=["profile._forward", "profile.rows", "profile.export_chrome_trace", "kept_bytes"],
    needs=["gradients_under_the_profiler", "rows_add_up", "chrome_trace", "kept_bytes_by_hand"],
    section="Why it matters",
)
def test_a_training_step_explained():
    """A convolutional network trains under the profiler: the counts are those of the layers' shapes, and memory grows with the batch."""
    tt.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 5 * 5, 10)
    )
    optimizer = tt.optim.SGD(model.parameters(), lr=0.05)
    generator = np.random.default_rng(0)
    x, target = (
        tensor(generator.normal(size=(32, 1, 12, 12)).astype("f")),
        tensor(generator.integers(0, 10, 32)),
    )
    losses = []
    with profile() as p:
        for _ in range(8):
            loss = F.cross_entropy(model(x), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    expect(losses[-1] < losses[0], "the loss should go down under the profiler", got=losses)
    rows = {(r.name, r.kind): r for r in p.rows()}
    expect_equal(rows["convolution", "forward"].calls, 8, "forward calls of convolution in 8 steps")
    expect_equal(
        rows["convolution", "forward"].flops, 8 * 2 * (32 * 8 * 10 * 10) * 9, "FLOP of convolution in 8 steps"
    )
    expect_equal(
        rows["linear", "forward"].flops, 8 * 2 * 32 * 10 * 200, "FLOP of the linear layer in 8 steps"
    )
    expect(sum(r.seconds for r in p.rows()) <= p.elapsed, "ops take longer than the whole block")
    other = threading.Thread(target=lambda: model(x))
    with profile() as q:
        other.start()
        other.join()
        model(x)
    expect_equal(len({e.thread for e in q.events}), 1, "threads seen by a profile (it watches its own)")
    half, full = (
        kept_bytes(F.cross_entropy(model(x[:n].clone()), target[:n].clone()), model.parameters())
        for n in (16, 32)
    )
    expect(
        1.8 < full / half < 2.2,
        "twice the batch should keep about twice the memory",
        expected="a ratio of about 2",
        got=f"{full} / {half}",
    )
    with tempfile.TemporaryDirectory() as folder:
        trace = json.loads(p.export_chrome_trace(f"{folder}/t.json").read_text())
    expect_equal(len(trace["traceEvents"]), len(p.events), "events in the trace")
