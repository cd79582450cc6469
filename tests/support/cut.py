"""Resets TCP connections of another process, as a network that fails does."""

from __future__ import annotations

import ctypes
import errno
import os

import psutil

from tests.support.missing import skip_or_fail

_SYS_PIDFD_GETFD = 438
_AF_UNSPEC = bytes(16)
_libc = ctypes.CDLL(None, use_errno=True)


def reset_connections(pid: int, port: int) -> int:
    """Resets those that ``pid`` has accepted on ``port``; neither side is asked. Returns how many.

    Skips the test where this user may not take another process's descriptors.
    """
    accepted = [
        connection.fd
        for connection in psutil.Process(pid).net_connections("tcp")
        if connection.laddr.port == port and connection.status == psutil.CONN_ESTABLISHED
    ]
    pidfd = os.pidfd_open(pid)
    try:
        return sum(_reset(pidfd, descriptor) for descriptor in accepted)
    finally:
        os.close(pidfd)


def _reset(pidfd: int, descriptor: int) -> int:
    own = _libc.syscall(_SYS_PIDFD_GETFD, pidfd, descriptor, 0)
    if own < 0:
        number = ctypes.get_errno()
        if number == errno.EBADF:  # it has just been closed
            return 0
        skip_or_fail(f"connections of another process cannot be reset here: {os.strerror(number)}")
    try:
        # connect(2): "dissolve the association by connecting to an address with sa_family AF_UNSPEC".
        return 1 if _libc.connect(own, _AF_UNSPEC, len(_AF_UNSPEC)) == 0 else 0
    finally:
        os.close(own)
