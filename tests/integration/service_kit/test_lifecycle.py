"""A process starts, drains on SIGTERM and exits 0; what cannot start is one line and exit 1."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

_NODE = """
import asyncio, sys
from service_kit.errors import StartupError
from service_kit.lifecycle import run
from service_kit.logs import configure

class Example:
    async def start(self):
        if "fail" in sys.argv:
            raise StartupError("port 1 is taken")
        if "hang-start" not in sys.argv:
            print("serving", flush=True)
            return
        print("starting", flush=True)
        await asyncio.Event().wait()
    async def drain(self):
        print("draining", flush=True)
        if "hang-drain" in sys.argv:
            await asyncio.Event().wait()
    async def aclose(self):
        print("closed", flush=True)

configure("json", "info", process="example")
sys.exit(run(Example, grace_s=float(sys.argv[1])))
"""


@pytest.fixture
def start() -> Iterator[object]:
    started: list[subprocess.Popen[str]] = []

    def spawn(*args: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(_NODE), *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield spawn
    for process in started:
        process.kill()
        process.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_exits_0(start, number: signal.Signals) -> None:  # type: ignore[no-untyped-def]
    process = start("5")
    assert _line(process) == "serving"
    process.send_signal(number)
    out, _ = process.communicate(timeout=10)
    assert out.split() == ["draining", "closed"]
    assert process.returncode == 0


def test_draining_is_cut_off_after_the_grace_period(start) -> None:  # type: ignore[no-untyped-def]
    process = start("0.05", "hang-drain")
    assert _line(process) == "serving"
    process.terminate()
    out, err = process.communicate(timeout=10)
    assert out.split() == ["draining", "closed"]
    assert "grace_over" in err
    assert process.returncode == 0


def test_a_second_signal_ends_the_draining(start) -> None:  # type: ignore[no-untyped-def]
    process = start("60", "hang-drain")
    assert _line(process) == "serving"
    process.terminate()
    assert _line(process) == "draining"
    process.terminate()
    out, _ = process.communicate(timeout=10)
    assert out.split() == ["closed"]
    assert process.returncode == 0


def test_a_signal_while_starting_ends_at_once(start) -> None:  # type: ignore[no-untyped-def]
    process = start("60", "hang-start")
    assert _line(process) == "starting"
    process.terminate()
    out, _ = process.communicate(timeout=10)
    assert out.split() == ["closed"]
    assert process.returncode == 0


def test_what_cannot_start_is_one_line_and_exit_1(start) -> None:  # type: ignore[no-untyped-def]
    process = start("5", "fail")
    out, err = process.communicate(timeout=10)
    assert err == "error: port 1 is taken\n"
    assert out.split() == ["closed"]
    assert process.returncode == 1
