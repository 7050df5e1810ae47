"""`SummaryWriter`: event files that TensorBoard shows. Writing them needs no extra package, looking at them needs
`pip install tensorboard` and `tensorboard --logdir runs`.

An event file is a row of records (length, checksum, bytes, checksum), each a protocol buffer: Event > Summary > Value.
The field numbers are those of TensorFlow's event.proto, summary.proto, tensor.proto and hparams' plugin_data.proto.
"""

from __future__ import annotations

import itertools
import os
import socket
import struct
import sys
import time
import zlib
from functools import cache
from pathlib import Path

import numpy as np

DT_FLOAT, DT_STRING = 1, 7  # types.proto
counter = itertools.count()

writer = sys.modules[__name__]  # PyTorch's path to SummaryWriter


class SummaryWriter:
    """The writer of torch.utils.tensorboard: values go to an event file in `log_dir`, by default `runs/TIME_HOST`."""

    def __init__(
        self,
        log_dir=None,
        comment: str = "",
        purge_step=None,
        max_queue=10,
        flush_secs=120,
        filename_suffix="",
    ):
        if log_dir is None:
            log_dir = Path("runs") / f"{time.strftime('%b%d_%H-%M-%S')}_{socket.gethostname()}{comment}"
        self.log_dir = str(log_dir)
        self.flush_secs, self.filename_suffix = flush_secs, filename_suffix
        self.files = {
            "": EventFile(self.log_dir, filename_suffix)
        }  # add_scalars and add_hparams make runs of their own
        self.flushed = time.time()
        if purge_step is not None:
            self._file().write(
                event(session_log=1, step=purge_step)
            )  # START: TensorBoard drops what came after

    # ------------------------------------------------ what can be shown

    def add_scalar(
        self, tag, scalar_value, global_step=None, walltime=None, new_style=False, double_precision=False
    ):
        self._add(scalar(tag, scalar_value), global_step, walltime)

    def add_scalars(self, main_tag, tag_scalar_dict, global_step=None, walltime=None):
        """Several curves in one chart: each is a run of its own below the log folder."""
        for name, value in tag_scalar_dict.items():
            run = f"{main_tag.replace('/', '_')}_{name}"
            self._file(run).write(event(scalar(main_tag, value), global_step, walltime))

    def add_histogram(self, tag, values, global_step=None, bins="tensorflow", walltime=None, max_bins=None):
        self._add(histogram(tag, to_array(values), bins, max_bins), global_step, walltime)

    def add_histogram_raw(self, tag, min, max, num, sum, sum_squares, bucket_limits, bucket_counts, global_step=None, walltime=None):  # fmt: skip
        if len(bucket_limits) != len(bucket_counts):
            raise ValueError(
                f"add_histogram_raw: {len(bucket_limits)} bucket_limits but {len(bucket_counts)} bucket_counts"
            )
        content = histogram_proto(min, max, num, sum, sum_squares, bucket_limits, bucket_counts)
        self._add(summary_value(tag, chunk(5, content)), global_step, walltime)

    def add_image(self, tag, img_tensor, global_step=None, walltime=None, dataformats="CHW"):
        self._add(image(tag, to_pixels(to_array(img_tensor), dataformats)), global_step, walltime)

    def add_images(self, tag, img_tensor, global_step=None, walltime=None, dataformats="NCHW"):
        """A batch as one picture, laid out in a grid."""
        batch = to_array(img_tensor)
        order = dataformats.upper()
        batch = np.transpose(batch, [order.index(axis) for axis in "NHWC" if axis in order])
        batch = batch if "C" in order else batch[..., None]
        self._add(image(tag, to_pixels(grid(batch), "HWC")), global_step, walltime)

    def add_figure(self, tag, figure, global_step=None, close=True, walltime=None):
        """A Matplotlib figure, or a list of them, which are shown side by side."""
        pictures = [figure_pixels(f) for f in (figure if isinstance(figure, list) else [figure])]
        if close:
            close_figures(figure)
        self._add(image(tag, to_pixels(grid(np.stack(pictures)), "HWC")), global_step, walltime)

    def add_text(self, tag, text_string, global_step=None, walltime=None):
        """Text, which TensorBoard reads as Markdown."""
        self._add(text(f"{tag}/text_summary", text_string), global_step, walltime)

    def add_hparams(
        self, hparam_dict, metric_dict, hparam_domain_discrete=None, run_name=None, global_step=None
    ):
        """One row of the HPARAMS table: the settings of a run and what came of it."""
        run = self._file(run_name or str(time.time()))
        for content in hparams_summaries(hparam_dict, metric_dict):
            run.write(event(content))
        for name, value in metric_dict.items():
            run.write(event(scalar(name, value), global_step))
        run.flush()

    def add_graph(self, model, input_to_model=None, verbose=False, use_strict_trace=True):
        """The operations that model(*inputs) records, from the parameters to the outputs."""
        inputs = input_to_model if isinstance(input_to_model, (tuple, list)) else (input_to_model,)
        outputs = model(*inputs) if input_to_model is not None else model()
        self._file().write(event(graph=recorded_graph(model, outputs)))

    def add_pr_curve(
        self, tag, labels, predictions, global_step=None, num_thresholds=127, weights=None, walltime=None
    ):
        """Precision and recall of one class at each threshold: labels are 0 or 1, predictions probabilities."""
        table = precision_and_recall(
            to_array(labels), to_array(predictions), min(num_thresholds, 127), weights
        )
        self._add(pr_curve(tag, table), global_step, walltime)

    def add_embedding(
        self, mat, metadata=None, label_img=None, global_step=None, tag="default", metadata_header=None
    ):
        """Points (N, D) for TensorBoard's projector, with a text and a picture for each: files beside the events."""
        step = f"{0 if global_step is None else global_step:05d}"
        folder = Path(self.log_dir, step, tag)
        folder.mkdir(parents=True, exist_ok=True)
        points = to_array(mat)
        files = {"tensor_path": "tensors.tsv"}
        tsv = ("\t".join(str(v) for v in row) for row in points.tolist())
        (folder / "tensors.tsv").write_text("".join(f"{line}\n" for line in tsv), encoding="utf-8")
        if metadata is not None:
            if len(metadata) != len(points):
                raise ValueError(f"#labels should equal with #data points: {len(metadata)} and {len(points)}")
            rows = [metadata_header, *metadata] if metadata_header else list(metadata)
            lines = ("\t".join(map(str, row)) if isinstance(row, (list, tuple)) else str(row) for row in rows)
            (folder / "metadata.tsv").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            files["metadata_path"] = "metadata.tsv"
        entry = [f'tensor_name: "{tag}:{step}"', *(f'{k}: "{step}/{tag}/{v}"' for k, v in files.items())]
        if label_img is not None:
            pictures = to_array(label_img)
            (folder / "sprite.png").write_bytes(png(to_pixels(sprite(pictures), "CHW")))
            size = f"single_image_dim: {pictures.shape[3]}\nsingle_image_dim: {pictures.shape[2]}"
            entry.append(f'sprite {{\nimage_path: "{step}/{tag}/sprite.png"\n{size}\n}}')
        with Path(self.log_dir, "projector_config.pbtxt").open("a", encoding="utf-8") as config:
            config.write("embeddings {\n" + "\n".join(entry) + "\n}\n")

    # ------------------------------------------------ files

    def _file(self, run: str = "") -> EventFile:
        if run not in self.files:
            self.files[run] = EventFile(os.path.join(self.log_dir, run), self.filename_suffix)
        if self.files[run].closed:  # PyTorch too opens a new file when something comes after close()
            self.files[run] = EventFile(self.files[run].folder, self.filename_suffix)
        return self.files[run]

    def _add(self, content: bytes, step, walltime) -> None:
        self._file().write(event(content, step, walltime))
        if time.time() - self.flushed > self.flush_secs:
            self.flush()

    def get_logdir(self) -> str:
        return self.log_dir

    def flush(self) -> None:
        self.flushed = time.time()
        for file in self.files.values():
            file.flush()

    def close(self) -> None:
        for file in self.files.values():
            file.close()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *error) -> None:
        self.close()


