"""A seccomp filter: which calls to the kernel a sandboxed process may not make, as a program for the kernel's packet filter.

A call that is refused fails with EPERM, so that honest code sees an ordinary error. Threads are allowed, processes are not: `clone` is
let through with CLONE_THREAD only, and `clone3`, whose flags a filter cannot read, does not exist (glibc then uses `clone`).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

# name: number on x86_64, number on aarch64 (None: there is no such call there)
REFUSED: dict[str, tuple[int | None, int | None]] = {
    # new processes and programs
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    # the network, and sockets at all
    "socket": (41, 198), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202), "accept4": (288, 242),
    "connect": (42, 203), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "process_madvise": (440, 440), "kill": (62, 129), "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "kcmp": (312, 272),
    # what outlives a process
    "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219),
    # memory that no limit counts
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # the machine, and other views of it
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97), "setns": (308, 268),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsmount": (432, 432), "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "swapon": (167, 224), "reboot": (169, 142),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "personality": (135, 92),
}  # fmt: skip
# What reaches beyond the process where no namespace holds it, and Landlock does not see: whose file it is and what its owner may do
# with it. Answered as done and not done, so that `shutil.copy` works.
UNDONE: dict[str, tuple[int | None, int | None]] = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None), "lchown": (94, None),
    "fchown": (93, 55), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
}  # fmt: skip
# ... and the rest of it: attributes, files cut by name (Landlock before version 3), and how other processes are scheduled.
BEYOND: dict[str, tuple[int | None, int | None]] = {
    "setxattr": (188, 5), "lsetxattr": (189, 6), "removexattr": (197, 14), "lremovexattr": (198, 15), "setxattrat": (463, 463),
    "removexattrat": (466, 466), "truncate": (76, 45), "setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119), "sched_setattr": (314, 274), "migrate_pages": (256, 238), "move_pages": (279, 239),
    "process_mrelease": (448, 448),
}  # fmt: skip
SCHED_SETAFFINITY, FCNTL, IOCTL = (203, 122), (72, 25), (16, 29)
F_SETOWN, F_SETOWN_EX = 8, 15  # another process would get this one's signals
FIOSETOWN, SIOCSPGRP = 0x8901, 0x8902  # the same, for sockets
F_SETLEASE = 1024  # whoever opens the file would wait, for 45 seconds: the grader, and other students' boxes
SOCKETPAIR = (53, 199)
AF_UNIX, SOCK_STREAM, ITS_FLAGS = 1, 1, 0x80800  # close-on-exec, non-blocking
CLONE, CLONE3, TGKILL, PRLIMIT, PRCTL = (56, 220), (435, 435), (234, 131), (302, 261), (157, 167)
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = (
    1,
    4,
)  # whether it dies with its grader, and lets it look, is not its own to say
ARCHITECTURES = {
    "x86_64": (0, 0xC000003E),
    "aarch64": (1, 0xC00000B7),
}  # which column, and what the kernel calls it

LOAD, EQUAL, ABOVE, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # opcodes of classic BPF
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT = 0, 4, 16, 24  # offsets in struct seccomp_data
ALLOW, KILL = 0x7FFF0000, 0x80000000
CLONE_THREAD = 0x00010000
X32 = 0x40000000  # a second set of numbers for the same calls, on x86_64


def refuse(error: int) -> int:
    return 0x00050000 | error


def step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def refused_for(number: int, values: list[int]) -> list[bytes]:
    """Steps that refuse a call when its second argument is one of these."""
    asks = [step(EQUAL, value, len(values) - 1 - i, i == len(values) - 1) for i, value in enumerate(values)]
    block = [step(LOAD, SECOND_ARGUMENT), *asks, step(RETURN, refuse(errno.EPERM)), step(RETURN, ALLOW)]
    return [step(EQUAL, number, 0, len(block)), *block]


def program(pid: int | None = None, allow_exec: bool = False, trusted: bool = False) -> bytes:
    """The filter. With `pid`, signals to threads of that process alone are allowed; without, a pid namespace is to see to it.

    `allow_exec` leaves the start of a program open: for whoever has yet to start the one that is confined. `trusted`: no code of a
    submission will run here, so that files may be given other times and modes, as the checks of a lesson do.
    """
    try:
        column, architecture = ARCHITECTURES[platform.machine()]
    except KeyError:
        raise OSError(errno.ENOSYS, f"no system call table for {platform.machine()}") from None
    no, gone, yes = step(RETURN, refuse(errno.EPERM)), step(RETURN, refuse(errno.ENOSYS)), step(RETURN, ALLOW)
    done = step(RETURN, refuse(0))  # it returns 0 and was not made
    steps = [
        step(LOAD, ARCHITECTURE),
        step(EQUAL, architecture, 1, 0),
        step(RETURN, KILL),
        step(LOAD, NUMBER),
    ]
    if platform.machine() == "x86_64":
        steps += [step(ABOVE, X32, 0, 1), step(RETURN, KILL)]
    answers = [(numbers, no) for name, numbers in REFUSED.items() if not (allow_exec and name == "execve")]
    if pid is not None:
        answers += [] if trusted else [(numbers, done) for numbers in UNDONE.values()]
        answers += [(numbers, no) for numbers in BEYOND.values()]
    for numbers, answer in answers:
        if (number := numbers[column]) is not None:
            steps += [step(EQUAL, number, 0, 1), answer]
    steps += [step(EQUAL, CLONE3[column], 0, 1), gone]
    first = step(LOAD, FIRST_ARGUMENT)
    steps += [step(EQUAL, CLONE[column], 0, 4), first, step(ANY_BIT, CLONE_THREAD, 1, 0), no, yes]
    # Both ends are its own, as of a pipe, and asyncio begins with one; datagrams could be sent elsewhere.
    steps += [
        step(EQUAL, SOCKETPAIR[column], 0, 8),
        first,
        step(EQUAL, AF_UNIX, 1, 0),
        no,
        step(LOAD, SECOND_ARGUMENT),
        step(ANY_BIT, ~(SOCK_STREAM | ITS_FLAGS) & 0xFFFFFFFF, 1, 0),
        step(ANY_BIT, SOCK_STREAM, 1, 0),
        no,
        yes,
    ]
    steps += [step(EQUAL, PRLIMIT[column], 0, 4), first, step(EQUAL, 0, 1, 0), no, yes]
    steps += [step(EQUAL, PRCTL[column], 0, 5), first, step(EQUAL, PR_SET_PDEATHSIG, 1, 0), step(EQUAL, PR_SET_DUMPABLE, 0, 1), no, yes]  # fmt: skip
    steps += refused_for(FCNTL[column], [F_SETLEASE] + [F_SETOWN, F_SETOWN_EX] * (pid is not None))
    if pid is not None:
        steps += [step(EQUAL, TGKILL[column], 0, 4), first, step(EQUAL, pid, 1, 0), no, yes]
        steps += [step(EQUAL, SCHED_SETAFFINITY[column], 0, 4), first, step(EQUAL, 0, 1, 0), no, yes]
        steps += refused_for(IOCTL[column], [FIOSETOWN, SIOCSPGRP])
    return b"".join([*steps, yes])


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]


PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2


def confine(trusted: bool = False, alone: bool = False) -> None:
    """Put the filter on this process, for good; a later filter can only take more away. `alone`: in a pid namespace of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    steps = program(None if alone else os.getpid(), trusted=trusted)
    buffer = ctypes.create_string_buffer(steps, len(steps))
    wanted = Program(len(steps) // 8, ctypes.addressof(buffer))
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(wanted), 0, 0):
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")
