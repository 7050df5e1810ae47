"""The process that runs checks: reads a job (JSON) from standard input, writes one JSON line per check.

It imports NumPy, the package to be checked and the module's checks.py once, then forks: each check gets a process of its
own and a time limit. Where there is no fork (Windows) each check gets a new process.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import linecache
import os
import select
import signal
import sys
import time
import traceback

GRACE = 1.0  # seconds between the polite end of a check and the kill
PATIENCE = 5  # a check may take so many times its limit by the clock: the machine may have other work


class OutOfTime(Exception):
    """A check has used its time up."""


def main() -> None:
    job = json.load(sys.stdin)
    report_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the student prints goes to standard error

    def report(record) -> None:
        report_to.write(json.dumps(record) + "\n")
        report_to.flush()

    problem = load_package(job)
    if problem:
        report({"import": problem})
        return
    checks, problem = load_checks(job)
    if problem:
        report({"import": problem})
        return
    report({"checks": [describe_check(name, f) for name, f in checks.items()]})
    if job.get("only"):
        report(run_here(job, job["only"], checks[job["only"]]))
        return
    verdicts: dict[str, str] = {}
    for name, function in checks.items():
        if job.get("names") and name not in job["names"]:
            continue
        blocked = [n for n in function.check.needs if verdicts.get(n, "passed") != "passed"]
        if blocked:
            record = {
                "check": name,
                "outcome": "skipped",
                "message": f"needs {spoken(blocked[0])}, which did not pass",
            }
        else:
            record = run_apart(job, name, function)
        verdicts[name] = record["outcome"]
        report(record)


def spoken(name: str) -> str:
    return f"`{name.replace('_', ' ')}`"


def describe_check(name: str, function) -> dict:
    about = function.check
    return {
        "check": name,
        "text": " ".join((function.__doc__ or name.replace("_", " ")).split()),
        "of": list(about.of),
        "needs": list(about.needs),
        "section": about.section,
    }


# ---------------------------------------------------------------- loading


def load_package(job) -> dict | None:
    """Import the package to be checked; what goes wrong there is the student's to mend."""
    import numpy  # noqa: F401  (before the clock starts)

    try:
        with time_limit(job.get("import_seconds", 30)):
            import tinytorch
    except BaseException as error:
        return failure(job, error) | {"outcome": "failed"}
    found = os.path.dirname(os.path.realpath(tinytorch.__file__))
    if found != os.path.realpath(os.path.join(job["root"], "tinytorch")):
        return {
            "outcome": "could_not_check",
            "message": f"`import tinytorch` finds {found}, not this workspace's",
        }
    return None


def load_checks(job):
    """The functions of checks.py in their order."""
    from tito.checking import Check

    spec = importlib.util.spec_from_file_location("checks", job["checks"])
    module = importlib.util.module_from_spec(spec)
    try:
        with time_limit(job.get("import_seconds", 30)):
            spec.loader.exec_module(module)
    except BaseException as error:
        record = failure(job, error)
        mine = record.get("file", "").startswith("tinytorch/") or (
            isinstance(error, (ImportError, AttributeError)) and "tinytorch" in str(error)
        )
        if not mine:
            record["message"] = f"the checks cannot be loaded: {record['message']}"
        return {}, record | {"outcome": "failed" if mine else "could_not_check"}
    checks = {
        n.removeprefix("test_"): f for n, f in vars(module).items() if n.startswith("test_") and callable(f)
    }
    for function in checks.values():
        if not hasattr(function, "check"):
            function.check = Check()
    return checks, None


# ---------------------------------------------------------------- one check


def run_apart(job, name: str, function) -> dict:
    """A check in a process of its own."""
    if not hasattr(os, "fork"):
        return run_new_process(job, name, function)
    import tempfile  # here, as subprocess below: a sandbox needs neither, and starts 8 ms sooner

    out = tempfile.TemporaryFile()  # noqa: SIM115 (the child writes to it)
    reading, writing = os.pipe()
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
            record = run_here(job, name, function)
            sys.stdout.flush()
            with os.fdopen(writing, "w", encoding="utf-8") as pipe:
                json.dump(record, pipe)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    record = receive(reading, child, name, function.check.seconds, start)
    out.seek(0)
    printed = out.read(4000).decode(errors="replace")
    out.close()
    return (
        record
        | {"seconds": round(time.monotonic() - start, 4)}
        | ({"printed": printed} if printed.strip() else {})
    )


def receive(reading: int, child: int, name: str, limit: float, start: float) -> dict:
    """The record a child sends, or what became of it."""
    data, deadline = b"", start + limit * PATIENCE + GRACE
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(reading)
            return out_of_time(name, limit, None)
        chunk = os.read(reading, 65536)
        if not chunk:
            break
        data += chunk
    os.close(reading)
    _, status = os.waitpid(child, 0)
    try:
        return json.loads(data)
    except ValueError:
        if os.WIFSIGNALED(status):
            reason = f"the process was ended by {signal.Signals(os.WTERMSIG(status)).name}"
            if os.WTERMSIG(status) == signal.SIGKILL:  # most likely the machine ran out of memory
                reason += ", most likely because memory ran out"
        else:
            reason = "the process ended before the check did"
        return {"check": name, "outcome": "failed", "message": reason}