class EventFile:
    """Records appended to `events.out.tfevents.TIME.HOST.PID.N`, the name that TensorBoard looks for."""

    def __init__(self, folder, suffix: str = ""):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(counter)}{suffix}"
        self.file = open(os.path.join(folder, name), "wb")  # noqa: SIM115 (close() does it)
        self.write(double(1, time.time()) + string(3, "brain.Event:2"))
        self.flush()

    @property
    def closed(self) -> bool:
        return self.file.closed

    def write(self, data: bytes) -> None:
        length = struct.pack("<Q", len(data))
        self.file.write(length + checksum(length) + data + checksum(data))

    def flush(self) -> None:
        if not self.file.closed:
            self.file.flush()

    def close(self) -> None:
        self.file.close()


# ---------------------------------------------------------------- messages


def event(
    summary_content: bytes = b"",
    step=None,
    walltime=None,
    session_log: int | None = None,
    graph: bytes | None = None,
) -> bytes:
    message = double(1, time.time() if walltime is None else walltime) + integer(2, int(step or 0))
    if graph is not None:
        return message + chunk(4, graph)
    if session_log is not None:
        return message + chunk(7, integer(1, session_log))
    return message + chunk(5, chunk(1, summary_content))


def summary_value(tag: str, content: bytes, metadata: bytes = b"") -> bytes:
    return string(1, tag) + (chunk(9, metadata) if metadata else b"") + content


