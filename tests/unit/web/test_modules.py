"""The page's and the client's modules, tested by Node's own runner."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from playwright._impl._driver import compute_driver_executable

HERE = Path(__file__).parent
OLDEST_NODE = 20  # AbortSignal.any


def _node() -> str:
    """This machine's Node where it is new enough, else the one that Playwright brings."""
    node = shutil.which("node")
    if node is not None:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        if int(version.lstrip("v").split(".")[0]) >= OLDEST_NODE:
            return node
    return compute_driver_executable()[0]


def test_modules() -> None:
    tests = sorted(str(path) for path in HERE.glob("*.test.mjs"))
    run = subprocess.run([_node(), "--test", *tests], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
