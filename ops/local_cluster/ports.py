"""Free TCP ports for servers on this machine."""

from __future__ import annotations

import fcntl
import functools
import os
import secrets
import socket
import tempfile

# Below 32768, where the kernel starts to take ports for outgoing connections: one of those would sooner or
# later hold the port of a server that is being restarted.
LOWEST_PORT = 12_000
HIGHEST_PORT = 32_767

_handed_out: set[int] = set()


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nothing listens on at ``host``, and that no call has returned to this process, or to another of the
    same user that still runs: between this and the bind of whoever gets the port, seconds may pass.

    Raises ``OSError`` when none is found.
    """
    for _ in range(1000):
        port = LOWEST_PORT + secrets.randbelow(HIGHEST_PORT - LOWEST_PORT + 1)
        if port not in _handed_out and _reserve(port) and is_free(port, host):
            _handed_out.add(port)
            return port
    raise OSError(f"no free port on {host} between {LOWEST_PORT} and {HIGHEST_PORT}")


def _reserve(port: int) -> bool:
    """Whether it is this process's until it ends."""
    reservations = _reservations()
    try:
        fcntl.lockf(reservations, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):
        return False
    return True


@functools.cache
def _reservations() -> int:
    """A file's descriptor; byte N of the file is locked by whom port N is promised to. The kernel frees a dead one's.

    It is opened once and never closed: closing any descriptor of a file drops all of a process's locks on it.
    """
    path = os.path.join(tempfile.gettempdir(), f"livecomments-ports-{os.getuid()}")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on ``port`` right now, connections in TIME_WAIT notwithstanding."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True
