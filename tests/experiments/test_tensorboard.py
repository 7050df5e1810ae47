"""Event files, read back by TensorBoard's own reader and held against those that PyTorch writes."""

import io
import warnings
from pathlib import Path

import numpy as np
import pytest

import tinytorch
from tinytorch import nn
from tinytorch.utils.tensorboard import SummaryWriter, checksum, grid, png, varint

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # TensorBoard's own imports warn
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
    from tensorboard.compat.proto.graph_pb2 import GraphDef

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def events(folder) -> list:
    files = sorted(Path(folder).glob("events.out.tfevents.*"))
    return [event for file in files for event in LegacyEventFileLoader(str(file)).Load()]


def values(folder) -> list:
    return [value for event in events(folder) for value in event.summary.value]


def accumulated(folder):
    accumulator = EventAccumulator(
        str(folder), size_guidance={"scalars": 0, "histograms": 0, "images": 0, "tensors": 0}
    )
    return accumulator.Reload()


def test_scalars_come_back(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for step in range(300):
            writer.add_scalar("loss/train", step / 7, step, walltime=1000.5 + step)
        writer.add_scalar("array", np.array([[2.5]]))
        writer.add_scalar("überraschung", float("inf"), 2**40)
    got = accumulated(tmp_path)
    loss = got.Scalars("loss/train")
    assert [e.step for e in loss] == list(range(300)) and [e.wall_time for e in loss[:2]] == [1000.5, 1001.5]
    np.testing.assert_array_equal([e.value for e in loss], np.float32(np.arange(300) / 7))
    assert got.Scalars("array")[0].value == 2.5
    assert got.Scalars("überraschung")[0].step == 2**40 and got.Scalars("überraschung")[0].value == float(
        "inf"
    )


def test_scalars_are_readable_before_close(tmp_path):
    writer = SummaryWriter(tmp_path)
    writer.add_scalar("x", 1.0, 0)
    writer.flush()
    assert accumulated(tmp_path).Scalars("x")[0].value == 1
    writer.close()
    writer.close()
    writer.add_scalar("x", 2.0, 1)  # as in PyTorch: a new file
    writer.close()
    assert len(list(tmp_path.iterdir())) == 2


def write_all(writer):
    rng = np.random.default_rng(0)
    writer.add_scalar("scalar", 0.1, 3)
    writer.add_histogram("normal", rng.standard_normal(1000), 4)
    writer.add_histogram("small", np.array([1.0, 1.0, 2.0]), 5, bins="auto")
    writer.add_histogram("few bins", rng.standard_normal(500), 5, max_bins=30)
    writer.add_histogram("ints", np.arange(-5, 20), 6)
    writer.add_histogram_raw("raw", 0, 3, 3, 6, 14, [1, 2, 3], [1, 1, 1], 7)
    writer.add_text("text", "**bold** ü", 8)
    for name, shape, form in [
        ("rgb", (3, 5, 7), "CHW"),
        ("hwc", (5, 7, 3), "HWC"),
        ("grey", (5, 7), "HW"),
        ("one", (1, 4, 4), "CHW"),
    ]:
        writer.add_image(name, rng.random(shape).astype("f4"), 9, dataformats=form)
    writer.add_image("bytes", rng.integers(0, 255, (3, 6, 6), dtype=np.uint8))
    writer.add_images("batch", rng.random((11, 3, 4, 5)).astype("f4"), 10)
    writer.add_images("grey batch", rng.random((3, 1, 4, 5)).astype("f4"), 10)


def pixels_of(value) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(value.image.encoded_image_string)).convert("RGB"))


def test_events_are_those_that_pytorch_writes(tmp_path):
    pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.utils.tensorboard import SummaryWriter as TorchWriter

        with SummaryWriter(tmp_path / "ours") as ours, TorchWriter(tmp_path / "theirs") as theirs:
            write_all(ours)
            write_all(theirs)
    ours, theirs = events(tmp_path / "ours"), events(tmp_path / "theirs")
    assert [e.step for e in ours] == [e.step for e in theirs] and len(ours) > 12
    for our_event, their_event in zip(ours, theirs):
        for our, their in zip(our_event.summary.value, their_event.summary.value):
            if their.HasField("image"):
                np.testing.assert_allclose(
                    pixels_of(our).astype(int), pixels_of(their), atol=1, err_msg=our.tag
                )
                our.image.encoded_image_string = their.image.encoded_image_string
                our.image.colorspace = their.image.colorspace  # PyTorch turns grey into RGB
            if their.HasField("histo"):
                for name in ("bucket_limit", "bucket", "sum", "sum_squares"):
                    np.testing.assert_allclose(
                        getattr(our.histo, name), getattr(their.histo, name), rtol=1e-12, err_msg=our.tag
                    )
                our.histo.CopyFrom(their.histo)
            assert our == their, our.tag


