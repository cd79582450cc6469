"""Every line says whose it is."""

from __future__ import annotations

import json
import subprocess
import sys

SCRIPT = """
import asyncio, logging, threading
import structlog
from service_kit.logs import configure

async def main():
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    def tell():
        structlog.get_logger().info("from_a_thread", node="its own")
        told.set()
    threading.Thread(target=loop.call_soon_threadsafe, args=(tell,)).start()
    await told.wait()

configure("json", "info", process="example", node="example-1")
structlog.get_logger().info("here")
logging.getLogger("a.library").warning("careful")
asyncio.run(main())
"""


def test_process_and_node_are_on_every_line_wherever_it_comes_from() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=True)
    lines = [json.loads(line) for line in run.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["here", "careful", "from_a_thread"]
    assert {line["process"] for line in lines} == {"example"}
    assert [line["node"] for line in lines] == ["example-1", "example-1", "its own"]
