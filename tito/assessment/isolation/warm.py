"""A process that has imported NumPy and waits. For each sandbox it forks, and what it forked binds itself before anything of a submission runs.

    python warm.py         with a socket to the grader as standard input: `forked.py` starts it, one for each grader

No submission finds another one in it: it takes in open files and nothing else, and what is to be done with them is read by the keeper, a
process that is forked for one sandbox alone. The keeper enters the sandbox's namespaces, if it has some (tier A), forks the process that
will be the submission's, and tells the grader how that one ended. It dies with its keeper, the keeper's work with the grader.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import heapq  # noqa: F401  (what packages import: with numpy.random 18 ms of each box)
import importlib
import json
import os
import random
import runpy
import select
import signal
import socket
import sys
import threading  # noqa: F401
from importlib.machinery import PathFinder
from typing import Any

import numpy as np
import numpy.random

from tito import runner  # noqa: F401  (what the probe will import, and what binds it)
from tito.assessment.isolation import capabilities, landlock, limits, syscalls  # noqa: F401
from tito.assessment.isolation.confine import bind, die_with
from tito.milestones import probes, wire  # noqa: F401

# of users, mounts, processes, the network, IPC, names and cgroups: CLONE_NEWUSER and so on
NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000 | 0x02000000
PR_SET_DUMPABLE = 4
MOST_FILES = 4  # the line to the grader, then standard input, output and error


def main() -> None:
    job = serve(socket.socket(fileno=os.dup(0)))
    sys.argv = [job["module"]]
    runpy.run_module(job["module"], run_name="__main__", alter_sys=True)


def serve(grader: socket.socket) -> dict[str, Any]:
    """Fork whenever the grader asks; returns in what was forked, bound to its sandbox, with what it is to do."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how keepers end
    gc.freeze()
    while True:
        word, files, _, _ = socket.recv_fds(grader, 1, MOST_FILES)
        if not word:
            os._exit(0)  # the grader has ended
        if os.fork() == 0:
            grader.close()
            return keep(*files)
        for file in files:
            os.close(file)


def keep(to_grader: int, *files: int) -> dict[str, Any]:
    """The keeper: returns in the process that it forks, and nowhere else."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    line = socket.socket(fileno=to_grader)
    with line.makefile("rb") as orders:
        job = json.loads(orders.readline())
    if job["inside"]:
        enter(job["inside"])
    keeper = os.getpid()
    if (pid := os.fork()) == 0:
        line.close()
        become(job, files, 0 if job["inside"] else keeper)  # a parent in other namespaces has no number here
        return job
    for file in files:
        os.close(file)
    watch(line, pid)
    os._exit(0)


def enter(pid: int) -> None:
    """All namespaces of a process at once, or none (Linux 5.8); new processes are in them, and have no way back."""
    handle = os.pidfd_open(pid)
    if ctypes.CDLL(None, use_errno=True).setns(handle, NAMESPACES):
        raise OSError(ctypes.get_errno(), f"setns: {os.strerror(ctypes.get_errno())}")
    os.close(handle)


def become(job: dict[str, Any], files: tuple[int, ...], parent: int) -> None:
    """What a new process would be: a session, files, folder, environment and random numbers of its own; then bound."""
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.closerange(len(files), 1024)
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(job["writes"][0])
    sys.path[2:2] = job["path"]  # behind this file's folder and the probe's
    importlib.invalidate_caches()
    PathFinder.find_spec(
        "sitecustomize"
    )  # every folder is listed: in tier B that of packages cannot be later
    random.seed(), np.random.seed()
    die_with(parent)
    ctypes.CDLL(None).prctl(
        PR_SET_DUMPABLE, 1, 0, 0, 0
    )  # with other namespaces the kernel has hidden it from a grader that is not root
    bind(job)


def watch(line: socket.socket, pid: int) -> None:
    """Say which process it is, and how it ended; end it when the grader hangs up. Its number stays taken until then."""
    process = os.pidfd_open(pid)
    line.sendall(b"%d\n" % pid)
    if process not in select.select([process, line.fileno()], [], [])[0]:
        os.kill(pid, signal.SIGKILL)
    told = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert told is not None
    with contextlib.suppress(OSError):  # it may have hung up already
        line.sendall(b"%d\n" % (told.si_status if told.si_code == os.CLD_EXITED else -told.si_status))
        line.recv(1)
    os.waitpid(
        pid, 0
    )  # until then its namespaces do not end: whoever would inherit it may take seconds to ask


if __name__ == "__main__":
    main()
