"""Root's powers, given up: what is left of a process that was started by root is an ordinary one."""

from __future__ import annotations

import ctypes
import os

PR_SET_NO_NEW_PRIVS, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = (
    38,
    23,
    24,
    47,
    4,
)
VERSION_3 = 0x20080522


class Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class Sets(ctypes.Structure):
    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def gain_none() -> None:
    """From here on no program that is started gains rights. Who is not root may set Landlock's rules and a filter only after that."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"no new privileges: {os.strerror(ctypes.get_errno())}")


def drop() -> None:
    """Give all capabilities up, for good. A process that has none is left as it is."""
    libc = ctypes.CDLL(None, use_errno=True)
    capability = 0
    while libc.prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0:  # -1 behind the last one the kernel knows
        libc.prctl(
            PR_CAPBSET_DROP, capability, 0, 0, 0
        )  # refused without CAP_SETPCAP: then there is none to give up
        capability += 1
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    if libc.capset(ctypes.byref(Header(VERSION_3, 0)), ctypes.byref((Sets * 2)())):
        raise OSError(ctypes.get_errno(), f"capset: {os.strerror(ctypes.get_errno())}")