def run_new_process(job, name: str, function) -> dict:
    import subprocess

    start = time.monotonic()
    command = [sys.executable, "-m", "tito.runner"]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(job | {"only": name}),
            capture_output=True,
            text=True,
            timeout=function.check.seconds * PATIENCE + 30,
        )
        record = json.loads(done.stdout.splitlines()[-1])
        if done.stderr.strip():
            record["printed"] = done.stderr[:4000]
    except subprocess.TimeoutExpired:
        record = out_of_time(name, function.check.seconds, None)
    except (ValueError, IndexError):
        record = {"check": name, "outcome": "failed", "message": "the process ended before the check did"}
    return record | {"seconds": round(time.monotonic() - start, 4)}


def run_here(job, name: str, function) -> dict:
    """Run a check in this process and say how it went."""
    from tito.checking import CouldNotCheck

    try:
        with time_limit(function.check.seconds):
            function()
    except CouldNotCheck as reason:
        return {"check": name, "outcome": "could_not_check", "message": str(reason)}
    except OutOfTime as error:
        return out_of_time(name, function.check.seconds, failure(job, error))
    except BaseException as error:
        return {"check": name, "outcome": "failed"} | locate(job, function, failure(job, error))
    return {"check": name, "outcome": "passed"}


def out_of_time(name: str, limit: float, record: dict | None) -> dict:
    message = f"it took too long and was stopped after {limit:g} s: is there a loop that does not end?"
    base = {"check": name, "outcome": "failed", "message": message, "limit": limit}
    if record and record.get("file"):
        base |= {k: record[k] for k in ("file", "line", "code") if k in record}
    return base


@contextlib.contextmanager
def time_limit(seconds: float):
    """OutOfTime in the middle of whatever runs, so that the traceback says where.

    The limit is on the processor's time: on a busy machine the same work takes longer by the clock, and is not wrong for it.
    Whoever sleeps or waits is stopped by the clock, much later.
    """
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_):
        raise OutOfTime

    timers = (
        (signal.SIGPROF, signal.ITIMER_PROF, seconds),
        (signal.SIGALRM, signal.ITIMER_REAL, seconds * PATIENCE),
    )
    previous = [signal.signal(number, stop) for number, _, _ in timers]
    for _, timer, limit in timers:
        signal.setitimer(timer, limit)
    try:
        yield
    finally:
        for (number, timer, _), before in zip(timers, previous):
            signal.setitimer(timer, 0)
            signal.signal(number, before)


# ---------------------------------------------------------------- saying what went wrong


def failure(job, error: BaseException) -> dict:
    """An exception as a record: the message, expected and got, and the line of the student's code."""
    record: dict = {"error": type(error).__name__}
    for name in ("expected", "got", "difference"):
        if getattr(error, name, ""):
            record[name] = getattr(error, name)
    text = getattr(error, "message", None) or str(error)
    if isinstance(error, NotImplementedError) and ": " in text and text[:2].isdigit():
        record["stub"] = text
        text = f"{text.partition(': ')[2]} is not written yet"
    elif isinstance(error, OutOfTime):
        text = "importing it takes too long and was stopped: is there a loop that does not end?"
    elif isinstance(error, SyntaxError):
        text = f"{type(error).__name__}: {error.msg}"
    elif isinstance(error, RecursionError):
        text = "RecursionError: a function calls itself without end"
    elif not isinstance(error, AssertionError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    record["message"] = text or "an assertion does not hold"
    return record | student_line(job, error)


def student_line(job, error: BaseException) -> dict:
    """The deepest line inside the package; one inside what the module teaches is preferred."""
    from pathlib import Path

    root = Path(job["root"])
    if isinstance(error, SyntaxError) and error.filename:
        with contextlib.suppress(ValueError):
            file = Path(error.filename).resolve().relative_to(root.resolve()).as_posix()
            return {"file": file, "line": error.lineno, "code": (error.text or "").strip()}
    frames = []
    for frame in traceback.extract_tb(error.__traceback__):
        with contextlib.suppress(ValueError, OSError):
            file = Path(frame.filename).resolve().relative_to(root.resolve() / "tinytorch").as_posix()
            frames.append((file, frame.lineno or 0, frame.line or ""))
    taught = [f for f in frames if inside_taught(job, f[0], f[1])]
    if not frames:
        return {}
    file, line, code = (taught or frames)[-1]
    return {"file": f"tinytorch/{file}", "line": line, "code": code.strip()}


def inside_taught(job, file: str, line: int) -> bool:
    return any(file == f and a <= line <= b for f, a, b in spans(job))


def spans(job) -> list:
    """Where the taught symbols stand in the student's files: found once a failure asks."""
    if "spans" not in job:
        job["spans"] = []
        job["places"] = {}
        if not job.get("taught"):  # a milestone's probe, which has no more of tito than it needs
            return []
        from pathlib import Path

        from tito.weave import NoSuchSymbol, find, span

        for one in job["taught"]:
            with contextlib.suppress(OSError, SyntaxError, NoSuchSymbol):
                source = (Path(job["root"]) / "tinytorch" / one["file"]).read_text(encoding="utf-8")
                first, last = span(find(source, one["symbol"]))
                job["spans"].append((one["file"], first, last))
                job["places"][one["symbol"]] = (one["file"], find(source, one["symbol"]).lineno)
    return job["spans"]


def locate(job, function, record: dict) -> dict:
    """A failure with no line of the student's code points at the symbol that the check is about."""
    if not record.get("file"):
        spans(job)
        for symbol in function.check.of:
            if symbol in job["places"]:
                file, line = job["places"][symbol]
                code = linecache.getline(os.path.join(job["root"], "tinytorch", file), line).strip()
                return record | {"file": f"tinytorch/{file}", "line": line, "code": code}
    return record


if __name__ == "__main__":
    main()