def scalar(tag: str, value) -> bytes:
    array = to_array(value)
    if array.size != 1:
        raise ValueError(f"add_scalar: {tag!r} must be one number, got shape {array.shape}")
    with np.errstate(over="ignore"):
        return summary_value(tag, floating(2, float(np.float32(array.item()))))


def text(tag: str, content: str) -> bytes:
    shape = chunk(2, chunk(2, integer(1, 1)))
    tensor = integer(1, DT_STRING) + shape + string(8, content)
    plugin = chunk(1, string(1, "text") + string(2, ""))
    return summary_value(tag, chunk(8, tensor), metadata=plugin)


def recorded_graph(model, outputs) -> bytes:
    """A GraphDef (graph.proto, node_def.proto) of what autograd recorded: a node for each operation and each parameter."""
    known = {id(p): name.replace(".", "/") for name, p in model.named_parameters()}
    ends = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    waiting = [end.grad_fn for end in ends if getattr(end, "grad_fn", None) is not None]
    names: dict[int, str] = {}
    found = []
    while waiting:
        node = waiting.pop()
        if id(node) in names:
            continue
        leaf = getattr(node, "variable", None)
        kind = node.name().removesuffix("Backward0")
        names[id(node)] = (
            kind + f"_{len(names)}" if leaf is None else known.get(id(leaf), f"input_{len(names)}")
        )
        found.append((node, "Parameter" if leaf is not None else kind))
        waiting += [before for before, _ in node.next_functions if before is not None]
    message = b""
    for node, kind in found:
        inputs = [names[id(before)] for before, _ in node.next_functions if before is not None]
        parts = string(1, names[id(node)]) + string(2, kind) + b"".join(string(3, name) for name in inputs)
        message += chunk(1, parts)
    return message


def precision_and_recall(
    labels: np.ndarray, predictions: np.ndarray, thresholds: int, weights=None
) -> np.ndarray:
    """True and false positives, true and false negatives, precision and recall at each threshold: (6, thresholds)."""
    counted = np.ones(labels.size) if weights is None else to_array(weights).reshape(-1)
    bucket = np.floor(predictions.reshape(-1) * (thresholds - 1)).astype(int)
    right = labels.reshape(-1).astype(float)
    above = lambda what: np.bincount(bucket, what * counted, thresholds)[::-1].cumsum()[::-1]
    tp, fp = above(right), above(1 - right)
    tn, fn = fp[0] - fp, tp[0] - tp
    return np.stack([tp, fp, tn, fn, tp / np.maximum(1e-7, tp + fp), tp / np.maximum(1e-7, tp + fn)])


