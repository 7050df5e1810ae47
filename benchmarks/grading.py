"""How fast a class is graded, and what a sandbox costs: the table at the end of docs/grading-numbers.md.

    python -m benchmarks.grading [start empty class five rerun timeout memory report] [--students N] [--tier A]

start    a sandbox's start and end, as a driver has it, beside Python with NumPy started bare
empty    a near-empty submission, end to end: intake, sandbox, verdict
class    submissions of milestone 1 a minute, through `tito assessment batch` with a worker for each core
rerun    `tito assessment batch` once more on 500 students with nothing new
timeout  how long after its limit a submission that hangs is ended, and what is left of it
five     each of the five milestones a few times; what 100 students would take is reckoned from that, and said to be
memory   the grader's memory while it takes in and grades bombs: what the list of tests/assessment/hostile holds of archives, replies and bombs
report   the page and the exports of a class of 1,000 with a whole term in its gradebook
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from tito.assessment import classroom
from tito.assessment.batch import command
from tito.assessment.boxes import Box
from tito.assessment.driver import grade
from tito.assessment.exams import Shelf
from tito.assessment.intake import IntakeError, Submission, take_in
from tito.assessment.isolation.launch import possible
from tito.assessment.results import Job, Result
from tito.assessment.store import Gradebook
from tito.course import the_course
from tito.levels import level_files, write_level
from tito.milestones.clock import spent

MILESTONE, LEVEL = "basic_inference", 4


def reference(level: int = LEVEL) -> Submission:
    course = the_course()
    files = level_files(course.package, course.modules, level)
    return Submission(
        {
            f"tinytorch/{name}": text if isinstance(text, bytes) else text.encode()
            for name, text in files.items()
        }
    )


def timed(call, rounds: int) -> list[float]:
    found = []
    for _ in range(rounds):
        begun = time.perf_counter()
        call()
        found.append(time.perf_counter() - begun)
    return found


def shown(seconds: list[float]) -> str:
    return f"median {1000 * statistics.median(seconds):.0f} ms, {1000 * min(seconds):.0f} to {1000 * max(seconds):.0f} ms"


def start(folder: Path, tier: str, students: int) -> None:
    def in_box() -> None:
        box = Box(tier, [], folder)
        try:
            (box.runtime / "only_numpy.py").write_text("import numpy")
            process = box.start("only_numpy", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words)
            process.stdout.read(), process.wait()
        finally:
            box.end()

    bare = lambda: subprocess.run([sys.executable, "-c", "import numpy"], check=True)
    with tempfile.TemporaryFile() as words:
        in_box(), bare()
        pairs = [(timed(in_box, 1)[0], timed(bare, 1)[0]) for _ in range(15)]
    boxed, plain = zip(*pairs)
    more = statistics.median(b - p for b, p in pairs)
    print(
        f"start: tier {tier} {shown(boxed)}; bare {shown(plain)}; {1000 * more:.0f} ms more, median of {len(pairs)} pairs"
    )


def a_room(folder: Path, students: int) -> classroom.Class:
    room = classroom.make(folder, "bench", [MILESTONE], [])
    (folder / "roster.csv").write_text("student\n" + "".join(f"s{i:04}\n" for i in range(students)))
    return classroom.read(room.folder)


def empty(folder: Path, tier: str, students: int) -> None:
    room, shelf = a_room(folder / "empty", 1), Shelf()
    nothing = Submission({"tinytorch/__init__.py": b'"""Nothing yet."""\n'})

    def one() -> Result:
        archive = nothing.keep(folder / "archives")
        return grade(room, Job(1, 1, "s0000", archive.stem, MILESTONE, 0, 1, ""), archive, tier, shelf)

    result = one()
    found = timed(one, 15)
    shelf.close()
    print(f"empty: {shown(found)} ({result.verdict}, score {result.score})")


def batch(folder: Path, *options: str) -> dict:
    done = subprocess.run(command(folder, *options), capture_output=True, text=True)
    return json.loads(done.stdout)


def hand_in(room: classroom.Class, students: int) -> None:
    """Each hands in the reference with a line of their own, so that no two archives are one."""
    base = reference()
    for i in range(students):
        files = dict(base.files)
        files["tinytorch/__init__.py"] += f"# {i}\n".encode()
        os.rename(Submission(files).keep(room.folder / "made"), room.submissions / f"s{i:04}.zip")


def whole_class(folder: Path, tier: str, students: int) -> None:
    room = a_room(folder / "class", students)
    hand_in(room, students)
    busy, begun = busy_so_far(), time.perf_counter()
    record = batch(room.folder, "--isolation", tier if tier != "C" else "weak")
    seconds, busy = time.perf_counter() - begun, busy_so_far() - busy
    print(
        f"class: {record['graded']} submissions in {seconds:.1f} s, {60 * record['graded'] / seconds:.0f} a minute on {os.cpu_count()} cores, "
        f"{busy / max(record['graded'], 1):.2f} s of the machine's CPU time each; verdicts {record['verdicts']}"
    )


def busy_so_far() -> float:
    """Seconds for which the machine's cores have been at work: a sandbox that is killed is nobody's waited-for child."""
    user, nice, system, _, _, *interrupts = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:8]
    )
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


SHORT = {"epochs": 1, "held_out": 48_000 - 20 * 128}  # a run of 20 steps


def five(folder: Path, tier: str, students: int) -> None:
    """Three and four are graded by a run that is handed in. Here it is one of 20 steps, which misses the bar for accuracy: the questions,
    and with them the work, are those of a whole one."""
    from tito.milestones.definitions import all_milestones

    milestones = all_milestones("capability")
    room = classroom.make(folder / "five", "bench", [one.id for one in milestones], [])
    shelf, total = Shelf(), 0.0
    for one in milestones:
        submission = reference(one.level)
        if one.is_trained(one.graded):
            submission.files |= a_run(one, folder / one.id)
        archive = submission.keep(folder / "archives")
        shelf.data(one.config["data"], one.grading.get("rows", 0))
        seconds = []
        for n in range(4):
            with cpu_time() as used:
                result = grade(room, Job(1, 1, f"s{n}", archive.stem, one.id, 0, 3, ""), archive, tier, shelf)
            seconds.append(sum(used))
        missed = [check.name for check in result.checks if check.verdict != "passed"]
        first, second, *others = seconds
        told = f"{statistics.median(others):.1f} s of CPU time; a driver's first {first:.1f}, its second {second:.1f}"
        print(f"five: {one.title}: {told}; not passed: {', '.join(missed) or 'nothing'}", flush=True)
        total += 2 * first + 2 * second + 96 * statistics.median(others)  # a driver for each core
    shelf.close()
    print(f"      reckoned, not run: 100 students x 5 milestones on 2 cores {total / 2 / 60:.0f} min")


@contextlib.contextmanager
def cpu_time() -> Iterator[list[float]]:
    """Seconds of CPU time of this process and of the sandboxes that it ends: other programs at work do not count."""
    used: list[float] = []
    end = Box.end

    def note(box: Box) -> None:
        if box.process is not None:
            used.append(spent(box.process.pid) or 0.0)
        end(box)

    begun = time.process_time()
    with mock.patch.object(Box, "end", note):
        yield used
    used.append(time.process_time() - begun)


def a_run(one, folder: Path) -> dict[str, bytes]:
    """A run of the reference, cut short, as it lies in a workspace."""
    from tito.milestones.training import train_run
    from tito.workspace import create

    os.environ["TINYTORCH_HOME"] = str(folder / "home")
    workspace = create(folder / "work", git=False)
    shutil.rmtree(workspace.package)
    write_level(the_course().package, the_course().modules, one.level, workspace.package)
    one.config["settings"]["standard"] |= SHORT  # in this process, for the run and for the grader
    train_run(workspace, one)
    made = workspace.root / "runs" / one.id
    return {
        f"runs/{one.id}/{path.relative_to(made).as_posix()}": path.read_bytes()
        for path in made.rglob("*") if path.is_file()
    }  # fmt: skip


def rerun(folder: Path, tier: str, students: int) -> None:
    from tito.assessment.batch import Order, queue
    from tito.assessment.scan import scan

    room = a_room(folder / "rerun", 500)
    hand_in(room, 500)
    book = Gradebook(room.gradebook)
    queue(room, book, scan(room, book), Order())
    while job := book.lease():
        book.finish(job, Result("passed", 1.0, tier))
    book.close()
    jobs: list[int] = []
    found = timed(lambda: jobs.append(batch(room.folder)["jobs"]), 3)
    print(f"rerun: 500 students with nothing new, {shown(found)}, {max(jobs)} jobs")


def timeout(folder: Path, tier: str, students: int) -> None:
    from tito.assessment.isolation.limits import Limits
    from tito.milestones.session import ProbeFailed, Session

    (folder / "hang" / "tinytorch").mkdir(parents=True)
    (folder / "hang" / "tinytorch" / "__init__.py").write_text(
        "import signal\nfor s in range(1, 32):\n    try: signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError): pass\n"
        "while True: pass\n"
    )

    class Work:
        root, package = folder / "hang", folder / "hang" / "tinytorch"

    script, found = folder / "nothing.py", []
    script.write_text("")
    for _ in range(3):
        box = Box(tier, [folder / "hang", script], folder / "hang", Limits(cpu=2))
        begun = time.perf_counter()
        try:
            Session(Work, script, box=box, seconds=4.0).__enter__()
        except ProbeFailed:
            found.append(time.perf_counter() - begun - 2.0)
        alive = [p for p in Path("/proc").glob("[0-9]*/cmdline") if os.fsencode(box.folder) in read(p)]
    print(f"timeout: ended {max(found):.2f} s after its 2 s of CPU time at most, {len(alive)} processes left")


def memory(folder: Path, tier: str, students: int) -> None:
    """In this process, which takes in and grades as a supervisor and a driver do: its peak beside that of an honest submission."""
    from tests.assessment.hostile import test_hostile as hostile
    from tito.milestones.definitions import Milestone

    lines = [line for line in hostile.LINES if line.group in ("archives", "replies", "bombs")]
    shelf, honest, grown = Shelf(), hostile.complete(), {}
    room = classroom.make(folder / "memory", "bench", [hostile.MILESTONE], [])

    def one(made: Path) -> None:
        try:
            archive = take_in(made).keep(folder / "archives")
        except IntakeError:
            return
        grade(room, Job(1, 1, "s0000", archive.stem, hostile.MILESTONE, 0, 3, ""), archive, tier, shelf)

    short = {"cpu": 4, "memory": 2048, "answer": 48}  # a loop that never ends need not take a minute each
    with mock.patch.object(Milestone, "grading", short):
        Submission(honest).lay_out(folder / "honest")
        one(folder / "honest")
        for line in lines:
            made = hostile.hand_in(line, folder / "made", honest)
            before = memory_of_this(reset=True)
            one(made)
            grown[line.name] = memory_of_this() - before
    shelf.close()
    worst = sorted(grown, key=grown.get)[::-1][:3]
    print(
        f"memory: {len(grown)} bombs, at most {grown[worst[0]]:.0f} MB more than before; {', '.join(f'{n} {grown[n]:.0f}' for n in worst)}"
    )


def memory_of_this(reset: bool = False) -> float:
    """The most that this process has held, in MB, since it was reset."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    found = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(found[0].split()[1]) / 1024


