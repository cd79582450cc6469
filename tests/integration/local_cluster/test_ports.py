"""Free ports: a server binds its own seconds after it was chosen, so none may be promised twice."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ops.local_cluster import ports

SPAN = (21_000, 21_039)
OTHER = """
import sys
from ops.local_cluster import ports
ports.LOWEST_PORT, ports.HIGHEST_PORT = map(int, sys.argv[1:])
print(*(ports.free_port() for _ in range(15)), flush=True)
sys.stdin.read()
"""


def test_two_processes_are_never_promised_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "LOWEST_PORT", SPAN[0])
    monkeypatch.setattr(ports, "HIGHEST_PORT", SPAN[1])
    command = [sys.executable, "-c", OTHER, *map(str, SPAN)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        theirs = set(map(int, other.stdout.readline().split()))
        ours = {ports.free_port() for _ in range(15)}
        other.communicate()
    assert len(theirs) == len(ours) == 15
    assert not theirs & ours
