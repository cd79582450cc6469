"""Clients that others wrote, installed where they are not yet."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.e2e.page.conftest import ARGS, CHROMIUM
from tests.support.missing import skip_or_fail

NODE = Path(__file__).parent / "node"
CACHE = Path(__file__).parents[3] / "build" / "node-clients"


@pytest.fixture(scope="session")
def node_client() -> Path:
    """``watch.mjs`` beside what it imports, which npm installs once for each state of the lock file."""
    npm = shutil.which("npm")
    if npm is None:
        skip_or_fail("no npm here: apt-get install npm")
    files = sorted(NODE.iterdir())
    state = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    folder = CACHE / state
    if not (folder / "node_modules").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        for path in files:
            shutil.copy(path, folder)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
    return folder / "watch.mjs"


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    if not CHROMIUM.exists():
        skip_or_fail("no Chromium here: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        await browser.close()
