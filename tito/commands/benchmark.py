"""`tito benchmark`: speed and memory beside PyTorch, kept in a database, compared with the last run."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import click

from .. import ui
from ..errors import CouldNotCheck, TitoError
from ..progress import progress_file


def database() -> Path:
    return progress_file().with_name("benchmarks.db")


@click.group(invoke_without_command=True)
@click.option("--only", default="", help="Only the cases whose group or name holds this text: --only conv")
@click.option(
    "--blocks", default=11, show_default=True, help="How often each case is measured beside its peer."
)
@click.option("--quick", is_flag=True, help="Three blocks each: a look, not a result.")
@click.option("--threads", default=2, show_default=True, help="Threads for each of the two.")
@ui.json_option
@click.pass_context
def benchmark(context, only: str, blocks: int, quick: bool, threads: int, as_json: bool):
    """Measure tinytorch beside PyTorch on this machine, and keep the results."""
    if context.invoked_subcommand:
        return
    from ..benchmark import machine, report, store

    if blocks < 2:
        raise TitoError(f"--blocks is {blocks}; quartiles need at least 2")
    if not as_json:
        ui.echo(report.HEAD)
    results = []
    for result in measured(only, 3 if quick else blocks, threads):
        results.append(result)
        if not as_json:
            ui.echo(report.line(result))
    if not results:
        raise TitoError(f"no case holds {only!r} in its group or name")
    facts = machine.describe() | {"threads": threads}
    number = store.add(database(), facts, machine.versions(), machine.commit(Path(__file__).parent), results)
    now, *known = store.runs(database(), facts["machine"], last=1000)
    before = store.last_before(now, known)
    changes = store.regressions(now, before) if before else []
    if ui.give(
        as_json,
        {"run": number, "results": [asdict(r) for r in results], "slower": [asdict(c) for c in changes]},
    ):
        return
    for text in report.told(changes):
        ui.echo(text, fg="red")
    ui.echo(f"Kept as run {number} in {database()}. Pictures: tito benchmark report")


def measured(only: str, blocks: int, threads: int):
    """The results of the measuring process, one by one; tito itself imports neither package."""
    from ..benchmark.measure import Result

    command = [
        sys.executable,
        "-m",
        "tito.benchmark",
        "--only",
        only,
        "--blocks",
        str(blocks),
        "--threads",
        str(threads),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for text in process.stdout:
            yield Result(**json.loads(text))
    if process.returncode:
        raise CouldNotCheck(f"the measuring process ended with exit code {process.returncode}")


@benchmark.command("report")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("runs/benchmark"), show_default=True
)
@click.option("--run", "number", type=int, help="The run to show; the latest if not given.")
@click.option(
    "--against",
    type=int,
    help="The run to compare with; if not given, what was last measured of each case before.",
)
@ui.json_option
def report_command(output: Path, number: int | None, against: int | None, as_json: bool):
    """Compare runs and draw bar charts and a roofline (PNG and HTML)."""
    from ..benchmark import report, store

    everything = {run.id: run for run in store.runs(database(), last=1000)}
    if not everything:
        raise TitoError(f"there is no run in {database()} yet", hint="tito benchmark")
    for wanted in (number, against):
        if wanted is not None and wanted not in everything:
            raise TitoError(f"there is no run {wanted}; there are {', '.join(map(str, sorted(everything)))}")
    run = everything[number if number is not None else max(everything)]
    before = everything[against] if against is not None else store.last_before(run, everything.values())
    files = report.write(output, run, before)
    changes = store.regressions(run, before) if before else []
    if ui.give(
        as_json, {"run": run.id, "files": list(map(str, files)), "slower": [asdict(c) for c in changes]}
    ):
        return
    ui.echo(report.about(run))
    ui.echo(report.HEAD)
    for result in run.results:
        ui.echo(report.line(result))
    for text in report.told(changes):
        ui.echo(text, fg="red")
    ui.echo(f"Wrote {', '.join(map(str, files))}")
