import json
import math
import re

import numpy as np
import pytest

from tinytorch.logging import MetricsWriter, close_logging, read_metrics, setup_logging


def test_log_goes_to_console_and_file_with_timestamps(tmp_path, capsys):
    logger = setup_logging(tmp_path / "run")
    logger.info("epoch %d", 1)
    logger.debug("too fine")
    logger = setup_logging(tmp_path / "run")  # a second set-up must not double the lines
    logger.warning("lr is 0")
    close_logging(logger)
    lines = (tmp_path / "run" / "run.log").read_text().splitlines()
    assert [re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", "", line) for line in lines] == [
        "INFO    epoch 1",
        "WARNING lr is 0",
    ]
    assert capsys.readouterr().err.splitlines() == lines


def test_metrics_come_back(tmp_path):
    path = tmp_path / "deep" / "metrics.jsonl"
    with MetricsWriter(path) as writer:
        writer.write(step=1, loss=0.1 + 0.2, lr=np.float32(0.5), split="train", ok=True)
        writer.write(step=2, loss=math.nan, worst=-math.inf, rows=np.arange(3))
        writer.write(note="no step")
    rows = read_metrics(path)
    assert rows[0].pop("seconds") >= 0
    assert rows[0] == {"step": 1, "loss": 0.1 + 0.2, "lr": 0.5, "split": "train", "ok": True}
    assert math.isnan(rows[1]["loss"]) and rows[1]["worst"] == -math.inf and rows[1]["rows"] == [0, 1, 2]
    for line in path.read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_a_metric_must_be_plain(tmp_path):
    with (
        MetricsWriter(tmp_path / "m.jsonl") as writer,
        pytest.raises(TypeError, match="model is a object; a metric is a number"),
    ):
        writer.write(model=object())


def test_a_line_cut_off_by_a_kill_is_left_out_and_a_resumed_run_takes_over(tmp_path):
    path = tmp_path / "m.jsonl"
    with MetricsWriter(path) as writer:
        for step in range(10):
            writer.write(step=step, loss=step)
    path.write_text(path.read_text() + '{"step": 10, "lo')
    assert [row["step"] for row in read_metrics(path)] == list(range(10))
    with MetricsWriter(path, resume_step=6) as writer:
        writer.write(step=7, loss=70)
    assert [row["loss"] for row in read_metrics(path)] == [0, 1, 2, 3, 4, 5, 6, 70]
    assert [p.name for p in tmp_path.iterdir()] == ["m.jsonl"]