def test_several_curves_in_one_chart_are_runs_of_their_own(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalars("loss", {"train": 1.0, "val": 2.0}, 5)
        writer.add_scalars("loss", {"train": 0.5}, 6)
    assert [e.value for e in accumulated(tmp_path / "loss_train").Scalars("loss")] == [1.0, 0.5]
    assert [e.value for e in accumulated(tmp_path / "loss_val").Scalars("loss")] == [2.0]


def test_figures_become_pictures(tmp_path):
    plt = pytest.importorskip("matplotlib.pyplot")
    figure = plt.figure(figsize=(2, 1), dpi=50)
    figure.gca().plot([1, 2])
    with SummaryWriter(tmp_path) as writer:
        writer.add_figure("plot", figure, 1)
    (value,) = values(tmp_path)
    assert (value.image.width, value.image.height) == (100, 50) and pixels_of(value).min() < 100
    assert not plt.get_fignums(), "closed after drawing"


def test_hparams_are_what_the_plugin_reads(tmp_path):
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    with SummaryWriter(tmp_path) as writer:
        writer.add_hparams(
            {"lr": 0.1, "depth": 3, "bn": True, "opt": "sgd", "seed": None},
            {"hparam/acc": 0.9},
            run_name="trial",
        )
    by_tag = {value.tag: value for value in values(tmp_path / "trial")}
    read = lambda tag: HParamsPluginData.FromString(by_tag[tag].metadata.plugin_data.content)
    start = read("_hparams_/session_start_info").session_start_info.hparams
    assert {k: start[k].WhichOneof("kind") for k in start} == dict(
        lr="number_value", depth="number_value", bn="bool_value", opt="string_value"
    )
    assert start["lr"].number_value == 0.1 and start["bn"].bool_value and start["opt"].string_value == "sgd"
    experiment = read("_hparams_/experiment").experiment
    assert [(i.name, i.type) for i in experiment.hparam_infos] == [
        ("lr", 3),
        ("depth", 3),
        ("bn", 2),
        ("opt", 1),
    ]
    assert [m.name.tag for m in experiment.metric_infos] == ["hparam/acc"]
    assert read("_hparams_/session_end_info").session_end_info.status == 1
    assert by_tag["hparam/acc"].simple_value == np.float32(0.9)


def test_purge_step_restarts_the_curve(tmp_path):
    with SummaryWriter(tmp_path, purge_step=7) as writer:
        writer.add_scalar("x", 1, 7)
    assert [(e.step, e.session_log.status) for e in events(tmp_path)][1] == (7, 1)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda w: w.add_scalar("x", np.zeros(2)), r"'x' must be one number, got shape \(2,\)"),
        (lambda w: w.add_histogram("x", []), "'x' has no values"),
        (lambda w: w.add_histogram("x", [np.nan]), "'x' holds nan or inf"),
        (lambda w: w.add_image("x", np.zeros((4, 4))), r"shape \(4, 4\) does not fit dataformats='CHW'"),
        (lambda w: w.add_image("x", np.zeros((5, 4, 4))), "1 to 4 channels, got 5"),
        (lambda w: w.add_hparams({"x": [1, 2]}, {}), "a setting is a number, text or bool, got list"),
    ],
)
def test_mistakes_are_explained(tmp_path, call, message):
    with SummaryWriter(tmp_path) as writer, pytest.raises(ValueError, match=message):
        call(writer)


def test_a_recorded_graph(tmp_path):
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(net, tinytorch.zeros(1, 3))
    (message,) = [event.graph_def for event in events(tmp_path) if event.graph_def]
    graph = GraphDef.FromString(message)
    nodes = {node.name: node for node in graph.node}
    assert {"0/weight", "0/bias", "2/weight", "2/bias"} <= set(nodes)
    first = graph.node[0]  # the output
    assert {"2/weight", "2/bias"} <= set(first.input) and nodes["0/weight"].op == "Parameter"
    assert all(name in nodes for node in graph.node for name in node.input)


def test_precision_and_recall(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_pr_curve(
            "cats", np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.4, 0.6]), 3, num_thresholds=11
        )
    (value,) = values(tmp_path)
    assert value.metadata.plugin_data.plugin_name == "pr_curves"
    shape = [dim.size for dim in value.tensor.tensor_shape.dim]
    table = np.frombuffer(value.tensor.tensor_content, np.float32) if value.tensor.tensor_content else None
    table = np.array(value.tensor.float_val) if table is None else table
    tp, fp, tn, fn, precision, recall = table.reshape(shape)
    assert shape == [6, 11] and tp[[0, 5, 10]].tolist() == [2, 1, 0] and fp[[0, 5]].tolist() == [2, 1]
    assert tn[5] == 1 and fn[5] == 1 and precision[5] == 0.5 and recall[5] == 0.5


def test_points_for_the_projector(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        pictures = np.random.default_rng(0).random((3, 3, 4, 5), np.float32)
        writer.add_embedding(np.arange(6.0).reshape(3, 2), ["a", "b", "c"], pictures, global_step=7, tag="t")
        with pytest.raises(ValueError, match="#labels should equal with #data points: 1 and 3"):
            writer.add_embedding(np.zeros((3, 2)), ["a"])
    folder = tmp_path / "00007" / "t"
    assert (folder / "tensors.tsv").read_text() == "0.0\t1.0\n2.0\t3.0\n4.0\t5.0\n"
    assert (folder / "metadata.tsv").read_text() == "a\nb\nc\n"
    image = pytest.importorskip("PIL.Image")
    with image.open(folder / "sprite.png") as drawn:
        assert drawn.size == (10, 8)
    config = (tmp_path / "projector_config.pbtxt").read_text()
    assert 'tensor_name: "t:00007"' in config and "single_image_dim: 5\nsingle_image_dim: 4" in config


def test_building_blocks_against_published_vectors():
    assert varint(300) == b"\xac\x02" and varint(-1) == b"\xff" * 9 + b"\x01"
    masked = (0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8 & 0xFFFFFFFF  # CRC-32C of "123456789"
    assert checksum(b"123456789") == masked.to_bytes(4, "little")
    assert grid(np.arange(3).reshape(3, 1, 1, 1), columns=2)[..., 0].tolist() == [[0, 1], [2, 0]]


def test_png_files_are_read_by_pillow():
    Image = pytest.importorskip("PIL.Image")
    for channels, mode in ((1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")):
        pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels), dtype=np.uint8)
        opened = Image.open(io.BytesIO(png(pixels)))
        assert opened.mode == mode
        np.testing.assert_array_equal(np.asarray(opened).reshape(pixels.shape), pixels)
