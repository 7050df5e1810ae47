"""Landlock: which files this process may read and write from now on. The kernel's own, without root (Linux 5.13 and later)."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

CREATE, ADD, RESTRICT = 444, 445, 446  # the system calls, the same on every architecture
ASK_VERSION, PATH_BENEATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
OF_FILES = (
    EXECUTE | WRITE_FILE | READ_FILE | 1 << 14 | 1 << 15
)  # what a rule on a file, not a folder, may allow
FILES_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15}  # bits of rights the kernel knows; from 5 on 16
DEVICES = 1 << 15  # ioctl on devices: never allowed


class Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64)]


class Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def call(number: int, *args) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(ctypes.c_long(number), *args)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return result


def version() -> int:
    """The kernel's version of it; 0 where there is none."""
    try:
        return call(CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION))
    except OSError:
        return 0


def confine(reads: Iterable[Path], writes: Iterable[Path]) -> None:
    """Allow reading beneath `reads`, anything beneath `writes`, and nothing else, for good. What does not exist is left out."""
    known = version()
    if not known:
        raise OSError("Landlock: this kernel has none, or it is switched off")
    every = (1 << FILES_BY_VERSION.get(known, 16)) - 1
    wanted = Ruleset(
        every, 3 if known >= 4 else 0, 3 if known >= 6 else 0
    )  # TCP both ways; foreign sockets and signals
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    rules = call(CREATE, ctypes.byref(wanted), ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        for paths, rights in ((reads, EXECUTE | READ_FILE | READ_DIR), (writes, every & ~DEVICES & ~EXECUTE)):
            for path in paths:
                allow(rules, path, rights & every)
        call(RESTRICT, ctypes.c_int(rules), ctypes.c_uint32(0))
    finally:
        os.close(rules)


def allow(rules: int, path: Path, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        rule = Beneath(rights if path.is_dir() else rights & OF_FILES, handle)
        call(ADD, ctypes.c_int(rules), ctypes.c_int(PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(handle)
