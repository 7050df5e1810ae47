"""Start a process in a tier.

box = Sandbox(tier, reads=[submission], limits=Limits())
process = box.start("tito.milestones.probe", stdin=PIPE, stdout=PIPE)
...
box.end()            # the process, all it started, and its scratch folder are gone
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import site
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from ...errors import TitoError
from ...milestones.session import ALLOCATOR
from . import landlock, syscalls
from .limits import MB, Limits

HERE = Path(__file__).resolve()
TITO = HERE.parents[2]
TIERS = {
    "A": "bubblewrap: namespaces, seccomp, resource limits",
    "B": "Landlock, seccomp, resource limits",
    "C": "resource limits alone: against mistakes, not against malice",
}
NOBODY = 65534
MOST_TO_DIE = 10.0  # seconds: of a process that was killed, on a machine with much else to do
MOST_IN_MEMORY = 128 * MB  # that may be written to /tmp, and to /dev/shm
# What the probe needs of tito, and nothing that knows an answer: no judges, no lessons, no reference package.
PROBE_FILES = (
    "__init__.py", "runner.py", "checking.py", "errors.py", "assessment/__init__.py", "assessment/isolation/__init__.py",
    "assessment/isolation/capabilities.py", "assessment/isolation/limits.py", "assessment/isolation/landlock.py", "assessment/isolation/syscalls.py",
    "assessment/isolation/confine.py", "assessment/isolation/warm.py", "milestones/__init__.py", "milestones/probe.py", "milestones/probes.py", "milestones/wire.py",
)  # fmt: skip
SYSTEM = (
    "/usr/lib",
    "/usr/lib64",
    "/lib",
    "/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/usr/share/zoneinfo",
)
FACTS = (
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
)
LINKED = [path for path in ("/lib", "/lib64", "/bin") if os.path.islink(path)]  # to their places in /usr
# What a submission may import, and what these need: no other framework is there, whatever this machine has.
IMPORTABLE = ("numpy", "scipy", "numba", "pyyaml", "matplotlib", "safetensors", "threadpoolctl")


class Sandbox:
    """One sandboxed process with a scratch folder of its own."""

    def __init__(
        self, tier: str, reads: Iterable[Path] = (), limits: Limits | None = None, runtime: Path | None = None, trusted: bool = False
    ):  # fmt: skip
        """`runtime`: a folder that `lay_out_probe` has filled, shared by boxes; else each has its own. `trusted`: what runs is the grader's own."""
        if tier not in TIERS:
            raise TitoError(f"isolation tier {tier!r} is not one of {', '.join(TIERS)}")
        self.tier, self.limits, self.trusted = tier, limits or Limits(), trusted
        self.folder = Path(tempfile.mkdtemp(prefix="tito-box-"))
        self.scratch, self.inbox = self.folder / "scratch", self.folder / "inbox"
        self.scratch.mkdir()
        self.inbox.mkdir()  # what the grader hands over: readable inside, so that no link there leads it astray
        self.runtime = runtime or self.folder / "runtime"
        if runtime is None:
            lay_out_probe(self.runtime)
        self.reads = [
            *python_files(mounts=tier == "A"),
            self.runtime,
            self.inbox,
            *(Path(p).resolve() for p in reads),
        ]
        self.process: Any = None  # a Popen, or what acts like one
        self.told = -1  # where bubblewrap says which process it started
        self.inner = 0  # that one's number, once it was read

    def start(self, module: str, **pipes) -> subprocess.Popen:
        """Run a module of Python in the sandbox; `pipes` are Popen's stdin, stdout, stderr."""
        self.process = self.launch(module, **pipes)
        return self.process

    def launch(self, module: str, **pipes) -> subprocess.Popen:
        command = [
            python(),
            "-s",
            "-B",
            str(self.runtime / "tito/assessment/isolation/confine.py"),
            self.tier,
            json.dumps(self.job()),
            module,
        ]
        return self.namespaces(command, **pipes) if self.tier == "A" else self.popen(command, **pipes)

    def job(self) -> dict[str, Any]:
        """What a process has to know to bind itself."""
        return {
            "limits": self.limits.record(),
            "reads": list(map(str, self.reads + [Path(f) for f in FACTS])),
            "writes": [str(self.scratch), os.devnull],
            "parent": os.getpid(),
            "trusted": self.trusted,
        }

    def popen(self, command: list[str], **options) -> subprocess.Popen:
        return subprocess.Popen(
            command, cwd=self.scratch, env=self.environment(), start_new_session=True, **options
        )

    def namespaces(self, command: list[str], more: Iterable[str] = (), **pipes) -> subprocess.Popen:
        """bubblewrap, with a command inside; `more`: options for it."""
        filter_end = readable(syscalls.program(allow_exec=True))
        self.told, telling = os.pipe()
        try:
            whole = [*self.bubblewrap(filter_end, telling, more), "--", *command]
            return self.popen(whole, pass_fds=[filter_end, telling], **pipes)
        finally:
            os.close(filter_end)
            os.close(telling)

    def bubblewrap(self, filter_end: int, telling: int, more: Iterable[str]) -> list[str]:
        real = dict.fromkeys(str(path) for path in self.reads if str(path) not in LINKED)
        binds, base = [], str(base_lib())
        for path in real:
            binds += ["--ro-bind-try", path, path]
            if path == base:
                binds += [part for folder in installed(base_lib()) for part in ("--tmpfs", str(folder))]
        links = [part for path in LINKED for part in ("--symlink", os.readlink(path), path)]
        return [
            bubblewrap_program(), "--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--die-with-parent", "--new-session",
            "--uid",
            str(NOBODY),
            "--gid",
            str(NOBODY),
            # Read-only: a grader that is root is root in there too where files are concerned, and /proc/sys holds the kernel's own settings.
            "--hostname", "box", "--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev", *in_memory("/tmp"), *in_memory("/dev/shm"), *links, *binds, *more,
            "--ro-bind-try", "/sys/devices/system/cpu", "/sys/devices/system/cpu", "--bind", str(self.scratch), str(self.scratch),
            "--chdir", str(self.scratch), "--seccomp", str(filter_end), "--info-fd", str(telling), "--remount-ro", "/",
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        """Nothing of the grader's own environment but the language."""
        return surroundings(self.runtime) | {
            "HOME": str(self.scratch), "TMPDIR": str(self.scratch), "NUMBA_CACHE_DIR": str(self.scratch / "numba"),
        }  # fmt: skip

    def end(self) -> None:
        """Kill what runs and remove what it wrote."""
        self.stop()
        if self.process is not None:
            for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        if self.told >= 0:
            os.close(self.told)
            self.told = -1
        remove(self.folder)

    def stop(self, patience: float = MOST_TO_DIE) -> None:
        """Kill what runs, and wait until it has gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.bury(patience)

    def bury(self, patience: float = 0.0) -> None:
        """Where the process has ended, end what it left: that would keep the pipes open, and who reads them would wait.

        What bubblewrap started dies with it, but not in the first ten milliseconds (measured on 0.8).
        """
        if self.process is None or self.process.poll() is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        if inner := self.started(0):
            self.end_mine(inner, patience)

    def started(self, seconds: float) -> int:
        """The number of the process that bubblewrap started, once it tells; 0 before."""
        if not self.inner and self.told >= 0 and select.select([self.told], [], [], seconds)[0]:
            found = re.search(rb'"child-pid": (\d+)', os.read(self.told, 4096))
            self.inner = int(found[1]) if found else 0
        return self.inner

    def end_mine(self, pid: int, patience: float) -> None:
        """End a process if its command line names this box, by now the number may be another's; wait so long until it has gone."""
        with contextlib.suppress(OSError), handle_of(pid) as handle:
            told = Path(f"/proc/{pid}/cmdline").read_bytes()
            if os.fsencode(self.folder) in told:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            elif told:
                return
            select.select([handle], [], [], patience)  # as the first of its namespace it goes last


@contextlib.contextmanager
def handle_of(pid: int) -> Iterator[int]:
    """Stands for this process even when its number is another's; readable once it has ended."""
    handle = os.pidfd_open(pid)
    try:
        yield handle
    finally:
        os.close(handle)


def remove(folder: Path) -> None:
    """Remove a folder whatever a submission made of it: nested deeper than a path may be long, or closed to its owner.

    Every folder in it is brought to the top first, so that no path grows and nothing is called again and again within itself.
    """
    waiting, count = [folder], 0
    while waiting:
        here = waiting.pop()
        with contextlib.suppress(OSError):
            os.chmod(here, 0o700)
            for entry in list(os.scandir(here)):
                if entry.is_dir(follow_symlinks=False):
                    count += 1
                    top = folder / f"tito-removed-{count}"
                    os.chmod(entry.path, 0o700)
                    os.rename(entry.path, top)
                    waiting.append(top)
                else:
                    os.unlink(entry.path)
            if here != folder:
                os.rmdir(here)
    shutil.rmtree(folder, ignore_errors=True)


def surroundings(runtime: Path) -> dict[str, str]:
    """The environment that all boxes share."""
    return {
        "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONPATH": str(runtime), "PYTHONHASHSEED": "0", "PYTHONIOENCODING": "utf-8",
        "MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1",
    } | ALLOCATOR  # fmt: skip


def lay_out_probe(runtime: Path) -> None:
    """The few files of tito that the sandboxed side needs, in a folder of their own."""
    for name in PROBE_FILES:
        target = runtime / "tito" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(TITO / name, target)


def readable(data: bytes) -> int:
    """A file descriptor from which these bytes can be read."""
    out, into = os.pipe()
    os.write(into, data)
    os.close(into)
    return out


def python() -> str:
    return sys.executable


@cache
def base_lib() -> Path:
    return Path(sys.base_prefix).resolve() / "lib"


@cache
def installed(lib: Path) -> list[Path]:
    """The folders of a Python's libraries into which packages are installed: there may be a reference, or another framework."""
    return [path for path in lib.glob("python[0-9]*/*-packages") if path.is_dir()]


@cache
def python_files(mounts: bool = False) -> list[Path]:
    """Python, its libraries and the system's: all that a program needs, without the reference package or the grader.

    With `mounts`, few paths: whoever mounts them puts an empty folder over what is `installed`.
    """
    base, here = Path(sys.base_prefix).resolve(), Path(sys.prefix)
    found = [Path(p) for p in SYSTEM if Path(p).exists()]
    if base == Path("/usr"):
        found.append(Path("/usr/bin"))
    else:
        found += [base / "bin", *([base_lib()] if mounts else without_packages(base_lib()))]
    found += [here / "bin", here / "pyvenv.cfg"]  # not lib64: a link to all of lib, with what is hidden below
    packages = {Path(sysconfig.get_paths()[key]) for key in ("purelib", "platlib")} | {
        Path(p) for p in site.getsitepackages()
    }
    for folder in packages:
        if folder.is_dir() and not folder.resolve().is_relative_to("/usr/lib"):
            names = importable()
            found += [p for p in sorted(folder.iterdir()) if p.name in names]
    return [p for p in found if p.exists()]


def without_packages(lib: Path) -> list[Path]:
    """What lies in a Python's lib folder, but what is installed."""
    entries, hidden = [path for path in lib.iterdir() if not path.name.startswith("python")], installed(lib)
    for stdlib in lib.glob("python[0-9]*"):
        entries += [path for path in stdlib.iterdir() if path not in hidden and path.name != "test"]
    return entries


@cache
def importable() -> frozenset[str]:
    """The names in site-packages that belong to these packages and to what they need."""
    names, seen, ahead = set(), set(), list(IMPORTABLE)
    while ahead:
        name = re.sub(r"[-_.]+", "-", ahead.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        with contextlib.suppress(metadata.PackageNotFoundError):
            package = metadata.distribution(name)
            tops = {file.parts[0] for file in package.files or ()}
            names |= {top for top in tops if top not in ("..", "/") and not top.endswith(".dist-info")}
            needs = [need for need in package.requires or () if "extra ==" not in need]
            ahead += [found[0] for need in needs if (found := re.match(r"[A-Za-z0-9._-]+", need))]
    return frozenset(names)


@cache
def bubblewrap_program() -> str:
    return shutil.which("bwrap") or ""


@cache
def has_sizes() -> bool:
    """Whether this bubblewrap can say how large a folder in memory may grow."""
    told = subprocess.run([bubblewrap_program(), "--help"], capture_output=True, text=True)
    return "--size" in told.stdout + told.stderr


def in_memory(folder: str) -> list[str]:
    """A folder in memory, under a limit: no limit of the process counts what is written there, and half of the machine's memory would do."""
    if has_sizes():
        return ["--size", str(MOST_IN_MEMORY), "--tmpfs", folder]
    return ["--tmpfs", folder, "--remount-ro", folder]


def possible(tier: str) -> str:
    """Why a tier cannot be tried on this machine; empty if it can."""
    if tier == "A":
        return "" if bubblewrap_program() else "bubblewrap is not installed: apt-get install bubblewrap"
    if tier == "B":
        return (
            ""
            if sys.platform == "linux" and landlock.version()
            else "this kernel has no Landlock (Linux 5.13 and later)"
        )
    return ""
