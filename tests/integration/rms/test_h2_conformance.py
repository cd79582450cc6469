"""h2spec, a conformance suite that others wrote, and curl, against an RMS's port."""

from __future__ import annotations

import asyncio
import os
import shutil
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rms.server import RmsServer
from tests.integration.rms.conftest import Connect, StartRms
from tests.integration.rms.node import VIDEO, CommentNode, Writer
from tests.support.eventually import eventually
from tests.support.missing import skip_or_fail

H2SPEC = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible"

# What the suite asks of a server that this one is not, by section and case, with the reason.
ONE_PORT = {"3.5": {"Sends invalid connection preface"}}  # what is no preface is HTTP/1.1 here, and answered as such
NEVER_ENDS = {  # the case waits for the answer's end, or for its length, and a live stream has none
    "generic/2": {"Sends a PRIORITY frame on closed stream"},
    "5.1": {
        "closed: Sends a DATA frame",
        "closed: Sends a HEADERS frame",
        "closed: Sends a CONTINUATION frame",
    },
    "6.5.3": {"Sends multiple values of SETTINGS_INITIAL_WINDOW_SIZE"},
    "6.9.1": {"Sends SETTINGS frame to set the initial window size to 1 and sends HEADERS frame"},
    "6.9.2": {
        "Changes SETTINGS_INITIAL_WINDOW_SIZE after sending HEADERS frame",
        "Sends a SETTINGS frame for window size to be negative",
    },
}


@pytest.fixture(scope="session")
def h2spec() -> Path:
    """The suite, built once into the cache folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "livecomments"
    binary = cache / "h2spec"
    if not binary.exists():
        if shutil.which("go") is None:
            pytest.skip("h2spec is built with Go, which is not installed")
        asyncio.run(_build(cache))
    return binary


async def _build(cache: Path) -> None:
    building = cache / f"building-{os.getpid()}"
    building.mkdir(parents=True)
    env = {**os.environ, "GOBIN": str(building)}
    process = await asyncio.create_subprocess_exec("go", "install", H2SPEC, env=env, stdout=PIPE, stderr=STDOUT)
    output, _ = await process.communicate()
    if process.returncode:
        shutil.rmtree(building)
        pytest.skip(f"h2spec could not be built: {output.decode()[-300:]}")
    (building / "h2spec").replace(cache / "h2spec")
    building.rmdir()


@pytest.mark.parametrize(
    ("path", "not_applicable"),
    [("/no/such/path", ONE_PORT), ("/comments/h2spec/stream?backlog=0", ONE_PORT | NEVER_ENDS)],
    ids=["answers", "streams"],
)
async def test_h2spec(
    h2spec: Path,
    comment_node: CommentNode,
    start_rms: StartRms,
    tmp_path: Path,
    path: str,
    not_applicable: dict[str, set[str]],
) -> None:
    rms = await start_rms(h2_max_streams=100)  # one case opens them all, and one more
    report = tmp_path / "report.xml"
    command = (str(h2spec), "-p", str(rms.http.port), "-P", path, "-o", "1", "-j", str(report))
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT)
    output, _ = await process.communicate()
    failed: dict[str, set[str]] = {}
    passed = 0
    for suite in ElementTree.parse(report).getroot():
        for case in suite.iter("testcase"):
            if case.find("failure") is None and case.find("error") is None:
                passed += 1
            else:
                failed.setdefault(str(case.get("package")).removeprefix("http2/"), set()).add(
                    str(case.get("classname"))
                )
    print(f"h2spec, {path}: {passed} passed, not applicable: {failed}")
    assert failed == not_applicable, output.decode()
    assert passed >= 130


async def test_curl_reads_a_live_stream(rms: RmsServer, connect: Connect) -> None:
    curl = shutil.which("curl")
    if curl is None:
        skip_or_fail("curl is not installed")
    url = f"http://127.0.0.1:{rms.http.port}/comments/{VIDEO}/stream"
    process = await asyncio.create_subprocess_exec(curl, "-sNi", "--http2-prior-knowledge", url, stdout=PIPE)
    assert process.stdout is not None
    try:
        await eventually(lambda: rms.hub.viewers == 1)
        writer = Writer()
        comment = writer.comment("hello, curl")
        async with asyncio.timeout(10):
            assert await process.stdout.readline() == b"HTTP/2 200 \r\n"
            await process.stdout.readuntil(b"retry: ")
            await connect(rms).deliver([writer.event(comment)])
            await process.stdout.readuntil(b"hello, curl")
    finally:
        process.kill()
        await process.wait()
    await eventually(lambda: rms.hub.viewers == 0)