def report(folder: Path, tier: str, students: int) -> None:
    """In processes of their own, as one who types the commands has it; and what the work takes without the start of Python."""
    from tests.assessment.classes import a_class
    from tito.assessment import analytics
    from tito.assessment.report.page import page

    room = a_class(folder / "term", students=1000)
    pages: list[str] = []

    def work() -> None:
        book = analytics.ReadOnly(room.gradebook)
        pages.append(page(analytics.analyse(analytics.read(room, book))))
        book.close()

    work()
    print(f"report: 1,000 students, {shown(timed(work, 5))}, {len(pages[-1].encode()) / 1e6:.2f} MB")
    for words in (["report", "--format", "html"], *[["export", kind] for kind in ("csv", "json", "junit")]):
        command = [sys.executable, "-m", "tito", "assessment", *words, "--class", str(room.folder)]
        if words[0] == "export":
            command += ["--out", str(folder / words[1])]
        print(
            f"        tito assessment {' '.join(words)}: {shown(timed(lambda c=command: subprocess.run(c, check=True, capture_output=True), 3))}"
        )


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


PARTS = {
    "start": start, "empty": empty, "class": whole_class, "five": five, "rerun": rerun, "timeout": timeout, "memory": memory,
    "report": report,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], help="which to measure; all of them without a name"
    )
    parser.add_argument("--students", type=int, default=120)
    parser.add_argument("--tier", default=next(tier for tier in "ABC" if not possible(tier)))
    wanted = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for name in wanted.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            PARTS[name](Path(folder), wanted.tier, wanted.students)


if __name__ == "__main__":
    main()