def pr_curve(tag: str, table: np.ndarray) -> bytes:
    shape = b"".join(chunk(2, integer(1, size)) for size in table.shape)
    values = np.ascontiguousarray(table, "<f4").tobytes()
    tensor = integer(1, DT_FLOAT) + chunk(2, shape) + chunk(5, values)
    plugin = string(1, "pr_curves") + chunk(2, integer(2, table.shape[1]))
    return summary_value(tag, chunk(8, tensor), chunk(1, plugin))


def sprite(pictures: np.ndarray) -> np.ndarray:
    """Pictures (N, C, H, W) in a square, row by row: (C, rows * H, rows * W)."""
    N, C, H, W = pictures.shape
    rows = int(np.ceil(np.sqrt(N)))
    filled = np.concatenate([pictures, np.zeros((rows * rows - N, C, H, W), pictures.dtype)])
    return filled.reshape(rows, rows, C, H, W).transpose(2, 0, 3, 1, 4).reshape(C, rows * H, rows * W)


def histogram(tag: str, values: np.ndarray, bins, max_bins) -> bytes:
    values = values.reshape(-1).astype(np.float64)
    if values.size == 0:
        raise ValueError(f"add_histogram: {tag!r} has no values")
    if not np.isfinite(values).all():
        raise ValueError(f"add_histogram: {tag!r} holds nan or inf")
    counts, limits = np.histogram(
        values, exponential_bins() if isinstance(bins, str) and bins == "tensorflow" else bins
    )
    if max_bins is not None and len(counts) > max_bins:
        step = len(counts) // max_bins
        counts, limits = (
            np.add.reduceat(counts, range(0, len(counts), step)),
            np.append(limits[:-1:step], limits[-1]),
        )
    used = np.flatnonzero(counts)
    first, last = (used[0], used[-1] + 1) if len(used) else (0, 1)
    # TensorBoard takes a bucket's left edge from its neighbour, so an empty one goes in front
    counts, limits = np.append(0, counts[first:last]), limits[first : last + 1]
    content = histogram_proto(
        values.min(), values.max(), values.size, values.sum(), values @ values, limits, counts
    )
    return summary_value(tag, chunk(5, content))


def histogram_proto(min, max, num, sum, sum_squares, limits, counts) -> bytes:
    numbers = b"".join(
        double(field, float(value)) for field, value in enumerate((min, max, num, sum, sum_squares), 1)
    )
    return numbers + doubles(6, limits) + doubles(7, counts)


@cache
def exponential_bins() -> np.ndarray:
    """Edges 10% apart from 1e-12 to 1e20, on both sides of 0, as PyTorch has them."""
    positive = [1e-12]
    while positive[-1] < 1e20:
        positive.append(positive[-1] * 1.1)
    edges = np.array(positive[:-1])
    return np.concatenate([-edges[::-1], [0], edges])


def image(tag: str, pixels: np.ndarray) -> bytes:
    height, width, channels = pixels.shape
    content = integer(1, height) + integer(2, width) + integer(3, channels) + chunk(4, png(pixels))
    return summary_value(tag, chunk(4, content))


def hparams_summaries(settings: dict, metrics: dict) -> list[bytes]:
    """The three messages of an HPARAMS run: the columns, the row, and that the run has ended."""
    settings = {name: value for name, value in settings.items() if value is not None}
    infos = b"".join(
        chunk(4, string(1, name) + integer(4, hparam_type(value))) for name, value in settings.items()
    )
    infos += b"".join(chunk(5, chunk(1, string(2, name))) for name in metrics)
    row = b"".join(
        chunk(1, string(1, name) + chunk(2, protobuf_value(value))) for name, value in settings.items()
    )
    started = row + double(5, time.time())
    ended = integer(1, 1) + double(2, time.time())  # STATUS_SUCCESS
    contents = {
        "_hparams_/experiment": (2, infos),
        "_hparams_/session_start_info": (3, started),
        "_hparams_/session_end_info": (4, ended),
    }
    return [hparams_value(tag, chunk(field, message)) for tag, (field, message) in contents.items()]


