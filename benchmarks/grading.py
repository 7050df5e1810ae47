"""How fast a class is graded, and what a sandbox costs: the table at the end of docs/grading-numbers.md.

    python -m benchmarks.grading [start empty class rerun timeout] [--students N] [--tier A]

start    a sandbox's start, beside Python with NumPy started bare
empty    a near-empty submission, end to end: intake, sandbox, verdict
class    submissions of milestone 1 a minute, through `tito assessment batch` with a worker for each core
rerun    `tito assessment batch` once more on 500 students with nothing new
timeout  how long after its limit a submission that hangs is ended, and what is left of it
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tito.assessment import classroom
from tito.assessment.boxes import Box
from tito.assessment.driver import grade
from tito.assessment.exams import Shelf
from tito.assessment.intake import Submission
from tito.assessment.isolation.launch import possible
from tito.assessment.store import Gradebook, Job, Result
from tito.course import the_course
from tito.levels import level_files

MILESTONE, LEVEL = "basic_inference", 4


def reference() -> Submission:
    course = the_course()
    files = level_files(course.package, course.modules, LEVEL)
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
            process = box.start(
                "only_numpy", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            process.communicate()
        finally:
            box.end()

    bare = lambda: subprocess.run([sys.executable, "-c", "import numpy"], check=True)
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
    command = [
        sys.executable,
        "-m",
        "tito",
        "assessment",
        "batch",
        "--class",
        str(folder),
        "--json",
        *options,
    ]
    done = subprocess.run(command, capture_output=True, text=True)
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
    usage = resource_of_children()
    begun = time.perf_counter()
    record = batch(room.folder, "--isolation", tier if tier != "C" else "weak")
    seconds = time.perf_counter() - begun
    cpu = resource_of_children() - usage
    print(
        f"class: {record['graded']} submissions in {seconds:.1f} s, {60 * record['graded'] / seconds:.0f} a minute on {os.cpu_count()} cores, "
        f"{cpu / max(record['graded'], 1):.2f} s of CPU time each; verdicts {record['verdicts']}"
    )


def resource_of_children() -> float:
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


PARTS = {"start": start, "empty": empty, "class": whole_class, "rerun": rerun, "timeout": timeout}


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
