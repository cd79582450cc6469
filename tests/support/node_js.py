"""JavaScript modules, tested by Node's own runner."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from playwright._impl._driver import compute_driver_executable

OLDEST_NODE = 20  # AbortSignal.any


def run_test_modules(folder: Path) -> None:
    """Runs every ``*.test.mjs`` of ``folder`` in one process, and fails with what that says."""
    modules = sorted(path.as_uri() for path in folder.glob("*.test.mjs"))
    assert modules, f"no tests in {folder}"
    script = "".join(f"await import({module!r});\n" for module in modules)
    command = [node(), "--input-type=module", "--eval", script]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def node() -> str:
    """This machine's Node where it is new enough, else the one that Playwright brings."""
    node = shutil.which("node")
    if node is not None:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        if int(version.lstrip("v").split(".")[0]) >= OLDEST_NODE:
            return node
    return compute_driver_executable()[0]