def hparams_value(tag: str, plugin_content: bytes) -> bytes:
    return summary_value(tag, b"", metadata=chunk(1, string(1, "hparams") + chunk(2, plugin_content)))


def hparam_type(value) -> int:
    """DataType of api.proto: string 1, bool 2, number 3."""
    return 2 if isinstance(value, (bool, np.bool_)) else 1 if isinstance(value, str) else 3


def protobuf_value(value) -> bytes:
    """google.protobuf.Value: number 2, string 3, bool 4."""
    if isinstance(value, (bool, np.bool_)):
        return integer(4, int(value))
    if isinstance(value, str):
        return string(3, value)
    if isinstance(value, (int, float)) or np.size(to_array(value)) == 1:
        return double(2, float(value))
    raise ValueError(f"add_hparams: a setting is a number, text or bool, got {type(value).__name__}")


# ---------------------------------------------------------------- pictures


def to_array(value) -> np.ndarray:
    """An array from a Tensor, wherever it lives, an array or a number."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.asarray(value)


def to_pixels(picture: np.ndarray, dataformats: str) -> np.ndarray:
    """(H, W, C) bytes. Floats are taken to be between 0 and 1."""
    order = dataformats.upper()
    if picture.ndim != len(order) or set(order) - set("HWC"):
        raise ValueError(
            f"add_image: shape {picture.shape} does not fit dataformats={dataformats!r}; such as 'CHW', 'HWC' or 'HW'"
        )
    picture = np.transpose(picture, [order.index(axis) for axis in "HWC" if axis in order])
    picture = picture if "C" in order else picture[..., None]
    if picture.shape[-1] not in (1, 2, 3, 4):
        raise ValueError(
            f"add_image: a picture has 1 to 4 channels, got {picture.shape[-1]} in shape {picture.shape}"
        )
    if picture.dtype == np.uint8:
        return picture
    return np.nan_to_num(picture * np.float32(255)).clip(0, 255).astype(np.uint8)


def grid(batch: np.ndarray, columns: int = 8) -> np.ndarray:
    """(N, H, W, C) -> one (H', W', C) with `columns` pictures side by side; the rest of the last row stays dark."""
    N, H, W, C = batch.shape
    columns = max(1, min(N, columns))
    rows = -(-N // columns)
    full = np.concatenate([batch, np.zeros((rows * columns - N, H, W, C), batch.dtype)])
    return full.reshape(rows, columns, H, W, C).swapaxes(1, 2).reshape(rows * H, columns * W, C)


def figure_pixels(figure) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)  # draws without a screen
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def close_figures(figures) -> None:
    import matplotlib.pyplot as plt

    for figure in figures if isinstance(figures, list) else [figures]:
        plt.close(figure)


def png(pixels: np.ndarray) -> bytes:
    """A PNG file of (H, W, C) bytes, grey, grey with alpha, RGB or RGBA."""
    height, width, channels = pixels.shape
    color_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0)
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each row starts with its filter, 0: none
    rows[:, 1:] = pixels.reshape(height, -1)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


# ---------------------------------------------------------------- protocol buffers and checksums


def varint(number: int) -> bytes:
    """Seven bits per byte, the lowest first; the high bit says that more follow. Negative: two's complement in 64 bits."""
    number &= 2**64 - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def integer(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def double(field: int, value: float) -> bytes:
    return varint(field << 3 | 1) + struct.pack("<d", value)


def floating(field: int, value: float) -> bytes:
    return varint(field << 3 | 5) + struct.pack("<f", value)


def chunk(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def string(field: int, value: str) -> bytes:
    return chunk(field, str(value).encode("utf-8", "replace"))


def doubles(field: int, values) -> bytes:
    return chunk(field, np.asarray(values, "<f8").tobytes())


@cache
def crc32c_table() -> list[int]:
    table = list(range(256))
    for _ in range(8):
        table = [
            value >> 1 ^ 0x82F63B78 if value & 1 else value >> 1 for value in table
        ]  # Castagnoli, bits reversed
    return table


def checksum(data: bytes) -> bytes:
    """CRC-32C, masked as TensorFlow's record format wants it."""
    table, crc = crc32c_table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
