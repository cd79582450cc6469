"""Free TCP ports for servers on this machine."""

from __future__ import annotations

import secrets
import socket

# Below 32768, where the kernel starts to take ports for outgoing connections: one of those would sooner or
# later hold the port of a server that is being restarted.
LOWEST_PORT = 12_000
HIGHEST_PORT = 32_767

_handed_out: set[int] = set()


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nothing listens on at ``host``; never the same one twice in this process.

    Ports are drawn at random, so that several processes that do this at the same time rarely meet.
    Raises ``OSError`` when none is found.
    """
    for _ in range(1000):
        port = LOWEST_PORT + secrets.randbelow(HIGHEST_PORT - LOWEST_PORT + 1)
        if port not in _handed_out and is_free(port, host):
            _handed_out.add(port)
            return port
    raise OSError(f"no free port on {host} between {LOWEST_PORT} and {HIGHEST_PORT}")


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
